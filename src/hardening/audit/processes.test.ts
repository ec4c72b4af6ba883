import { expect, test } from 'vitest';
import { parseStatus } from './processes.ts';

const STATUS = [
  ...['Name:\tsle\\033ep', 'State:\tS (sleeping)', 'Uid:\t33\t0\t33\t33', 'Gid:\t33\t5\t33\t33'],
  ...['CapEff:\t0000000000202000', 'CapBnd:\t0000000000203000', 'NoNewPrivs:\t1', 'Seccomp:\t0', ''],
].join('\n');

test('a status tells effective ids, capabilities by name, and what confines the process', () => {
  expect(parseStatus(7, STATUS)).toEqual({
    ...{ pid: 7, command: 'sle\\033ep', uid: 0, gid: 5, noNewPrivileges: true, seccomp: false },
    ...{ capabilities: ['NET_RAW', 'SYS_ADMIN'], bounding: ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN'] },
  });
});

test('a process that has ended is none', () => {
  expect(parseStatus(7, STATUS.replace('S (sleeping)', 'Z (zombie)'))).toBe(null);
});
