import koffi from 'koffi';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

export interface DatagramSocket {
  /** What has arrived, one after the other; null when nothing has. */
  receive(): string | null;
  close(): void;
}

/** A datagram socket of unix(7), which Node cannot open, as log daemons listen on. */
export function listenOn(path: string): DatagramSocket {
  const libc = koffi.load('libc.so.6');
  const fd: number = libc.func('int socket(int, int, int)')(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
  if (libc.func('int bind(int, void *, unsigned int)')(fd, address, address.length) !== 0) {
    throw new Error(`cannot bind ${path}`);
  }
  const recv = libc.func('long recv(int, void *, size_t, int)');
  const buffer = Buffer.alloc(65_536);
  return {
    receive: () => {
      const length = Number(recv(fd, buffer, buffer.length, MSG_DONTWAIT));
      return length < 0 ? null : buffer.toString('utf8', 0, length);
    },
    close: () => void libc.func('int close(int)')(fd),
  };
}
