import { setNonBlocking, writeAvailable } from '../../linux/index.ts';

const STDERR = 2;
let ready = false;

/**
 * Writes an error to standard error, or drops it where that is full: it neither waits for whoever reads there nor
 * keeps it, as process.stderr does while the event loop does not run.
 */
export function complain(error: unknown): void {
  if (!ready) setNonBlocking(STDERR);
  ready = true;
  writeAvailable(STDERR, Buffer.from(`${error instanceof Error ? error.stack : String(error)}\n`));
}
