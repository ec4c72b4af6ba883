import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BUSYBOX, docker } from '../../../test/support/engine.ts';
import { run } from '../../host/index.ts';
import { findEngine } from '../discovery/find-engine.ts';
import { enginePaths } from './paths.ts';
import { allProcesses } from './processes.ts';
import { type EngineStatus, engineStatus } from './status.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-private-'));
const archive = join(stateDirectory, 'busybox.tar');
const paths = enginePaths(stateDirectory);

/**
 * A network namespace stands for the host: a starting engine empties chains of the packet filter that all
 * engines share, and must not do so to the one that other tests use at the same time.
 */
const host = `pristine-test-${process.pid}`;
const onHost = (command: string, ...args: string[]) =>
  run('nsenter', [`--net=/run/netns/${host}`, command, ...args]);

/** Runs code on that host, with `up` and `down` in scope; answers with what it returns. */
async function code(body: string): Promise<unknown> {
  const module = (name: string) => JSON.stringify(resolve(import.meta.dirname, name));
  const script = `
    import { writeSync } from 'node:fs';
    import { engineUp } from ${module('up.ts')};
    import { engineDown } from ${module('down.ts')};
    const stateDirectory = ${JSON.stringify(stateDirectory)};
    const up = () => engineUp({ stateDirectory, say() {} });
    const down = (purge = false) => engineDown({ stateDirectory, purge, say() {} });
    const work = async () => { ${body} };
    const { code, message, next } = await work().then((value) => { writeSync(1, JSON.stringify({ value })); return {}; }, (error) => error);
    if (message !== undefined) writeSync(1, JSON.stringify({ error: { code, message, next } }));
    process.exit(0);`;
  const result = await onHost(process.execPath, '--input-type=module', '-e', script);
  const { value, error } = JSON.parse(result.stdout || JSON.stringify({ error: { message: result.stderr } }));
  if (error !== undefined) throw Object.assign(new Error(error.message), error);
  return value;
}

const onPrivate = (...args: string[]) => docker('-H', `unix://${paths.socket}`, ...args);
const lines = (text: string) => text.split('\n').filter(Boolean);

/** The packet filter of the host, and whether it forwards. */
async function filter(): Promise<string> {
  const save = 'iptables-save; ip6tables-save; cat /proc/sys/net/ipv4/ip_forward';
  return (await onHost('sh', '-c', save)).stdout.replaceAll(/^#.*$|\[.*\]/gm, '');
}

/** Everything on the host that the private engine has made. */
async function traces(): Promise<Record<string, string[]>> {
  const { stdout: links } = await onHost('ip', '-o', 'link');
  return {
    devices: lines(links).filter((line) => !line.includes(' lo: ')),
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) =>
      line.includes(stateDirectory),
    ),
    processes: allProcesses()
      .map(({ command }) => command.join(' '))
      .filter((command) => command.includes(paths.execRoot)),
    files: existsSync(paths.runDirectory) ? [paths.runDirectory] : [],
  };
}
const NOTHING = { devices: [], mounts: [], processes: [], files: [] };

