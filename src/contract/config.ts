import { z } from 'zod';
import { severitySchema } from './finding.ts';
import { modeSchema } from './incident.ts';
import { notifyConfigSchema } from './notify.ts';
import { DEFAULT_PROTECTION, type ProtectionPolicy, protectionPolicySchema } from './protection.ts';
import {
  DEFAULT_RECOVERY,
  DEFAULT_REPAVE,
  type RecoveryPolicy,
  type RepavePolicy,
  recoveryPolicySchema,
  repavePolicySchema,
  retentionSchema,
} from './recovery.ts';

/** Globs over absolute paths in the container: `*` within a segment, `**` across, `?` one character. */
const pathGlobs = z.array(z.string().startsWith('/'));

const policy = {
  mode: modeSchema.optional(),
  /** Paths whose changes are expected, unless they are executable. */
  allow: pathGlobs.optional(),
  /** The least severity that makes mode `heal` act. */
  healAt: severitySchema.optional(),
  /** Whether mode `heal` makes the suspect read-only before it freezes it. */
  lockFirst: z.boolean().optional(),
  /** What is refused in modes `protect` and `heal`; exceptions add up. */
  protection: protectionPolicySchema.partial().optional(),
  /** How mode `heal` replaces. */
  recovery: recoveryPolicySchema.partial().optional(),
  /** Replacement by age, in mode heal. */
  repave: repavePolicySchema.partial().optional(),
};

/** The configuration file: YAML, every key known. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  /** For every guarded container. */
  defaults: z.strictObject(policy).optional(),
  /** For containers that match, later entries over earlier ones. Globs over name or image reference. */
  containers: z
    .array(
      z.strictObject({
        match: z.strictObject({ name: z.string().optional(), image: z.string().optional() }),
        ...policy,
      }),
    )
    .optional(),
  rules: z
    .strictObject({
      disable: z.array(z.string()).optional(),
      severity: z.record(z.string(), severitySchema).optional(),
    })
    .optional(),
  sensor: z
    .strictObject({
      /** Seconds between two full scans of each container. */
      scanEvery: z.number().min(1).optional(),
      /** Seconds between two looks where only polling works. */
      pollEvery: z.number().min(1).optional(),
    })
    .optional(),
  /** How long evidence is kept; for ever when absent. */
  evidence: retentionSchema.optional(),
  /** Who is told what, as it happens. */
  notify: notifyConfigSchema.optional(),
});
export type Config = z.infer<typeof configSchema>;

/** The policy in force for one container. */
export interface Policy {
  mode: z.infer<typeof modeSchema>;
  allow: string[];
  healAt: z.infer<typeof severitySchema>;
  lockFirst: boolean;
  protection: ProtectionPolicy;
  recovery: RecoveryPolicy;
  repave: RepavePolicy;
  disabledRules: string[];
  severityOverrides: Record<string, z.infer<typeof severitySchema>>;
}

export const DEFAULT_POLICY: Policy = {
  mode: 'watch',
  allow: [],
  healAt: 'high',
  lockFirst: false,
  protection: DEFAULT_PROTECTION,
  recovery: DEFAULT_RECOVERY,
  repave: DEFAULT_REPAVE,
  disabledRules: [],
  severityOverrides: {},
};
