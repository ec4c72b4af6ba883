import type { FileHandle } from 'node:fs/promises';

/** Reads ranges of an open file through one buffer, which each call uses again. */
export function handleReader(handle: FileHandle): (offset: number, length: number) => Promise<Buffer> {
  let buffer = Buffer.alloc(0);
  return async (offset, length) => {
    if (buffer.length < length) buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  };
}
