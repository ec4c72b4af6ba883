import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

interface Import {
  from: string;
  to: string;
}

/** The table of rooms in ARCHITECTURE.md: folder to rank. */
function roomRanks(): Map<string, number> {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const rows = [...text.matchAll(/^\| *(\d+) *\| *`([^`]+)` *\|/gm)];
  return new Map(rows.map(([, rank, room]) => [room ?? '', Number(rank)]));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}

/** Relative imports of a file, static and dynamic, as paths from the root. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)];
  return specifiers.map(([, specifier]) => ({
    from: file,
    to: relative(root, resolve(root, dirname(file), specifier ?? '')),
  }));
}

const ranks = roomRanks();
const roomOf = (file: string) => [...ranks.keys()].find((room) => file.startsWith(`${room}/`));
const files = [...new Set(['src', 'range'].flatMap(sourceFiles))];
const imports = files.flatMap(importsOf);

describe('ARCHITECTURE.md', () => {
  test('names every folder of src as a room, and every room exists', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `src/${entry.name}`);
    expect([...ranks.keys()].filter((room) => room !== 'range').sort()).toEqual(folders.sort());
  });

  test('every room has a public index.ts', () => {
    const without = [...ranks.keys()].filter(
      (room) => !files.includes(`${room}/index.ts`) && room !== 'src/cli',
    );
    expect(without).toEqual([]);
  });
});

describe('imports', () => {
  test('are found at all', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  test('lead to rooms of a lower rank, through their index.ts', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [source, target] = [roomOf(from), roomOf(to)];
      if (source === undefined || target === undefined) return true;
      if (source === target) return false;
      return (ranks.get(target) ?? 99) >= (ranks.get(source) ?? -1) || to !== `${target}/index.ts`;
    });
    expect(wrong).toEqual([]);
  });

  test('form no cycle', () => {
    const edges = Map.groupBy(imports, ({ from }) => from);
    const done = new Set<string>();
    const cycles: string[][] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file]);
      if (done.has(file) || path.includes(file)) return;
      for (const { to } of edges.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
