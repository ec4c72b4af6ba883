import { type FileHandle, readFile } from 'node:fs/promises';
import { systemErrorCode } from '../../kernel/index.ts';
import type { HostKey } from '../seal/host-key.ts';
import { type LedgerHead, lineHash, NO_PREVIOUS, parseEntry, parseHead, signatureFits } from './entry.ts';

/** Entries are kept below this, so that the last one can be found from the end. */
export const MAX_LINE = 256 * 1024;

/** Where the next entry goes and what it must say of the one before. */
export interface Tail {
  readonly seq: number;
  readonly previous: string;
  /** Byte position behind the last whole line. */
  readonly end: number;
  /** What was found wrong, to be written into the next entry so that it stays visible. */
  readonly notes: Readonly<Record<string, string>>;
}

/**
 * Reads the end of a ledger. The signed head is believed over the file: where it is ahead, entries are lost,
 * and the next entry goes on from the head, so that the break in the chain can be seen for ever.
 */
export async function readTail(file: FileHandle, headPath: string, key: HostKey): Promise<Tail> {
  const { line, end, torn } = await lastLine(file);
  const head = await readHead(headPath, key);
  const notes: Record<string, string> =
    torn === 0 ? {} : { unfinished: `${torn} bytes of an unfinished entry` };
  if (line === undefined) {
    // A head of the first entry alone is of a process that was killed before it had written that.
    if (head === undefined || head.seq === 0) return { seq: 0, previous: NO_PREVIOUS, end, notes };
    return { seq: head.seq + 1, previous: head.hash, end, notes };
  }
  if (head === undefined) notes.head = 'was missing or wrong';
  const seq = seqOf(line) ?? head?.seq ?? 0;
  if (head !== undefined && head.seq > seq) return { seq: head.seq + 1, previous: head.hash, end, notes };
  return { seq: seq + 1, previous: lineHash(line), end, notes };
}

async function readHead(path: string, key: HostKey): Promise<LedgerHead | undefined> {
  try {
    const bytes = await readFile(path);
    const head = parseHead(bytes.subarray(0, -1));
    return signatureFits(head, key.publicKey) ? head : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || !systemErrorCode(error)) return undefined;
    throw error;
  }
}

function seqOf(line: Buffer): number | undefined {
  try {
    return parseEntry(line).seq;
  } catch {
    return undefined;
  }
}

async function lastLine(file: FileHandle): Promise<{ line?: Buffer; end: number; torn: number }> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.min(size, 2 * MAX_LINE));
  await file.read(bytes, 0, bytes.length, size - bytes.length);
  const newline = bytes.lastIndexOf(10);
  if (newline === -1) return { end: size - bytes.length, torn: bytes.length };
  const start = newline === 0 ? 0 : bytes.lastIndexOf(10, newline - 1) + 1;
  const torn = bytes.length - newline - 1;
  return { line: bytes.subarray(start, newline), end: size - torn, torn };
}
