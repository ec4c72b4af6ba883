export { RULES } from './catalogue.ts';
export { dockerDiff } from './docker-format.ts';
export { type Evaluation, evaluate } from './evaluate.ts';
export { explainExpected } from './expected/explain.ts';
export { parseConfig } from './parse-config.ts';
export { isConfigured, type PolicyFlags, policyFor } from './policy.ts';
export type { Rule } from './rule.ts';
export { compareSeverity, decide, worstSeverity } from './severity.ts';
export { type Content, type ImageFacts, needsContent, SAMPLE_BYTES, type Subject } from './subject.ts';
