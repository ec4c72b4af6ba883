import { expect, test } from 'vitest';
import { count, fileTime, humanAgo, humanDuration, humanSize, timeOfDay } from './human.ts';

test.each<[number, string]>([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [1024 ** 4, '1 TiB'],
  [2 ** 63, '8 EiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});

test.each<[number, string]>([
  [0, '0 ms'],
  [34.4, '34 ms'],
  [999, '999 ms'],
  [1000, '1 s'],
  [4210, '4.2 s'],
  [59_960, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms are %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test.each<[string, string]>([
  ['2026-01-02T03:04:05.000Z', 'just now'],
  ['2026-01-02T03:03:35Z', '30 s ago'],
  ['2026-01-02T03:01:00Z', '3 min ago'],
  ['2026-01-02T02:04:05Z', '1 h ago'],
  ['2025-12-30T03:04:05Z', '3 d ago'],
  ['2026-01-02T05:04:06Z', 'in 2 h'],
  ['nonsense', 'nonsense'],
])('%s was %s', (iso, text) => {
  expect(humanAgo(iso, new Date('2026-01-02T03:04:05.678Z'))).toBe(text);
});

test.each<[string, string]>([
  ['1767323045.000000000', '2026-01-02 03:04:05'],
  ['1767323045.120000000', '2026-01-02 03:04:05.120'],
  ['-1.000000000', '1969-12-31 23:59:59'],
  ['99999999999999.000000001', '99999999999999.000000001'],
])('the file time %s is %s', (timestamp, text) => {
  expect(fileTime(timestamp)).toBe(text);
});

test('counts and times of day', () => {
  expect([count(1, 'file'), count(0, 'file'), count(2, 'file')]).toEqual(['1 file', '0 files', '2 files']);
  expect(timeOfDay('2026-01-02T03:04:05.678Z')).toBe('03:04:05.678');
});
