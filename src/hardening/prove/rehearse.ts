import { setTimeout as sleep } from 'node:timers/promises';
import type { HardenedConfiguration, Observation } from '../../contract/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import { messageOf, printable } from '../../kernel/index.ts';
import type { ChangeSensor, DriftReader } from '../../sensor/index.ts';
import { handlesHangUp, joinObservations, lastOutput, observeCopy } from '../observe/index.ts';
import { type Forward, forward } from './forward.ts';
import { listeningPorts, type Port, portName } from './listening.ts';
import { environmentOf, type Workload, type WorkloadEnvironment, WorkloadFailure } from './workload.ts';

/** What a container is let run with, whatever is tried. */
export interface Means {
  readonly engine: Engine;
  readonly sensor: ChangeSensor;
  readonly reader: DriftReader;
  readonly original: ContainerDetails;
  readonly workloads: readonly Workload[];
  /** Longest time that a copy may take to be ready, in milliseconds. */
  readonly readyMs: number;
  /** Bytes of live data that are copied at most. */
  readonly mostData: number;
  readonly signal: AbortSignal;
}

/** What rehearsals of one container have in common. */
export interface Stage extends Means {
  /** Ports that the workload is told of. */
  readonly ports: readonly Port[];
  /** Ports that must be listened on before a copy counts as ready. */
  readonly expected: readonly Port[];
}

export interface Rehearsal {
  /** For progress, e.g. `learning`. */
  readonly title: string;
  /** Null: as the original is. */
  readonly configuration: HardenedConfiguration | null;
  /** 1: start, workload, stop. 2: all of it again after a restart. */
  readonly rounds: 1 | 2;
  /** Whether it is asked to reload after the workload, where its first process has a handler for that. */
  readonly reload: boolean;
  /** Whether what it does is observed, or only whether it works. */
  readonly observed: boolean;
}

export interface RehearsalResult {
  /** Why it did not work, as sentences; empty when it did. */
  readonly failures: readonly string[];
  /** The round in which it failed. */
  readonly failedRound: number | null;
  /** Ports that were listened on when the first round began. */
  readonly listening: readonly Port[];
  readonly observation: Observation | null;
  /** What the copy does not have of the original. */
  readonly differences: readonly string[];
  readonly reloaded: boolean;
}

const LOOK_EVERY_MS = 50;
/** After the last expected sign of readiness, or where none is expected. */
const QUIET_MS = 300;
const AFTER_RELOAD_MS = 700;

/** Lets a copy run through its life, and removes it and everything that was made for it. */
export async function rehearse(stage: Stage, rehearsal: Rehearsal): Promise<RehearsalResult> {
  const { engine, original, signal, mostData } = stage;
  signal.throwIfAborted();
  const copy = await engine.createCopy(original.id, {
    labels: { 'pristine.rehearsal': rehearsal.title },
    configuration: rehearsal.configuration,
    mostData,
    signal,
  });
  const failures: string[] = [];
  const observations: Observation[] = [];
  let failedRound: number | null = null;
  let listening: readonly Port[] = [];
  let reloaded = false;
  try {
    for (let round = 1; round <= rehearsal.rounds && failures.length === 0; round++) {
      const played = await playRound(stage, rehearsal, copy.id, round);
      if (played.observation !== null) observations.push(played.observation);
      if (round === 1) listening = played.listening;
      reloaded ||= played.reloaded;
      failures.push(...played.failures);
      if (failures.length > 0) failedRound = round;
    }
  } finally {
    await engine.removeCopy(copy.id);
  }
  const observation = observations.length === 0 ? null : joinObservations(observations);
  return { failures, failedRound, listening, observation, differences: copy.differences, reloaded };
}

interface Round {
  readonly failures: readonly string[];
  readonly listening: readonly Port[];
  readonly observation: Observation | null;
  readonly reloaded: boolean;
}

