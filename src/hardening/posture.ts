import type { ContainerMount } from '../contract/index.ts';
import type { ContainerSecurity } from '../engine/index.ts';
import { CHECKS } from './checks.ts';
import { type Graded, gradeOf } from './grade.ts';

/** What a posture is worked out from; a part of the engine's `ContainerDetails`. */
export interface PostureSubject {
  readonly security: ContainerSecurity;
  readonly mounts: readonly ContainerMount[];
}

interface PostureItem {
  readonly id: string;
  /** Recommendation of the CIS Docker Benchmark 1.6.0; null where it has none. */
  readonly cis: string | null;
  /** What is wanted, e.g. `the root filesystem is read-only`. */
  readonly title: string;
  readonly ok: boolean;
  /** What was found. Names in it may come from the container: make it printable. */
  readonly detail: string;
  /** Points that this item takes from the score; 0 when it is ok. */
  readonly cost: number;
}

/** What a container's configuration allows an attacker. */
interface Posture extends Graded {
  readonly items: readonly PostureItem[];
}

/**
 * Grades a container's configuration: 100 points less the cost of each item that is not ok, never below 0; an A
 * needs 90, a B 70, a C 50, a D 30. An item that hands over the host (privileged, the engine's socket) costs 100.
 * Docker's defaults come to 35, a D: root, default capabilities, a writable root, no limits.
 */
export function posture({ security, mounts }: PostureSubject): Posture {
  const items = CHECKS.map(({ id, cis, title, examine }): PostureItem => {
    const { detail, cost } = examine(security, mounts);
    return { id, cis, title, ok: cost === 0, detail, cost };
  });
  return { ...gradeOf(items), items };
}
