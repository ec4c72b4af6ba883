import type { ProcessDetail } from '../proc/process.ts';

/** Descriptors that one capture describes. */
const MOST_DESCRIPTORS = 50_000;
/** Bytes of descriptions with environments and maps; each forked process has those of its parent again. */
const MOST_DETAILED_BYTES = 512 << 20;

/** Bounds what thousands of processes with the largest tables can cost: in the end they are described briefly. */
export class ProcessBudget {
  #descriptors: number;
  #bytes: number;

  constructor(descriptors = MOST_DESCRIPTORS, bytes = MOST_DETAILED_BYTES) {
    this.#descriptors = descriptors;
    this.#bytes = bytes;
  }

  /** How much of the next process to describe. */
  get detail(): ProcessDetail {
    return { texts: this.#bytes > 0, mostDescriptors: Math.max(0, this.#descriptors) };
  }

  /** Whether processes are described in part only. */
  get isSpent(): boolean {
    return this.#bytes <= 0 || this.#descriptors <= 0;
  }

  spend(descriptors: number, bytes: number): void {
    this.#descriptors -= descriptors;
    this.#bytes -= bytes;
  }
}
