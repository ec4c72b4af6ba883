import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Finding, GuardEvent, Notification, NotifyConfig } from '../contract/index.ts';
import { type Clock, createLogger, type PristineError, systemClock } from '../kernel/index.ts';
import { openSqliteStore, type Store } from '../store/index.ts';
import { type Notifier, startNotifier } from './index.ts';
import { HOSTILE } from './test-support/message.ts';
import { type Receiver, startReceiver } from './test-support/receiver.ts';

const AT = '2026-01-02T03:04:05.000Z';
const SECRET = { value: Buffer.alloc(32, 1).toString('base64') };
/** A busy machine may take its time. */
const SOON = { timeout: 30_000 };
const container = { id: 'c1', name: 'web' };

const finding = (id: string, over: Partial<Finding> = {}): Finding => ({
  ...{ id, rule: 'web-shell', title: 'Web shell', severity: 'high', attack: ['T1505.003'] },
  ...{ path: `/srv/${id}.php`, kind: 'A', reason: 'it runs what a request sends', at: AT },
  ...over,
});

async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pristine-notify-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Running {
  readonly notifier: Notifier;
  readonly store: Store;
  readonly problems: PristineError[];
  /** Records a finding and tells it, as the guard does. */
  find(id: string, over?: Partial<Finding>, incident?: string): Promise<void>;
}

async function start(
  config: Omit<NotifyConfig, 'targets'> & { url?: string; over?: object; targets?: NotifyConfig['targets'] },
  folder?: string,
  clock: Clock = systemClock,
): Promise<Running> {
  const { url = '', over, targets, ...rest } = config;
  const store = await openSqliteStore(join(folder ?? (await stateFolder()), 'pristine.db'));
  const problems: PristineError[] = [];
  const notifier = await startNotifier({
    config: {
      targets: targets ?? [{ name: 'ops', type: 'webhook', url, secret: SECRET, ...over } as never],
      ...rest,
    },
    store,
    clock,
    env: {},
    logger: createLogger('error'),
    apiUrl: () => 'http://127.0.0.1:7380',
    onProblem: (error) => problems.push(error),
    backoffMs: [20, 100],
  });
  onTestFinished(async () => {
    await notifier.close();
    await store.close();
  });
  return {
    notifier,
    store,
    problems,
    find: async (id, over, incident = 'inc-1') => {
      if (!(await store.incidents()).some((known) => known.id === incident)) {
        const opening = { ...container, image: 'web:1' };
        await store.openIncident({ id: incident, container: opening, mode: 'heal', openedAt: AT });
      }
      await store.addFinding(incident, finding(id, over));
      notifier.onEvent({ type: 'finding', at: AT, container, incident, finding: finding(id, over) });
    },
  };
}

const messages = ({ received }: Receiver): Notification[] => received.map(({ body }) => JSON.parse(body));
const problem = (message: string): GuardEvent => ({
  ...{ type: 'problem', at: AT, code: 'E_ENGINE_GONE', message, next: 'Wait.' },
});

