import { describe, expect, test } from 'vitest';
import { added, changed, deleted } from '../../test/support/subjects.ts';
import { needsContent } from './subject.ts';

describe('needsContent', () => {
  test.each([
    ['a new file', added('/x', { text: 'a' }), true],
    ['other content', changed('/x', { text: 'a' }, { text: 'b' }), true],
    ['a new mode', changed('/x', { text: 'a' }, { text: 'a', mode: 0o755 }), true],
    [
      'a file where a link was',
      changed('/x', { type: 'symlink', target: 'y' }, { type: 'file', text: 'a' }),
      true,
    ],
    ['an empty file', added('/x'), false],
    ['a touched file', changed('/x', { text: 'a' }, { text: 'a' }), false],
    ['a directory', added('/x', { type: 'dir', size: 4096 }), false],
    ['a FIFO, which would block', added('/x', { type: 'fifo', size: 1 }), false],
    ['a link', added('/x', { type: 'symlink', target: '/etc/shadow', size: 11 }), false],
    ['what is gone', deleted('/x', { text: 'a' }), false],
  ])('%s', (_, { change }, needed) => expect(needsContent(change)).toBe(needed));

  test('an identical copy', () => {
    expect(needsContent({ ...changed('/x', { text: 'a' }, { text: 'b' }).change, identical: true })).toBe(
      false,
    );
  });
});
