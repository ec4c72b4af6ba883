export { RULES } from './catalogue.ts';
export { findingOfDenial, findingOfLapse, findingOfRunningDrift } from './denials.ts';
export { dockerDiff } from './docker-format.ts';
export { configJsonSchema, rulesPage } from './docs.ts';
export { companions, type Evaluation, evaluate, mergeEvaluations } from './evaluate.ts';
export { parseConfig } from './parse-config.ts';
export { isConfigured, policyFor } from './policy.ts';
export { decide, worstSeverity } from './severity.ts';
export { type ImageFacts, needsContent, SAMPLE_BYTES, type Subject } from './subject.ts';
