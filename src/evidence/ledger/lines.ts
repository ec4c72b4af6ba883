import type { FileHandle } from 'node:fs/promises';
import { MAX_LINE } from './tail.ts';

/** Lines of a file, each at most a bound long; longer ones come in pieces and then fail to parse. */
export async function* linesOf(file: FileHandle): AsyncGenerator<{ line: Buffer; ended: boolean }> {
  let rest = Buffer.alloc(0);
  for (;;) {
    const piece = Buffer.alloc(MAX_LINE);
    const { bytesRead } = await file.read(piece, 0, piece.length);
    if (bytesRead === 0) break;
    rest = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      yield { line: rest.subarray(0, end), ended: true };
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MAX_LINE) {
      yield { line: rest, ended: true };
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield { line: rest, ended: false };
}
