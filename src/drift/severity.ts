import { type Finding, type Policy, SEVERITIES, type Severity } from '../contract/index.ts';

/** Negative when `a` is less severe than `b`, zero when equal, positive when more severe. */
export function compareSeverity(a: Severity, b: Severity): number {
  return SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b);
}

/** The most severe of the findings' severities; null when there are none. */
export function worstSeverity(findings: readonly Pick<Finding, 'severity'>[]): Severity | null {
  let worst: Severity | null = null;
  for (const { severity } of findings) {
    if (worst === null || compareSeverity(severity, worst) > 0) worst = severity;
  }
  return worst;
}

/**
 * What to do about findings. `heal` if and only if the mode is `heal` and a finding is at least as severe as
 * the policy's `healAt`; `protect` when there are findings and the mode goes beyond `watch`; else `tell`.
 */
export function decide(
  findings: readonly Pick<Finding, 'severity'>[],
  policy: Policy,
): 'tell' | 'protect' | 'heal' {
  const worst = worstSeverity(findings);
  if (worst === null || policy.mode === 'watch') return 'tell';
  return policy.mode === 'heal' && compareSeverity(worst, policy.healAt) >= 0 ? 'heal' : 'protect';
}
