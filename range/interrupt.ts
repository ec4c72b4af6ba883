import { EXIT, PristineError } from '../src/kernel/index.ts';

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

/** The exit code for what ended a program of ours, which is said unless the user knows: an interrupt. @throws what is a defect */
export function exitCodeFor(error: unknown, signal: AbortSignal, say: (sentence: string) => void): number {
  if (signal.aborted) return EXIT.interrupted;
  if (!(error instanceof PristineError)) throw error;
  say(`${error.message}\n  do: ${error.next}`);
  return error.exitCode;
}
