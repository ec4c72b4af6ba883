import type { EvidenceStore } from '../evidence/index.ts';
import { PristineError } from '../kernel/index.ts';

/**
 * Id of the newest bundle of an incident; null when it has none.
 * @param since ISO 8601; bundles whose capture was begun before do not count
 */
export async function newestBundle(
  evidence: EvidenceStore,
  incidentId: string,
  since?: string,
): Promise<string | null> {
  const newest = (await evidence.list()).find(({ incident }) => incident === incidentId);
  if (newest === undefined) return null;
  const isOld = since !== undefined && Date.parse(newest.capturedAt) < Date.parse(since);
  return isOld ? null : newest.bundle;
}

/**
 * A reference to a bundle: an incident's id stands for its newest bundle, anything else for itself.
 *
 * @throws {PristineError} E_NO_SUCH_BUNDLE for an incident of which only refused files are kept
 */
export async function bundleReference(evidence: EvidenceStore, reference: string): Promise<string> {
  if (!reference.startsWith('inc-')) return reference;
  if (await hasOnlyDenied(evidence, reference)) {
    throw new PristineError('E_NO_SUCH_BUNDLE', `${reference} has no bundle, only files that were refused`, {
      next: `Run "pristine evidence denied ${reference} --output DIR" to have them, or "pristine capture" for a bundle.`,
    });
  }
  return (await newestBundle(evidence, reference)) ?? reference;
}

/** Whether a reference is that of an incident of which refused files are kept, and no bundle. */
export async function hasOnlyDenied(evidence: EvidenceStore, reference: string): Promise<boolean> {
  if (!reference.startsWith('inc-') || (await newestBundle(evidence, reference)) !== null) return false;
  return (await evidence.denied(reference)).length > 0;
}
