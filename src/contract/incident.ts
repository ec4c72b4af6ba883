import { z } from 'zod';
import { findingSchema, severitySchema } from './finding.ts';

export const modeSchema = z.enum(['watch', 'protect', 'heal']);
/** How far Pristine may go with a container. */
export type Mode = z.infer<typeof modeSchema>;

/** Steps of a response; which of them, and in which order, the first decides. */
export const RESPONSE_STEPS = [
  'decide',
  'lock',
  'prepare',
  'redirect',
  'freeze',
  'capture',
  'verify',
  'stop',
  'replace',
  'health',
  'compare',
  'dependents',
  'keep',
  'remove',
] as const;
export const responseStepSchema = z.enum(RESPONSE_STEPS);
export type ResponseStep = z.infer<typeof responseStepSchema>;

export const incidentStateSchema = z.enum([
  /** Findings are being collected; no response yet (mode watch stays here). */
  'open',
  /** The response is at work. */
  'responding',
  /** Ended: a pristine container is in place. */
  'healed',
  /** Ended without a replacement: the container went away or a person closed it. */
  'closed',
  /** The response could not be finished; the suspect is kept, and a person is needed. */
  'failed',
]);
export type IncidentState = z.infer<typeof incidentStateSchema>;

/** One line of an incident's journal. */
export const timelineEntrySchema = z.object({
  at: z.iso.datetime(),
  kind: z.enum(['change', 'finding', 'decision', 'intent', 'done', 'failed', 'note']),
  step: responseStepSchema.optional(),
  text: z.string(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** The findings of one container's life, from the first to the replacement. */
export const incidentSchema = z.object({
  id: z.string(),
  container: z.object({ id: z.string(), name: z.string(), image: z.string() }),
  mode: modeSchema,
  state: incidentStateSchema,
  /** The worst severity among the findings. */
  severity: severitySchema,
  openedAt: z.iso.datetime(),
  /** Null until the incident has ended. */
  endedAt: z.iso.datetime().nullable(),
  findings: z.array(findingSchema),
  /** Ids of the evidence bundles. */
  bundles: z.array(z.string()),
  /** The container that took the place. */
  replacement: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** The compromised container, while it is kept, frozen and off the network, after its replacement. */
  suspect: z.object({ id: z.string(), name: z.string(), until: z.iso.datetime() }).nullable(),
  /** Of a replacement without a suspicion: the plan by which the container is to be hardened. */
  plan: z.string().optional(),
  /** Why a failed incident failed. */
  error: z.string().optional(),
});
export type Incident = z.infer<typeof incidentSchema>;
