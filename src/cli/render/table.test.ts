import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOSTILE } from '../test-support/fake-terminal.ts';
import { type Column, table } from './table.ts';
import { displayWidth, wrap } from './width.ts';

interface Row {
  name: string;
  size: string;
}
const columns: Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, flexible: true },
  { title: 'SIZE', cell: ({ size }) => size, align: 'right' },
];
const plain = (width: number) => ({ width, paint: (text: string) => text });

describe('a table', () => {
  test('aligns its columns, and leaves no space at the end of a line', () => {
    const rows = [
      { name: 'web', size: '1 B' },
      { name: 'database', size: '10 KiB' },
    ];
    expect(table(rows, columns, plain(80))).toEqual([
      'NAME        SIZE',
      'web          1 B',
      'database  10 KiB',
    ]);
  });

  test('wraps a flexible column to fit the terminal, and loses nothing', () => {
    const name = '/usr/share/something/very/long/index.html';
    const lines = table([{ name, size: '10 KiB' }], columns, plain(30));
    expect(lines).toEqual([
      'NAME                      SIZE',
      '/usr/share/something/   10 KiB',
      'very/long/index.html',
    ]);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(30);
  });

  test('leaves out what can be, in order, before a column becomes hard to read', () => {
    const wide: Column<null>[] = [
      { title: 'PATH', cell: () => '/usr/share/something/long', flexible: true },
      { title: 'SECOND', cell: () => 'second', omit: 2 },
      { title: 'FIRST', cell: () => 'first', omit: 1 },
    ];
    const heading = (width: number) => table([null], wide, plain(width))[0]?.split(/ +/);
    expect(heading(35)).toEqual(['PATH', 'SECOND', 'FIRST']);
    expect(heading(34)).toEqual(['PATH', 'SECOND']);
    expect(heading(27)).toEqual(['PATH']);
    expect(table([null], wide, plain(20))).toEqual(['PATH', '/usr/share/', 'something/long']);
  });

  test('is as wide as it must be where no terminal bounds it', () => {
    const [, line] = table(
      [{ name: 'x'.repeat(500), size: '1 B' }],
      columns,
      plain(Number.POSITIVE_INFINITY),
    );
    expect(line).toHaveLength(506);
  });

  test('puts the lines of a cell below each other', () => {
    const cells: Column<null>[] = [
      { title: 'A', cell: () => ['1', '2'] },
      { title: 'B', cell: () => 'x' },
    ];
    expect(table([null], cells, plain(80))).toEqual(['A  B', '1  x', '2']);
  });

  test('counts wide characters as two cells and marks as none', () => {
    const rows = [
      { name: '日本', size: '1' },
      { name: 'e\u0301', size: '2' },
    ];
    const lines = table(rows, columns, plain(80));
    expect(lines.map(displayWidth)).toEqual([10, 10, 10]);
  });

  test('makes all that is in a cell printable, styled or not', () => {
    const cells: Column<string>[] = [
      { title: 'A', cell: (text) => text },
      { title: 'B', cell: (text) => ({ text, style: 'red' }) },
      { title: 'C', cell: (text) => [text, { text }] },
    ];
    const text = table([HOSTILE], cells, plain(40)).join('');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test('paints the text, not the space around it', () => {
    const cells: Column<string>[] = [
      { title: 'STATE', cell: (text) => ({ text, style: 'red' }), flexible: true },
      { title: 'X', cell: () => 'x' },
    ];
    const paint = (text: string) => `<${text}>`;
    expect(table(['up'], cells, { width: 80, paint })[1]).toBe('<up   >  x');
  });

  test('takes a hundred thousand rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, at) => ({ name: `/f${at}`, size: '1 B' }));
    expect(table(rows, columns, plain(80))).toHaveLength(100_001);
  });
});

test('wrapped text fits, and joined again is the text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', '/', '日', 'ü'), maxLength: 80 }),
      fc.integer({ min: 2, max: 20 }),
      (text, width) => {
        const lines = wrap(text, width);
        expect(lines.join('')).toBe(text);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      },
    ),
  );
});

test('a space at a break is the break, and no path loses its first slash', () => {
  expect(wrap('and to /etc/hosts', 8)).toEqual(['and to', '/etc/', 'hosts']);
  expect(wrap('input ($_GET) reaches system', 13)).toEqual(['input ($_GET)', 'reaches', 'system']);
});
