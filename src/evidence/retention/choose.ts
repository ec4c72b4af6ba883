import type { Retention } from '../../contract/index.ts';
import { parseDuration } from '../../kernel/index.ts';
import type { KeptEvidence } from './inventory.ts';

export interface Choice {
  readonly evidence: KeptEvidence;
  readonly reason: 'age' | 'size';
}

/** Why evidence that is too old, or one too many, stays. */
export interface Spared {
  readonly evidence: KeptEvidence;
  readonly why: 'protected' | 'not exported';
}

export interface Choices {
  readonly expired: Choice[];
  readonly spared: Spared[];
  /** Bytes on disk of all evidence that stays; what several bundles share counts once. */
  readonly bytes: number;
}

export interface ChoiceOptions {
  readonly now: Date;
  /** Ids of incidents and bundles that stay in any case. */
  readonly protect: ReadonlySet<string>;
  readonly isExported: (evidence: KeptEvidence) => boolean;
}

/** Which evidence has to go, the oldest first: all that is too old, then as much as is too large. */
export function choose(
  kept: readonly KeptEvidence[],
  { maxAge, maxBytes, onlyExported }: Retention,
  { now, protect, isExported }: ChoiceOptions,
): Choices {
  const age = maxAge === undefined ? 0 : (parseDuration(maxAge) ?? 0);
  // 0 is "none" in durations: no limit.
  const oldest = age === 0 ? Number.NEGATIVE_INFINITY : now.getTime() - age;
  const most = maxBytes ?? Number.POSITIVE_INFINITY;
  const usage = new Usage(kept);
  const expired: Choice[] = [];
  const spared: Spared[] = [];
  for (const evidence of kept.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const isOld = Date.parse(evidence.at) < oldest;
    if (!isOld && usage.bytes <= most) continue;
    if (protect.has(evidence.id) || protect.has(evidence.incident ?? ''))
      spared.push({ evidence, why: 'protected' });
    else if (onlyExported === true && !isExported(evidence)) spared.push({ evidence, why: 'not exported' });
    else {
      expired.push({ evidence, reason: isOld ? 'age' : 'size' });
      usage.remove(evidence);
    }
  }
  return { expired, spared, bytes: usage.bytes };
}

/** Counts each file once, however many hold it. */
class Usage {
  bytes = 0;
  readonly #holders = new Map<string, number>();

  constructor(kept: readonly KeptEvidence[]) {
    for (const { files } of kept) {
      for (const [file, bytes] of files) {
        const holders = this.#holders.get(file) ?? 0;
        if (holders === 0) this.bytes += bytes;
        this.#holders.set(file, holders + 1);
      }
    }
  }

  remove({ files }: KeptEvidence): void {
    for (const [file, bytes] of files) {
      const holders = (this.#holders.get(file) ?? 1) - 1;
      if (holders === 0) this.bytes -= bytes;
      this.#holders.set(file, holders);
    }
  }
}
