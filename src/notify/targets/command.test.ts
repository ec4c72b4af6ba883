import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { HOSTILE, message } from '../test-support/message.ts';
import { safeText } from '../text.ts';
import { createTarget } from './create.ts';

const deps = { env: {}, now: () => new Date(), incidentNow: async () => null };

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pristine-notify-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function hook(script: string, timeout = '10s', args: string[] = []) {
  const command: [string, ...string[]] = ['/bin/sh', '-c', script, 'hook', ...args];
  return createTarget({ name: 'hook', type: 'command', command, timeout }, deps);
}

const never = new AbortController().signal;

test('a hook reads the message, in an environment of its own', async () => {
  const out = join(await folder(), 'out');
  process.env.PRISTINE_TEST_SECRET = 'secret';
  onTestFinished(() => void delete process.env.PRISTINE_TEST_SECRET);
  const notification = message({ text: safeText(`${HOSTILE} $(touch /tmp/x) ; rm`, 500) });
  await hook('{ cat; env; pwd; } > "$1"', '10s', [out]).deliver(notification, never);
  const [json = '', ...rest] = (await readFile(out, 'utf8')).trimEnd().split('\n');
  expect(JSON.parse(json)).toEqual(notification);
  expect(
    rest
      .map((line) => line.replace(/=.*/, ''))
      .filter((name) => !['_', 'SHLVL', 'OLDPWD'].includes(name))
      .sort(),
  ).toEqual(['/', 'LANG', 'PATH', 'PWD']);
});

test('a hook that fails is told with what it said, printable and bounded', async () => {
  const script = 'printf "no \\033[31m room\\n" >&2; head -c 10000000 /dev/zero | tr "\\0" x >&2; exit 3';
  const error = await hook(script)
    .deliver(message(), never)
    .catch((thrown) => thrown);
  expect(error.message).toMatch(/^\/bin\/sh: exit code 3: no \\x1b\[31m room\\nxxx/);
  expect(error.message.length).toBeLessThan(400);
  await expect(hook('kill -9 $$').deliver(message(), never)).rejects.toThrow('ended by SIGKILL');
  const missing = createTarget({ name: 'x', type: 'command', command: ['/no/such'] }, deps);
  await expect(missing.deliver(message(), never)).rejects.toThrow('/no/such: ENOENT');
});

test('a hook that does not end is killed with all that it has started', async () => {
  const out = join(await folder(), 'pids');
  const script = 'trap "" TERM; sleep 300 & echo $$ $! > "$1"; wait; sleep 300';
  const began = performance.now();
  await expect(hook(script, '500ms', [out]).deliver(message(), never)).rejects.toThrow('within 500 ms');
  expect(performance.now() - began).toBeLessThan(5000);
  const pids = (await readFile(out, 'utf8')).trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  await expect.poll(() => Promise.all(pids.map(isRunning))).toEqual([false, false]);
});

test('a hook that leaves something behind does not hold us up, nor one that reads nothing', async () => {
  const out = join(await folder(), 'pid');
  const began = performance.now();
  await hook('sleep 300 & echo $! > "$1"', '60s', [out]).deliver(message(), never);
  expect(performance.now() - began).toBeLessThan(5000);
  process.kill(Number(await readFile(out, 'utf8')));
  await hook('exec <&-; true').deliver(message({ text: 'x'.repeat(1_000_000) }), never);
});

test('a hook ends with the guard', async () => {
  const stop = new AbortController();
  const work = hook('sleep 300').deliver(message(), stop.signal);
  await sleep(100);
  stop.abort();
  await expect(work).rejects.toThrow('interrupted');
});

/** Whether a process is there, and no zombie that nobody has waited for. */
async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}
