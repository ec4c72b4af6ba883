import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { ContainerMount, HostService } from '../../contract/index.ts';
import { decodeSockets } from '../../linux/index.ts';

/** Where engines listen, beside the one that is asked. */
const ENGINE_SOCKETS = [
  ...[
    '/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/run/podman/podman.sock',
    '/run/crio/crio.sock',
  ],
  ...['/run/docker/containerd/containerd.sock', '/var/run/docker.sock'],
];

/** Sockets of engines that are there on this host, under their real names. @param endpoint of the engine that is asked */
export function engineSocketsOfHost(endpoint: string): string[] {
  const asked = endpoint.startsWith('unix://') ? [endpoint.slice('unix://'.length)] : [];
  const real = [...asked, ...ENGINE_SOCKETS].flatMap((path) => realSocket(path) ?? []);
  return [...new Set(real)];
}

/**
 * Sockets of an engine that a container reaches through its mounts: the socket itself, under whatever name, or a
 * folder that holds it.
 *
 * @returns `path in the container`, for people
 */
export function reachedSockets(mounts: readonly ContainerMount[], sockets: readonly string[]): string[] {
  return mounts.flatMap(({ source, destination }) => {
    if (source === null) return [];
    return sockets.flatMap((socket) => {
      const path = pathThrough(source, destination, socket);
      return path === null ? [] : [path];
    });
  });
}

function pathThrough(source: string, destination: string, socket: string): string | null {
  try {
    // The source is a path of the host's, but what lies at it may have been made by a container.
    const real = realpathSync(source);
    if (real === socket || sameFile(real, socket)) return destination;
    const folder = real === '/' ? '/' : `${real}/`;
    return socket.startsWith(folder) ? join(destination, socket.slice(folder.length)) : null;
  } catch {
    return null;
  }
}

function sameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}

function realSocket(path: string): string | null {
  try {
    const real = realpathSync(path);
    return statSync(real).isSocket() ? real : null;
  } catch {
    return null;
  }
}

/** What listens on this host over TCP, in the network namespace of this process; null when it cannot be read. */
export function listeningServices(): HostService[] | null {
  try {
    return (['tcp', 'tcp6'] as const).flatMap((protocol) => servicesIn(protocol));
  } catch {
    return null;
  }
}

function servicesIn(protocol: HostService['protocol']): HostService[] {
  // A kernel without IPv6 has no table for it.
  const table = protocol === 'tcp6' ? tableOrNothing(protocol) : readFileSync('/proc/self/net/tcp');
  const found = decodeSockets(protocol, table).filter(({ state }) => state === 'LISTEN');
  return found.map(({ local }) => {
    const at = local.lastIndexOf(':');
    const address = local.slice(0, at).replace(/^\[|\]$/g, '');
    return { protocol, address, port: Number(local.slice(at + 1)) };
  });
}

function tableOrNothing(protocol: string): Buffer {
  try {
    return readFileSync(`/proc/self/net/${protocol}`);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Which of the host's services a container can send to, unless a firewall is between. */
export function servicesWithin(
  services: readonly HostService[],
  reach: {
    readonly hostNetwork: boolean;
    readonly hasGateway: boolean;
    readonly ownPorts: readonly string[];
  },
): HostService[] {
  if (!reach.hostNetwork && !reach.hasGateway) return [];
  const own = new Set(reach.ownPorts.map((line) => Number(/:(\d+)->/.exec(line)?.[1])));
  return services.filter(({ address, port }) => {
    if (reach.hostNetwork) return true;
    return !isLoopback(address) && !own.has(port);
  });
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}
