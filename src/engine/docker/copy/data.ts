/** Copies of live data: only read, never through a link of the container's, and never waited on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../../host/index.ts';
import { PristineError } from '../../../kernel/index.ts';
import type { Client } from '../client.ts';

/** Bytes that a folder takes on disk, on its own filesystem alone; null when it cannot be told. */
export async function sizeOf(folder: string): Promise<number | null> {
  const { code, stdout } = await run('du', ['-sx', '--block-size=1', '--', folder]);
  const bytes = Number.parseInt(stdout, 10);
  return code === 0 && Number.isFinite(bytes) ? bytes : null;
}

/** Whether anything in a folder was changed since a time. @param since milliseconds since 1970 */
export async function changedSince(folder: string, since: number): Promise<boolean> {
  const stamp = `@${(since / 1000).toFixed(3)}`;
  const found = await run('find', [folder, '-xdev', '-newerct', stamp, '-print', '-quit']);
  return found.code !== 0 || found.stdout !== '';
}

/**
 * Puts what a folder of this host holds at a path of a container that need not run. tar neither follows links nor
 * opens FIFOs, and leaves sockets out; the engine unpacks inside the container's root.
 *
 * @param most bytes of the archive after which it is given up
 * @throws {PristineError} E_COPY
 */
export async function copyFolder(
  client: Client,
  folder: string,
  { id, path, most, signal }: { id: string; path: string; most: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const words = ['--one-file-system', '--numeric-owner', '--xattrs', '--sparse', '--warning=no-file-ignored'];
  const child = spawn('tar', ['-C', folder, ...words, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('utf8')).slice(-500);
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      done(bytes > most ? new Error(`it holds more than ${most} bytes`) : null, piece);
    },
  });
  try {
    const feeding = pipeline(child.stdout, counted, signal === undefined ? {} : { signal });
    const put = client.patient.getContainer(id).putArchive(counted, { path });
    await Promise.all([feeding, put]);
    const [code] = await ended;
    // 1: a file changed as it was read; whoever asked looks for that.
    if (code !== 0 && code !== 1) throw new Error(`tar ended with ${code}: ${said.trim()}`);
  } catch (error) {
    child.kill('SIGKILL');
    signal?.throwIfAborted();
    throw new PristineError('E_COPY', `${folder} could not be copied: ${(error as Error).message}`, {
      next: 'Make --max-data larger, or smaller than what lies there, so that the copy begins as the image has it.',
      cause: error,
    });
  }
}
