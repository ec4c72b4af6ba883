/** What is done when a replacement cannot be had, or is needed again and again. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Incident } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';
import { docker, testLabel } from './support/engine.ts';
import { startEngineProxy } from './support/engine-proxy.ts';
import {
  ATTACK,
  BALLAST,
  eventually,
  expectEvidence,
  expectWon,
  type Fight,
  startFight,
} from './support/fight.ts';

/** Runs as long as nobody has taken a file from its volume. */
const NEEDS_VOLUME = ['sh', '-c', '[ -e /data/ok ] || exit 3; trap exit TERM; while :; do sleep 1; done'];

/** A volume with what {@link NEEDS_VOLUME} needs; removed at the end of the scope. */
async function volume(): Promise<AsyncDisposable & { readonly name: string; mend(): Promise<void> }> {
  const name = `pristine-test-${randomBytes(4).toString('hex')}`;
  await docker('volume', 'create', '--label', testLabel(), name);
  const mend = async () => {
    const options = ['--rm', '--network', 'none', '-v', `${name}:/data`];
    await docker('run', ...options, 'pristine-test-busybox:1', 'touch', '/data/ok');
  };
  await mend();
  return {
    name,
    mend,
    [Symbol.asyncDispose]: async () => void (await run('docker', ['volume', 'rm', '-f', name])),
  };
}

const statusOf = (container: string) => docker('inspect', '-f', '{{.State.Status}}', container);
const incidentOf = async ({ pristine }: Fight) => (await pristine<Incident[]>('incidents'))[0] as Incident;

/** The suspect has its name, and its evidence is sealed. */
async function expectKept(fight: Fight, status: 'paused' | 'running' | 'exited'): Promise<Incident> {
  const { suspect } = fight;
  await eventually(async () => (await incidentOf(fight)).bundles.length === 1);
  const incident = await incidentOf(fight);
  await expectEvidence(fight, incident);
  // Between two attempts: nothing of a replacement is left.
  await eventually(async () => (await fight.present()).join() === `${suspect.name} ${status}`);
  expect(await statusOf(suspect.id)).toBe(status);
  return incident;
}

describe('a replacement that does not become healthy', () => {
  test.each(['freeze-first', 'capture-first'])(
    'keep-frozen, %s: tried again until it can live',
    async (order) => {
      await using data = await volume();
      await using fight = await startFight({
        command: NEEDS_VOLUME,
        options: ['-v', `${data.name}:/data`, '--label', `pristine.order=${order}`],
        policy: { recovery: { attempts: 1 } },
      });
      await fight.suspect.sh(`rm /data/ok; ${ATTACK}`);
      const problem = await fight.guard.waitFor('problem', ({ code }) => code === 'E_UNHEALTHY');
      expect(problem).toMatchObject({
        code: 'E_UNHEALTHY',
        message: expect.stringContaining('ended with code 3'),
      });
      await expectKept(fight, order === 'freeze-first' ? 'paused' : 'exited');
      await data.mend();
      await expectWon(fight, { problems: ['E_UNHEALTHY'] });
    },
  );

  test.each([
    ['thaw', 'freeze-first'],
    ['thaw', 'capture-first'],
    ['lock', 'freeze-first'],
  ])('%s, %s: the suspect serves again, and a person can try again', async (onFailure, order) => {
    await using data = await volume();
    await using fight = await startFight({
      command: ['sh', '-c', 'trap exit TERM; while :; do sleep 1; done'],
      options: [
        ...['-v', `${data.name}:/data`, '--network', 'bridge', '--restart', 'always'],
        ...['--health-cmd', '[ -e /data/ok ]', '--health-interval', '1s', '--health-retries', '3'],
        ...['--label', `pristine.order=${order}`, '--label', `pristine.on-failure=${onFailure}`],
      ],
      policy: { recovery: { attempts: 1 } },
    });
    const { suspect, guard } = fight;
    await suspect.sh(`rm /data/ok; ${ATTACK}`);
    await guard.waitFor('incident', ({ incident: { error = '' } }) => error.includes('serves again'));
    await expectKept(fight, 'running');
    // It stays so.
    await sleep(3000);
    const look =
      '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}';
    expect(await docker('inspect', '-f', look, suspect.id)).toBe('running always bridge');
    const written = await run('docker', ['exec', suspect.id, 'touch', '/tmp/x']);
    expect(written.code === 0).toBe(onFailure === 'thaw');
    await data.mend();
    expect(await fight.pristine('restore', suspect.name)).toMatchObject({ state: 'healed' });
    expect(await fight.present()).toEqual([`${suspect.name} running`]);
    expect(await statusOf(suspect.name)).toBe('running');
  });

  test('is restarted again and again: given up at once', async () => {
    await using data = await volume();
    await using fight = await startFight({
      command: NEEDS_VOLUME,
      options: ['-v', `${data.name}:/data`, '--restart', 'always'],
      policy: { recovery: { order: 'freeze-first', attempts: 1 } },
    });
    await fight.suspect.sh(`rm /data/ok; ${ATTACK}`);
    const problem = await fight.guard.waitFor('problem', ({ code }) => code === 'E_UNHEALTHY');
    expect(problem).toMatchObject({
      code: 'E_UNHEALTHY',
      message: expect.stringContaining('ends again and again'),
    });
    await expectKept(fight, 'paused');
    await data.mend();
    await expectWon(fight, { problems: ['E_UNHEALTHY'] });
  });
});

