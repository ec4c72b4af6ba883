import { canonicalJson } from '../../kernel/index.ts';
import { containerProcesses } from '../proc/members.ts';
import { bootTime, describeProcess, type OpenDescriptor } from '../proc/process.ts';
import { readProcLink } from '../proc/read.ts';
import { type LinkedFile, openLinkedFile } from '../proc/regular-file.ts';
import type { CaptureContext } from './context.ts';
import { FileKeeper, type KeptFile } from './file-keeper.ts';
import { ProcessBudget } from './process-budget.ts';

/** More processes than that are counted, not described. */
const MOST_DESCRIBED = 4096;
const MOST_KEPT_DESCRIPTORS = 256;
/** Bytes up to which an executable is compared with the image's; a larger one counts as changed when it is in the upper layer. */
const LARGEST_COMPARED = 256 << 20;

/** A socket's inode and who holds it. */
type SocketHolders = Map<string, { pid: number; fd: number }[]>;

export interface CapturedProcesses {
  readonly pids: readonly number[];
  readonly sockets: SocketHolders;
}

/**
 * Keeps what /proc says of every process of the container, one JSON line each; executables that are not the
 * image's own, also deleted ones; and open files that no name leads to any more.
 */
export async function captureProcesses(context: CaptureContext): Promise<CapturedProcesses> {
  const { target, builder, omissions, signal } = context;
  const sockets: SocketHolders = new Map();
  if (target.pid === null) {
    omissions.add('The container did not run: there were no processes, sockets or memory to capture.');
    return { pids: [], sockets };
  }
  const pids = await containerProcesses(target.pid, target.id);
  const described = pids.slice(0, MOST_DESCRIBED);
  if (described.length < pids.length) {
    omissions.add(`${pids.length - described.length} of ${pids.length} processes are not described.`);
  }
  const keeper = new FileKeeper(context);
  const collector = new ProcessCollector(context, keeper, sockets);
  const boot = bootTime();
  const kind = { title: 'Processes, one a line', mediaType: 'application/jsonl' };
  await builder.item('processes.jsonl', kind, async (file) => {
    for (const pid of described) {
      signal?.throwIfAborted();
      const line = await collector.line(pid, boot);
      if (line !== null) await file.write(Buffer.from(`${line}\n`));
      else omissions.add(`Process ${pid} ended while it was captured.`);
    }
  });
  if (collector.budget.isSpent) {
    omissions.add(
      'The processes have more open files, environment or maps than are kept: see "cut" of each.',
    );
  }
  omissions.add("The processes' memory was not captured.");
  return { pids: described, sockets };
}

class ProcessCollector {
  readonly #keeper: FileKeeper;
  readonly #sockets: SocketHolders;
  readonly budget = new ProcessBudget();
  readonly #context: CaptureContext;
  /** Whether the content at a path differs from the image's. */
  readonly #drifted = new Map<string, Promise<boolean>>();

  constructor(context: CaptureContext, keeper: FileKeeper, sockets: SocketHolders) {
    this.#context = context;
    this.#keeper = keeper;
    this.#sockets = sockets;
  }

  async line(pid: number, boot: number | null): Promise<string | null> {
    const record = await describeProcess(pid, boot, this.budget.detail);
    if (record === null) return null;
    const executable = await this.#executable(pid);
    const descriptors: object[] = [];
    let kept = 0;
    for (const descriptor of record.descriptors) {
      this.#noteSocket(pid, descriptor);
      const file = kept < MOST_KEPT_DESCRIPTORS ? await this.#deletedFile(pid, descriptor) : null;
      if (file !== null) kept++;
      descriptors.push({ ...descriptor, ...(file !== null && { deletedFile: file }) });
    }
    const line = canonicalJson({ ...record, executable, descriptors });
    this.budget.spend(descriptors.length, line.length);
    return line;
  }

  async #executable(pid: number): Promise<object | null> {
    const link = `/proc/${pid}/exe`;
    const path = readProcLink(link);
    // Kernel threads and zombies have none.
    if (path === null) return null;
    await using file = await openLinkedFile(link);
    if (file === null) return { path };
    const keep = file.deleted || (await this.#isElsewhere(file)) || (await this.#isDrifted(path));
    const kept = await this.#keeper.keep(file, keep ? 'executables' : null, `executable of process ${pid}`);
    return { path, deleted: file.deleted, ...kept };
  }

  /** Whether a file is on another filesystem than the container's root: a volume, tmpfs or memfd. */
  async #isElsewhere({ device }: LinkedFile): Promise<boolean> {
    return device !== (await this.#keeper.rootDevice());
  }

  #isDrifted(path: string): Promise<boolean> {
    const known = this.#drifted.get(path) ?? this.#examine(path);
    this.#drifted.set(path, known);
    return known;
  }

  async #examine(path: string): Promise<boolean> {
    const { reader, target, signal } = this.#context;
    try {
      const options = { hash: true, maxHashBytes: LARGEST_COMPARED, ...(signal && { signal }) };
      const change = await reader.examine(target, path, options);
      return change !== null && change.kind !== 'D' && !change.identical;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RangeError || error instanceof TypeError) throw error;
      // What cannot be compared is kept.
      return true;
    }
  }

  async #deletedFile(pid: number, { fd, target }: OpenDescriptor): Promise<KeptFile | null> {
    // d_path() of the kernel says so of every file that no name leads to; the others need not be opened.
    if (!target.startsWith('/') || !target.endsWith(' (deleted)')) return null;
    await using file = await openLinkedFile(`/proc/${pid}/fd/${fd}`);
    if (file === null || !file.deleted) return null;
    return await this.#keeper.keep(
      file,
      'deleted-files',
      `deleted file that process ${pid} has open as ${fd}`,
    );
  }

  #noteSocket(pid: number, { fd, target }: OpenDescriptor): void {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode === undefined) return;
    const holders = this.#sockets.get(inode) ?? [];
    if (holders.length < MOST_KEPT_DESCRIPTORS) holders.push({ pid, fd });
    this.#sockets.set(inode, holders);
  }
}
