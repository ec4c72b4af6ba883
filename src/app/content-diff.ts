import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { FileState } from '../contract/index.ts';
import { PristineError } from '../kernel/index.ts';
import type { FileSample } from '../sensor/index.ts';
import type { DriftSubject } from './drift-subject.ts';

/** Larger files are summarised, never compared line by line. */
const MAX_TEXT_BYTES = 1024 * 1024;

/** A comparison that takes longer is given up: a hostile file can be made slow to compare. */
const COMPARE_TIMEOUT_MS = 2000;

export interface ContentSummary {
  /** Bytes. */
  readonly size: number;
  readonly sha256?: string;
  /** What the first bytes say that it is, e.g. `ELF`. */
  readonly format: string;
}

export type ContentDiff =
  | { readonly kind: 'text'; readonly path: string; readonly patch: string }
  | {
      readonly kind: 'summary';
      readonly path: string;
      readonly before: ContentSummary | null;
      readonly after: ContentSummary | null;
    };

/**
 * Compares a file of the container with the image's: a unified diff for text, a summary for anything else.
 *
 * @throws {PristineError} E_NO_SUCH_PATH when neither has a regular file there
 */
export async function contentDiff(subject: DriftSubject, path: string): Promise<ContentDiff> {
  const before = await subject.readOriginal(path, MAX_TEXT_BYTES);
  const after = await subject.readCurrent(path, MAX_TEXT_BYTES);
  if (before === null && after === null) {
    throw new PristineError(
      'E_NO_SUCH_PATH',
      `${path} is a regular file neither in ${subject.name} nor in its image`,
      {
        next: `"pristine diff ${subject.name} --all" lists the paths that differ.`,
      },
    );
  }
  const patch = isText(before) && isText(after) ? textPatch(path, before, after) : undefined;
  if (patch !== undefined) return { kind: 'text', path, patch };
  const change = await subject.change(path);
  return {
    kind: 'summary',
    path,
    before: summary(before, change?.before),
    after: summary(after, change?.after),
  };
}

function textPatch(path: string, before: FileSample | null, after: FileSample | null): string | undefined {
  return createTwoFilesPatch(
    before === null ? '/dev/null' : `image${path}`,
    after === null ? '/dev/null' : `container${path}`,
    decode(before),
    decode(after),
    undefined,
    undefined,
    { timeout: COMPARE_TIMEOUT_MS, headerOptions: FILE_HEADERS_ONLY },
  );
}

function decode(sample: FileSample | null): string {
  return sample === null ? '' : Buffer.from(sample.bytes).toString('utf8');
}

/** Complete, without NUL, and UTF-8; a file that is not there counts as empty text. */
function isText(sample: FileSample | null): boolean {
  if (sample === null) return true;
  if (sample.size > sample.bytes.length || sample.bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(sample.bytes);
    return true;
  } catch {
    return false;
  }
}

function summary(sample: FileSample | null, state: FileState | null | undefined): ContentSummary | null {
  if (sample === null) return null;
  const sha256 = state?.sha256;
  return { size: sample.size, ...(sha256 === undefined ? {} : { sha256 }), format: formatOf(sample.bytes) };
}

const MAGIC: [format: string, bytes: number[]][] = [
  ['ELF', [0x7f, 0x45, 0x4c, 0x46]],
  ['gzip', [0x1f, 0x8b]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['PNG', [0x89, 0x50, 0x4e, 0x47]],
  ['JPEG', [0xff, 0xd8, 0xff]],
  ['PDF', [0x25, 0x50, 0x44, 0x46]],
  ['script', [0x23, 0x21]],
];

function formatOf(bytes: Uint8Array): string {
  const known = MAGIC.find(([, magic]) => magic.every((byte, at) => bytes[at] === byte));
  if (known !== undefined) return known[0];
  return bytes.includes(0) ? 'binary' : 'text';
}
