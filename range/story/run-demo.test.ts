/** Demos that end early: by a guard that fails, by an interrupt. Nothing may be left of either. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dockerWith } from '../docker.ts';
import { ensureDemoImages } from '../images/build.ts';
import { whatCarries } from '../system/remove-all.ts';
import { plainTask } from '../task.ts';
import { type DemoOptions, runDemo } from './run-demo.ts';

const docker = dockerWith({});
let folder: string;

beforeAll(async () => {
  await ensureDemoImages(docker, plainTask(console.error), new AbortController().signal);
  folder = await mkdtemp(join(tmpdir(), 'pristine-range-test-'));
  // Other demos on this host come and go in the usual place.
  vi.stubEnv('TMPDIR', folder);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A demo whose `pristine` command is a shell script; says what was told so far. */
async function demo(script: string, options: Partial<DemoOptions> = {}) {
  const pristine = join(folder, 'pristine');
  await writeFile(pristine, `#!/bin/sh\n${script}\n`);
  await chmod(pristine, 0o755);
  const told: string[] = [];
  const running = runDemo({
    ...{ pristine, stateDirectory: folder, keep: false, json: true, repeat: 1 },
    out: { write: (text: string) => told.push(text) },
    signal: new AbortController().signal,
    ...options,
  });
  return { running, told };
}

async function leftOf(told: readonly string[]): Promise<string[]> {
  const label = /label (pristine\.demo=\w+)/.exec(told.join(''))?.[1];
  expect(label).toBeDefined();
  return whatCarries(docker, label ?? '');
}

const states = async () => (await readdir(folder)).filter((name) => name.startsWith('pristine-demo-'));

test('a guard that ends at once is named, with its own words, and nothing is left', async () => {
  const { running, told } = await demo('echo "no such\x1b option" >&2; exit 2');
  await expect(running).rejects.toMatchObject({
    code: 'E_DEMO',
    message: expect.stringContaining('"ready": the guard ended. no such\\x1b option'),
  });
  expect(told.join('')).toContain('the attack is a real one');
  expect(await leftOf(told)).toEqual([]);
  expect(await states()).toEqual([]);
});

test('an interrupt ends it with nothing left, and the guard with it', async () => {
  const abort = new AbortController();
  const reason = new Error('interrupted by the test');
  const told: string[] = [];
  const pidFile = join(folder, 'guard.pid');
  const out = {
    write(text: string) {
      told.push(text);
      if (told.join('').includes('ready?') && text.includes('waiting for the refusals')) abort.abort(reason);
    },
  };
  const guard = `echo $$ > ${pidFile}; echo '{"type":"problem","code":"x","message":"ready?"}'; echo '{"type":"ready"}'; exec sleep 60`;
  const { running } = await demo(guard, { out, signal: abort.signal });
  await expect(running).rejects.toBe(reason);
  expect(await leftOf(told)).toEqual([]);
  const pid = Number(await readFile(pidFile, 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
