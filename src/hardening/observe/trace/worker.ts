/** Entry of the worker thread that reads the kernel's trace. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../kernel/index.ts';
import { clearWake, pollReadable, RunFirstWhileIdle, TraceInstance } from '../../../linux/index.ts';
import { PATH_CALLS } from './calls.ts';
import { Interpreter } from './interpreter.ts';
import type { TraceReport, TraceRequest, TraceStart, TraceWord } from './protocol.ts';
import { Tasks } from './tasks.ts';

/** A bound on how long the end waits when the wake-up is lost. */
const LONGEST_WAIT_MS = 100;
const EROFS = 30;

const start: TraceStart = workerData;
const closing = new Int32Array(start.closing);
const report = (message: TraceReport): void => parentPort?.postMessage(message);

try {
  using instance = new TraceInstance('pristine');
  work(instance);
} catch (error) {
  report({ type: 'refused', reason: messageOf(error) });
}

function work(instance: TraceInstance): void {
  const tasks = new Tasks();
  let words: TraceWord[] = [];
  const interpreter = new Interpreter(tasks, (word) => words.push(word));
  const eagerness = new RunFirstWhileIdle();
  const capabilities = enableEvents(instance);
  report({ type: 'ready', capabilities });
  while (Atomics.load(closing, 0) === 0) {
    const asked = performance.now();
    const [woken] = pollReadable([start.wakeFd, ...instance.descriptors], LONGEST_WAIT_MS);
    // What an event points to is in the memory of a process that may end in a moment.
    eagerness.waited(asked, performance.now());
    const requests = woken ? takeRequests() : [];
    for (const request of requests) if (request.type === 'watch') tasks.watch(request.id, request.pids);
    const missed = instance.read(
      (format, record) => interpreter.take(format, record),
      (format, record) => interpreter.glance(format, record),
    );
    if (missed) words.push({ type: 'gap' });
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
function enableEvents(instance: TraceInstance): boolean {
  for (const event of ['fork', 'exec', 'exit']) instance.enable(`sched/sched_process_${event}`);
  instance.enable('cgroup/cgroup_attach_task');
  for (const [call, { filter }] of Object.entries(PATH_CALLS))
    instance.enable(`syscalls/sys_enter_${call}`, filter);
  if (instance.enable('raw_syscalls/sys_exit', `ret == -${EROFS}`) === null)
    throw new Error('this kernel does not trace system calls');
  if (start.wanted === 'refusals') return false;
  instance.enable('syscalls/sys_enter_connect');
  return instance.enable('capability/cap_capable', 'ret == 0') !== null;
}
