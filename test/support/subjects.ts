import { createHash } from 'node:crypto';
import type { Attribute, Change, FileState } from '../../src/contract/index.ts';
import type { ImageFacts, Subject } from '../../src/drift/index.ts';

/** What a test says of a file; the rest is ordinary. */
export interface FileSketch extends Partial<FileState> {
  /** Content; its size and hash follow. */
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

export const IMAGE: ImageFacts = { entrypoint: ['/usr/sbin/apache2', '-DFOREGROUND'], workingDirectory: '/' };

const IMAGE_TIME = '1700000000.123456789';
const RUN_TIME = '1764000000.123456789';

function state(sketch: FileSketch, time: string): FileState {
  const { text, bytes, ...rest } = sketch;
  const content = bytes ?? (text === undefined ? undefined : Buffer.from(text, 'latin1'));
  const plain: FileState = {
    type: 'file',
    mode: rest.type === 'symlink' ? 0o777 : rest.type === 'dir' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: content?.length ?? 0,
    mtime: time,
    ctime: time,
    birth: time,
  };
  const hash = content === undefined ? {} : { sha256: createHash('sha256').update(content).digest('hex') };
  return { ...plain, ...hash, ...rest };
}

function subject(change: Change, sketch: FileSketch | null, image: ImageFacts): Subject {
  const bytes =
    sketch?.bytes ?? (sketch?.text === undefined ? undefined : Buffer.from(sketch.text, 'latin1'));
  return { change, image, ...(bytes === undefined ? {} : { content: { bytes, truncated: false } }) };
}

/** A path that the image does not have. */
export function added(path: string, sketch: FileSketch = {}, image: ImageFacts = IMAGE): Subject {
  const after = state(sketch, RUN_TIME);
  return subject({ path, kind: 'A', before: null, after, differs: [], identical: false }, sketch, image);
}

/** What stays as it was unless the test says otherwise: type and mode. */
function kept(before: FileSketch, after: FileSketch): FileSketch {
  if (after.type !== undefined && after.type !== before.type) return {};
  return {
    ...(before.type === undefined ? {} : { type: before.type }),
    ...(before.mode === undefined ? {} : { mode: before.mode }),
  };
}

/** A path of the image that is other now; what differs is worked out from the two states unless given. */
export function changed(
  path: string,
  before: FileSketch,
  after: FileSketch,
  image: ImageFacts = IMAGE,
): Subject {
  const [was, is] = [state(before, IMAGE_TIME), state({ ...kept(before, after), ...after }, RUN_TIME)];
  const pairs: [Attribute, unknown, unknown][] = [
    ['type', was.type, is.type],
    ['content', was.sha256, is.sha256],
    ['size', was.size, is.size],
    ['mode', was.mode, is.mode],
    ['owner', `${was.uid}:${was.gid}`, `${is.uid}:${is.gid}`],
    ['mtime', was.mtime, is.mtime],
    ['capabilities', was.capabilities, is.capabilities],
    ['target', was.target, is.target],
  ];
  const differs = pairs.filter(([, a, b]) => a !== b).map(([attribute]) => attribute);
  return subject({ path, kind: 'C', before: was, after: is, differs, identical: false }, after, image);
}

/** A path of the image that is gone. */
export function deleted(path: string, before: FileSketch = {}, image: ImageFacts = IMAGE): Subject {
  const change: Change = {
    path,
    kind: 'D',
    before: state(before, IMAGE_TIME),
    after: null,
    differs: [],
    identical: false,
  };
  return subject(change, null, image);
}

/** The first bytes of an ELF file: a program (with its interpreter) or a shared library. */
export function elf(kind: 'executable' | 'library'): Uint8Array {
  const header = Buffer.alloc(256);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  header[16] = 3;
  header[18] = 62;
  if (kind === 'executable') header.write('/lib64/ld-linux-x86-64.so.2', 128, 'latin1');
  return header;
}
