import type { WatchTarget } from '../contract/index.ts';
import { PristineError } from '../kernel/index.ts';
import { ended, MountNamespace, needsRoot } from './namespace.ts';
import { startTicks } from './record.ts';

export interface LockTarget extends WatchTarget {
  /** Whether it was made with a read-only root. */
  readonly readOnlyRoot: boolean;
}

/** Asks the engine for the container again; its pid may have changed. */
export type AskAgain = () => Promise<LockTarget>;

/** A running container's mount namespace, with what tells its init from any later one. */
export interface Entered extends AsyncDisposable {
  readonly namespace: MountNamespace;
  readonly init: { readonly pid: number; readonly startTicks: string };
}

/**
 * Enters the mount namespace of a running container, and no other's: pids are reused, so the engine is asked again
 * once the namespace is entered.
 *
 * @throws {PristineError} E_NEEDS_ROOT, E_NOT_SUPPORTED
 */
export async function enter(target: LockTarget, again: AskAgain): Promise<Entered> {
  if (process.getuid?.() !== 0) throw needsRoot();
  if (target.pid === null) throw notRunning(target.name);
  if (target.overlay === null) {
    throw new PristineError(
      'E_NOT_SUPPORTED',
      `the filesystem of ${target.name} is no overlay on this host`,
      {
        next: 'Run Pristine on the machine that runs the container; "pristine doctor" says what it can do there.',
      },
    );
  }
  const init = { pid: target.pid, startTicks: await startTicks(target.pid) };
  const namespace = await MountNamespace.join(init.pid);
  const same = (await again()).pid === init.pid && (await startTicks(init.pid)) === init.startTicks;
  if (!same) {
    await namespace[Symbol.asyncDispose]();
    throw ended();
  }
  return { namespace, init, [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose]() };
}

function notRunning(name: string): PristineError {
  return new PristineError('E_NOT_SUPPORTED', `${name} does not run, and only what runs can be locked`, {
    next: 'Start it first. "docker run --read-only" makes a container that is read-only from its start.',
  });
}
