import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectionOptions } from './address.ts';
import { agreedVersion } from './client.ts';
import { eventOf } from './events.ts';
import { openNotes } from './notes.ts';
import { rootOverlay } from './overlay.ts';
import { withoutFrames } from './streams.ts';

describe('addresses', () => {
  const options = (endpoint: string) => connectionOptions({ endpoint, tls: null });

  test.each([
    ['unix:///run/x.sock', { socketPath: '/run/x.sock', protocol: 'http', host: undefined }],
    ['tcp://h:1', { host: 'h', port: 1, protocol: 'http', socketPath: undefined }],
    ['tcp://[::1]:1', { host: '::1', port: 1 }],
    ['h:1', { host: 'h', port: 1, protocol: 'http' }],
    ['tcp://h', { port: 2375 }],
    ['https://h', { port: 2376, protocol: 'https' }],
    ['ssh://me@h:23', { protocol: 'ssh', host: 'h', port: 23, username: 'me' }],
  ])('%s', (endpoint, expected) => {
    expect(options(endpoint)).toMatchObject(expected);
  });

  test('certificates make it https', () => {
    const tls = { ca: null, cert: null, key: null, skipVerify: false };
    expect(connectionOptions({ endpoint: 'tcp://h', tls })).toMatchObject({ protocol: 'https', port: 2376 });
  });
});

test.each([
  ['1.12', '1.41', '1.41'],
  ['1.24', '1.51', '1.41'],
  ['1.44', '1.52', '1.44'],
  [undefined, '1.40', '1.40'],
])('an engine that speaks %s to %s is spoken to in %s', (lowest, highest, agreed) => {
  expect(agreedVersion(lowest, highest)).toBe(agreed);
});

describe('the overlay of a mountinfo', () => {
  const line = (options: string, point = '/') =>
    `30 29 0:27 / ${point} rw,relatime - overlay overlay rw,${options},xino=off`;

  test('is that of the root', () => {
    const text = [line('lowerdir=/x,upperdir=/y', '/other'), line('lowerdir=/l2:/l1,upperdir=/u,workdir=/w')];
    expect(rootOverlay(text.join('\n'))).toEqual({ upper: '/u', lower: ['/l2', '/l1'], merged: null });
  });

  test('has its escapes undone', () => {
    expect(rootOverlay(line('lowerdir=/a\\134:b\\040c:/d\\134,e,upperdir=/u'))).toEqual({
      upper: '/u',
      lower: ['/a:b c', '/d,e'],
      merged: null,
    });
  });

  test('is none without an upper layer, with relative paths, or on another filesystem', () => {
    expect(rootOverlay(line('lowerdir=/a'))).toBeNull();
    expect(rootOverlay(line('lowerdir=a,upperdir=/u'))).toBeNull();
    expect(rootOverlay('30 29 8:1 / / rw - ext4 /dev/sda1 rw')).toBeNull();
  });
});

describe('events', () => {
  test('of a network are about the container in it', () => {
    const line = {
      Type: 'network',
      Action: 'disconnect',
      Actor: { ID: 'n', Attributes: { container: 'c', name: 'net' } },
    };
    expect(eventOf({ ...line, timeNano: 1.5e9 })).toEqual({
      kind: 'other',
      containerId: 'c',
      name: '',
      at: '1970-01-01T00:00:01.500Z',
      action: 'network disconnect net',
    });
  });

  test("carry a container's own words only in printable form", () => {
    const event = eventOf({
      Type: 'container',
      Action: 'exec_start: sh -c \u001b[2J',
      Actor: { ID: 'c' },
      time: 1,
    });
    expect(event?.action).toBe('exec_start: sh -c \\x1b[2J');
  });
});

test('frames come off an output stream, however it is cut into pieces', async () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(payloads, fc.integer({ min: 1, max: 13 }), async (parts, cut) => {
      const framed = Buffer.concat(
        parts.map((part) => {
          const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
          header.writeUInt32BE(part.length, 4);
          return Buffer.concat([header, part]);
        }),
      );
      const pieces: Buffer[] = [];
      for (let at = 0; at < framed.length; at += cut) pieces.push(framed.subarray(at, at + cut));
      const plain = await buffer(Readable.from(pieces).pipe(withoutFrames()));
      expect(plain.equals(Buffer.concat(parts))).toBe(true);
    }),
  );
});

test('notes are kept on disk, for the owner alone; a place that cannot hold them is named', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pristine-notes-'));
  try {
    const note = { id: 'a', name: 'web', wasPaused: false, networks: { bridge: {} }, ports: {} };
    await openNotes(join(directory, 'frozen')).write(note);
    const notes = openNotes(join(directory, 'frozen'));
    expect(await notes.read('a')).toEqual(note);
    expect(statSync(join(directory, 'frozen/a.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'frozen')).mode & 0o777).toBe(0o700);
    await notes.remove('a');
    expect(await notes.read('a')).toBeNull();
    writeFileSync(join(directory, 'file'), '');
    const misplaced = openNotes(join(directory, 'file'));
    await expect(misplaced.write(note)).rejects.toMatchObject({ code: 'E_STATE' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
