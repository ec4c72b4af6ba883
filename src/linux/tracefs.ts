import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { systemErrorCode } from '../kernel/index.ts';
import { errnoName, native, syscallError } from './libc.ts';
import { closeDescriptor, O_NONBLOCK, O_RDONLY } from './openat2.ts';
import { readAvailable } from './poll.ts';
import { parseTraceFormat, parseTracePage, type TraceFormat, type TraceRecord } from './trace-pages.ts';

/** The numbers are the same on every architecture. */
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOUNT_ATTR_NOSUID_NODEV_NOEXEC = 0xe;

const fsopen = native('long syscall(long number, const char *type, uint flags)');
const fsconfig = native('long syscall(long number, int fd, uint command, void *key, void *value, int more)');
const fsmount = native('long syscall(long number, int fd, uint flags, uint attributes)');

/** Of one processor; the kernel forgets the oldest events when nobody reads them in time. */
const BUFFER_KIB = 1024;
/** Holds a page of any architecture. */
const PAGE_BYTES = 64 << 10;
/** Rounds over the processors in one read, so that a flood cannot keep it for ever. */
const MOST_ROUNDS = 512;

/**
 * A trace instance of one's own (Documentation/trace/ftrace.rst): events of the kernel in buffers that nobody else
 * reads or disturbs. The filesystem is mounted for this process alone and attached nowhere, so that the host has no
 * mount more or less than before.
 */
export class TraceInstance implements Disposable {
  readonly #mount: number;
  /** Where it lies, as this process reaches it. */
  readonly directory: string;
  readonly #pipes: number[] = [];
  readonly #formats = new Map<number, TraceFormat>();
  readonly #enabled: string[] = [];
  readonly #buffer = Buffer.alloc(PAGE_BYTES);
  #ended = false;

  /**
   * Makes an instance named `PREFIX-PID-…`, and removes those of the same prefix whose process is gone.
   *
   * @param wakeAt how full the buffers are, in percent, when its descriptors become readable; 0: at each event
   * @throws {PristineError} E_SYSCALL: EPERM without CAP_SYS_ADMIN, ENODEV where the kernel has no tracefs; @throws
   * Node's error when it refuses an instance
   */
  constructor(prefix: string, wakeAt = 0) {
    this.#mount = mountTracefs();
    const instances = `/proc/self/fd/${this.#mount}/instances`;
    try {
      removeAbandoned(instances, prefix);
      // Every thread of this process may have its own.
      this.directory = `${instances}/${prefix}-${process.pid}-${randomBytes(4).toString('hex')}`;
      mkdirSync(this.directory);
    } catch (error) {
      closeDescriptor(this.#mount);
      throw error;
    }
    try {
      this.#write('buffer_size_kb', String(BUFFER_KIB));
      this.#write('buffer_percent', String(wakeAt));
      // One clock for all processors, so that their events can be put in order.
      this.#write('trace_clock', 'mono');
      for (const name of readdirSync(`${this.directory}/per_cpu`))
        this.#pipes.push(openSync(`${this.directory}/per_cpu/${name}/trace_pipe_raw`, O_RDONLY | O_NONBLOCK));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Readable when there are as many events as it was asked for. */
  get descriptors(): readonly number[] {
    return this.#pipes;
  }

  /**
   * Has an event recorded from now on.
   *
   * @param event e.g. `raw_syscalls/sys_exit`
   * @param filter in the kernel's words, e.g. `ret == -30`
   * @returns null when this kernel has no such event
   */
  enable(event: string, filter?: string): TraceFormat | null {
    try {
      const text = readFileSync(`${this.directory}/events/${event}/format`, 'latin1');
      const format = parseTraceFormat(event, text);
      if (format === null) return null;
      if (filter !== undefined) this.#write(`events/${event}/filter`, filter);
      this.#write(`events/${event}/enable`, '1');
      this.#enabled.push(event);
      this.#formats.set(format.id, format);
      return format;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /**
   * What was recorded since the last read, in the order in which it happened; does not wait.
   *
   * @param glance called for each record as soon as it is read, one processor's after another's: for what must be
   * looked at before it is gone
   */
  read(glance?: (traced: Traced) => void): { readonly found: Traced[]; readonly missed: boolean } {
    const found: Traced[] = [];
    let missed = false;
    let more = true;
    // Until all are empty: what one processor has may have its cause in another that was read before.
    for (let round = 0; more && round < MOST_ROUNDS; round++) {
      more = false;
      for (const pipe of this.#pipes) {
        const length = readAvailable(pipe, this.#buffer, 'read(trace_pipe_raw)');
        if (length === 0) continue;
        const page = parseTracePage(Buffer.from(this.#buffer.subarray(0, length)));
        more ||= page.records.length > 0;
        missed ||= page.missed;
        for (const record of page.records) {
          const format = this.#formats.get(record.id);
          if (format === undefined) continue;
          const traced = { format, record };
          glance?.(traced);
          found.push(traced);
        }
      }
    }
    return { found: found.sort(byTime), missed };
  }

  /** Ends the recording and removes the instance. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pipe of this.#pipes) closeSync(pipe);
    this.#pipes.length = 0;
    try {
      for (const event of this.#enabled.splice(0)) this.#write(`events/${event}/enable`, '0');
      rmdirSync(this.directory);
    } finally {
      closeDescriptor(this.#mount);
    }
  }

  #write(file: string, text: string): void {
    writeFileSync(`${this.directory}/${file}`, text);
  }
}

/** A record, and how it is to be read. */
export interface Traced {
  readonly format: TraceFormat;
  readonly record: TraceRecord;
}

/** Also puts what several instances have recorded in order: they have one clock. */
export function byTime(a: Traced, b: Traced): number {
  return a.record.time - b.record.time;
}

/** A mount that has no place (fsopen(2), fsmount(2)); whoever has the descriptor can use it. */
function mountTracefs(): number {
  const context = fsopen(SYS_FSOPEN, 'tracefs', CLOEXEC);
  if (context < 0) throw syscallError('fsopen(tracefs)');
  try {
    if (fsconfig(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0) < 0)
      throw syscallError('fsconfig(tracefs)', errnoName());
    const mount = fsmount(SYS_FSMOUNT, context, CLOEXEC, MOUNT_ATTR_NOSUID_NODEV_NOEXEC);
    if (mount < 0) throw syscallError('fsmount(tracefs)', errnoName());
    return mount;
  } finally {
    closeDescriptor(context);
  }
}

/** Instances of processes that were killed. */
function removeAbandoned(instances: string, prefix: string): void {
  for (const name of readdirSync(instances)) {
    const pid = name.startsWith(`${prefix}-`)
      ? /^(\d+)-[0-9a-f]+$/.exec(name.slice(prefix.length + 1))?.[1]
      : null;
    if (pid === undefined || pid === null || isAlive(Number(pid))) continue;
    try {
      writeFileSync(`${instances}/${name}/events/enable`, '0');
      rmdirSync(`${instances}/${name}`);
    } catch {
      // Another process removes it at this moment, or still reads it.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}
