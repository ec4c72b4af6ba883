import type { EvidenceStore } from '../evidence/index.ts';

/** A reference to a bundle: an incident's id stands for its newest bundle, anything else for itself. */
export async function bundleReference(evidence: EvidenceStore, reference: string): Promise<string> {
  if (!reference.startsWith('inc-')) return reference;
  const ofIncident = (await evidence.list()).find(({ incident }) => incident === reference);
  return ofIncident?.bundle ?? reference;
}
