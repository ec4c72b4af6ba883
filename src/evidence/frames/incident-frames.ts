import { fstat as fstatCallback } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Denial, DeniedFile } from '../../contract/index.ts';
import { type Clock, canonicalJson } from '../../kernel/index.ts';
import { privateFolder, syncFolder, writeNewFile } from '../../linux/index.ts';
import { BlobStore } from '../image/blob-store.ts';
import { openLedger } from '../ledger/ledger.ts';
import { sha256 } from '../seal/seal.ts';
import { copyFrame } from './copy-frame.ts';
import { inTime } from './in-time.ts';
import {
  parseRecord,
  pendingPath,
  recordFiles,
  recordPath,
  recordsFolder,
  settlePending,
} from './records.ts';

const fstat = promisify(fstatCallback);

/** What is kept at most, so that an attacker cannot fill the disk with what we keep of it. */
export interface FrameLimits {
  /** Bytes of data of one file; of a longer one the beginning is kept. */
  readonly fileBytes: number;
  /** Bytes of all files of one incident, equal ones counted once. */
  readonly incidentBytes: number;
  /** Refusals of one incident with a file each. */
  readonly incidentFiles: number;
  /** Milliseconds to copy one file in; it may lie on a filesystem that answers slowly or never. */
  readonly copyMs: number;
}

export interface FrameRequest {
  readonly incident: string;
  readonly container: DeniedFile['container'];
  /** When it was refused, in milliseconds since 1970. */
  readonly at: number;
  readonly denial: Denial;
  /** A descriptor of this process for the refused file, open for reading; stays the caller's. */
  readonly descriptor: number;
  readonly signal?: AbortSignal;
}

export interface KeptFrame {
  /** Of the whole file; null when it is not kept whole, or mostly holes. */
  readonly sha256: string | null;
  /** Of the file, in bytes; null when it was not looked at. */
  readonly size: number | null;
  /** The record, relative to the state directory; null when there is none. */
  readonly frame: string | null;
  /** What is to be known of it, each a sentence; said once where it holds for all further files. */
  readonly notes: readonly string[];
}

export interface FrameOptions {
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly limits: FrameLimits;
}

/** The refused files of an incident, also those that were kept before this process. */
export async function openIncidentFrames(incident: string, options: FrameOptions): Promise<IncidentFrames> {
  const { stateDirectory } = options;
  await settlePending(stateDirectory, incident);
  const sizes = new Map<string, number>();
  let count = 0;
  let full = false;
  for await (const { path, bytes } of recordFiles(stateDirectory, incident)) {
    count = Math.max(count, Number.parseInt(path.slice(-'000000.json'.length), 10) || 0);
    const record = parseRecord(bytes);
    if (record?.kept) sizes.set(record.kept.sha256, record.kept.size);
    else if (record !== null) full = true;
  }
  return new IncidentFrames(options, { sizes, count, full });
}

interface Usage {
  /** Sizes of what is kept, by SHA-256. */
  readonly sizes: Map<string, number>;
  /** Number of the last record. */
  count: number;
  /** Whether it is on record that no more are kept. */
  full: boolean;
}

export class IncidentFrames {
  readonly #stateDirectory: string;
  readonly #clock: Clock;
  readonly #limits: FrameLimits;
  readonly #usage: Usage;
  readonly #blobs: BlobStore;

  constructor({ stateDirectory, clock, limits }: FrameOptions, usage: Usage) {
    this.#stateDirectory = stateDirectory;
    this.#clock = clock;
    this.#limits = limits;
    this.#usage = usage;
    this.#blobs = new BlobStore(stateDirectory);
  }

  async keep(request: FrameRequest): Promise<KeptFrame> {
    const { incidentFiles, incidentBytes, fileBytes } = this.#limits;
    const tooLarge = `The refused files have more than ${incidentBytes} bytes together`;
    if (this.#usage.count >= incidentFiles)
      return this.#tooMany(request, `More than ${incidentFiles} files were refused`);
    if (await this.#cannotFit(request.descriptor)) return this.#tooMany(request, tooLarge);
    await using work = await this.#blobs.work();
    const file = join(work.path, 'frame');
    const copy = await inTime(
      (signal) => copyFrame(request.descriptor, file, fileBytes, signal),
      this.#limits.copyMs,
      request.signal,
    );
    const { kept, size, notes } = copy;
    if (!this.#usage.sizes.has(kept.sha256) && kept.size > this.#room)
      return this.#tooMany(request, tooLarge);
    const isNew = (await this.#blobs.size(kept.sha256)) !== kept.size;
    if (isNew) await this.#blobs.adopt(file, kept.sha256);
    try {
      const frame = await this.#record(request, copy);
      this.#usage.sizes.set(kept.sha256, kept.size);
      return { sha256: copy.sha256, size, frame, notes };
    } catch (error) {
      if (isNew) await rm(this.#blobs.path(kept.sha256), { force: true });
      throw error;
    }
  }

  get #room(): number {
    return this.#limits.incidentBytes - [...this.#usage.sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Whether a file has more data than there is room for, and is not one that is kept already: then it need not be read. */
  async #cannotFit(descriptor: number): Promise<boolean> {
    const { size, blocks } = await fstat(descriptor);
    const most = Math.min(size, this.#limits.fileBytes);
    return Math.min(most, blocks * 512) > this.#room && ![...this.#usage.sizes.values()].includes(most);
  }

  async #tooMany(request: FrameRequest, what: string): Promise<KeptFrame> {
    if (this.#usage.full) return { sha256: null, size: null, frame: null, notes: [] };
    const notes = [`${what}: this one, and whichever are too many after it, are refused and not kept.`];
    const frame = await this.#record(request, { kept: null, size: null, sha256: null, notes });
    this.#usage.full = true;
    return { sha256: null, size: null, frame, notes };
  }

  /** The record is put in its place once the ledger has it, so that there is none that the ledger does not know. */
  async #record(
    { incident, container, at, denial }: FrameRequest,
    { kept, size, sha256: digest, notes }: Outcome,
  ): Promise<string> {
    const path = recordPath(incident, this.#usage.count + 1);
    const record: DeniedFile = {
      incident,
      container,
      at: new Date(at).toISOString(),
      denial: { ...denial, sha256: digest, size: size ?? denial.size },
      kept,
      notes: [...notes],
    };
    const bytes = canonicalJson(record);
    const folder = recordsFolder(this.#stateDirectory, incident);
    const pending = join(this.#stateDirectory, pendingPath(path));
    await privateFolder(folder);
    await syncFolder(join(folder, '..'));
    try {
      await writeNewFile(pending, bytes);
      await syncFolder(folder);
      await openLedger(this.#stateDirectory, this.#clock).append('deny', null, {
        incident,
        container: container.id,
        path: denial.path,
        content: kept?.sha256 ?? 'none',
        record: path,
        recordSha256: sha256(bytes),
      });
    } catch (error) {
      await rm(pending, { force: true });
      throw error;
    }
    this.#usage.count++;
    await rename(pending, join(this.#stateDirectory, path));
    await syncFolder(folder);
    return path;
  }
}

interface Outcome {
  readonly kept: DeniedFile['kept'];
  readonly size: number | null;
  readonly sha256: string | null;
  readonly notes: readonly string[];
}
