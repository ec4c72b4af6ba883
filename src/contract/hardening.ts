import { z } from 'zod';

/** When a path was written: until the container was ready, afterwards, upon a reload, or while it stopped. */
export const writePhaseSchema = z.enum(['boot', 'steady', 'reload', 'shutdown']);
export type WritePhase = z.infer<typeof writePhaseSchema>;

/** A program that wrote, as a person would name it. Hostile: make it printable. */
export const writerSchema = z.object({
  /** Path of the program in the container; null when it was gone before anyone looked. */
  exe: z.string().nullable(),
  /** Name of the process, and its pid in the container where that is known. */
  command: z.string(),
  pid: z.number().int().nullable(),
  uid: z.number().int().nullable(),
  gid: z.number().int().nullable(),
});
export type Writer = z.infer<typeof writerSchema>;

/** One path of the root filesystem that a container wrote to while it was observed. */
export const writtenPathSchema = z.object({
  /** Absolute, with the links of the folders above it resolved inside the container. */
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'socket', 'fifo', 'device', 'unknown']),
  operations: z.array(z.enum(['create', 'write', 'attributes', 'delete', 'rename'])),
  phases: z.array(writePhaseSchema),
  writers: z.array(writerSchema),
  /** Bytes that it held at most when it was looked at. */
  bytes: z.number().int(),
  /** The image has something there. */
  inImage: z.boolean(),
  /** It was still there when the container had stopped. */
  remains: z.boolean(),
  /** It was executed, or mapped as code, while it was there. */
  executed: z.boolean(),
  /** Owner and permission bits, when it was seen. */
  owner: z.object({ uid: z.number().int(), gid: z.number().int(), mode: z.number().int() }).nullable(),
});
export type WrittenPath = z.infer<typeof writtenPathSchema>;

/** A write that the kernel refused, as the filesystem is read-only. */
export const refusedWriteSchema = z.object({
  /** Null when only the call is known. Hostile: make it printable. */
  path: z.string().nullable(),
  /** e.g. `openat`, `mkdir`; null when it is known from the container's output alone. */
  call: z.string().nullable(),
  command: z.string().nullable(),
  pid: z.number().int().nullable(),
  /** ISO 8601, UTC. */
  at: z.string(),
  seenBy: z.enum(['kernel', 'output']),
});
export type RefusedWrite = z.infer<typeof refusedWriteSchema>;

/** What was learnt of a container by letting a copy of it run. */
export const observationSchema = z.object({
  writes: z.array(writtenPathSchema),
  refusals: z.array(refusedWriteSchema),
  /** Capabilities that the kernel was asked about and granted; null where the kernel does not tell. Without `CAP_`. */
  capabilitiesUsed: z.array(z.string()).nullable(),
  /** Every user and group that a process ran as once it was ready; `root` is the first process's. */
  processes: z.array(
    z.object({
      command: z.string(),
      uid: z.number().int(),
      gid: z.number().int(),
      groups: z.array(z.number().int()),
      /** It is the container's first process. */
      first: z.boolean(),
    }),
  ),
  /** Most processes and threads at a time, and most bytes of memory, by the control group. */
  mostProcesses: z.number().int().nullable(),
  mostMemory: z.number().int().nullable(),
  /** Addresses beyond its own networks that it tried to reach, `address:port`. */
  contacted: z.array(z.string()),
  /** The first process has a handler for SIGHUP, so that it could be asked to reload. */
  reloads: z.boolean(),
});
export type Observation = z.infer<typeof observationSchema>;

