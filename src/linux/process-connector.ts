/** The kernel's process connector: a netlink group that tells of every fork, exec and exit (linux/cn_proc.h). */
import { errnoName, native, syscallError } from './libc.ts';
import { closeDescriptor } from './openat2.ts';

const cSocket = native('int socket(int domain, int type, int protocol)');
const cBind = native('int bind(int fd, const void *address, uint length)');
const cSetsockopt = native('int setsockopt(int fd, int level, int name, const void *value, uint length)');
const cSend = native('long send(int fd, const void *buffer, size_t length, int flags)');
const cRecvfrom = native(
  'long recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)',
);

const AF_NETLINK = 16;
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2000000 | 0o4000;
const NETLINK_CONNECTOR = 11;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const NLMSG_DONE = 3;
/** Room for some ten thousand events while the reader is busy elsewhere. */
const RECEIVE_BYTES = 8 << 20;

const NLMSG_HEADER = 16;
const CN_HEADER = 20;
/** What, cpu and timestamp stand before an event's own data. */
const EVENT_DATA = NLMSG_HEADER + CN_HEADER + 16;

const WHAT = { FORK: 0x1, EXEC: 0x2, UID: 0x4, GID: 0x40, EXIT: 0x80000000 } as const;

/** What happened to a process (never to a single thread); pids are those of this pid namespace. */
export type ProcessEvent =
  | { readonly type: 'fork'; readonly pid: number; readonly parent: number }
  | { readonly type: 'exec'; readonly pid: number }
  | { readonly type: 'uid'; readonly pid: number; readonly effective: number }
  | { readonly type: 'gid'; readonly pid: number; readonly effective: number }
  | { readonly type: 'exit'; readonly pid: number }
  /** The socket's buffer was full: events are missing. */
  | { readonly type: 'lost' };

/**
 * Subscribes to process events; to be polled, read with {@link readProcessEvents} and closed.
 *
 * @throws {PristineError} E_SYSCALL: EPERM without CAP_NET_ADMIN, EPROTONOSUPPORT where the kernel has none
 */
export function openProcessConnector(): number {
  const fd = cSocket(AF_NETLINK, SOCK_DGRAM_CLOEXEC_NONBLOCK, NETLINK_CONNECTOR);
  if (fd < 0) throw syscallError('socket(NETLINK_CONNECTOR)');
  try {
    // struct sockaddr_nl: family, pad, port id (0: the kernel chooses), groups.
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(CN_IDX_PROC, 8);
    if (cBind(fd, address, address.length) < 0) throw syscallError('bind(NETLINK_CONNECTOR)');
    const size = Buffer.alloc(4);
    size.writeInt32LE(RECEIVE_BYTES, 0);
    // Without CAP_NET_ADMIN in the first user namespace the default size stays: more is lost, nothing breaks.
    cSetsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
    const request = listenRequest();
    if (cSend(fd, request, request.length, 0) < 0) throw syscallError('send(PROC_CN_MCAST_LISTEN)');
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

function listenRequest(): Buffer {
  const message = Buffer.alloc(NLMSG_HEADER + CN_HEADER + 4);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(NLMSG_DONE, 4);
  message.writeUInt32LE(CN_IDX_PROC, NLMSG_HEADER);
  message.writeUInt32LE(CN_VAL_PROC, NLMSG_HEADER + 4);
  message.writeUInt16LE(4, NLMSG_HEADER + 16);
  message.writeUInt32LE(PROC_CN_MCAST_LISTEN, NLMSG_HEADER + CN_HEADER);
  return message;
}

const buffer = Buffer.alloc(4096);
const sender = Buffer.alloc(12);
const senderLength = Buffer.alloc(4);

/** The events that wait now, at most `limit`, without waiting for more. */
export function* readProcessEvents(fd: number, limit: number): Generator<ProcessEvent> {
  for (let taken = 0; taken < limit; taken++) {
    senderLength.writeUInt32LE(sender.length, 0);
    const length = cRecvfrom(fd, buffer, buffer.length, 0, sender, senderLength);
    if (length < 0) {
      const error = errnoName();
      if (error === 'ENOBUFS') yield { type: 'lost' };
      else if (error !== 'EINTR') return;
      continue;
    }
    // Only the kernel has port id 0; anybody else's message is not believed.
    if (sender.readUInt32LE(4) !== 0) continue;
    const event = parseProcessEvent(buffer.subarray(0, length));
    if (event !== null) yield event;
  }
}

/** One netlink message of the connector; null for what concerns a thread or is not of interest. */
function parseProcessEvent(message: Buffer): ProcessEvent | null {
  if (message.length < EVENT_DATA + 8) return null;
  if (message.readUInt32LE(NLMSG_HEADER) !== CN_IDX_PROC) return null;
  const word = (index: number): number =>
    message.length >= EVENT_DATA + 4 * index + 4 ? message.readUInt32LE(EVENT_DATA + 4 * index) : 0;
  const [thread, pid] = [word(0), word(1)];
  switch (message.readUInt32LE(NLMSG_HEADER + CN_HEADER)) {
    case WHAT.FORK: {
      const [childThread, child] = [word(2), word(3)];
      return childThread === child ? { type: 'fork', pid: child, parent: pid } : null;
    }
    case WHAT.EXEC:
      return { type: 'exec', pid };
    case WHAT.UID:
      return { type: 'uid', pid, effective: word(3) };
    case WHAT.GID:
      return { type: 'gid', pid, effective: word(3) };
    case WHAT.EXIT:
      return thread === pid ? { type: 'exit', pid } : null;
    default:
      return null;
  }
}