describe('notifications', () => {
  test('are told to those who want to hear of them', async () => {
    const receiver = await startReceiver();
    const quiet = await startReceiver();
    const { find, notifier } = await start({
      link: 'https://pristine.example/i/{incident}?from=alert',
      targets: [
        { name: 'all', type: 'webhook', url: receiver.url, secret: SECRET, from: 'info' },
        {
          ...{ name: 'few', type: 'webhook', url: quiet.url, secret: SECRET },
          ...{ from: 'critical', events: ['incident'] },
        },
      ],
    });
    await find('f1');
    notifier.onEvent({ type: 'ready', at: AT, containers: 1 });
    await find('f2', { severity: 'critical', rule: 'miner', title: 'Miner' });
    await expect.poll(() => receiver.received.length, SOON).toBe(2);
    await expect.poll(() => quiet.received.length, SOON).toBe(1);
    expect(messages(receiver)[0]).toMatchObject({
      ...{ kind: 'incident', severity: 'high', container, incident: 'inc-1', rule: 'web-shell', times: 1 },
      ...{ title: 'incident: Web shell', text: '/srv/f1.php: it runs what a request sends' },
      ...{ path: '/srv/f1.php', attack: ['T1505.003'], ended: false },
      link: 'https://pristine.example/i/inc-1?from=alert',
      command: 'pristine incident inc-1',
    });
    expect(messages(quiet)[0]).toMatchObject({ title: 'incident now critical: Miner' });
    expect(await notifier.counts()).toEqual([
      { target: 'all', queued: 0, sent: 2, failed: 0, dropped: 0 },
      { target: 'few', queued: 0, sent: 1, failed: 0, dropped: 0 },
    ]);
  });

  test('link to the API where nothing else is configured', async () => {
    const receiver = await startReceiver();
    const { find } = await start({ url: receiver.url });
    await find('f1');
    await expect
      .poll(() => messages(receiver)[0]?.link, SOON)
      .toBe('http://127.0.0.1:7380/api/v1/incidents/inc-1');
  });

  test('are printable and bounded, whatever a container has named its files', async () => {
    const receiver = await startReceiver();
    const { find } = await start({ url: receiver.url });
    await find('f1', { path: HOSTILE.repeat(1000), reason: HOSTILE });
    await expect.poll(() => receiver.received.length, SOON).toBe(1);
    const [message] = messages(receiver);
    expect(receiver.received[0]?.body).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\\u00[01]|\\ud[89a-f]/u);
    expect(message?.path?.length).toBeLessThanOrEqual(512);
    expect(message?.text.length).toBeLessThanOrEqual(1000);
    expect(message?.text).toContain('\\x1b[31m');
  });

  test('are tried again after an error, a timeout and a refused connection, with one id', async () => {
    const answers = [500, 0, 204];
    const receiver = await startReceiver((response, count) => {
      const status = answers[count - 1];
      if (status) response.writeHead(status).end();
    });
    const { find, notifier } = await start({ url: receiver.url });
    await find('f1');
    await expect
      .poll(async () => (await notifier.counts())[0], SOON)
      .toMatchObject({ sent: 1, failed: 2, queued: 0 });
    expect(receiver.received).toHaveLength(3);
    expect(new Set(messages(receiver).map(({ id }) => id)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);

    await receiver.close();
    await find('f2', { severity: 'critical', rule: 'miner' });
    await expect.poll(async () => (await notifier.counts())[0]?.failed, SOON).toBeGreaterThan(3);
    const again = await startReceiver(undefined, receiver.port);
    await expect.poll(() => again.received.length, SOON).toBe(1);
    expect(messages(again)[0]).toMatchObject({ rule: 'miner' });
  });

  test('go on when the clock is set back after a failure', async () => {
    let ahead = 86_400_000;
    const receiver = await startReceiver((response) => response.writeHead(ahead > 0 ? 500 : 204).end());
    const clock = { now: () => new Date(Date.now() + ahead) };
    const { find } = await start({ url: receiver.url }, undefined, clock);
    await find('f1');
    await expect.poll(() => receiver.received.length, SOON).toBeGreaterThan(0);
    ahead = 0;
    await find('f2', { severity: 'critical', rule: 'miner', title: 'Miner' });
    await expect.poll(() => messages(receiver).at(-1)?.rule, SOON).toBe('miner');
  });

  test('wait for as long as the receiver asks', async () => {
    const times: number[] = [];
    const receiver = await startReceiver((response, count) => {
      times.push(performance.now());
      response.writeHead(count === 1 ? 429 : 204, { 'retry-after': '1' }).end();
    });
    const { find } = await start({ url: receiver.url });
    await find('f1');
    await expect.poll(() => times.length, SOON).toBe(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(990);
  });

  test('that a receiver refuses do not hold up the others, and are given up and told', async () => {
    const receiver = await startReceiver((response) => response.writeHead(204).end());
    const refusing = await startReceiver((response, count) =>
      response.writeHead(count <= 10 ? 400 : 204).end(),
    );
    const { find, notifier } = await start({ url: refusing.url });
    await find('f1');
    await expect.poll(async () => (await notifier.counts())[0], SOON).toMatchObject({ dropped: 1 });
    expect(refusing.received).toHaveLength(10);
    await find('f2', { severity: 'critical', rule: 'miner' });
    await expect.poll(() => refusing.received.length, SOON).toBe(12);
    expect(messages(refusing).slice(-2)).toMatchObject([{ rule: 'miner' }, { kind: 'dropped', times: 1 }]);
    expect(receiver.received).toEqual([]);
  });

  test('that fail are told once as a problem, and a full outbox by number', async () => {
    const receiver = await startReceiver((response) => response.writeHead(503).end());
    const { notifier, problems } = await start({ url: receiver.url, keep: { maxMessages: 10 } });
    for (let n = 0; n < 15; n++) notifier.onEvent(problem(`number ${n}`));
    await expect.poll(() => receiver.received.length, SOON).toBeGreaterThan(5);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'E_NOTIFY',
      message: expect.stringMatching(/to ops fail: .* 503$/),
    });
    expect((await notifier.counts())[0]).toMatchObject({ queued: 10, dropped: 5 });
    await receiver.close();
    const again = await startReceiver(undefined, receiver.port);
    await expect.poll(() => messages(again).find(({ kind }) => kind === 'dropped')?.times, SOON).toBe(5);
  });

  test('alike are merged, and told with their number when the time is over', async () => {
    const receiver = await startReceiver();
    const { find } = await start({
      url: receiver.url,
      mergeWithin: '4s',
      over: { events: ['finding', 'incident'] },
    });
    for (let n = 0; n < 2; n++) await find(`f${n}`);
    await expect.poll(() => receiver.received.length, SOON).toBe(2);
    for (let n = 2; n < 8; n++) await find(`f${n}`);
    await expect.poll(() => receiver.received.length, SOON).toBe(3);
    expect(messages(receiver).map(({ kind, times }) => [kind, times])).toEqual([
      ['incident', 1],
      ['finding', 1],
      ['finding', 6],
    ]);
    await sleep(300);
    expect(receiver.received).toHaveLength(3);
  });

  test('above the rate become one summary', async () => {
    const receiver = await startReceiver();
    const over = { rate: { burst: 2, perMinute: 60 } };
    const { find } = await start({ url: receiver.url, over });
    for (let n = 0; n < 12; n++) await find(`f${n}`, {}, `inc-${n}`);
    await expect.poll(() => receiver.received.length, SOON).toBe(3);
    const [first, second, summary] = messages(receiver);
    expect([first?.incident, second?.incident]).toEqual(['inc-0', 'inc-1']);
    expect(summary).toMatchObject({ kind: 'summary', times: 10, severity: 'high', incident: null });
    expect(summary?.parts?.map(({ incident }) => incident).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `inc-${n + 2}`).sort(),
    );
  });

  test('outlive a guard that is killed between writing and sending', async () => {
    const folder = await stateFolder();
    const silent = await startReceiver(() => {});
    const target = { name: 'ops', type: 'webhook', url: silent.url, secret: SECRET, timeout: '60s' };
    const program = `
      const { startNotifier } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const { openSqliteStore } = await import(${JSON.stringify(new URL('../store/index.ts', import.meta.url).href)});
      const store = await openSqliteStore(${JSON.stringify(join(folder, 'pristine.db'))});
      const logger = { debug() {}, info() {}, warn() {}, error: console.error };
      const notifier = await startNotifier({
        config: { targets: [${JSON.stringify(target)}] }, store, clock: { now: () => new Date() }, env: {},
        logger, apiUrl: () => null, onProblem: console.error,
      });
      for (const message of ['first', 'second']) {
        notifier.onEvent({ type: 'problem', at: ${JSON.stringify(AT)}, code: 'E_DISK_FULL', message, next: '' });
      }
      const timer = setInterval(async () => {
        const [counts] = await notifier.counts();
        if (counts.queued === 2) console.log('written');
      }, 10);`;
    const node = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const child = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    // The first is on its way, and nobody knows whether it has arrived; the second has not been tried.
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect.poll(() => silent.received.length, SOON).toBe(1);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const port = silent.port;
    await silent.close();

    const receiver = await startReceiver(undefined, port);
    await start({ url: receiver.url }, folder);
    await expect.poll(() => receiver.received.length, SOON).toBe(2);
    const sent = messages(receiver);
    expect(sent.map(({ text }) => text)).toEqual(['first. ', 'second. ']);
    // The receiver can tell that it has seen this one.
    expect(sent[0]?.id).toBe(messages(silent)[0]?.id);
  });

  test('are sent until the guard ends, and what is not is there for the next', async () => {
    const folder = await stateFolder();
    const slow = await startReceiver((response) => void setTimeout(() => response.writeHead(204).end(), 100));
    const { notifier } = await start({ url: slow.url, over: { timeout: '10s' } }, folder);
    for (const message of ['a', 'b', 'c']) notifier.onEvent(problem(message));
    await notifier.close();
    expect(messages(slow).map(({ text }) => text)).toEqual(['a. Wait.', 'b. Wait.', 'c. Wait.']);

    const silent = await startReceiver(() => {});
    const second = await start({ url: silent.url, over: { timeout: '60s' } }, folder);
    second.notifier.onEvent(problem('d'));
    const began = performance.now();
    await second.notifier.close();
    expect(performance.now() - began).toBeLessThan(5000);
    const receiver = await startReceiver();
    await start({ url: receiver.url }, folder);
    await expect.poll(() => messages(receiver).map(({ text }) => text), SOON).toEqual(['d. Wait.']);
  });

  test('for a target that is no more are forgotten', async () => {
    const folder = await stateFolder();
    const { notifier } = await start({ url: 'http://127.0.0.1:9/' }, folder);
    notifier.onEvent(problem('a'));
    await notifier.close();
    const receiver = await startReceiver();
    const { store } = await start({ url: receiver.url, over: { name: 'other' } }, folder);
    expect((await store.outbox.counts()).filter(({ target }) => target === 'ops')).toEqual([]);
    expect(receiver.received).toEqual([]);
  });
});
