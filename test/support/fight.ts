/** A guarded container of which an attacker has hold, and what must be true when it is over. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Config, Drift, Incident, ResponseStep, VerifyReport } from '../../src/contract/index.ts';
import { run } from '../../src/host/index.ts';
import { docker, startContainer, type TestContainer, type TestContainerOptions } from './engine.ts';
import { pristineJson, RunningGuard } from './guard.ts';

export const WEB_SHELL = '/var/www/html/s.php';
/** Leaves a web shell. */
export const ATTACK = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > ${WEB_SHELL}`;
/** Gives a capture something to do, so that there is a middle of it: 40 MB that do not compress. */
export const BALLAST = 'head -c 40000000 /dev/urandom > /tmp/ballast';

export interface FightOptions extends TestContainerOptions {
  /** What the configuration says of every container. */
  readonly policy?: NonNullable<Config['defaults']>;
  readonly evidence?: Config['evidence'];
  /** State directory; one that is removed afterwards when absent. */
  readonly state?: string;
  /** Further environment of the guard. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Fight extends AsyncDisposable {
  readonly suspect: TestContainer;
  readonly guard: RunningGuard;
  readonly state: string;
  /** Resolves when the response is at that step. */
  at(step: ResponseStep, phase?: 'intent' | 'done' | 'failed'): Promise<void>;
  /** Lines about containers whose names begin with the suspect's: `NAME STATUS`. */
  present(): Promise<string[]>;
  /** Runs the command line on the guard's state directory. */
  pristine<T>(...args: string[]): Promise<T>;
}

/** Starts a container and a guard in mode heal, which is ready when this resolves. */
export async function startFight({
  policy = {},
  evidence,
  state,
  env = {},
  ...given
}: FightOptions = {}): Promise<Fight> {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-test-fight-'));
  const path = state ?? join(folder, 'state');
  const configFile = join(folder, 'config.yaml');
  const config = { version: 1, defaults: policy, ...(evidence === undefined ? {} : { evidence }) };
  // YAML holds JSON.
  writeFileSync(configFile, JSON.stringify(config));
  const suspect = await startContainer(given);
  const args = [suspect.name, '--mode', 'heal', '--config', configFile];
  const guard = new RunningGuard(path, args, env);
  const fight: Fight = {
    ...{ suspect, guard, state: path },
    // Of the decision it is told when it is made.
    async at(step, phase = step === 'decide' ? 'done' : 'intent') {
      await guard.waitFor('step', (event) => event.step === step && event.phase === phase);
    },
    present: async () => (await listed(suspect.name)).map(([, name, status]) => `${name} ${status}`),
    pristine: (...words) => pristineJson(path, ...words),
    async [Symbol.asyncDispose]() {
      await guard[Symbol.asyncDispose]();
      await removeAll(suspect.name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await guard.waitFor('ready');
    await guard.waitFor('prepared');
    return fight;
  } catch (error) {
    await fight[Symbol.asyncDispose]();
    throw error;
  }
}

/** Id, name and status of the containers whose names begin so. */
async function listed(prefix: string): Promise<[id: string, name: string, status: string][]> {
  const format = '{{.ID}} {{.Names}} {{.State}}';
  const lines = await docker('ps', '-a', '--no-trunc', '--filter', `name=^${prefix}`, '--format', format);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', name = '', status = ''] = line.split(' ');
      return [id, name, status];
    });
}

async function removeAll(prefix: string): Promise<void> {
  const ids = (await listed(prefix)).map(([id]) => id);
  if (ids.length > 0) await run('docker', ['rm', '-f', '-v', ...ids]);
}

export interface Outcome {
  /** Paths that the evidence must show. */
  readonly evidence?: readonly string[];
  /** Whether a suspect is kept beside the replacement. */
  readonly kept?: boolean;
  /** Codes of problems that belong to the case. */
  readonly problems?: readonly string[];
}

/** Waits until the incident is healed, and sees that nothing is lost, the service runs and nothing is left over. */
export async function expectWon(fight: Fight, outcome: Outcome = {}): Promise<Incident> {
  const { guard, suspect } = fight;
  const { evidence = [WEB_SHELL], kept = false, problems = [] } = outcome;
  const incident = await guard.healed();
  expect(incident.bundles).toHaveLength(1);
  await expectEvidence(fight, incident, evidence);
  const { id, name } = incident.replacement ?? { id: '', name: '' };
  expect(name).toBe(suspect.name);
  expect(await docker('inspect', '-f', '{{.Id}} {{.State.Status}}', name)).toBe(`${id} running`);
  expect((await run('docker', ['exec', name, 'ls', WEB_SHELL])).code, 'the web shell is gone').not.toBe(0);
  expect(incident.suspect !== null).toBe(kept);
  const others = incident.suspect === null ? [] : [`${incident.suspect.name} paused`];
  expect((await fight.present()).sort()).toEqual([...others, `${name} running`].sort());
  // Of containers of others on this engine it says that too.
  const expected = [...problems, 'E_CONFIG_INVALID'];
  const told = guard.events.filter((event) => event.type === 'problem' && !expected.includes(event.code));
  expect(told).toEqual([]);
  return incident;
}

/** The incident's bundle verifies, and shows these paths. */
export async function expectEvidence(
  fight: Pick<Fight, 'pristine'>,
  incident: Incident,
  paths: readonly string[] = [WEB_SHELL],
): Promise<void> {
  const report = await fight.pristine<VerifyReport>('evidence', 'verify', incident.bundles[0] ?? '');
  expect(report).toMatchObject({ ok: true, problems: [] });
  const { drift } = await fight.pristine<{ drift: Drift }>('diff', incident.id);
  expect(drift.changes.map(({ path }) => path)).toEqual(expect.arrayContaining([...paths]));
}

/** Kills the container's first process from outside, at once when it is called: what an attacker does to it in the end. */
export async function killerOf(container: string): Promise<() => void> {
  const pid = Number(await docker('inspect', '-f', '{{.State.Pid}}', container));
  if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(container))
    throw new Error(`${pid} is another's`);
  return () => void process.kill(pid, 'SIGKILL');
}

/** Asks until it is so; throws when it is not in time. */
export async function eventually(isSo: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await isSo()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${isSo}`);
  }
}
