import { z } from 'zod';
import { DURATION } from '../kernel/index.ts';

/** A whole number with a unit: `90s`, `10m`, `24h`, `7d`; `0` for none. */
export const durationSchema = z.string().regex(DURATION, 'a duration, such as 90s, 10m, 24h, 7d or 0');

/**
 * What comes after what.
 * - `freeze-first`: the suspect is frozen, its replacement starts at once, evidence is captured while that serves.
 * - `start-first`: the suspect is made read-only and goes on serving until its replacement is ready.
 * - `capture-first`: evidence is sealed and the suspect killed before its replacement starts.
 */
export const responseOrderSchema = z.enum(['freeze-first', 'start-first', 'capture-first']);
export type ResponseOrder = z.infer<typeof responseOrderSchema>;

/** What is done when a replacement could not be had in `attempts` tries. */
export const onFailureSchema = z.enum(['keep-frozen', 'thaw', 'lock']);
export type OnFailure = z.infer<typeof onFailureSchema>;

/** How mode `heal` replaces a container. */
export const recoveryPolicySchema = z.strictObject({
  /** `auto`: `capture-first` where suspect and replacement would share something writable, else `freeze-first`. */
  order: z.enum(['auto', ...responseOrderSchema.options]),
  /** Whether a pristine twin stands by, already running, to be switched in. */
  standby: z.enum(['none', 'warm']),
  /** How long the suspect is kept, frozen and off the network, once its evidence is sealed. */
  keepSuspect: durationSchema,
  /** Tries before `onFailure`; the guard goes on trying afterwards. */
  attempts: z.int().min(1),
  onFailure: onFailureSchema,
  /** What becomes of containers that share its network, link to it or use its volumes by name. */
  dependents: z.enum(['recreate', 'leave']),
  /** More replacements than this within an hour are not made: the suspect is locked and goes on serving. */
  replacementsPerHour: z.int().min(1),
  /** After so many replacements within an hour the next one is read-only; 0 for never. */
  readOnlyAfter: z.int().min(0),
  /** After so many replacements within an hour the container stays frozen, off the network; 0 for never. */
  offlineAfter: z.int().min(0),
  /** Folders that a read-only replacement may write, each a tmpfs. */
  writable: z.array(z.string().startsWith('/')),
});
export type RecoveryPolicy = z.infer<typeof recoveryPolicySchema>;

export const DEFAULT_RECOVERY: RecoveryPolicy = {
  order: 'auto',
  standby: 'none',
  keepSuspect: '24h',
  attempts: 4,
  onFailure: 'keep-frozen',
  dependents: 'recreate',
  replacementsPerHour: 6,
  readOnlyAfter: 2,
  offlineAfter: 0,
  writable: ['/tmp', '/run', '/var/tmp'],
};

/** Replacement without an incident, to bound how long an attacker who is not seen can stay. */
export const repavePolicySchema = z.strictObject({
  /** The age at which a container is replaced; `0` for never. */
  maxAge: durationSchema,
  /** The part of `maxAge` by which it may be replaced earlier, at random, so that not all go at once. */
  jitter: z.number().min(0).max(1),
});
export type RepavePolicy = z.infer<typeof repavePolicySchema>;

export const DEFAULT_REPAVE: RepavePolicy = { maxAge: '0', jitter: 0.1 };

/** How long evidence is kept; the older goes first. */
export const retentionSchema = z.strictObject({
  maxAge: durationSchema.optional(),
  /** Bytes of all bundles together. */
  maxBytes: z.int().min(0).optional(),
  /** Whether a bundle that was never exported is kept in any case. */
  onlyExported: z.boolean().optional(),
  /** Bytes that a capture leaves free on the disk of the state directory. */
  keepFree: z.int().min(0).optional(),
});
export type Retention = z.infer<typeof retentionSchema>;
