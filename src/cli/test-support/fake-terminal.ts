import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';

/** A stream that looks like a terminal of some width (or like a pipe) and remembers what was written. */
export function fakeStream({ columns }: { columns?: number } = {}): {
  stream: NodeJS.WriteStream;
  text(): string;
} {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  const terminal = { isTTY: true, columns, getColorDepth: WriteStream.prototype.getColorDepth };
  return {
    stream: Object.assign(stream, columns === undefined ? {} : terminal) as unknown as NodeJS.WriteStream,
    text: () => Buffer.concat(chunks).toString(),
  };
}

/** Lone surrogates, NUL, escape sequences, line ends and directional overrides. */
export const HOSTILE = 'a\udcff\u0000\u001b]0;x\u0007\u009b31m\n\r\t\u202eb';
