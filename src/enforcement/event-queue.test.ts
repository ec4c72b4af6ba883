import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import type { EnforcementEvent } from './port.ts';

function denied(at: number, released: number[]): EnforcementEvent {
  const process = { reader: null, writer: null };
  const denial = {
    ...process,
    enforced: true,
    path: '/x',
    access: 'execute',
    sha256: null,
    size: 1,
  } as const;
  return {
    ...{ type: 'denied', containerId: 'c', at },
    denial: { ...denial, reason: 'r', allow: { path: '/x' }, times: 1 },
    file: { open: () => null, release: () => void released.push(at) },
  };
}

const armed: EnforcementEvent = { type: 'armed', containerId: 'c', at: 9, gaps: [] };

async function all(queue: EventQueue): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of queue.events()) {
    seen.push(event.type === 'denied' ? `denied ${event.at}` : event.type);
    if (event.type === 'lapse') seen.push(event.reason);
  }
  return seen;
}

test('denials beyond the limit are let go and counted; other events are kept', async () => {
  const released: number[] = [];
  const queue = new EventQueue(2);
  for (const at of [1, 2, 3, 4]) queue.push(denied(at, released));
  queue.push(armed);
  queue.end();
  expect(released).toEqual([3, 4]);
  const lost = expect.stringMatching(/^2 denials were not read in time/);
  expect(await all(queue)).toEqual(['denied 1', 'denied 2', 'armed', 'lapse', lost]);
});

test('a reader that waits gets what comes, and the end', async () => {
  const queue = new EventQueue();
  const seen = all(queue);
  await Promise.resolve();
  queue.push(armed);
  await new Promise(setImmediate);
  queue.push(denied(1, []));
  queue.end();
  expect(await seen).toEqual(['armed', 'denied 1']);
});

test('what is denied after the end is let go', () => {
  const released: number[] = [];
  const queue = new EventQueue();
  queue.end();
  queue.push(denied(1, released));
  expect(released).toEqual([1]);
});
