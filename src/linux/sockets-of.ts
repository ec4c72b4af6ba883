import { closeSync, opendirSync, openSync, readlinkSync, readSync } from 'node:fs';
import { systemErrorCode } from '../kernel/index.ts';
import { decodeSockets, SOCKET_TABLES, type Socket } from './socket-table.ts';

/** A process can have a million descriptors, and its network a million sockets: whoever asks must not wait for that. */
const MOST_DESCRIPTORS = 1024;
const LARGEST_TABLE = 1 << 20;

/**
 * The sockets that a process holds, as `ss(8)` names them: `tcp 10.0.0.2:80 10.0.0.9:41234`, `unix /run/x.sock`.
 * Connected ones come first; unix sockets without a name are left out. Its lowest 1,024 descriptors are looked at,
 * and the first MiB of each of the kernel's tables. Runs synchronously.
 *
 * @param pid in the host's namespace
 * @param limit most sockets to name
 * @returns empty when the process is gone or may not be looked at
 */
export function socketsOf(pid: number, limit: number): string[] {
  const inodes = socketInodes(pid);
  const found: Socket[] = [];
  for (const table of SOCKET_TABLES) {
    if (inodes.size === 0) break;
    for (const socket of decodeSockets(table, readTable(`/proc/${pid}/net/${table}`))) {
      if (inodes.delete(socket.inode) && socket.local !== '') found.push(socket);
    }
  }
  return found
    .sort((a, b) => Number(isConnected(b)) - Number(isConnected(a)))
    .slice(0, limit)
    .map(({ protocol, local, remote }) =>
      [protocol.replace('6', ''), local, remote].filter(Boolean).join(' '),
    );
}

function isConnected({ state }: Socket): boolean {
  return state === 'ESTABLISHED' || state === 'CONNECTED';
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  const links = `/proc/${pid}/fd`;
  try {
    using directory = opendirSync(links);
    for (let seen = 0; seen < MOST_DESCRIPTORS; seen++) {
      const entry = directory.readSync();
      if (entry === null) break;
      const inode = /^socket:\[(\d+)\]$/.exec(linkTarget(`${links}/${entry.name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
  return inodes;
}

/** Empty when the descriptor was closed meanwhile. */
function linkTarget(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

/** The beginning of a table, in whole lines; empty when it is not there. */
function readTable(path: string): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const bytes = Buffer.allocUnsafe(LARGEST_TABLE);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (read === 0) return bytes.subarray(0, length);
      length += read;
    }
    return bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
  } catch {
    // The process ended meanwhile.
    return Buffer.alloc(0);
  } finally {
    closeSync(descriptor);
  }
}

const NEWLINE = 10;
