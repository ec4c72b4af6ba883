import { type Change, type Finding, SEVERITIES, type Severity, type WrittenPath } from '../contract/index.ts';
import { policyFor } from '../drift/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { WRITTEN_TYPES } from '../hardening/index.ts';
import { assess } from './assess.ts';
import type { Context } from './context.ts';
import { containerSubject } from './drift-subject.ts';
import { readerFor } from './readers.ts';

/** Rules that speak when no other does. */
const UNEXPLAINED = /^unexplained-/;

/**
 * What the live container wrote, but for what the rules find suspicious: an attacker must not widen the plan. That
 * nobody knows a file yet is no suspicion: so it is with a database's.
 * @param most so many changes are looked at
 */
export async function liveWritesOf(
  context: Context,
  details: ContainerDetails,
  engine: Engine,
  signal: AbortSignal,
  most: number,
): Promise<WrittenPath[]> {
  const { changes, findings } = await liveDrift(context, details, engine, signal, most);
  const suspicious = new Set(findings.filter(({ rule }) => !UNEXPLAINED.test(rule)).map(({ path }) => path));
  return changes.filter(({ path }) => !suspicious.has(path)).map(writtenPath);
}

/** Whether a finding is of a severity, or of a worse one. */
export function isAtLeast(least: Severity): (finding: Finding) => boolean {
  return ({ severity }) => SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}

/** What differs from the image now, and what the rules say of it. */
export async function liveDrift(
  context: Context,
  details: ContainerDetails,
  engine: Engine,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<{ changes: Change[]; findings: Finding[] }> {
  const policy = policyFor({ version: 1 }, details, details.labels, {});
  const subject = containerSubject(details, readerFor(details, engine), policy);
  const { changes } = await subject.scan(signal);
  const looked = changes.slice(0, most).filter(({ mountpoint }) => mountpoint !== true);
  const { findings } = await assess(subject, looked, context.clock.now());
  return { changes: looked, findings };
}

function writtenPath({ path, kind, before, after }: Change): WrittenPath {
  const state = after ?? before;
  const type = state === null ? 'unknown' : WRITTEN_TYPES[state.type];
  return {
    path,
    type,
    operations: [kind === 'A' ? 'create' : kind === 'D' ? 'delete' : 'write'],
    phases: ['steady'],
    writers: [],
    bytes: state?.type === 'file' ? state.size : 0,
    inImage: kind !== 'A',
    remains: after !== null,
    executed: false,
    owner: after === null ? null : { uid: after.uid, gid: after.gid, mode: after.mode },
  };
}
