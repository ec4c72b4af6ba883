import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { docker, startContainer, type TestContainer, testLabel } from '../../../../test/support/engine.ts';
import { run } from '../../../host/index.ts';
import { type Engine, findEngine } from '../../index.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-test-redirect-'));
let engine: Engine;
let holder: TestContainer;
/** Address of this host on the default bridge. */
let hostAddress: string;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
  holder = await holdWaitingNetwork();
  hostAddress = await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge');
});

afterAll(async () => {
  rmSync(stateDirectory, { recursive: true, force: true });
  await holder[Symbol.asyncDispose]();
  // Refused while anything else waits there.
  await run('docker', ['network', 'rm', 'pristine-waiting']);
});

/** Starts a container on the waiting network; whoever else uses that removes it when nobody is there. */
async function holdWaitingNetwork(): Promise<TestContainer> {
  for (let attempt = 1; ; attempt++) {
    // Fails when it is there.
    await run('docker', [
      ...['network', 'create', '--internal', '--opt', 'com.docker.network.bridge.enable_icc=false'],
      ...['--label', testLabel(), 'pristine-waiting'],
    ]);
    try {
      return await startContainer({ options: ['--network', 'pristine-waiting'] });
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** Tells its name, then answers each line with itself. */
const serve = (name: string) => ['nc', '-ll', '-p', '80', '-e', 'sh', '-c', `echo ${name}; exec cat`];

async function original(...options: string[]) {
  const container = await startContainer({
    options: ['--network', 'bridge', ...options],
    command: serve('original'),
  });
  // Needs no container, and leaves nothing when a test fails.
  onTestFinished(() => engine.endRedirection(container.id));
  return container;
}

const candidate = (...options: string[]) =>
  startContainer({ options: ['--network', 'pristine-waiting', ...options], command: serve('candidate') });

async function portOf(id: string): Promise<number> {
  const line = await docker('port', id, '80/tcp');
  return Number(/:(\d+)$/m.exec(line)?.[1]);
}

/** A connection, and what it hears next. */
async function dial(port: number, host = '127.0.0.1') {
  const socket: Socket = connect({ host, port });
  onTestFinished(() => void socket.destroy());
  const failure = new Promise<string | undefined>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  const says = async (line: string | null) => {
    if (line !== null) socket.write(`${line}\n`);
    const [heard] = await once(socket, 'data', { signal: AbortSignal.timeout(2000) });
    return String(heard).trim();
  };
  return { name: await says(null), says, failure, end: () => socket.end() };
}

/** Who answers a new connection; one at once after start of the server may be too early. */
const answerer = async (port: number, host?: string) => {
  const { name, end } = await dial(port, host);
  end();
  return name;
};

const served = (port: number) =>
  expect.poll(() => answerer(port).catch(String), { timeout: 5000 }).toBe('original');

const rulesOf = async (id: string) =>
  (await run('iptables-save', [])).stdout
    .split('\n')
    .filter((rule) => rule.includes(`pristine ${id.slice(0, 12)}`));

/** Of the network that a candidate waits on; there can be two of one name. */
async function networkIdOf(id: string): Promise<string> {
  const format = '{{(index .NetworkSettings.Networks "pristine-waiting").NetworkID}}';
  return docker('inspect', '-f', format, id);
}

const waitingBridge = async (id: string) => `br-${(await networkIdOf(id)).slice(0, 12)}`;

const routesLoopback = (bridge: string) =>
  readFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, 'utf8').trim();

test('new connections are led to the candidate, and those there are go on, until it ends', async () => {
  await using first = await original('-p', '80');
  await using second = await candidate();
  const port = await portOf(first.id);
  await served(port);
  const before = await dial(port, hostAddress);

  expect(await engine.redirect(first.id, second.id)).toBe(true);
  expect(await engine.redirect(first.id, second.id)).toBe(true);
  expect(await answerer(port)).toBe('candidate');
  expect(await answerer(port, hostAddress)).toBe('candidate');
  expect(await first.sh(`nc ${hostAddress} ${port} </dev/null | head -n1`)).toBe('candidate');
  expect(await before.says('still there')).toBe('still there');

  const led = [await dial(port), await dial(port, hostAddress)];
  // The engine forgets all connections to the address that it knows.
  await docker('network', 'connect', 'bridge', second.id);
  const ended = engine.endRedirection(first.id);
  await expect.poll(() => answerer(port)).toBe('original');
  for (const connection of led) {
    expect(await connection.says('go on')).toBe('go on');
    connection.end();
  }
  await ended;
  expect(await rulesOf(first.id)).toEqual([]);
  expect(routesLoopback(await waitingBridge(second.id))).toBe('0');
  await engine.endRedirection(first.id);
});

test('a frozen container that has lost its network and ports is led away from all the same', async () => {
  await using first = await original('-p', '80');
  await using second = await candidate();
  const port = await portOf(first.id);
  await served(port);
  await engine.freeze(first.id);
  expect(await engine.redirect(first.id, second.id)).toBe(true);
  expect(await answerer(port)).toBe('candidate');
  expect(await answerer(port, hostAddress)).toBe('candidate');
  await engine.endRedirection(first.id);
  await expect(answerer(port)).rejects.toThrow();
});

test('an open connection through it holds its end up for three seconds at most', async () => {
  await using first = await original('-p', '80');
  await using second = await candidate();
  const port = await portOf(first.id);
  await served(port);
  await engine.redirect(first.id, second.id);
  const kept = await dial(port, hostAddress);
  const begun = performance.now();
  await engine.endRedirection(first.id);
  expect(performance.now() - begun).toBeGreaterThan(2900);
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(await rulesOf(first.id)).toEqual([]);
  // The client is told, and does not hang.
  expect(await kept.failure).toBe('ECONNRESET');
});

test("a port published on one address is led there alone, and every protocol's", async () => {
  await using first = await original('-p', '127.0.0.1::80', '-p', '127.0.0.1::53/udp');
  await using second = await candidate();
  const port = await portOf(first.id);
  await served(port);
  expect(await engine.redirect(first.id, second.id)).toBe(true);
  expect(await answerer(port)).toBe('candidate');
  await expect(dial(port, hostAddress)).rejects.toThrow(/ECONNREFUSED/);
  const rules = (await rulesOf(first.id)).join('\n');
  for (const protocol of ['tcp', 'udp']) expect(rules).toContain(`-p ${protocol} `);
  await engine.endRedirection(first.id);
});

test("the candidate does not reach the host's loopback meanwhile", async () => {
  await using first = await original('-p', '80');
  await using second = await candidate(
    '--cap-add',
    'NET_ADMIN',
    '--sysctl',
    'net.ipv4.conf.all.route_localnet=1',
  );
  const secret = createServer((socket) => socket.end('secret\n'));
  onTestFinished(() => void secret.close());
  await once(secret.listen(0, '127.0.0.1'), 'listening');
  const address = secret.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await engine.redirect(first.id, second.id);
  expect(routesLoopback(await waitingBridge(second.id))).toBe('1');
  const network = await networkIdOf(second.id);
  const gateway = await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', network);
  await second.sh(`ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via ${gateway}`);
  const reach = `nc -w 1 127.0.0.1 ${port} </dev/null 2>&1 || true`;
  expect(await second.sh(reach)).toContain('timed out');
  // The rule, and nothing else, is what stops it.
  const guard = (await rulesOf(first.id)).find((rule) => rule.startsWith('-A INPUT')) ?? '';
  const input = `*filter\n${guard.replace('-A', '-D')}\nCOMMIT\n`;
  expect((await run('iptables-restore', ['--noflush'], { input })).code).toBe(0);
  expect(await second.sh(reach)).toContain('secret');
});

test('rules of a redirection that nobody ended go with the next, once its candidate is gone', async () => {
  await using first = await original('-p', '80');
  await using other = await original('-p', '80');
  await using second = await candidate();
  {
    await using lost = await candidate();
    await engine.redirect(first.id, lost.id);
  }
  expect(await rulesOf(first.id)).not.toEqual([]);
  expect(await engine.redirect(other.id, second.id)).toBe(true);
  expect(await rulesOf(first.id)).toEqual([]);
  await engine.endRedirection(other.id);
});

describe('nothing is led', () => {
  test('from a container without published ports', async () => {
    await using first = await original();
    await using second = await candidate();
    expect(await engine.redirect(first.id, second.id)).toBe(false);
    expect(await rulesOf(first.id)).toEqual([]);
  });

  test('to a container that does not wait', async () => {
    await using first = await original('-p', '80');
    expect(await engine.redirect(first.id, randomBytes(32).toString('hex'))).toBe(false);
    expect(await rulesOf(first.id)).toEqual([]);
  });
});
