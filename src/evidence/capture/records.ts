import type { Drift } from '../../contract/index.ts';
import { canonicalJson } from '../../kernel/index.ts';
import type { ByteSink } from '../tar/writer.ts';
import type { CaptureContext } from './context.ts';

/** Keeps what Pristine itself found: the drift, the incident with its findings, the timeline. */
export async function captureRecords(context: CaptureContext): Promise<void> {
  const { builder, incident, timeline, differences, omissions } = context;
  const kind = { title: 'Every difference from the image', mediaType: 'application/json' };
  await builder.item('drift.json', kind, (file) => writeDrift(file, differences));
  const keep = (name: string, title: string, value: unknown) =>
    builder.content(`${name}.json`, { title, mediaType: 'application/json' }, canonicalJson(value));
  for (const sentence of differences.blindSpots) omissions.add(sentence);
  if (incident !== null) {
    await keep('incident', 'The incident as it stood', { ...incident, findings: [] });
    await keep('findings', 'Findings', incident.findings);
  }
  await keep('timeline', 'What happened when', timeline);
}

/** Canonical JSON, change by change: a hostile container can have hundreds of thousands. */
async function writeDrift(
  sink: ByteSink,
  { blindSpots, changes, container, source, takenAt }: Drift,
): Promise<void> {
  const write = (text: string) => sink.write(Buffer.from(text));
  await write(`{"blindSpots":${canonicalJson(blindSpots)},"changes":[`);
  for (const [index, change] of changes.entries())
    await write(`${index === 0 ? '' : ','}${canonicalJson(change)}`);
  const rest = canonicalJson({ container, source, takenAt });
  await write(`],${rest.slice(1)}`);
}
