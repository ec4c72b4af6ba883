export { RULES } from './catalogue.ts';
export { dockerDiff } from './docker-format.ts';
export { type Evaluation, evaluate } from './evaluate.ts';
export { explainExpected } from './expected/explain.ts';
export type { Rule } from './rule.ts';
export { compareSeverity, decide, worstSeverity } from './severity.ts';
export { type Content, type ImageFacts, needsContent, SAMPLE_BYTES, type Subject } from './subject.ts';
