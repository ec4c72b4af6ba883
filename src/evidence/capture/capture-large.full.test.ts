import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { testState } from '../../../test/support/evidence.ts';

/** Captures in a process of its own and prints time, memory and what came of it. */
const CHILD = `
  import { captureContainer } from '${join(import.meta.dirname, '../../../test/support/evidence.ts')}';
  import { createEvidenceStore } from '${join(import.meta.dirname, '../index.ts')}';
  const [, state, id] = process.argv;
  const start = performance.now();
  const { bundle, manifest } = await captureContainer(id, state);
  const captured = performance.now();
  const store = createEvidenceStore(state, { clock: { now: () => new Date() } });
  const { ok } = await store.verify(bundle);
  const sample = await store.readCurrent(bundle, '/huge', 5);
  console.log(JSON.stringify({
    captureMs: captured - start, verifyMs: performance.now() - captured, ok,
    huge: { size: sample.size, text: Buffer.from(sample.bytes).toString() },
    layer: manifest.items.find(({ path }) => path === 'items/upper-layer.tar').size,
    omissions: manifest.omissions, rss: process.resourceUsage().maxRSS * 1024,
  }));`;

test('a 1 TB sparse file, a 300 MB file and 20,000 files are captured in bounded time and memory', async () => {
  using state = testState();
  await using suspect = await startContainer();
  await suspect.sh(`
    printf start > /huge; truncate -s 1000000000000 /huge; dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null
    mkdir /many; cd /many; i=0; while [ $i -lt 20000 ]; do echo $i > f$i; i=$((i+1)); done; mkfifo /pipe
    ln -s / /host; ln -s /etc/shadow /many/shadow`);
  const args = ['--input-type=module-typescript', '-e', CHILD, state.path, suspect.id];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout);
  console.log(stdout);
  expect(result.ok).toBe(true);
  expect(result.huge).toEqual({ size: 1e12, text: 'start' });
  expect(result.layer).toBeGreaterThan(300 << 20);
  expect(result.layer).toBeLessThan(340 << 20);
  expect(result.omissions).toContainEqual(expect.stringContaining('/huge is not in the evidence image'));
  expect(result.rss).toBeLessThan(300 << 20);
  expect(result.captureMs).toBeLessThan(60_000);
});