async function playRound(stage: Stage, rehearsal: Rehearsal, id: string, round: number): Promise<Round> {
  const { engine, signal } = stage;
  await using observer = rehearsal.observed
    ? await observeCopy(await engine.inspect(id), {
        sensor: stage.sensor,
        reader: stage.reader,
        engine,
      })
    : null;
  const failures: string[] = [];
  let listening: readonly Port[] = [];
  let reloaded = false;
  observer?.phase('boot');
  const { address } = await engine.startCopy(id);
  const forwards: Forward[] = [];
  try {
    const begun = await engine.inspect(id);
    await observer?.started(begun);
    listening = await ready(stage, id);
    await observer?.settle();
    observer?.phase('steady');
    for (const port of stage.ports) forwards.push(await forward(port, () => address));
    await work(stage, environmentOf(begun, round, forwards));
    await stillRuns(engine, id);
    await observer?.settle();
    if (rehearsal.reload && canReload(await engine.inspect(id))) {
      observer?.phase('reload');
      reloaded = true;
      await engine.signalCopy(id, 'SIGHUP');
      await sleep(AFTER_RELOAD_MS, undefined, { signal });
      await ready(stage, id);
      await stillRuns(engine, id);
      await observer?.settle();
    }
  } catch (error) {
    signal.throwIfAborted();
    failures.push(await explain(engine, id, error));
  } finally {
    for (const led of forwards) await led[Symbol.asyncDispose]();
  }
  observer?.phase('shutdown');
  await engine.stop(id, failures.length === 0 ? 'graceful' : 'kill');
  const observation = (await observer?.end()) ?? null;
  return { failures, listening, observation, reloaded };
}

/** Waits until a copy is healthy and listens where it should. */
async function ready(stage: Stage, id: string): Promise<Port[]> {
  const { engine, signal, readyMs, expected } = stage;
  const deadline = Date.now() + readyMs;
  const healthy = engine.waitHealthy(id, readyMs);
  healthy.catch(() => {});
  const wanted = expected.map(portName);
  for (;;) {
    signal.throwIfAborted();
    const { pid } = await engine.inspect(id);
    const open = pid === null ? [] : await listeningPorts(pid);
    const names = open.map(portName);
    if (wanted.every((name) => names.includes(name))) {
      await healthy;
      await sleep(QUIET_MS, undefined, { signal });
      return open;
    }
    // One that has ended says so, and why.
    if (pid === null) await healthy;
    if (Date.now() > deadline) {
      const missing = wanted.filter((name) => !names.includes(name));
      throw new WorkloadFailure(`nothing listened on ${missing.join(', ')} after ${readyMs / 1000} s`);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function work(stage: Stage, environment: WorkloadEnvironment): Promise<void> {
  for (const workload of stage.workloads) {
    try {
      await workload.run(environment, stage.signal);
    } catch (error) {
      if (!(error instanceof WorkloadFailure)) throw error;
      throw new WorkloadFailure(`${printable(workload.title)} failed: ${error.message}`);
    }
  }
}

async function stillRuns(engine: Engine, id: string): Promise<void> {
  const { status, exitCode } = await engine.inspect(id);
  if (status !== 'running')
    throw new WorkloadFailure(`it ended with code ${exitCode} while it was exercised`);
}

/** Whether the first process would reload; any other would end. */
function canReload({ pid }: ContainerDetails): boolean {
  return pid !== null && handlesHangUp(pid);
}

/** A sentence, with the copy's last words when they are not in it. */
async function explain(engine: Engine, id: string, error: unknown): Promise<string> {
  const what = messageOf(error);
  if (what.includes('it said last')) return what;
  const lines = await lastLines(engine, id).catch(() => []);
  return lines.length === 0 ? what : `${what}; it said last: ${lines.join(' | ')}`;
}

const MOST_OUTPUT = 64 << 10;

async function lastLines(engine: Engine, id: string): Promise<string[]> {
  const said = await lastOutput(engine, id, MOST_OUTPUT);
  return said
    .split('\n')
    .filter(Boolean)
    .slice(-5)
    .map((line) => printable(line.slice(0, 300)));
}
