import {
  askAboutFile,
  closeDescriptor,
  dropLease,
  FileIdentity,
  ignoreFile,
  leaseIsBreaking,
  takeReadLease,
} from '../../linux/index.ts';

interface Lease {
  readonly containerId: string;
  /** Of the inode, among all of the container's. */
  readonly key: string;
  /** What the file was when it was judged: a lease does not keep anybody from changing its attributes. */
  readonly version: string;
  readonly mask: number;
}

/**
 * Files that need not be asked about again, as nobody can write to them unnoticed: each is under a read lease and
 * an ignore mark. Who opens one for writing waits until both are taken back, which is a matter of microseconds.
 */
export class Leases {
  readonly #group: number;
  readonly #signal: number;
  readonly #limit: number;
  /** By descriptor; the oldest first. */
  readonly #held = new Map<number, Lease>();
  readonly #byKey = new Map<string, number>();
  readonly #now = new FileIdentity();

  /**
   * @param group fanotify group of the ignore marks
   * @param signal real-time signal that says that a lease breaks; blocked in this thread
   * @param limit most leases at a time; the oldest gives way
   */
  constructor(group: number, signal: number, limit: number) {
    this.#group = group;
    this.#signal = signal;
    this.#limit = limit;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Whether this file is held already: then it has not been written to since it was judged. */
  has(containerId: string, key: string): boolean {
    return this.#byKey.has(containerId + key);
  }

  /** Has writers wait from now on; to be followed by {@link keep} or {@link drop}. */
  take(fd: number): boolean {
    return takeReadLease(fd, process.pid, this.#signal);
  }

  /** Nobody is asked about the file of this lease any more, until it breaks. The descriptor is ours now. */
  keep(fd: number, containerId: string, { key, version }: FileIdentity, mask: number): void {
    if (this.#held.size >= this.#limit) this.#dropOldest();
    ignoreFile(this.#group, fd, mask);
    this.#held.set(fd, { containerId, key: containerId + key, version, mask });
    this.#byKey.set(containerId + key, fd);
  }

  /** Gives back the leases of files whose attributes have changed since they were judged. */
  recheck(containerId: string): void {
    for (const [fd, lease] of this.#held) {
      if (lease.containerId === containerId && this.#now.read(fd).version !== lease.version)
        this.#giveBack(fd);
    }
  }

  /** Gives a lease back that was not kept; the descriptor stays open. */
  drop(fd: number): void {
    dropLease(fd);
  }

  /** The signal came for this descriptor: somebody wants to write to its file. */
  broken(fd: number): void {
    // It may have been given back, and the number used again, between the signal and now.
    if (this.#held.has(fd) && leaseIsBreaking(fd)) this.#giveBack(fd);
  }

  /** Signals were lost: looks at every lease. */
  sweep(): void {
    for (const fd of [...this.#held.keys()]) this.broken(fd);
  }

  releaseContainer(containerId: string): void {
    for (const [fd, lease] of this.#held) if (lease.containerId === containerId) this.#giveBack(fd);
  }

  close(): void {
    for (const fd of [...this.#held.keys()]) this.#giveBack(fd);
  }

  #dropOldest(): void {
    for (const oldest of this.#held.keys()) {
      this.#giveBack(oldest);
      return;
    }
  }

  #giveBack(fd: number): void {
    const lease = this.#held.get(fd);
    if (lease === undefined) return;
    this.#held.delete(fd);
    if (this.#byKey.get(lease.key) === fd) this.#byKey.delete(lease.key);
    // In this order: a writer that goes on must find the file asked about again.
    askAboutFile(this.#group, fd, lease.mask);
    dropLease(fd);
    closeDescriptor(fd);
  }
}
