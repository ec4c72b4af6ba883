import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import type { Endpoint, Inspect, PortMap, RestartPolicy } from './vendor.ts';

/**
 * What a container was before it was frozen. The engine forgets a network's settings (addresses, aliases,
 * ports) as soon as the network is taken away, and a crash may come at any time: hence on disk, and before.
 */
export interface Note {
  readonly id: string;
  /** Name without the leading slash. */
  readonly name: string;
  readonly wasPaused: boolean;
  readonly networks: Readonly<Record<string, Endpoint>>;
  readonly ports: PortMap;
  /** What it had before a freeze made it `no`, so that the engine does not start it again. */
  readonly restartPolicy?: RestartPolicy;
}

export interface Notes {
  read(id: string): Promise<Note | null>;
  /** Resolves once the note is on disk. */
  write(note: Note): Promise<void>;
  remove(id: string): Promise<void>;
}

/**
 * Writes down what the container has now, together with what an earlier freeze had noted before it was
 * interrupted. A container that runs is not frozen: an earlier note about it is out of date.
 *
 * @param suspectName a container of this name was renamed by us, so that its own name is in the earlier note
 */
export async function takeNote(notes: Notes, container: Inspect, suspectName?: string): Promise<Note> {
  const { State: state, NetworkSettings: current } = container;
  const name = container.Name.replace(/^\//, '');
  const earlier = await notes.read(container.Id);
  const before = state.Running && !state.Paused ? null : earlier;
  const note: Note = {
    id: container.Id,
    name: [before?.name, name, earlier?.name].find((known) => known && known !== suspectName) ?? name,
    wasPaused: state.Paused && (before?.wasPaused ?? true),
    networks: { ...before?.networks, ...current.Networks },
    ports: { ...before?.ports, ...current.Ports },
  };
  await notes.write(note);
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
    remove: (id) => rm(fileOf(id), { force: true }),
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
