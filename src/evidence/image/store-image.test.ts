import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUSYBOX, docker } from '../../../test/support/engine.ts';
import { type TestState, testEngine, testState } from '../../../test/support/evidence.ts';
import { BlobStore } from './blob-store.ts';
import { storeImage } from './store-image.ts';

let state: TestState;
beforeEach(() => {
  state = testState();
});
afterEach(() => state[Symbol.dispose]());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const stored = (digest: string) => readFileSync(new BlobStore(state.path).path(digest));
const imageFrom = (archive: () => Readable) =>
  storeImage({ saveImage: async () => archive() }, 'sha256:any', state.path);

/** An archive as Docker 25 and later write it: an OCI layout with `manifest.json`. */
function layout(compress: (layer: Buffer) => Buffer, diffId?: string): () => Readable {
  const folder = join(state.path, 'layout');
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const blob = (bytes: Uint8Array) => {
    const path = `blobs/sha256/${sha256(bytes)}`;
    writeFileSync(join(folder, path), bytes);
    return path;
  };
  const layers = ['one', 'two'].map((text) => Buffer.from(text.repeat(1000)));
  const diffIds = layers.map((layer) => `sha256:${diffId ?? sha256(layer)}`);
  const config = blob(Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds } })));
  const manifest = [{ Config: config, RepoTags: null, Layers: layers.map((layer) => blob(compress(layer))) }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  execFileSync('tar', ['-C', folder, '-cf', join(state.path, 'image.tar'), '.']);
  return () => createReadStream(join(state.path, 'image.tar'));
}

test('takes the layers out of what the engine saves', async () => {
  const engine = await testEngine(state.path);
  const id = await docker('image', 'inspect', '-f', '{{.Id}}', BUSYBOX);
  const image = await storeImage(engine, id, state.path);
  const diffIds = JSON.parse(await docker('image', 'inspect', '-f', '{{json .RootFS.Layers}}', BUSYBOX));
  expect(image.layers.map((layer) => `sha256:${layer.sha256}`)).toEqual(diffIds);
  expect(`sha256:${sha256(image.config)}`).toBe(id);
  for (const layer of image.layers) expect(sha256(stored(layer.sha256))).toBe(layer.sha256);
});

test.each([
  ['plain', (layer: Buffer) => layer],
  ['gzip', (layer: Buffer) => gzipSync(layer)],
  ['zstd', (layer: Buffer) => zstdCompressSync(layer)],
])('takes %s layers out of an OCI layout', async (_, compress) => {
  const image = await imageFrom(layout(compress));
  expect(image.layers.map((layer) => stored(layer.sha256).toString().slice(0, 3))).toEqual(['one', 'two']);
});

test('asks the engine once, and again when a layer is lost', async () => {
  let asked = 0;
  const archive = layout((layer) => layer);
  const counted = () => {
    asked++;
    return archive();
  };
  const { layers } = await imageFrom(counted);
  await imageFrom(counted);
  expect(asked).toBe(1);
  execFileSync('rm', [new BlobStore(state.path).path(layers[0]?.sha256 ?? '')]);
  await imageFrom(counted);
  expect(asked).toBe(2);
});

test('refuses a layer that is not what the configuration says, and a broken archive, and leaves nothing', async () => {
  const wrong = imageFrom(layout((layer) => layer, '0'.repeat(64)));
  await expect(wrong).rejects.toMatchObject({ code: 'E_CAPTURE' });
  await expect(imageFrom(() => Readable.from([Buffer.from('no tar at all'.repeat(100))]))).rejects.toThrow();
  const left = existsSync(join(state.path, 'blobs/sha256'))
    ? readdirSync(join(state.path, 'blobs/sha256'))
    : [];
  expect(left.filter((name) => name.startsWith('.tmp'))).toEqual([]);
});
