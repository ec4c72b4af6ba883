import type { Change, FileType, WritePhase, Writer, WrittenPath } from '../../contract/index.ts';
import type { SensorEvent } from '../../sensor/index.ts';
import { distinctWriters, MOST_WRITERS } from './join.ts';

type Touched = Extract<SensorEvent, { type: 'touched' }>;
type Operation = WrittenPath['operations'][number];

/** A container can write to as many paths as it likes: what is beyond this is told as a write to its folder. */
const MOST_PATHS = 50_000;
const MOST_FOLDERS = 5000;
/** Characters of all paths together. */
const MOST_CHARACTERS = 16 << 20;

interface Entry {
  type: WrittenPath['type'];
  readonly operations: Set<Operation>;
  readonly phases: Set<WritePhase>;
  writers: Writer[];
  bytes: number;
  inImage: boolean;
  remains: boolean;
  executed: boolean;
  owner: WrittenPath['owner'];
  /** A folder that differs from the image's in nothing but its times, as far as it was looked at. */
  onlyTimes: boolean;
}

/** Where a container wrote, gathered from events and looks. */
export class WrittenPaths {
  readonly #entries = new Map<string, Entry>();
  readonly #covered: (path: string) => boolean;
  #characters = 0;

  /** @param covered whether a path is not the container's own root filesystem, or the engine's to write */
  constructor(covered: (path: string) => boolean) {
    this.#covered = covered;
  }

  /** @returns the path that it was noted as; null when it does not count */
  touched({ path, operation, process }: Touched, phase: WritePhase, insidePid: number | null): string | null {
    if (this.#covered(path)) return null;
    const [noted, entry] = this.#entryOf(path);
    entry.operations.add(noted === path ? operation : 'write');
    entry.phases.add(phase);
    if (process !== undefined && entry.writers.length < MOST_WRITERS)
      entry.writers = distinctWriters([...entry.writers, writerOf(process, insidePid)]);
    return noted;
  }

  /** What a path was found to be; null: as the image has it, or gone without the image having it. */
  looked(path: string, change: Change | null): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    if (change?.mountpoint === true) {
      this.#remove(path);
      return;
    }
    entry.remains = change !== null && change.after !== null;
    if (change === null) {
      // What was neither made nor removed is a folder that was copied up and has no difference.
      const asInImage = [...entry.operations].every((operation) => operation === 'attributes');
      if (!asInImage || entry.type !== 'unknown') return;
      Object.assign(entry, { type: 'directory', inImage: true, remains: true, onlyTimes: true });
      return;
    }
    const state = change.after ?? change.before;
    entry.inImage ||= change.kind !== 'A';
    if (state !== null) entry.type = WRITTEN_TYPES[state.type];
    if (change.after !== null) {
      const { size, uid, gid, mode, type } = change.after;
      if (type === 'file') entry.bytes = Math.max(entry.bytes, size);
      entry.owner = { uid, gid, mode };
    }
    entry.onlyTimes =
      entry.inImage && state?.type === 'dir' && change.differs.every((what) => what === 'mtime');
  }

  /** A change that is there at the end, but that no event told of. */
  found(change: Change, phase: WritePhase): void {
    const { path } = change;
    if (change.mountpoint === true || this.#covered(path)) return;
    const [noted, entry] = this.#entryOf(path);
    if (entry.operations.size === 0) {
      entry.operations.add(operationOf(change));
      entry.phases.add(phase);
    }
    this.looked(noted, noted === path ? change : null);
    if (noted !== path) entry.remains = true;
  }

  executed(path: string): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) entry.executed = true;
  }

  paths(): string[] {
    return [...this.#entries.keys()];
  }

  /** All of them, but without folders that were only copied up for something in them. */
  list(): WrittenPath[] {
    const parents = new Set<string>();
    for (const path of this.#entries.keys()) parents.add(parentOf(path));
    return [...this.#entries]
      .filter(([path, { onlyTimes }]) => !(onlyTimes && parents.has(path)))
      .map(([path, { onlyTimes: _, operations, phases, writers, ...rest }]) => ({
        path,
        operations: [...operations],
        phases: [...phases],
        // One that was gone before anyone looked says nothing beside others.
        writers: writers.some(isNamed) ? writers.filter(isNamed) : writers,
        ...rest,
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #entryOf(path: string, mostPaths = MOST_PATHS): [string, Entry] {
    const known = this.#entries.get(path);
    if (known !== undefined) return [path, known];
    const full = this.#entries.size >= mostPaths || this.#characters + path.length > MOST_CHARACTERS;
    if (full && path !== '/') return this.#entryOf(parentOf(path), MOST_PATHS + MOST_FOLDERS);
    const entry: Entry = {
      type: 'unknown',
      operations: new Set(),
      phases: new Set(),
      writers: [],
      bytes: 0,
      inImage: false,
      remains: false,
      executed: false,
      owner: null,
      onlyTimes: false,
    };
    this.#entries.set(path, entry);
    this.#characters += path.length;
    return [path, entry];
  }

  #remove(path: string): void {
    if (this.#entries.delete(path)) this.#characters -= path.length;
  }
}

function operationOf({ kind, identical, differs }: Change): Operation {
  if (kind === 'A') return 'create';
  if (kind === 'D') return 'delete';
  return identical || differs.includes('content') || differs.includes('size') ? 'write' : 'attributes';
}

function writerOf(process: NonNullable<Touched['process']>, pid: number | null): Writer {
  const exe = process.exe?.replace(/ \(deleted\)$/, '') ?? null;
  // Some put a whole sentence there: `nginx: master process …`.
  const word = process.commandLine?.[0]?.split(' ')[0]?.replace(/^-|:$/g, '') || exe || '';
  const command = word.slice(word.lastIndexOf('/') + 1);
  return { exe, command, pid, uid: process.uid ?? null, gid: process.gid ?? null };
}

const isNamed = ({ command }: Writer): boolean => command !== '';

/** The folder of an absolute path. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** What a written path is, by the type of the file at it. */
export const WRITTEN_TYPES: Readonly<Record<FileType, WrittenPath['type']>> = {
  file: 'file',
  dir: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  socket: 'socket',
  char: 'device',
  block: 'device',
};
