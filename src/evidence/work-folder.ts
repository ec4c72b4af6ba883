import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockFile, privateFolder, syncFolder, tryLockFile } from '../linux/index.ts';

const PREFIX = '.tmp-';

/** A folder for work in progress that is removed at the end of the scope, unless it was renamed. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder `.tmp-NAME` in `parent`, and removes those that processes left there which no longer run:
 * a running one holds a lock on its folder.
 */
export async function workFolder(parent: string, name = randomBytes(8).toString('hex')): Promise<WorkFolder> {
  await privateFolder(parent);
  const path = join(parent, PREFIX + name);
  const handle = await gated(parent, async () => {
    await sweep(parent);
    return await lockedFolder(path);
  });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await handle.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Removes the work folders in `parent` of processes which no longer run. */
export function sweepWork(parent: string): Promise<void> {
  return gated(parent, () => sweep(parent));
}

/** Makes a folder and locks it; again when a sweep came between the two and took it for a dead process's. */
async function lockedFolder(path: string): Promise<FileHandle> {
  for (;;) {
    await privateFolder(path);
    const handle = await openFolder(path);
    await lockFile(handle.fd);
    const [mine, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
    if (there?.ino === mine.ino) return handle;
    await handle.close();
  }
}

async function sweep(parent: string): Promise<void> {
  for await (const { name } of await opendir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const handle = await openFolder(path).catch(() => undefined);
    if (handle === undefined) continue;
    try {
      if (tryLockFile(handle.fd)) await rm(path, { recursive: true, force: true });
    } finally {
      await handle.close();
    }
  }
}

/**
 * Removes a folder at once and for ever: it has another name, which the next {@link workFolder} beside it would
 * remove, before anything of it is gone.
 */
export async function removeAside(path: string): Promise<void> {
  const parent = dirname(path);
  const aside = join(parent, `${PREFIX}gone-${randomBytes(8).toString('hex')}`);
  const handle = await openFolder(path);
  try {
    await lockFile(handle.fd);
    await rename(path, aside);
    await syncFolder(parent);
    await rm(aside, { recursive: true, force: true });
  } finally {
    await handle.close();
  }
}

/**
 * Does something while nobody works in a work folder of these parents, and lets nobody begin meanwhile.
 *
 * @returns null, and nothing was done, when somebody is at work
 */
export async function whileQuiet<T>(parents: readonly string[], work: () => Promise<T>): Promise<T | null> {
  const [parent, ...rest] = parents;
  if (parent === undefined) return await work();
  await privateFolder(parent);
  return await gated(parent, async () => {
    await sweep(parent);
    for await (const { name } of await opendir(parent)) if (name.startsWith(PREFIX)) return null;
    return await whileQuiet(rest, work);
  });
}

/** Work folders of a parent are made one after the other. */
async function gated<T>(parent: string, work: () => Promise<T>): Promise<T> {
  const gate = await openFolder(parent);
  try {
    await lockFile(gate.fd);
    return await work();
  } finally {
    await gate.close();
  }
}

function openFolder(path: string) {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
