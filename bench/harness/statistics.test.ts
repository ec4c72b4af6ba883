import { describe, expect, test } from 'vitest';
import { orderOfRound, pairedRatios, quantile, summarise } from './statistics.ts';

describe('quantile', () => {
  test('of an even number of samples lies between the middle ones', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  test('sorts by value, not by text', () => {
    expect(quantile([100, 9, 20], 0.5)).toBe(20);
  });

  test('interpolates as NumPy does', () => {
    // numpy.quantile([15, 20, 35, 40, 50], 0.4) and [1..10] at 0.99
    expect(quantile([15, 20, 35, 40, 50], 0.4)).toBeCloseTo(29);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.99)).toBeCloseTo(9.91);
  });

  test('has the ends at 0 and 1, and of nothing is not a number', () => {
    expect([quantile([3, 1, 2], 0), quantile([3, 1, 2], 1)]).toEqual([1, 3]);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test('leaves the samples in their order', () => {
    const samples = [3, 1, 2];
    quantile(samples, 0.5);
    expect(samples).toEqual([3, 1, 2]);
  });
});

test('a summary is the median with the 10th and the 90th percentile', () => {
  expect(summarise([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toEqual({ median: 6, low: 2, high: 10 });
});

describe('paired ratios', () => {
  test('compare within a round', () => {
    // The machine became twice as slow: the ratio of medians would be 1.5, and of each round it is 1.1.
    expect(pairedRatios([11, 22, 22], [10, 20, 20]).map((ratio) => ratio.toFixed(2))).toEqual([
      '1.10',
      '1.10',
      '1.10',
    ]);
  });

  test('leave out rounds that one of them lacks', () => {
    expect(pairedRatios([2, null, 6, 8], [1, 1, null])).toEqual([2]);
  });
});

describe('the order of a round', () => {
  const variants = ['a', 'b', 'c'];

  test('has every variant once', () => {
    for (let round = 0; round < 7; round++)
      expect(orderOfRound(variants, round).toSorted()).toEqual(variants);
  });

  test('lets every variant be the first and the last', () => {
    const rounds = Array.from({ length: 6 }, (_, round) => orderOfRound(variants, round));
    expect(new Set(rounds.map((order) => order[0]))).toEqual(new Set(variants));
    expect(new Set(rounds.map((order) => order.at(-1)))).toEqual(new Set(variants));
  });
});
