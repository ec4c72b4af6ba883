import { readFile } from 'node:fs/promises';
import { decodeSockets } from '../../linux/index.ts';

/** A port of a container, e.g. `{ number: 53, protocol: 'udp' }`. */
export interface Port {
  readonly number: number;
  readonly protocol: 'tcp' | 'udp';
}

/** Ports that the kernel gives away by itself (ip_local_port_range); a UDP client's socket has one of these. */
const FIRST_EPHEMERAL = 32_768;
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const;

/** Where the processes of a network namespace listen, but for what only they themselves can reach. @param pid of one of them */
export async function listeningPorts(pid: number): Promise<Port[]> {
  const found = new Map<string, Port>();
  for (const table of TABLES) {
    const bytes = await readFile(`/proc/${pid}/net/${table}`).catch(() => Buffer.alloc(0));
    const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
    for (const { local, state } of decodeSockets(table, bytes)) {
      const number = Number(local.slice(local.lastIndexOf(':') + 1));
      const waits = protocol === 'tcp' ? state === 'LISTEN' : state === 'OPEN' && number < FIRST_EPHEMERAL;
      if (waits && !isLoopback(local)) found.set(portName({ number, protocol }), { number, protocol });
    }
  }
  return [...found.values()];
}

/** @returns e.g. `80/tcp` */
export function portName({ number, protocol }: Port): string {
  return `${number}/${protocol}`;
}

function isLoopback(local: string): boolean {
  return local.startsWith('127.') || local.startsWith('[::1]') || local.startsWith('[::ffff:127.');
}
