/** The packet filter's rules that lead a container's published ports to another one (iptables-extensions(8)). */
import { isIPv4 } from 'node:net';
import type { PortMap } from '../vendor.ts';

/** A published port. */
export interface Binding {
  readonly protocol: string;
  /** The host's address; null for all. */
  readonly hostAddress: string | null;
  readonly hostPort: number;
  readonly containerPort: number;
}

export interface Redirection {
  /** Of the original container, in full. */
  readonly id: string;
  /** Device of the network that the candidate waits on. */
  readonly bridge: string;
  /** Of the candidate, in full. */
  readonly candidate: string;
  /** The candidate's address there. */
  readonly address: string;
  readonly bindings: readonly Binding[];
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

/** Published ports that are reached by IPv4; the engine lists a range as single ports. */
export function bindingsOf(ports: PortMap): Binding[] {
  return Object.entries(ports).flatMap(([exposed, published]) => {
    const [port = '', protocol = 'tcp'] = exposed.split('/');
    return (published ?? []).flatMap(({ HostIp: host, HostPort }) => {
      const [containerPort, hostPort] = [Number(port), Number(HostPort)];
      const any = host === '' || host === '0.0.0.0';
      if (!PROTOCOLS.has(protocol) || !(hostPort > 0 && containerPort > 0)) return [];
      if (!any && !isIPv4(host)) return [];
      return { protocol, hostAddress: any ? null : host, hostPort, containerPort };
    });
  });
}

/** What a rule says of itself; ids by their first twelve digits. */
export type Mark = Pick<Redirection, 'id' | 'bridge' | 'candidate' | 'address'>;

/** Marks rules, and says of them what a later life must know to end them. */
function comment({ id, bridge, candidate, address }: Redirection): string {
  const words = ['pristine', id.slice(0, 12), bridge, candidate.slice(0, 12), address];
  return `-m comment --comment "${words.join(' ')}"`;
}

const COMMENT = /--comment "pristine ([0-9a-f]{12}) (\S+) ([0-9a-f]{12}) ([\d.]+)"/;

/** Of which redirection a rule is; null when it is none of ours. */
export function markOf(rule: string): Mark | null {
  const match = COMMENT.exec(rule);
  if (match === null) return null;
  const [, id = '', bridge = '', candidate = '', address = ''] = match;
  return { id, bridge, candidate, address };
}

/**
 * What lets connections pass once they are led; harmless alone. The engine lets nothing into an internal network and
 * nothing out. A candidate knows no way back but to its own network: hence the host's address for the client's.
 * The last one keeps whoever is on the bridge from the host's loopback while the kernel routes that there.
 */
export function passRules(redirection: Redirection): Record<'filter' | 'nat', string[]> {
  const { bridge, address } = redirection;
  const mark = comment(redirection);
  return {
    filter: [
      `-I DOCKER-USER 1 -d ${address}/32 -o ${bridge} -m conntrack --ctstate DNAT ${mark} -j ACCEPT`,
      `-I DOCKER-USER 1 -s ${address}/32 -i ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED ${mark} -j ACCEPT`,
      `-I INPUT 1 -d 127.0.0.0/8 -i ${bridge} -m conntrack ! --ctstate RELATED,ESTABLISHED ${mark} -j DROP`,
    ],
    nat: [`-I POSTROUTING 1 -d ${address}/32 -o ${bridge} -m conntrack --ctstate DNAT ${mark} -j MASQUERADE`],
  };
}

/**
 * New connections alone are asked about in this table (iptables(8)), so that those to the original go on. Before the
 * engine's own rules, which hold for the same addresses; processes of this host come by OUTPUT.
 */
export function leadRules(redirection: Redirection): string[] {
  const { address, bindings } = redirection;
  return bindings.flatMap(({ protocol, hostAddress, hostPort, containerPort }) => {
    const to = hostAddress === null ? '' : `-d ${hostAddress}/32 `;
    const rule = `${to}-p ${protocol} -m addrtype --dst-type LOCAL -m ${protocol} --dport ${hostPort} ${comment(redirection)} -j DNAT --to-destination ${address}:${containerPort}`;
    return ['PREROUTING', 'OUTPUT'].map((chain) => `-I ${chain} 1 ${rule}`);
  });
}

/** Whether a rule leads, and does not only let pass. */
export function leads(rule: string): boolean {
  return rule.includes(' -j DNAT ');
}

/** Text for iptables-restore(8). */
export function restoreInput(tables: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(tables)
    .filter(([, lines]) => lines.length > 0)
    .map(([table, lines]) => `*${table}\n${lines.join('\n')}\nCOMMIT\n`)
    .join('');
}