describe('a replacement that cannot be made', () => {
  test('as the image is gone', async () => {
    let gone = true;
    await using proxy = await startEngineProxy(
      (method, path) =>
        gone && method === 'POST' && path.includes('/containers/create') ? 'No such image: x' : null,
      404,
    );
    await using fight = await startFight({ env: { DOCKER_HOST: proxy.dockerHost } });
    await fight.suspect.sh(ATTACK);
    await fight.guard.waitFor('problem', ({ code }) => code === 'E_NO_SUCH_IMAGE');
    await expectKept(fight, 'paused');
    gone = false;
    await expectWon(fight, { problems: ['E_NO_SUCH_IMAGE'] });
  });

  test('as somebody has taken the port', async () => {
    await using fight = await startFight({
      options: ['--network', 'bridge', '-p', '127.0.0.1::80'],
      policy: { recovery: { order: 'capture-first' } },
    });
    const port = Number((await docker('port', fight.suspect.id, '80')).split(':').at(-1));
    await fight.suspect.sh(`${BALLAST}; ${ATTACK}`);
    await fight.at('freeze', 'done');
    const thief = createServer().listen(port, '127.0.0.1');
    try {
      await fight.guard.waitFor('problem', ({ code }) => code === 'E_REPLACE');
      await expectKept(fight, 'exited');
    } finally {
      thief.close();
    }
    await expectWon(fight, { problems: ['E_REPLACE'] });
    expect(await docker('port', fight.suspect.name, '80')).toBe(`127.0.0.1:${port}`);
  });
});

