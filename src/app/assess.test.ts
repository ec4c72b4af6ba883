import { expect, test } from 'vitest';
import { type Change, DEFAULT_POLICY } from '../contract/index.ts';
import { assess } from './assess.ts';

const state = {
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 262_144,
  allocated: 262_144,
  links: 1,
} as const;
const times = { mtime: '1.000000000', ctime: '1.000000000', inode: '7' };

test('samples of hundreds of scripts never lie in memory together', async () => {
  const changes = Array.from({ length: 800 }, (_, i): Change => {
    const after = { ...state, ...times };
    return { path: `/srv/${i}.php`, kind: 'A', before: null, after, differs: [], identical: false } as Change;
  });
  let peak = 0;
  const before = process.memoryUsage().arrayBuffers;
  const { findings } = await assess(
    {
      id: 'c'.repeat(64),
      image: { entrypoint: [], workingDirectory: '/' },
      policy: DEFAULT_POLICY,
      change: async () => null,
      readCurrent: async (_, maxBytes) => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        return { bytes: Buffer.alloc(maxBytes), size: maxBytes };
      },
    },
    changes,
    new Date(),
  );
  expect(findings.length).toBeGreaterThanOrEqual(800);
  // All together are 200 MB; what the collector has not come to yet is allowed for.
  expect(peak).toBeLessThan(120 << 20);
});
