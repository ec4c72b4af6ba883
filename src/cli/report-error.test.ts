import { describe, expect, test } from 'vitest';
import { PristineError } from '../kernel/index.ts';
import { reportError } from './report-error.ts';

const quiet = { json: false, debug: false };

describe('an error', () => {
  test('of the catalogue is told as what, why and what to do, with its exit code', () => {
    const cause = new Error('connect refused', {
      cause: Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
    });
    const error = new PristineError('E_CONFIG_INVALID', 'the key "x" is unknown', {
      next: 'Use "y".',
      cause,
    });
    expect(reportError(error, quiet)).toEqual({
      exitCode: 2,
      text: 'pristine: the key "x" is unknown\n  why: connect refused\n  why: ECONNREFUSED\n  do: Use "y".\n',
    });
  });

  test('does not tell the same twice', () => {
    const error = new PristineError('E_STATE', 'cannot: EACCES', { next: 'Do.', cause: new Error('EACCES') });
    expect(reportError(error, quiet).text).toBe('pristine: cannot: EACCES\n  do: Do.\n');
  });

  test('for scripts is one line of JSON', () => {
    const error = new PristineError('E_NO_ENGINE', 'none', { next: 'Start one.' });
    expect(reportError(error, { json: true, debug: false })).toEqual({
      exitCode: 1,
      text: '{"error":{"code":"E_NO_ENGINE","message":"none","next":"Start one."}}\n',
    });
  });

  test('that nobody raised on purpose is a defect, whose stack is shown for debugging only', () => {
    const error = new TypeError('x is not a function');
    const { exitCode, text } = reportError(error, quiet);
    expect(exitCode).toBe(1);
    expect(text).toContain('defect in Pristine: x is not a function');
    expect(text).toContain('--log-level debug');
    expect(text).not.toContain('report-error.test');
    expect(reportError(error, { json: false, debug: true }).text).toContain('report-error.test');
  });

  test('of a full disk says so', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(reportError(error, { json: true, debug: false }).text).toContain('E_DISK_FULL');
  });

  test('cannot write to the terminal but text, nor tell the password of a URL', () => {
    const cause = new Error('GET http://u:hunter2@h/ \u001b[2J');
    const { text } = reportError(
      new PristineError('E_STATE', 'a\u001b[2J\nb', { next: '\u009b', cause }),
      quiet,
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text.split('\n')).toHaveLength(4);
    expect(text).not.toContain('hunter2');
  });
});
