import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeStream, HOSTILE } from '../test-support/fake-terminal.ts';
import { createProgress } from './progress.ts';

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

describe('progress in a pipe', () => {
  test('says nothing about what takes less than a second', () => {
    const { stream, text } = fakeStream();
    const progress = createProgress(stream);
    progress.update('one');
    vi.advanceTimersByTime(900);
    progress.update('two');
    vi.advanceTimersByTime(900);
    progress.stop();
    vi.advanceTimersByTime(5000);
    expect(text()).toBe('');
  });

  test('has a line for what takes longer', () => {
    const { stream, text } = fakeStream();
    const progress = createProgress(stream);
    progress.update('short');
    vi.advanceTimersByTime(500);
    progress.update(`long ${HOSTILE}`);
    vi.advanceTimersByTime(5000);
    progress.stop();
    expect(text()).toMatch(/^pristine: long a[ -~]* \.\.\.\n$/);
  });
});

describe('progress on a terminal', () => {
  test('draws one line that fits, with the seconds gone by, and removes it', () => {
    const { stream, text } = fakeStream({ columns: 40 });
    const progress = createProgress(stream);
    progress.update(`reading ${'x'.repeat(100)}${HOSTILE}`);
    vi.advanceTimersByTime(900);
    expect(text()).toBe('');
    vi.advanceTimersByTime(1500);
    const frames = text().split('\r\u001b[2K');
    expect(frames.at(-1)).toMatch(/^\S reading x+ \(2 s\)$/);
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(40);
    progress.stop();
    vi.advanceTimersByTime(5000);
    expect(text().endsWith('(2 s)\r\u001b[2K')).toBe(true);
  });
});
