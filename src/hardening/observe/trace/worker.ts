/** Entry of the worker thread that reads the kernel's trace. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../kernel/index.ts';
import { byTime, clearWake, pollReadable, RunFirstWhileIdle, TraceInstance } from '../../../linux/index.ts';
import { PATH_CALLS } from './calls.ts';
import { Interpreter } from './interpreter.ts';
import type { TraceReport, TraceRequest, TraceStart, TraceWord } from './protocol.ts';
import { Tasks } from './tasks.ts';

/** How often everything is read. */
const LONGEST_WAIT_MS = 50;
/** Percent. */
const WAKE_WHEN_FULL = 25;
const EROFS = 30;

const start: TraceStart = workerData;
const closing = new Int32Array(start.closing);
const report = (message: TraceReport): void => parentPort?.postMessage(message);

try {
  // Three, so that this thread is only woken for what must be looked at while its process is there.
  using urgent = new TraceInstance('pristine', 0);
  using calls = new TraceInstance('pristine', WAKE_WHEN_FULL);
  using rest = new TraceInstance('pristine', WAKE_WHEN_FULL);
  const capabilities = enableEvents(urgent, calls, rest);
  report({ type: 'ready', capabilities });
  work(urgent, calls, rest);
} catch (error) {
  report({ type: 'refused', reason: messageOf(error) });
}

function work(urgent: TraceInstance, calls: TraceInstance, rest: TraceInstance): void {
  const tasks = new Tasks();
  let words: TraceWord[] = [];
  const interpreter = new Interpreter(tasks, (word) => words.push(word));
  const eagerness = new RunFirstWhileIdle();
  const descriptors = [start.wakeFd, ...[urgent, calls, rest].flatMap((instance) => instance.descriptors)];
  while (Atomics.load(closing, 0) === 0) {
    const asked = performance.now();
    const [woken] = pollReadable(descriptors, LONGEST_WAIT_MS);
    eagerness.waited(asked, performance.now());
    const requests = woken ? takeRequests() : [];
    for (const request of requests) if (request.type === 'watch') tasks.watch(request.id, request.pids);
    // Refusals first, so that what was called is there when their turn comes.
    const refused = urgent.read();
    const called = calls.read((one) => interpreter.glance(one));
    for (const one of refused.found) interpreter.glance(one);
    const other = rest.read();
    if (refused.missed || called.missed || other.missed) words.push({ type: 'gap' });
    for (const one of [...refused.found, ...other.found].sort(byTime)) interpreter.take(one);
    if (requests.some(({ type }) => type === 'flush')) interpreter.flush();
    if (words.length > 0) report({ type: 'words', words });
    words = [];
    for (const request of requests) {
      if (request.type === 'unwatch') {
        tasks.unwatch(request.id);
        interpreter.forget(request.id);
      }
      report({ type: 'done', number: request.number });
    }
  }
  eagerness.end();
}

function takeRequests(): TraceRequest[] {
  clearWake(start.wakeFd);
  const requests: TraceRequest[] = [];
  for (;;) {
    const message: { message: TraceRequest } | undefined = receiveMessageOnPort(start.requests);
    if (message === undefined) return requests;
    requests.push(message.message);
  }
}

/** @returns whether this kernel tells of capabilities */
function enableEvents(urgent: TraceInstance, calls: TraceInstance, rest: TraceInstance): boolean {
  for (const event of ['fork', 'exit']) rest.enable(`sched/sched_process_${event}`);
  rest.enable('cgroup/cgroup_attach_task');
  urgent.enable('sched/sched_process_exec');
  for (const [call, { filter }] of Object.entries(PATH_CALLS))
    calls.enable(`syscalls/sys_enter_${call}`, filter);
  if (urgent.enable('raw_syscalls/sys_exit', `ret == -${EROFS}`) === null)
    throw new Error('this kernel does not trace system calls');
  if (start.wanted === 'refusals') return false;
  urgent.enable('syscalls/sys_enter_connect');
  return rest.enable('capability/cap_capable', 'ret == 0') !== null;
}
