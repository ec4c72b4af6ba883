import type { Change, Policy, WatchTarget } from '../contract/index.ts';
import { type Evaluation, evaluate, type ImageFacts, needsContent, type Subject } from '../drift/index.ts';
import type { ContainerDetails } from '../engine/index.ts';
import type { DriftReader } from '../sensor/index.ts';

/** How much of a file the rules look at, in bytes. */
const SAMPLE_BYTES = 256 * 1024;

/** What the rules say about changes of a container: reads the samples that they ask for, then evaluates. */
export async function assess(
  details: ContainerDetails,
  changes: readonly Change[],
  policy: Policy,
  reader: DriftReader,
  now: Date,
): Promise<Evaluation> {
  const image = imageFacts(details);
  const subjects: Subject[] = [];
  for (const change of changes) subjects.push(await subjectOf(details, change, image, reader));
  return evaluate(subjects, policy, { now, containerId: details.id });
}

async function subjectOf(
  target: WatchTarget,
  change: Change,
  image: ImageFacts,
  reader: DriftReader,
): Promise<Subject> {
  if (!needsContent(change)) return { change, image };
  const sample = await reader.readCurrent(target, change.path, SAMPLE_BYTES);
  if (sample === null) return { change, image };
  return { change, image, content: { bytes: sample.bytes, truncated: sample.size > sample.bytes.length } };
}

function imageFacts({ entrypoint, workingDirectory }: ContainerDetails): ImageFacts {
  return { entrypoint, workingDirectory };
}
