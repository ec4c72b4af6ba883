import type { AuditReport } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { auditContainers } from '../hardening/index.ts';
import { PristineError } from '../kernel/index.ts';
import type { Context } from './context.ts';

export interface AuditRequest {
  /** Names or ids; none: every container that runs. */
  readonly references: readonly string[];
  /** Seconds to watch which files of the images are opened; null: not at all. */
  readonly watchSeconds: number | null;
  readonly signal?: AbortSignal;
}

/** So many questions are asked of the engine at a time. */
const AT_A_TIME = 8;

/** The posture of containers, from their real configuration, processes and images. */
export async function audit(context: Context, request: AuditRequest): Promise<AuditReport> {
  const { references, watchSeconds, signal } = request;
  const engine = await context.engine();
  const containers =
    references.length > 0 ? await inspectNamed(engine, references) : await inspectRunning(engine);
  const takenAt = context.clock.now().toISOString();
  const audits = await auditContainers(containers, {
    engine: engine.info,
    local: engine.capabilities.localStorage,
    watchSeconds,
    ...(signal && { signal }),
  });
  return { takenAt, engine: engine.info.title, containers: audits };
}

async function inspectNamed(engine: Engine, references: readonly string[]): Promise<ContainerDetails[]> {
  const found = await inEach(references, (reference) => engine.inspect(reference));
  return found.filter(({ id }, at) => found.findIndex((other) => other.id === id) === at);
}

async function inspectRunning(engine: Engine): Promise<ContainerDetails[]> {
  const running = (await engine.list()).filter(({ status }) => status === 'running' || status === 'paused');
  const found = await inEach(running, ({ id }) => engine.inspect(id).catch(goneIsNull));
  return found.filter((details) => details !== null).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function goneIsNull(error: unknown): null {
  if (error instanceof PristineError && error.code === 'E_NO_SUCH_CONTAINER') return null;
  throw error;
}

/** Does something with each, a few at a time; answers in the same order. */
async function inEach<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.map((item, at) => ({ item, at }));
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next.at] = await work(next.item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return results;
}
