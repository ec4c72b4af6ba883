import type { Mode, Severity } from '../contract/index.ts';
import { DEFAULT_POLICY } from '../contract/index.ts';
import { policyFor, worstSeverity } from '../drift/index.ts';
import type { ContainerStatus, ContainerSummary, Engine } from '../engine/index.ts';
import { posture } from '../hardening/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';
import { lockedContainers } from '../lockdown/index.ts';
import { assess } from './assess.ts';
import type { Context } from './context.ts';
import { containerSubject } from './drift-subject.ts';
import { readerFor } from './readers.ts';

export interface PsRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly status: ContainerStatus;
  /** Whether "pristine lock" made it read-only. */
  readonly locked: boolean;
  /** Mode that the container's labels ask for; null when they do not. */
  readonly mode: Mode | null;
  /** Grade of its posture, A to F. */
  readonly grade: string | null;
  /** Unexpected and expected changes, by kind. */
  readonly drift: { readonly added: number; readonly changed: number; readonly deleted: number } | null;
  /** Worst severity of its findings; null when there is none. */
  readonly severity: Severity | null;
  readonly createdAt: string;
  /** Why drift or severity are not known. */
  readonly error?: string;
}

/** Every container of the engine with its posture, drift and worst finding. */
export async function ps(context: Context, signal?: AbortSignal): Promise<PsRow[]> {
  const engine = await context.engine();
  const locked = await lockedContainers(context.stateDirectory);
  const rows: PsRow[] = [];
  for (const summary of await engine.list()) {
    signal?.throwIfAborted();
    const row = await rowOf(context, engine, summary, signal);
    if (row !== null) rows.push({ ...row, locked: locked.has(row.id) });
  }
  return rows;
}

/** Answers null when the container went away meanwhile. */
async function rowOf(
  context: Context,
  engine: Engine,
  summary: ContainerSummary,
  signal?: AbortSignal,
): Promise<Omit<PsRow, 'locked'> | null> {
  const { id, name, image, status, createdAt } = summary;
  const base = { id, name, image, status, createdAt, mode: null, grade: null, drift: null, severity: null };
  try {
    const details = await engine.inspect(id);
    const guarded = details.labels['pristine.mode'] !== undefined;
    const policy = guarded ? policyFor({ version: 1 }, details, details.labels, {}) : DEFAULT_POLICY;
    const reader = readerFor(details, engine);
    const options = { hash: false, maxHashBytes: 0, ...(signal === undefined ? {} : { signal }) };
    const { changes } = await reader.scan(details, options);
    const subject = containerSubject(details, reader, policy);
    const { findings } = await assess(subject, changes, context.clock.now());
    const count = (kind: 'A' | 'C' | 'D') =>
      changes.filter((change) => change.kind === kind && !change.identical && change.mountpoint !== true)
        .length;
    return {
      ...base,
      mode: guarded ? policy.mode : null,
      grade: posture(details).grade,
      drift: { added: count('A'), changed: count('C'), deleted: count('D') },
      severity: worstSeverity(findings),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PristineError && error.code === 'E_NO_SUCH_CONTAINER') return null;
    return { ...base, error: messageOf(error) };
  }
}
