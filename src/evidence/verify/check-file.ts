import { createHash } from 'node:crypto';
import type { BundleFile, VerifyProblem } from '../../contract/index.ts';
import { messageOf } from '../../kernel/index.ts';
import type { BundleEntry, BundleSource } from '../bundle/entries.ts';

const PIECE = 256 << 10;

export function missing(subject: string): VerifyProblem {
  return { subject, problem: 'missing', detail: 'is not in the bundle' };
}

export interface CheckFileOptions {
  /** Whether the sealed sizes carry a good signature; if not, a hostile one could keep us reading. */
  readonly trusted: boolean;
  /** Digests so far by identity, so that a file with two names is read once. */
  readonly digests: Map<string, string>;
  readonly signal?: AbortSignal;
}

/** Compares one file with what was sealed. */
export async function checkFile(
  source: BundleSource,
  file: BundleFile,
  { trusted, digests, signal }: CheckFileOptions,
): Promise<{ problems: VerifyProblem[]; bytes: number }> {
  const entry = source.entries.get(file.path);
  if (entry === undefined) return { problems: [missing(file.path)], bytes: 0 };
  const changed = (detail: string): { problems: VerifyProblem[]; bytes: number } => ({
    problems: [{ subject: file.path, problem: 'changed', detail }],
    bytes: 0,
  });
  if (file.size !== -1 && entry.size !== file.size)
    return changed(`has ${entry.size} bytes, not ${file.size}`);
  if (entry.sparse && !trusted) return changed('is sparse, which no file of a bundle is');
  try {
    const digest = digests.get(entry.identity) ?? (await digestOf(entry, signal));
    digests.set(entry.identity, digest);
    return digest === file.sha256 ? { problems: [], bytes: entry.size } : changed(`has SHA-256 ${digest}`);
  } catch (error) {
    signal?.throwIfAborted();
    return changed(`cannot be read: ${messageOf(error)}`);
  }
}

async function digestOf(entry: BundleEntry, signal?: AbortSignal): Promise<string> {
  await using file = await entry.open();
  const hash = createHash('sha256');
  for (let at = 0; at < entry.size; ) {
    signal?.throwIfAborted();
    const piece = await file.read(at, Math.min(PIECE, entry.size - at));
    if (piece.length === 0) throw new Error('it ends too early');
    hash.update(piece);
    at += piece.length;
  }
  return hash.digest('hex');
}
