import type { AttackStep } from '../attacker/attack.ts';
import type { FootholdReport } from '../attacker/foothold.ts';
import type { Page } from '../system/page.ts';
import type { VisitorReport } from '../system/prober.ts';
import type { DenialJson, FindingJson, TimelineJson } from './pristine.ts';

/** What `pristine demo --json` prints; docs/demo.md explains it. Times are milliseconds since 1970 or durations in ms. */
export interface DemoReport {
  readonly schema: 'pristine-demo/1';
  readonly version: string;
  readonly run: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Whether every check passed. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly engine: EngineReport;
  readonly images: readonly { reference: string; origin: string; ms: number }[];
  /** The system before any attack. */
  readonly pristine: { readonly page: Page; readonly database: readonly string[] };
  readonly unguarded: readonly AttackStep[];
  /** The attack on a site where code that is not from the image is refused. */
  readonly protected: ProtectedAttack;
  /** One entry for each attack on the guarded site; more than one with --repeat. */
  readonly guarded: readonly GuardedAttack[];
  /** Over all guarded attacks. */
  readonly latency: LatencySummary;
  readonly aftermath: Aftermath;
  readonly readOnly: ReadOnlyReport;
  readonly notProtected: readonly string[];
  /** With --keep: what was left running; otherwise null. */
  readonly kept: Kept | null;
  /** What carries the run's label after the demo; empty unless it was kept or could not be removed. */
  readonly leftBehind: readonly string[];
}

/** One thing that must be so. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface EngineReport {
  readonly version: string;
  /** DOCKER_HOST in force, or null when the docker command line's own default answered. */
  readonly endpoint: string | null;
  /** Whether the demo started a private engine (and stops it again). */
  readonly startedNow: boolean;
}

/** A line of the guard that tells of a refusal. */
export type DeniedLine = DenialJson & { readonly incident: string };

export interface ProtectedAttack {
  readonly steps: readonly AttackStep[];
  readonly shellsServed: number;
  /** The guard's lines `denied`. */
  readonly denials: readonly DeniedLine[];
  /** What `pristine evidence denied` lists of the incident. */
  readonly kept: readonly { path: string; sha256: string | null; whole: boolean }[];
  /** The front page after the attack. */
  readonly page: { readonly content: string; readonly changed: boolean };
  readonly foothold: FootholdReport;
  readonly visitors: VisitorReport;
  /** First write to first finding in ms, as the guard itself measured it; null where there was none. */
  readonly writeToFindingByGuard: number | null;
}

export interface GuardedAttack {
  readonly steps: readonly AttackStep[];
  /** How often the attacker's server handed out the shell, by its log. */
  readonly shellsServed: number;
  readonly incident: string;
  readonly bundles: readonly string[];
  readonly findings: readonly FindingJson[];
  readonly hostname: { readonly before: string | null; readonly after: string | null };
  readonly foothold: FootholdReport;
  readonly visitors: VisitorReport;
  readonly measures: Measures;
}

/** Durations in milliseconds; null where something did not happen. */
export interface Measures {
  /** First write to first finding, as the guard itself measured it. */
  readonly writeToFindingByGuard: number | null;
  /** From the modification time of the first file written to the arrival of the guard's line here. */
  readonly writeToFindingByFileTime: number | null;
  /** First write to the container being frozen. */
  readonly writeToFrozen: number | null;
  /** First write to the incident's end. */
  readonly writeToHealed: number | null;
  /** First code execution to the last answer of the shell (or, if it never ran, to the freeze: until then the hole was there). */
  readonly foothold: number | null;
  /** The longest time in which no visitor got an answer. */
  readonly outage: number;
}

/** Over all guarded attacks; the members of {@link Measures} summed up. */
export interface LatencySummary {
  readonly attacks: number;
  readonly medianByGuard: number | null;
  readonly medianByFileTime: number | null;
  readonly worstByGuard: number | null;
  readonly medianToFrozen: number | null;
  readonly medianToHealed: number | null;
  readonly medianFoothold: number | null;
  readonly medianOutage: number | null;
}

export interface Aftermath {
  readonly page: Page;
  readonly database: readonly string[];
  /** Status of /shell.php on the healed site. */
  readonly shellStatus: number;
  readonly timeline: readonly TimelineJson[];
  readonly contentDiffs: readonly { path: string; text: string }[];
  readonly verified: readonly { bundle: string; ok: boolean; filesChecked: number; bytesChecked: number }[];
}

export interface ReadOnlyReport {
  readonly options: readonly string[];
  readonly steps: readonly AttackStep[];
  /** Lines of the web server's log that say so. */
  readonly refusals: readonly string[];
  readonly changedPaths: readonly string[];
  readonly findings: number;
}

export interface Kept {
  readonly url: string;
  readonly state: string;
  readonly guardPid: number;
  readonly commands: readonly string[];
}
