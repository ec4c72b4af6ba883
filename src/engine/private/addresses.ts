import { readFileSync } from 'node:fs';
import { run } from '../../host/index.ts';
import { PristineError } from '../../kernel/index.ts';

/** An IPv4 network: its first address as a number, and its prefix length. */
export interface Network {
  readonly address: number;
  readonly prefix: number;
}

/** Second bytes of 10.0.0.0/8 that are tried; other engines take theirs from 172.16/12 and 192.168/16. */
const FIRST = 200;
const COUNT = 54;

/**
 * A free /24 for a bridge (its own address first) and a free /16 for further networks, both in 10.0.0.0/8.
 *
 * @param seed where to begin, so that engines that start at the same time do not meet
 * @throws {PristineError} E_ENGINE_INSTALL when all are taken
 */
export function freeAddresses(taken: readonly Network[], seed: number): { bridge: string; pool: string } {
  const free: number[] = [];
  for (let i = 0; i < COUNT && free.length < 2; i++) {
    const second = FIRST + ((seed + i) % COUNT);
    const candidate = { address: 10 * 2 ** 24 + second * 2 ** 16, prefix: 16 };
    if (!taken.some((network) => overlap(network, candidate))) free.push(second);
  }
  const [bridge, pool] = free;
  if (bridge === undefined || pool === undefined) {
    throw new PristineError('E_ENGINE_INSTALL', 'no two networks from 10.200/16 to 10.253/16 are free', {
      next: 'Take away a route to one of them ("ip route"), or use an engine that runs already (DOCKER_HOST).',
    });
  }
  return { bridge: `10.${bridge}.0.1/24`, pool: `10.${pool}.0.0/16` };
}

export function overlap(a: Network, b: Network): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.address / size) === Math.floor(b.address / size);
}

/** `10.1.2.3/24` as a network; null when it is no such text. */
export function parseNetwork(text: string): Network | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix: Number(match[5] ?? 32) };
}

/** An IPv4 address of a network device. */
export interface DeviceAddress {
  readonly device: string;
  readonly network: Network;
}

/** Addresses of all devices; Node's own list leaves out those that are down, as a bridge without ports is. */
export async function deviceAddresses(): Promise<DeviceAddress[]> {
  const { stdout } = await run('ip', ['-oneline', '-4', 'address', 'show']);
  return [...stdout.matchAll(/^\d+: (\S+) +inet (\S+)/gm)].flatMap(([, device = '', address = '']) => {
    const network = parseNetwork(address);
    return network === null ? [] : [{ device, network }];
  });
}

/** Networks that this host has an address in, a route to, or its name servers in. */
export async function takenNetworks(): Promise<Network[]> {
  const addresses = (await deviceAddresses()).map((entry) => entry.network);
  const servers = [...read('/etc/resolv.conf').matchAll(/^nameserver\s+(\S+)/gm)].flatMap(
    (match) => parseNetwork(match[1] ?? '') ?? [],
  );
  return [...addresses, ...servers, ...routes(read('/proc/net/route'))];
}

/** Destinations of proc_net(5)'s `route`, in the host's byte order, without the default route. */
export function routes(table: string): Network[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.split('\t').map((field) => field.trim());
      const [destination, mask] = [fields[1], fields[7]].map((field) => Number.parseInt(field ?? '', 16));
      if (destination === undefined || Number.isNaN(destination) || !mask) return [];
      return [{ address: swap(destination), prefix: mask.toString(2).replaceAll('0', '').length }];
    });
}

function swap(word: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes.readUInt32BE();
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
