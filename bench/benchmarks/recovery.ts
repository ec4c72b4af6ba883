import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type EngineEventKind, findEngine } from '../../src/engine/index.ts';
import { stateDirectory } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { startGuarded } from '../recovery/guarded.ts';
import { judge } from '../recovery/judge.ts';
import { intrude, serviceImage, startClient, startService } from '../recovery/service.ts';
import { ARTICLE, evidenceOf, WAYS } from '../recovery/ways.ts';

/** Undisturbed service before and after, in milliseconds; a second for those who try again after one. */
const BEFORE_MS = 300;
const AFTER_MS = 1200;
/** The ways that are to be quick, without and with the published port led to the replacement. */
const NOT_LED = ['start-first, not led', 'warm standby, not led'];
const LED = ['start-first', 'warm standby', 'guard, start-first', 'guard, warm standby'];
const WAITING_NETWORK = 'pristine-waiting';

async function prepare(bench: Bench): Promise<Prepared> {
  const { docker, label, prefix, signal } = bench;
  const image = await serviceImage(bench);
  const engine = await findEngine({ env: process.env, stateDirectory: await stateDirectory(bench) });
  let count = 0;
  const removeAll = async (name: string) => {
    // Replacements and standbys carry the labels of their original.
    const found = await docker.text(['ps', '-aq', '--no-trunc', '--filter', `label=${label}`]);
    const ids = found.split('\n').filter(Boolean);
    for (const id of ids) await engine.endRedirection(id);
    if (ids.length > 0) await docker.attempt(['rm', '-f', '-v', ...ids]);
    await docker.attempt(['rmi', '-f', evidenceOf(name)]);
  };
  return {
    async sample(variant) {
      const way = WAYS[variant];
      if (way === undefined) throw new Error('there is no such way');
      const name = `${prefix}service-${++count}`;
      try {
        const service = await startService(bench, image, name, way.guarded);
        await using guarded = way.guarded && (await startGuarded(bench, engine, service));
        if (guarded === undefined) await intrude(bench, service);
        await way.prepare?.(engine, service);
        await using client = await startClient(bench, service);
        await sleep(BEFORE_MS, undefined, { signal });
        const began = Date.now();
        const decided = (await guarded?.recover()) ?? began;
        await way.recover(engine, service);
        await sleep(AFTER_MS, undefined, { signal });
        const frozen = await endOfIntruder(engine, service.id, way.endsBy, decided);
        return { ...judge(await client.finish()), frozen };
      } finally {
        await removeAll(name);
      }
    },
    async [Symbol.asyncDispose]() {
      // Refused while anything else waits there.
      await docker.attempt(['network', 'rm', WAITING_NETWORK]);
    },
  };
}

/** In milliseconds after the decision, by the engine's own events. */
async function endOfIntruder(
  engine: Engine,
  id: string,
  kind: EngineEventKind,
  decided: number,
): Promise<number> {
  const [since, until] = [decided, Date.now()].map((ms) => new Date(ms).toISOString());
  const events = await engine.pastEvents(id, since ?? '', until ?? '');
  const end = events.find((event) => event.kind === kind);
  if (end === undefined) throw new Error(`the engine tells of no ${kind}`);
  return Date.parse(end.at) - decided;
}

export const recovery: Benchmark = {
  name: 'recovery',
  title:
    'nginx with a published port is put back into a pristine state while a client makes a new connection with one request every 5 ms',
  variants: Object.keys(WAYS),
  metrics: [
    {
      ...{ key: 'gap', title: 'longest time without an answer', unit: 'ms', better: 'lower' },
      baseline: ARTICLE,
      bars: [
        ...['freeze-first', 'guard, freeze-first'].map((variant) => ({
          ...{ kind: 'ratio' as const, variant, limit: 0.9 },
        })),
        ...[...NOT_LED, ...LED].map((variant) => ({ kind: 'ratio' as const, variant, limit: 0.4 })),
      ],
    },
    {
      ...{ key: 'lost', title: 'requests refused, reset or never answered', unit: '', better: 'lower' },
      bars: LED.map((variant) => ({ kind: 'worst' as const, variant, limit: 0 })),
    },
    { key: 'worst', title: 'longest wait of one request that was answered', unit: 'ms', better: 'lower' },
    {
      ...{
        key: 'frozen',
        title: 'from the decision to the end of the intruder',
        unit: 'ms',
        better: 'lower',
      },
      bars: ['freeze-first', 'guard, freeze-first'].map((variant) => ({
        kind: 'value' as const,
        variant,
        limit: 50,
      })),
    },
  ],
  rounds: { full: 20, quick: 3 },
  prepare,
};
