/** A change in words, with the image's state left of the container's as AIDE's reports have it. */
import type { Attribute, Change, FileState, ProcessAttribution } from '../../contract/index.ts';
import { redactCommandLine } from '../../kernel/index.ts';
import { fileTime, humanSize } from './human.ts';

/** Lines on what is different: the file itself where it was added or deleted, else `attribute: old | new`. */
export function whatDiffers(change: Change): string[] {
  const { kind, before, after, renamedFrom } = change;
  const moved = renamedFrom === undefined ? [] : [`moved from ${renamedFrom}`];
  if (change.identical) return [...moved, 'identical: copied up, nothing differs'];
  if (kind === 'A' && after !== null) return [...moved, describeState(after), ...capabilityLine(after)];
  if (kind === 'D' && before !== null) return [...moved, `was ${describeState(before)}`];
  if (before === null || after === null) return moved;
  return [...moved, ...change.differs.map((attribute) => attributeLine(attribute, before, after))];
}

function describeState(state: FileState): string {
  const { type, target, device, size } = state;
  const what = [type, octal(state.mode), owner(state)];
  if (type === 'file') what.push(sizeOf(state));
  if (type === 'symlink') return `symlink to ${target ?? '?'}`;
  if (device !== undefined) what.push(`${device.major}:${device.minor}`);
  return size === 0 && type === 'file' ? what.join(' ').replace(/0 B$/, 'empty') : what.join(' ');
}

function capabilityLine({ capabilities }: FileState): string[] {
  return capabilities === undefined ? [] : [`capabilities: ${capabilities}`];
}

function attributeLine(attribute: Attribute, before: FileState, after: FileState): string {
  // Only the fact is known of an opaque directory: whatever the image had in it is hidden.
  if (attribute === 'opaque') return 'opaque: hides all that the image has in it';
  const value = VALUES[attribute];
  return `${attribute}: ${value(before)} | ${value(after)}`;
}

const VALUES: Record<Exclude<Attribute, 'opaque'>, (state: FileState) => string> = {
  type: ({ type }) => type,
  content: ({ sha256, unhashed }) =>
    sha256 === undefined ? `not hashed (${unhashed ?? 'no file'})` : `sha256 ${sha256.slice(0, 12)}`,
  size: sizeOf,
  mode: ({ mode }) => octal(mode),
  owner,
  mtime: ({ mtime }) => fileTime(mtime),
  xattrs: ({ xattrs }) => Object.keys(xattrs ?? {}).join(', ') || 'none',
  capabilities: ({ capabilities }) => capabilities ?? 'none',
  target: ({ target }) => target ?? 'none',
  device: ({ device }) => (device === undefined ? 'none' : `${device.major}:${device.minor}`),
};

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function owner({ uid, gid }: FileState): string {
  return `${uid}:${gid}`;
}

/** Says when far less is on disk than the size claims. */
function sizeOf({ size, allocated }: FileState): string {
  const sparse = allocated !== undefined && size > 1024 * 1024 && allocated < size / 2;
  return sparse ? `${humanSize(size)} (sparse, ${humanSize(allocated)} on disk)` : humanSize(size);
}

/** A command line of more characters is cut: one of megabytes is easily made. `--json` has it whole. */
const LONGEST_COMMAND_LINE = 80;

/** Who made a change: user, command line with secrets hidden, pid of the host. */
export function who(process: ProcessAttribution | undefined): string {
  if (process === undefined) return '';
  const { pid, uid, user, exe, commandLine } = process;
  const name = user ?? (uid === undefined ? undefined : `uid ${uid}`);
  const program =
    commandLine === undefined || commandLine.length === 0
      ? exe
      : shorten(redactCommandLine(commandLine).join(' '));
  return [name, program, `(pid ${pid})`].filter((part) => part !== undefined).join(' ');
}

function shorten(text: string): string {
  return text.length <= LONGEST_COMMAND_LINE ? text : `${text.slice(0, LONGEST_COMMAND_LINE)}…`;
}
