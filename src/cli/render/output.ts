import { styleText } from 'node:util';
import { printable, printableJson } from '../../kernel/index.ts';
import type { Style, Styled } from './style.ts';
import { type Column, table } from './table.ts';
import { cut, displayWidth } from './width.ts';

/** Where results go. Whatever is given to it is made printable, but for {@link Output.raw}. */
export interface Output {
  readonly isTerminal: boolean;
  /**
   * One line; pieces follow each other without a gap. Where it is longer than the terminal is wide, it goes on
   * below its own text: after its indentation, or after a label that two spaces end.
   */
  line(...pieces: (string | Styled)[]): void;
  /** One line of a text file: as {@link line}, but tabs and single backslashes stay readable. */
  code(text: string, style?: Style): void;
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void;
  /** A value for scripts: indented JSON. */
  json(value: unknown): void;
  /** A value for scripts that read line by line: JSON without line breaks. */
  jsonLine(value: unknown): void;
  /** Bytes as they are. */
  raw(bytes: string | Uint8Array): void;
}

/**
 * Writes to a stream such as standard output: colours only on a terminal and unless NO_COLOR is set, lines and
 * tables no wider than the terminal.
 */
export function createOutput(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY === true;
  // styleText looks at the stream, NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR.
  const paint = (text: string, style: Style) => styleText(style, text, { stream });
  const width = () => (isTerminal ? stream.columns : Number.POSITIVE_INFINITY);
  const draw = ({ text, style }: Styled): string => (style === undefined ? text : paint(text, style));
  return {
    isTerminal,
    line: (...pieces) => {
      for (const parts of wrapPieces(pieces.map(toPrintable), width())) {
        stream.write(`${parts.map(draw).join('')}\n`);
      }
    },
    code: (text, style) => {
      // A backslash is harmless on a terminal; doubling it would only make source text hard to read.
      const safe = text
        .split('\t')
        .map((part) => printable(part).replaceAll('\\\\', '\\'))
        .join('\t');
      stream.write(`${style === undefined ? safe : paint(safe, style)}\n`);
    },
    table: (rows, columns) => {
      for (const line of table(rows, columns, { width: width(), paint })) stream.write(`${line}\n`);
    },
    json: (value) => void stream.write(`${printableJson(value, 2)}\n`),
    jsonLine: (value) => void stream.write(`${printableJson(value)}\n`),
    raw: (bytes) => void stream.write(bytes),
  };
}

function toPrintable(piece: string | Styled): Styled {
  return typeof piece === 'string' ? { text: printable(piece) } : { ...piece, text: printable(piece.text) };
}

/** Indentation, and a label that two spaces end. */
const MARGIN = /^ *(?:\S+(?: \S+)* {2,})?/;
/** What follows two spaces further to the right is no text beside a label. */
const WIDEST_MARGIN = 16;

/** The lines that pieces fill, each of its own pieces. */
function wrapPieces(pieces: readonly Styled[], width: number): Styled[][] {
  const text = pieces.map((piece) => piece.text).join('');
  if (displayWidth(text) <= width) return [[...pieces]];
  const label = text.match(MARGIN)?.[0].length ?? 0;
  const margin = label <= WIDEST_MARGIN ? label : (text.match(/^ */)?.[0].length ?? 0);
  return cut(text, width, Math.max(width - margin, 1)).map(({ start, end }, at) => [
    ...(at === 0 ? [] : [{ text: ' '.repeat(margin) }]),
    ...slice(pieces, start, end),
  ]);
}

/** What lies between two places of the pieces' common text. */
function slice(pieces: readonly Styled[], start: number, end: number): Styled[] {
  let before = 0;
  return pieces.flatMap((piece) => {
    const text = piece.text.slice(Math.max(0, start - before), Math.max(0, end - before));
    before += piece.text.length;
    return text === '' ? [] : [{ ...piece, text }];
  });
}
