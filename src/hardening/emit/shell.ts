import { encodePathBytes } from '../../kernel/index.ts';

/** Characters that a terminal would obey, or nobody would see; a line's end within quotes is neither. */
const UNSEEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

/** A word for a POSIX shell, whatever it holds; without anything that a terminal obeys. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  const pieces = text === '' ? [''] : text.split(new RegExp(`((?:${UNSEEN.source})+)`, 'u'));
  return pieces
    .map((piece, at) => {
      if (UNSEEN.test(piece)) return `"$(printf '${octal(piece)}')"`;
      return piece === '' && at > 0 ? '' : `'${piece.replaceAll("'", `'\\''`)}'`;
    })
    .join('');
}

function octal(text: string): string {
  return [...encodePathBytes(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** The value of an option that holds a list of `NAME=VALUE`, such as `--mount` (RFC 4180). */
export function listWord(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\n]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}

/** A flag with its value, or what is not a flag. */
export type Flag = readonly string[];

/** An option for each value. */
export function each(name: string, values: readonly string[] | null | undefined): Flag[] {
  return (values ?? []).map((value) => [name, value]);
}

/** An option where there is a value other than nothing. */
export function when(name: string, value: string | number | null | undefined): Flag[] {
  return value === null || value === undefined || value === '' || value === 0 ? [] : [[name, String(value)]];
}

/** A command of several lines. */
export function commandLines(start: string, lines: readonly Flag[]): string {
  return [start, ...lines.map((flag) => flag.map(shellWord).join(' '))].join(' \\\n  ');
}
