/** Sparse files in tar: "Storing Sparse Files, Version 1.0" of the GNU tar manual. */
import { padding } from './header.ts';

/** A range of a file that holds data; the rest is holes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The map that stands before a sparse file's data, padded to whole blocks. */
export function encodeSparseMap(realSize: number, extents: readonly Extent[]): Buffer {
  // A last extent of no length at the end says how large the file is, as GNU tar writes it.
  const entries = [...extents, { offset: realSize, length: 0 }];
  const text = [entries.length, ...entries.flatMap(({ offset, length }) => [offset, length])];
  const map = Buffer.from(`${text.join('\n')}\n`);
  return Buffer.concat([map, padding(map.length)]);
}

export function sparseRecords(path: Uint8Array, realSize: number): [string, Uint8Array][] {
  return [
    ['GNU.sparse.major', Buffer.from('1')],
    ['GNU.sparse.minor', Buffer.from('0')],
    ['GNU.sparse.name', path],
    ['GNU.sparse.realsize', Buffer.from(String(realSize))],
  ];
}

/** Reads what {@link encodeSparseMap} wrote: the extents, and the bytes that the map takes up. */
export function decodeSparseMap(bytes: Buffer): { extents: Extent[]; mapSize: number } | undefined {
  let at = 0;
  const next = (): number | undefined => {
    const end = bytes.indexOf(10, at);
    const text = end === -1 || end - at > 20 ? '' : bytes.toString('latin1', at, end);
    at = end + 1;
    return /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const count = next();
  const extents: Extent[] = [];
  for (let i = 0; i < (count ?? 0); i++) {
    const [offset, length] = [next(), next()];
    if (offset === undefined || length === undefined) return undefined;
    extents.push({ offset, length });
  }
  return count === undefined ? undefined : { extents, mapSize: at + padding(at).length };
}
