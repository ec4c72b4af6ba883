import type { Denial } from '../../contract/index.ts';
import { closeDescriptor } from '../../linux/index.ts';
import { type EnforcerReport, HELD_MS } from '../protocol.ts';

/** The same refusal is told once in so long, with how often it came. */
const TELL_AGAIN_MS = 10_000;
/** Kinds of refusals that are remembered. */
const MAX_KINDS = 512;
/** Files that wait to be kept as evidence: each is open, which holds up the unmounting of its container's root. */
const MAX_HELD = 64;

interface Kind {
  readonly containerId: string;
  readonly denial: Denial;
  toldAt: number;
  /** How often it came since. */
  count: number;
}

/** Tells refusals, and holds the refused file until it is kept; a flood of equal ones is told as one. */
export class Denials {
  readonly #report: (report: EnforcerReport) => boolean;
  readonly #kinds = new Map<string, Kind>();
  /** Since when, by descriptor. */
  readonly #held = new Map<number, number>();

  /** @param report answers false when the report is lost */
  constructor(report: (report: EnforcerReport) => boolean) {
    this.#report = report;
  }

  /**
   * Counts a refusal that was told a short while ago.
   *
   * @param kind what makes two refusals the same
   * @returns false when it is to be told, by {@link tell}
   */
  repeat(kind: string): boolean {
    const known = this.#kinds.get(kind);
    if (known === undefined) return false;
    known.count++;
    return true;
  }

  /** @returns whether the descriptor is held, and must not be closed by the caller */
  tell(kind: string, containerId: string, denial: Denial, fd: number): boolean {
    for (const oldest of this.#kinds.keys()) {
      if (this.#kinds.size < MAX_KINDS) break;
      this.#tellRepetitions(oldest);
      this.#kinds.delete(oldest);
    }
    const at = Date.now();
    this.#kinds.set(kind, { containerId, denial, toldAt: at, count: 0 });
    const hasRoom = this.#held.size < MAX_HELD;
    const isTold = this.#report({ type: 'denied', containerId, at, denial, fd: hasRoom ? fd : null });
    if (hasRoom && isTold) this.#held.set(fd, at);
    return hasRoom && isTold;
  }

  /**
   * The file is kept, or nobody will keep it.
   * @param at when it was told: the descriptor's number may be another file's by now
   */
  letGo(fd: number, at: number): void {
    if (this.#held.get(fd) !== at) return;
    this.#held.delete(fd);
    closeDescriptor(fd);
  }

  /** To be called about each second. */
  tick(): void {
    const now = Date.now();
    for (const [fd, since] of this.#held) if (now - since > HELD_MS) this.letGo(fd, since);
    for (const [kind, { toldAt }] of this.#kinds) {
      if (now - toldAt < TELL_AGAIN_MS) continue;
      this.#tellRepetitions(kind);
      this.#kinds.delete(kind);
    }
  }

  close(): void {
    for (const [fd, since] of this.#held) this.letGo(fd, since);
  }

  #tellRepetitions(kind: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined || known.count === 0) return;
    const { containerId, denial, count } = known;
    this.#report({
      type: 'denied',
      containerId,
      at: Date.now(),
      denial: { ...denial, times: count },
      fd: null,
    });
  }
}
