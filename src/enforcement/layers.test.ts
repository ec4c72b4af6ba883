import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { enforcersOf, recordedEnforcer, timeUntil } from '../../test/support/enforcer.ts';
import { BUSYBOX, docker, startContainer, type TestContainer, testLabel } from '../../test/support/engine.ts';
import { run } from '../host/index.ts';
import type { EnforcementEvent, Enforcer, LayerTarget } from './port.ts';

let enforcer: Enforcer;
let events: EnforcementEvent[];
const lapses = () => events.flatMap((event) => (event.type === 'lapse' ? [event] : []));
const refusals = () => events.filter(({ type }) => type === 'removal-refused').length;

beforeEach(async () => {
  ({ enforcer, events } = await recordedEnforcer());
});
afterEach(() => enforcer.close());

async function layerOf({ id, name }: { id: string; name: string }): Promise<LayerTarget> {
  return { id, name, upper: await docker('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', id) };
}

const statusOf = (id: string) => docker('inspect', '-f', '{{.State.Status}}', id);
const volumeOf = (id: string) => docker('inspect', '-f', '{{(index .Mounts 0).Name}}', id);

async function removal(...args: string[]): Promise<{ code: number | null; stderr: string; ms: number }> {
  const started = performance.now();
  const { code, stderr } = await run('docker', ['rm', ...args]);
  return { code, stderr, ms: performance.now() - started };
}

/** What a removal takes away, as it is on disk: whether it is all there. */
function expectWhole(upper: string, file: string): void {
  const folder = dirname(upper);
  expect(readdirSync(upper)).toContain(file);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['diff', 'link', 'lower', 'work']));
  expect(existsSync(join(folder, '../l', readFileSync(join(folder, 'link'), 'utf8')))).toBe(true);
}

describe('a layer that is held', () => {
  test('outlives docker rm -f with its volumes, log and configuration, under a name that can be changed', async () => {
    await using container = await startContainer({ options: ['-v', '/anonymous'] });
    const layer = await layerOf(container);
    const [volume, log] = [
      await volumeOf(container.id),
      await docker('inspect', '-f', '{{.LogPath}}', container.id),
    ];
    await container.sh('echo evil > /evil; echo data > /anonymous/data');
    await enforcer.holdLayer(layer);

    const refused = await removal('-f', '-v', container.id);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('operation not permitted') });
    console.log(`docker rm -f of a held layer fails after ${refused.ms.toFixed(0)} ms`);
    expect(await statusOf(container.id)).toBe('dead');
    expectWhole(layer.upper, 'evil');
    expect(existsSync(log)).toBe(true);
    await docker('volume', 'inspect', volume);
    expect(await layerOf(container)).toEqual(layer);
    expect(await docker('diff', container.id)).toContain('A /evil');
    await docker('rename', container.id, `${container.name}-suspect`);
    await using namesake = await startContainer({ start: false, options: [] });
    await docker('rename', namesake.id, container.name);
    await timeUntil(() => refusals() > 0);

    await enforcer.releaseLayer(container.id);
    expect(await removal('-v', container.id)).toMatchObject({ code: 0 });
    expect(existsSync(dirname(layer.upper))).toBe(false);
    await expect(docker('volume', 'inspect', volume)).rejects.toThrow(/no such volume/i);
  });

  test('outlives two removals at once, and all that come after', async () => {
    await using container = await startContainer();
    const layer = await layerOf(container);
    await container.sh('echo evil > /evil');
    await enforcer.holdLayer(layer);
    const both = await Promise.all([removal('-f', container.id), removal('-f', container.id)]);
    expect(both.map(({ code }) => code)).toEqual([1, 1]);
    expect(await removal('-f', container.id)).toMatchObject({ code: 1 });
    expectWhole(layer.upper, 'evil');
    await enforcer.releaseLayer(container.id);
  });

  test('is held again after the enforcer was killed, and only others may remove it from outside', async () => {
    await using container = await startContainer();
    const layer = await layerOf(container);
    await container.sh('echo evil > /evil');
    await enforcer.holdLayer(layer);
    process.kill(enforcersOf(process.pid)[0] ?? 0, 'SIGKILL');
    await timeUntil(() => lapses().length > 0);
    expect(await removal('-f', container.id)).toMatchObject({ code: 1 });
    expectWhole(layer.upper, 'evil');
    // This process is not the engine.
    expect(readdirSync(dirname(layer.upper))).toContain('link');
    await enforcer.releaseLayer(container.id);
  });

  test('must be there', async () => {
    const nowhere = { id: 'x', name: 'web', upper: '/var/empty/nowhere/diff' };
    await expect(enforcer.holdLayer(nowhere)).rejects.toThrow('the layer of web cannot be held');
    await enforcer.releaseLayer('x');
  });
});

