import { expect } from 'vitest';
import { SAMPLE_BYTES } from '../../src/drift/index.ts';

function milliseconds(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Processor time of one look at each character, the plainest search that there is. */
function plainScan(): number {
  const text = ' a('.repeat(SAMPLE_BYTES / 3);
  let sum = 0;
  const total = milliseconds(() => {
    for (let i = 0; i < 200; i++) {
      for (let at = 0; at < text.length; at++) sum += text.charCodeAt(at);
    }
  });
  expect(sum).toBeGreaterThan(0);
  return total / 200;
}

/**
 * Expects a search to stay near a plain scan on the longest sample made of one repeated piece. A quadratic
 * search takes as long as 131,072 scans; a linear one, with its fixed number of words, far less than 15,000.
 */
export function expectLinear(search: (text: string) => unknown, pieces: readonly string[]): void {
  const limit = plainScan() * 15_000;
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(SAMPLE_BYTES / piece.length));
    let time = milliseconds(() => search(text));
    // Compilation and collection of garbage are in the first measurement too.
    if (time > limit / 2)
      time = Math.min(
        time,
        milliseconds(() => search(text)),
      );
    expect({ piece, slow: time > limit }).toEqual({ piece, slow: false });
  }
}
