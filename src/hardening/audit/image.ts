import type { ImageFacts } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { type ImageFile, walkImage } from '../../sensor/index.ts';
import { kindsOf, type ProgramKind } from './programs.ts';

/** Of each list so many are kept: an image can hold as many as it likes. */
const MOST_LISTED = 500;
/** The sizes of so many files are kept for a watch. */
const MOST_SIZES = 1_000_000;

const SETUID_SETGID = 0o6000;

/** What was found in an image. */
export interface ImageContent {
  readonly facts: ImageFacts;
  /** Sizes of its regular files by path; kept only for a watch. */
  readonly sizes: ReadonlyMap<string, number> | null;
  /** For the further names of a file: the one under which it has its size. */
  readonly firstNames: ReadonlyMap<string, string>;
}

/**
 * Walks an image once: files, bytes, setuid and setgid files, file capabilities, and programs by their names.
 * A file with several names is counted once.
 *
 * @throws {PristineError} as walkImage does
 */
export async function describeImage(
  target: ContainerDetails,
  options: { readonly keepSizes: boolean; readonly signal?: AbortSignal },
): Promise<ImageContent> {
  const programs: Record<ProgramKind, string[]> = {
    ...{ shells: [], interpreters: [], packageManagers: [], compilers: [], downloaders: [], sshServers: [] },
  };
  const setuid: ImageFacts['setuid'] = [];
  const fileCapabilities: ImageFacts['fileCapabilities'] = [];
  const sizes = options.keepSizes ? new Map<string, number>() : null;
  const linked = new Map<string, string>();
  const firstNames = new Map<string, string>();
  let [files, bytes, truncated] = [0, 0, false];
  const keep = <T>(list: T[], value: T) => {
    if (list.length < MOST_LISTED) list.push(value);
    else truncated = true;
  };
  const look = ({ path, status, capabilities }: ImageFile) => {
    for (const kind of programKinds(path, status)) keep(programs[kind], path);
    if (status.type !== 'file') return;
    const { mode, uid, gid, links, size } = status;
    const inode = `${status.device} ${status.inodeText}`;
    const first = links > 1 ? linked.get(inode) : undefined;
    if (first === undefined) {
      files += 1;
      bytes += size;
      if (links > 1) linked.set(inode, path);
      if (sizes !== null && sizes.size < MOST_SIZES) sizes.set(path, size);
    } else if (sizes !== null) firstNames.set(path, first);
    // Set-group-ID without execute permission means mandatory locking, and gives nothing.
    if ((mode & SETUID_SETGID) !== 0 && (mode & 0o111) !== 0) keep(setuid, { path, mode, uid, gid });
    if (capabilities !== null) keep(fileCapabilities, { path, capabilities });
  };
  for await (const batch of walkImage(target, options.signal)) for (const file of batch) look(file);
  for (const list of Object.values(programs)) list.sort();
  return { facts: { files, bytes, setuid, fileCapabilities, ...programs, truncated }, sizes, firstNames };
}

/** Programs, and names that lead to programs where one looks for them. */
function programKinds(path: string, { type, mode }: ImageFile['status']): ProgramKind[] {
  const folder = path.split('/').at(-2);
  const isProgram =
    type === 'file' ? (mode & 0o111) !== 0 : type === 'symlink' && /^s?bin$/.test(folder ?? '');
  return isProgram ? kindsOf(path) : [];
}
