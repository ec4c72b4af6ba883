import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataRanges } from './sparse.ts';

const MIB = 1024 * 1024;

test('dataRanges names the stretches that hold data, and skips a terabyte of holes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-sparse-'));
  const descriptor = openSync(join(folder, 'f'), 'w+');
  try {
    ftruncateSync(descriptor, 1024 * 1024 * MIB);
    expect([...dataRanges(descriptor, 1024 * 1024 * MIB)]).toEqual([]);
    writeSync(descriptor, 'x', 64 * MIB);
    writeSync(descriptor, 'y', 512 * 1024 * MIB);
    const ranges = [...dataRanges(descriptor, 1024 * 1024 * MIB)];
    expect(ranges.map(({ start }) => start)).toEqual([64 * MIB, 512 * 1024 * MIB]);
    for (const { start, end } of ranges) expect(end - start).toBeLessThanOrEqual(MIB);
    expect([...dataRanges(descriptor, 64 * MIB + 1)]).toEqual([{ start: 64 * MIB, end: 64 * MIB + 1 }]);
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});
