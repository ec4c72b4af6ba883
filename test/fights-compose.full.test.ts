/** Docker Compose works on a project while one of its containers is being replaced, and afterwards. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { installPackages, run } from '../src/host/index.ts';
import { BUSYBOX, docker, testLabel } from './support/engine.ts';
import { ATTACK, BALLAST, eventually, expectEvidence, WEB_SHELL } from './support/fight.ts';
import { pristineJson, RunningGuard } from './support/guard.ts';

beforeAll(() =>
  installPackages(['docker-compose'], 'a test with docker-compose', (sentence) => console.error(sentence)),
);

describe('docker-compose', () => {
  /** A project of one service that a guard heals; taken down at the end of the scope. */
  async function project(): Promise<
    AsyncDisposable & {
      readonly name: string;
      readonly guard: RunningGuard;
      readonly state: string;
      compose(...args: string[]): Promise<string>;
    }
  > {
    const folder = mkdtempSync(join(tmpdir(), 'pristine-test-compose-'));
    const state = join(folder, 'state');
    const id = `pristinetest${randomBytes(4).toString('hex')}`;
    const [label = '', value] = testLabel().split('=');
    const web = {
      image: BUSYBOX,
      command: ['sh', '-c', 'trap exit TERM; while :; do sleep 0.2; done'],
      labels: { [label]: value },
      ports: ['127.0.0.1::80'],
    };
    const networks = { default: { labels: { [label]: value } } };
    writeFileSync(join(folder, 'docker-compose.yml'), JSON.stringify({ services: { web }, networks }));
    const compose = async (...args: string[]) => {
      const result = await run('docker-compose', ['-p', id, ...args], { cwd: folder });
      if (result.code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${result.stderr}`);
      return result.stdout + result.stderr;
    };
    await compose('up', '-d');
    const name = `${id}_web_1`;
    const guard = new RunningGuard(state, [name, '--mode', 'heal']);
    const made = {
      ...{ name, guard, state, compose },
      async [Symbol.asyncDispose]() {
        await guard[Symbol.asyncDispose]();
        await run('docker-compose', ['-p', id, 'down', '-v', '-t', '0'], { cwd: folder });
        const left = await docker('ps', '-aq', '--filter', `name=${name}`);
        if (left !== '') await run('docker', ['rm', '-f', '-v', ...left.split('\n')]);
        rmSync(folder, { recursive: true, force: true });
      },
    };
    try {
      await guard.waitFor('ready');
      await guard.waitFor('prepared');
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }
  const containersOf = (name: string) =>
    docker('ps', '-a', '--filter', `name=${name}`, '--format', '{{.Names}} {{.State}}');

  test('up and ps after a heal change nothing and see one container', async () => {
    await using made = await project();
    const { name, guard, compose, state } = made;
    await docker('exec', name, 'sh', '-c', ATTACK);
    const incident = await guard.healed();
    await expectEvidence({ pristine: (...args) => pristineJson(state, ...args) }, incident);
    expect(await compose('up', '-d')).toContain(`${name} is up-to-date`);
    expect((await compose('ps', '-q')).trim()).toBe(incident.replacement?.id);
    expect(await containersOf(name)).toBe(`${name} running`);
    await compose('down', '-t', '0');
    expect(await containersOf(name)).toBe('');
  });

  test('up in the middle of a response', async () => {
    await using made = await project();
    const { name, guard, compose, state } = made;
    await docker('exec', name, 'sh', '-c', `${BALLAST}; ${ATTACK}`);
    // Compose takes the better part of a second to begin, which is before the evidence is sealed.
    await guard.waitFor('step', ({ step, phase }) => step === 'freeze' && phase === 'intent');
    await compose('up', '-d').catch(() => {});
    const incident = await guard.healed();
    await expectEvidence({ pristine: (...args) => pristineJson(state, ...args) }, incident);
    await compose('up', '-d');
    expect((await compose('ps', '-q')).trim().split('\n')).toHaveLength(1);
    expect(await containersOf(name)).toBe(`${name} running`);
    expect((await run('docker', ['exec', name, 'ls', WEB_SHELL])).code).not.toBe(0);
  });

  test('down in the middle of a response: the evidence is kept, and up brings the service back', async () => {
    await using made = await project();
    const { name, guard, compose, state } = made;
    await docker('exec', name, 'sh', '-c', `${BALLAST}; ${ATTACK}`);
    // Compose takes the better part of a second to begin, which is before the evidence is sealed.
    await guard.waitFor('step', ({ step, phase }) => step === 'freeze' && phase === 'intent');
    await compose('down', '-t', '0').catch(() => {});
    const { incident } = await guard.waitFor('incident', ({ incident: { bundles } }) => bundles.length === 1);
    await expectEvidence({ pristine: (...args) => pristineJson(state, ...args) }, incident);
    await compose('down', '-t', '0').catch(() => {});
    await compose('up', '-d');
    await eventually(async () => (await containersOf(name)) === `${name} running`);
    expect((await run('docker', ['exec', name, 'ls', WEB_SHELL])).code).not.toBe(0);
  });
});
