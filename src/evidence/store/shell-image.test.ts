import { expect, test } from 'vitest';
import type { BundleManifest } from '../../contract/index.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { loadShellImage } from './shell-image.ts';

test.each([
  'debian:bookworm-slim',
  'pristine-evidence/../x:ev-1',
  '--privileged',
  'pristine-evidence/x:ev-1\n',
])('a crafted bundle cannot call its image %j', async (reference) => {
  let asked = 0;
  const engine = { loadImage: async () => [String(asked++)], removeImage: async () => void asked++ };
  const source = { entries: new Map(), directories: [], problems: [] } as unknown as BundleSource;
  const manifest = {
    image: { reference, config: '0', layers: [], baseLayers: 0 },
  } as unknown as BundleManifest;
  await expect(loadShellImage(engine, source, manifest)).rejects.toMatchObject({
    code: 'E_EVIDENCE_INVALID',
  });
  expect(asked).toBe(0);
});
