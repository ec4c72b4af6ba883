import type { Drift } from '../../contract/index.ts';
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
  const collector = new ProcessCollector(context.differences, keeper, sockets);
  const boot = await bootTime();
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
  /** Paths whose content differs from the image's. */
  readonly #drifted: ReadonlySet<string>;

  constructor(drift: Drift, keeper: FileKeeper, sockets: SocketHolders) {
    this.#keeper = keeper;
    this.#sockets = sockets;
    const changes = drift.changes.filter(({ kind, identical }) => kind !== 'D' && !identical);
    this.#drifted = new Set(changes.map(({ path }) => path));
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
    const keep = file.deleted || this.#drifted.has(path) || (await this.#isElsewhere(file));
    const kept = await this.#keeper.keep(file, keep ? 'executables' : null, `executable of process ${pid}`);
    return { path, deleted: file.deleted, ...kept };
  }

  /** Whether a file is on another filesystem than the container's root: a volume, tmpfs or memfd. */
  async #isElsewhere({ device }: LinkedFile): Promise<boolean> {
    return device !== (await this.#keeper.rootDevice());
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
