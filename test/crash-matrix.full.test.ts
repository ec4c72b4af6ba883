/**
 * Whatever dies, at whatever moment: one verified bundle, one faithful replacement that serves, nothing left behind.
 *
 * PRISTINE_CRASH_EVERY=1 strikes every point of every scenario, which takes hours; another number every so manyeth.
 * Without it a few of each are struck, others at each run; PRISTINE_CRASH_SEED repeats a run.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrashHost, startCrashHost } from './crash/host.ts';
import { AGENT_SCENARIOS, ENGINE_SCENARIOS, GUARD_SCENARIOS } from './crash/scenarios.ts';
import { type Sweep, sentenceOf, sweep, tableOf } from './crash/sweep.ts';

/** Points of a scenario that are struck when nothing else is asked for. */
const SAMPLE = 3;
/** Some effects come in another order or not at all when the agent is slow; most points must be met. */
const LEAST_MET = 0.9;
const HOURS = 12 * 3_600_000;

const given = Number(process.env.PRISTINE_CRASH_EVERY);
const every = (points: number) => (given > 0 ? given : Math.max(1, Math.ceil(points / SAMPLE)));
const seed = Number(process.env.PRISTINE_CRASH_SEED ?? Date.now() % 2 ** 31);
const done: Sweep[] = [];
let host: CrashHost;

beforeAll(async () => {
  host = await startCrashHost();
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  console.log(`seed ${seed}\n${tableOf(done)}`);
});

describe.each([
  ['the agent', AGENT_SCENARIOS],
  ['the guard', GUARD_SCENARIOS],
  ['the engine', ENGINE_SCENARIOS],
])('killed: %s', (_, scenarios) => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async (_name, scenario) => {
      const swept = await sweep(host, scenario, { seed, every });
      done.push(swept);
      expect(swept.outcomes.filter(({ wrong }) => wrong.length > 0).map(sentenceOf)).toEqual([]);
      const struck = swept.outcomes.filter((outcome) => outcome.struck.length > 0).length;
      expect(struck).toBeGreaterThanOrEqual((swept.outcomes.length - 1) * LEAST_MET - 1);
    },
    HOURS,
  );
});
