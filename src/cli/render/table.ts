import { printable } from '../../kernel/index.ts';
import type { Style, Styled } from './style.ts';
import { displayWidth, pad, wrap } from './width.ts';

/** What stands in a cell; several lines stand below each other. */
type Cell = string | Styled | readonly (string | Styled)[];

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): Cell;
  readonly align?: 'left' | 'right';
  /** May be made narrower, its text wrapped, when the table is wider than the terminal. */
  readonly flexible?: boolean;
  /** May be left out, the lowest number first, when the table is wider than the terminal; `--json` has it all. */
  readonly omit?: number;
}

export interface TableOptions {
  /** Cells of the terminal; Infinity where lines may be of any length. */
  readonly width: number;
  /** Colours a printable text. */
  paint(text: string, style: Style): string;
}

const GAP = 2;
/** A flexible column is not made narrower than this. */
const LEAST_WIDTH = 12;
/** Below this a flexible column is hard to read, so columns are left out first. */
const READABLE_WIDTH = 20;

/** Lines of a table with a heading. Everything in its cells is made printable, and no text is cut off. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions,
): string[] {
  const filled = fitting(
    columns.map((column) => {
      const cells = rows.map((row) => linesOf(column.cell(row)));
      const natural = cells.reduce((most, lines) => Math.max(most, widest(lines)), column.title.length);
      return { column, cells, natural };
    }),
    options.width,
  );
  const shown = filled.map(({ column }) => column);
  const widths = narrow(
    filled.map(({ natural }) => natural),
    shown,
    options.width,
  );
  const heading = shown.map(({ title }): Styled[] => [{ text: title, style: 'bold' }]);
  const body = rows.map((_, at) => filled.map(({ cells }) => cells[at] ?? []));
  return [heading, ...body].flatMap((cells) => rowLines(cells, shown, widths, options));
}

interface Filled<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly Styled[][];
  /** Cells that its widest line takes. */
  readonly natural: number;
}

/** Without the columns that can be left out, as far as the others would be hard to read otherwise. */
function fitting<Row>(filled: readonly Filled<Row>[], width: number): readonly Filled<Row>[] {
  const needed = filled.reduce(
    (sum, { column, natural }) =>
      sum + GAP + (column.flexible === true ? Math.min(natural, READABLE_WIDTH) : natural),
    -GAP,
  );
  const order = filled.map(({ column }) => column.omit ?? Number.POSITIVE_INFINITY);
  const next = Math.min(...order);
  if (needed <= width || next === Number.POSITIVE_INFINITY) return filled;
  return fitting(filled.toSpliced(order.indexOf(next), 1), width);
}

function linesOf(cell: Cell): Styled[] {
  const pieces = Array.isArray(cell) ? (cell as readonly (string | Styled)[]) : [cell as string | Styled];
  return pieces.map((piece) =>
    typeof piece === 'string' ? { text: printable(piece) } : { ...piece, text: printable(piece.text) },
  );
}

function widest(lines: readonly Styled[]): number {
  return lines.reduce((most, { text }) => Math.max(most, displayWidth(text)), 0);
}

/** Takes what is too much from the widest flexible column, cell by cell. */
function narrow(natural: number[], columns: readonly Column<never>[], width: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, each) => sum + each + GAP, -GAP);
  for (let excess = total() - width; excess > 0; excess--) {
    const candidates = widths.map((each, at) => (columns[at]?.flexible === true ? each : 0));
    const at = candidates.indexOf(Math.max(...candidates));
    if ((candidates[at] ?? 0) <= LEAST_WIDTH) break;
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
}

function rowLines(
  cells: readonly Styled[][],
  columns: readonly Column<never>[],
  widths: readonly number[],
  { paint }: TableOptions,
): string[] {
  const wrapped = cells.map((lines, at) =>
    lines.flatMap(({ text, ...rest }) =>
      wrap(text, widths[at] ?? 0).map((part) => ({ ...rest, text: part })),
    ),
  );
  const height = Math.max(1, ...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((parts, at) => {
        const part = parts[line] ?? { text: '' };
        // Trailing spaces would only make lines wrap.
        const last = at === wrapped.length - 1 && columns[at]?.align !== 'right';
        const text = last ? part.text : pad(part.text, widths[at] ?? 0, columns[at]?.align);
        return part.style === undefined ? text : paint(text, part.style);
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}
