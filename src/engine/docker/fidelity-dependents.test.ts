import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BUSYBOX,
  docker,
  startContainer,
  type TestContainer,
  testLabel,
} from '../../../test/support/engine.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Engine, Replacement } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-dependents-'));
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
});
afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

const sh = (id: string, script: string) => docker('exec', id, 'sh', '-c', script);
const field = (id: string, path: string) => docker('inspect', '-f', `{{json .${path}}}`, id);

async function replace(container: TestContainer): Promise<Replacement & AsyncDisposable> {
  await engine.freeze(container.id);
  const request = {
    labels: { 'pristine.replaces': container.id },
    suspectName: `${container.name}-old`,
  };
  const replacement = await engine.replacePristine(container.id, request);
  return { ...replacement, [Symbol.asyncDispose]: () => engine.destroy(replacement.id) };
}

/** Removes whatever is re-created, at the end of the scope. */
async function recreate(id: string, replacement: string): Promise<Replacement[] & AsyncDisposable> {
  const made = await engine.recreateDependents(id, replacement, 'old');
  const dispose = async () => {
    for (const { id: dependent } of made) await engine.destroy(dependent);
  };
  return Object.assign(made, { [Symbol.asyncDispose]: dispose });
}

describe('dependents', () => {
  test('in one network, and theirs in turn, are re-created once; what did not run is not started', async () => {
    await using web = await startContainer({ options: ['--network', 'bridge'] });
    await using side = await startContainer({ options: ['--network', `container:${web.id}`, '-v', '/data'] });
    await using watcher = await startContainer({ options: ['--pid', `container:${side.id}`] });
    await using idle = await startContainer({ options: ['--network', `container:${web.id}`], start: false });
    await side.sh('echo kept > /data/file');
    const plan = await engine.planReplacement(web.id, { labels: {}, suspectName: `${web.name}-old` });
    expect(plan.dependents.map(({ name }) => name).sort()).toEqual([side.name, idle.name].sort());
    await using replacement = await replace(web);
    await using made = await recreate(web.id, replacement.id);
    expect(made.map(({ name }) => name).sort()).toEqual([side.name, watcher.name, idle.name].sort());
    const of = (name: string) => made.find((dependent) => dependent.name === name)?.id ?? '';
    expect(await field(of(side.name), 'HostConfig.NetworkMode')).toBe(`"container:${replacement.id}"`);
    expect(await sh(of(side.name), 'cat /data/file; ls /sys/class/net | grep eth')).toBe('kept\neth0');
    expect(await field(of(watcher.name), 'HostConfig.PidMode')).toBe(`"container:${of(side.name)}"`);
    expect(await engine.inspect(of(idle.name))).toMatchObject({ status: 'created' });
    expect(await engine.inspect(side.id)).toMatchObject({ name: `${side.name}-old`, status: 'exited' });
    expect(await field(side.id, 'HostConfig.RestartPolicy.Name')).toBe('"no"');
    await using again = await recreate(web.id, replacement.id);
    expect(again.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
  });

  test('that link to it on the default bridge reach its replacement', async () => {
    await using db = await startContainer({ options: ['--network', 'bridge'] });
    await using web = await startContainer({ options: ['--link', `${db.name}:db`] });
    await using replacement = await replace(db);
    await using made = await recreate(db.id, replacement.id);
    const [dependent] = made;
    expect(dependent?.name).toBe(web.name);
    const address = await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', replacement.id);
    expect(await sh(dependent?.id ?? '', 'grep -w db /etc/hosts')).toContain(address);
    const differences = await engine.compareReplacement(web.id, dependent?.id ?? '');
    expect(differences.filter(({ because }) => because === null)).toEqual([]);
  });

  test('are finished after a crash between any two steps', async () => {
    await using web = await startContainer({ options: ['--network', 'bridge'] });
    await using side = await startContainer({ options: ['--network', `container:${web.id}`, '--rm'] });
    await using replacement = await replace(web);
    // As after a crash when the new one was created, and the old one had been stopped and so was gone.
    const labels = {
      'pristine.replaces': side.id,
      'pristine.dependent-of': web.id,
      'pristine.was-running': 'true',
    };
    await docker('rename', side.id, `${side.name}-old`);
    const half = await docker(
      ...['create', '--name', side.name, '--label', testLabel(), '--network', `container:${replacement.id}`],
      ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
      ...[BUSYBOX, 'sleep', '1000'],
    );
    await docker('rm', '-f', side.id);
    await using made = await recreate(web.id, replacement.id);
    expect([...made]).toEqual([{ id: half, name: side.name }]);
    expect(await engine.inspect(half)).toMatchObject({ status: 'running' });
  });

  test('that only borrow its volumes, or link by name on a network of users, go on as they are', async () => {
    const network = `pristine-test-links-${process.pid}`;
    await docker('network', 'create', '--label', testLabel(), network);
    try {
      await using db = await startContainer({ options: ['--network', network, '-v', '/rows'] });
      await using reader = await startContainer({ options: ['--volumes-from', db.name] });
      await using web = await startContainer({ options: ['--network', network, '--link', `${db.name}:db`] });
      await using replacement = await replace(db);
      await using made = await recreate(db.id, replacement.id);
      expect([...made]).toEqual([]);
      expect(await web.sh('ping -c 1 -W 2 db >/dev/null && echo reached')).toBe('reached');
      await engine.destroy(db.id);
      await docker('restart', '-t', '0', reader.id, web.id);
      await sh(replacement.id, 'echo written > /rows/file');
      expect(await reader.sh('cat /rows/file')).toBe('written');
      expect(await web.sh('ping -c 1 -W 2 db >/dev/null && echo reached')).toBe('reached');
    } finally {
      await docker('network', 'rm', network);
    }
  });
});

describe('a plan', () => {
  const request = { labels: {}, suspectName: 'pristine-test-nobody' };

  test('tells what both would write to, and changes nothing', async () => {
    await using container = await startContainer({
      options: ['-v', '/data', '-v', '/usr/share:/ro:ro', '-v', `${stateDirectory}:/rw`, '--tmpfs', '/t'],
    });
    // The engine lists mounts in any order.
    const state = async () => (await docker('inspect', container.id)).split('\n').map(lineOf).sort();
    const lineOf = (line: string) => line.trim().replace(/,$/, '');
    const before = await state();
    const plan = await engine.planReplacement(container.id, request);
    expect(plan).toMatchObject({ name: container.name, image: BUSYBOX, obstacles: [], notPreparable: null });
    expect(plan.sharedWritable).toEqual(['/data', '/rw']);
    expect(await state()).toEqual(before);
  });

  test('tells of a name, a port and a network that cannot be had', async () => {
    const network = `pristine-test-gone-${process.pid}`;
    await docker('network', 'create', '--label', testLabel(), network);
    await using container = await startContainer({
      options: ['--network', network, '-p', '127.0.0.1::80'],
    });
    const [port = ''] = (await docker('port', container.id, '80')).split('\n');
    const clear = await engine.planReplacement(container.id, request);
    expect(clear.obstacles, 'it has its port itself').toEqual([]);
    await engine.freeze(container.id);
    await docker('network', 'rm', network);
    await using thief = await startContainer({ options: ['--network', 'bridge', '-p', `${port}:80`] });
    const plan = await engine.planReplacement(container.id, { ...request, suspectName: thief.name });
    expect(plan.ports).toEqual([`${port}->80/tcp`]);
    expect([...plan.obstacles].sort()).toEqual([
      `Its network ${network} is gone.`,
      `Its port ${port}/tcp belongs to the container ${thief.name}.`,
      `The name ${thief.name} belongs to another container, ${thief.id.slice(0, 12)}.`,
    ]);
  });
});
