import { z } from 'zod';
import { changeKindSchema, processSchema } from './change.ts';

/** From least to most severe. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export const severitySchema = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severitySchema>;

/** A rule's word on a change. */
export const findingSchema = z.object({
  /** Stable for the same rule, path and content in one container: a finding seen twice has one id. */
  id: z.string(),
  rule: z.string(),
  title: z.string(),
  severity: severitySchema,
  /** MITRE ATT&CK technique ids, e.g. T1505.003. */
  attack: z.array(z.string()),
  path: z.string(),
  kind: changeKindSchema,
  /** One sentence: what was found and why it matters. */
  reason: z.string(),
  sha256: z.string().optional(),
  process: processSchema.optional(),
  /** When the change was first seen. */
  at: z.iso.datetime(),
});
export type Finding = z.infer<typeof findingSchema>;
