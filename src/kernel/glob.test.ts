import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isExactPath, matchesGlob } from './glob.ts';

describe('matchesGlob', () => {
  test.each([
    ['/a/b', '/a/b', true],
    ['/a/b', '/a/b/', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/b/c', false],
    ['/a/*', '/a/', true],
    ['/a/**', '/a/b/c', true],
    ['/a/**', '/a', false],
    ['/a/**/c', '/a/c', true],
    ['/a/**/c', '/a/b/x/c', true],
    ['/a/**/c', '/a/bc', false],
    ['/a/b**c', '/a/bx/yc', true],
    ['/a/?', '/a/é', true],
    ['/a/?', '/a/😀', true],
    ['/a/?', '/a//', false],
    ['/a/*.log', '/a/.log', true],
    ['/[a]{b}', '/[a]{b}', true],
    ['/[a]', '/a', false],
    ['/a.c', '/abc', false],
    ['web-*', 'web-1', true],
    ['**', '', true],
    ['registry:5000/**:1.*', 'registry:5000/team/app:1.2', true],
    ['/a/*', '/a/b\nc', true],
  ])('%s on %s: %s', (glob, path, matches) => expect(matchesGlob(glob, path)).toBe(matches));

  test('agrees with a regular expression on every glob and path', () => {
    const piece = fc.constantFrom('*', '**', '?', '/', 'a', 'b', '.', '**/', '\u{1f600}', '\udc80');
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, (glob, path) => matchesGlob(glob, path) === reference(glob).test(path)),
      { numRuns: 3000 },
    );
  });

  test('takes no more steps for hostile globs and paths than their product', () => {
    const glob = `/${'*a'.repeat(200)}`;
    const path = `/${'a'.repeat(4000)}`;
    const start = performance.now();
    expect(matchesGlob(`${glob}b`, path)).toBe(false);
    // A backtracking matcher would not end within the age of the universe.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('knows which globs name one path', () => {
    expect([isExactPath('/a/b'), isExactPath('/a/*'), isExactPath('/a?')]).toEqual([true, false, false]);
  });
});

function reference(glob: string): RegExp {
  const parts = glob.match(/\*{2,}\/?|[*?]|[^*?]/gsu) ?? [];
  let at = 0;
  const source = parts.map((part) => {
    const startsSegment = at === 0 || glob[at - 1] === '/';
    at += part.length;
    if (part.startsWith('**')) {
      if (!part.endsWith('/')) return '.*';
      return startsSegment ? '(?:.*\\/)?' : '.*\\/';
    }
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^(?:${source.join('')})$`, 'su');
}
