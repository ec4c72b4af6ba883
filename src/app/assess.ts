import { setImmediate } from 'node:timers/promises';
import type { Change } from '../contract/index.ts';
import {
  companions,
  type Evaluation,
  evaluate,
  mergeEvaluations,
  needsContent,
  SAMPLE_BYTES,
  type Subject,
} from '../drift/index.ts';
import type { DriftSubject } from './drift-subject.ts';
import { SampleCache } from './sample-cache.ts';

/** So many changes are judged at a time: their samples lie in memory together, and a container can make millions. */
const AT_A_TIME = 20;

/** Shared by all who judge in this process: an attacker's file comes in many copies and containers. */
const samples = new SampleCache();

/** What the rules say about changes: reads the samples that they ask for, then evaluates. */
export async function assess(
  of: Pick<DriftSubject, 'id' | 'image' | 'policy' | 'change' | 'readCurrent'>,
  changes: readonly Change[],
  now: Date,
): Promise<Evaluation> {
  const evaluations: Evaluation[] = [];
  for (let at = 0; at < changes.length; at += AT_A_TIME) {
    evaluations.push(await assessSome(of, changes.slice(at, at + AT_A_TIME), now));
    // Judging is all computation; others get their turn in between.
    await setImmediate();
  }
  return mergeEvaluations(evaluations);
}

async function assessSome(
  of: Pick<DriftSubject, 'id' | 'image' | 'policy' | 'change' | 'readCurrent'>,
  changes: readonly Change[],
  now: Date,
): Promise<Evaluation> {
  const subjects: Subject[] = [];
  for (const change of changes) subjects.push(await withContent(of, change));
  const beside = await companionsOf(of, changes);
  return evaluate(subjects, of.policy, { now, containerId: of.id, beside });
}

/** Changes that are not among the given ones, but help to judge them. */
async function companionsOf(of: Pick<DriftSubject, 'change'>, changes: readonly Change[]): Promise<Change[]> {
  const given = new Set(changes.map(({ path }) => path));
  const paths = new Set(changes.flatMap(companions).filter((path) => !given.has(path)));
  const found: Change[] = [];
  for (const path of paths) {
    const change = await of.change(path);
    if (change !== null) found.push(change);
  }
  return found;
}

async function withContent(
  { image, readCurrent }: Pick<DriftSubject, 'image' | 'readCurrent'>,
  change: Change,
) {
  if (change.after === null || !needsContent(change)) return { change, image };
  const kept = samples.ofState(change.after);
  if (kept !== undefined) return { change, image, content: kept };
  const sample = await readCurrent(change.path, SAMPLE_BYTES);
  return sample === null ? { change, image } : { change, image, content: samples.ofSample(sample) };
}
