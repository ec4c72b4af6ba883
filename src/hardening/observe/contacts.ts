import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';
import { decodeSockets } from '../../linux/index.ts';

const rawSchema = z.looseObject({
  NetworkSettings: z.looseObject({
    Networks: z
      .record(
        z.string(),
        z.looseObject({
          IPAddress: z.string().nullish(),
          IPPrefixLen: z.number().nullish(),
          GlobalIPv6Address: z.string().nullish(),
          GlobalIPv6PrefixLen: z.number().nullish(),
        }),
      )
      .nullish(),
  }),
});

const MOST_CONTACTS = 1000;
const LARGEST_TABLE = 1 << 20;
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const;

/** Addresses beyond a container's own networks that it tried to reach. */
export class Contacts {
  readonly #own = new BlockList();
  readonly #found = new Set<string>();

  constructor({ raw }: Pick<ContainerDetails, 'raw'>) {
    for (const [address, bits, family] of [
      ['127.0.0.0', 8, 'ipv4'],
      ['0.0.0.0', 8, 'ipv4'],
      ['::', 127, 'ipv6'],
      ...networksOf(raw),
    ] as const)
      this.#own.addSubnet(address, bits, family);
  }

  /** @param address numeric, without brackets */
  add(address: string, port: number): void {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(plain);
    if (family === 0 || port === 0 || this.#found.size >= MOST_CONTACTS) return;
    if (this.#own.check(plain, family === 4 ? 'ipv4' : 'ipv6')) return;
    this.#found.add(family === 4 ? `${plain}:${port}` : `[${plain}]:${port}`);
  }

  /** Looks at the connections that there are in the network namespace of a process, which it has opened itself. */
  sample(pid: number): void {
    const sockets = TABLES.flatMap((table) => {
      try {
        const bytes = readFileSync(`/proc/${pid}/net/${table}`).subarray(0, LARGEST_TABLE);
        return decodeSockets(table, bytes);
      } catch {
        return [];
      }
    });
    const listening = new Set(
      sockets.filter(({ state }) => state === 'LISTEN').map(({ local }) => portOf(local)),
    );
    for (const { state, local, remote } of sockets) {
      const opened = state === 'SYN_SENT' || state === 'ESTABLISHED' || state === 'CONNECTED';
      if (!opened || remote === null || listening.has(portOf(local))) continue;
      this.add(remote.slice(0, remote.lastIndexOf(':')).replace(/^\[|\]$/g, ''), Number(portOf(remote)));
    }
  }

  list(): string[] {
    return [...this.#found].sort();
  }
}

function networksOf(raw: unknown): [string, number, 'ipv4' | 'ipv6'][] {
  const parsed = rawSchema.safeParse(raw);
  const networks = parsed.success ? Object.values(parsed.data.NetworkSettings.Networks ?? {}) : [];
  return networks.flatMap((network) => [
    ...subnet(network.IPAddress, network.IPPrefixLen, 'ipv4'),
    ...subnet(network.GlobalIPv6Address, network.GlobalIPv6PrefixLen, 'ipv6'),
  ]);
}

function subnet(
  address: string | null | undefined,
  bits: number | null | undefined,
  family: 'ipv4' | 'ipv6',
): [string, number, 'ipv4' | 'ipv6'][] {
  const valid = address && isIP(address) === (family === 'ipv4' ? 4 : 6);
  return valid ? [[address, bits || (family === 'ipv4' ? 32 : 128), family]] : [];
}

function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(':') + 1);
}
