import { canonicalJson } from '../../kernel/index.ts';
import type { CaptureContext } from './context.ts';

/** Keeps what Pristine itself found: the drift, the incident with its findings, the timeline. */
export async function captureRecords(context: CaptureContext): Promise<void> {
  const { builder, incident, timeline, differences, omissions } = context;
  const keep = (name: string, title: string, value: unknown) =>
    builder.content(`${name}.json`, { title, mediaType: 'application/json' }, canonicalJson(value));
  await keep('drift', 'Every difference from the image', differences);
  for (const sentence of differences.blindSpots) omissions.add(sentence);
  if (incident !== null) {
    await keep('incident', 'The incident as it stood', { ...incident, findings: [] });
    await keep('findings', 'Findings', incident.findings);
  }
  await keep('timeline', 'What happened when', timeline);
}
