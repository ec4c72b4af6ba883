import { canonicalJson } from '../../kernel/index.ts';
import { decodeSockets, SOCKET_TABLES } from '../../linux/index.ts';
import { readProc, readProcLink } from '../proc/read.ts';
import type { CaptureContext } from './context.ts';
import type { CapturedProcesses } from './processes.ts';

const LARGEST_TABLE = 16 << 20;

/** Keeps the sockets of every network namespace that the container's processes are in: decoded, and as /proc has them. */
export async function captureSockets(
  { builder, signal }: CaptureContext,
  { pids, sockets: holders }: CapturedProcesses,
): Promise<void> {
  if (pids.length === 0) return;
  const seen = new Set<string>();
  const decoded: object[] = [];
  for (const pid of pids) {
    signal?.throwIfAborted();
    const namespace = readProcLink(`/proc/${pid}/ns/net`);
    if (namespace === null || seen.has(namespace)) continue;
    seen.add(namespace);
    for (const table of SOCKET_TABLES) {
      const bytes = (await readProc(`/proc/${pid}/net/${table}`, LARGEST_TABLE))?.bytes;
      if (bytes === undefined) continue;
      const kind = {
        title: `Sockets of ${namespace} as /proc/net/${table} has them`,
        mediaType: 'text/plain',
      };
      await builder.content(`sockets/${seen.size}-${table}.txt`, kind, bytes);
      for (const socket of decodeSockets(table, bytes)) {
        decoded.push({ ...socket, namespace, holders: holders.get(socket.inode) ?? [] });
      }
    }
  }
  const kind = { title: 'Sockets, and the processes that hold them', mediaType: 'application/json' };
  await builder.content('sockets.json', kind, canonicalJson(decoded));
}
