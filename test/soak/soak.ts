/** A guard over a long time, with containers starting and dying all the while: what it holds must not grow. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureServiceImage } from '../../range/index.ts';
import { RunningGuard, temporaryState } from '../support/guard.ts';
import { figuresOf, guardProcesses, type ProcessFigures } from '../support/process-figures.ts';
import { type Attempt, live } from './lives.ts';

export interface Sample {
  /** Seconds since the first container started. */
  readonly at: number;
  /** Containers that have lived so far. */
  readonly lives: number;
  readonly guard: ProcessFigures;
  readonly enforcer: ProcessFigures;
}

export interface SoakReport {
  /** Before the first container. */
  readonly baseline: Sample;
  readonly samples: readonly Sample[];
  /** After the last one. */
  readonly end: Sample;
  readonly lives: number;
  /** Programs and scripts that the image never held. */
  readonly tried: number;
  /** Those of them that ran, before and after the guard said that it watches their container. */
  readonly ranBefore: number;
  readonly ranAfter: number;
  /** Events of the guard by type. */
  readonly events: Readonly<Record<string, number>>;
  /** Its events that tell of a problem, or of a gap. */
  readonly wrong: readonly string[];
}

export interface SoakOptions {
  readonly seconds: number;
  readonly sampleEverySeconds: number;
  /** Between two starts. */
  readonly startEveryMs: number;
  readonly onSample?: (sample: Sample) => void;
}

/** After the last container: its incident is closed, and all that was held for it given back. */
const SETTLE_MS = 5000;

/** @throws when the guard or its enforcer ends, or cannot be started */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { reference } = await ensureServiceImage({ name: 'soak', dockerfile: 'FROM debian:bookworm-slim\n' });
  const prefix = `pristine-soak-${randomBytes(4).toString('hex')}`;
  using state = temporaryState();
  const config = join(state.path, 'pristine.yaml');
  const entry = { match: { name: `${prefix}-*` }, mode: 'protect' };
  writeFileSync(config, JSON.stringify({ version: 1, containers: [entry] }));
  await using guard = new RunningGuard(state.path, ['--config', config]);
  await guard.waitFor('ready');

  const lives: Promise<Attempt[]>[] = [];
  const { enforcer } = guardProcesses(guard.pid);
  if (enforcer === null) throw new Error('the guard has no enforcer');
  const began = performance.now();
  const sample = (): Sample => ({
    at: Math.round((performance.now() - began) / 1000),
    lives: lives.length,
    guard: figuresOf(guard.pid),
    enforcer: figuresOf(enforcer),
  });
  const baseline = sample();
  const samples: Sample[] = [];
  for (let started = 0; performance.now() - began < options.seconds * 1000; started++) {
    const life = live(reference, `${prefix}-${started}`, started);
    life.catch(() => {}); // it is told at the end, with all others
    lives.push(life);
    await sleep(options.startEveryMs);
    if (performance.now() - began < (samples.length + 1) * options.sampleEverySeconds * 1000) continue;
    const taken = sample();
    samples.push(taken);
    options.onSample?.(taken);
  }
  const attempts = (await Promise.all(lives)).flat();
  await sleep(SETTLE_MS);
  const end = sample();
  const watchedSince = new Map(
    guard.events.flatMap((event) =>
      event.type === 'watching' ? [[event.container.name, Date.parse(event.at)]] : [],
    ),
  );
  const ran = attempts.filter((attempt) => attempt.ran);
  const ranAfter = ran.filter(({ container, at }) => at > (watchedSince.get(container) ?? Infinity));
  const told = Map.groupBy(guard.events, ({ type }) => type);
  return {
    baseline,
    samples,
    end,
    lives: lives.length,
    tried: attempts.length,
    ranBefore: ran.length - ranAfter.length,
    ranAfter: ranAfter.length,
    events: Object.fromEntries([...told].map(([type, events]) => [type, events.length])),
    wrong: guard.events
      .filter(({ type }) => type === 'problem' || type === 'gap')
      .map((event) => JSON.stringify(event)),
  };
}
