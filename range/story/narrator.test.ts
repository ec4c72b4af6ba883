import { describe, expect, test, vi } from 'vitest';
import { createNarrator } from './narrator.ts';
import type { GuardLine } from './pristine.ts';
import { tellGuardLine } from './telling.ts';

function recording({ isTTY = false, plain = false } = {}) {
  const pieces: string[] = [];
  const narrator = createNarrator({ isTTY, write: (text: string) => pieces.push(text) }, { plain });
  return { narrator, text: () => pieces.join('') };
}

describe('the narrator', () => {
  test('makes every line of a foreign text safe, and cuts what is long', () => {
    const { narrator, text } = recording();
    narrator.quote(`+\x1b[2Jone\n${'x'.repeat(500)}\nthree\nfour\nfive\n`, 4);
    expect(text().split('\n')).toEqual([
      '    +\\x1b[2Jone',
      `    ${'x'.repeat(200)}`,
      '    ... 2 more lines ...',
      '    five',
      '',
    ]);
  });

  test("makes the guard's words safe", () => {
    const { narrator, text } = recording();
    const finding = { rule: '', severity: 'high', kind: 'A', reason: '', attack: ['T\x07'] };
    const line: GuardLine = {
      type: 'finding',
      incident: 'i',
      finding: { ...finding, path: '/a\x1b]0;b', title: 'c\nd' },
    };
    tellGuardLine(narrator, { at: 0, line });
    expect(text()).toContain('/a\\x1b]0;b: c\\nd [T\\x07]');
    expect(text().split('\n')).toHaveLength(2);
  });

  test('tells of a refusal by whom, to whom and whose, in safe words', () => {
    const { narrator, text } = recording();
    const denial = { enforced: true, path: '/tmp/\x1b[2Jx', access: 'execute', reason: '', size: 1 } as const;
    const line: GuardLine = {
      ...{ ...denial, type: 'denied', incident: 'i', allow: {}, sha256: 'ab'.repeat(32), times: 3 },
      ...{ writer: { pid: 1, exe: '/usr/sbin/apa\nche2' }, reader: null },
    };
    tellGuardLine(narrator, { at: 0, line });
    expect(text()).toContain(
      'REFUSED to someone: execute /tmp/\\x1b[2Jx, made by apa\\nche2 (sha256 abababababab… kept, 3 times)',
    );
    expect(text().split('\n')).toHaveLength(2);
  });

  test('tells how long the guard was blind, and why', () => {
    const { narrator, text } = recording();
    const gap = { type: 'gap', reason: 'a\x07', rescanned: true } as const;
    tellGuardLine(narrator, { at: 0, line: { ...gap, lengthMs: 1234 } });
    tellGuardLine(narrator, { at: 0, line: { ...gap, rescanned: false } });
    expect(text()).toContain('gap of 1.2 s: a\\x07; rescanned\n');
    expect(text()).toContain('gap: a\\x07; will rescan\n');
  });

  test('uses colours on a terminal alone, and not when a script reads', () => {
    const isColoured = (given: Parameters<typeof recording>[0]) => {
      const { narrator, text } = recording(given);
      narrator.verdict(false, 'x');
      return text().includes('\x1b');
    };
    vi.stubEnv('NO_COLOR', '');
    expect(isColoured({ isTTY: true })).toBe(true);
    expect(isColoured({ isTTY: true, plain: true })).toBe(false);
    expect(isColoured({ isTTY: false })).toBe(false);
    vi.stubEnv('NO_COLOR', '1');
    expect(isColoured({ isTTY: true })).toBe(false);
    vi.unstubAllEnvs();
  });

  test('shows on a terminal what is under way, and takes it away for a line', async () => {
    const { narrator, text } = recording({ isTTY: true });
    await narrator.task('long work', async () => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      narrator.say('meanwhile');
    });
    expect(text()).toMatch(/long work \.\.\. \d+ ms\r\x1b\[K {2}meanwhile\n\r/);
  });

  test('aligns tables', () => {
    const { narrator, text } = recording();
    narrator.table([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]);
    expect(text()).toBe('  a    bb\n  ccc  d\n');
  });
});
