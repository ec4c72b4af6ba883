/** Headers of tar entries: ustar with PAX records (POSIX.1-2017, pax, "pax Interchange Format"). */

export const BLOCK = 512;

export type TarType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'dir' | 'fifo';

/**
 * PAX record of an entry whose name, or a folder's above it, begins with `.wh.` in the container too. In an OCI
 * layer such a name would hide files of the layers below; with this record it is a name like any other.
 */
export const LITERAL_RECORD = 'PRISTINE.literal';

export const TYPE_FLAGS: Record<TarType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
};

export interface TarHeader {
  /** Name in the archive, as bytes: no leading slash; directories end with one. */
  readonly path: Uint8Array;
  readonly type: TarType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow the header, before padding. */
  readonly size: number;
  /** Seconds since 1970 with nine decimals, as text. */
  readonly mtime: string;
  /** Target of a symbolic link, or name of the first entry of a hard link. */
  readonly target?: Uint8Array;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Further PAX records, e.g. `SCHILY.xattr.…`; values are bytes. */
  readonly records?: readonly (readonly [string, Uint8Array])[];
}

/** The blocks of an entry's header, with a PAX extended header before it where ustar cannot say it all. */
export function encodeHeader(header: TarHeader): Buffer {
  const records = [...paxRecords(header), ...(header.records ?? [])];
  const main = ustarBlock(header, TYPE_FLAGS[header.type]);
  if (records.length === 0) return main;
  const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
  const extended = ustarBlock(
    { path: PAX_NAME, type: 'file', mode: 0o644, uid: 0, gid: 0, size: body.length, mtime: '0.000000000' },
    'x',
  );
  return Buffer.concat([extended, body, padding(body.length), main]);
}

/** Zero bytes that fill the last block of `size` bytes of data. */
export function padding(size: number): Buffer {
  const rest = size % BLOCK;
  return Buffer.alloc(rest === 0 ? 0 : BLOCK - rest);
}

const PAX_NAME = Buffer.from('PaxHeaders/0');
const LARGEST_SIZE = 0o77777777777;
const LARGEST_ID = 0o7777777;

function paxRecords(header: TarHeader): [string, Uint8Array][] {
  const records: [string, Uint8Array][] = [];
  const text = (key: string, value: string) => records.push([key, Buffer.from(value)]);
  if (!fitsUstar(header.path)) records.push(['path', header.path]);
  if (header.target !== undefined && !fitsUstar(header.target)) records.push(['linkpath', header.target]);
  if (header.size > LARGEST_SIZE) text('size', String(header.size));
  if (header.uid > LARGEST_ID) text('uid', String(header.uid));
  if (header.gid > LARGEST_ID) text('gid', String(header.gid));
  if (ustarTime(header.mtime) === undefined) text('mtime', header.mtime);
  return records;
}

/** Names that any reader takes from a ustar header alone: short, and plain ASCII. */
function fitsUstar(name: Uint8Array): boolean {
  return name.length <= 100 && name.every((byte) => byte >= 0x20 && byte < 0x7f);
}

/** Whole seconds that fit the octal field; undefined for any other time. */
function ustarTime(mtime: string): number | undefined {
  const whole = /^(\d+)\.0{9}$/.exec(mtime)?.[1];
  return whole !== undefined && Number(whole) <= LARGEST_SIZE ? Number(whole) : undefined;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustarBlock(header: TarHeader, flag: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.set(header.path.subarray(0, 100), 0);
  octal(block, 100, 8, header.mode);
  octal(block, 108, 8, header.uid > LARGEST_ID ? 0 : header.uid);
  octal(block, 116, 8, header.gid > LARGEST_ID ? 0 : header.gid);
  octal(block, 124, 12, header.size > LARGEST_SIZE ? 0 : header.size);
  octal(block, 136, 12, ustarTime(header.mtime) ?? 0);
  block.write(flag, 156, 'latin1');
  if (header.target !== undefined) block.set(header.target.subarray(0, 100), 157);
  block.write('ustar\x0000', 257, 'latin1');
  if (header.device !== undefined) {
    octal(block, 329, 8, header.device.major);
    octal(block, 337, 8, header.device.minor);
  }
  block.write('        ', 148, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, offset: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
}
