import { decodePathBytes } from '../../../kernel/index.ts';
import { type TraceFormat, type TraceRecord, traceNumber } from '../../../linux/index.ts';
import { pidInNamespace } from '../process-samples.ts';
import { PATH_CALLS, type PathCall } from './calls.ts';
import { absolutePath, commandOf, readMemory, readTextAt } from './process-memory.ts';

/** A call that a thread has begun. */
interface Entered {
  readonly call: string;
  readonly how: PathCall;
  /** Its number on this architecture. */
  readonly number: number;
  readonly time: number;
  readonly pointer: number;
  readonly directory: number;
}

/** A refused call, as much as could be read of it while its process was there. */
export interface RefusedCall {
  /** It only asked whether it could write. */
  readonly asks: boolean;
  readonly call: string | null;
  /** As it was named. */
  readonly named: string | null;
  readonly path: string | null;
  readonly command: string | null;
  readonly pid: number | null;
}

const MOST_KEPT = 16_384;
const MOST_OF_A_THREAD = 8;
const ENTER = 'syscalls/sys_enter_';
const AF_UNIX = 1;
const AT_FDCWD = -100;
/** Bytes of a `sockaddr_un` with its family. */
const LONGEST_ADDRESS = 110;

/** Reads what a refused call has named from its process's memory, at once: a moment later that may be gone. */
export class RefusedCalls {
  readonly #entered = new Map<number, readonly Entered[]>();
  readonly #refused = new Map<TraceRecord, RefusedCall>();

  /** To be called with each record as soon as it is read; with an exit when all that was entered before is known. */
  glance(format: TraceFormat, record: TraceRecord): void {
    if (format.event === 'raw_syscalls/sys_exit') this.#exits(format, record);
    else if (format.event.startsWith(ENTER)) this.#enters(format, record);
  }

  /** What {@link glance} has read for the record of an exit; once. */
  take(record: TraceRecord): RefusedCall | null {
    const refused = this.#refused.get(record) ?? null;
    this.#refused.delete(record);
    return refused;
  }

  ended(tid: number): void {
    this.#entered.delete(tid);
  }

  #enters(format: TraceFormat, record: TraceRecord): void {
    const call = format.event.slice(ENTER.length);
    const how = PATH_CALLS[call];
    if (how === undefined) return;
    const before = this.#entered.get(record.tid) ?? [];
    const entered = {
      call,
      how,
      number: traceNumber(format, record, '__syscall_nr'),
      pointer: how.path === null ? 0 : traceNumber(format, record, how.path),
      // The kernel keeps it in 64 bits, and looks at 32 of them.
      directory: how.directory === undefined ? AT_FDCWD : traceNumber(format, record, how.directory) | 0,
      time: record.time,
    };
    this.#entered.delete(record.tid);
    this.#entered.set(record.tid, [entered, ...before.slice(0, MOST_OF_A_THREAD - 1)]);
    if (this.#entered.size <= MOST_KEPT) return;
    for (const oldest of this.#entered.keys()) {
      this.#entered.delete(oldest);
      return;
    }
  }

  #exits(format: TraceFormat, record: TraceRecord): void {
    const { tid } = record;
    // It may have gone on by now, and begun other calls.
    const last = this.#entered.get(tid)?.find(({ time }) => time < record.time);
    const entered = last?.number === traceNumber(format, record, 'id') ? last : undefined;
    const named = entered === undefined ? null : nameOf(tid, entered);
    if (this.#refused.size >= MOST_KEPT) this.#refused.clear();
    this.#refused.set(record, {
      asks: entered?.how.asks === true,
      call: entered?.call ?? null,
      named,
      path: entered === undefined ? null : pathOf(tid, named, entered.directory),
      command: commandOf(tid),
      pid: pidInNamespace(tid),
    });
  }
}

function nameOf(tid: number, { how, pointer }: Entered): string | null {
  return how.address ? socketPath(readMemory(tid, pointer, LONGEST_ADDRESS)) : readTextAt(tid, pointer);
}

function pathOf(tid: number, named: string | null, directory: number): string | null {
  // Without a text the call is about the descriptor itself, such as futimens(3)'s.
  return named === null && directory === AT_FDCWD ? null : absolutePath(tid, named, directory);
}

/** Path of a unix socket's address; null for another kind, or one without a file. */
function socketPath(address: Buffer): string | null {
  if (address.length < 3 || address.readUInt16LE(0) !== AF_UNIX || address[2] === 0) return null;
  const nul = address.indexOf(0, 2);
  return decodePathBytes(address.subarray(2, nul === -1 ? address.length : nul));
}
