import { z } from 'zod';

export const gradeSchema = z.enum(['A', 'B', 'C', 'D', 'F']);
export type Grade = z.infer<typeof gradeSchema>;

/**
 * `failed` costs points; `noted` is worth knowing and costs nothing; `unknown` could not be looked at, and is never
 * taken for ok; `not-applicable` means that this host has no
 * such thing, or that nobody asked for it.
 */
export const auditStatusSchema = z.enum(['ok', 'failed', 'noted', 'unknown', 'not-applicable']);
export type AuditStatus = z.infer<typeof auditStatusSchema>;

export const auditItemSchema = z.object({
  id: z.string(),
  /** Recommendation of the CIS Docker Benchmark 1.6.0; null where it has none. */
  cis: z.string().nullable(),
  /** What is wanted, e.g. `the root filesystem is read-only`. */
  title: z.string(),
  status: auditStatusSchema,
  /** What was found. Hostile: make it printable. */
  detail: z.string(),
  /** Points that it takes from the score; 0 unless it failed. */
  cost: z.number().int(),
  /** What to do about it. */
  remedy: z.string(),
});
export type AuditItem = z.infer<typeof auditItemSchema>;

/** A running process of the container. */
export const auditedProcessSchema = z.object({
  /** In the host's namespace. */
  pid: z.number().int(),
  /** Its name. Hostile: make it printable. */
  command: z.string(),
  /** Effective. */
  uid: z.number().int(),
  gid: z.number().int(),
  /** Names of the effective capabilities, without `CAP_`, and of all that it can ever have (the bounding set). */
  capabilities: z.array(z.string()),
  bounding: z.array(z.string()),
  noNewPrivileges: z.boolean(),
  /** Whether system calls are filtered. */
  seccomp: z.boolean(),
});
export type AuditedProcess = z.infer<typeof auditedProcessSchema>;

/** A place that the container can write to. */
export const writablePlaceSchema = z.object({
  path: z.string(),
  kind: z.enum(['root', 'volume', 'bind', 'tmpfs', 'other']),
  /** Whether a program may be run from it; null when only the configuration is known, which does not say. */
  executable: z.boolean().nullable(),
  /** What was there belongs to the engine: `/dev` and the like, where only root can write. */
  rootOnly: z.boolean(),
});
export type WritablePlace = z.infer<typeof writablePlaceSchema>;

/** What an image holds that helps an intruder; lists are of paths. Hostile: make them printable. */
export const imageFactsSchema = z.object({
  files: z.number().int(),
  bytes: z.number().int(),
  setuid: z.array(
    z.object({ path: z.string(), mode: z.number().int(), uid: z.number().int(), gid: z.number().int() }),
  ),
  fileCapabilities: z.array(z.object({ path: z.string(), capabilities: z.string() })),
  shells: z.array(z.string()),
  interpreters: z.array(z.string()),
  packageManagers: z.array(z.string()),
  compilers: z.array(z.string()),
  downloaders: z.array(z.string()),
  sshServers: z.array(z.string()),
  /** There are more than are listed. */
  truncated: z.boolean(),
});
export type ImageFacts = z.infer<typeof imageFactsSchema>;

/** What of the image was opened while the container was watched; what its processes had mapped before counts too. */
export const watchedImageSchema = z.object({
  seconds: z.number(),
  opened: z.object({ files: z.number().int(), bytes: z.number().int() }),
  neverOpened: z.object({ files: z.number().int(), bytes: z.number().int() }),
  /** Folders, the one with most that was never opened first. */
  largest: z.array(z.object({ path: z.string(), files: z.number().int(), bytes: z.number().int() })),
});
export type WatchedImage = z.infer<typeof watchedImageSchema>;

/** A port on which something of the host listens. */
export const hostServiceSchema = z.object({
  protocol: z.enum(['tcp', 'tcp6']),
  address: z.string(),
  port: z.number().int(),
});
export type HostService = z.infer<typeof hostServiceSchema>;

/** What was found; null is not known, and `unknown` says why. */
export const auditFactsSchema = z.object({
  user: z.string(),
  networks: z.array(z.string()),
  ports: z.array(z.string()),
  processes: z.array(auditedProcessSchema).nullable(),
  /** Of `net`, `pid`, `ipc`, `uts`, `user`, `cgroup`: those that it has in common with the host. */
  sharedNamespaces: z.array(z.string()).nullable(),
  writable: z.array(writablePlaceSchema),
  /** Names of the variables of its environment that hold a secret. */
  secrets: z.array(z.string()),
  /** Sockets of an engine that it can reach through its mounts. */
  engineSockets: z.array(z.string()),
  /** What listens on addresses of the host that it can send to, unless a firewall is between. */
  hostServices: z.array(hostServiceSchema).nullable(),
  image: imageFactsSchema.nullable(),
  watched: watchedImageSchema.nullable(),
  unknown: z.array(z.object({ what: z.string(), because: z.string() })),
});
export type AuditFacts = z.infer<typeof auditFactsSchema>;

/** The posture of one container. */
export const containerAuditSchema = z.object({
  container: z.object({ id: z.string(), name: z.string(), image: z.string(), imageId: z.string() }),
  status: z.string(),
  facts: auditFactsSchema,
  items: z.array(auditItemSchema),
  grade: gradeSchema,
  /** 0 to 100. */
  score: z.number().int(),
  /** How the grade comes from the items, as a sentence. */
  arithmetic: z.string(),
});
export type ContainerAudit = z.infer<typeof containerAuditSchema>;

/** What `pristine audit --json` prints. */
export const auditReportSchema = z.object({
  /** ISO 8601, UTC. */
  takenAt: z.string(),
  engine: z.string(),
  containers: z.array(containerAuditSchema),
});
export type AuditReport = z.infer<typeof auditReportSchema>;
