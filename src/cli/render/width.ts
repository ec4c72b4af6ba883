/** Characters that terminals draw two cells wide: East Asian wide and full-width forms, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const MARK = /\p{M}/u;

function cellsOf(character: string): number {
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Each of its characters takes one cell. */
const SIMPLE = /^[ -~]*$/;

/** Cells that a printable text takes on a terminal. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** Cuts a printable text into lines of at most `width` cells, after a space or a slash where there is one. */
export function wrap(text: string, width: number): string[] {
  return cut(text, width).map(({ start, end }) => text.slice(start, end));
}

/** As {@link wrap}, but answers where each line lies in the text; lines after the first take `rest` cells. */
export function cut(text: string, width: number, rest = width): { start: number; end: number }[] {
  if (displayWidth(text) <= width) return [{ start: 0, end: text.length }];
  const lines: { start: number; end: number }[] = [];
  let [start, at, used, room] = [0, 0, 0, width];
  for (const character of text) {
    const cells = cellsOf(character);
    while (used + cells > room && at > start) {
      const line = text.slice(start, at);
      // A space where the line is full is the break itself.
      const length = character === ' ' ? line.length : breakBefore(line);
      lines.push({ start, end: start + line.slice(0, length).trimEnd().length });
      start += character === ' ' ? length + 1 : length;
      used = displayWidth(text.slice(start, at));
      room = rest;
    }
    at += character.length;
    if (at > start) used += cells;
  }
  return [...lines, { start, end: text.length }];
}

/**
 * Where a full line is cut: after its last space or slash, unless that leaves less than half of it. A slash that
 * begins a path stays with the path.
 */
function breakBefore(line: string): number {
  const slash = line.lastIndexOf('/');
  const at = Math.max(line.lastIndexOf(' '), line[slash - 1] === ' ' ? -1 : slash) + 1;
  return at >= line.length / 2 ? at : line.length;
}

/** Pads a printable text with spaces to `width` cells. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}
