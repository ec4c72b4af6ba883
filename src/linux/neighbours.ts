/**
 * Neighbour tables: who has which address on a bridge (arp(7), RFC 826, RFC 4861).
 *
 * An address that moves to another container is asked for again by whoever used it; a packet that comes before the
 * newcomer can answer leaves an incomplete entry, and everybody waits a second for the next question. Told at once,
 * nobody asks.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { native } from './libc.ts';
import { closeDescriptor } from './openat2.ts';

const cSocket = native('int socket(int domain, int type, int protocol)');
const cSend = native('long send(int fd, const void *buffer, size_t length, int flags)');
const cRecv = native('long recv(int fd, void *buffer, size_t length, int flags)');
const cSendto = native(
  'long sendto(int fd, const void *buffer, size_t length, int flags, const void *address, uint addressLength)',
);
const cIfNametoindex = native('uint if_nametoindex(const char *name)');
const cInetPton = native('int inet_pton(int family, const char *text, void *address)');

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const MSG_DONTWAIT = 0x40;

/** An address on a bridge, and the hardware address of whoever has it now. */
export interface Neighbour {
  /** Name of the bridge's device, e.g. `docker0`. */
  readonly bridge: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  /** e.g. `02:42:ac:11:00:02` */
  readonly mac: string;
}

/**
 * Tells this host and everybody on the bridge who has an address now. What waits for the address is sent on at once.
 * A neighbour of an IPv4 address that never asked for it learns nothing, as it need not (arp(7), arp_accept).
 *
 * @returns whether this host knows it now; false, and never an error, when the bridge is gone or it may not be done
 */
export function announce(neighbour: Neighbour): boolean {
  const device = cIfNametoindex(neighbour.bridge);
  const mac = Buffer.from(neighbour.mac.replaceAll(':', ''), 'hex');
  const address = addressBytes(neighbour.address);
  if (device === 0 || mac.length !== 6 || address === null) return false;
  const known = setOwnEntry(device, address, mac);
  const frame = address.length === 4 ? gratuitousArp(address, mac) : unsolicitedAdvertisement(address, mac);
  sendFrame(device, frame);
  return known;
}

function addressBytes(text: string): Buffer | null {
  if (!isIPv4(text) && !isIPv6(text)) return null;
  const bytes = Buffer.alloc(isIPv4(text) ? 4 : 16);
  return cInetPton(bytes.length === 4 ? AF_INET : AF_INET6, text, bytes) === 1 ? bytes : null;
}

const RTM_NEWNEIGH = 28;
/** NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE */
const SET = 0x1 | 0x4 | 0x100 | 0x400;
/** Good for use, and checked by one question some seconds after that. */
const NUD_STALE = 0x04;
const NDA_DST = 1;
const NDA_LLADDR = 2;

/** rtnetlink(7): answers are there when send(2) returns. */
function setOwnEntry(device: number, address: Buffer, mac: Buffer): boolean {
  const message = Buffer.alloc(28);
  message.writeUInt16LE(RTM_NEWNEIGH, 4);
  message.writeUInt16LE(SET, 6);
  message.writeUInt8(address.length === 4 ? AF_INET : AF_INET6, 16);
  message.writeInt32LE(device, 20);
  message.writeUInt16LE(NUD_STALE, 24);
  const whole = Buffer.concat([message, attribute(NDA_DST, address), attribute(NDA_LLADDR, mac)]);
  whole.writeUInt32LE(whole.length, 0);
  return withSocket(AF_NETLINK, (fd) => {
    if (cSend(fd, whole, whole.length, 0) !== whole.length) return false;
    // struct nlmsghdr, then the error number, 0 for success.
    const reply = Buffer.alloc(128);
    return cRecv(fd, reply, reply.length, MSG_DONTWAIT) >= 20 && reply.readInt32LE(16) === 0;
  });
}

/** struct rtattr with its value, padded to 4 bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** Ethernet, IPv4, six and four bytes, a request. */
const ARP_REQUEST = Buffer.from('0001080006040001', 'hex');

/** A question to all for one's own address: whoever has an entry for it takes the sender's (RFC 5227, 3). */
function gratuitousArp(address: Buffer, mac: Buffer): Buffer {
  const header = ethernetHeader('ffffffffffff', mac, 0x0806);
  return Buffer.concat([header, ARP_REQUEST, mac, address, Buffer.alloc(6), address]);
}

const ICMPV6 = 58;
const ALL_NODES = Buffer.from('ff020000000000000000000000000001', 'hex');

/** RFC 4861, 4.4 and 7.2.6: to all nodes, overriding what they know. */
function unsolicitedAdvertisement(address: Buffer, mac: Buffer): Buffer {
  const override = Buffer.from('20000000', 'hex');
  const targetLinkLayerAddress = Buffer.from([2, 1, ...mac]);
  const message = Buffer.concat([
    Buffer.from([136, 0, 0, 0]),
    ...[override, address, targetLinkLayerAddress],
  ]);
  const pseudoHeader = Buffer.concat([
    ...[address, ALL_NODES],
    Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6]),
  ]);
  message.writeUInt16BE(internetChecksum(Buffer.concat([pseudoHeader, message])), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, 255]);
  return Buffer.concat([
    ethernetHeader('333300000001', mac, 0x86dd),
    ...[header, address, ALL_NODES, message],
  ]);
}

/** RFC 1071; of an even number of bytes. */
function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ethernetHeader(to: string, from: Buffer, type: number): Buffer {
  return Buffer.concat([Buffer.from(to, 'hex'), from, Buffer.from([type >> 8, type & 0xff])]);
}

/** packet(7): protocol 0, so that the socket itself receives nothing. */
function sendFrame(device: number, frame: Buffer): void {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  frame.copy(address, 2, 12, 14);
  address.writeInt32LE(device, 4);
  address.writeUInt8(6, 11);
  frame.copy(address, 12, 0, 6);
  withSocket(
    AF_PACKET,
    (fd) => cSendto(fd, frame, frame.length, MSG_DONTWAIT, address, address.length) === frame.length,
  );
}

function withSocket(family: number, use: (fd: number) => boolean): boolean {
  const fd = cSocket(family, SOCK_RAW_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return use(fd);
  } finally {
    closeDescriptor(fd);
  }
}
