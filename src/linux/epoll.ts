import { errnoName, native, syscallError } from './libc.ts';
import { closeDescriptor } from './openat2.ts';

const cCreate = native('int epoll_create1(int flags)');
const cControl = native('int epoll_ctl(int epoll, int operation, int fd, void *event)');
const cWait = native('int epoll_wait(int epoll, void *events, int most, int timeout)');

const EPOLL_CLOEXEC = 0o2000000;
const ADD = 1;
const REMOVE = 2;
const MODIFY = 3;
const EPOLLIN = 1;
const EPOLLPRI = 2;
const EPOLLOUT = 4;
/** struct epoll_event is packed on x86-64 alone. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const DATA_OFFSET = process.arch === 'x64' ? 4 : 8;
const MOST = 64;

/** What is waited for: data to read, a change of a mountinfo(5) file, or room to write. */
export type Readiness = 'read' | 'change' | 'write';
const EVENTS = { read: EPOLLIN, change: EPOLLPRI, write: EPOLLIN | EPOLLOUT } as const;

/** Waits for many descriptors at once (epoll(7)), blocking this thread; what it costs does not grow with their number. */
export class Epoll {
  readonly #fd: number;
  readonly #event = Buffer.alloc(EVENT_BYTES);
  readonly #ready = Buffer.alloc(EVENT_BYTES * MOST);

  constructor() {
    this.#fd = cCreate(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw syscallError('epoll_create1');
  }

  add(fd: number, readiness: Readiness): void {
    this.#control(ADD, fd, EVENTS[readiness]);
  }

  modify(fd: number, readiness: Readiness): void {
    this.#control(MODIFY, fd, EVENTS[readiness]);
  }

  /** To be called before the descriptor is closed. */
  remove(fd: number): void {
    cControl(this.#fd, REMOVE, fd, this.#event);
  }

  /**
   * @param timeoutMs longest wait
   * @returns the descriptors that are ready, at most 64
   */
  wait(timeoutMs: number): number[] {
    const count = cWait(this.#fd, this.#ready, MOST, timeoutMs);
    if (count < 0) {
      const name = errnoName();
      if (name === 'EINTR') return [];
      throw syscallError('epoll_wait', name);
    }
    const fds: number[] = [];
    for (let n = 0; n < count; n++) fds.push(this.#ready.readInt32LE(n * EVENT_BYTES + DATA_OFFSET));
    return fds;
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  #control(operation: number, fd: number, events: number): void {
    this.#event.writeUInt32LE(events, 0);
    this.#event.writeInt32LE(fd, DATA_OFFSET);
    if (cControl(this.#fd, operation, fd, this.#event) < 0) throw syscallError('epoll_ctl');
  }
}
