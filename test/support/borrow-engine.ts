/** An engine for a run of the tests, which may have to share it with other runs. */
import { mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineDown, engineStatus, engineUp, findEngine } from '../../src/engine/index.ts';
import { processEntry } from '../../src/engine/private/processes.ts';
import { defaultStateDirectory, type Say } from '../../src/host/index.ts';
import { PristineError } from '../../src/kernel/index.ts';
import { closeDescriptor, lockFile } from '../../src/linux/index.ts';

/** The same folder as the command line's, so that images are there the next time. */
const stateDirectory = process.env.PRISTINE_STATE || defaultStateDirectory();
const users = join(stateDirectory, 'engine-users');
const startedByTests = join(users, 'started-by-tests');

/**
 * Points DOCKER_HOST at the engine that is there, else at the private one, and starts that when it does not
 * run. `prepare` is then called while no other run prepares.
 *
 * @returns gives the engine back: the last run to do so stops it, if a run of the tests had started it
 */
export async function borrowEngine(say: Say, prepare: () => Promise<void>): Promise<() => Promise<void>> {
  mkdirSync(users, { recursive: true, mode: 0o700 });
  return oneAtATime(async () => {
    const isPrivate = await pointToEngine(say);
    await prepare();
    return () => oneAtATime(() => (isPrivate ? giveBack(say) : Promise.resolve()));
  });
}

async function pointToEngine(say: Say): Promise<boolean> {
  try {
    const { info } = await findEngine({ env: process.env, stateDirectory, privateEngine: false });
    if (info.foundBy === 'default socket') process.env.DOCKER_HOST = info.endpoint;
    return false;
  } catch (error) {
    if (!(error instanceof PristineError) || process.env.DOCKER_HOST) throw error;
  }
  const wasRunning = (await engineStatus({ stateDirectory })).running;
  const status = await engineUp({ stateDirectory, say });
  process.env.DOCKER_HOST = status.endpoint;
  if (!status.private) return false;
  if (!wasRunning) writeFileSync(startedByTests, '');
  writeFileSync(join(users, lease()), '');
  return true;
}

async function giveBack(say: Say): Promise<void> {
  rmSync(join(users, lease()), { force: true });
  const entries = readdirSync(users);
  if (!entries.includes('started-by-tests') || entries.some(isInUse)) return;
  await engineDown({ stateDirectory, purge: false, say });
  rmSync(users, { recursive: true, force: true });
}

/** Names this process for ever: a later one may have the same pid, but not the same start. */
function lease(): string {
  return `${process.pid}-${processEntry(process.pid)?.startTime}`;
}

function isInUse(name: string): boolean {
  const [pid, startTime] = name.split('-');
  return /^\d+-\d+$/.test(name) && processEntry(Number(pid))?.startTime === startTime;
}

async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const file = openSync(join(stateDirectory, 'tests.lock'), 'a', 0o600);
  try {
    await lockFile(file);
    return await work();
  } finally {
    closeDescriptor(file);
  }
}
