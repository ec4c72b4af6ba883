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
function runFirst(on: boolean): boolean {
  const parameter = Buffer.alloc(4);
  parameter.writeInt32LE(on ? 1 : 0, 0);
  return cSetScheduler(0, on ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, parameter) === 0;
}

/** A thread that was busy for more than half of such a period queues up with everybody else in the next. */
const PERIOD_MS = 200;

/**
 * Has the calling thread run before ordinary ones as long as it mostly sleeps: what it is to look at may be gone
 * in a millisecond, or somebody waits for it; but a flood of work must not keep the host from its own.
 */
export class RunFirstWhileIdle {
  #first = false;
  #idleMs = PERIOD_MS;
  #periodStart = 0;

  /**
   * To be called after each wait.
   *
   * @param asked when the wait began, in milliseconds of performance.now()
   * @param woken when it ended
   */
  waited(asked: number, woken: number): void {
    this.#idleMs += woken - asked;
    if (woken - this.#periodStart < PERIOD_MS) return;
    const first = this.#idleMs >= PERIOD_MS / 2;
    this.#idleMs = 0;
    this.#periodStart = woken;
    if (first !== this.#first) runFirst(first);
    this.#first = first;
  }

  /** As any other thread from now on. */
  end(): void {
    if (this.#first) runFirst(false);
    this.#first = false;
  }
}
