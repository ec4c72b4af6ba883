import { z } from 'zod';
import { severitySchema } from './finding.ts';
import { durationSchema } from './recovery.ts';

/**
 * What a notification may be about.
 * - `incident`: one was opened, or its severity rose; `finding`: any other finding; `denial`: code was refused
 * - `step`: the suspect was locked, frozen, its evidence sealed, a pristine container put in its place
 * - `suspect`: the suspect is kept, or has been removed; `ended`: the incident has ended
 * - `failed`: a step or the whole response failed; `budget`, `offline`: policy allows no further replacement
 * - `refusal`: a read-only container tried to write where it may not
 * - `gap`: events may have been lost; `problem`: something is wrong with the guard or its host
 */
export const NOTIFICATION_EVENTS = [
  'incident',
  'finding',
  'denial',
  'step',
  'suspect',
  'ended',
  'failed',
  'budget',
  'offline',
  'refusal',
  'gap',
  'problem',
] as const;
const notificationEventSchema = z.enum(NOTIFICATION_EVENTS);
export type NotificationEvent = z.infer<typeof notificationEventSchema>;

/** `summary`: several at once, as more came than the target takes; `dropped`: what was given up; `test`: by hand. */
export const notificationKindSchema = z.enum([...NOTIFICATION_EVENTS, 'summary', 'dropped', 'test']);
export type NotificationKind = z.infer<typeof notificationKindSchema>;

/**
 * One message, and the body of a webhook. Every text is printable: what a container could put into it has its
 * control characters, invisible characters and bytes that are not UTF-8 as visible escapes, and is cut to a length.
 */
const messageSchema = z.object({
  version: z.literal(1),
  /** The same whenever the message is sent again: a receiver that has seen it may drop it. */
  id: z.string(),
  kind: notificationKindSchema,
  severity: severitySchema,
  at: z.iso.datetime(),
  /** Name of the machine that the guard runs on. */
  host: z.string(),
  container: z.object({ id: z.string(), name: z.string() }).nullable(),
  incident: z.string().nullable(),
  /** The rule of a finding, the step of a response, the code of a problem. */
  rule: z.string().nullable(),
  attack: z.array(z.string()),
  path: z.string().nullable(),
  /** What happened, in a few words of our own. */
  title: z.string(),
  /** Details; here stand a container's own words. */
  text: z.string(),
  /** How many alike this one stands for. */
  times: z.int().min(1),
  /** Where to look: an address, when one is configured or the API is served. */
  link: z.string().nullable(),
  /** The command that shows it. */
  command: z.string().nullable(),
  /** Whether the incident is over. */
  ended: z.boolean(),
});

export const notificationSchema = messageSchema.extend({
  /** Of a summary: the last message of each incident, as far as there is room. */
  parts: z.array(messageSchema).optional(),
});
export type Notification = z.infer<typeof notificationSchema>;

/** A secret, or an address that is one: from a file, from the environment, or as it stands here. */
export const secretSourceSchema = z.union(
  [
    z.strictObject({ file: z.string().startsWith('/') }),
    z.strictObject({ env: z.string().min(1) }),
    z.strictObject({ value: z.string().min(1) }),
  ],
  { error: 'one of {file: /ABSOLUTE/PATH}, {env: NAME} or {value: TEXT}' },
);
export type SecretSource = z.infer<typeof secretSourceSchema>;

const httpUrl = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });
const urlSource = z.union([httpUrl, secretSourceSchema], {
  error: 'an address that begins with http:// or https://, or one of {file: …}, {env: …}',
});

const common = {
  /** Names the target in messages and metrics. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'a name of letters, digits, ".", "_" and "-"'),
  /** The least severity that is told. */
  from: severitySchema.optional(),
  /** What is told; all but `finding` when absent. */
  events: z.array(notificationEventSchema).optional(),
  /** How long an attempt may take. */
  timeout: durationSchema.optional(),
  /** Messages a minute, once `burst` were sent at once; what comes above is told in summaries. */
  rate: z
    .strictObject({ perMinute: z.number().min(0.01), burst: z.int().min(1) })
    .partial()
    .optional(),
};

export const notificationTargetSchema = z.discriminatedUnion('type', [
  /** JSON, signed as Standard Webhooks say. */
  z.strictObject({
    ...common,
    type: z.literal('webhook'),
    url: urlSource,
    /** `whsec_…`, or base64 of 24 to 64 bytes; several, separated by blanks, while one takes another's place. */
    secret: secretSourceSchema,
    /** Sent as `Authorization: Bearer …`. */
    bearer: secretSourceSchema.optional(),
  }),
  z.strictObject({ ...common, type: z.literal('slack'), url: urlSource }),
  /** The address of Alertmanager itself, without `/api/v2/alerts`. */
  z.strictObject({
    ...common,
    type: z.literal('alertmanager'),
    url: urlSource,
    bearer: secretSourceSchema.optional(),
    labels: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
    /** An alert resolves by itself after so long, unless its incident ends before or goes on to be told. */
    resolveAfter: durationSchema.optional(),
  }),
  /** RFC 5424 over UDP or TCP, or the socket of the local daemon. */
  z.strictObject({
    ...common,
    type: z.literal('syslog'),
    transport: z.enum(['udp', 'tcp', 'local']),
    host: z.string().min(1).optional(),
    port: z.int().min(1).max(65_535).optional(),
    /** Of transport `local`. */
    socket: z.string().startsWith('/').optional(),
    facility: z
      .enum([
        'user',
        'daemon',
        'auth',
        'authpriv',
        'local0',
        'local1',
        'local2',
        'local3',
        'local4',
        'local5',
      ])
      .optional(),
  }),
  z.strictObject({ ...common, type: z.literal('journald') }),
  /** A program, given the message as JSON on standard input; never by a shell. */
  z.strictObject({
    ...common,
    type: z.literal('command'),
    command: z.tuple([z.string().startsWith('/')], z.string()),
  }),
]);
export type NotificationTarget = z.infer<typeof notificationTargetSchema>;

export const notifyConfigSchema = z.strictObject({
  /** Address of an incident, `{incident}` being its id; without it the id is put at the end. */
  link: httpUrl.optional(),
  /** Messages alike (incident, kind and rule) within this time are told once, then once more with their number. */
  mergeWithin: durationSchema.optional(),
  /** What could not be delivered is kept so long, and so many for each target. */
  keep: z
    .strictObject({ maxAge: durationSchema, maxMessages: z.int().min(10) })
    .partial()
    .optional(),
  targets: z
    .array(notificationTargetSchema)
    .refine((targets) => new Set(targets.map(({ name }) => name)).size === targets.length, {
      message: 'two targets have the same name',
    }),
});
export type NotifyConfig = z.infer<typeof notifyConfigSchema>;
