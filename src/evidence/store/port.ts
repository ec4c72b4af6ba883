import type { BundleManifest, Drift, LedgerEntry, Retention, VerifyReport } from '../../contract/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { FileSample } from '../../sensor/index.ts';
import type { WrittenFile } from '../hashing-file.ts';
import type { LedgerAction } from '../ledger/ledger.ts';
import type { PruneOptions, PruneReport } from '../retention/prune.ts';
import type { DeniedStore } from './denied-store.ts';
import type { ShellImage } from './shell-image.ts';

/** The evidence of one state directory. A bundle is named by its id, or by the path of a directory or exported tar. */
export interface EvidenceStore extends DeniedStore {
  /**
   * Enters into the ledger what was done to a bundle, or to its suspect: `destroy-suspect`; `forced`, when a person
   * went on although a bundle was incomplete or did not verify, with the reason in `detail`.
   * @param bundle null when there is none, and `detail` names the incident
   */
  record(
    action: LedgerAction,
    bundle: string | null,
    detail: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** Manifests of all bundles, newest first; one whose seal cannot be read is left out. */
  list(): Promise<BundleManifest[]>;
  /** @throws {PristineError} E_NO_SUCH_BUNDLE, naming the nearest id, E_EVIDENCE_INVALID */
  manifest(reference: string): Promise<BundleManifest>;
  /** Path of a bundle. @throws {PristineError} E_NO_SUCH_BUNDLE */
  resolve(reference: string): Promise<string>;
  /**
   * Checks a bundle and, where it is this host's own, the whole ledger and what was refused in the course of the
   * incident; records that in the ledger.
   * @param publicKey PEM of another host's key; this host's own key and ledger when not given
   */
  verify(reference: string, publicKey?: string, signal?: AbortSignal): Promise<VerifyReport>;
  /**
   * Checks a bundle of this host and that its seal is in the ledger, whatever else may be wrong with the ledger:
   * damage to older entries must not stand in the way of a recovery. Recorded in the ledger.
   */
  verifySealed(bundle: string, signal?: AbortSignal): Promise<VerifyReport>;
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
  /**
   * Removes the oldest bundles and refused files beyond what is to be kept, never one that is protected, nor with
   * `onlyExported` one that was never exported; each is in the ledger before it goes.
   * @throws {PristineError} E_STATE_LOCKED when another process is at it
   */
  prune(retention: Retention, options: PruneOptions): Promise<PruneReport>;
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
