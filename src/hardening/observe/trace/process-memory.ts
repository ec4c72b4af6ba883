import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { decodePathBytes, encodePathBytes } from '../../../kernel/index.ts';
import { closeDescriptor, O_PATH, openInRoot, pathOfFd } from '../../../linux/index.ts';

const LONGEST_PATH = 4096;
const scratch = Buffer.alloc(LONGEST_PATH);
const AT_FDCWD = -100;

/** Bytes of a process's memory, as many as there are; empty when it is gone. The buffer lives until the next call. */
export function readMemory(tid: number, address: number, length = LONGEST_PATH): Buffer {
  try {
    const fd = openSync(`/proc/${tid}/mem`, 'r');
    try {
      const read = readSync(fd, scratch, 0, Math.min(length, LONGEST_PATH), address);
      return scratch.subarray(0, read);
    } finally {
      closeSync(fd);
    }
  } catch {
    return scratch.subarray(0, 0);
  }
}

/** A text that ends with a NUL in a process's memory; null when it is gone, or there is none. */
export function readTextAt(tid: number, address: number): string | null {
  if (address === 0) return null;
  const bytes = readMemory(tid, address);
  const nul = bytes.indexOf(0);
  return nul <= 0 ? null : decodePathBytes(bytes.subarray(0, nul));
}

/**
 * The absolute path that a process has named, from its own root; null when that cannot be known any more.
 *
 * @param directory descriptor that it begins at
 */
export function absolutePath(tid: number, path: string | null, directory = AT_FDCWD): string | null {
  if (path?.startsWith('/')) return posix.normalize(path);
  const base = linkOf(`/proc/${tid}/${directory === AT_FDCWD ? 'cwd' : `fd/${directory}`}`);
  if (base === null || !base.startsWith('/')) return null;
  return path === null ? base : posix.normalize(`${base}/${path}`);
}

/**
 * The same path with the links of the folders above it resolved, as far as these are there.
 *
 * @param pid a process with the same root
 * @returns null when that process is gone
 */
export function withoutLinks(pid: number, path: string): string | null {
  let root: number;
  try {
    root = openSync(`/proc/${pid}/root`, O_PATH);
  } catch {
    return null;
  }
  try {
    const names = path.split('/').filter(Boolean);
    for (let above = names.length - 1; above > 0; above--) {
      const folder = openInRoot(root, encodePathBytes(names.slice(0, above).join('/')), O_PATH);
      if (folder === null) continue;
      try {
        return posix.join(decodePathBytes(pathOfFd(folder)), ...names.slice(above));
      } finally {
        closeDescriptor(folder);
      }
    }
    return path;
  } catch {
    return path;
  } finally {
    closeSync(root);
  }
}

/** Name of a thread; null when it is gone. */
export function commandOf(tid: number): string | null {
  const text = textOf(`/proc/${tid}/comm`);
  return text === null ? null : text.replace(/\n$/, '');
}

/** The control groups of a thread, as text; empty when it is gone. */
export function controlGroupsOf(tid: number): string {
  return textOf(`/proc/${tid}/cgroup`) ?? '';
}

function textOf(file: string): string | null {
  try {
    return decodePathBytes(readFileSync(file));
  } catch {
    return null;
  }
}

function linkOf(path: string): string | null {
  try {
    return decodePathBytes(readlinkSync(path, 'buffer'));
  } catch {
    return null;
  }
}
