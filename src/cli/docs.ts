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
