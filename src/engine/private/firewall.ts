import { readFile, writeFile } from 'node:fs/promises';
import { run } from '../../host/index.ts';
import { type Network, overlap, parseNetwork } from './addresses.ts';

/** What an engine changes of the host's packet filter, as it was before. */
export interface FirewallState {
  /** Text of net.ipv4.ip_forward. */
  readonly ipForward: string;
  /** `FAMILY TABLE CHAIN` of the chains whose names begin with DOCKER. */
  readonly chains: readonly string[];
  /** `FAMILY TABLE RULE` of the rules in such chains or into them. */
  readonly rules: readonly string[];
  /** Policy of each family's FORWARD chain; missing when the family has no filter table. */
  readonly forwardPolicy: Readonly<Record<string, string>>;
}

/** What belongs to one engine. */
export interface EngineNetworks {
  readonly bridges: readonly string[];
  readonly subnets: readonly Network[];
}

const FAMILIES = ['iptables', 'ip6tables'] as const;
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

interface Table {
  readonly name: string;
  /** Chain to policy; `-` for chains made by users. */
  readonly chains: Map<string, string>;
  /** Rules as iptables-save(8) writes them, `-A CHAIN …`. */
  readonly rules: string[];
}

export async function firewallState(): Promise<FirewallState> {
  const chains: string[] = [];
  const rules: string[] = [];
  const forwardPolicy: Record<string, string> = {};
  for (const family of FAMILIES) {
    for (const table of await tables(family)) {
      rules.push(...table.rules.filter(isShared).map((rule) => `${family} ${table.name} ${rule}`));
      for (const [chain, policy] of table.chains) {
        if (chain.startsWith('DOCKER')) chains.push(`${family} ${table.name} ${chain}`);
        if (table.name === 'filter' && chain === 'FORWARD') forwardPolicy[family] = policy;
      }
    }
  }
  return {
    ipForward: (await readFile(IP_FORWARD, 'utf8').catch(() => '')).trim(),
    chains,
    rules,
    forwardPolicy,
  };
}

/**
 * Takes away an engine's rules. Where no other engine runs, also the shared chains and rules that were not there
 * before; forwarding and its policy become what they were.
 */
export async function restoreFirewall(
  before: FirewallState,
  ours: EngineNetworks,
  otherEngines: boolean,
): Promise<void> {
  for (const family of FAMILIES) {
    const commands = (await tables(family)).flatMap((table) => {
      const known = [...before.chains, ...before.rules];
      const isNew = (text: string) => !otherEngines && !known.includes(`${family} ${table.name} ${text}`);
      const lines = removals(table, ours, isNew);
      const policy = before.forwardPolicy[family] ?? 'ACCEPT';
      if (!otherEngines && table.name === 'filter' && table.chains.get('FORWARD') !== policy) {
        lines.unshift(`:FORWARD ${policy} [0:0]`);
      }
      return lines.length === 0 ? [] : [`*${table.name}`, ...lines, 'COMMIT'];
    });
    if (commands.length > 0) await restore(family, commands);
  }
  if (!otherEngines && before.ipForward === '0') await writeFile(IP_FORWARD, '0').catch(() => {});
}

/**
 * Commands for iptables-restore(8) that take away an engine's rules.
 * @param isNew whether a chain or rule that engines share was not there before, and goes too
 */
export function removals(table: Table, ours: EngineNetworks, isNew: (text: string) => boolean): string[] {
  const rules = table.rules.filter((rule) => isOurs(rule, ours) || (isShared(rule) && isNew(rule)));
  const chains = [...table.chains.keys()].filter((chain) => chain.startsWith('DOCKER') && isNew(chain));
  return [...rules.map((rule) => rule.replace('-A ', '-D ')), ...chains.map((chain) => `-X ${chain}`)];
}

/** Whether a rule stands in a chain that all Docker engines of a host share, or leads into one. */
function isShared(rule: string): boolean {
  return chainOf(rule).startsWith('DOCKER') || / -[jg] DOCKER/.test(rule);
}

/** Rules in the chains that all Docker engines of a host share, by family and table. */
export type ForeignRules = ReadonlyMap<string, readonly string[]>;

/** The rules of engines that are there already, to be remembered while another one starts. */
export async function foreignRules(): Promise<ForeignRules> {
  const found = new Map<string, readonly string[]>();
  for (const family of FAMILIES) {
    for (const table of await tables(family)) {
      found.set(
        `${family} ${table.name}`,
        table.rules.filter((rule) => chainOf(rule).startsWith('DOCKER')),
      );
    }
  }
  return found;
}

/**
 * Puts back what a starting engine has thrown out of the shared chains: it empties them first, and with them go
 * the published ports and the isolation of every other engine's networks.
 */
export async function restoreForeignRules(before: ForeignRules): Promise<void> {
  for (const family of FAMILIES) {
    const commands = (await tables(family)).flatMap((table) => {
      const lines = lostRules(table, before.get(`${family} ${table.name}`) ?? []);
      return lines.length === 0 ? [] : [`*${table.name}`, ...lines, 'COMMIT'];
    });
    if (commands.length > 0) await restore(family, commands);
  }
}

/** Commands that insert the rules a table has lost, each chain's in their old order before what is there. */
export function lostRules(table: Table, before: readonly string[]): string[] {
  return before
    .filter((rule) => table.chains.has(chainOf(rule)) && !table.rules.includes(rule))
    .reverse()
    .map((rule) => rule.replace('-A ', '-I '));
}

async function restore(family: string, commands: readonly string[]): Promise<void> {
  await run(`${family}-restore`, ['--noflush'], { input: `${commands.join('\n')}\n` });
}

function chainOf(rule: string): string {
  return rule.split(' ')[1] ?? '';
}

function isOurs(rule: string, ours: EngineNetworks): boolean {
  const words = rule.split(' ');
  return words.some((word, at) => {
    const option = words[at - 1] ?? '';
    if (['-i', '-o'].includes(option)) return ours.bridges.includes(word);
    if (!['-s', '-d', '--to-destination'].includes(option)) return false;
    const network = parseNetwork(word.replace(/:\d+$/, ''));
    return network !== null && network.prefix > 0 && ours.subnets.some((subnet) => overlap(subnet, network));
  });
}

/** The tables of one family; none when the program or the kernel's part is missing. */
async function tables(family: string): Promise<Table[]> {
  return parseTables((await run(`${family}-save`, [])).stdout);
}

export function parseTables(text: string): Table[] {
  const found: Table[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) found.push({ name: line.slice(1), chains: new Map(), rules: [] });
    const [chain = '', policy = ''] = line.startsWith(':') ? line.slice(1).split(' ') : [];
    if (chain !== '') found.at(-1)?.chains.set(chain, policy);
    if (line.startsWith('-A ')) found.at(-1)?.rules.push(line);
  }
  return found;
}
