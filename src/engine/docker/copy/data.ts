/** Copies of live data: only read, never through a link of the container's, and never waited on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { Transform } from 'node:stream';
import { run } from '../../../host/index.ts';
import type { Client } from '../client.ts';
import type { Source } from './sources.ts';

/** Where a volume that is filled is mounted, in a container that never runs. */
export const FILLED_AT = '/pristine-data/volume';
/** Name of a single file in its volume. */
export const SINGLE_FILE = 'file';

/** What each entry adds to an archive: a header, and its content rounded up (POSIX pax, 512-byte blocks). */
const ENTRY_BYTES = 1024;

/**
 * Bytes that the copy of a source takes at most, holes counted as what they would become; null when it cannot be told.
 * It stays on one filesystem.
 */
export async function sizeOf({ path }: Source, signal?: AbortSignal): Promise<number | null> {
  const options = signal === undefined ? {} : { signal };
  const words = ['-sx', '--apparent-size', '--block-size=1', '--', path];
  const [bytes, entries] = [
    await run('du', words, options),
    await run('du', ['-sx', '--inodes', '--', path], options),
  ].map(({ stdout }) => Number.parseInt(stdout, 10));
  if (!Number.isFinite(bytes) || !Number.isFinite(entries)) return null;
  return (bytes ?? 0) + (entries ?? 0) * ENTRY_BYTES;
}

/** Whether anything in a source was changed since a time. @param since milliseconds since 1970 */
export async function changedSince({ path }: Source, since: number): Promise<boolean> {
  const stamp = `@${(since / 1000).toFixed(3)}`;
  const found = await run('find', [path, '-xdev', '-newerct', stamp, '-print', '-quit']);
  return found.code !== 0 || found.stdout !== '';
}

/**
 * How a copying ended: `whole`; `too-large` when more came than `most`; `damaged` when something could not be read,
 * as it went away meanwhile.
 */
export type CopyOutcome = 'whole' | 'too-large' | 'damaged';

/**
 * Puts what a source holds into the volume at {@link FILLED_AT} of a container that need not run. tar neither follows
 * links nor opens FIFOs, and leaves sockets out; holes become zeros here, where they are counted; the engine unpacks
 * inside the container's root.
 *
 * @param most bytes of the archive after which it is given up
 */
export async function copySource(
  client: Client,
  { path, kind }: Source,
  { id, most, signal }: { id: string; most: number; signal?: AbortSignal | undefined },
): Promise<CopyOutcome> {
  const target = FILLED_AT.slice(1);
  const [folder, name, renamed] =
    kind === 'folder'
      ? [path, '.', `s,^\\.,${target},S`]
      : [dirname(path), `./${basename(path)}`, `s,^\\./.*,${target}/${SINGLE_FILE},S`];
  const words = ['--one-file-system', '--numeric-owner', '--xattrs', '--xattrs-include=*'];
  const child = spawn('tar', ['-C', folder, ...words, `--transform=${renamed}`, '-cf', '-', '--', name], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  // Judged below; until then it must not count as unhandled.
  ended.catch(() => {});
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      // Ended early and not failed: the engine holds the container until the request has an end.
      if (bytes > most) stop();
      done(null, bytes > most ? undefined : piece);
    },
  });
  child.on('error', () => counted.end());
  child.stdout.pipe(counted);
  const put = client.patient.getContainer(id).putArchive(counted, { path: '/' });
  const refused = await put.then(
    () => null,
    (error: unknown) => error,
  );
  if (refused !== null) stop();
  signal?.removeEventListener('abort', stop);
  const [code] = await ended;
  signal?.throwIfAborted();
  if (bytes > most) return 'too-large';
  // 1: a file changed as it was read; whoever asked looks for that.
  if (code !== 0 && code !== 1) return 'damaged';
  if (refused !== null) throw refused;
  return 'whole';
}
