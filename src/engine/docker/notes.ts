import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import type { Endpoint, Inspect, PortMap, RestartPolicy } from './vendor.ts';

/**
 * What a container was before something was taken from it. The engine forgets a network's settings (addresses,
 * aliases, ports) as soon as the network is taken away, and everything of a container that is removed; a crash
 * may come at any time: hence on disk, and before.
 */
export interface Note {
  readonly id: string;
  /** Name without the leading slash. */
  readonly name: string;
  readonly wasPaused: boolean;
  readonly networks: Readonly<Record<string, Endpoint>>;
  readonly ports: PortMap;
  /** What it had before it was made `no`, so that the engine does not start it again. */
  readonly restartPolicy?: RestartPolicy;
  /** Its networks or its restart policy may be gone since: what it had counts, and not what it has. */
  readonly taken?: boolean;
  /** All that the engine said of it, for when somebody removes it. */
  readonly inspect?: Inspect;
}

export interface Notes {
  read(id: string): Promise<Note | null>;
  /** Resolves once the note is on disk. */
  write(note: Note): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface NoteOptions {
  /** A container of this name was renamed by us, so that its own name is in the earlier note. */
  readonly suspectName?: string;
  /** Something is about to be taken from it. */
  readonly taking?: boolean;
}

/**
 * Writes down what the container has now. When something was taken from it before, what was noted then counts,
 * whatever became of it since: somebody may have started it again, or connected it to a network.
 */
export async function takeNote(
  notes: Notes,
  container: Inspect,
  options: NoteOptions = {},
): Promise<Note & { readonly inspect: Inspect }> {
  const { State: state, NetworkSettings: current, HostConfig: host } = container;
  const { suspectName, taking } = options;
  const name = container.Name.replace(/^\//, '');
  const earlier = await notes.read(container.Id);
  const before = earlier?.taken || !state.Running || state.Paused ? earlier : null;
  const restartPolicy = before?.restartPolicy ?? host.RestartPolicy;
  const note = {
    id: container.Id,
    name: [before?.name, name, earlier?.name].find((known) => known && known !== suspectName) ?? name,
    // One that was frozen is paused by us; somebody may have woken it since.
    wasPaused: before === null ? state.Paused : before.wasPaused,
    networks: { ...current.Networks, ...before?.networks },
    ports: { ...current.Ports, ...before?.ports },
    ...(restartPolicy ? { restartPolicy } : {}),
    taken: taking === true || before?.taken === true,
    inspect: before?.inspect ?? container,
  };
  // Not again at every step: reaching the disk takes longer than most of them.
  if (JSON.stringify(note) !== JSON.stringify(earlier)) await notes.write(note);
  return note;
}

/** Notes in files of a directory, mode 0600; the directory is made at the first write. */
export function openNotes(directory: string): Notes {
  const fileOf = (id: string) => join(directory, `${id}.json`);
  return {
    async read(id) {
      try {
        return JSON.parse(await readFile(fileOf(id), 'utf8')) as Note;
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return null;
        throw unusable(fileOf(id), error);
      }
    },
    async write(note) {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeDurably(fileOf(note.id), JSON.stringify(note), directory);
      } catch (error) {
        throw unusable(directory, error);
      }
    },
    async remove(id) {
      await rm(fileOf(id), { force: true });
      // Of a process that was killed while it wrote; nobody writes of what is gone.
      const names = await readdir(directory).catch(() => []);
      for (const name of names) {
        if (name.startsWith(`${id}.json.`)) await rm(join(directory, name), { force: true });
      }
    },
  };
}

async function writeDurably(file: string, text: string, directory: string): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(path: string, cause: unknown): PristineError {
  const full = systemErrorCode(cause) === 'ENOSPC';
  return new PristineError(
    full ? 'E_DISK_FULL' : 'E_STATE',
    `${path} cannot be used: ${systemErrorCode(cause) ?? 'it holds no note'}`,
    { next: 'Make room or set the permissions of the state directory, then try again.', cause },
  );
}
