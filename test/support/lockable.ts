/** A container of the tests as a target of locks, with a state directory of its own. */
import { readFileSync } from 'node:fs';
import {
  type LockReport,
  type LockTarget,
  lock,
  type UnlockReport,
  unlock,
} from '../../src/lockdown/index.ts';
import { docker, startContainer, type TestContainer } from './engine.ts';
import { temporaryState } from './guard.ts';
import { watchTarget } from './watch-target.ts';

export interface Lockable extends AsyncDisposable {
  readonly container: TestContainer;
  readonly state: string;
  target(): Promise<LockTarget>;
  lock(...allow: string[]): Promise<LockReport>;
  unlock(): Promise<UnlockReport>;
  /** What is mounted in the container, as the kernel lists it. */
  mounts(): Promise<string>;
  /** Runs a script in the container and answers with all that it says; never throws. */
  tell(script: string): Promise<string>;
  /** Starts a script in the container that goes on running, and waits until it has made /dev/shm/started. */
  begin(script: string): Promise<void>;
}

export async function lockable(given: Parameters<typeof startContainer>[0] = {}): Promise<Lockable> {
  const container = await startContainer(given);
  const state = temporaryState();
  const target = async () => ({ ...(await watchTarget(container.id)), readOnlyRoot: false });
  const stateDirectory = state.path;
  return {
    container,
    state: stateDirectory,
    target,
    lock: async (...allow) => lock(await target(), { stateDirectory, allow, again: target }),
    unlock: async () => unlock(await target(), { stateDirectory, again: target }),
    mounts: async () => readFileSync(`/proc/${(await target()).pid}/mountinfo`, 'utf8'),
    tell: (script) => container.sh(`(${script}) 2>&1; true`),
    begin: async (script) => {
      await container.sh('rm -f /dev/shm/started');
      await docker('exec', '-d', container.id, 'sh', '-c', script);
      await container.sh('until [ -e /dev/shm/started ]; do sleep 0.02; done');
    },
    [Symbol.asyncDispose]: async () => {
      await container[Symbol.asyncDispose]();
      state[Symbol.dispose]();
    },
  };
}

/** What is mounted on the host, without the mounts of other containers that come and go. */
export function hostMountsNaming(text: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));
}
