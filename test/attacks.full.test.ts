/**
 * Every attack 100 times (PRISTINE_REPETITIONS), and the races 200 times as often. With PRISTINE_RECORD=1 the results go into test/attacks/results.json and
 * docs/attacks.md.
 */
import { describe, expect, test } from 'vitest';
import { ensureAttackImage, makePayload } from './attacks/image.ts';
import { ATTACKS, GROUPS } from './attacks/list/all.ts';
import { RACES, runRace } from './attacks/races.ts';
import { record } from './attacks/record.ts';
import { surprise, tryGuarded, tryUnguarded } from './attacks/trial.ts';
import { startContainer, testLabel } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';

const REPETITIONS = Number(process.env.PRISTINE_REPETITIONS ?? 100);
const RACE_ATTEMPTS = REPETITIONS * 200;
const recording = process.env.PRISTINE_RECORD !== undefined;
const MINUTE = 60_000;

test('no two attacks have the same name', () => {
  expect(new Set(ATTACKS.map(({ id }) => id)).size).toBe(ATTACKS.length);
  expect(ATTACKS.length).toBeGreaterThan(150);
});

describe('attacks', () => {
  test.for(GROUPS)('$title', { timeout: 30 * MINUTE }, async ({ attacks }) => {
    const unguarded = await tryUnguarded(attacks, 1);
    const guarded = await tryGuarded(attacks, REPETITIONS);
    const surprises = [];
    for (const attack of attacks) {
      const result = guarded.get(attack.id);
      if (result !== undefined) surprises.push(surprise(attack, unguarded.get(attack.id), result));
    }
    if (recording) {
      const rows = [...guarded].map(([id, { attempts, wins }]) => [id, { attempts, wins }]);
      record({ attacks: Object.fromEntries(rows) });
    }
    expect(guarded.size).toBe(attacks.length);
    expect(surprises.filter((text) => text !== null)).toEqual([]);
  });
});

describe('races', () => {
  test('are won where nobody guards', { timeout: 10 * MINUTE }, async () => {
    const image = await ensureAttackImage();
    const payload = await makePayload(image, testLabel());
    await using container = await startContainer({ image, command: ['sleep', 'infinity'] });
    for (const [index, race] of RACES.entries()) {
      const firstVictim = 1 + index * 1000;
      const { wins } = await runRace(race, container.name, payload, { attempts: 500, firstVictim });
      expect(wins, race.variant).toBeGreaterThan(0);
    }
  });

  test('are never won under protection', { timeout: 60 * MINUTE }, async () => {
    const image = await ensureAttackImage();
    const payload = await makePayload(image, testLabel());
    for (const race of RACES) {
      await using container = await startContainer({ image, command: ['sleep', 'infinity'] });
      using state = temporaryState();
      await using guard = new RunningGuard(state.path, [container.name, '--mode', 'protect']);
      await guard.waitFor('ready');
      const result = await runRace(race, container.name, payload, {
        attempts: RACE_ATTEMPTS,
        firstVictim: 1,
      });
      console.log(race.variant, JSON.stringify(result));
      if (recording) record({ races: { [race.variant]: { attempts: result.attempts, wins: result.wins } } });
      expect(result.wins, race.variant).toBe(0);
      expect(await guard.stop()).toBe(0);
    }
  });
});
