import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { systemErrorCode } from '../../kernel/index.ts';
import type { ByteSink } from '../tar/writer.ts';

/** An open regular file behind a link of /proc such as `/proc/PID/exe`. */
export interface LinkedFile extends AsyncDisposable {
  /** Device and inode. */
  readonly identity: string;
  readonly device: number;
  /** No name leads to it any more. */
  readonly deleted: boolean;
  readonly size: number;
  /** Bytes of it that are holes. */
  readonly holes: number;
  /** SHA-256 of its content. */
  digest(signal?: AbortSignal): Promise<string>;
  copy(to: ByteSink, signal?: AbortSignal): Promise<void>;
}

const PIECE = 256 << 10;

/**
 * Opens what a link of /proc leads to, if that is a regular file; null otherwise. Looks before it opens, and
 * again after, as a process can put a FIFO in its place between the two: O_NONBLOCK keeps us from waiting.
 */
export async function openLinkedFile(link: string): Promise<LinkedFile | null> {
  let handle: FileHandle | undefined;
  try {
    if (!(await stat(link)).isFile()) return null;
    handle = await open(link, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const status = await handle.stat();
    if (status.isFile()) return linkedFile(handle, status);
    await handle.close();
  } catch (error) {
    await handle?.close();
    if (systemErrorCode(error) === undefined) throw error;
  }
  return null;
}

function linkedFile(
  handle: FileHandle,
  { dev, ino, nlink, size, blocks }: Pick<Stats, 'dev' | 'ino' | 'nlink' | 'size' | 'blocks'>,
): LinkedFile {
  const copy = async (to: ByteSink, signal?: AbortSignal) => {
    const buffer = Buffer.alloc(Math.min(PIECE, size));
    for (let at = 0; at < size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) return;
      await to.write(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  };
  return {
    identity: `${dev}:${ino}`,
    device: dev,
    deleted: nlink === 0,
    size,
    holes: Math.max(0, size - blocks * 512),
    copy,
    async digest(signal) {
      const hash = createHash('sha256');
      const sink = { write: async (bytes: Uint8Array) => void hash.update(bytes) };
      await copy(sink, signal);
      return hash.digest('hex');
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
