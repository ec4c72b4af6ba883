import type { Dirent, Stats } from 'node:fs';
import { constants, lstat, open, opendir } from 'node:fs/promises';
import type { VerifyProblem } from '../../contract/index.ts';
import { decodePathBytes, encodePathBytes } from '../../kernel/index.ts';
import { type BundleEntry, type BundleSource, MOST_ENTRIES, type OpenEntry } from './entries.ts';
import { handleReader } from './handle-reader.ts';

/** Lists a bundle's directory, following no link in it and waiting on nothing. */
export async function directoryEntries(root: string): Promise<BundleSource> {
  const entries = new Map<string, BundleEntry>();
  const directories: string[] = [];
  const problems: VerifyProblem[] = [];
  const pending = [''];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for await (const name of namesIn(fullPath(root, parent))) {
      const path = parent === '' ? name : `${parent}/${name}`;
      const status = await lstat(fullPath(root, path));
      if (entries.size + directories.length + problems.length >= MOST_ENTRIES) {
        problems.push({ subject: path, problem: 'added', detail: 'and more: too many files for a bundle' });
        return { entries, directories, problems, async [Symbol.asyncDispose]() {} };
      }
      if (status.isDirectory()) {
        directories.push(path);
        if (path.split('/').length < DEEPEST) pending.push(path);
      } else if (status.isFile() && (status.mode & 0o7000) === 0) {
        entries.set(path, entryOf(fullPath(root, path), path, status));
      } else problems.push({ subject: path, problem: 'changed', detail: oddity(status) });
    }
  }
  return { entries, directories, problems, async [Symbol.asyncDispose]() {} };
}

/** Our own folders are two deep; what lies deeper is named by its folder. */
const DEEPEST = 8;

async function* namesIn(folder: Buffer): AsyncGenerator<string> {
  // Node's types know no `buffer` encoding here, its code does.
  const listing = await opendir(folder, { encoding: 'buffer' as BufferEncoding });
  for await (const entry of listing as AsyncIterable<Dirent<Buffer | string>>) {
    yield decodePathBytes(Buffer.from(entry.name as Buffer));
  }
}

function fullPath(root: string, path: string): Buffer {
  return encodePathBytes(path === '' ? root : `${root}/${path}`);
}

function oddity(status: Stats): string {
  if (status.isSymbolicLink()) return 'is a symbolic link, not a file';
  if (status.isFile()) return 'has the setuid, setgid or sticky bit';
  return 'is neither a file nor a directory';
}

function entryOf(file: Buffer, path: string, listed: Stats): BundleEntry {
  return {
    path,
    size: listed.size,
    identity: `${listed.dev}:${listed.ino}`,
    sparse: listed.size - listed.blocks * 512 > 1 << 20,
    async open(): Promise<OpenEntry> {
      const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const status = await handle.stat();
      if (!status.isFile()) {
        await handle.close();
        throw new Error('is no longer a regular file');
      }
      return {
        read: handleReader(handle),
        [Symbol.asyncDispose]: () => handle.close(),
      };
    },
  };
}
