import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Notification, NotificationTarget } from '../../contract/index.ts';
import type { IncidentNow } from '../port.ts';
import { HOSTILE, message } from '../test-support/message.ts';
import { startReceiver } from '../test-support/receiver.ts';
import { safeText } from '../text.ts';
import { createTarget } from './create.ts';

const KEY = Buffer.alloc(32, 7);
const NOW = new Date('2026-01-02T03:04:06.789Z');
const never = new AbortController().signal;

function send(
  target: NotificationTarget,
  notification: Notification = message(),
  { env = {}, incident = null }: { env?: Record<string, string>; incident?: IncidentNow | null } = {},
): Promise<void> {
  const deps = { env, now: () => NOW, incidentNow: async () => incident };
  return createTarget(target, deps).deliver(notification, never);
}

const webhookTo = (url: string, over: object = {}): NotificationTarget => ({
  name: 'ops',
  type: 'webhook',
  url,
  secret: { value: `whsec_${KEY.toString('base64')}` },
  ...over,
});

describe('a webhook', () => {
  test('carries the message, and a signature that anybody with the secret can compute', async () => {
    const receiver = await startReceiver();
    const notification = message({ text: safeText(HOSTILE, 500) });
    await send(webhookTo(receiver.url), notification);
    const [request] = receiver.received;
    expect(JSON.parse(request?.body ?? '')).toEqual(notification);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': notification.id,
      'webhook-timestamp': '1767323046',
    });
    const signed = `${notification.id}.1767323046.${request?.body}`;
    const expected = createHmac('sha256', KEY).update(signed, 'utf8').digest('base64');
    expect(request?.headers['webhook-signature']).toBe(`v1,${expected}`);
  });

  test('is signed as the example of the specification', async () => {
    // From the reference implementations of https://github.com/standard-webhooks/standard-webhooks.
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const content = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
    const signature = createHmac('sha256', key).update(content).digest('base64');
    expect(signature).toBe('g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('takes its secrets from file and environment, two at a time while they change', async () => {
    const receiver = await startReceiver();
    const folder = await mkdtemp(join(tmpdir(), 'pristine-notify-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'secret');
    const other = Buffer.alloc(24, 9);
    await writeFile(file, `whsec_${KEY.toString('base64')}\n${other.toString('base64')}\n`);
    const bearer = { env: 'TOKEN' };
    await send(webhookTo('', { url: { env: 'URL' }, secret: { file }, bearer }), message(), {
      env: { URL: `${receiver.url}/hook`, TOKEN: 't0ken' },
    });
    const [request] = receiver.received;
    expect(request?.path).toBe('/hook');
    expect(request?.headers.authorization).toBe('Bearer t0ken');
    const signed = `${message().id}.1767323046.${request?.body}`;
    const expected = [KEY, other].map((key) => createHmac('sha256', key).update(signed).digest('base64'));
    expect(request?.headers['webhook-signature']).toBe(expected.map((each) => `v1,${each}`).join(' '));
  });

  test.each([
    ['a missing variable', { secret: { env: 'NONE' } }, 'NONE is empty'],
    ['a missing file', { secret: { file: '/no/such' } }, '/no/such cannot be read: ENOENT'],
    ['a secret that is none', { secret: { value: 'short' } }, 'openssl rand -base64 32'],
    ['an address that is none', { url: { value: 'file:///etc/passwd' } }, 'http://'],
  ])('with %s is not sent', async (_, over, reason) => {
    const receiver = await startReceiver();
    await expect(send(webhookTo(receiver.url, over))).rejects.toThrow(reason);
    expect(receiver.received).toEqual([]);
  });
});

describe('a receiver', () => {
  test('that redirects is not followed', async () => {
    const elsewhere = await startReceiver();
    const receiver = await startReceiver((response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    await expect(send(webhookTo(receiver.url))).rejects.toMatchObject({
      message: expect.stringContaining('not followed'),
      refused: true,
    });
    expect(elsewhere.received).toEqual([]);
  });

  test.each([
    [400, true],
    [410, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i refuses for good: %s', async (status, refused) => {
    const receiver = await startReceiver((response) =>
      response.writeHead(status, { 'retry-after': '7' }).end('a secret'),
    );
    const error = await send(webhookTo(`${receiver.url}/path-that-is-a-secret`)).catch((thrown) => thrown);
    expect(error).toMatchObject({ refused, retryAfterMs: 7000 });
    expect(error.message).toBe(`127.0.0.1:${receiver.port} answered ${status}`);
  });

  test('that does not answer is left after the timeout', async () => {
    const receiver = await startReceiver(() => {});
    await expect(send(webhookTo(receiver.url, { timeout: '100ms' }))).rejects.toMatchObject({
      message: expect.stringContaining('no answer within 100 ms'),
      refused: false,
    });
  });

  test('that is not there is named with the reason', async () => {
    const { url, port, close } = await startReceiver();
    await close();
    await expect(send(webhookTo(url))).rejects.toMatchObject({
      message: `127.0.0.1:${port}: ECONNREFUSED`,
      refused: false,
    });
  });

  test('that sends without end does not hold us up', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const timer = setInterval(() => socket.write('x'.repeat(65536)), 1);
      socket.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    await send(webhookTo(`http://127.0.0.1:${port}`, { timeout: '5s' }));
  });
});

describe('Slack', () => {
  const slackTo = (url: string): NotificationTarget => ({ name: 'chat', type: 'slack', url });

  test('is told where, what and where to look', async () => {
    const receiver = await startReceiver();
    await send(slackTo(receiver.url), message({ times: 3 }));
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toEqual({
      text: '*high*: incident: Web shell in `web` (3 times)',
      attachments: [
        {
          color: '#f97316',
          fallback: 'incident: Web shell',
          text: '`/srv/x.php: it runs what a request sends`\n`inc-1` · <https://pristine.example/inc-1|look> · `pristine incident inc-1` · on `host-1`',
          mrkdwn_in: ['text'],
        },
      ],
      link_names: false,
      parse: 'none',
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  test('can be made neither to mention nor to format by a hostile name', async () => {
    const receiver = await startReceiver();
    const text = safeText(HOSTILE, 500);
    await send(slackTo(receiver.url), message({ text, container: { id: 'c', name: text } }));
    const { text: head, attachments } = JSON.parse(receiver.received[0]?.body ?? '');
    for (const each of [head, attachments[0].text.split('\n')[0]] as string[]) {
      expect(each).not.toMatch(/<!|<@|<#/);
      // What stands outside of code spans is ours.
      expect(each.replaceAll(/`[^`]*`/g, '')).not.toMatch(/channel|here|PRIORITY/);
      expect(each.split('`').length % 2).toBe(1);
      expect(each).toContain('&lt;!channel&gt;&amp;');
    }
    expect(attachments[0].text.split('\n')).toHaveLength(2);
  });

  test('is told a summary line by line', async () => {
    const receiver = await startReceiver();
    const { id: _, ...part } = message();
    const parts = Array.from({ length: 30 }, (_, at) => ({ ...part, id: `m${at}`, title: `t${at}` }));
    await send(slackTo(receiver.url), message({ kind: 'summary', parts }));
    const { attachments } = JSON.parse(receiver.received[0]?.body ?? '');
    expect(attachments[0].text.split('\n')).toHaveLength(16);
    expect(attachments[0].text).toContain('• high: t14 in `web`');
  });
});

describe('Alertmanager', () => {
  const alertsOf = async (
    notification: Notification,
    incident: IncidentNow | null,
    over: object = {},
  ): Promise<Record<string, Record<string, string>>[]> => {
    const receiver = await startReceiver();
    const target = {
      name: 'am',
      type: 'alertmanager',
      url: `${receiver.url}/`,
      ...over,
    } as NotificationTarget;
    await send(target, notification, { incident });
    expect(receiver.received[0]?.path).toBe('/api/v2/alerts');
    return JSON.parse(receiver.received[0]?.body ?? '');
  };
  const open: IncidentNow = { severity: 'high', ended: false, openedAt: '2026-01-02T03:00:00.000Z' };

  test('has an alert while the incident is open, and none of its earlier severities', async () => {
    const [alert, ...lower] = await alertsOf(message(), open, {
      labels: { team: 'sre' },
      resolveAfter: '1h',
    });
    expect(alert).toEqual({
      labels: {
        team: 'sre',
        alertname: 'PristineIncident',
        severity: 'high',
        host: 'host-1',
        container: 'web',
        incident: 'inc-1',
      },
      annotations: {
        summary: 'incident: Web shell',
        description: '/srv/x.php: it runs what a request sends',
        command: 'pristine incident inc-1',
      },
      startsAt: '2026-01-02T03:00:00.000Z',
      endsAt: '2026-01-02T04:04:06.789Z',
      generatorURL: 'https://pristine.example/inc-1',
    });
    expect(lower.map(({ labels, endsAt }) => [labels?.severity, endsAt])).toEqual(
      ['info', 'low', 'medium'].map((severity) => [severity, NOW.toISOString()]),
    );
  });

  test('has no alert once the incident has ended, also by a message from before', async () => {
    const alerts = await alertsOf(message({ kind: 'denial' }), { ...open, ended: true });
    expect(alerts).toHaveLength(20);
    for (const { endsAt, startsAt } of alerts) {
      expect(endsAt).toBe(NOW.toISOString());
      expect(String(startsAt) <= String(endsAt)).toBe(true);
    }
    expect(new Set(alerts.map(({ labels }) => labels?.alertname))).toEqual(
      new Set(['PristineIncident', 'PristineResponseFailed', 'PristineBudgetUsedUp', 'PristineOffline']),
    );
  });

  test('has an alert of its own for a response that failed, and for what belongs to no incident', async () => {
    const failed = await alertsOf(message({ kind: 'failed', severity: 'critical' }), open);
    expect(failed.map(({ labels }) => labels)).toEqual([
      expect.objectContaining({ alertname: 'PristineResponseFailed', severity: 'critical' }),
    ]);
    const problem = message({ kind: 'problem', incident: null, container: null, rule: 'E_DISK_FULL' });
    expect((await alertsOf(problem, null))[0]?.labels).toEqual({
      alertname: 'PristineProblem',
      severity: 'high',
      host: 'host-1',
      code: 'E_DISK_FULL',
    });
  });

  test('gets a summary as the alerts that it is made of', async () => {
    const { parts: _, ...part } = message();
    const summary = message({
      kind: 'summary',
      parts: [part, { ...part, incident: 'inc-2', container: null }],
    });
    const alerts = await alertsOf(summary, open);
    expect(new Set(alerts.map(({ labels }) => labels?.incident))).toEqual(new Set(['inc-1', 'inc-2']));
  });
});
