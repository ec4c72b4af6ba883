import { readFile, writeFile } from 'node:fs/promises';
import { run } from '../../../host/index.ts';
import { parseTables } from '../../private/firewall.ts';
import { type Mark, markOf, restoreInput } from './rules.ts';

/** A rule of ours, as iptables-save(8) writes it. */
export interface OwnRule extends Mark {
  readonly table: string;
  /** `-A CHAIN …` */
  readonly rule: string;
}

export interface PacketFilter {
  /** An engine has its rules where we look. */
  readonly usedByEngine: boolean;
  readonly rules: readonly OwnRule[];
}

/**
 * The IPv4 tables as the `iptables` on the path shows them, which is the one that an engine of this host runs too:
 * when its chains are not there, it uses another, or none.
 */
export async function readPacketFilter(): Promise<PacketFilter> {
  const tables = parseTables((await run('iptables-save', [])).stdout);
  const has = (table: string, chain: string) =>
    tables.some(({ name, chains }) => name === table && chains.has(chain));
  return {
    usedByEngine: has('nat', 'DOCKER') && has('filter', 'DOCKER-USER'),
    rules: tables.flatMap(({ name, rules }) =>
      rules.flatMap((rule) => {
        const mark = markOf(rule);
        return mark === null ? [] : { table: name, rule, ...mark };
      }),
    ),
  };
}

/** One call for all, each table at once; waits at most 5 s for others who change it. @returns whether it was done */
export async function changePacketFilter(
  tables: Readonly<Record<string, readonly string[]>>,
): Promise<boolean> {
  const input = restoreInput(tables);
  if (input === '') return true;
  return (await run('iptables-restore', ['--noflush', '--wait', '5'], { input })).code === 0;
}

export function removals(rules: readonly OwnRule[]): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  for (const { table, rule } of rules) {
    tables[table] ??= [];
    tables[table].push(rule.replace('-A ', '-D '));
  }
  return tables;
}

/**
 * Lets packets to and from 127.0.0.0/8 over a bridge (ip-sysctl: route_localnet): answers to this host's own clients
 * that connected to its loopback. Nothing happens when the bridge is gone.
 */
export async function routeLoopback(bridge: string, on: boolean): Promise<void> {
  const file = `/proc/sys/net/ipv4/conf/${bridge}/route_localnet`;
  const wanted = on ? '1' : '0';
  const now = await readFile(file, 'utf8').catch(() => wanted);
  if (now.trim() !== wanted) await writeFile(file, wanted).catch(() => {});
}
