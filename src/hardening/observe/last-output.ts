import type { Engine } from '../../engine/index.ts';

/** The end of what a container has said so far. @param most bytes to keep, but for a piece of the stream */
export async function lastOutput(engine: Pick<Engine, 'logs'>, id: string, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of (await engine.logs(id)) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    while (bytes > most && pieces.length > 1) bytes -= pieces.shift()?.length ?? 0;
  }
  return Buffer.concat(pieces).toString('utf8');
}
