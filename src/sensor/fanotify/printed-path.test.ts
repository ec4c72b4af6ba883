import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nearestPrintedPath, printedPath } from './printed-path.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pristine-path-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Opens a directory so many names below, made as a container would: step by step. */
function openDeep(name: string, depth: number): number {
  let fd = openSync(root, 'r');
  for (let level = 0; level < depth; level++) {
    mkdirSync(`/proc/self/fd/${fd}/${name}`);
    const next = openSync(`/proc/self/fd/${fd}/${name}`, 'r');
    closeSync(fd);
    fd = next;
  }
  return fd;
}

test.each([
  ['few long names', 'd'.repeat(255), 20],
  ['thousands of short names', 'd', 3200],
])('the nearest directory above that has a printed path, below %s', (_, name, depth) => {
  const fd = openDeep(name, depth);
  expect(printedPath(fd)).toBe(null);
  const above = nearestPrintedPath(fd) ?? '';
  expect(above.startsWith(`${root}/${name}`)).toBe(true);
  // One more name would not have been printed: the kernel's page holds path and final NUL.
  expect(above.length + 1 + name.length).toBeGreaterThanOrEqual(4096);
  closeSync(fd);
});

test('none for a directory that was removed', () => {
  const fd = openDeep('d'.repeat(255), 20);
  rmSync(root, { recursive: true });
  expect(nearestPrintedPath(fd)).toBe(null);
  closeSync(fd);
});
