import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../kernel/index.ts';
import { pollReadable } from './poll.ts';
import { parseTraceFormat, parseTracePage, traceNumber, traceText } from './trace-pages.ts';
import { TraceInstance } from './tracefs.ts';

/** Mounts of tracefs; others come and go meanwhile. */
const mounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - tracefs '));
const PREFIX = 'pristine-test';

/** Names of the instances that there are, seen through one of our own. */
function instances(own: TraceInstance): string[] {
  return readdirSync(join(own.directory, '..')).filter((name) => name.startsWith(PREFIX));
}

test('tells what was executed, in order, and only what the filter lets through', () => {
  using instance = new TraceInstance(PREFIX);
  expect(instance.enable('sched/sched_process_exec')).not.toBeNull();
  instance.enable('raw_syscalls/sys_exit', 'ret == -30');
  expect(instance.enable('sched/no_such_event')).toBeNull();
  const pids = Array.from({ length: 300 }, () => spawnSync('/bin/true').pid);
  expect(pollReadable(instance.descriptors, 0)).toContain(true);
  const found: { pid: number; program: string; at: number }[] = [];
  const events = new Set<string>();
  const glanced: number[] = [];
  const { found: traced, missed } = instance.read(({ format, record }) => {
    if (format.event === 'sched/sched_process_exec') glanced.push(traceNumber(format, record, 'pid'));
  });
  for (const { format, record } of traced) {
    events.add(format.event);
    if (format.event !== 'sched/sched_process_exec') continue;
    const [pid, program] = [
      traceNumber(format, record, 'pid'),
      traceText(format, record, 'filename').toString(),
    ];
    if (pids.includes(pid)) found.push({ pid, program, at: record.time });
  }
  expect(missed).toBe(false);
  expect(found.map(({ pid }) => pid)).toEqual(pids);
  expect(new Set(found.map(({ program }) => program))).toEqual(new Set(['/bin/true']));
  expect(found.map(({ at }) => at)).toEqual(found.map(({ at }) => at).sort((a, b) => a - b));
  expect(glanced).toEqual(expect.arrayContaining(pids));
  expect(instance.read().missed).toBe(false);
});

test('leaves neither mount, nor instance, nor descriptor', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = [mounts(), descriptors()];
  const other = new TraceInstance(PREFIX);
  const { directory } = other;
  expect(mounts()).toEqual(before[0]);
  expect(existsSync(directory)).toBe(true);
  other[Symbol.dispose]();
  using again = new TraceInstance(PREFIX);
  expect(instances(again)).not.toContain(basename(directory));
  again[Symbol.dispose]();
  expect([mounts(), descriptors()]).toEqual(before);
});

test('removes what a killed process has left, and nothing of a living one', () => {
  using living = new TraceInstance(PREFIX);
  const script = `
    import { TraceInstance } from ${JSON.stringify(join(packageRoot, 'src/linux/tracefs.ts'))};
    const instance = new TraceInstance('${PREFIX}');
    instance.enable('sched/sched_process_exec');
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script]);
  expect(child.signal).toBe('SIGKILL');
  expect(instances(living).some((name) => name.includes(`-${child.pid}-`))).toBe(true);
  using next = new TraceInstance(PREFIX);
  expect(instances(next).some((name) => name.includes(`-${child.pid}-`))).toBe(false);
  expect(existsSync(living.directory)).toBe(true);
});

test('a page that is cut off, or says nonsense of its lengths, gives what can be read', () => {
  const page = Buffer.alloc(64);
  page.writeBigUInt64LE(1000n, 0);
  page.writeUInt32LE(0x80000000 + 40, 8);
  // A record of 8 bytes 5 ns later, a time extension, then one that claims more than there is.
  page.writeUInt32LE((5 << 5) | 2, 16);
  page.writeUInt16LE(7, 20);
  page.writeInt32LE(42, 24);
  page.writeUInt32LE((1 << 5) | 30, 28);
  page.writeUInt32LE(1, 32);
  page.writeUInt32LE(0, 36);
  page.writeUInt32LE(0xffffff, 40);
  const { records, missed } = parseTracePage(page);
  expect(records.map(({ id, tid, time }) => ({ id, tid, time }))).toEqual([{ id: 7, tid: 42, time: 1005 }]);
  expect(missed).toBe(true);
  for (let length = 0; length < 64; length++) parseTracePage(page.subarray(0, length));
  const format = parseTraceFormat('x/y', 'ID: 7\nformat:\n\tfield:int n;\toffset:400;\tsize:4;\tsigned:1;\n');
  const record = records[0];
  if (format === null || record === undefined) throw new Error('no record');
  expect(traceNumber(format, record, 'n')).toBe(0);
  expect(traceText(format, record, 'n')).toHaveLength(0);
  expect(parseTraceFormat('x/y', 'nothing')).toBeNull();
});
