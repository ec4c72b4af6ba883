import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BUSYBOX, docker } from '../../../test/support/engine.ts';
import { run } from '../../host/index.ts';
import { findEngine } from '../discovery/find-engine.ts';
import { engineDown } from './down.ts';
import { enginePaths } from './paths.ts';
import { allProcesses } from './processes.ts';
import { engineStatus } from './status.ts';
import { engineUp } from './up.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-private-'));
const archive = join(stateDirectory, 'busybox.tar');
const paths = enginePaths(stateDirectory);
const said: string[] = [];
const say = (sentence: string) => void said.push(sentence);
const down = (purge = false) => engineDown({ stateDirectory, purge, say });
const onPrivate = (...args: string[]) => docker('-H', `unix://${paths.socket}`, ...args);

/** Everything on this host that bears the mark of the private engine. */
async function traces(): Promise<Record<string, string[]>> {
  const subnets = /\b10\.(2[0-4]\d|25[0-3])\./;
  const lines = (text: string) => text.split('\n').filter(Boolean);
  const rules = lines((await run('iptables-save', [])).stdout).filter((line) => line.includes(paths.bridge));
  const devices = lines((await run('ip', ['-o', 'link'])).stdout).filter((line) =>
    line.includes(paths.bridge),
  );
  return {
    rules: rules.filter((line) => subnets.test(line) || line.includes(paths.bridge)),
    devices,
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) =>
      line.includes(stateDirectory),
    ),
    processes: allProcesses()
      .map(({ command }) => command.join(' '))
      .filter((command) => command.includes(paths.execRoot)),
    files: existsSync(paths.runDirectory) ? [paths.runDirectory] : [],
  };
}
const NOTHING = { rules: [], devices: [], mounts: [], processes: [], files: [] };

describe.skipIf(process.getuid?.() !== 0)('the private engine', () => {
  beforeAll(() => docker('save', '-o', archive, BUSYBOX));
  afterEach(() => down());
  afterAll(async () => {
    await down(true);
    rmSync(stateDirectory, { recursive: true, force: true });
  });

  async function upWithContainer(): Promise<void> {
    await engineUp({ stateDirectory, say });
    await onPrivate('load', '-i', archive);
    await onPrivate('network', 'create', 'user');
    const trap = ['sh', '-c', 'trap exit TERM; while :; do sleep 0.2; done'];
    await onPrivate('run', '-d', '--rm', '-p', '127.0.0.1::80', BUSYBOX, ...trap);
    await onPrivate('run', '-d', '--rm', '--network', 'user', BUSYBOX, ...trap);
  }

  test('comes up once, however many ask, is found, and goes without a trace', async () => {
    const [one, other] = await Promise.all([
      engineUp({ stateDirectory, say }),
      engineUp({ stateDirectory, say }),
    ]);
    expect(one).toMatchObject({ running: true, private: true, endpoint: `unix://${paths.socket}` });
    expect(other.pid).toBe(one.pid);
    await upWithContainer();
    const options = { env: {}, stateDirectory, defaultSocket: join(stateDirectory, 'none.sock') };
    const engine = await findEngine(options);
    expect(engine.info).toMatchObject({ foundBy: 'private engine', rootDirectory: paths.dataRoot });
    expect((await engine.list()).map(({ status }) => status)).toEqual(['running', 'running']);
    expect(
      Object.values(await traces()).every((kind) => kind.length > 0),
      'the test sees traces',
    ).toBe(true);

    const bridges = (await run('ip', ['-o', 'link'])).stdout;
    const user = `br-${(await onPrivate('network', 'inspect', '-f', '{{.Id}}', 'user')).slice(0, 12)}`;
    expect(bridges).toContain(user);
    expect(await down()).toBe(true);
    expect(await traces()).toEqual(NOTHING);
    expect((await run('ip', ['-o', 'link'])).stdout).not.toContain(user);
    expect((await run('iptables-save', [])).stdout).not.toContain(user);
    expect(await engineStatus({ stateDirectory })).toMatchObject({ running: false, pid: null });
    expect(existsSync(join(paths.dataRoot, 'image')), 'images are kept').toBe(true);
    expect(await down(true)).toBe(false);
    expect(existsSync(paths.dataRoot)).toBe(false);
    await expect(findEngine(options)).rejects.toMatchObject({ code: 'E_NO_ENGINE' });
  });

  test('is cleaned up after when it was killed, and starts again', async () => {
    await upWithContainer();
    const { pid } = await engineStatus({ stateDirectory });
    process.kill(pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await engineStatus({ stateDirectory })).running).toBe(false);
    expect((await traces()).processes).not.toEqual([]);
    const again = await engineUp({ stateDirectory, say });
    expect(again.running).toBe(true);
    expect(await onPrivate('ps', '-q')).toBe('');
    await down();
    expect(await traces()).toEqual(NOTHING);
  });

  test('says what its log says when it does not start, and leaves nothing', async () => {
    const programs = join(stateDirectory, 'programs');
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'dockerd'), '#!/bin/sh\necho "failed to mount the moon"\nexit 1\n');
    chmodSync(join(programs, 'dockerd'), 0o755);
    const path = process.env.PATH;
    process.env.PATH = `${programs}:${path}`;
    try {
      await expect(engineUp({ stateDirectory, say })).rejects.toMatchObject({
        code: 'E_ENGINE_INSTALL',
        message: expect.stringContaining('failed to mount the moon'),
        next: expect.stringContaining(paths.logFile),
      });
    } finally {
      process.env.PATH = path;
    }
    expect(await traces()).toEqual(NOTHING);
  });

  test('as the only engine of a host takes its chains with it, and leaves rules of others', async () => {
    // Namespaces of its own stand for a host without another engine, and keep the real one's filter out of it.
    const script = `
      import { engineUp } from ${JSON.stringify(resolve(import.meta.dirname, 'up.ts'))};
      import { engineDown } from ${JSON.stringify(resolve(import.meta.dirname, 'down.ts'))};
      import { execFileSync } from 'node:child_process';
      const sh = (script) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      const save = () => sh('iptables-save; ip6tables-save; cat /proc/sys/net/ipv4/ip_forward')
        .replaceAll(/^#.*$|\\[.*\\]/gm, '');
      const stateDirectory = ${JSON.stringify(join(stateDirectory, 'alone'))};
      sh('echo 0 > /proc/sys/net/ipv4/ip_forward; iptables -t nat -N DOCKER; iptables -t nat -A DOCKER -i foreign0 -j RETURN; iptables -N MINE; iptables -A FORWARD -j MINE; ip6tables -t filter -S; ip6tables -t nat -S');
      const before = save();
      await engineUp({ stateDirectory, say() {} });
      const during = save();
      await engineDown({ stateDirectory, purge: true, say() {} });
      console.log(JSON.stringify({ before, during, after: save() }));
      process.exit(0);`;
    const result = await run('unshare', [
      ...['--net', '--pid', '--fork', '--mount', '--mount-proc'],
      ...[process.execPath, '--input-type=module', '-e', script],
    ]);
    const { before, during, after } = JSON.parse(result.stdout || `"${result.stderr}"`);
    expect(during).toContain('-A DOCKER -i foreign0 -j RETURN');
    expect(during).toContain('DOCKER-USER');
    expect(after).toBe(before);
  });
});