/** A place that stays writable, or is filled anew at each start. */
export const plannedMountSchema = z.object({
  path: z.string(),
  kind: z.enum(['tmpfs', 'volume']),
  uid: z.number().int(),
  gid: z.number().int(),
  /** Permission bits, e.g. 0o1777. */
  mode: z.number().int(),
  /** Bytes and files that it may hold; null for a volume. */
  size: z.number().int().nullable(),
  inodes: z.number().int().nullable(),
  /** Programs may run from it. */
  exec: z.boolean(),
  /** The image has content there that is needed: an engine fills a new volume with it. */
  hydrated: z.boolean(),
  reasons: z.array(z.string()),
});
export type PlannedMount = z.infer<typeof plannedMountSchema>;

/** Name of the volume that a container gets for a planned place: the same each time, and another for each path. */
export function plannedVolumeName(container: string, path: string): string {
  const escaped = (character: string) => `_${character.codePointAt(0)?.toString(16)}`;
  return `${container}${path.replaceAll(/[^A-Za-z0-9./]/gu, escaped).replaceAll('/', '-')}`;
}

/** Options of a planned tmpfs in the words of mount(8), as engines take them. */
export function tmpfsOptions({ exec, size, mode, uid, gid, inodes }: PlannedMount): string {
  return [
    ...['rw', exec ? 'exec' : 'noexec', 'nosuid', 'nodev'],
    ...(size === null ? [] : [`size=${size}`]),
    ...(inodes === null ? [] : [`nr_inodes=${inodes}`]),
    ...[`mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`],
  ].join(',');
}

/** Label of a container that was hardened: the id of the plan. */
export const PLAN_LABEL = 'pristine.plan';

/** The configuration that a plan asks for; what it does not name stays as the container has it. */
export const hardenedConfigurationSchema = z.object({
  readOnlyRoot: z.boolean(),
  mounts: z.array(plannedMountSchema),
  /** All that are kept, without `CAP_`; null: as the container has them. */
  capabilities: z.array(z.string()).nullable(),
  noNewPrivileges: z.boolean(),
  /** `uid:gid`; null: as the container has it. */
  user: z.string().nullable(),
  /** Groups added to those that the container has. */
  groups: z.array(z.number().int()),
  pidsLimit: z.number().int().nullable(),
  /** Bytes. */
  memoryLimit: z.number().int().nullable(),
  /** The engine's default seccomp profile, where the container has none. */
  defaultSeccomp: z.boolean(),
});
export type HardenedConfiguration = z.infer<typeof hardenedConfigurationSchema>;

/** Options to an engine about security as a container has them, with those of a configuration. */
export function hardenedSecurityOptions(
  given: readonly string[],
  { noNewPrivileges, defaultSeccomp }: HardenedConfiguration,
): string[] {
  const kept = given.filter(
    (option) =>
      !(noNewPrivileges && /^no-new-privileges/.test(option)) &&
      !(defaultSeccomp && /^seccomp[=:]unconfined$/.test(option)),
  );
  return noNewPrivileges ? [...kept, 'no-new-privileges'] : kept;
}

/** How far a plan was proven: what was exercised under it, and what was not. */
export const proofSchema = z.object({
  proven: z.boolean(),
  /** Each a sentence. */
  exercised: z.array(z.string()),
  notExercised: z.array(z.string()),
  /** Why it is not proven; each a sentence. */
  failures: z.array(z.string()),
  /** Runs of a copy that it took. */
  runs: z.number().int(),
  /** Milliseconds altogether. */
  tookMs: z.number(),
});
export type Proof = z.infer<typeof proofSchema>;

export const hardeningPlanSchema = z.object({
  /** `plan-…`. */
  id: z.string(),
  createdAt: z.string(),
  container: z.object({ id: z.string(), name: z.string(), image: z.string(), imageId: z.string() }),
  configuration: hardenedConfigurationSchema,
  /** A sentence for each member of the configuration but the mounts, which have their own. */
  reasons: z.record(z.string(), z.array(z.string())),
  /** What the plan does not do, and why; each a sentence. */
  remarks: z.array(z.string()),
  observation: observationSchema,
  proof: proofSchema,
});
export type HardeningPlan = z.infer<typeof hardeningPlanSchema>;
