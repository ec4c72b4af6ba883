/** Entry of the sensor's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { EventLoop, failureOf } from './event-loop.ts';
import type { WorkerReport, WorkerStart } from './protocol.ts';

const start: WorkerStart = workerData;
const report = (message: WorkerReport): void => parentPort?.postMessage(message);

try {
  new EventLoop(start, report).run();
} catch (error) {
  report({ type: 'failed', failure: failureOf(error) });
}
