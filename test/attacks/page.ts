/** The text of docs/attacks.md. */
import type { Attack, Expectation, Surroundings } from './attack.ts';
import { GROUPS } from './list/all.ts';
import { RACES } from './races.ts';

/** The recorded outcome of each attack and race, as `results.json` has it. */
export interface Results {
  readonly attacks: Readonly<Record<string, { readonly attempts: number; readonly wins: number }>>;
  readonly races: Readonly<Record<string, { readonly attempts: number; readonly wins: number }>>;
}

const WORDS: Record<Expectation, string> = {
  denied: 'denied',
  detected: 'detected only',
  'not-covered': '**not covered**',
  allowed: 'stays allowed',
};
const NEEDS: Record<Surroundings, string> = {
  default: '',
  mounts: 'a mount',
  unconfined: 'no seccomp filter',
  admin: 'CAP_SYS_ADMIN',
};

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function row(attack: Attack, results: Results): string {
  const result = results.attacks[attack.id];
  const ran = result === undefined ? '-' : `${result.wins} of ${result.attempts}`;
  const needs = [NEEDS[attack.where], attack.user ?? ''].filter((need) => need !== '').join(', ');
  const cells = [attack.title, attack.technique, needs, WORDS[attack.expected], ran, attack.why];
  return `| ${cells.map(cell).join(' | ')} |`;
}

const count = (expected: Expectation) =>
  GROUPS.flatMap(({ attacks }) => attacks).filter((attack) => attack.expected === expected).length;

export function attacksPage(results: Results): string {
  const groups = GROUPS.flatMap(({ title, attacks }) => [
    `## ${title}`,
    '',
    '| attack | ATT&CK | needs | under protect | ran | why |',
    '| --- | --- | --- | --- | --- | --- |',
    ...attacks.map((attack) => row(attack, results)),
    '',
  ]);
  const races = RACES.map(({ variant, title }) => {
    const result = results.races[variant];
    return `| ${cell(title)} | ${result?.attempts ?? '-'} | ${result?.wins ?? '-'} |`;
  });
  return `# Attacks

<!-- Written by scripts/write-attacks.ts from test/attacks; edit the attacks there. -->

Ways to get code that is not in the image to run in a container, and what \`pristine guard --mode protect\` does about each with the default policy. Every attack is a script that runs in a real container (\`test/attacks/list/\`); the foreign code proves that it ran by printing a number that it computes, made up for each run. Each attack is first seen to work in a container that nobody guards. "ran" says how often the foreign code ran under the guard, of how many attempts, when the list was last recorded on Linux 6.18 with Docker.

${count('denied')} are denied, ${count('detected')} run and are told of, ${count('not-covered')} are not covered; ${count('allowed')} are no attacks and go on working.

${groups.join('\n')}
## Races

One thread swaps what is at a path while another runs or reads it as fast as it can (\`test/attacks/tools/race.c\`).

| race | attempts | won |
| --- | --- | --- |
${races.join('\n')}
`;
}
