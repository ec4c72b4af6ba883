import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Attempts, alive, enforcersOf, targetOf, timeUntil } from '../../test/support/enforcer.ts';
import { docker, startContainer, type TestContainer } from '../../test/support/engine.ts';
import { run } from '../host/index.ts';
import { packageRoot } from '../kernel/index.ts';
import { closeDescriptor } from '../linux/index.ts';
import { createEnforcer } from './enforcer.ts';
import type { EnforcementEvent, Enforcer } from './port.ts';

/** Whoever waits for an answer waits no longer, whatever happens. */
const BOUND_MS = 2000;
const REFUSED = '126';
const ALLOWED = '0';

let container: TestContainer;
let attempts: Attempts;
beforeAll(async () => {
  // As bin/pristine has it, so that the processes start as fast as there.
  process.env.NODE_COMPILE_CACHE ??= join(packageRoot, 'node_modules/.cache/pristine');
  container = await startContainer();
  attempts = await Attempts.start(container);
});
afterAll(async () => {
  await attempts[Symbol.asyncDispose]();
  await container[Symbol.asyncDispose]();
});

describe('an enforcer', () => {
  let enforcer: Enforcer;
  let events: EnforcementEvent[];
  const lapses = () => events.flatMap((event) => (event.type === 'lapse' ? [event] : []));
  const pid = () => enforcersOf(process.pid)[0] ?? 0;

  beforeEach(async () => {
    enforcer = await createEnforcer();
    events = [];
    void (async () => {
      for await (const event of enforcer.events()) events.push(event);
    })();
  });
  afterEach(async () => {
    await enforcer.close();
    expect(enforcersOf(process.pid)).toEqual([]);
  });

  test('that is killed lets those who wait go on at once, is replaced, and tells for how long', async () => {
    await enforcer.protect(await targetOf(container));
    expect(await attempts.run()).toBe(REFUSED);

    process.kill(pid(), 'SIGSTOP');
    const waiting = attempts.run();
    expect(await Promise.race([waiting, delay(200)])).toBe(undefined);
    const killed = { at: Date.now(), clock: performance.now() };
    process.kill(pid(), 'SIGKILL');
    expect(await waiting).toBe(ALLOWED);
    const released = performance.now() - killed.clock;
    const replaced = await timeUntil(() => lapses().length > 0);
    console.log(
      `killed: released after ${released.toFixed(0)} ms, armed again after ${replaced.toFixed(0)} ms more`,
    );
    expect(released).toBeLessThan(250);
    expect(await attempts.run()).toBe(REFUSED);
    expect(lapses()).toMatchObject([{ containerId: null, reason: 'the enforcer was ended by SIGKILL' }]);
    expect(lapses()[0]?.from).toBeLessThanOrEqual(killed.at);
    expect(lapses()[0]?.to).toBeGreaterThan(killed.at);
  });

  test('that is stopped is killed by its watchdog in time, which is told', async () => {
    await enforcer.protect(await targetOf(container));
    const stopped = { at: Date.now(), clock: performance.now() };
    process.kill(pid(), 'SIGSTOP');
    expect(await attempts.run()).toBe(ALLOWED);
    const released = performance.now() - stopped.clock;
    const replaced = await timeUntil(() => lapses().length > 0);
    console.log(
      `stopped: released after ${released.toFixed(0)} ms, armed again after ${replaced.toFixed(0)} ms more`,
    );
    expect(released).toBeLessThan(BOUND_MS);
    expect(lapses()).toMatchObject([{ containerId: null, reason: expect.stringContaining('watchdog') }]);
    expect(lapses()[0]?.from).toBeLessThanOrEqual(stopped.at);
    expect(await attempts.run()).toBe(REFUSED);
  });

  test('answers while its guard is blocked', async () => {
    await enforcer.protect(await targetOf(container));
    expect(await attempts.run()).toBe(REFUSED);
    // Clocks of a container are the host's; busybox tells them in 1/100 s.
    const loop = `sleep 0.5; i=0; while [ $i -lt 20 ]; do cat /proc/uptime; /tmp/true; echo $?; i=$((i+1)); done`;
    const inside = docker('exec', container.id, 'sh', '-c', `(${loop}) 2>/dev/null`);
    const uptime = () => Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
    const begin = uptime();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
    const end = uptime();
    const lines = (await inside).split('\n');
    const times = lines.filter((_, index) => index % 2 === 0).map((line) => Number(line.split(' ')[0]));
    expect(new Set(lines.filter((_, index) => index % 2 === 1))).toEqual(new Set([REFUSED]));
    expect(times).toHaveLength(20);
    expect(times[0]).toBeGreaterThan(begin);
    expect(times.at(-1)).toBeLessThan(end);
    console.log(
      `blocked guard: 20 answers in ${(1000 * ((times.at(-1) ?? 0) - (times[0] ?? 0))).toFixed(0)} ms`,
    );
    await timeUntil(() => events.some(({ type }) => type === 'denied'));
    expect(lapses()).toEqual([]);
  });

  test('hands over a denied file, and not after it was released', async () => {
    await enforcer.protect(await targetOf(container));
    await container.sh('cp /bin/busybox /tmp/gone');
    await run('docker', ['exec', container.id, '/tmp/gone']);
    await container.sh('rm /tmp/gone');
    await timeUntil(() => events.some(({ type }) => type === 'denied'));
    const denied = events.find((event) => event.type === 'denied');
    const fd = denied?.type === 'denied' ? (denied.file?.open() ?? -1) : -1;
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')).toContain('pos:');
    const before = readdirSync(`/proc/${pid()}/fd`).length;
    expect(readFileSync(fd).subarray(1, 4).toString()).toBe('ELF');
    closeDescriptor(fd);
    if (denied?.type === 'denied') denied.file?.release();
    if (denied?.type === 'denied') expect(denied.file?.open()).toBe(null);
    await timeUntil(() => readdirSync(`/proc/${pid()}/fd`).length < before);
  });

  test('that cannot be started again is told with each try, until it can', async () => {
    const { execPath } = process;
    const first = pid();
    process.execPath = '/nonexistent/node';
    process.kill(first, 'SIGKILL');
    await timeUntil(() => lapses().length >= 2).finally(() => {
      process.execPath = execPath;
    });
    await timeUntil(() => pid() !== 0);
    const told = await timeUntil(() => lapses().length >= 3).then(lapses);
    expect(told.slice(0, 2).map(({ reason }) => reason)).toEqual([
      'the enforcer was ended by SIGKILL',
      'the enforcer could not be started: spawn /nonexistent/node ENOENT',
    ]);
    // Without a hole between them.
    expect(told[1]?.from).toBeGreaterThanOrEqual(told[0]?.to ?? 0);
    expect((told[1]?.from ?? 0) - (told[0]?.to ?? 0)).toBeLessThan(50);
  });

  test('ends soon, and twice is as good as once', async () => {
    const before = pid();
    const started = performance.now();
    await enforcer.close();
    expect(performance.now() - started).toBeLessThan(1000);
    expect(alive(before)).toBe(false);
    await enforcer.close();
    await expect(enforcer.release('x')).rejects.toThrow('closed');
  });

  test('ends also when it is stopped', async () => {
    process.kill(pid(), 'SIGSTOP');
    const started = performance.now();
    await enforcer.close();
    expect(performance.now() - started).toBeLessThan(1500);
    expect(lapses()).toEqual([]);
  });
});

