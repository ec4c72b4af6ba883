import { z } from 'zod';
import { processSchema } from './change.ts';

const pathGlob = z.string().startsWith('/');

/**
 * A narrow permission for code that a program makes as a part of its work: everything that is said must fit.
 * Globs as in `allow`; `writer` and `reader` name programs of the image by their path in the container.
 */
export const exceptionSchema = z
  .strictObject({
    /** The place. */
    path: pathGlob.optional(),
    /** The content, as lower-case hex. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** Who made the file: every program that had it open for writing since it came to be. */
    writer: pathGlob.optional(),
    /** Who runs or reads it. */
    reader: pathGlob.optional(),
    /** The reader's command line, its words joined by one space; `*` is anything here, also a slash. */
    command: z.string().min(1).optional(),
    /** The container's image reference. */
    image: z.string().min(1).optional(),
    /** Not after this day (UTC) or time. */
    until: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional(),
    /** Why, for whoever reads the file later. */
    because: z.string().optional(),
  })
  .refine(({ path, sha256 }) => path !== undefined || sha256 !== undefined, {
    message: 'an exception names a path or a sha256',
  });
export type Exception = z.infer<typeof exceptionSchema>;

/** What is refused in volumes and binds: programs and libraries; also scripts to their interpreters; nothing. */
export const volumeProtectionSchema = z.enum(['exec-deny', 'deny', 'off']);
/** Whether a kind of code that is not from the image is refused. */
const refusalSchema = z.enum(['deny', 'allow']);

/** What modes `protect` and `heal` refuse, and `watch` tells that they would. */
export const protectionPolicySchema = z.strictObject({
  volumes: volumeProtectionSchema,
  /** Drifted scripts, opened by an interpreter. */
  scripts: refusalSchema,
  /** Programs that live in memory alone (memfd_create(2)). */
  memfd: refusalSchema,
  exceptions: z.array(exceptionSchema),
});
export type ProtectionPolicy = z.infer<typeof protectionPolicySchema>;

export const DEFAULT_PROTECTION: ProtectionPolicy = {
  volumes: 'exec-deny',
  scripts: 'deny',
  memfd: 'deny',
  exceptions: [],
};

/**
 * `execute`: by execve(2), also through a shebang; `load`: by the dynamic loader; `read`: the bytes of a program or
 * library; `interpret`: code, by a program that runs what it reads.
 */
export const deniedAccessSchema = z.enum(['execute', 'load', 'read', 'interpret']);
export type DeniedAccess = z.infer<typeof deniedAccessSchema>;

/** Who ran or read, with the sockets it held. */
export const readerSchema = processSchema.extend({
  /** As `ss(8)` prints them: protocol, own address, peer's address, e.g. `tcp 10.0.0.2:80 10.0.0.9:41234`. */
  sockets: z.array(z.string()).optional(),
});

/** One refusal, or in mode watch one that would have been. */
export const denialSchema = z.object({
  /** Whether it was refused; false in mode watch. */
  enforced: z.boolean(),
  /** Path in the container, as the kernel names it. */
  path: z.string(),
  access: deniedAccessSchema,
  /** Of the whole file as it was at the refusal; null when it could not be kept. */
  sha256: z.string().nullable(),
  size: z.number(),
  /** One sentence: which file, whose, why. */
  reason: z.string(),
  /** Who made the file, where that was seen. */
  writer: processSchema.nullable(),
  reader: readerSchema.nullable(),
  /** The narrowest entry of `exceptions` that would allow it. */
  allow: exceptionSchema,
  /** How often the same was refused since it was last told. */
  times: z.int().min(1),
});
export type Denial = z.infer<typeof denialSchema>;
