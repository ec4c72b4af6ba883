import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemErrorCode } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { ownNameIn } from './details.ts';
import { isFixed, pinnedPorts } from './recreation-network.ts';
import { REPLACES_LABEL } from './recreation-references.ts';
import type { Inspect } from './vendor.ts';

/** Paths of the host that it needs: the engine would make an empty directory in the place of a lost bind. */
export function missingOnHost({ Mounts, HostConfig: { Devices } }: Inspect): string[] {
  const binds = (Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source ?? '');
  const devices = (Devices ?? []).map(({ PathOnHost }) => PathOnHost);
  return [...binds, ...devices]
    .filter((path) => path !== '' && !existsSync(path))
    .map((path) => `${path} of the host is gone, which it mounts.`);
}

interface Wanted {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}

/** Host ports of the original that something else has: another container, or a program of this host. */
export async function portsInUse(client: Client, original: Inspect, hostIsHere: boolean): Promise<string[]> {
  const wanted = wantedPorts(original);
  if (wanted.length === 0) return [];
  const entries = await client.ask('list containers', client.quick.listContainers());
  const standsIn = (labels: Readonly<Record<string, string>> | undefined) =>
    labels?.[REPLACES_LABEL] === original.Id;
  const told = wanted.map(async ({ ip, port, protocol }) => {
    const holder = entries.find(({ Ports }) =>
      Ports?.some(
        (held) => held.PublicPort === port && held.Type === protocol && overlaps(held.IP ?? '', ip),
      ),
    );
    const place = `${ip || '0.0.0.0'}:${port}/${protocol}`;
    if (holder !== undefined) {
      if (holder.Id === original.Id || standsIn(holder.Labels)) return null;
      return `Its port ${place} belongs to the container ${ownNameIn(holder)}.`;
    }
    if (!hostIsHere || protocol !== 'tcp' || (await canListen(ip, port))) return null;
    return `Its port ${place} belongs to a program of this host.`;
  });
  return (await Promise.all(told)).filter((sentence) => sentence !== null);
}

function wantedPorts({ HostConfig: host, NetworkSettings: network }: Inspect): Wanted[] {
  return Object.entries(pinnedPorts(host, network.Ports ?? {})).flatMap(([inside, bindings]) =>
    (bindings ?? []).filter(isFixed).map(({ HostIp, HostPort }) => ({
      ip: HostIp,
      port: Number(HostPort),
      protocol: inside.split('/')[1] ?? 'tcp',
    })),
  );
}

function overlaps(one: string, other: string): boolean {
  const any = ['', '0.0.0.0', '::'];
  return one === other || any.includes(one) || any.includes(other);
}

/** Whether a port is free, found out by taking it for a moment. */
function canListen(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Any other refusal (an address of another machine, a low port) says nothing of who has it.
    server.once('error', (error) => resolve(systemErrorCode(error) !== 'EADDRINUSE'));
    server.listen({ port, host: ip || '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
