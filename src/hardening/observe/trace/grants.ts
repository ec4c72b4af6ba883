import { capabilityByNumber } from '../../../linux/index.ts';
import type { Grant } from './protocol.ts';

const MOST_CREDENTIALS = 4096;

/** Counts what one container's processes were granted. */
export class GrantCounter {
  readonly #counts = new Map<number, Map<string, number>>();

  granted(credentials: number, capability: number): void {
    const name = capabilityByNumber(capability);
    if (name === undefined) return;
    const key = this.#counts.has(credentials) || this.#counts.size < MOST_CREDENTIALS ? credentials : OTHERS;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(key, counts);
    }
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  list(): Grant[] {
    return [...this.#counts].flatMap(([credentials, counts]) =>
      [...counts].map(([name, times]) => ({ credentials, name, times })),
    );
  }
}

/** Stands for all credentials beyond those that are told apart. */
const OTHERS = 0;

/**
 * Which capabilities a container used, without what the kernel did on its behalf: overlayfs works on its layers with
 * the credentials of whoever mounted it (Documentation/filesystems/overlayfs.rst, "Permission model").
 *
 * @param held all that its processes can have; null: there is nothing that they cannot have
 */
export function capabilitiesUsed(grants: readonly Grant[], held: readonly string[] | null): string[] {
  const beyond = new Map<number, number>();
  for (const { credentials, name, times } of grants)
    if (held !== null && !held.includes(name))
      beyond.set(credentials, (beyond.get(credentials) ?? 0) + times);
  // A mount has one such set, which is asked for at every look below it; others are copies that live for one call.
  const [mounters] = [...beyond].sort(([, a], [, b]) => b - a)[0] ?? [];
  const own = grants.filter(
    ({ credentials, name }) => credentials !== mounters && (held === null || held.includes(name)),
  );
  return [...new Set(own.map(({ name }) => name))].sort();
}
