import { PristineError } from '../../kernel/index.ts';

/**
 * Does some work that stops when its signal aborts, and waits for it no longer than a bound, even if a read of it
 * never returns.
 *
 * @throws {PristineError} E_CAPTURE when it takes longer
 * @throws the given signal's reason when that aborts
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooSlow(milliseconds)), milliseconds);
  const stop = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  const stopped = new Promise<never>((_, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason), { once: true });
  });
  try {
    return await Promise.race([work(stop), stopped]);
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(milliseconds: number): PristineError {
  return new PristineError('E_CAPTURE', `a refused file could not be read within ${milliseconds} ms`, {
    next: 'See whether the filesystem that it lies on answers.',
  });
}
