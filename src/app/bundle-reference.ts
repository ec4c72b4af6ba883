import type { EvidenceStore } from '../evidence/index.ts';

/** Id of the newest bundle of an incident; null when it has none. */
export async function newestBundle(evidence: EvidenceStore, incidentId: string): Promise<string | null> {
  return (await evidence.list()).find(({ incident }) => incident === incidentId)?.bundle ?? null;
}

/** A reference to a bundle: an incident's id stands for its newest bundle, anything else for itself. */
export async function bundleReference(evidence: EvidenceStore, reference: string): Promise<string> {
  if (!reference.startsWith('inc-')) return reference;
  return (await newestBundle(evidence, reference)) ?? reference;
}
