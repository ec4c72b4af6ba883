import type { Rule } from './rule.ts';
import { binaryRules } from './rules/binaries.ts';
import { hostileTextRules } from './rules/hostile-text.ts';
import { persistenceRules } from './rules/persistence.ts';
import { serviceRules } from './rules/services.ts';
import { traceRules } from './rules/traces.ts';
import { unexplainedRules } from './rules/unexplained.ts';
import { webContentRules } from './rules/web-content.ts';
import { webShellRules } from './rules/web-shells.ts';

/** Every rule, by theme. */
export const RULES: readonly Rule[] = [
  ...webShellRules,
  ...webContentRules,
  ...binaryRules,
  ...persistenceRules,
  ...serviceRules,
  ...traceRules,
  ...hostileTextRules,
  ...unexplainedRules,
];
