import {
  askAboutFile,
  closeDescriptor,
  dropLease,
  FileIdentity,
  ignoreFile,
  leaseIsBreaking,
  takeReadLease,
} from '../../linux/index.ts';

/** How long a file that was allowed by its hash is held still. */
const STILL_MS = 1000;
const MAX_STILL = 256;

interface Lease {
  readonly containerId: string;
  /** Of the inode, among all of the container's. */
  readonly key: string;
  /** What the file was when it was judged: a lease does not keep anybody from changing its attributes. */
  readonly version: string;
  readonly mask: number;
  /** The same file in the writable layer, also under a lease; null for files of the image. */
  readonly upper: number | null;
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
  readonly #ofUpper = new Map<number, number>();
  readonly #now = new FileIdentity();
  readonly #still: { readonly fds: readonly number[]; readonly until: number }[] = [];

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

  /** Whether this file is held already: then it has not been written to since it was judged. */
  has(containerId: string, key: string): boolean {
    return this.#byKey.has(containerId + key);
  }

  /** Has writers wait from now on; to be followed by {@link keep} or {@link drop}. */
  take(fd: number): boolean {
    return takeReadLease(fd, process.pid, this.#signal);
  }

  /** Nobody is asked about the file of this lease any more, until it breaks. The descriptor is ours now. */
  keep(
    fd: number,
    containerId: string,
    { key, version }: FileIdentity,
    mask: number,
    upper: number | null,
  ): void {
    if (this.#held.size >= this.#limit) this.#dropOldest();
    ignoreFile(this.#group, fd, mask);
    this.#held.set(fd, { containerId, key: containerId + key, version, mask, upper });
    if (upper !== null) this.#ofUpper.set(upper, fd);
    this.#byKey.set(containerId + key, fd);
  }

  /** Gives back the leases of files whose attributes have changed since they were judged. */
  recheck(containerId: string): void {
    for (const [fd, lease] of this.#held) {
      if (lease.containerId === containerId && this.#now.read(fd).version !== lease.version)
        this.#giveBack(fd);
    }
  }

  /** Holds files still for a moment longer, whoever wants to write to them; the descriptors are ours now. */
  keepStill(fds: readonly number[]): void {
    this.#still.push({ fds, until: Date.now() + STILL_MS });
  }

  /** To be called about each second. */
  tick(): void {
    const now = Date.now();
    while (this.#still[0] !== undefined && (this.#still[0].until < now || this.#still.length > MAX_STILL)) {
      // Closing a descriptor gives its lease back.
      for (const fd of this.#still.shift()?.fds ?? []) closeDescriptor(fd);
    }
  }

  /** Gives a lease back that was not kept; the descriptor stays open. */
  drop(fd: number): void {
    dropLease(fd);
  }

  /** The signal came for this descriptor: somebody wants to write to its file. */
  broken(fd: number): void {
    // It may have been given back, and the number used again, between the signal and now.
    const held = this.#ofUpper.get(fd) ?? fd;
    if (this.#held.has(held) && leaseIsBreaking(fd)) this.#giveBack(held);
  }

  /** Signals were lost: looks at every lease. */
  sweep(): void {
    for (const fd of [...this.#held.keys(), ...this.#ofUpper.keys()]) this.broken(fd);
  }

  releaseContainer(containerId: string): void {
    for (const [fd, lease] of this.#held) if (lease.containerId === containerId) this.#giveBack(fd);
  }

  close(): void {
    for (const fd of [...this.#held.keys()]) this.#giveBack(fd);
    for (const { fds } of this.#still.splice(0)) for (const fd of fds) closeDescriptor(fd);
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
    if (lease.upper === null) return;
    this.#ofUpper.delete(lease.upper);
    // Closing it gives its lease back.
    closeDescriptor(lease.upper);
  }
}