/** A guard of its own with an enforcer that protects the container, in a process group of its own. */
async function startGuard(then: string): Promise<ChildProcess & { pid: number }> {
  const script = `
    import { createEnforcer } from ${JSON.stringify(join(import.meta.dirname, 'enforcer.ts'))};
    const enforcer = await createEnforcer();
    (async () => { for await (const event of enforcer.events()) void event; })();
    await enforcer.protect(${JSON.stringify(await targetOf(container))});
    ${then}
    process.stdout.write('ready');
  `;
  const guard = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(guard, 'exit').then(() =>
    Promise.reject(new Error('the guard ended before it was ready')),
  );
  await Promise.race([once(guard.stdout as NonNullable<ChildProcess['stdout']>, 'data'), ended]);
  ended.catch(() => {});
  return guard as typeof guard & { pid: number };
}

describe('with the end of the guard ends the enforcer', () => {
  test.each([
    ['by SIGKILL', '', 'SIGKILL'],
    ['by SIGTERM', '', 'SIGTERM'],
    ['by process.exit', "process.stdin.on('data', () => process.exit(0));", null],
    [
      'by an error that nobody catches',
      "process.stdin.on('data', () => { throw new Error('over'); });",
      null,
    ],
    [
      'by close',
      "process.stdin.on('data', () => enforcer.close().then(() => process.stdin.destroy()));",
      null,
    ],
  ] as const)('%s', async (how, then, signal) => {
    const guard = await startGuard(then);
    const [enforcer] = enforcersOf(guard.pid);
    expect(await attempts.run()).toBe(REFUSED);

    const ended = once(guard, 'exit').then(() => performance.now());
    const started = performance.now();
    if (signal === null) guard.stdin?.write('now');
    else guard.kill(signal);
    const enforcerTook = await timeUntil(() => !alive(enforcer ?? 0));
    const guardTook = (await ended) - started;
    console.log(
      `${how}: guard gone after ${guardTook.toFixed(0)} ms, enforcer after ${enforcerTook.toFixed(0)} ms`,
    );
    expect(guardTook).toBeLessThan(1000);
    expect(enforcerTook).toBeLessThan(1000);
    expect(await attempts.run()).toBe(ALLOWED);
  });
});

test('what a terminal and a service manager send to everybody is for the guard alone', async () => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  const guard = await startGuard(
    signals.map((signal) => `process.on('${signal}', () => process.stdout.write('${signal}'));`).join(''),
  );
  const [enforcer] = enforcersOf(guard.pid);
  for (const signal of [...signals, 'SIGTSTP', 'SIGUSR1'] as const) {
    if (signal !== 'SIGUSR1') process.kill(-guard.pid, signal);
    else process.kill(enforcer ?? 0, signal);
    expect(await attempts.run()).toBe(REFUSED);
  }
  // Now the guard is stopped, as by Ctrl-Z, and the enforcer goes on for longer than its watchdog's time.
  await delay(BOUND_MS);
  expect(await attempts.run()).toBe(REFUSED);
  expect(enforcersOf(guard.pid)).toEqual([enforcer]);
  process.kill(-guard.pid, 'SIGKILL');
  await timeUntil(() => !alive(enforcer ?? 0));
});

test.runIf(process.getuid?.() === 0)('without root there is none, and the error says so', async () => {
  const script = `
    import { createEnforcer } from ${JSON.stringify(join(import.meta.dirname, 'enforcer.ts'))};
    await createEnforcer().catch((error) => console.log(error.code, error.message));
  `;
  const args = ['--reuid', '65534', '--clear-groups', process.execPath, '--input-type=module', '-e', script];
  expect((await run('setpriv', args)).stdout).toMatch(/^E_NEEDS_ROOT .*EPERM/);
});
