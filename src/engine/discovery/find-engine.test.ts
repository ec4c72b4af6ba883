import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { run } from '../../host/index.ts';
import { type FindEngineOptions, findEngine } from './find-engine.ts';

const realSocket = (process.env.DOCKER_HOST ?? '').replace(/^unix:\/\//, '');
let directory: string;
const servers: { close(): void }[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pristine-find-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true, force: true });
});

const find = (env: Record<string, string>, rest: Partial<FindEngineOptions> = {}) =>
  findEngine({
    env: { DOCKER_CONFIG: join(directory, 'docker'), ...env },
    stateDirectory: join(directory, 'state'),
    defaultSocket: join(directory, 'default.sock'),
    ...rest,
  });

/** A socket of our own in front of the tests' engine, which can be closed as if the engine had ended. */
async function proxyAt(path: string): Promise<{ delayMs: number; close(): void }> {
  const open = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = createConnection(realSocket);
    near.on('data', (piece) => setTimeout(() => far.writable && far.write(piece), proxy.delayMs));
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const proxy = {
    /** How long requests are held back. */
    delayMs: 0,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
  servers.push(proxy);
  return proxy;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function writeContext(name: string, host: string, skipVerify = false): void {
  const folder = join(directory, 'docker/contexts/meta', sha256(name));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host, SkipTLSVerify: skipVerify } } }),
  );
}

function selectContext(name: string): void {
  mkdirSync(join(directory, 'docker'), { recursive: true });
  writeFileSync(join(directory, 'docker/config.json'), JSON.stringify({ currentContext: name }));
}

describe('findEngine', () => {
  test('takes DOCKER_HOST before all else', async () => {
    await proxyAt(join(directory, 'default.sock'));
    const engine = await find({ DOCKER_HOST: `unix://${realSocket}` });
    expect(engine.info).toMatchObject({ foundBy: 'DOCKER_HOST', endpoint: `unix://${realSocket}` });
  });

  test('does not go on when DOCKER_HOST does not answer', async () => {
    await proxyAt(join(directory, 'default.sock'));
    await expect(find({ DOCKER_HOST: `unix://${directory}/none.sock` })).rejects.toMatchObject({
      code: 'E_NO_ENGINE',
      message: expect.stringMatching(/DOCKER_HOST \(unix:.*none.sock\): not there$/),
    });
  });

  test.each(['nonsense://x', 'tcp://', 'unix://relative', 'tcp://127.0.0.1:1', '127.0.0.1:1'])(
    'says what is wrong with DOCKER_HOST=%s',
    async (host) => {
      await expect(find({ DOCKER_HOST: host })).rejects.toMatchObject({ code: 'E_NO_ENGINE' });
    },
  );

  test('does not wait for ever for something that accepts and says nothing', async () => {
    const server = createServer(() => {});
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(join(directory, 'mute.sock'), () => resolve()));
    await expect(find({ DOCKER_HOST: `unix://${directory}/mute.sock` })).rejects.toMatchObject({
      message: expect.stringContaining('no answer in 3 s'),
    });
  });

  test('takes the context of the docker command, then the default socket', async () => {
    writeContext('work', `unix://${realSocket}`);
    selectContext('work');
    expect((await find({})).info.foundBy).toBe('context work');
    selectContext('default');
    await proxyAt(join(directory, 'default.sock'));
    expect((await find({})).info.foundBy).toBe('default socket');
    expect((await find({ DOCKER_CONTEXT: 'work' })).info.foundBy).toBe('context work');
    await expect(find({ DOCKER_CONTEXT: 'unknown' }), 'named, so no other').rejects.toMatchObject({
      code: 'E_NO_ENGINE',
      message: expect.stringMatching(/context unknown: there is no context "unknown" in \S+contexts$/),
      next: expect.stringContaining('docker context ls'),
    });
  });

  test('passes over a configured context that does not answer', async () => {
    writeContext('old', `unix://${directory}/old.sock`);
    selectContext('old');
    await proxyAt(join(directory, 'default.sock'));
    expect((await find({})).info.foundBy).toBe('default socket');
  });

  test('says every place it has tried, and the next step, when there is none', async () => {
    writeContext('old', 'tcp://user:hunter2@127.0.0.1:1');
    selectContext('old');
    await expect(find({})).rejects.toMatchObject({
      code: 'E_NO_ENGINE',
      message: expect.stringMatching(
        /context old \(tcp:\/\/user:\*\*\*@127\.0\.0\.1:1\): .*; default socket \(unix:.*\): not there$/,
      ),
      next: expect.stringContaining('pristine engine up'),
    });
  });

  test('shows the certificates of DOCKER_CERT_PATH, and checks the other side', async () => {
    const made = await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')],
    ]);
    expect(made.code, made.stderr).toBe(0);
    cpSync(join(directory, 'cert.pem'), join(directory, 'ca.pem'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(directory, name)));
    const server = createTlsServer(
      { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true },
      (near) => {
        const far = createConnection(realSocket);
        near.pipe(far).pipe(near);
        near.on('error', () => far.destroy());
      },
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, () => resolve()));
    const { port } = server.address() as AddressInfo;
    const env = { DOCKER_HOST: `tcp://localhost:${port}`, DOCKER_TLS_VERIFY: '1' };
    const engine = await find({ ...env, DOCKER_CERT_PATH: directory });
    expect(engine.capabilities.localStorage, 'not over the network').toBe(false);
    rmSync(join(directory, 'ca.pem'));
    await expect(find({ ...env, DOCKER_CERT_PATH: directory })).rejects.toThrow('self-signed');

    writeContext('careless', env.DOCKER_HOST, true);
    const tls = join(directory, 'docker/contexts/tls', sha256('careless'), 'docker');
    mkdirSync(tls, { recursive: true });
    for (const name of ['key.pem', 'cert.pem']) cpSync(join(directory, name), join(tls, name));
    expect((await find({ DOCKER_CONTEXT: 'careless' })).info.foundBy).toBe('context careless');
  });

  test.skipIf(process.getuid?.() !== 0)('says so when this user may not use the socket', async () => {
    await proxyAt(join(directory, 'default.sock'));
    process.seteuid?.(65534);
    try {
      await expect(find({})).rejects.toMatchObject({ code: 'E_ENGINE_PERMISSION' });
    } finally {
      process.seteuid?.(0);
    }
  });
});

test('events between the call of watch and the arrival of its request are not lost', async () => {
  const proxy = await proxyAt(join(directory, 'default.sock'));
  const engine = await find({});
  await using container = await startContainer();
  const stop = new AbortController();
  proxy.delayMs = 1500;
  const events = engine.watch(stop.signal);
  await run('docker', ['pause', container.id]);
  for await (const event of events) {
    if (event.containerId !== container.id) continue;
    expect(event.kind).toBe('pause');
    stop.abort();
  }
});

describe('an engine that ends in the middle', () => {
  test('gives E_ENGINE_GONE to requests and to those who follow its events', async () => {
    const proxy = await proxyAt(join(directory, 'default.sock'));
    const engine = await find({});
    const events = engine.watch(new AbortController().signal)[Symbol.asyncIterator]();
    await using container = await startContainer();
    for (let seen = ''; seen !== container.id; ) seen = (await events.next()).value?.containerId;
    proxy.close();
    await expect(
      (async () => {
        while (!(await events.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'E_ENGINE_GONE' });
    for (const attempt of [engine.list(), engine.inspect(container.id), engine.freeze(container.id)]) {
      await expect(attempt).rejects.toMatchObject({ code: 'E_ENGINE_GONE' });
    }
  });
});
