import { opendir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import type { BundleManifest, Drift, VerifyProblem, VerifyReport } from '../../contract/index.ts';
import { driftSchema } from '../../contract/index.ts';
import { type Clock, PristineError, systemErrorCode } from '../../kernel/index.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { openBundle } from '../bundle/source.ts';
import { captureFailure } from '../failures.ts';
import { verifyFrames } from '../frames/verify-frames.ts';
import { storeImage } from '../image/store-image.ts';
import { eachEntry, entriesAbout } from '../ledger/entries-about.ts';
import { ledgerPath, openLedger } from '../ledger/ledger.ts';
import { verifyLedger } from '../ledger/verify-ledger.ts';
import { prune } from '../retention/prune.ts';
import { hostKey, parsePublicKey } from '../seal/host-key.ts';
import { readBundleManifest } from '../seal/read-manifest.ts';
import { SpaceGuard } from '../space.ts';
import { type VerifyOptions, verifyBundle } from '../verify/verify-bundle.ts';
import { layersOf, readFromLayers } from './content.ts';
import { createDeniedStore } from './denied-store.ts';
import { exportTar } from './export.ts';
import type { EvidenceStore } from './port.ts';
import { loadShellImage } from './shell-image.ts';

/** The evidence of a state directory; nothing is made there before something is captured or recorded. */
export function createEvidenceStore(stateDirectory: string, options: StoreOptions): EvidenceStore {
  const ledger = openLedger(stateDirectory, options.clock);
  const folder = join(stateDirectory, 'evidence');
  const ledgerFile = ledgerPath(stateDirectory);

  const resolve = async (reference: string): Promise<string> => {
    const ids = await bundleIds(folder);
    if (ids.includes(reference)) return join(folder, reference);
    try {
      await using _ = await openBundle(reference);
      return reference;
    } catch (error) {
      if (!(error instanceof PristineError) || isAbsolute(reference) || /[./]/.test(reference)) throw error;
      throw (await expiredBundle(ledgerFile, reference)) ?? noSuchBundle(reference, ids);
    }
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
  const check = async (
    reference: string,
    given: VerifyOptions,
    signal: AbortSignal | undefined,
    ledgerProblems: readonly VerifyProblem[] = [],
  ): Promise<VerifyReport> => {
    const found = await verifyBundle(await resolve(reference), { ...given, ...(signal && { signal }) });
    const problems = [...found.problems, ...ledgerProblems];
    const report = { ...found, problems, ok: problems.length === 0 };
    const result = { ok: String(report.ok), problems: String(problems.length) };
    await ledger.append('verify', report.bundle, result);
    return report;
  };
  const deniedProblems = async (reference: string, signal: AbortSignal | undefined) => {
    const incident = await incidentOf(open, reference);
    return incident === null ? [] : (await verifyFrames(stateDirectory, incident, signal)).problems;
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
    ...createDeniedStore(stateDirectory, ledger),
    resolve,
    readItem,
    async record(action, bundle, detail) {
      await ledger.append(action, bundle, detail);
    },
    async show(reference) {
      await using bundle = await open(reference);
      const { manifest } = bundle;
      await ledger.append('show', manifest.bundle);
      const custody = await entriesAbout(ledgerFile, manifest.bundle);
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
      if (publicKeyPem !== undefined)
        return check(reference, { publicKey: parsePublicKey(publicKeyPem) }, signal);
      const { publicKey } = await hostKey(stateDirectory);
      const { problems } = await verifyLedger(ledgerFile, publicKey);
      const denied = await deniedProblems(reference, signal);
      return check(reference, { publicKey, ledger: ledgerFile }, signal, [...problems, ...denied]);
    },
    async verifySealed(bundle, signal) {
      const { publicKey } = await hostKey(stateDirectory);
      return check(bundle, { publicKey, ledger: ledgerFile }, signal);
    },
    async drift(reference) {
      const bytes = await readItem(reference, 'items/drift.json', LARGEST_DRIFT);
      return { ...driftSchema.parse(JSON.parse(bytes.toString('utf8'))), source: 'bundle' } as Drift;
    },
    readCurrent: (reference, path, maxBytes) => readFrom('container', reference, path, maxBytes),
    readOriginal: (reference, path, maxBytes) => readFrom('original', reference, path, maxBytes),
    async export(reference, output, signal) {
      await using bundle = await open(reference);
      const written = await exportTar(bundle.source, bundle.manifest, output, signal);
      await ledger.append('export', bundle.manifest.bundle, { output, sha256: written.sha256 });
      return { path: output, ...written };
    },
    async prefetchImage(engine, imageId, signal) {
      try {
        const space = new SpaceGuard(stateDirectory, options.keepFree);
        await storeImage(engine, imageId, stateDirectory, { space, ...(signal && { signal }) });
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw captureFailure(error, `storing image ${imageId}`, stateDirectory);
      }
    },
    prune: (retention, given) => prune(stateDirectory, ledger, retention, given),
    async openShellImage(engine, reference, signal) {
      await using bundle = await open(reference);
      await ledger.append('shell', bundle.manifest.bundle, { image: bundle.manifest.image.reference });
      return await loadShellImage(engine, bundle.source, bundle.manifest, signal);
    },
  };
}

export interface StoreOptions {
  readonly clock: Clock;
  /** Bytes to leave free on the disk when an image is stored ahead of time; a part of the disk when absent. */
  readonly keepFree?: number;
}

interface Opened extends AsyncDisposable {
  readonly source: BundleSource;
  readonly manifest: BundleManifest;
}

/** The incident that a bundle says it is of; null when it is of none, or its seal cannot be read. */
async function incidentOf(
  open: (reference: string) => Promise<Opened>,
  reference: string,
): Promise<string | null> {
  try {
    await using bundle = await open(reference);
    return bundle.manifest.incident;
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_EVIDENCE_INVALID') return null;
    throw error;
  }
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

/** The error for evidence that was there once, and was removed on purpose. */
async function expiredBundle(ledger: string, reference: string): Promise<PristineError | null> {
  for await (const { action, bundle, at, actor, detail } of eachEntry(ledger, reference)) {
    if (action !== 'expire' || (bundle !== reference && detail.incident !== reference)) continue;
    const what = bundle === null ? `the refused files of ${reference}` : `the evidence bundle ${bundle}`;
    const limit = detail.reason === 'age' ? 'age' : 'size of all evidence';
    return new PristineError(
      'E_NO_SUCH_BUNDLE',
      `${what} expired: removed on purpose at ${at} by ${actor}, as retention limits the ${limit}`,
      { next: 'Look for an exported copy; the ledger says whether there was one, and when it was removed.' },
    );
  }
  return null;
}

function noSuchItem(item: string, { items }: BundleManifest): PristineError {
  return new PristineError('E_NO_SUCH_PATH', `the bundle has no ${item}`, {
    next: `It has ${items
      .map(({ path }) => path)
      .slice(0, 40)
      .join(', ')}.`,
  });
}
