import { decodePathBytes } from '../../../kernel/index.ts';
import { type Traced, type TraceRecord, traceNumber, traceText } from '../../../linux/index.ts';
import { GrantCounter } from './grants.ts';
import { absolutePath, readMemory, withoutLinks } from './process-memory.ts';
import type { TraceWord } from './protocol.ts';
import { RefusedCalls } from './refused-calls.ts';
import type { Tasks } from './tasks.ts';

/** Words that were said lately and are not repeated. */
const MOST_SAID = 20_000;
const SAID_FOR_MS = 60_000;
const AF = { inet: 2, inet6: 10 } as const;
/** Bytes of a `sockaddr_in6`. */
const LONGEST_ADDRESS = 28;

/** Says what the kernel's events mean for the containers. */
export class Interpreter {
  readonly #tasks: Tasks;
  readonly #say: (word: TraceWord) => void;
  readonly #calls = new RefusedCalls();
  readonly #said = new Set<string>();
  readonly #grants = new Map<string, GrantCounter>();
  #saidSince = 0;

  constructor(tasks: Tasks, say: (word: TraceWord) => void) {
    this.#tasks = tasks;
    this.#say = say;
  }

  /** To be called with each record as soon as it is read, in whatever order. */
  glance({ format, record }: Traced): void {
    this.#calls.glance(format, record);
  }

  /** To be called with each record afterwards, in order. */
  take({ format, record }: Traced): void {
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
      this.#calls.ended(tid);
    } else if (format.event === 'capability/cap_capable') this.#granted(tid, number('cred'), number('cap'));
    else if (format.event === 'raw_syscalls/sys_exit') this.#refused(record);
    else if (format.event === 'syscalls/sys_enter_connect')
      this.#connected(tid, number('uservaddr'), number('addrlen'));
  }

  /** Says what is only told upon request. */
  flush(): void {
    for (const [containerId, counter] of this.#grants)
      this.#say({ type: 'capabilities', containerId, grants: counter.list() });
  }

  /** A container is not watched any more: if it is again, everything is said anew. */
  forget(containerId: string): void {
    this.#said.clear();
    this.#grants.delete(containerId);
  }

  #executed(tid: number, before: number, named: string): void {
    const containerId = this.#tasks.executed(tid, before, named);
    const path = containerId === null ? null : absolutePath(tid, named);
    if (containerId !== null && path !== null)
      this.#sayOnce({ type: 'executed', containerId, path: withoutLinks(tid, path) ?? path });
  }

  #granted(tid: number, credentials: number, capability: number): void {
    const containerId = this.#tasks.containerOf(tid);
    if (containerId === null) return;
    let counter = this.#grants.get(containerId);
    if (counter === undefined) {
      counter = new GrantCounter();
      this.#grants.set(containerId, counter);
    }
    counter.granted(credentials, capability);
  }

  #refused(record: TraceRecord): void {
    const { tid } = record;
    const containerId = this.#tasks.findContainerOf(tid);
    const refused = this.#calls.take(record);
    if (containerId === null || refused === null || refused.asks) return;
    const { call, named, pid } = refused;
    const parent = this.#tasks.parentOf(tid);
    // A child that is gone was most likely where its parent is.
    const path = refused.path ?? (named === null || parent === null ? null : absolutePath(parent, named));
    const command = refused.command ?? this.#tasks.programOf(tid);
    this.#sayOnce({
      type: 'refusal',
      containerId,
      refusal: {
        path: path === null ? null : this.#resolved(containerId, tid, path),
        call,
        command,
        pid,
        at: new Date().toISOString(),
        seenBy: 'kernel',
      },
    });
  }

  /** As a living process of the container sees it. */
  #resolved(containerId: string, tid: number, path: string): string {
    for (const one of [tid, ...this.#tasks.someOf(containerId)]) {
      const resolved = withoutLinks(one, path);
      if (resolved !== null) return resolved;
    }
    return path;
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
}
