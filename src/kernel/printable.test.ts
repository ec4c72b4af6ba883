import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePathBytes } from './path-bytes.ts';
import { printable, printableJson } from './printable.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
  fc.array(fc.integer({ min: 0, max: 255 })).map((bytes) => decodePathBytes(Buffer.from(bytes))),
);

describe('printable text', () => {
  test('holds no control character, as characters and as bytes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const safe = printable(text);
        expect(safe).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(safe.isWellFormed()).toBe(true);
        // Bytes from 0x80 on are parts of UTF-8 sequences; those below must be visible ASCII or a space.
        for (const byte of Buffer.from(safe)) expect(byte >= 0x20 && byte !== 0x7f).toBe(true);
        // C1 controls (U+0080 to U+009F) are 0xc2 followed by 0x80 to 0x9f.
        expect(Buffer.from(safe).toString('latin1')).not.toMatch(/\xc2[\x80-\x9f]/);
      }),
      { numRuns: 2000 },
    );
  });

  test('never is the same for texts that differ', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        if (a !== b) expect(printable(a)).not.toBe(printable(b));
      }),
    );
  });

  test.each<[string, string, string]>([
    ['plain text stays', 'grün 日本 💀 a b', 'grün 日本 💀 a b'],
    ['line ends', 'a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['escape sequences', '\u001b[31m\u009b', '\\x1b[31m\\x9b'],
    ['NUL and DEL', '\0\u007f', '\\x00\\x7f'],
    ['a backslash', 'a\\n', 'a\\\\n'],
    ['right-to-left override and zero width', 'a\u202eb\u200bc', 'a\\u202eb\\u200bc'],
    ['line separators', '\u2028\u2029', '\\u2028\\u2029'],
    ['invalid UTF-8', '\udcff\udc80', '\\xff\\x80'],
    ['another lone surrogate', '\ud800', '\\ud800'],
    ['invisible tags', '\u{e0041}', '\\u{e0041}'],
  ])('%s', (_title, text, safe) => {
    expect(printable(text)).toBe(safe);
  });
});

test('JSON for a terminal holds no control character, and is the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), fc.constantFrom(0, 2), (value, indent) => {
      const safe = printableJson(value, indent);
      expect(safe.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
      expect(JSON.parse(safe)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(printableJson({ a: '\u009b2J\u202e\u{e0041}ü' })).toBe('{"a":"\\u009b2J\\u202e\\udb40\\udc41ü"}');
});
