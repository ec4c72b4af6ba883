import { z } from 'zod';
import { denialSchema } from './protection.ts';

/** One kept item of a bundle. */
export const evidenceItemSchema = z.object({
  /** Relative path in the bundle. */
  path: z.string(),
  /** What it is, in words. */
  title: z.string(),
  mediaType: z.string(),
  size: z.number(),
  sha256: z.string(),
});
export type EvidenceItem = z.infer<typeof evidenceItemSchema>;

/** One file of a bundle. */
const bundleFileSchema = z.strictObject({
  /** Relative path in the bundle. */
  path: z.string(),
  /** Bytes. */
  size: z.number(),
  /** Lower-case hex. */
  sha256: z.string(),
});
export type BundleFile = z.infer<typeof bundleFileSchema>;

/** What was captured, of what, by whom and when; the sealed statement's predicate. */
export const bundleManifestSchema = z.object({
  bundle: z.string(),
  incident: z.string().nullable(),
  container: z.object({
    id: z.string(),
    name: z.string(),
    image: z.string(),
    imageId: z.string(),
    repoDigests: z.array(z.string()),
  }),
  capturedAt: z.iso.datetime(),
  sealedAt: z.iso.datetime(),
  collector: z.object({
    name: z.string(),
    version: z.string(),
    host: z.string(),
    kernel: z.string(),
    user: z.string(),
  }),
  /** Difference between the host's clock and a reference, when one was asked; null when none. */
  clockOffsetMs: z.number().nullable(),
  /** Whether the container was frozen while it was captured. */
  frozen: z.boolean(),
  /** The image to look at the evidence in: the suspect's image with its upper layer on top. */
  image: z.object({
    /** Name that `docker load` gives it. */
    reference: z.string(),
    /** SHA-256 of its configuration, which is the image's id on most engines. */
    config: z.string(),
    /** SHA-256 of each uncompressed layer, lowest first. */
    layers: z.array(z.string()),
    /** How many of the layers, from the lowest, are the suspect's image. */
    baseLayers: z.int(),
  }),
  items: z.array(evidenceItemSchema),
  /** Every file of the bundle but SHA256SUMS, the seal and the ledger, sorted by path. */
  files: z.array(bundleFileSchema),
  /** What is not in this bundle, and why; each a sentence. */
  omissions: z.array(z.string()),
});
export type BundleManifest = z.infer<typeof bundleManifestSchema>;

/** Something that is wrong with a bundle or with the ledger, by name. */
export const verifyProblemSchema = z.object({
  /** File of the bundle, or `ledger:SEQ`. */
  subject: z.string(),
  problem: z.enum([
    'missing',
    'added',
    'changed',
    'malformed',
    'signature',
    'order',
    'truncated',
    'not-recorded',
  ]),
  detail: z.string(),
});
export type VerifyProblem = z.infer<typeof verifyProblemSchema>;

export const verifyReportSchema = z.object({
  bundle: z.string(),
  ok: z.boolean(),
  filesChecked: z.int(),
  bytesChecked: z.number(),
  keyId: z.string(),
  problems: z.array(verifyProblemSchema),
});
export type VerifyReport = z.infer<typeof verifyReportSchema>;

/** An entry of the ledger: what was done to evidence, by whom, chained to the entry before it. */
export const ledgerEntrySchema = z.object({
  seq: z.int().min(0),
  at: z.iso.datetime(),
  action: z.enum([
    'genesis',
    'capture',
    'seal',
    'verify',
    'show',
    'export',
    'shell',
    'destroy-suspect',
    'expire',
    'forced',
    'override',
    'deny',
  ]),
  /** Id of the bundle; null for entries about none. */
  bundle: z.string().nullable(),
  /** Who did it: `user@host` and the version of Pristine. */
  actor: z.string(),
  version: z.string(),
  detail: z.record(z.string(), z.string()),
  /** SHA-256 of the previous entry's line; 64 zeros for the first. */
  previous: z.string(),
  /** Ed25519 signature over the entry without this member, in base64. */
  signature: z.string(),
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** A refused file as it is kept, with the refusal: one record in `denied/INCIDENT/`, one line of a bundle's `denied/records.jsonl`. */
export const deniedFileSchema = z.strictObject({
  incident: z.string(),
  container: z.object({ id: z.string(), name: z.string(), image: z.string() }),
  /** When it was refused. */
  at: z.iso.datetime(),
  denial: denialSchema,
  /** What is kept, by its own size and SHA-256; null when nothing is, and `notes` says why. */
  kept: z
    .strictObject({
      sha256: z.string(),
      size: z.number(),
      /** `file`: the bytes as they are; `sparse-tar`: a tar in GNU's sparse format with this one file in it. */
      form: z.enum(['file', 'sparse-tar']),
      /** Whether it is the whole file. */
      whole: z.boolean(),
    })
    .nullable(),
  /** What is to be known of it, each a sentence. */
  notes: z.array(z.string()),
});
export type DeniedFile = z.infer<typeof deniedFileSchema>;
