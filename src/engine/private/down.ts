import { rm } from 'node:fs/promises';
import type { Say } from '../../host/index.ts';
import { withEngineLock, withHostLock } from './lock.ts';
import { enginePaths } from './paths.ts';
import { ended, signalProcess } from './processes.ts';
import { readRecord } from './record.ts';
import { daemonProcess } from './status.ts';
import { sweep } from './sweep.ts';

/** The engine gives its containers ten seconds each to stop, all at once, then kills them. */
const STOP_TIMEOUT_MS = 60_000;

export interface EngineDownOptions {
  readonly stateDirectory: string;
  /** Also delete its images, containers and volumes. */
  readonly purge: boolean;
  readonly say: Say;
}

/**
 * Stops the private engine of a state directory and removes what it made on the host: processes, mounts,
 * network devices, rules of the packet filter, sockets. Its data stays unless `purge`. Succeeds when it does not
 * run, and then still removes what a crash has left.
 *
 * @returns whether it was running
 */
export async function engineDown(options: EngineDownOptions): Promise<boolean> {
  const paths = enginePaths(options.stateDirectory);
  return withEngineLock(paths, async () => {
    const record = readRecord(paths);
    const daemon = daemonProcess(paths, record);
    if (daemon !== null) {
      options.say('stopping the private Docker Engine ...');
      signalProcess(daemon, 'SIGTERM');
      if (!(await ended(daemon, STOP_TIMEOUT_MS))) {
        options.say('it does not end by itself: killing it');
        signalProcess(daemon, 'SIGKILL');
        await ended(daemon, STOP_TIMEOUT_MS);
      }
    }
    await withHostLock(() => sweep(paths, record));
    if (options.purge) {
      options.say(`deleting ${paths.dataRoot}`);
      await rm(paths.dataRoot, { recursive: true, force: true });
    }
    return daemon !== null;
  });
}
