import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alive, recordedEnforcer, timeUntil } from '../../test/support/enforcer.ts';
import { BUSYBOX, docker, startContainer } from '../../test/support/engine.ts';
import { run } from '../host/index.ts';
import type { EnforcementEvent, Enforcer, LayerTarget } from './port.ts';

/** An engine of this file's own, which it may end and start as it likes: it has no network. */
class OwnEngine implements AsyncDisposable {
  readonly #folder = mkdtempSync('/var/tmp/pristine-test-engine-');
  #daemon: ChildProcess | null = null;

  get endpoint(): string {
    return `unix://${this.#folder}/socket`;
  }

  docker(...args: string[]): ReturnType<typeof run> {
    return run('docker', ['-H', this.endpoint, ...args]);
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    const places = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
    const alone = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];
    this.#daemon = spawn('dockerd', ['-H', this.endpoint, ...places, ...alone], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 200; tries++) {
      if ((await this.docker('info')).code === 0) return;
      await delay(100);
    }
    throw new Error('the engine does not start');
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#daemon === null) return;
    const ended = once(this.#daemon, 'exit');
    this.#daemon.kill(signal);
    await ended;
    this.#daemon = null;
    if (signal === 'SIGTERM') return;
    // Its containerd ends with it, and leaves files for which a new one would wait.
    const containerd = join(this.#folder, 'exec/containerd');
    const pidFile = join(containerd, 'containerd.pid');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await timeUntil(() => !alive(pid));
    const leftover = readdirSync(containerd).filter((name) => name.startsWith('containerd.sock'));
    for (const file of [
      pidFile,
      join(this.#folder, 'pid'),
      ...leftover.map((name) => join(containerd, name)),
    ])
      rmSync(file, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ids = (await this.docker('ps', '-aq')).stdout.split('\n').filter(Boolean);
    await this.docker('rm', '-f', '-v', ...ids);
    await this.end('SIGTERM');
    // It binds its data over itself, and leaves that so.
    await run('umount', [join(this.#folder, 'data')]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const hasDaemon = (await run('sh', ['-c', 'command -v dockerd'])).code === 0;

let enforcer: Enforcer;
let events: EnforcementEvent[];
beforeEach(async () => {
  ({ enforcer, events } = await recordedEnforcer());
});
afterEach(() => enforcer.close());

const QUITS = 'trap exit TERM; while :; do sleep 0.05; [ -e /quit ] && exit; done';

test.runIf(hasDaemon)('a layer that is held outlives its engine, however both end', async () => {
  await using engine = new OwnEngine();
  await engine.start();
  await run('sh', ['-c', `docker save ${BUSYBOX} | docker -H "$0" load`, engine.endpoint]);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const options of [[], ['--rm']]) {
      for (const isDead of [false, true]) await outlives(engine, signal, options, isDead);
    }
  }
});

async function outlives(
  engine: OwnEngine,
  signal: 'SIGTERM' | 'SIGKILL',
  options: readonly string[],
  isDead: boolean,
): Promise<void> {
  const made = await engine.docker(
    ...['run', '-d', '--network', 'none', '-v', '/anonymous', ...options, BUSYBOX, 'sh', '-c'],
    `echo evil > /evil; ${QUITS}`,
  );
  expect(made).toMatchObject({ code: 0 });
  const id = made.stdout.trim();
  const inspect = async (format: string) => (await engine.docker('inspect', '-f', format, id)).stdout.trim();
  const upper = await inspect('{{.GraphDriver.Data.UpperDir}}');
  const volume = await inspect('{{(index .Mounts 0).Name}}');
  await timeUntil(() => existsSync(join(upper, 'evil')));
  await enforcer.holdLayer({ id, name: 'suspect', upper });
  if (isDead) expect((await engine.docker('rm', '-f', '-v', id)).code).toBe(1);
  await engine.end(signal);
  await engine.start();
  await delay(300);

  const which = `${signal} ${options} ${isDead}`;
  expect(readdirSync(upper), which).toContain('evil');
  expect((await engine.docker('rm', '-f', '-v', id)).code, which).toBe(1);
  expect(await inspect('{{.State.Status}} {{.GraphDriver.Data.UpperDir}}'), which).toBe(`dead ${upper}`);
  expect((await engine.docker('diff', id)).stdout, which).toContain('A /evil');
  expect((await engine.docker('volume', 'inspect', volume)).code, which).toBe(0);
  expect((await engine.docker('rename', id, `was-${id.slice(0, 12)}`)).code, which).toBe(0);

  await enforcer.releaseLayer(id);
  expect((await engine.docker('rm', '-f', '-v', id)).code, which).toBe(0);
  expect(existsSync(dirname(upper)), which).toBe(false);
}

test('of fifty containers that write and end in the same breath, each layer is there to be looked at', async () => {
  const times: number[] = [];
  for (let n = 0; n < 50; n++) {
    await using container = await startContainer({ options: ['--rm'], command: ['sh', '-c', QUITS] });
    const layer: LayerTarget = {
      id: container.id,
      name: container.name,
      upper: await docker('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', container.id),
    };
    const looked = Promise.withResolvers<string[]>();
    await enforcer.watchLayer(layer, async () => {
      const seen = readdirSync(layer.upper);
      looked.resolve(seen);
      return n % 2 === 0;
    });
    const started = performance.now();
    await run('docker', [
      'exec',
      container.id,
      'sh',
      '-c',
      'echo evil > /evil; while kill 1; do sleep 0.1; done',
    ]);
    expect(await looked.promise).toContain('evil');
    times.push(performance.now() - started);
    if (n % 2 === 0) {
      await delay(100);
      expect(readdirSync(layer.upper)).toContain('evil');
    } else await timeUntil(() => !existsSync(layer.upper));
    await enforcer.releaseLayer(container.id);
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  console.log(`50 of 50 layers looked at, ${median.toFixed(0)} ms (median) after "echo evil; kill 1"`);
  expect(events.filter(({ type }) => type === 'lapse')).toEqual([]);
});

test('a look that never ends is over after half a minute, which is told', async () => {
  await using container = await startContainer();
  const upper = await docker('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', container.id);
  await enforcer.watchLayer({ id: container.id, name: container.name, upper }, () => new Promise(() => {}));
  const started = performance.now();
  expect((await run('docker', ['rm', '-f', container.id])).code).toBe(0);
  const took = performance.now() - started;
  expect(took).toBeGreaterThan(29_500);
  expect(took).toBeLessThan(32_000);
  await timeUntil(() => events.some(({ type }) => type === 'lapse'));
});
