import { createHash } from 'node:crypto';
import type { Change, Finding, Policy } from '../contract/index.ts';
import { RULES } from './catalogue.ts';
import { explainExpected } from './expected/explain.ts';
import { rotatedNames } from './logs.ts';
import { isLog } from './places.ts';
import type { Rule } from './rule.ts';
import { compareSeverity } from './severity.ts';
import type { Subject } from './subject.ts';

export interface Evaluation {
  /** Most severe first, then by path and rule. */
  readonly findings: Finding[];
  readonly expected: { readonly change: Change; readonly because: string }[];
}

export interface EvaluateOptions {
  /** Goes into the ids of findings. */
  readonly containerId: string;
  /** Changes that are not judged here, but that the judged ones are seen in the light of; see {@link companions}. */
  readonly beside?: readonly Change[];
  /** Time of findings whose change does not say when it was seen. */
  readonly now: Date;
}

/**
 * Judges changes of one container: each is expected, with the reason, or has at least one finding.
 */
export function evaluate(subjects: readonly Subject[], policy: Policy, options: EvaluateOptions): Evaluation {
  const known = [...(options.beside ?? []), ...subjects.map(({ change }) => change)];
  const sizes = new Map(known.map(({ path, after }) => [path, after?.size ?? 0]));
  const findings: Finding[] = [];
  const expected: Evaluation['expected'] = [];
  for (const given of subjects) {
    const subject = withRotation(given, sizes);
    const because = explainExpected(subject, policy);
    if (because !== null) expected.push({ change: subject.change, because });
    else findings.push(...judge(subject, policy, options));
  }
  return { findings: findings.sort(compareFindings), expected };
}

/** Several evaluations of one container's changes as one. */
export function mergeEvaluations(evaluations: readonly Evaluation[]): Evaluation {
  return {
    findings: evaluations.flatMap(({ findings }) => findings).sort(compareFindings),
    expected: evaluations.flatMap(({ expected }) => expected),
  };
}

/** Most severe first, then by path and rule. */
function compareFindings(a: Finding, b: Finding): number {
  return compareSeverity(b.severity, a.severity) || order(a.path, b.path) || order(a.rule, b.rule);
}

function judge(subject: Subject, policy: Policy, options: EvaluateOptions): Finding[] {
  const enabled = RULES.filter(({ id }) => !policy.disabledRules.includes(id));
  const spoken = speak(
    enabled.filter(({ fallback }) => fallback !== true),
    subject,
  );
  const all =
    spoken.length > 0
      ? spoken
      : speak(
          enabled.filter(({ fallback }) => fallback === true),
          subject,
        );
  return all.map(({ rule, reason }) => toFinding(rule, reason, subject.change, policy, options));
}

function speak(rules: readonly Rule[], subject: Subject): { rule: Rule; reason: string }[] {
  return rules.flatMap((rule) => {
    const reason = rule.match(subject);
    return reason === null ? [] : [{ rule, reason }];
  });
}

function toFinding(
  rule: Rule,
  reason: string,
  change: Change,
  policy: Policy,
  options: EvaluateOptions,
): Finding {
  const sha256 = change.after?.sha256;
  return {
    id: findingId(options.containerId, rule.id, change),
    rule: rule.id,
    title: rule.title,
    severity: policy.severityOverrides[rule.id] ?? rule.severity,
    attack: [...rule.attack],
    path: change.path,
    kind: change.kind,
    reason,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(change.process === undefined ? {} : { process: change.process }),
    at: change.seenAt ?? options.now.toISOString(),
  };
}

/** The same for the same rule, path and content in one container; 64 bits, in hex. */
function findingId(containerId: string, rule: string, { path, kind, after }: Change): string {
  const content =
    after === null
      ? 'deleted'
      : (after.sha256 ?? `${after.type} ${after.mode} ${after.uid} ${after.size} ${after.target ?? ''}`);
  // JSON keeps the parts apart, and the lone surrogates of names that are not UTF-8.
  return createHash('sha256')
    .update(JSON.stringify([containerId, rule, path, kind, content]))
    .digest('hex')
    .slice(0, 16);
}

/** Paths whose changes help to judge this one: a log is only known to be rotated by the copy beside it. */
export function companions({ path, before, after }: Change): string[] {
  if (before?.type !== 'file' || !isLog(path) || (after?.size ?? 0) >= before.size) return [];
  return rotatedNames(path);
}

/** A log that shrank is rotated when a copy beside it holds as much as the image's log did, or is compressed. */
function withRotation(subject: Subject, sizes: ReadonlyMap<string, number>): Subject {
  const { path, before } = subject.change;
  if (before?.type !== 'file' || !isLog(path)) return subject;
  const copy = rotatedNames(path).find((name) => {
    const size = sizes.get(name) ?? 0;
    return size > 0 && (size >= before.size || /\.(?:gz|xz|zst)$/.test(name));
  });
  return copy === undefined ? subject : { ...subject, rotatedTo: copy };
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
