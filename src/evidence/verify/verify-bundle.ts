import type { KeyObject } from 'node:crypto';
import type { BundleFile, VerifyProblem, VerifyReport } from '../../contract/index.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { openBundle } from '../bundle/source.ts';
import { keyIdOf } from '../seal/host-key.ts';
import { LEDGER_FILE, SEAL_FILE, SUMS_FILE } from '../seal/statement.ts';
import { checkFile, missing } from './check-file.ts';
import { checkSeal, type SealCheck } from './check-seal.ts';
import { checkSegment } from './check-segment.ts';

export interface VerifyOptions {
  readonly publicKey: KeyObject;
  /** A ledger file in which the bundle's seal must be recorded. */
  readonly ledger?: string;
  readonly signal?: AbortSignal;
}

/**
 * Checks a bundle, a directory or an exported tar, with nothing but itself and the public key: its signature,
 * every file's presence and digest, that there is nothing else, and its piece of the ledger. The bundle may be
 * hostile: no link in it is followed, and nothing larger than its declared size is read.
 *
 * @throws {PristineError} E_NO_SUCH_BUNDLE
 */
export async function verifyBundle(path: string, options: VerifyOptions): Promise<VerifyReport> {
  await using source = await openBundle(path);
  let problems: VerifyProblem[] = [...source.problems];
  const seal = await checkSeal(source, options.publicKey);
  problems.push(...seal.problems);
  const { trusted } = seal;
  const { signal } = options;
  const checking = { trusted, digests: new Map<string, string>(), ...(signal && { signal }) };
  let bytesChecked = 0;
  for (const file of seal.files) {
    signal?.throwIfAborted();
    const checked = await checkFile(source, file, checking);
    bytesChecked += checked.bytes;
    problems.push(...checked.problems);
  }
  problems.push(...(await checkSegment(source, seal, options)));
  // Not by push: there can be more of them than a call takes arguments.
  if (seal.files.length > 0) problems = problems.concat(additions(source, seal.files));
  return {
    bundle: seal.manifest?.bundle ?? path,
    ok: problems.length === 0,
    filesChecked: seal.files.length,
    bytesChecked,
    keyId: keyIdOf(options.publicKey),
    problems: withoutRepeats(problems),
  };
}

function additions(source: BundleSource, files: SealCheck['files']): VerifyProblem[] {
  const known = new Set([SUMS_FILE, SEAL_FILE, LEDGER_FILE, ...files.map(({ path }: BundleFile) => path)]);
  const folders = new Set([...known].flatMap(parents));
  const added = [
    ...[...source.entries.keys()].filter((path) => !known.has(path)),
    ...source.directories.filter((path) => !folders.has(path)),
  ];
  return added.map((subject) => ({ subject, problem: 'added', detail: 'is not part of the sealed bundle' }));
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** A symbolic link in a file's place is reported as that, not as a missing file too. */
function withoutRepeats(problems: VerifyProblem[]): VerifyProblem[] {
  const odd = new Set(problems.filter(({ problem }) => problem !== 'missing').map(({ subject }) => subject));
  return problems.filter(({ subject, problem, detail }) => {
    return !(problem === 'missing' && detail === missing(subject).detail && odd.has(subject));
  });
}
