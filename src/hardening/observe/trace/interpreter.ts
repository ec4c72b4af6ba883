import { decodePathBytes } from '../../../kernel/index.ts';
import { type TraceFormat, type TraceRecord, traceNumber, traceText } from '../../../linux/index.ts';
import { pidInNamespace } from '../process-samples.ts';
import { CAPABILITY_NAMES, PATH_CALLS, type PathCall } from './calls.ts';
import { absolutePath, commandOf, readMemory, readTextAt, withoutLinks } from './process-memory.ts';
import type { TraceWord } from './protocol.ts';
import type { Tasks } from './tasks.ts';

/** A call that a thread is in, or was last in. */
interface Entered {
  readonly call: string;
  readonly how: PathCall;
  /** Its number on this architecture. */
  readonly number: number;
  readonly pointer: number;
  readonly directory: number;
}

const MOST_ENTERED = 16_384;
/** Words that were said lately and are not repeated. */
const MOST_SAID = 20_000;
const SAID_FOR_MS = 60_000;
const ENTER = 'syscalls/sys_enter_';
const AF = { unix: 1, inet: 2, inet6: 10 } as const;
/** Bytes of a `sockaddr_un` with its family. */
const LONGEST_ADDRESS = 110;

/** Says what the kernel's events mean for the containers. */
export class Interpreter {
  readonly #tasks: Tasks;
  readonly #say: (word: TraceWord) => void;
  readonly #entered = new Map<number, Entered>();
  readonly #said = new Set<string>();
  #saidSince = 0;

  constructor(tasks: Tasks, say: (word: TraceWord) => void) {
    this.#tasks = tasks;
    this.#say = say;
  }

  take(format: TraceFormat, record: TraceRecord): void {
    const { tid } = record;
    const number = (name: string): number => traceNumber(format, record, name);
    const text = (name: string): string => decodePathBytes(traceText(format, record, name));
    if (format.event === 'cgroup/cgroup_attach_task') this.#tasks.attached(number('pid'), text('dst_path'));
    else if (format.event === 'sched/sched_process_fork')
      this.#tasks.forked(number('parent_pid'), number('child_pid'));
    else if (format.event === 'sched/sched_process_exec')
      this.#executed(number('pid'), number('old_pid'), text('filename'));
    else if (format.event === 'sched/sched_process_exit') {
      this.#tasks.ended(tid);
      this.#entered.delete(tid);
    } else if (format.event === 'capability/cap_capable') this.#asked(tid, number('cap'));
    else if (format.event === 'raw_syscalls/sys_exit') this.#refused(tid, number('id'));
    else if (format.event === `${ENTER}connect`) this.#connected(tid, number('uservaddr'), number('addrlen'));
    else if (format.event.startsWith(ENTER)) this.#enters(format, record);
  }

  #executed(tid: number, before: number, named: string): void {
    const containerId = this.#tasks.executed(tid, before, named);
    const path = containerId === null ? null : absolutePath(tid, named);
    if (containerId !== null && path !== null)
      this.#sayOnce({ type: 'executed', containerId, path: withoutLinks(tid, path) });
  }

  #asked(tid: number, capability: number): void {
    const containerId = this.#tasks.containerOf(tid);
    const name = CAPABILITY_NAMES[capability];
    if (containerId !== null && name !== undefined) this.#sayOnce({ type: 'capability', containerId, name });
  }

  #enters(format: TraceFormat, record: TraceRecord): void {
    const call = format.event.slice(ENTER.length);
    const how = PATH_CALLS[call];
    if (how === undefined) return;
    this.#entered.delete(record.tid);
    this.#entered.set(record.tid, {
      call,
      how,
      number: traceNumber(format, record, '__syscall_nr'),
      pointer: how.path === null ? 0 : traceNumber(format, record, how.path),
      // The kernel keeps it in 64 bits, and looks at 32 of them.
      directory: how.directory === undefined ? AT_FDCWD : traceNumber(format, record, how.directory) | 0,
    });
    if (this.#entered.size <= MOST_ENTERED) return;
    for (const oldest of this.#entered.keys()) {
      this.#entered.delete(oldest);
      return;
    }
  }

  #refused(tid: number, call: number): void {
    const containerId = this.#tasks.findContainerOf(tid);
    if (containerId === null) return;
    const last = this.#entered.get(tid);
    const entered = last?.number === call ? last : undefined;
    if (entered?.how.asks) return;
    // Its memory first: all of it may be gone in a moment.
    const path = entered === undefined ? null : this.#pathOf(tid, entered);
    this.#sayOnce({
      type: 'refusal',
      containerId,
      refusal: {
        path,
        call: entered?.call ?? null,
        command: commandOf(tid) ?? this.#tasks.programOf(tid),
        pid: pidInNamespace(tid),
        at: new Date().toISOString(),
        seenBy: 'kernel',
      },
    });
  }

  #pathOf(tid: number, { how, pointer, directory }: Entered): string | null {
    const named = how.address
      ? socketPath(readMemory(tid, pointer, LONGEST_ADDRESS))
      : readTextAt(tid, pointer);
    // Without a text the call is about the descriptor itself, such as futimens(3)'s.
    if (named === null && directory === AT_FDCWD) return null;
    const parent = this.#tasks.parentOf(tid);
    const path =
      absolutePath(tid, named, directory) ??
      (parent === null || directory !== AT_FDCWD ? null : absolutePath(parent, named));
    return path === null ? null : withoutLinks(tid, path);
  }

  #connected(tid: number, pointer: number, length: number): void {
    const containerId = this.#tasks.containerOf(tid);
    if (containerId === null) return;
    const bytes = readMemory(tid, pointer, Math.min(length, LONGEST_ADDRESS));
    if (bytes.length < 8) return;
    const family = bytes.readUInt16LE(0);
    const port = bytes.readUInt16BE(2);
    const address =
      family === AF.inet
        ? bytes.subarray(4, 8).join('.')
        : family === AF.inet6 && bytes.length >= 24
          ? (bytes.toString('hex', 8, 24).match(/.{4}/g) ?? []).join(':')
          : null;
    if (address !== null) this.#sayOnce({ type: 'contact', containerId, address, port });
  }

  #sayOnce(word: TraceWord): void {
    const now = Date.now();
    if (now - this.#saidSince > SAID_FOR_MS || this.#said.size >= MOST_SAID) {
      this.#said.clear();
      this.#saidSince = now;
    }
    const key = JSON.stringify(
      word.type === 'refusal' ? { ...word, refusal: { ...word.refusal, at: null, pid: null } } : word,
    );
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#say(word);
  }

  /** A container is not watched any more: if it is again, everything is said anew. */
  forget(): void {
    this.#said.clear();
  }
}

const AT_FDCWD = -100;

/** Path of a unix socket's address; null for another kind, or one without a file. */
function socketPath(address: Buffer): string | null {
  if (address.length < 3 || address.readUInt16LE(0) !== AF.unix || address[2] === 0) return null;
  const nul = address.indexOf(0, 2);
  return decodePathBytes(address.subarray(2, nul === -1 ? address.length : nul));
}