describe.skipIf(process.getuid?.() !== 0)('the private engine', () => {
  beforeAll(async () => {
    await docker('save', '-o', archive, BUSYBOX);
    expect(await run('ip', ['netns', 'add', host])).toMatchObject({ code: 0 });
    const rules =
      'iptables -t nat -N DOCKER; iptables -t nat -A DOCKER -i foreign0 -j RETURN; iptables -N MINE';
    const script = `ip link set lo up; echo 0 > /proc/sys/net/ipv4/ip_forward; ${rules}; iptables -A FORWARD -j MINE`;
    expect(await onHost('sh', '-c', `${script}; ip6tables -S; ip6tables -t nat -S`)).toMatchObject({
      code: 0,
    });
  });
  afterEach(() => code('await down(true)'));
  afterAll(async () => {
    await run('ip', ['netns', 'delete', host]);
    rmSync(stateDirectory, { recursive: true, force: true });
  });

  async function upWithContainers(): Promise<void> {
    await code('await up()');
    await onPrivate('load', '-i', archive);
    await onPrivate('network', 'create', 'user');
    const trap = ['sh', '-c', 'trap exit TERM; while :; do sleep 0.2; done'];
    await onPrivate('run', '-d', '--rm', '-p', '127.0.0.1::80', BUSYBOX, ...trap);
    await onPrivate('run', '-d', '--rm', '--network', 'user', BUSYBOX, ...trap);
  }

  test('comes up once, however many ask, is found, and goes without a trace', async () => {
    const before = await filter();
    const statuses = (await code('return Promise.all([up(), up()])')) as EngineStatus[];
    expect(statuses[0]).toMatchObject({ running: true, private: true, endpoint: `unix://${paths.socket}` });
    expect(statuses[1]?.pid).toBe(statuses[0]?.pid);
    await upWithContainers();
    const options = { env: {}, stateDirectory, defaultSocket: join(stateDirectory, 'none.sock') };
    const engine = await findEngine(options);
    expect(engine.info).toMatchObject({ foundBy: 'private engine', rootDirectory: paths.dataRoot });
    expect((await engine.list()).map(({ status }) => status)).toEqual(['running', 'running']);
    expect(
      Object.values(await traces()).every((kind) => kind.length > 0),
      'the test sees traces',
    ).toBe(true);
    const during = await filter();
    expect(during, "another engine's rules are still there").toContain('-A DOCKER -i foreign0 -j RETURN');
    expect(during).toContain('DOCKER-USER');

    expect(await code('return down()')).toBe(true);
    expect(await traces()).toEqual(NOTHING);
    expect(await filter()).toBe(before);
    expect(await engineStatus({ stateDirectory })).toMatchObject({ running: false, pid: null });
    expect(existsSync(join(paths.dataRoot, 'image')), 'images are kept').toBe(true);
    expect(await code('return down(true)')).toBe(false);
    expect(existsSync(paths.dataRoot)).toBe(false);
    await expect(findEngine(options)).rejects.toMatchObject({ code: 'E_NO_ENGINE' });
  });

  test('is cleaned up after when it was killed, and starts again', async () => {
    const before = await filter();
    await upWithContainers();
    const { pid } = await engineStatus({ stateDirectory });
    process.kill(pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await engineStatus({ stateDirectory })).running).toBe(false);
    expect((await traces()).processes).not.toEqual([]);
    expect(await code('return up()')).toMatchObject({ running: true });
    expect(await onPrivate('ps', '-q')).toBe('');
    await code('await down()');
    expect(await traces()).toEqual(NOTHING);
    expect(await filter()).toBe(before);
  });

  test('is found and ended when its starter was killed before it had recorded it', async () => {
    const before = await filter();
    await upWithContainers();
    const { pid } = await engineStatus({ stateDirectory });
    const record = JSON.parse(readFileSync(paths.recordFile, 'utf8'));
    writeFileSync(paths.recordFile, JSON.stringify({ ...record, process: null }));
    expect(await code('return up()')).toMatchObject({ pid });
    await code('await down()');
    expect(await traces()).toEqual(NOTHING);
    expect(await filter()).toBe(before);
  });

  test('is refused to users who are not root', async () => {
    await expect(code('process.setuid(65534); await up()')).rejects.toMatchObject({
      code: 'E_ENGINE_INSTALL',
      message: expect.stringContaining('root'),
    });
    await expect(code('process.setuid(65534); await down()')).rejects.toMatchObject({ code: 'E_STATE' });
  });

  test('says what its log says when it does not start, and leaves nothing', async () => {
    const programs = join(stateDirectory, 'programs');
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'dockerd'), '#!/bin/sh\necho "failed to mount the moon"\nexit 1\n');
    chmodSync(join(programs, 'dockerd'), 0o755);
    const path = `process.env.PATH = ${JSON.stringify(programs)} + ':' + process.env.PATH;`;
    await expect(code(`${path} await up()`)).rejects.toMatchObject({
      code: 'E_ENGINE_INSTALL',
      message: expect.stringContaining('failed to mount the moon'),
      next: expect.stringContaining(paths.logFile),
    });
    expect(await traces()).toEqual(NOTHING);
  });
});
