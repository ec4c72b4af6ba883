import type { Change } from '../contract/index.ts';
import { type Evaluation, evaluate, needsContent, SAMPLE_BYTES, type Subject } from '../drift/index.ts';
import type { DriftSubject } from './drift-subject.ts';

/** What the rules say about changes: reads the samples that they ask for, then evaluates. */
export async function assess(
  of: Pick<DriftSubject, 'id' | 'image' | 'policy' | 'readCurrent'>,
  changes: readonly Change[],
  now: Date,
): Promise<Evaluation> {
  const subjects: Subject[] = [];
  for (const change of changes) subjects.push(await withContent(of, change));
  return evaluate(subjects, of.policy, { now, containerId: of.id });
}

async function withContent(
  { image, readCurrent }: Pick<DriftSubject, 'image' | 'readCurrent'>,
  change: Change,
) {
  if (!needsContent(change)) return { change, image };
  const sample = await readCurrent(change.path, SAMPLE_BYTES);
  if (sample === null) return { change, image };
  return { change, image, content: { bytes: sample.bytes, truncated: sample.size > sample.bytes.length } };
}
