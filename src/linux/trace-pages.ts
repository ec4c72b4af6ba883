/** The binary form of kernel trace events (Documentation/trace/ring-buffer-design.rst, include/linux/ring_buffer.h). */

export interface TraceField {
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

/** How an event lies in memory, as its file `format` says. */
export interface TraceFormat {
  /** e.g. `sched/sched_process_exec`. */
  readonly event: string;
  readonly id: number;
  readonly fields: ReadonlyMap<string, TraceField>;
}

export interface TraceRecord {
  /** Id of its format. */
  readonly id: number;
  /** Nanoseconds of the trace's clock, as precise as a double is. */
  readonly time: number;
  /** The thread that was running, in the host's pid namespace. */
  readonly tid: number;
  readonly data: Buffer;
}

const PAGE_HEADER_BYTES = 16;
const COMMIT_MASK = 0xfffff;
const MISSED_EVENTS = 0x80000000;
const TYPE = { padding: 29, timeExtend: 30, timeStamp: 31 } as const;
const COMMON_BYTES = 8;

/** Reads the text of a file `format`; null when it is none. */
export function parseTraceFormat(event: string, text: string): TraceFormat | null {
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (id === undefined) return null;
  const fields = new Map<string, TraceField>();
  for (const match of text.matchAll(/^\tfield:([^;]+);\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);$/gm)) {
    const name = /(\w+)(?:\[[^\]]*\])?$/.exec(match[1] ?? '')?.[1];
    if (name !== undefined)
      fields.set(name, { offset: Number(match[2]), size: Number(match[3]), signed: match[4] === '1' });
  }
  return { event, id: Number(id), fields };
}

/** The records of one page of a trace buffer, oldest first, and whether the kernel dropped some before it. */
export function parseTracePage(page: Buffer): { records: TraceRecord[]; missed: boolean } {
  const records: TraceRecord[] = [];
  if (page.length < PAGE_HEADER_BYTES) return { records, missed: false };
  const commit = page.readUInt32LE(8);
  const end = Math.min(page.length, PAGE_HEADER_BYTES + (commit & COMMIT_MASK));
  let time = Number(page.readBigUInt64LE(0));
  let at = PAGE_HEADER_BYTES;
  while (at + 4 <= end) {
    const header = page.readUInt32LE(at);
    const [type, delta] = [header & 31, header >>> 5];
    const word = at + 8 <= end ? page.readUInt32LE(at + 4) : 0;
    if (type === TYPE.padding) {
      if (delta === 0) break;
      at += 4 + word;
    } else if (type === TYPE.timeExtend) {
      time += delta + word * 2 ** 27;
      at += 8;
    } else if (type === TYPE.timeStamp) {
      time = delta + word * 2 ** 27;
      at += 8;
    } else {
      time += delta;
      const start = type === 0 ? at + 8 : at + 4;
      const next = type === 0 ? at + 4 + word : start + type * 4;
      if (next <= at || next > end) break;
      const data = page.subarray(start, next);
      if (data.length >= COMMON_BYTES)
        records.push({ id: data.readUInt16LE(0), time, tid: data.readInt32LE(4), data });
      at = next;
    }
  }
  return { records, missed: (commit & MISSED_EVENTS) !== 0 };
}

/**
 * A number of a record; 0 when the format has no such field. Pointers of user space are below 2^53; of those of the
 * kernel the lower 53 bits are given, which tell one from another.
 */
export function traceNumber(format: TraceFormat, { data }: TraceRecord, name: string): number {
  const field = format.fields.get(name);
  if (field === undefined || field.offset + field.size > data.length) return 0;
  const { offset, size, signed } = field;
  if (size === 8)
    return Number(signed ? data.readBigInt64LE(offset) : BigInt.asUintN(53, data.readBigUInt64LE(offset)));
  if (size !== 1 && size !== 2 && size !== 4) return 0;
  return signed ? data.readIntLE(offset, size) : data.readUIntLE(offset, size);
}

/** A text of a record (a `__data_loc` or an array of characters), as bytes up to its NUL. */
export function traceText(format: TraceFormat, { data }: TraceRecord, name: string): Buffer {
  const field = format.fields.get(name);
  if (field === undefined || field.offset + field.size > data.length) return Buffer.alloc(0);
  const place = field.size === 4 ? data.readUInt32LE(field.offset) : null;
  const [start, length] = place === null ? [field.offset, field.size] : [place & 0xffff, place >>> 16];
  const bytes = data.subarray(start, start + length);
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}
