import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/index.ts';

const FILE = 'guard-last-alive';
/** A guard that is killed was alive at most so long after what the file says. */
const EVERY_MS = 5000;

/** A time in which nobody watched, to be told and made good by a rescan. */
export interface UnwatchedTime {
  readonly reason: string;
  /** Milliseconds; absent where it is not known. */
  readonly lengthMs?: number;
}

/** When the last guard of this state directory was alive last; null when there was none, or nobody can tell. */
export async function readLastRun(stateDirectory: string): Promise<Date | null> {
  const text = await readFile(join(stateDirectory, FILE), 'utf8').catch(() => '');
  const time = new Date(text.trim());
  return Number.isNaN(time.getTime()) ? null : time;
}

/**
 * Notes again and again that this guard is alive.
 *
 * @param onProblem told when it cannot be noted, such as on a full disk; the guard goes on all the same
 * @returns notes it a last time, and ends
 */
export function keepAlive(
  stateDirectory: string,
  clock: Clock,
  onProblem: (error: unknown) => void,
): () => Promise<void> {
  const path = join(stateDirectory, FILE);
  let last = Promise.resolve();
  const note = (): Promise<void> => {
    last = last.then(() => replaceFile(path, clock.now().toISOString())).catch(onProblem);
    return last;
  };
  void note();
  const timer = setInterval(note, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await note();
  };
}

/**
 * What a guard that begins now has not seen of a container; null when that is nothing, since the container
 * has not run yet.
 *
 * @param lastRun from {@link readLastRun}, read before {@link keepAlive}
 * @param startedAt when the container was started (ISO 8601); null when that is not known
 */
export function unwatchedSince(
  lastRun: Date | null,
  startedAt: string | null,
  now: Date,
): UnwatchedTime | null {
  const started = startedAt === null ? Number.NaN : Date.parse(startedAt);
  if (started >= now.getTime()) return null;
  const reason = 'the guard was not running';
  // What started since the last guard was alive went unwatched since its start.
  const times = [lastRun?.getTime() ?? Number.NaN, started].filter((time) => !Number.isNaN(time));
  if (times.length === 0) return { reason };
  return { reason, lengthMs: Math.max(0, now.getTime() - Math.max(...times)) };
}

/** A file is whole at every instant, whenever the machine stops. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
