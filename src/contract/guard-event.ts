import { z } from 'zod';
import { changeSchema } from './change.ts';
import { findingSchema } from './finding.ts';
import { refusedWriteSchema } from './hardening.ts';
import { incidentSchema, modeSchema, responseStepSchema } from './incident.ts';
import { denialSchema } from './protection.ts';

const containerRef = z.object({ id: z.string(), name: z.string() });
const base = { at: z.iso.datetime() };

/** One JSON line of `pristine guard --json`, and one event of the HTTP API. */
export const guardEventSchema = z.discriminatedUnion('type', [
  /** A container is watched from now on. */
  z.object({
    ...base,
    type: z.literal('watching'),
    container: containerRef,
    mode: modeSchema,
    sensor: z.string(),
    blindSpots: z.array(z.string()),
    /** Whether code that is not from the image is refused (modes protect and heal), and why not. */
    protection: z.object({
      state: z.enum(['enforced', 'told', 'none']),
      /** What is not covered, each a sentence. */
      gaps: z.array(z.string()),
    }),
  }),
  /** The layers of the container's image are kept, so that a capture need not wait for them; in mode heal. */
  z.object({ ...base, type: z.literal('prepared'), container: containerRef }),
  /** Every container named is watched. */
  z.object({ ...base, type: z.literal('ready'), containers: z.int() }),
  z.object({
    ...base,
    type: z.literal('change'),
    container: containerRef,
    change: changeSchema,
    expected: z.string().nullable(),
  }),
  z.object({
    ...base,
    type: z.literal('finding'),
    container: containerRef,
    incident: z.string(),
    finding: findingSchema,
    /** Milliseconds from the kernel's event (or the file's change time) to this line. */
    latencyMs: z.number().optional(),
  }),
  /** Code that is not from the image was refused to run or be read; in mode watch: would have been. */
  z.object({
    ...base,
    type: z.literal('denied'),
    container: containerRef,
    incident: z.string(),
    ...denialSchema.shape,
  }),
  /** A container whose root filesystem is read-only tried to write to it; each path is told once. */
  z.object({
    ...base,
    type: z.literal('refused-write'),
    container: containerRef,
    write: refusedWriteSchema,
    /** The plan that it was hardened by; null for one that somebody else made read-only. */
    plan: z.string().nullable(),
    /** How many more there were since the one before, which are remembered but not told. */
    untold: z.int(),
    /** The command that takes it into the plan. */
    next: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal('step'),
    container: containerRef,
    incident: z.string(),
    step: responseStepSchema,
    phase: z.enum(['intent', 'done', 'failed']),
    text: z.string(),
  }),
  z.object({ ...base, type: z.literal('incident'), incident: incidentSchema }),
  /** Events were lost or could not be had; a rescan made it good, or will. */
  z.object({
    ...base,
    type: z.literal('gap'),
    container: containerRef.nullable(),
    reason: z.string(),
    rescanned: z.boolean(),
    /** How long the gap lasted, in milliseconds, where that is known. */
    lengthMs: z.number().optional(),
  }),
  z.object({ ...base, type: z.literal('unwatched'), container: containerRef, reason: z.string() }),
  z.object({ ...base, type: z.literal('problem'), code: z.string(), message: z.string(), next: z.string() }),
]);
export type GuardEvent = z.infer<typeof guardEventSchema>;
