import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startContainer } from '../../test/support/engine.ts';
import { openSqliteStore } from '../store/index.ts';
import { HOSTILE } from './test-support/fake-terminal.ts';
import { PRISTINE, silentEngine, startPristine, temporaryDirectory } from './test-support/spawn.ts';

describe('an interrupt', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s ends a command that only looks at once, with 130',
    async (signal) => {
      const { dockerHost, connected } = await silentEngine();
      const { child, ended } = await startPristine(['ps'], { DOCKER_HOST: dockerHost });
      await Promise.race([connected, ended.then((end) => Promise.reject(new Error(JSON.stringify(end))))]);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(stderr).not.toContain('defect');
    },
  );

  test('lets a command that changes something finish; a second one does not', async () => {
    const { dockerHost, connected } = await silentEngine();
    const { child, ended } = await startPristine(['restore', 'web'], { DOCKER_HOST: dockerHost });
    await Promise.race([connected, ended.then((end) => Promise.reject(new Error(JSON.stringify(end))))]);
    child.kill('SIGINT');
    const first = await Promise.race([ended, sleep(500, 'still at work')]);
    expect(first).toBe('still at work');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  test('ends the guard with 0', async () => {
    await using container = await startContainer();
    const { child, ended, printed } = await startPristine(['guard', container.name]);
    await printed('ready');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0 });
  });
});

/** A state directory with incidents on a container with a hostile name. */
async function hostileState(incidents: number): Promise<string> {
  const state = await temporaryDirectory();
  const store = await openSqliteStore(join(state, 'pristine.db'));
  for (let i = 0; i < incidents; i++) {
    const container = { id: 'c', name: HOSTILE, image: HOSTILE };
    await store.openIncident({
      id: `inc-${i}`,
      container,
      mode: 'watch',
      openedAt: '2026-01-02T03:04:05.000Z',
    });
  }
  await store.close();
  return state;
}

function shell(
  command: string,
  env: Record<string, string>,
): Promise<{ output: string; code: number | null }> {
  const child = spawn('bash', ['-c', command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ output: Buffer.concat(chunks).toString('latin1'), code }));
  });
}

test('a reader that has had enough ends a command quietly', async () => {
  const PRISTINE_STATE = await hostileState(2000);
  const { output } = await shell(`${PRISTINE} incidents --json | head -n 1`, { PRISTINE_STATE });
  expect(output).toBe('[\n');
});

describe('on a terminal', () => {
  // Node.js takes no terminal for a coloured one where CI is set.
  const draw = async (env: Record<string, string>) => {
    const PRISTINE_STATE = await hostileState(1);
    const { output, code } = await shell(`env -u CI script -qec '${PRISTINE} incidents' /dev/null`, {
      ...{ PRISTINE_STATE, NO_COLOR: '', TERM: 'xterm-256color' },
      ...env,
    });
    expect(code).toBe(0);
    expect(output).toContain('inc-0');
    return output;
  };

  test('there are colours, and no control character of a hostile name', async () => {
    const output = await draw({});
    const sequences = new Set(output.match(/\u001b\[[\d;]*m/g));
    expect(sequences.size).toBeGreaterThan(1);
    const rest = output.replaceAll(/\u001b\[[\d;]*m|\r\n/g, '');
    expect(rest).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  test('there are none with NO_COLOR', async () => {
    expect(await draw({ NO_COLOR: '1' })).not.toContain('\u001b');
  });
});
