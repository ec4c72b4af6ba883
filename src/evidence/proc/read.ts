/** Reading /proc of processes that are hostile, may vanish at any time, and may never answer. */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { decodePathBytes, systemErrorCode } from '../../kernel/index.ts';

/**
 * Bound on one read. The kernel reads `cmdline` and `environ` from the process's own memory, which can lie on
 * a filesystem that the attacker serves and never answers.
 */
const DEADLINE_MS = 5_000;
const PIECE = 32 << 10;

export interface ProcText {
  readonly bytes: Buffer;
  /** There is more than the limit. */
  readonly cut: boolean;
}

/** At most `limit` bytes of a file below /proc; null when the process is gone, does not answer or may not be read. */
export async function readProc(path: string, limit: number): Promise<ProcText | null> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), DEADLINE_MS);
  });
  try {
    return await Promise.race([readUpTo(path, limit), deadline]);
  } catch (error) {
    if (systemErrorCode(error) !== undefined) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The same at once, for what the kernel writes of its own knowledge and never reads from the process's memory
 * (`stat`, `status`, `cgroup`): for a whole host's processes the way through the thread pool takes far longer.
 */
export function readProcNow(path: string, limit: number): Buffer | null {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.allocUnsafe(limit);
    let size = 0;
    while (size < limit) {
      const read = readSync(file, bytes, size, limit - size, null);
      if (read === 0) break;
      size += read;
    }
    return bytes.subarray(0, size);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

async function readUpTo(path: string, limit: number): Promise<ProcText> {
  await using file = await open(path, 'r');
  const pieces: Buffer[] = [];
  let size = 0;
  while (size <= limit) {
    const piece = Buffer.allocUnsafe(PIECE);
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) break;
    pieces.push(Buffer.from(piece.subarray(0, bytesRead)));
    size += bytesRead;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, limit), cut: size > limit };
}

/** Target of a link below /proc, as text that keeps every byte; null when it is gone or may not be read. */
export function readProcLink(path: string): string | null {
  try {
    return decodePathBytes(readlinkSync(path, { encoding: 'buffer' }));
  } catch {
    return null;
  }
}

/** Names in a directory of /proc, at most `limit`; empty when the process is gone. */
export async function listProc(path: string, limit: number): Promise<{ names: string[]; cut: boolean }> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(path)) {
      if (names.length === limit) return { names, cut: true };
      names.push(name);
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
  return { names, cut: false };
}
