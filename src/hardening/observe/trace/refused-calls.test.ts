import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TraceFormat, TraceRecord } from '../../../linux/index.ts';
import { RefusedCalls } from './refused-calls.ts';

/** An event of this process, whose fields have 8 bytes each. */
function event(name: string, time: number, values: Record<string, number>): [TraceFormat, TraceRecord] {
  const data = Buffer.alloc(8 + Object.keys(values).length * 8);
  const fields = new Map(
    Object.entries(values).map(([field, value], index) => {
      data.writeBigInt64LE(BigInt(value), 8 + index * 8);
      return [field, { offset: 8 + index * 8, size: 8, signed: true }] as const;
    }),
  );
  return [
    { event: name, id: 1, fields },
    { id: 1, time, tid: process.pid, data },
  ];
}

const enters = (call: string, time: number, number: number, more: Record<string, number> = {}) =>
  event(`syscalls/sys_enter_${call}`, time, { __syscall_nr: number, ...more });
const refused = (time: number, number: number) =>
  event('raw_syscalls/sys_exit', time, { id: number, ret: -30 });

test('a call is the last one of its thread that had begun before, though others have begun since', () => {
  const fds = [openSync('/etc', 'r'), openSync('/usr', 'r'), openSync('/var', 'r')] as const;
  const calls = new RefusedCalls();
  for (const [index, fd] of fds.entries()) calls.glance(...enters('fchmod', 10 + index * 10, 91, { fd }));
  const second = refused(25, 91);
  calls.glance(...second);
  expect(calls.take(second[1])).toMatchObject({ call: 'fchmod', path: '/usr', asks: false });
  expect(calls.take(second[1])).toBeNull();
  for (const fd of fds) closeSync(fd);
});

test('a call that nobody follows is told without a name, rather than with another’s', () => {
  const calls = new RefusedCalls();
  calls.glance(...enters('mkdir', 10, 83, { pathname: 0 }));
  const exit = refused(20, 16);
  calls.glance(...exit);
  expect(calls.take(exit[1])).toMatchObject({ call: null, path: null });
});

test('knows who only asks, and takes an address that leads nowhere for no path', () => {
  const calls = new RefusedCalls();
  calls.glance(...enters('access', 10, 21, { filename: 8, mode: 2 }));
  const exit = refused(20, 21);
  calls.glance(...exit);
  expect(calls.take(exit[1])).toMatchObject({ call: 'access', path: null, asks: true });
});

test('keeps a bounded number', () => {
  const calls = new RefusedCalls();
  const first = refused(0, 1);
  calls.glance(...first);
  for (let time = 1; time < 17_000; time++) calls.glance(...refused(time, 1));
  expect(calls.take(first[1])).toBeNull();
});
