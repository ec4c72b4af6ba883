import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerWith } from '../docker.ts';
import { plainTask } from '../task.ts';
import { ensureDemoImages, ensureServiceImage } from './build.ts';
import { contextHash } from './context-hash.ts';

const docker = dockerWith({});
const quiet = plainTask(() => {});

describe('contextHash', () => {
  test('changes with a name or a content, and with nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pristine-context-'));
    try {
      await writeFile(join(folder, 'a'), 'one');
      const first = await contextHash(folder);
      await writeFile(join(folder, 'a'), 'one', { mode: 0o600 });
      expect(await contextHash(folder)).toBe(first);
      await writeFile(join(folder, 'a'), 'two');
      expect(await contextHash(folder)).not.toBe(first);
      await rm(join(folder, 'a'));
      await writeFile(join(folder, 'b'), 'one');
      expect(await contextHash(folder)).not.toBe(first);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('images', () => {
  test('of the demo are found again by a second run', { timeout: 300_000 }, async () => {
    const signal = new AbortController().signal;
    await ensureDemoImages(docker, quiet, signal);
    const { base, images } = await ensureDemoImages(docker, quiet, signal);
    expect(base).toBe('not needed');
    expect(Object.values(images).map(({ origin }) => origin)).toEqual(['reused', 'reused', 'reused']);
    const label = '{{index .Config.Labels "pristine.demo"}}';
    expect(await docker.text(['image', 'inspect', '-f', label, images.web.reference])).toBe('1');
  });

  test('of services are built from a Dockerfile alone, and found again', async () => {
    const dockerfile = `FROM debian:bookworm-slim\nLABEL pristine.test=1\nRUN echo ${process.pid} > /made-by\n`;
    const image = await ensureServiceImage({ name: 'test', dockerfile }, { docker, task: quiet });
    try {
      expect(image.origin).toBe('built');
      const again = await ensureServiceImage({ name: 'test', dockerfile }, { docker, task: quiet });
      expect(again).toMatchObject({ reference: image.reference, origin: 'reused' });
      const text = await docker.text([
        'run',
        '--rm',
        '--label',
        'pristine.test=1',
        image.reference,
        'cat',
        '/made-by',
      ]);
      expect(text).toBe(String(process.pid));
    } finally {
      await docker.attempt(['image', 'rm', image.reference]);
    }
  });

  test('that cannot be built say why', async () => {
    const broken = {
      name: 'test',
      dockerfile: 'FROM debian:bookworm-slim\nRUN echo the reason >&2; exit 3\n',
    };
    await expect(ensureServiceImage(broken, { docker, task: quiet })).rejects.toMatchObject({
      code: 'E_DEMO',
      message: expect.stringContaining('code: 3'),
    });
  });
});
