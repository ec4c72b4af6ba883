import { chmod, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PristineError, systemErrorCode } from '../kernel/index.ts';

/**
 * Makes the state directory with mode 0700, or takes it as it is when it is ours and closed to others.
 *
 * @throws {PristineError} E_STATE when it cannot be made or belongs to someone else
 */
export async function ensureStateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { uid, mode } = await stat(path);
    if (uid !== process.getuid?.()) throw new Error(`it belongs to user ${uid}`);
    if ((mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    throw new PristineError('E_STATE', `the state directory ${path} cannot be used: ${messageOf(error)}`, {
      next: 'Name another one with --state DIR or PRISTINE_STATE, or run as the user it belongs to.',
      cause: error,
    });
  }
}

/**
 * Takes the lock that only one guard of a state directory can have. The lock of a guard that has died is taken over.
 *
 * @returns gives the lock back
 * @throws {PristineError} E_STATE_LOCKED
 */
export async function lockState(stateDirectory: string): Promise<() => Promise<void>> {
  const path = join(stateDirectory, 'guard.lock');
  const self = `${process.pid} ${await startTime(process.pid)}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(self);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
      const [pid, started] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
      if (pid !== undefined && started !== undefined && (await startTime(Number(pid))) === started) {
        throw new PristineError(
          'E_STATE_LOCKED',
          `a guard (pid ${pid}) already works with ${stateDirectory}`,
          {
            next: 'Stop that guard, or give this one a state directory of its own with --state DIR.',
          },
        );
      }
      await rm(path, { force: true });
    }
  }
  throw new PristineError('E_STATE_LOCKED', `another guard took the lock of ${stateDirectory} just now`, {
    next: 'Stop that guard, or give this one a state directory of its own with --state DIR.',
  });
}

/** Start time of a process in clock ticks since boot (proc(5), field 22); tells a reused pid apart. Empty when it is gone. */
async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
