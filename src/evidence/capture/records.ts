import { canonicalJson } from '../../kernel/index.ts';
import type { CaptureContext } from './context.ts';

/** Keeps what Pristine made of it: the incident with its findings, the timeline. */
export async function captureRecords({ builder, incident, timeline }: CaptureContext): Promise<void> {
  const keep = (name: string, title: string, value: unknown) =>
    builder.content(`${name}.json`, { title, mediaType: 'application/json' }, canonicalJson(value));
  if (incident !== null) {
    await keep('incident', 'The incident as it stood', { ...incident, findings: [] });
    await keep('findings', 'Findings', incident.findings);
  }
  await keep('timeline', 'What happened when', timeline);
}
