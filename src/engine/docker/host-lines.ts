import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isLocal } from './address.ts';
import type { Client } from './client.ts';
import { inspectIfThere } from './lookup.ts';
import type { Inspect } from './vendor.ts';

/** What is longer was not written by an engine. */
const LARGEST = 64 * 1024;

/** The lines of a container's /etc/hosts, read on the host; none where its files are not on this machine. */
export async function readHostLines(client: Client, container: Inspect): Promise<string[]> {
  if (!isLocal(client.address) || !container.HostsPath) return [];
  try {
    await using file = await open(container.HostsPath, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
    return buffer.toString('utf8', 0, bytesRead).split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Appends to a container's /etc/hosts those earlier lines of its own addresses that are missing now. */
export async function restoreHostLines(
  client: Client,
  container: Inspect,
  earlier: readonly string[],
): Promise<void> {
  if (earlier.length === 0 || !container.HostsPath) return;
  const now = new Set(await readHostLines(client, container));
  const addresses = await addressesOf(client, container.Id);
  const missing = earlier.filter((line) => addresses.has(line.split('\t')[0] ?? '') && !now.has(line));
  if (missing.length === 0) return;
  try {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
    await using file = await open(container.HostsPath, flags);
    await file.appendFile(`${missing.join('\n')}\n`);
  } catch {
    // Its name is then found by the engine's name server alone.
  }
}

async function addressesOf(client: Client, id: string): Promise<Set<string>> {
  const networks = (await inspectIfThere(client, id))?.NetworkSettings.Networks ?? {};
  const all = Object.values(networks).flatMap((endpoint) => [endpoint.IPAddress, endpoint.GlobalIPv6Address]);
  return new Set(all.filter((address): address is string => Boolean(address)));
}
