import { readStream, setNonBlocking, writeAvailable } from '../linux/index.ts';
import type { EnforcerReport, EnforcerRequest } from './protocol.ts';

/** Reports that wait in this process while the guard does not read, in bytes; what comes then is dropped. */
const LONGEST_BACKLOG = 8 << 20;
const READ_BYTES = 64 << 10;
const NEWLINE = 0x0a;

/**
 * The enforcer process's end of the socket to the guard: nothing here ever waits, as somebody may be waiting for
 * an answer meanwhile. A guard that does not read costs reports (they are counted and told later), never time.
 */
export class Channel {
  readonly fd: number;
  readonly #limit: number;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  /** The beginning of a line whose end has not come yet. */
  #partial: Buffer[] = [];
  /** Lines that wait to be written, the first maybe in part. */
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #lost: { count: number; from: number } | null = null;
  /** The guard has closed its end for writing: there will be no more requests. */
  #ended = false;
  /** Nobody will read what is written. */
  #broken = false;

  /** @param limit most bytes that wait to be written */
  constructor(fd: number, limit = LONGEST_BACKLOG) {
    this.fd = fd;
    this.#limit = limit;
    setNonBlocking(fd);
  }

  /** Whether {@link flush} has something to write: wait for the descriptor to take it (EPOLLOUT). */
  get wantsWrite(): boolean {
    return this.#outgoing.length > 0;
  }

  /** The requests that are there by now, without waiting; `closed` when the guard has closed its end or is gone. */
  receive(): EnforcerRequest[] | 'closed' {
    const requests: EnforcerRequest[] = [];
    for (let more = !this.#ended; more; ) {
      const count = readStream(this.fd, this.#buffer);
      if (count === null) this.#ended = true;
      else this.#split(this.#buffer.subarray(0, count), requests);
      more = count === READ_BYTES;
    }
    return this.#ended && requests.length === 0 ? 'closed' : requests;
  }

  /**
   * Sends a report, now or with a later {@link flush}.
   *
   * @returns false when it is dropped, as too much waits: what it holds is to be let go
   */
  send(report: EnforcerReport): boolean {
    if (this.#outgoingBytes >= this.#limit && !ESSENTIAL.has(report.type)) {
      this.#lost ??= { count: 0, from: Date.now() };
      this.#lost.count++;
      return false;
    }
    this.#append(report);
    this.flush();
    return true;
  }

  /** Writes what the socket takes now. */
  flush(): void {
    this.#write();
    const lost = this.#lost;
    // Not at the first free byte, or each report that fits would come with a word on those that did not.
    if (lost === null || this.#outgoingBytes > this.#limit / 2) return;
    this.#lost = null;
    this.#append({
      type: 'lapse',
      containerId: null,
      reason: `${lost.count} reports of the enforcer were lost, as they were not read in time; it went on refusing`,
      from: lost.from,
      to: Date.now(),
    });
    this.#write();
  }

  #append(report: EnforcerReport): void {
    const line = Buffer.from(`${JSON.stringify(report)}\n`);
    this.#outgoing.push(line);
    this.#outgoingBytes += line.length;
  }

  #write(): void {
    let done = 0;
    for (const line of this.#outgoing) {
      const count = this.#broken ? null : writeAvailable(this.fd, line);
      if (count === null) {
        this.#broken = true;
        this.#outgoing = [];
        this.#outgoingBytes = 0;
        return;
      }
      this.#outgoingBytes -= count;
      if (count < line.length) {
        this.#outgoing[done] = line.subarray(count);
        break;
      }
      done++;
    }
    this.#outgoing.splice(0, done);
  }

  #split(bytes: Buffer, requests: EnforcerRequest[]): void {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...this.#partial, bytes.subarray(start, end)]).toString('utf8');
      this.#partial = [];
      requests.push(JSON.parse(line));
      start = end + 1;
    }
    if (start < bytes.length) this.#partial.push(Buffer.from(bytes.subarray(start)));
  }
}

/** What the guard waits for, or cannot know otherwise; there are few of them. */
const ESSENTIAL: ReadonlySet<EnforcerReport['type']> = new Set(['ready', 'failed', 'done', 'armed']);
