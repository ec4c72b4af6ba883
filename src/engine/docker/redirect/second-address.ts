/**
 * An address of a candidate that the engine does not know. When a container gets its real networks, an engine forgets
 * all connections to the address that it had on the waiting one (conntrack, of every engine that gives an internal
 * network a gateway), and requests that are under way would be lost.
 */

import { run } from '../../../host/index.ts';
import { announce } from '../../../linux/index.ts';

/** Of the member of the waiting network that has an address, in RFC 2544's range, which nobody routes. */
export function secondAddressOf(address: string): string {
  return `198.18.${address.split('.').slice(2).join('.')}`;
}

/**
 * Gives it to a container, by the host's own programs in its network namespace, and tells this host the way.
 * Lasts until the container leaves the network. Idempotent.
 *
 * @param pid a process of the container, in the host's namespace
 * @returns the address; null where it could not be given
 */
export async function giveSecondAddress(
  pid: number,
  bridge: string,
  { address, mac }: { readonly address: string; readonly mac: string },
): Promise<string | null> {
  const second = secondAddressOf(address);
  const { stdout } = await inNamespace(pid, ['ip', '-o', '-4', 'address', 'show', 'to', address]);
  const [, device] = /^\d+: ([\w.-]+)\s/.exec(stdout) ?? [];
  if (device === undefined) return null;
  const [given, led] = await Promise.all([
    inNamespace(pid, ['ip', 'address', 'replace', `${second}/32`, 'dev', device]),
    run('ip', ['route', 'replace', `${second}/32`, 'dev', bridge]),
  ]);
  if (given.code !== 0 || led.code !== 0) return null;
  announce({ bridge, address: second, mac });
  return second;
}

/** Ends what is still connected to it, so that the other side is told, and forgets the way. */
export async function endSecondAddress(pid: number, bridge: string, address: string): Promise<void> {
  if (pid > 0) await inNamespace(pid, ['ss', '-K', 'src', address]);
  await run('ip', ['route', 'del', `${address}/32`, 'dev', bridge]);
}

function inNamespace(pid: number, command: readonly string[]) {
  return run('nsenter', [`--net=/proc/${pid}/ns/net`, ...command]);
}
