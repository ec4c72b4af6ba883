/** Sockets as /proc/PID/net lists them (proc(5), Documentation/networking/proc_net_tcp.rst). */
import { decodePathBytes } from '../kernel/index.ts';

export const SOCKET_TABLES = ['tcp', 'tcp6', 'udp', 'udp6', 'unix'] as const;
export type SocketTable = (typeof SOCKET_TABLES)[number];

export interface Socket {
  readonly protocol: SocketTable;
  /** `address:port`, or the path of a unix socket (`@…` for an abstract one). */
  readonly local: string;
  readonly remote: string | null;
  readonly state: string;
  readonly uid: number | null;
  readonly inode: string;
}

/** The sockets of a table, e.g. the content of /proc/PID/net/tcp; a line that was cut off is left out. */
export function decodeSockets(table: SocketTable, bytes: Buffer): Socket[] {
  const lines = decodePathBytes(bytes).split('\n').slice(1).filter(Boolean);
  return lines.flatMap((line) => (table === 'unix' ? unixSocket(line) : inetSocket(table, line)) ?? []);
}

function unixSocket(line: string): Socket | null {
  const match = /^\S+ \S+ \S+ (\S+) (\S+) (\S+) +(\d+)(?: (.*))?$/.exec(line);
  if (match === null) return null;
  const [, flags, , state, inode, path] = match;
  const listening = flags === '00010000';
  const words = listening ? 'LISTEN' : state === '03' ? 'CONNECTED' : (state ?? '');
  return { protocol: 'unix', local: path ?? '', remote: null, state: words, uid: null, inode: inode ?? '' };
}

function inetSocket(protocol: SocketTable, line: string): Socket | null {
  const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
  if (local === undefined || remote === undefined || inode === undefined) return null;
  return {
    protocol,
    local: endpoint(local),
    remote: endpoint(remote),
    state: protocol.startsWith('udp')
      ? state === '01'
        ? 'CONNECTED'
        : 'OPEN'
      : (TCP[state ?? ''] ?? state ?? ''),
    uid: Number(uid),
    inode,
  };
}

/** Addresses are 32-bit words in the host's byte order, which is little-endian on all that Node runs on here. */
function endpoint(text: string): string {
  const [hex = '', port = ''] = text.split(':');
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return `${bytes.join('.')}:${Number.parseInt(port, 16)}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  const address = mapped ? `::ffff:${bytes.slice(12).join('.')}` : shortened(groups.join(':'));
  return `[${address}]:${Number.parseInt(port, 16)}`;
}

/** The first run of zero groups as `::` (RFC 5952 wants the longest; either is understood). */
function shortened(address: string): string {
  const short = address.replace(/\b0(:0)+\b/, ':').replace(/:{3,}/, '::');
  return short === ':' ? '::' : short;
}

/** enum in include/net/tcp_states.h */
const TCP: Record<string, string> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
  '0C': 'NEW_SYN_RECV',
};
