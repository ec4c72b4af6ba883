import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeStream, HOSTILE } from '../test-support/fake-terminal.ts';
import { createOutput } from './output.ts';

beforeEach(() => {
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'CI']) vi.stubEnv(name, undefined);
  vi.stubEnv('TERM', 'xterm-256color');
});
afterEach(() => vi.unstubAllEnvs());

const red = { text: 'x', style: 'red' } as const;

describe('output', () => {
  test('has colours on a terminal', () => {
    const { stream, text } = fakeStream({ columns: 80 });
    createOutput(stream).line(red);
    expect(text()).toBe('\u001b[31mx\u001b[39m\n');
  });

  test('has none with NO_COLOR, and none in a pipe', () => {
    const pipe = fakeStream();
    createOutput(pipe.stream).line(red);
    vi.stubEnv('NO_COLOR', '1');
    const terminal = fakeStream({ columns: 80 });
    createOutput(terminal.stream).line(red);
    expect([pipe.text(), terminal.text()]).toEqual(['x\n', 'x\n']);
  });

  test('lets nothing through that a terminal would act on', () => {
    vi.stubEnv('NO_COLOR', '1');
    const { stream, text } = fakeStream({ columns: 80 });
    const out = createOutput(stream);
    out.line(HOSTILE, { text: HOSTILE, style: 'red' });
    out.code(HOSTILE, 'red');
    out.table([HOSTILE], [{ title: 'T', cell: (cell) => cell }]);
    expect(text().replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test('keeps source text readable: tabs and single backslashes', () => {
    const { stream, text } = fakeStream();
    createOutput(stream).code('\treturn "\\n\u001b";');
    expect(text()).toBe('\treturn "\\n\\x1b";\n');
  });

  test('fits tables to the terminal', () => {
    vi.stubEnv('NO_COLOR', '1');
    const { stream, text } = fakeStream({ columns: 20 });
    createOutput(stream).table(['x'.repeat(50)], [{ title: 'T', cell: (cell) => cell, flexible: true }]);
    for (const line of text().split('\n')) expect(line.length).toBeLessThanOrEqual(20);
  });

  test('lets a long line go on below its own text on a terminal, and leaves it whole in a pipe', () => {
    const terminal = fakeStream({ columns: 24 });
    const pipe = fakeStream();
    for (const { stream } of [terminal, pipe]) {
      const out = createOutput(stream);
      out.line('  engine   ', 'Docker ', { text: 'at unix:///run/docker.sock', style: 'red' });
      out.line('    nothing is seen of it all');
    }
    expect(stripVTControlCharacters(terminal.text())).toBe(
      [
        '  engine   Docker at',
        '           unix:///run/',
        '           docker.sock',
        '    nothing is seen of',
        '    it all',
        '',
      ].join('\n'),
    );
    expect(terminal.text()).toContain('Docker \u001b[31mat\u001b[39m\n           \u001b[31munix');
    expect(pipe.text()).toBe('  engine   Docker at unix:///run/docker.sock\n    nothing is seen of it all\n');
  });

  test('writes JSON indented, or on one line, and bytes as they are', () => {
    const { stream, text } = fakeStream();
    const out = createOutput(stream);
    out.json({ a: '\udcff\u009b\u202e' });
    out.jsonLine({ a: 1 });
    out.raw(Buffer.from('\u001b'));
    expect(text()).toBe('{\n  "a": "\\udcff\\u009b\\u202e"\n}\n{"a":1}\n\u001b');
  });
});
