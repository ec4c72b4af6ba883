/** Where the members of a tar archive lie: ustar, PAX, GNU long names, and sparse files of PAX 1.0. */
import { decodePathBytes } from '../../kernel/index.ts';
import { BLOCK, LITERAL_RECORD, padding, type TarType, TYPE_FLAGS } from './header.ts';
import { decodeSparseMap } from './sparse.ts';
import type { ByteSource } from './writer.ts';

export interface TarMember {
  /** Without `./` or `/` at its begin and `/` at its end; empty for the root. */
  readonly path: string;
  readonly type: TarType;
  /** Name that a hard link leads to, target of a symbolic link. */
  readonly target: string;
  /** Offset of its first header. */
  readonly start: number;
  /** Offset of its data, and how much of it is stored. */
  readonly dataStart: number;
  readonly dataSize: number;
  /** Size of the file that the data stands for. */
  readonly realSize: number;
  readonly sparse: boolean;
  /** Its name is the container's own, though it looks like a whiteout. */
  readonly literal: boolean;
  /** Offset behind its data's padding. */
  readonly end: number;
}

/** Extended headers hold names and attributes; the kernel allows 64 KiB of each. */
const LARGEST_EXTENSION = 8 << 20;

/**
 * Lists an archive's members in order, skipping their data.
 *
 * @throws {Error} when the archive is malformed
 */
export async function* scanTar(source: ByteSource): AsyncGenerator<TarMember> {
  let at = 0;
  let start = 0;
  let extension = new Map<string, Buffer>();
  for (;;) {
    const block = await exactly(source, at, BLOCK);
    if (block === undefined || block.every((byte) => byte === 0)) return;
    const flag = String.fromCharCode(block[156] ?? 0);
    const stored = number(block, 124, 12);
    const dataStart = at + BLOCK;
    if (EXTENSIONS.has(flag)) {
      if (stored > LARGEST_EXTENSION) throw new Error('tar: extended header too large');
      const body = await exactly(source, dataStart, stored);
      if (body === undefined) throw new Error('tar: ends in a header');
      extension = new Map([...extension, ...records(flag, body)]);
      at = dataStart + stored + padding(stored).length;
      continue;
    }
    const size = Number(extension.get('size')?.toString('latin1') ?? stored);
    const end = dataStart + size + padding(size).length;
    const type = TYPES.get(flag);
    if (type !== undefined) yield member(block, extension, { type, start, dataStart, dataSize: size, end });
    at = end;
    start = at;
    extension = new Map();
  }
}

/** Content of a regular file of the archive, at most `maxBytes`; holes read as zeros. */
export async function readMember(source: ByteSource, found: TarMember, maxBytes: number): Promise<Buffer> {
  const wanted = Math.min(maxBytes, found.realSize);
  if (!found.sparse) return (await exactly(source, found.dataStart, wanted)) ?? Buffer.alloc(0);
  const content = Buffer.alloc(wanted);
  const map = decodeSparseMap(
    Buffer.from(await source.read(found.dataStart, Math.min(found.dataSize, LARGEST_EXTENSION))),
  );
  if (map === undefined) throw new Error('tar: malformed map of a sparse file');
  let at = found.dataStart + map.mapSize;
  for (const { offset, length } of map.extents) {
    if (offset >= wanted) break;
    const piece = await exactly(source, at, Math.min(length, wanted - offset));
    if (piece !== undefined) content.set(piece, offset);
    at += length;
  }
  return content;
}

const TYPES = new Map<string, TarType>([
  ...Object.entries(TYPE_FLAGS).map(([type, flag]): [string, TarType] => [flag, type as TarType]),
  ['\0', 'file'],
  ['7', 'file'],
]);
/** PAX, PAX for all that follow (its records here are of no interest), GNU long link and long name. */
const EXTENSIONS = new Set(['x', 'g', 'K', 'L']);

function member(
  block: Buffer,
  extension: ReadonlyMap<string, Buffer>,
  place: Pick<TarMember, 'type' | 'start' | 'dataStart' | 'dataSize' | 'end'>,
): TarMember {
  const sparse = extension.get('GNU.sparse.major')?.toString('latin1') === '1';
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : Buffer.alloc(0);
  const short = Buffer.concat([
    prefix,
    ...(prefix.length > 0 ? [Buffer.from('/')] : []),
    text(block, 0, 100),
  ]);
  const name = extension.get('GNU.sparse.name') ?? extension.get('path') ?? short;
  const target = decodePathBytes(extension.get('linkpath') ?? text(block, 157, 100));
  return {
    ...place,
    path: trimmed(decodePathBytes(name)),
    target: place.type === 'hardlink' ? trimmed(target) : target,
    realSize: sparse ? Number(extension.get('GNU.sparse.realsize')?.toString('latin1')) : place.dataSize,
    sparse,
    literal: extension.has(LITERAL_RECORD),
  };
}

function trimmed(path: string): string {
  return path
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

function records(flag: string, body: Buffer): [string, Buffer][] {
  if (flag === 'L' || flag === 'K') return [[flag === 'L' ? 'path' : 'linkpath', text(body, 0, body.length)]];
  const found: [string, Buffer][] = [];
  for (let at = 0; flag === 'x' && at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    const equals = body.indexOf(0x3d, space);
    if (!(length > 0) || equals === -1) throw new Error('tar: malformed extended header');
    found.push([body.toString('latin1', space + 1, equals), body.subarray(equals + 1, at + length - 1)]);
    at += length;
  }
  return found;
}

function text(block: Buffer, offset: number, length: number): Buffer {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

function number(block: Buffer, offset: number, width: number): number {
  // GNU's base-256 form, for sizes over 8 GiB.
  if (((block[offset] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(offset + width - 8));
  return Number.parseInt(block.toString('latin1', offset, offset + width).trim(), 8) || 0;
}

async function exactly(source: ByteSource, offset: number, length: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  for (let done = 0; done < length; ) {
    const piece = await source.read(offset + done, length - done);
    if (piece.length === 0) return undefined;
    pieces.push(Buffer.from(piece));
    done += piece.length;
  }
  return Buffer.concat(pieces);
}
