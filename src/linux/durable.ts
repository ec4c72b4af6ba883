/** Files that survive a power cut: written aside, synced, renamed, and the folder synced. */
import { randomBytes } from 'node:crypto';
import { constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lockFile } from './flock.ts';

/** Puts a folder's entries on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes a new file, mode 0600, and puts it on disk; throws when it exists. */
export async function writeNewFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Puts a file's new content in its place at once: readers see the old one or the new one, never a part. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  return writeAlone(path, () => content, mode);
}

/** Makes a file unless it is there: when several processes want to at the same moment, the first one does. */
export function makeFile(path: string, content: () => string, mode = 0o600): Promise<void> {
  return writeAlone(path, async () => ((await isThere(path)) ? null : content()), mode);
}

/**
 * Writes a file aside and renames it, while no other process does so in this folder. What lies beside the file then
 * is of one that was killed.
 */
async function writeAlone(
  path: string,
  contentOf: () => MaybePromise<string | Uint8Array | null>,
  mode: number,
): Promise<void> {
  const [parent, prefix] = [dirname(path), `${basename(path)}.`];
  await using folder = await open(parent, constants.O_RDONLY | constants.O_DIRECTORY);
  await lockFile(folder.fd);
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix) && name.endsWith(SUFFIX)) await rm(join(parent, name), { force: true });
  }
  const content = await contentOf();
  if (content === null) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}${SUFFIX}`;
  try {
    await writeNewFile(aside, content, mode);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await folder.sync();
}

const SUFFIX = '.tmp';

type MaybePromise<T> = T | Promise<T>;

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A folder that only its owner can enter, with those above it. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}
