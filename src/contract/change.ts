import { z } from 'zod';

/** What a file can be; names as `stat(1)` users know them. */
export const fileTypeSchema = z.enum(['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block']);
export type FileType = z.infer<typeof fileTypeSchema>;

/**
 * Seconds since 1970 UTC with nine decimals, as text: a hostile timestamp can lie far outside what a Date
 * holds, and nanoseconds matter (a whole-second mtime is a sign of timestomping).
 */
export const timestampSchema = z.string().regex(/^-?\d+\.\d{9}$/);

/** A file as it was found: in the image (before) or in the container (after). */
export const fileStateSchema = z.object({
  type: fileTypeSchema,
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  mode: z.int().min(0).max(0o7777),
  uid: z.int(),
  gid: z.int(),
  /** Bytes; apparent size for sparse files. */
  size: z.number(),
  /** Bytes allocated on disk, when known; far below `size` for sparse files. */
  allocated: z.number().optional(),
  mtime: timestampSchema,
  ctime: timestampSchema.optional(),
  birth: timestampSchema.optional(),
  links: z.int().optional(),
  inode: z.string().optional(),
  /** Device number of a character or block device. */
  device: z.object({ major: z.int(), minor: z.int() }).optional(),
  /** Target of a symbolic link, never followed. */
  target: z.string().optional(),
  /** Extended attributes other than overlayfs's own; values in base64. */
  xattrs: z.record(z.string(), z.string()).optional(),
  /** File capabilities decoded as `getcap` prints them, e.g. `cap_net_raw=ep`. */
  capabilities: z.string().optional(),
  /** SHA-256 of a regular file's content, lower-case hex; absent when it was not hashed (see `unhashed`). */
  sha256: z.string().optional(),
  /** Why a regular file has no hash: over the size limit, vanished, unreadable, or not asked for. */
  unhashed: z.enum(['too-large', 'vanished', 'unreadable', 'skipped']).optional(),
});
export type FileState = z.infer<typeof fileStateSchema>;

/** Attributes that can differ between image and container. */
export const attributeSchema = z.enum([
  'type',
  'content',
  'size',
  'mode',
  'owner',
  'mtime',
  'xattrs',
  'capabilities',
  'target',
  'device',
  'opaque',
]);
export type Attribute = z.infer<typeof attributeSchema>;

/** A process that made a change, as the host saw it at that moment. Everything in it is the attacker's word but pid and uid. */
export const processSchema = z.object({
  /** Pid in the host's namespace. */
  pid: z.int(),
  ppid: z.int().optional(),
  uid: z.int().optional(),
  gid: z.int().optional(),
  /** Name of the user in the container's own /etc/passwd, when it says. */
  user: z.string().optional(),
  /** Path of the executable inside the container. */
  exe: z.string().optional(),
  commandLine: z.array(z.string()).optional(),
  /** From the parent up to the container's init, nearest first. */
  ancestry: z
    .array(
      z.object({ pid: z.int(), exe: z.string().optional(), commandLine: z.array(z.string()).optional() }),
    )
    .optional(),
});
export type ProcessAttribution = z.infer<typeof processSchema>;

export const changeKindSchema = z.enum(['A', 'C', 'D']);
export type ChangeKind = z.infer<typeof changeKindSchema>;

/** One path that differs from the image. */
export const changeSchema = z.object({
  /** Absolute path in the container; bytes that are not UTF-8 as lone surrogates U+DC80 to U+DCFF. */
  path: z.string(),
  kind: changeKindSchema,
  /** State in the image; null for an added path, and for kinds C and D where the source cannot know it (`api`). */
  before: fileStateSchema.nullable(),
  /** State in the container; null for a deleted path, and where the source could not read it (`api`). */
  after: fileStateSchema.nullable(),
  /** Which attributes differ, for kind C; empty when `before` is unknown. */
  differs: z.array(attributeSchema),
  /** Copied up into the upper layer without any difference of content or attributes. */
  identical: z.boolean(),
  /** Path in the image that this file was renamed (moved) from. */
  renamedFrom: z.string().optional(),
  /** Created by the engine as a place to mount something on, not by a process of the container. */
  mountpoint: z.boolean().optional(),
  /** Who made it, when the sensor saw. */
  process: processSchema.optional(),
  /** When the sensor first saw it (ISO 8601, UTC). */
  seenAt: z.iso.datetime().optional(),
});
export type Change = z.infer<typeof changeSchema>;

/** The drift of one container: all changes, and what could not be seen. */
export const driftSchema = z.object({
  container: z.object({ id: z.string(), name: z.string(), image: z.string(), imageId: z.string() }),
  takenAt: z.iso.datetime(),
  /** `overlay`: read from the upper layer; `api`: asked of the engine; `bundle`: from sealed evidence. */
  source: z.enum(['overlay', 'api', 'bundle']),
  /** Sorted by path, bytewise. */
  changes: z.array(changeSchema),
  /** What this way of looking cannot see (volumes, tmpfs, memory, …), each a sentence. */
  blindSpots: z.array(z.string()),
});
export type Drift = z.infer<typeof driftSchema>;
