import { type Readable, Transform } from 'node:stream';
import { PristineError, printable } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, statusOf } from './failures.ts';

/**
 * A path of a container as a tar stream.
 * @throws {PristineError} E_NO_SUCH_PATH
 */
export async function readPath(client: Client, id: string, path: string): Promise<Readable> {
  try {
    return (await client.patient.getContainer(id).getArchive({ path })) as Readable;
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new PristineError('E_NO_SUCH_PATH', `the container has no ${printable(path)}`, {
        next: 'See what has changed with "pristine diff".',
        cause: error,
      });
    }
    throw engineFailure(error, `read ${printable(path)}`, client.address.endpoint);
  }
}

/** A container's output so far, both streams in order, each line with the engine's time stamp. */
export async function logsOf(client: Client, id: string, tty: boolean, tail?: number): Promise<Readable> {
  // The library reads logs that are not followed into memory as a whole; a hostile container writes gigabytes.
  const request = new Promise<Readable>((resolve, reject) =>
    client.patient.modem.dial(
      {
        path: `/containers/${id}/logs?`,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
        options: { stdout: true, stderr: true, timestamps: true, follow: false, tail: tail ?? 'all' },
      } as unknown as Parameters<typeof client.patient.modem.dial>[0],
      (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)),
    ),
  );
  const stream = await client.ask(`read the output of ${id.slice(0, 12)}`, request);
  if (tty) return stream;
  const plain = withoutFrames();
  stream.on('error', (error) => plain.destroy(error));
  plain.on('close', () => stream.destroy());
  return stream.pipe(plain);
}

/**
 * Takes the frame headers out of an attach stream: one byte stream number, three zeros, four bytes length,
 * then so many bytes (Docker Engine API, "attach to a container", stream format).
 */
export function withoutFrames(): Transform {
  const header = Buffer.alloc(8);
  let have = 0;
  let left = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      let at = 0;
      while (at < piece.length) {
        if (left > 0) {
          const end = Math.min(piece.length, at + left);
          this.push(piece.subarray(at, end));
          left -= end - at;
          at = end;
          continue;
        }
        const end = Math.min(piece.length, at + 8 - have);
        piece.copy(header, have, at, end);
        have += end - at;
        at = end;
        if (have === 8) {
          left = header.readUInt32BE(4);
          have = 0;
        }
      }
      done();
    },
  });
}
