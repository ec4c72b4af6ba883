import { z } from 'zod';
import { configSchema } from '../contract/index.ts';
import { RULES } from './catalogue.ts';
import { DENIAL_RULES } from './denials.ts';
import type { RuleDescription } from './rule.ts';

/** The text of docs/config.schema.json: JSON Schema (draft 2020-12) of the configuration file. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' });
  const title = 'Configuration of Pristine (docs/configuration.md)';
  return `${JSON.stringify({ ...schema, title }, null, 2)}\n`;
}

/** The text of docs/rules.md: every rule with its severity, techniques and explanation. */
export function rulesPage(): string {
  return [
    `${HEAD}\n${tableOf(RULES)}`,
    `${REFUSALS}\n${tableOf(DENIAL_RULES)}`,
    '## Each rule',
    ...[...RULES, ...DENIAL_RULES].map(sectionOf),
  ]
    .join('\n\n')
    .concat('\n');
}

function tableOf(rules: readonly RuleDescription[]): string {
  const rows = rules.map(({ id, title, severity }) => `| [\`${id}\`](#${id}) | ${severity} | ${title} |`);
  return ['| rule | severity | finds |', '| --- | --- | --- |', ...rows].join('\n');
}

function sectionOf({ id, title, severity, attack, explanation }: RuleDescription): string {
  return [
    `### ${id}`,
    `${title} · ${severity}${attack.length === 0 ? '' : ` · ${attack.map(technique).join(', ')}`}`,
    explanation,
  ].join('\n\n');
}

function technique(id: string): string {
  return `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`;
}

const HEAD = `# Rules

<!-- Written by scripts/write-docs.ts from src/drift; edit the rules there. -->

A rule looks at one change of a container against its image, with the first 256 KiB of the file where that helps, and says in a sentence what is wrong. A change that is expected (see below) meets no rule; any other meets all, and several may speak about one path. When none does, \`unexplained-binary\` or \`unexplained-drift\` speaks: no change is ignored in silence. Severities can be overridden and rules disabled, see [configuration.md](configuration.md).

## What is expected

- What the engine makes: mountpoints, \`/.dockerenv\`, empty \`/etc/hosts\`, \`/etc/hostname\` and \`/etc/resolv.conf\`.
- A file that was copied up without any difference, and the time of a directory whose entries came or went.
- Data where programs usually keep it: \`/run\`, \`/tmp\`, \`/var/tmp\`, \`/var/log\`, \`/var/cache\`, the data folders of the common databases, and what a service user (not root) owns in its folder below \`/var/lib\` or \`/var/spool\`.
- What the policy allows.

Never expected in any of these places, and excused by no glob of the policy, only by its exact path: a file that is executable, an ELF object, a script by its \`#!\` line, its extension or PHP tags in it, a setuid or setgid file or one with capabilities, a device node. Links that lead out of their place, hidden and deceptive names, logs that lost lines and package managers' records are not expected by place either.

## All rules
`;

const REFUSALS = `## Refusals

These speak of what protection refused, or in mode \`watch\` would have (see [configuration.md](configuration.md#protection)). Their severities can be overridden; they cannot be disabled: an exception allows the file instead.
`;
