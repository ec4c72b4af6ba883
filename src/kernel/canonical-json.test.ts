import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('means what JSON.stringify means', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('is the same whatever the order of members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.gen(), (object, gen) => {
      const members = Object.entries(object);
      const shuffled = gen(fc.shuffledSubarray, members, {
        minLength: members.length,
        maxLength: members.length,
      });
      expect(canonicalJson(Object.fromEntries(shuffled))).toBe(canonicalJson(object));
    }),
  );
});

test.each<[unknown, string]>([
  // The sorting example of RFC 8785, 3.2.3.
  [
    { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 },
    '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
  ],
  // Some numbers of its appendix B.
  [[-0, 5e-324, 1e21, 1e-7, 333333333.33333325], '[0,5e-324,1e+21,1e-7,333333333.33333325]'],
  [{ b: [1, { d: null, c: true }], a: 'x' }, '{"a":"x","b":[1,{"c":true,"d":null}]}'],
  [{ a: undefined, b: 1 }, '{"b":1}'],
  ['\udcff', '"\\udcff"'],
])('%j is written as %s', (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [1n], [[undefined]], [{ a: () => 1 }]])(
  '%s has no JSON form',
  (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  },
);
