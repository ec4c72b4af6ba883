import type { Change, Drift, Policy } from '../contract/index.ts';
import { DEFAULT_POLICY } from '../contract/index.ts';
import { type ImageFacts, policyFor } from '../drift/index.ts';
import type { ContainerDetails } from '../engine/index.ts';
import type { EvidenceStore } from '../evidence/index.ts';
import type { DriftReader, FileSample } from '../sensor/index.ts';
import type { Context } from './context.ts';
import { readerFor, thorough } from './readers.ts';

/** Something whose drift can be read: a container, or the sealed evidence of one. */
export interface DriftSubject {
  /** Id of the container. */
  readonly id: string;
  readonly name: string;
  readonly image: ImageFacts;
  readonly policy: Policy;
  /** Everything that differs, with hashes unless they are not wanted. */
  scan(signal?: AbortSignal, hash?: boolean): Promise<Drift>;
  /** What differs at one path; null when nothing does. */
  change(path: string): Promise<Change | null>;
  readCurrent(path: string, maxBytes: number): Promise<FileSample | null>;
  readOriginal(path: string, maxBytes: number): Promise<FileSample | null>;
}

/**
 * @param reference name or id of a container, id or path of a bundle, or id of an incident for its newest bundle
 * @throws {PristineError} E_NO_SUCH_CONTAINER, E_NO_SUCH_BUNDLE
 */
export async function findSubject(context: Context, reference: string): Promise<DriftSubject> {
  // Container names hold no slash; a container may be called like a bundle, but hardly is.
  if (reference.includes('/')) return bundleSubject(await context.evidence(), reference);
  if (/^(?:ev|inc)-/.test(reference)) {
    const evidence = await context.evidence();
    const known = (await evidence.list()).find(({ bundle, incident }) =>
      [bundle, incident].includes(reference),
    );
    if (known !== undefined) return bundleSubject(evidence, known.bundle);
  }
  const engine = await context.engine();
  const details = await engine.inspect(reference);
  const policy = policyFor({ version: 1 }, details, details.labels, {});
  return containerSubject(details, readerFor(details, engine), policy);
}

export function containerSubject(
  details: ContainerDetails,
  reader: DriftReader,
  policy: Policy,
): DriftSubject {
  const { id, name, entrypoint, workingDirectory } = details;
  return {
    id,
    name,
    policy,
    image: { entrypoint, workingDirectory },
    scan: (signal, hash = true) => reader.scan(details, { ...thorough(signal), hash }),
    change: (path) => reader.examine(details, path, thorough()),
    readCurrent: (path, maxBytes) => reader.readCurrent(details, path, maxBytes),
    readOriginal: (path, maxBytes) => reader.readOriginal(details, path, maxBytes),
  };
}

async function bundleSubject(evidence: EvidenceStore, reference: string): Promise<DriftSubject> {
  const { container } = await evidence.manifest(reference);
  const drift = await evidence.drift(reference);
  return {
    id: container.id,
    name: container.name,
    policy: DEFAULT_POLICY,
    image: { entrypoint: [], workingDirectory: '/' },
    scan: async () => drift,
    change: async (path) => drift.changes.find((change) => change.path === path) ?? null,
    readCurrent: (path, maxBytes) => evidence.readCurrent(reference, path, maxBytes),
    readOriginal: (path, maxBytes) => evidence.readOriginal(reference, path, maxBytes),
  };
}
