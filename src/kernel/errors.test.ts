import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE, EXIT, messageOf, PristineError, systemErrorCode } from './errors.ts';
import { packageRoot } from './version.ts';

const docs = readFileSync(join(packageRoot, 'docs/errors.md'), 'utf8');

describe('docs/errors.md', () => {
  test('lists every code with its exit code and meaning, and no other, in the order of the catalogue', () => {
    const rows = [...docs.matchAll(/^\| `(E_\w+)` \| (\d+) \| (.+) \|$/gm)].map(([, ...row]) => row);
    const catalogue = Object.entries(ERROR_CATALOGUE).map(([code, { exit, meaning }]) => [
      code,
      String(exit),
      meaning,
    ]);
    expect(rows).toEqual(catalogue);
  });

  test('lists every exit code', () => {
    const codes = [...docs.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });
});

describe('a PristineError', () => {
  test('has code, exit code, next step and cause', () => {
    const cause = new Error('below');
    const error = new PristineError('E_CONFIG_INVALID', 'above', { next: 'mend it', cause });
    expect(error).toMatchObject({
      code: 'E_CONFIG_INVALID',
      exitCode: 2,
      message: 'above',
      next: 'mend it',
      cause,
    });
    expect(new PristineError('E_STATE', 'x', { next: 'y' })).not.toHaveProperty('cause');
  });
});

test('the code of a system error is found, and of nothing else', async () => {
  const error = await import('node:fs/promises').then((fs) =>
    fs.readFile('/no/such').catch((thrown) => thrown),
  );
  expect(systemErrorCode(error)).toBe('ENOENT');
  expect(systemErrorCode(new Error('x'))).toBeUndefined();
  expect(systemErrorCode({ code: 'ENOENT' })).toBeUndefined();
});

test('anything thrown has a message', () => {
  expect([messageOf(new Error('x')), messageOf('y'), messageOf(undefined)]).toEqual(['x', 'y', 'undefined']);
});
