import type { HardeningPlan } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import {
  commandWorkload,
  emitCompose,
  emitKubernetes,
  emitRun,
  emitSwarm,
  exerciseLive,
  harden,
  httpWorkload,
  readImageTree,
  type Workload,
} from '../hardening/index.ts';
import { PristineError } from '../kernel/index.ts';
import { createFanotifySensor } from '../sensor/index.ts';
import type { Context } from './context.ts';
import { liveWritesOf } from './live-writes.ts';
import { savePlan } from './plans.ts';
import { readerFor } from './readers.ts';
import { forgetRefusals, rememberedRefusals } from './refused-writes.ts';

export interface HardenOptions {
  /** Commands of the host that exercise a copy. */
  readonly commands: readonly string[];
  /** Pages that a copy must serve, `PORT` or `PORT/PATH`. */
  readonly pages: readonly string[];
  readonly allowExec: boolean;
  /** Whether what the container was refused to write is allowed from now on. */
  readonly amend: boolean;
  /** Longest times, in milliseconds. */
  readonly readyMs: number;
  readonly workloadMs: number;
  /** Bytes of live data that are copied at most. */
  readonly mostData: number;
  readonly onProgress?: (what: string) => void;
  readonly signal: AbortSignal;
}

/** So much of a live container's drift is learnt from; whoever made more did not do so by serving. */
const MOST_LIVE_WRITES = 20_000;

const EMITTERS = { run: emitRun, compose: emitCompose, swarm: emitSwarm, kubernetes: emitKubernetes };
export type EmitFormat = keyof typeof EMITTERS;

/**
 * Works out and proves what a container needs to run read-only, and keeps the plan in the state directory. The live
 * container is only read.
 *
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_NEEDS_ROOT, E_COPY, E_USAGE
 */
export async function hardenContainer(
  context: Context,
  reference: string,
  options: HardenOptions,
): Promise<HardeningPlan> {
  const engine = await context.engine();
  const original = await engine.inspect(reference);
  requireLayers(engine, original);
  const workloads = workloadsOf(options);
  const { allowExec, readyMs, mostData, onProgress, signal } = options;
  const reader = readerFor(original, engine);
  onProgress?.('reading what the live container wrote');
  const liveWrites = await liveWritesOf(context, original, engine, signal, MOST_LIVE_WRITES);
  const refusals = options.amend ? await rememberedRefusals(context, original) : [];
  const sensor = await createFanotifySensor();
  try {
    const plan = await harden({
      ...{
        engine,
        sensor,
        reader,
        original,
        workloads,
        liveWrites,
        refusals,
        allowExec,
        readyMs,
        mostData,
        signal,
      },
      clock: context.clock,
      image: await readImageTree(original, signal),
      ...(onProgress && { onProgress }),
    });
    await savePlan(context.stateDirectory, plan);
    if (options.amend && plan.proof.proven) await forgetRefusals(context, original);
    return plan;
  } finally {
    await sensor.close();
  }
}

/** Uses a hardened container that runs as its copies were used. */
export function exerciseHardened(
  hardened: ContainerDetails,
  options: Pick<HardenOptions, 'commands' | 'pages' | 'workloadMs' | 'signal'>,
): Promise<void> {
  return exerciseLive(hardened, workloadsOf(options), options.signal);
}

function workloadsOf({
  pages,
  commands,
  workloadMs,
}: Pick<HardenOptions, 'commands' | 'pages' | 'workloadMs'>): Workload[] {
  return [
    ...pages.map((page) => pageWorkload(page, workloadMs)),
    ...commands.map((command) => commandWorkload(command, workloadMs)),
  ];
}

/** A plan as the configuration of the tool that is to run it. */
export async function emitPlan(context: Context, plan: HardeningPlan, format: EmitFormat): Promise<string> {
  const engine = await context.engine();
  return EMITTERS[format](await engine.inspect(plan.container.id), plan);
}

function requireLayers(engine: Engine, { overlay, name }: ContainerDetails): void {
  if (overlay !== null && engine.capabilities.localStorage && process.geteuid?.() === 0) return;
  throw new PristineError('E_NEEDS_ROOT', `what ${name} writes cannot be seen from here`, {
    next: 'Run it as root on the host of the engine, with the overlay2 storage driver; "pristine doctor" tells what is missing.',
  });
}

function pageWorkload(page: string, timeoutMs: number): Workload {
  const match = /^(\d{1,5})(\/.*)?$/.exec(page);
  if (match === null)
    throw new PristineError('E_USAGE', `"${page}" is no page of a port`, {
      next: 'Give a port, or a port and a path: --http 80 or --http 8080/health.',
    });
  return httpWorkload(Number(match[1]), match[2] ?? null, timeoutMs);
}