/** A container that removes itself when it ends. */
async function startShortLived(): Promise<TestContainer> {
  const container = await startContainer({
    options: ['--rm', '-v', '/anonymous'],
    command: ['sh', '-c', 'trap exit TERM; while :; do sleep 0.05; [ -e /quit ] && exit; done'],
  });
  return container;
}

const isGone = (id: string) => run('docker', ['inspect', id]).then(({ code }) => code !== 0);

describe('a layer whose removal is asked about', () => {
  test('is all there when it is asked, and stays when it is needed: --rm erases no traces', async () => {
    await using container = await startShortLived();
    const layer = await layerOf(container);
    const volume = await volumeOf(container.id);
    let seen: string[] = [];
    await enforcer.watchLayer(layer, async () => {
      if (seen.length > 0) return false;
      seen = readdirSync(layer.upper);
      return seen.includes('evil');
    });
    await container.sh('echo evil > /evil; touch /quit');
    await timeUntil(() => refusals() > 0);
    expect(seen).toContain('evil');
    expectWhole(layer.upper, 'evil');
    await docker('volume', 'inspect', volume);
    await delay(50);
    expect(await statusOf(container.id)).toBe('dead');
    // Once needed it is held, by a new enforcer process too.
    process.kill(enforcersOf(process.pid)[0] ?? 0, 'SIGKILL');
    await timeUntil(() => lapses().length > 0);
    expect(await removal('-f', '-v', container.id)).toMatchObject({ code: 1 });
    await enforcer.releaseLayer(container.id);
    expect(await removal('-v', container.id)).toMatchObject({ code: 0 });
  });

  test('goes when it is not needed, and is asked about for nothing else', async () => {
    const plain: number[] = [];
    const asked: number[] = [];
    let questions = 0;
    for (const watched of [false, true, false, true, false, true]) {
      await using container = await startContainer();
      const layer = await layerOf(container);
      if (watched) {
        await enforcer.watchLayer(layer, async () => {
          questions++;
          return false;
        });
        await docker('stop', '-t', '1', container.id);
        await docker('start', container.id);
        await docker('export', '-o', '/dev/null', container.id).catch(() => {});
        await docker('ps', '-as', '-f', `id=${container.id}`);
        await container.sh('echo x > /x');
        await docker('diff', container.id);
        const image = await docker('commit', '-c', `LABEL ${testLabel()}`, container.id);
        await docker('image', 'rm', image);
        expect(questions).toBe(asked.length);
      }
      await docker('kill', container.id);
      const { code, ms } = await removal(container.id);
      expect(code).toBe(0);
      expect(existsSync(dirname(layer.upper))).toBe(false);
      (watched ? asked : plain).push(ms);
      if (watched) {
        expect(questions).toBe(asked.length);
        await enforcer.releaseLayer(container.id);
      }
    }
    const [without, withQuestion] = [median(plain), median(asked)];
    console.log(`docker rm: ${without.toFixed(0)} ms, asked about ${withQuestion.toFixed(0)} ms`);
    expect(withQuestion).toBeLessThan(without + 100);
    expect(lapses()).toEqual([]);
  });

  test('goes when this process does not run for three seconds, which is told', async () => {
    await using container = await startContainer();
    await enforcer.watchLayer(await layerOf(container), async () => true);
    const script = 'date +%s%N; docker rm -f "$0" >/dev/null; echo $?; date +%s%N';
    const removing = run('sh', ['-c', script, container.id]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4500);
    const [from, code, to] = (await removing).stdout.split('\n').map(Number);
    const ms = ((to ?? 0) - (from ?? 0)) / 1e6;
    console.log(`docker rm with nobody to ask takes ${ms.toFixed(0)} ms`);
    expect(code).toBe(0);
    expect(ms).toBeGreaterThan(2900);
    expect(ms).toBeLessThan(4000);
    await timeUntil(() => lapses().length > 0);
    expect(lapses()).toMatchObject([{ containerId: container.id }]);
    expect(lapses()[0]?.reason).toMatch('nobody said in time');
  });

  test('waits for a look that takes longer', async () => {
    await using container = await startContainer();
    const layer = await layerOf(container);
    await enforcer.watchLayer(layer, () => delay(4000, true));
    const { code, ms } = await removal('-f', container.id);
    expect(code).toBe(1);
    expect(ms).toBeGreaterThan(3900);
    expect(existsSync(layer.upper)).toBe(true);
    await enforcer.releaseLayer(container.id);
  });

  test('goes when whoever is asked fails, which is told', async () => {
    await using container = await startContainer();
    await enforcer.watchLayer(await layerOf(container), () => Promise.reject(new Error('out of order')));
    const { code, ms } = await removal('-f', container.id);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2500);
    await timeUntil(() => lapses().length > 0);
    expect(lapses()[0]?.reason).toContain('out of order');
  });

  test('stays when it is held while the engine waits for the answer, and the engine goes on working', async () => {
    await using container = await startContainer();
    const layer = await layerOf(container);
    const asked = Promise.withResolvers<void>();
    await enforcer.watchLayer(layer, () => {
      asked.resolve();
      return new Promise(() => {});
    });
    const removing = removal('-f', container.id);
    await asked.promise;
    const started = performance.now();
    await docker('run', '--rm', '--network', 'none', '--label', testLabel(), BUSYBOX, 'true');
    expect(await statusOf(container.id)).toBe('removing');
    console.log(
      `meanwhile docker run and inspect take ${(performance.now() - started).toFixed(0)} ms together`,
    );
    await enforcer.holdLayer(layer);
    expect(await removing).toMatchObject({ code: 1 });
    expect(existsSync(layer.upper)).toBe(true);
    await enforcer.releaseLayer(container.id);
  });

  test('goes at once when it is released meanwhile', async () => {
    await using container = await startContainer();
    const asked = Promise.withResolvers<void>();
    await enforcer.watchLayer(await layerOf(container), () => {
      asked.resolve();
      return new Promise(() => {});
    });
    const removing = removal('-f', container.id);
    await asked.promise;
    await enforcer.releaseLayer(container.id);
    const { code, ms } = await removing;
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2500);
    expect(lapses()).toEqual([]);
  });

  test('goes at once when the enforcer is killed meanwhile', async () => {
    await using container = await startShortLived();
    const asked = Promise.withResolvers<void>();
    await enforcer.watchLayer(await layerOf(container), () => {
      asked.resolve();
      return new Promise(() => {});
    });
    await container.sh('touch /quit');
    await asked.promise;
    const killed = performance.now();
    process.kill(enforcersOf(process.pid)[0] ?? 0, 'SIGKILL');
    while (!(await isGone(container.id))) await delay(20);
    expect(performance.now() - killed).toBeLessThan(1500);
    await timeUntil(() => lapses().length > 0);
    expect(lapses()).toMatchObject([{ containerId: null, reason: 'the enforcer was ended by SIGKILL' }]);
  });
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
