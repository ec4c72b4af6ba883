import { randomBytes } from 'node:crypto';
import { link, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BundleManifest } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { syncFolder } from '../../linux/index.ts';
import type { BundleEntry, BundleSource } from '../bundle/entries.ts';
import { outputFailure } from '../failures.ts';
import { HashingFile, type WrittenFile } from '../hashing-file.ts';
import { LEDGER_FILE, SEAL_FILE, SUMS_FILE } from '../seal/statement.ts';
import { type ByteSink, TarWriter } from '../tar/writer.ts';

/**
 * Writes a bundle as a tar, always the same bytes for the same bundle, which `docker load` and `verifyBundle`
 * take as it is. An existing file is never overwritten.
 *
 * @throws {PristineError} E_USAGE when the output exists or cannot be written, E_DISK_FULL
 */
export async function exportTar(
  source: BundleSource,
  manifest: BundleManifest,
  output: string,
  signal?: AbortSignal,
): Promise<WrittenFile> {
  const aside = `${output}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await using file = await HashingFile.create(aside);
    await writeBundleTar(source, manifest, file, signal);
    const written = await file.finish();
    await link(aside, output);
    await syncFolder(dirname(output));
    return written;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw outputFailure(error, output);
  } finally {
    await rm(aside, { force: true });
  }
}

async function writeBundleTar(
  source: BundleSource,
  manifest: BundleManifest,
  sink: ByteSink,
  signal?: AbortSignal,
): Promise<void> {
  const tar = new TarWriter(sink);
  const digests = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  const written = new Map<string, string>();
  const paths = [...digests.keys(), SUMS_FILE, SEAL_FILE, LEDGER_FILE].sort();
  for (const path of paths) {
    const digest = digests.get(path) ?? path;
    const first = written.get(digest);
    if (first !== undefined)
      await tar.entry({ ...header(path), type: 'hardlink', target: Buffer.from(first) });
    else await writeFile(tar, path, source.entries.get(path), signal);
    written.set(digest, first ?? path);
  }
  await tar.end();
}

/** One file of a bundle into an archive. */
export async function writeFile(
  tar: TarWriter,
  path: string,
  entry: BundleEntry | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (entry === undefined) {
    throw new PristineError('E_EVIDENCE_INVALID', `${path} is missing from the bundle`, {
      next: 'Run "pristine evidence verify" on it to see what else is wrong.',
    });
  }
  await using file = await entry.open();
  const source = {
    read: (offset: number, length: number) => {
      signal?.throwIfAborted();
      return file.read(offset, length);
    },
  };
  await tar.file(header(path), entry.size, source);
}

function header(path: string) {
  return {
    path: Buffer.from(path),
    type: 'file' as const,
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: '0.000000000',
  };
}
