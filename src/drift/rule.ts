import type { Severity } from '../contract/index.ts';
import type { Subject } from './subject.ts';

/** What is known of a rule before it speaks. */
export interface RuleDescription {
  /** In kebab-case; never reused for another meaning. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[];
  /** Why this matters and what else it might be, for the documentation. */
  readonly explanation: string;
}

/** A rule of the catalogue: looks at one change and says what is wrong with it. */
export interface Rule extends RuleDescription {
  /** Speaks only when no other rule did and nothing explains the change. */
  readonly fallback?: true;
  /** The reason in one sentence when the rule fires, else null. */
  match(subject: Subject): string | null;
}
