import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { type AuditItem, type ContainerAudit, containerAuditSchema } from '../../contract/index.ts';
import { type Engine, findEngine } from '../../engine/index.ts';
import { type AuditOptions, auditContainers } from './audit.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory: tmpdir() });
});

async function audit(id: string, over: Partial<AuditOptions> = {}): Promise<ContainerAudit> {
  const options = { engine: engine.info, local: true, watchSeconds: null, ...over };
  const [found] = await auditContainers([await engine.inspect(id)], options);
  return containerAuditSchema.parse(found);
}

const HARDENED = [
  ...['--read-only', '--user', '33:33', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ...['--memory', '64m', '--pids-limit', '50', '--tmpfs', '/tmp'],
];

const item = ({ items }: ContainerAudit, id: string): AuditItem | undefined =>
  items.find((each) => each.id === id);
const failed = ({ items }: ContainerAudit) =>
  items.filter(({ status }) => status === 'failed').map(({ id }) => id);

describe('the audit', () => {
  test("of Docker's defaults counts what is really in force", async () => {
    await using web = await startContainer({ options: ['-v', '/data', '--tmpfs', '/t:exec'] });
    const found = await audit(web.id);
    expect(failed(found)).toEqual([
      ...['user', 'packages', 'capabilities', 'memory', 'read-only-root', 'writable-executable'],
      ...['no-new-privileges', 'pids', 'shells'],
    ]);
    expect(found.facts.processes?.[0]).toMatchObject({ uid: 0, command: 'sh', seccomp: true });
    expect(found.facts.processes?.[0]?.capabilities).toContain('NET_RAW');
    expect(item(found, 'writable-executable')?.detail).toBe('/data (volume), /t (tmpfs)');
    expect(found.facts.image?.shells).toContain('/bin/sh');
    expect(found.facts.image?.bytes).toBeGreaterThan(1_000_000);
    const costs = found.items.reduce((sum, { cost }) => sum + cost, 0);
    expect(found.score).toBe(100 - costs);
    expect(found.arithmetic).toMatch(/^100 - 15 \(user\) - 2 \(packages\).* = \d+: [DF]\./);
  });

  test('of one that is read-only and without rights fails nothing but its image', async () => {
    await using web = await startContainer({ options: HARDENED });
    const found = await audit(web.id);
    expect(failed(found)).toEqual(['packages', 'shells']);
    expect(found).toMatchObject({ grade: 'A', score: 97 });
    expect(item(found, 'capabilities')?.detail).toBe('none in force');
    const { writable } = found.facts;
    expect(writable.filter(({ executable, rootOnly }) => executable && !rootOnly)).toEqual([]);
    expect(writable.find(({ path }) => path === '/tmp')).toMatchObject({ executable: false });
  });

  test('of root in a read-only one names the place that root can use', async () => {
    await using web = await startContainer({ options: ['--read-only'] });
    const found = await audit(web.id);
    expect(item(found, 'writable-executable')).toMatchObject({
      status: 'noted',
      detail: 'only root can write there: /dev',
    });
  });

  test('of a privileged one is an F at 0', async () => {
    // Not started: a machine without every capability cannot hand them all over.
    await using web = await startContainer({ start: false, options: ['--privileged'] });
    const found = await audit(web.id);
    expect(found).toMatchObject({ grade: 'F', score: 0 });
    const expected = ['privileged', 'capabilities', 'seccomp', 'devices'];
    expect(failed(found)).toEqual(expect.arrayContaining(expected));
  });

  test('names a dangerous capability that is in force', async () => {
    await using web = await startContainer({ options: ['--cap-drop', 'ALL', '--cap-add', 'SYS_ADMIN'] });
    expect(item(await audit(web.id), 'capabilities')).toMatchObject({
      status: 'failed',
      cost: 30,
      detail: 'SYS_ADMIN in force or within reach',
    });
  });

  test('sees what a process is beside the configuration', async () => {
    await using web = await startContainer({ options: HARDENED });
    await docker('exec', '-d', '--user', '0', web.id, 'sleep', '1000');
    await expect.poll(async () => failed(await audit(web.id))).toContain('user');
  });

  test('counts a bounding set that a setuid program could use', async () => {
    await using web = await startContainer({ options: ['--user', '33'] });
    expect(item(await audit(web.id), 'capabilities')).toMatchObject({ status: 'failed', cost: 5 });
    await using safe = await startContainer({
      options: ['--user', '33', '--security-opt', 'no-new-privileges'],
    });
    expect(item(await audit(safe.id), 'capabilities')).toMatchObject({ status: 'ok' });
  });

  test("names what is the host's", async () => {
    await using other = await startContainer({ options: ['--network', 'host'] });
    await using joined = await startContainer({ options: ['--network', `container:${other.name}`] });
    expect(failed(await audit(joined.id))).toContain('host-network');
    await using web = await startContainer({
      options: [
        ...['--network', 'host', '--pid', 'host', '--ipc', 'host', '--uts', 'host'],
        ...['--device', '/dev/null:/dev/x', '--security-opt', 'seccomp=unconfined'],
      ],
    });
    const found = await audit(web.id);
    const expected = ['host-network', 'host-pid', 'host-ipc', 'host-uts', 'devices', 'seccomp'];
    expect(failed(found)).toEqual(expect.arrayContaining(expected));
    expect(found.facts.sharedNamespaces).toEqual(expect.arrayContaining(['net', 'pid', 'ipc', 'uts']));
  });

  test("finds the engine's socket in a mounted folder and under another name", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pristine-audit-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const server = createServer().listen(join(folder, 'e.sock'));
    onTestFinished(() => void server.close());
    await symlink(join(folder, 'e.sock'), join(folder, 'link'));
    await using web = await startContainer({
      options: ['-v', `${folder}:/mnt`, '-v', `${folder}/link:/other`],
    });
    const asked = { ...engine.info, endpoint: `unix://${folder}/link` };
    const found = await audit(web.id, { engine: asked });
    expect(found.facts.engineSockets.toSorted()).toEqual(['/mnt/e.sock', '/other']);
    expect(found).toMatchObject({ grade: 'F', score: 0 });
  });

  test('notes services of the host that listen on other than loopback addresses', async () => {
    const open = createServer().listen(0, '0.0.0.0');
    const closed = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void open.close());
    onTestFinished(() => void closed.close());
    const portOf = (server: typeof open) => (server.address() as { port: number }).port;
    await using bridged = await startContainer({ options: ['--network', 'bridge'] });
    await using alone = await startContainer();
    const ports = (await audit(bridged.id)).facts.hostServices?.map(({ port }) => port);
    expect(ports).toContain(portOf(open));
    expect(ports).not.toContain(portOf(closed));
    expect((await audit(alone.id)).facts.hostServices).toEqual([]);
  });

  test('of one that does not run takes configuration and image, and says so', async () => {
    const options = ['-v', '/data', '--tmpfs', '/t', '--uts', 'host', '--ipc', 'host', '--pid', 'host'];
    await using web = await startContainer({ start: false, options });
    const found = await audit(web.id);
    expect(failed(found)).toEqual(expect.arrayContaining(['host-uts', 'host-ipc', 'host-pid']));
    expect(found.facts).toMatchObject({ processes: null, sharedNamespaces: null });
    expect(found.facts.image?.shells).toContain('/bin/sh');
    expect(found.facts.unknown.map(({ because }) => because)).toContain('it does not run');
    expect(item(found, 'writable-executable')?.status).toBe('unknown');
    expect(item(found, 'sshd')?.status).toBe('unknown');
    expect(found.facts.writable.find(({ path }) => path === '/t')).toMatchObject({ executable: false });
  });

  test('takes nothing for ok that a remote engine does not show', async () => {
    await using web = await startContainer({ options: HARDENED });
    const details = { ...(await engine.inspect(web.id)), overlay: null };
    const options = { engine: engine.info, local: false, watchSeconds: null };
    const [found] = await auditContainers([details], options);
    const status = (id: string) => found?.items.find((each) => each.id === id)?.status;
    const ids = ['packages', 'setuid', 'shells', 'sshd', 'host-services'];
    expect(ids.map(status)).toEqual(ids.map(() => 'unknown'));
    expect(found?.facts).toMatchObject({ image: null, processes: null, hostServices: null });
  });

  test('watches what of the image is opened', async () => {
    await using draft = await startContainer();
    await draft.sh('mkdir /srv; for n in read unread; do head -c 100000 /dev/zero >/srv/$n; done');
    const image = await docker('commit', draft.id);
    onTestFinished(async () => void (await docker('image', 'rm', '-f', image)));
    await using web = await startContainer({ image });
    const looking = audit(web.id, { watchSeconds: 1.5 });
    await setTimeout(700);
    await web.sh('cat /srv/read >/dev/null');
    const { watched, image: facts } = (await looking).facts;
    expect(watched?.largest[0]).toEqual({ path: '/srv', files: 1, bytes: 100_000 });
    // What runs has been opened before.
    expect(watched?.opened.bytes).toBeGreaterThan(1_000_000);
    expect((watched?.opened.files ?? 0) + (watched?.neverOpened.files ?? 0)).toBe(facts?.files);
  });
});
