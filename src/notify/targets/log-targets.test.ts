import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { NotificationTarget } from '../../contract/index.ts';
import { listenOn } from '../test-support/datagram-socket.ts';
import { HOSTILE, message } from '../test-support/message.ts';
import { safeText } from '../text.ts';
import { createTarget } from './create.ts';
import { journalFields } from './journald.ts';
import { syslogMessage } from './syslog.ts';

const never = new AbortController().signal;
const deps = { env: {}, now: () => new Date(), incidentNow: async () => null };
const deliver = (target: NotificationTarget, notification = message()) =>
  createTarget(target, deps).deliver(notification, never);
const syslogBy = (over: object) =>
  ({ name: 'log', type: 'syslog', host: '127.0.0.1', ...over }) as NotificationTarget;

const HAS_LOGGER = existsSync('/usr/bin/logger');
const EXPECTED = `<35>1 2026-01-02T03:04:05.000Z host-1 pristine ${process.pid} incident [pristine@32473 id="ntf-20260102t030405-aaaaaa" severity="high" container="web" incident="inc-1" rule="web-shell" path="/srv/x.php" link="https://pristine.example/inc-1" times="1"] \ufeffincident: Web shell: /srv/x.php: it runs what a request sends`;

describe('syslog', () => {
  test('over UDP is one datagram as RFC 5424 has it', async () => {
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const got = new Promise<string>((resolve) =>
      socket.once('message', (bytes) => resolve(bytes.toString())),
    );
    await deliver(syslogBy({ transport: 'udp', port: socket.address().port }));
    expect(await got).toBe(EXPECTED);
  });

  test('over UDP to a port that nobody listens on fails', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    await expect(deliver(syslogBy({ transport: 'udp', port }))).rejects.toThrow(
      `127.0.0.1:${port}: ECONNREFUSED`,
    );
  });

  test('over TCP says how long it is (RFC 6587)', async () => {
    let received = '';
    const server = createServer((connection) =>
      connection.on('data', (text) => {
        received += text;
      }),
    );
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await deliver(syslogBy({ transport: 'tcp', port }));
    expect(received).toBe(`${Buffer.byteLength(EXPECTED)} ${EXPECTED}`);
  });

  test('over TCP fails when nobody listens, and when the other side does not read', async () => {
    const server = createServer((connection) => connection.pause());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await expect(deliver(syslogBy({ transport: 'tcp', port }))).rejects.toThrow('ECONNREFUSED');
    const reset = createServer((connection) => connection.resetAndDestroy());
    onTestFinished(() => void reset.close());
    await new Promise<void>((resolve) => reset.listen(0, '127.0.0.1', resolve));
    const { port: resetting } = reset.address() as AddressInfo;
    await expect(deliver(syslogBy({ transport: 'tcp', port: resetting }))).rejects.toThrow('ECONNRESET');
  });

  test.each([safeText(HOSTILE, 500), HOSTILE])('cannot be forged by a hostile name: %j', (text) => {
    const line = syslogMessage(message({ text, path: text, container: { id: 'c', name: text } }));
    expect(line).not.toMatch(/[\n\r\0]/);
    // The structured data ends where the parser of RFC 5424 sees its end, which is where ours is.
    const [, data] = /^<35>1 \S+ \S+ \S+ \S+ \S+ (\[(?:[^"\]]|"(?:\\.|[^"\\])*")*\]) \ufeff/.exec(line) ?? [];
    expect(data).toMatch(/^\[pristine@32473 id=".*times="1"\]$/s);
  });

  test('is cut to what every receiver takes', () => {
    const long = 'ü'.repeat(1000);
    const line = syslogMessage(message({ text: long, path: long }));
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(2048);
    expect(line).toContain('…');
    expect(line).not.toContain('\ufffd');
  });

  test.runIf(HAS_LOGGER)('reaches the local daemon by its socket, in one line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pristine-notify-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'log');
    const socket = listenOn(path);
    onTestFinished(() => socket.close());
    const text = safeText(`-x <0>%s ${HOSTILE}`, 500);
    await deliver(syslogBy({ transport: 'local', socket: path, facility: 'local3' }), message({ text }));
    expect(socket.receive()).toMatch(
      /^<155>\w{3} [ \d]\d [\d:]{8} pristine: incident: Web shell: -x <0>%s a.*\(kind="incident" container="web" incident="inc-1" link=".*"\)$/,
    );
    expect(socket.receive()).toBeNull();
  });

  test.runIf(HAS_LOGGER)('by a socket that is not there fails', async () => {
    const target = syslogBy({ transport: 'local', socket: '/no/such/socket' });
    await expect(deliver(target)).rejects.toThrow(/logger: exit code 1.*\/no\/such\/socket/);
  });
});

describe('the journal', () => {
  test('gets one field a line, whatever a container has named a file', () => {
    const text = safeText(HOSTILE, 500);
    for (const each of [text, HOSTILE]) {
      const fields = journalFields(message({ text: each, path: each, container: { id: 'c', name: each } }));
      const names = fields
        .trimEnd()
        .split('\n')
        .map((line) => line.split('=')[0]);
      expect(names).toEqual([
        ...['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', 'PRISTINE_ID', 'PRISTINE_KIND', 'PRISTINE_SEVERITY'],
        ...['PRISTINE_CONTAINER', 'PRISTINE_CONTAINER_ID', 'PRISTINE_INCIDENT', 'PRISTINE_RULE'],
        ...['PRISTINE_PATH', 'PRISTINE_LINK', 'PRISTINE_TIMES'],
      ]);
      expect(fields).toContain('\nPRIORITY=3\n');
    }
  });

  test.runIf(HAS_LOGGER && process.getuid?.() === 0)('gets them by logger', () => {
    const text = safeText(HOSTILE, 500);
    const program = new URL('../test-support/journal-process.ts', import.meta.url).pathname;
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', program];
    const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
    const argv = ['--mount', 'sh', '-c', script, 'sh', ...node, JSON.stringify(message({ text }))];
    const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' });
    expect(stderr).toBe('');
    const fields = JSON.parse(stdout).trimEnd().split('\n');
    expect(fields).toContain(`MESSAGE=incident: Web shell: ${text}`);
    expect(fields).toEqual(expect.arrayContaining(['PRIORITY=3', 'PRISTINE_INCIDENT=inc-1']));
    expect(fields.filter((line: string) => line.startsWith('PRIORITY='))).toHaveLength(1);
  });

  test.skipIf(existsSync('/run/systemd/journal/socket'))('that is not there is no success', async () => {
    await expect(deliver({ name: 'j', type: 'journald' })).rejects.toThrow('there is no journal here');
  });
});
