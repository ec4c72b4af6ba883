import { opendir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import type { BundleManifest, Drift, LedgerEntry, VerifyReport } from '../../contract/index.ts';
import { driftSchema } from '../../contract/index.ts';
import type { Engine } from '../../engine/index.ts';
import { type Clock, PristineError, systemErrorCode } from '../../kernel/index.ts';
import type { FileSample } from '../../sensor/index.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { openBundle } from '../bundle/source.ts';
import { evidenceFailure } from '../failures.ts';
import type { WrittenFile } from '../hashing-file.ts';
import { storeImage } from '../image/store-image.ts';
import { entriesAbout } from '../ledger/entries-about.ts';
import { type LedgerAction, ledgerPath, openLedger } from '../ledger/ledger.ts';
import { hostKey, parsePublicKey } from '../seal/host-key.ts';
import { readBundleManifest } from '../seal/read-manifest.ts';
import { verifyBundle } from '../verify/verify-bundle.ts';
import { layersOf, readFromLayers } from './content.ts';
import { exportTar } from './export.ts';
import { loadShellImage, type ShellImage } from './shell-image.ts';

/** The evidence of one state directory. A bundle is named by its id, or by the path of a directory or exported tar. */
export interface EvidenceStore {
  /** Enters into the ledger what was done to a bundle, or to its suspect. */
  record(action: LedgerAction, bundle: string, detail: Readonly<Record<string, string>>): Promise<void>;
  /** Manifests of all bundles, newest first; one whose seal cannot be read is left out. */
  list(): Promise<BundleManifest[]>;
  /** @throws {PristineError} E_NO_SUCH_BUNDLE, naming the nearest id, E_EVIDENCE_INVALID */
  manifest(reference: string): Promise<BundleManifest>;
  /** Path of a bundle. @throws {PristineError} E_NO_SUCH_BUNDLE */
  resolve(reference: string): Promise<string>;
  /**
   * Checks a bundle, and records that in the ledger.
   * @param publicKey PEM of another host's key; this host's own key and ledger when not given
   */
  verify(reference: string, publicKey?: string, signal?: AbortSignal): Promise<VerifyReport>;
  /** Manifest, place and custody of a bundle; looking is recorded in the ledger. */
  show(reference: string): Promise<ShownBundle>;
  /** What differs from the image, as it was captured. */
  drift(reference: string): Promise<Drift>;
  /** Content of a regular file as the container had it; null when it had none there. */
  readCurrent(reference: string, path: string, maxBytes: number): Promise<FileSample | null>;
  /** Content of a regular file as the image has it; null when it has none there. */
  readOriginal(reference: string, path: string, maxBytes: number): Promise<FileSample | null>;
  /** One item's content, at most `maxBytes`. @throws {PristineError} E_NO_SUCH_PATH */
  readItem(reference: string, item: string, maxBytes: number): Promise<Buffer>;
  /** Writes a bundle as a tar, and records that. @throws {PristineError} E_USAGE when the output exists */
  export(reference: string, output: string, signal?: AbortSignal): Promise<ExportedBundle>;
  /** Puts an image's layers into the store ahead of time, so that a later capture need not wait for them. */
  prefetchImage(engine: Pick<Engine, 'saveImage'>, imageId: string, signal?: AbortSignal): Promise<void>;
  /** Loads the image of a bundle into an engine, records that, and removes it when disposed of. */
  openShellImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<ShellImage>;
}

export interface ShownBundle {
  readonly manifest: BundleManifest;
  readonly path: string;
  /** Entries of the ledger about the bundle, oldest first. */
  readonly custody: LedgerEntry[];
}

export interface ExportedBundle extends WrittenFile {
  readonly path: string;
}

export function createEvidenceStore(stateDirectory: string, options: { clock: Clock }): EvidenceStore {
  const ledger = openLedger(stateDirectory, options.clock);
  const folder = join(stateDirectory, 'evidence');

  const resolve = async (reference: string): Promise<string> => {
    const ids = await bundleIds(folder);
    if (ids.includes(reference)) return join(folder, reference);
    if (isAbsolute(reference) || /[./]/.test(reference)) {
      await using _ = await openBundle(reference);
      return reference;
    }
    throw noSuchBundle(reference, ids);
  };
  const open = async (reference: string): Promise<Opened> => {
    const source = await openBundle(await resolve(reference));
    try {
      const manifest = await readBundleManifest(source);
      return { source, manifest, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
    } catch (error) {
      await source[Symbol.asyncDispose]();
      throw error;
    }
  };
  const readItem = async (reference: string, item: string, maxBytes: number): Promise<Buffer> => {
    await using bundle = await open(reference);
    const entry = bundle.source.entries.get(item);
    if (entry === undefined) throw noSuchItem(item, bundle.manifest);
    await using file = await entry.open();
    const pieces: Buffer[] = [];
    for (let at = 0; at < Math.min(maxBytes, entry.size); ) {
      const piece = await file.read(at, Math.min(maxBytes, entry.size) - at);
      if (piece.length === 0) break;
      pieces.push(Buffer.from(piece));
      at += piece.length;
    }
    return Buffer.concat(pieces);
  };
  const readFrom = async (
    which: 'container' | 'original',
    reference: string,
    path: string,
    maxBytes: number,
  ) => {
    await using bundle = await open(reference);
    return await readFromLayers(bundle.source, layersOf(bundle.manifest)[which], path, maxBytes);
  };

  return {
    resolve,
    readItem,
    async record(action, bundle, detail) {
      await ledger.append(action, bundle, detail);
    },
    async show(reference) {
      await using bundle = await open(reference);
      const { manifest } = bundle;
      await ledger.append('show', manifest.bundle);
      const custody = await entriesAbout(ledgerPath(stateDirectory), manifest.bundle);
      return { manifest, path: await resolve(reference), custody };
    },
    async list() {
      const manifests: BundleManifest[] = [];
      for (const id of await bundleIds(folder)) {
        try {
          await using bundle = await open(id);
          manifests.push(bundle.manifest);
        } catch (error) {
          if (!(error instanceof PristineError)) throw error;
        }
      }
      return manifests.sort((a, b) => (a.capturedAt < b.capturedAt ? 1 : -1));
    },
    async manifest(reference) {
      await using bundle = await open(reference);
      return bundle.manifest;
    },
    async verify(reference, publicKeyPem, signal) {
      const path = await resolve(reference);
      const key =
        publicKeyPem === undefined
          ? { publicKey: (await hostKey(stateDirectory)).publicKey, ledger: ledgerPath(stateDirectory) }
          : { publicKey: parsePublicKey(publicKeyPem) };
      const report = await verifyBundle(path, { ...key, ...(signal && { signal }) });
      const result = { ok: String(report.ok), problems: String(report.problems.length) };
      await ledger.append('verify', report.bundle, result);
      return report;
    },
    async drift(reference) {
      const bytes = await readItem(reference, 'items/drift.json', LARGEST_DRIFT);
      return { ...driftSchema.parse(JSON.parse(bytes.toString('utf8'))), source: 'bundle' } as Drift;
    },
    readCurrent: (reference, path, maxBytes) => readFrom('container', reference, path, maxBytes),
    readOriginal: (reference, path, maxBytes) => readFrom('original', reference, path, maxBytes),
    async export(reference, output, signal) {
      try {
        await using bundle = await open(reference);
        const written = await exportTar(bundle.source, bundle.manifest, output, signal);
        await ledger.append('export', bundle.manifest.bundle, { output, sha256: written.sha256 });
        return { path: output, ...written };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw evidenceFailure(error, `exporting ${reference}`, stateDirectory);
      }
    },
    async prefetchImage(engine, imageId, signal) {
      try {
        await storeImage(engine, imageId, stateDirectory, signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw evidenceFailure(error, `storing image ${imageId}`, stateDirectory);
      }
    },
    async openShellImage(engine, reference, signal) {
      await using bundle = await open(reference);
      await ledger.append('shell', bundle.manifest.bundle, { image: bundle.manifest.image.reference });
      return await loadShellImage(engine, bundle.source, bundle.manifest, signal);
    },
  };
}

interface Opened extends AsyncDisposable {
  readonly source: BundleSource;
  readonly manifest: BundleManifest;
}

const LARGEST_DRIFT = 1024 ** 3;

async function bundleIds(folder: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) if (name.startsWith('ev-')) ids.push(name);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return ids;
}

function noSuchBundle(reference: string, ids: readonly string[]): PristineError {
  const nearest = ids.toSorted((a, b) => distance(a, reference) - distance(b, reference))[0];
  const next =
    nearest === undefined ? 'No evidence has been captured here yet.' : `The nearest id is ${nearest}.`;
  return new PristineError('E_NO_SUCH_BUNDLE', `no evidence bundle ${reference}`, { next });
}

function noSuchItem(item: string, { items }: BundleManifest): PristineError {
  return new PristineError('E_NO_SUCH_PATH', `the bundle has no ${item}`, {
    next: `It has ${items
      .map(({ path }) => path)
      .slice(0, 40)
      .join(', ')}.`,
  });
}
