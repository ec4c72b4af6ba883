import type { AuditFacts, ContainerMount } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';

/** What the items of an audit look at. */
export interface AuditSubject {
  readonly details: ContainerDetails;
  readonly mounts: readonly ContainerMount[];
  readonly facts: AuditFacts;
  /** What the engine confines containers with: `apparmor`, `selinux`, `userns`, …. */
  readonly engineOptions: readonly string[];
  /** Profile of AppArmor that confines its first process by the kernel's word; null where it is not known. */
  readonly appArmor: string | null;
}

/** What an item says of a container. */
export interface Verdict {
  readonly status: 'ok' | 'failed' | 'noted' | 'unknown' | 'not-applicable';
  readonly detail: string;
  /** Points lost when it failed. */
  readonly cost: number;
}

export interface AuditCheck {
  readonly id: string;
  readonly cis: string | null;
  readonly title: string;
  /** What to do about it, a sentence. */
  readonly remedy: string;
  examine(subject: AuditSubject): Verdict;
}

export const ok = (detail: string): Verdict => ({ status: 'ok', detail, cost: 0 });
export const failed = (detail: string, cost: number): Verdict => ({ status: 'failed', detail, cost });
export const noted = (detail: string): Verdict => ({ status: 'noted', detail, cost: 0 });
export const unknown = (detail: string): Verdict => ({ status: 'unknown', detail, cost: 0 });
export const notApplicable = (detail: string): Verdict => ({ status: 'not-applicable', detail, cost: 0 });

/** A few of many, for one line. */
export function some(list: readonly string[], most = 6): string {
  const more = list.length - most;
  return more > 0 ? `${list.slice(0, most).join(', ')} and ${more} more` : list.join(', ');
}
