import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeSockets } from '../../../linux/index.ts';

/** More sockets than these bytes hold are not waited for. */
const LARGEST_TABLE = 1 << 20;
const LOOK_EVERY_MS = 50;
/** The first packet of a connection can be on its way, and is in no table yet. */
const SETTLES_MS = 200;
/** What is not a connection, or one that both sides have ended. */
const OVER = new Set(['LISTEN', 'TIME_WAIT', 'CLOSE']);

/**
 * Waits until no TCP connection is open at an address of a container.
 * @param pid a process of it, in the host's namespace
 * @param atMostMs then it is over anyway: a kept-alive connection can be idle for minutes
 */
export async function drained(pid: number, address: string, atMostMs: number): Promise<void> {
  const deadline = performance.now() + atMostMs;
  await sleep(SETTLES_MS);
  while (performance.now() < deadline && (await hasOpenConnection(pid, address))) await sleep(LOOK_EVERY_MS);
}

async function hasOpenConnection(pid: number, address: string): Promise<boolean> {
  for (const table of ['tcp', 'tcp6'] as const) {
    const sockets = decodeSockets(table, await readTable(`/proc/${pid}/net/${table}`));
    const here = sockets.filter(({ local }) =>
      local.replace(/^\[::ffff:(.*)\]:/, '$1:').startsWith(`${address}:`),
    );
    if (here.some(({ state }) => !OVER.has(state))) return true;
  }
  return false;
}

/** Its beginning; nothing when the process is gone. */
async function readTable(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const buffer = Buffer.alloc(LARGEST_TABLE);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } catch {
    return Buffer.alloc(0);
  }
}
