import { expect, test } from 'vitest';
import { judge, type Probe } from './judge.ts';

const probe = (begun: number, ended: number, failure: string | null = null): Probe => ({
  ...{ begun, ended, answered: failure === null, failure },
});

test('the gap is between two answers, whichever request they are to', () => {
  // The one that was begun first waits longest and is answered last.
  const probes = [probe(0, 1), probe(5, 250), probe(10, 11), probe(15, 15, 'ECONNREFUSED'), probe(200, 201)];
  expect(judge(probes)).toEqual({ gap: 190, lost: 1, worst: 245 });
});

test('a failure is no answer', () => {
  expect(() => judge([probe(0, 1), probe(5, 6, 'timeout')])).toThrow('1 of 2 requests were answered');
});
