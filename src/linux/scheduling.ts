import { native } from './libc.ts';

const cSetScheduler = native('int sched_setscheduler(int pid, int policy, const void *parameter)');

const SCHED_OTHER = 0;
const SCHED_RR = 2;
const SCHED_RESET_ON_FORK = 0x40000000;

/**
 * Lets the calling thread run before ordinary ones as soon as it has something to do (SCHED_RR of sched(7), at
 * the lowest of its priorities), or takes that back. For threads that mostly sleep and must look at once.
 *
 * @returns false where the system refuses it, as without CAP_SYS_NICE
 */
export function runFirst(on: boolean): boolean {
  const parameter = Buffer.alloc(4);
  parameter.writeInt32LE(on ? 1 : 0, 0);
  return cSetScheduler(0, on ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, parameter) === 0;
}
