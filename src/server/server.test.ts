import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GuardEvent } from '../contract/index.ts';
import { PristineError } from '../kernel/index.ts';
import { type RunningServer, type ServerDependencies, startServer } from './index.ts';

const READY: GuardEvent = { type: 'ready', at: '2026-01-01T00:00:00.000Z', containers: 1 };
let listeners: ((event: GuardEvent) => void)[] = [];
let state: string;
let server: RunningServer;

const deps: ServerDependencies = {
  containers: () => [{ id: 'a'.repeat(64), name: 'web', image: 'web:1', mode: 'heal' }],
  incidents: async () => [],
  incident: async (id) => {
    throw new PristineError('E_NO_SUCH_INCIDENT', `no incident ${id}`, { next: 'List them.' });
  },
  notifications: async () => [{ target: 'ops', queued: 2, sent: 3, failed: 4, dropped: 5 }],
  subscribe: (listener) => {
    listeners.push(listener);
    return () => {
      listeners = listeners.filter((other) => other !== listener);
    };
  },
};

const token = () => readFileSync(join(state, 'api.token'), 'utf8').trim();
const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${token()}` }) =>
  fetch(server.url + path, { headers });

/** A request with a Host header of the caller's choice, which fetch does not allow. */
function statusWithHost(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${token()}` };
    request(`${server.url}/api/v1/containers`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

beforeEach(async () => {
  listeners = [];
  state = mkdtempSync(join(tmpdir(), 'pristine-server-'));
  server = await startServer(deps, { stateDirectory: state, port: 0 });
});

afterEach(async () => {
  await server.close();
  rmSync(state, { recursive: true });
});

describe('the API', () => {
  test('tells containers and incidents to whoever has the token', async () => {
    expect(await (await get('/api/v1/containers')).json()).toEqual(deps.containers());
    expect(await (await get('/api/v1/incidents')).json()).toEqual([]);
  });

  test('answers 404 with code and next step for an unknown incident', async () => {
    const response = await get('/api/v1/incidents/inc-x');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: 'E_NO_SUCH_INCIDENT', message: 'no incident inc-x', next: 'List them.' },
    });
  });

  test('answers every failure in one shape', async () => {
    const failures = [get('/api/v1/nope'), get('/api/v1/containers', {})];
    for (const response of await Promise.all(failures)) {
      expect(await response.json()).toEqual({
        error: {
          code: 'E_USAGE',
          message: expect.stringMatching(/./),
          next: expect.stringMatching(/./),
        },
      });
    }
  });

  test('serves metrics to whoever has the token', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('\npristine_watched_containers{mode="heal"} 1\n');
    expect((await get('/metrics', {})).status).toBe(401);
  });

  test('refuses requests without the token or with another', async () => {
    expect((await get('/api/v1/containers', {})).status).toBe(401);
    expect((await get('/api/v1/containers', { authorization: 'Bearer x' })).status).toBe(401);
    expect((await get('/api/v1/events', {})).status).toBe(401);
  });

  test('refuses a foreign host name (DNS rebinding)', async () => {
    expect(await statusWithHost('evil.example')).toBe(421);
    expect(await statusWithHost('localhost')).toBe(200);
  });

  test('keeps the token readable by its owner alone', () => {
    expect(statSync(join(state, 'api.token')).mode & 0o777).toBe(0o600);
  });

  test('streams events as they happen and forgets a client that leaves', async () => {
    const leave = new AbortController();
    const response = await fetch(`${server.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${token()}` },
      signal: leave.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await expect.poll(() => listeners.length).toBe(2);
    for (const listener of listeners) listener(READY);
    let text = '';
    while (!text.includes('"ready"')) text += (await reader?.read())?.value ?? '';
    expect(text).toContain(`event: ready\ndata: ${JSON.stringify(READY)}\n\n`);
    leave.abort();
    await expect.poll(() => listeners.length).toBe(1);
  });
});
