import type { Command } from 'commander';
import { createProgram } from './program.ts';

/** Columns that help texts are wrapped to, whatever the terminal. */
const WIDTH = 100;

/** The text of docs/cli.md: the help of every command. */
export function cliDocs(): string {
  const program = createProgram(async () => {});
  const sections = everyCommand(program).map(({ command, name }) => {
    const level = '#'.repeat(Math.min(3, name.split(' ').length + 1));
    return `${level} ${name}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

const INTRODUCTION = `# The command line

<!-- Written by scripts/write-cli-docs.ts from the help texts; edit those. -->

\`pristine COMMAND --help\` prints the same. Every command also takes the options of \`pristine\` itself. Errors and exit codes are listed in [errors.md](errors.md).

## JSON

With \`--json\`, standard output holds one JSON value and nothing else (\`guard\`: one a line), and an error is one line of JSON on standard error. Members may be added; a program ignores what it does not know. Times are ISO 8601 in UTC, sizes are bytes.

| command | value |
| --- | --- |
| \`ps\` | array of \`{id, name, image, status, locked, createdAt, mode, grade, drift: {added, changed, deleted}, severity, error?}\`; what is not known or not there is null |
| \`diff\` | \`{drift: {container, takenAt, source, changes, blindSpots}, findings, expected: [{path, because}]}\` |
| \`diff --content\` | \`{kind: "text", path, patch}\` or \`{kind: "summary", path, before, after}\` |
| \`guard\` | the events of [guarding.md](guarding.md#events) |
| \`incidents\` | array of \`{id, container: {id, name, image}, mode, state, severity, openedAt, endedAt, findings, bundles, replacement, error?}\` |
| \`incident\` | \`{incident, timeline: [{at, kind, step?, text}], denied}\`; \`denied\` as by \`evidence denied\` |
| \`audit\` | \`{takenAt, engine, containers: [{container, status, facts, items: [{id, cis, title, status, detail, cost, remedy}], grade, score, arithmetic}]}\`; see [auditing.md](auditing.md) |
| \`restore\` | the incident |
| \`capture\` | \`{bundle, path, frozen}\` |
| \`lock\` | \`{container: {id, name}, state: "locked" \\| "partial", method: "root" \\| "covers", readOnly: [path], noexec: [path], writable: [{path, because, intended}], held: [{pid, exe, path, how: "descriptor" \\| "mapping" \\| "directory"}], warnings: [text]}\` |
| \`unlock\` | \`{container: {id, name}, state: "unlocked" \\| "not-locked" \\| "gone", undone: [path], failed: [text]}\` |
| \`evidence list\` | array of the manifests that [evidence.md](evidence.md#the-seal) describes |
| \`evidence show\` | \`{manifest, path, custody}\`; of an incident without a bundle \`{manifest: null, path: null, custody, incident, denied}\` |
| \`evidence verify\` | \`{bundle, ok, filesChecked, bytesChecked, keyId, problems: [{subject, problem, detail}]}\` |
| \`evidence export\` | \`{bundle, path}\` |
| \`evidence denied\` | array of the records that [evidence.md](evidence.md#refused-files) describes; with \`--output\` \`{incident, path, files}\` |
| \`evidence prune\` | \`{expired: [{kind, id, incident, at, reason}], spared: [{kind, id, incident, at, why}], bytes, sweptBytes}\` |
| \`notify test\` | array of \`{target, type, ok, ms, error}\` |
| \`doctor\` | \`{version, runtime, stateDirectory, engine, checks, sensor}\` |
| \`engine status\` | \`{running, private, endpoint, pid, version, startedAt, dataRoot, logFile, bridge, addressPool}\` |
| \`engine up\`, \`engine down\` | the status with \`startedNow\`; \`{stopped, purged}\` |
| \`demo\` | the report of [demo.md](demo.md#the-report) |

A finding is \`{id, rule, title, severity, attack, path, kind, reason, at, sha256?, process?}\`.
`;

function everyCommand(command: Command, name = command.name()): { command: Command; name: string }[] {
  const below = command.commands.flatMap((each) => everyCommand(each, `${name} ${each.name()}`));
  return [{ command, name }, ...below];
}

/** The help as it is printed, with the texts around it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  // The options of the program itself are described once.
  command.configureHelp({ showGlobalOptions: false });
  command.outputHelp();
  return text.trimEnd();
}
