import type { Stage } from './context.ts';
import { type GuardedMode, type GuardProcess, startGuard } from './guard-process.ts';
import { tellGuardLine } from './telling.ts';

const READY_WITHIN_MS = 60_000;

/** Guards a container while a piece of work is done, tells what the guard says, and checks that it ends cleanly. */
export async function withGuard<T>(
  { narrator, checks, pristine, signal }: Stage,
  container: string,
  mode: GuardedMode,
  work: (guard: GuardProcess) => Promise<T>,
): Promise<T> {
  narrator.say(`pristine guard ${container} --mode ${mode} --json`);
  narrator.startClock();
  const guard = startGuard(pristine, container, mode, signal);
  try {
    guard.onLine((received) => tellGuardLine(narrator, received));
    await narrator.task('the guard is starting', () =>
      guard.waitFor('ready', ({ type }) => type === 'ready', { withinMs: READY_WITHIN_MS }),
    );
    return await work(guard);
  } finally {
    const code = await narrator.task('ending the guard', () => guard.stop());
    if (!signal.aborted)
      checks.check('the guard ends cleanly', code === 0, `exit code ${code ?? 'none: killed'}`);
  }
}