describe('a container that is compromised again', () => {
  /** Healed once; the second attack is made. */
  async function attackedTwice(
    given: Parameters<typeof startFight>[0],
  ): Promise<Fight & { second(): Promise<Incident> }> {
    const fight = await startFight(given);
    const { suspect, guard } = fight;
    try {
      await suspect.sh(ATTACK);
      const first = await guard.healed();
      await docker('exec', suspect.name, 'sh', '-c', ATTACK);
      const ended = ({ incident }: { incident: Incident }) =>
        incident.id !== first.id && incident.state === 'healed';
      return { ...fight, second: async () => (await guard.waitFor('incident', ended)).incident };
    } catch (error) {
      await fight[Symbol.asyncDispose]();
      throw error;
    }
  }

  test('beyond the budget: it is made read-only and serves on', async () => {
    await using fight = await attackedTwice({ policy: { recovery: { replacementsPerHour: 1 } } });
    const problem = await fight.guard.waitFor('problem', ({ code }) => code === 'E_BUDGET');
    expect(problem.message).toContain('goes on serving, read-only');
    expect(await fight.present()).toEqual([`${fight.suspect.name} running`]);
    expect((await run('docker', ['exec', fight.suspect.name, 'touch', '/tmp/x'])).stderr).toMatch(
      /read-only/i,
    );
    // A person may.
    expect(await fight.pristine('restore', fight.suspect.name)).toMatchObject({ state: 'healed' });
    expect(await docker('exec', fight.suspect.name, 'touch', '/tmp/x')).toBe('');
  });

  test('the next one is read-only, but for some folders', async () => {
    await using fight = await attackedTwice({
      policy: { recovery: { readOnlyAfter: 1, writable: ['/tmp'] } },
    });
    const { replacement } = await fight.second();
    expect(await docker('inspect', '-f', '{{.HostConfig.ReadonlyRootfs}}', replacement?.id ?? '')).toBe(
      'true',
    );
    const tried = await run('docker', ['exec', fight.suspect.name, 'sh', '-c', 'touch /tmp/x && touch /x']);
    expect(tried.stderr).toContain('/x: Read-only file system');
  });

  test('where it cannot live read-only, the next attempt is writable again', async () => {
    await using fight = await attackedTwice({
      command: ['sh', '-c', 'echo on > /var/log/state || exit 4; trap exit TERM; while :; do sleep 1; done'],
      policy: { allow: ['/var/log/state'], recovery: { readOnlyAfter: 1 } },
    });
    const { replacement } = await fight.second();
    expect(await docker('inspect', '-f', '{{.HostConfig.ReadonlyRootfs}}', replacement?.id ?? '')).toBe(
      'false',
    );
    const refused = fight.guard.events.filter(
      (event) => event.type === 'problem' && event.code === 'E_UNHEALTHY',
    );
    expect(refused).toHaveLength(1);
  });

  test('it stays off the network, until a person restores it', async () => {
    await using fight = await attackedTwice({
      options: ['--network', 'bridge'],
      policy: { recovery: { offlineAfter: 1 } },
    });
    await fight.guard.waitFor('problem', ({ code }) => code === 'E_OFFLINE');
    const look = '{{.State.Status}} {{json .NetworkSettings.Networks}}';
    expect(await docker('inspect', '-f', look, fight.suspect.name)).toBe('paused {}');
    expect(await fight.pristine('restore', fight.suspect.name)).toMatchObject({ state: 'healed' });
    expect(await docker('inspect', '-f', look, fight.suspect.name)).toMatch(/^running \{"bridge"/);
    expect(await fight.present()).toEqual([`${fight.suspect.name} running`]);
  });
});

describe('a suspect that is kept', () => {
  test('is removed in time', async () => {
    await using fight = await startFight({ options: ['--label', 'pristine.keep-suspect=5s'] });
    await fight.suspect.sh(ATTACK);
    await expectWon(fight, { kept: true });
    const gone = await fight.guard.waitFor(
      'step',
      ({ step, phase }) => step === 'remove' && phase === 'done',
    );
    expect(gone.text).toBe('the suspect that was kept is gone');
    expect(await fight.present()).toEqual([`${fight.suspect.name} running`]);
    expect((await incidentOf(fight)).suspect).toBeNull();
  });

  test('of a restore by hand does not wake, and is removed by "pristine discard"', async () => {
    await using fight = await startFight({ options: ['--label', 'pristine.keep-suspect=1h'] });
    const { id } = await fight.pristine<Incident>('restore', fight.suspect.name);
    // The guard has heard of it by its next tick.
    await sleep(11_000);
    await docker('unpause', fight.suspect.id);
    await eventually(async () => (await statusOf(fight.suspect.id)) === 'paused');
    expect(await fight.pristine('discard', id)).toMatchObject({ suspect: null });
    expect(await fight.present()).toEqual([`${fight.suspect.name} running`]);
  });
});

test('evidence that does not verify keeps the suspect, until a person forces it', async () => {
  await using fight = await startFight();
  // What was kept of the image beforehand goes into every bundle.
  damage(join(fight.state, 'blobs/sha256'));
  await fight.suspect.sh(ATTACK);
  await fight.guard.waitFor('problem', ({ code }) => code === 'E_EVIDENCE_INVALID');
  expect(await statusOf(fight.suspect.id)).toBe('paused');
  expect(await statusOf(fight.suspect.name)).toBe('running');
  const refused = await run(join(packageRoot, 'bin/pristine'), ['restore', fight.suspect.name], {
    env: { PRISTINE_STATE: fight.state },
  });
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('does not verify') });
  expect(await fight.pristine('restore', '--force', fight.suspect.name)).toMatchObject({ state: 'healed' });
  expect(await fight.present()).toEqual([`${fight.suspect.name} running`]);
});

/** Changes a byte in the middle of the largest file, which is the image's layer. */
function damage(folder: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const [largest = ''] = files.sort((a, b) => statSync(b).size - statSync(a).size);
  const bytes = readFileSync(largest);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(largest, bytes);
}
