import { EXIT } from '../src/kernel/index.ts';

/** Aborts when the user interrupts this process, which then has to clean up; a second interrupt ends it at once. */
export function interruptSignal(say: (sentence: string) => void): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
      say('cleaning up; another interrupt ends it at once');
      interrupt.abort(new Error(`interrupted by ${name}`));
    });
  }
  return interrupt.signal;
}
