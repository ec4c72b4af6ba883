import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePathBytes, encodePathBytes } from './path-bytes.ts';

/** Bytes that make invalid UTF-8 likely: leads without continuation, continuations alone, overlong forms. */
const nasty = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x00, 0x2f, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
  ),
  { maxLength: 64 },
);

test('any bytes come back as they were, also through JSON', () => {
  fc.assert(
    fc.property(nasty, (numbers) => {
      const bytes = Buffer.from(numbers);
      const text = decodePathBytes(bytes);
      expect(encodePathBytes(text).equals(bytes)).toBe(true);
      expect(encodePathBytes(JSON.parse(JSON.stringify(text))).equals(bytes)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('different bytes never give the same text', () => {
  fc.assert(
    fc.property(nasty, nasty, (a, b) => {
      const same = Buffer.from(a).equals(Buffer.from(b));
      expect(decodePathBytes(Buffer.from(a)) === decodePathBytes(Buffer.from(b))).toBe(same);
    }),
  );
});

test.each<[string, number[], string]>([
  ['ASCII', [0x2f, 0x61], '/a'],
  ['UTF-8', [0xc3, 0xa4, 0xf0, 0x9f, 0x92, 0x80], 'ä💀'],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  ['a byte that leads nothing', [0x61, 0xff, 0x62], 'a\udcffb'],
  ['a sequence cut short', [0xe2, 0x82], '\udce2\udc82'],
  ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
  ['a surrogate in UTF-8', [0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
  ['valid text after an invalid byte', [0x80, 0xc3, 0xa4], '\udc80ä'],
])('%s is decoded as PEP 383 says', (_title, bytes, text) => {
  expect(decodePathBytes(Buffer.from(bytes))).toBe(text);
});
