import type { Change } from '../../contract/index.ts';
import { encodePathBytes } from '../../kernel/index.ts';
import { ScanBudget } from './budget.ts';
import type { FoundChange } from './change-at.ts';
import { type Looking, type Stacks, walk } from './walk.ts';

export interface Collection {
  readonly found: FoundChange[];
  /** Sentences about what was left out. */
  readonly omissions: string[];
}

/** All that a walk finds, as far as the budget reaches. */
export async function collect(
  stacks: Stacks,
  looking: Looking,
  budget = new ScanBudget(),
): Promise<Collection> {
  const found: FoundChange[] = [];
  for await (const batch of walk(stacks, looking)) {
    for (const one of batch) {
      budget.spend(one.change);
      found.push(one);
      if (budget.exhausted) return { found, omissions: [budget.sentence()] };
    }
  }
  return { found, omissions: [] };
}

/** Changes sorted by the bytes of their paths. A name that a changing directory gave twice counts as seen last. */
export function sortedChanges(found: readonly FoundChange[]): Change[] {
  const last = new Map(found.map(({ change }) => [change.path, change]));
  const keyed = [...last.values()].map((change) => ({ change, key: encodePathBytes(change.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ change }) => change);
}
