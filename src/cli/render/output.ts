import { styleText } from 'node:util';
import { printable } from '../../kernel/index.ts';
import type { Style, Styled } from './style.ts';
import { type Column, table } from './table.ts';

/** Where results go. Whatever is given to it is made printable, but for {@link Output.raw}. */
export interface Output {
  readonly isTerminal: boolean;
  /** One line; pieces follow each other without a gap. */
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
 * Writes to a stream such as standard output: colours only on a terminal and unless NO_COLOR is set, tables no
 * wider than the terminal.
 */
export function createOutput(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY === true;
  // styleText looks at the stream, NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR.
  const paint = (text: string, style: Style) => styleText(style, text, { stream });
  const draw = (piece: string | Styled): string => {
    if (typeof piece === 'string') return printable(piece);
    const text = printable(piece.text);
    return piece.style === undefined ? text : paint(text, piece.style);
  };
  return {
    isTerminal,
    line: (...pieces) => void stream.write(`${pieces.map(draw).join('')}\n`),
    code: (text, style) => {
      // A backslash is harmless on a terminal; doubling it would only make source text hard to read.
      const safe = text
        .split('\t')
        .map((part) => printable(part).replaceAll('\\\\', '\\'))
        .join('\t');
      stream.write(`${style === undefined ? safe : paint(safe, style)}\n`);
    },
    table: (rows, columns) => {
      const width = isTerminal ? stream.columns : Number.POSITIVE_INFINITY;
      for (const line of table(rows, columns, { width, paint })) stream.write(`${line}\n`);
    },
    json: (value) => void stream.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => void stream.write(`${JSON.stringify(value)}\n`),
    raw: (bytes) => void stream.write(bytes),
  };
}
