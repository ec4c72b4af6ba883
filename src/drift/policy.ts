import { z } from 'zod';
import {
  type Config,
  DEFAULT_POLICY,
  DEFAULT_PROTECTION,
  DEFAULT_RECOVERY,
  DEFAULT_REPAVE,
  durationSchema,
  type Mode,
  modeSchema,
  type Policy,
  type ProtectionPolicy,
  protectionPolicySchema,
  type RecoveryPolicy,
  type RepavePolicy,
  recoveryPolicySchema,
  type Severity,
  severitySchema,
} from '../contract/index.ts';
import { matchesGlob, PristineError, printable } from '../kernel/index.ts';
import { didYouMean } from './config-keys.ts';

/** Labels by which a container's owner says how it is to be guarded. */
const POLICY_LABELS = [
  'pristine.mode',
  'pristine.allow',
  'pristine.heal-at',
  'pristine.lock-first',
  'pristine.volumes',
  'pristine.scripts',
  'pristine.memfd',
  'pristine.order',
  'pristine.standby',
  'pristine.keep-suspect',
  'pristine.on-failure',
  'pristine.dependents',
  'pristine.repave',
] as const;

/** Labels that Pristine puts on what it makes; they say nothing about policy. */
const OWN_LABELS = [
  'pristine.incident',
  'pristine.image',
  'pristine.replaces',
  'pristine.standby-for',
  'pristine.standby-name',
  'pristine.demo',
  'pristine.test',
  'pristine.evidence',
  'pristine.name',
  'pristine.engine',
  'pristine.range',
  'pristine.suspect',
  'pristine.plan',
  'pristine.hardening',
  'pristine.volume-of',
  'pristine.copies-of',
  'pristine.copy-group',
  'pristine.copy-companion',
  'pristine.copy-paused',
  'pristine.copied-name',
  'pristine.rehearsal',
  'pristine.read-only',
  'pristine.dependent-of',
  'pristine.was-running',
  'pristine.bundle',
  'pristine.base',
  'pristine.build',
];

/** What the command line says for the containers that it names. */
export interface PolicyFlags {
  readonly mode?: Mode;
  readonly allow?: readonly string[];
  readonly healAt?: Severity;
}

type Part = {
  readonly mode?: Mode | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly healAt?: Severity | undefined;
  readonly lockFirst?: boolean | undefined;
  readonly protection?: Some<ProtectionPolicy> | undefined;
  readonly recovery?: Some<RecoveryPolicy> | undefined;
  readonly repave?: Some<RepavePolicy> | undefined;
};

type Some<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/**
 * The policy in force for one container: the file's defaults, its matching entries in order, the container's
 * labels, then flags; the later says more. Allowances add up, the rest is replaced.
 *
 * @throws {PristineError} E_CONFIG_INVALID for a label of ours that is unknown or says something wrong
 */
export function policyFor(
  config: Config,
  container: { readonly name: string; readonly image: string },
  labels: Readonly<Record<string, string>>,
  flags: PolicyFlags,
): Policy {
  const entries = (config.containers ?? []).filter(({ match }) => fits(match, container));
  const parts: Part[] = [config.defaults ?? {}, ...entries, fromLabels(labels, container.name), flags];
  return {
    mode: parts.findLast(({ mode }) => mode !== undefined)?.mode ?? DEFAULT_POLICY.mode,
    healAt: parts.findLast(({ healAt }) => healAt !== undefined)?.healAt ?? DEFAULT_POLICY.healAt,
    lockFirst:
      parts.findLast(({ lockFirst }) => lockFirst !== undefined)?.lockFirst ?? DEFAULT_POLICY.lockFirst,
    allow: [...new Set([...DEFAULT_POLICY.allow, ...parts.flatMap(({ allow }) => allow ?? [])])],
    protection: protectionOf(parts.flatMap(({ protection }) => protection ?? [])),
    recovery: lastSaid(
      DEFAULT_RECOVERY,
      parts.flatMap(({ recovery }) => recovery ?? []),
    ),
    repave: lastSaid(
      DEFAULT_REPAVE,
      parts.flatMap(({ repave }) => repave ?? []),
    ),
    disabledRules: [...DEFAULT_POLICY.disabledRules, ...(config.rules?.disable ?? [])],
    severityOverrides: { ...DEFAULT_POLICY.severityOverrides, ...config.rules?.severity },
  };
}

/** Later parts replace what earlier ones say; exceptions add up. */
function protectionOf(parts: readonly Some<ProtectionPolicy>[]): ProtectionPolicy {
  const exceptions = parts.flatMap((part) => part.exceptions ?? []);
  return {
    ...lastSaid(DEFAULT_PROTECTION, parts),
    exceptions: [...DEFAULT_PROTECTION.exceptions, ...exceptions],
  };
}

/** Of each key what the last part says that says anything. */
function lastSaid<T extends object>(defaults: T, parts: readonly Some<T>[]): T {
  const said = parts.map((part) =>
    Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)),
  );
  return Object.assign({}, defaults, ...said);
}

/** Whether the configuration file has an entry for the container. */
export function isConfigured(
  config: Config,
  container: { readonly name: string; readonly image: string },
): boolean {
  return (config.containers ?? []).some(({ match }) => fits(match, container));
}

/** An entry fits when each glob that it has does; one without any fits no container. */
function fits(
  match: { readonly name?: string | undefined; readonly image?: string | undefined },
  container: { readonly name: string; readonly image: string },
): boolean {
  if (match.name === undefined && match.image === undefined) return false;
  if (match.name !== undefined && !matchesGlob(match.name, container.name)) return false;
  return match.image === undefined || matchesGlob(match.image, container.image);
}

function fromLabels(labels: Readonly<Record<string, string>>, container: string): Part {
  for (const label of Object.keys(labels)) {
    if (!label.startsWith('pristine.')) continue;
    if (POLICY_LABELS.some((known) => known === label)) continue;
    if (OWN_LABELS.some((own) => label === own || label.startsWith(`${own}.`))) continue;
    throw wrongLabel(
      container,
      `the label ${printable(label)} is not known.${didYouMean(label, POLICY_LABELS)}`,
    );
  }
  const said = <T extends string>(label: (typeof POLICY_LABELS)[number], words: Words<T>) => {
    const value = labels[label];
    return value === undefined ? undefined : oneOf(label, value, words, container);
  };
  const { volumes, scripts, memfd } = protectionPolicySchema.shape;
  const { order, standby, onFailure, dependents } = recoveryPolicySchema.shape;
  const duration = (label: 'pristine.keep-suspect' | 'pristine.repave') => {
    const value = labels[label]?.trim();
    if (value === undefined || durationSchema.safeParse(value).success) return value;
    throw wrongLabel(
      container,
      `the label ${label} says “${printable(value)}”, which is no duration, such as 90s, 24h, 7d or 0.`,
    );
  };
  const lockFirst = said('pristine.lock-first', yesOrNo);
  return {
    mode: said('pristine.mode', modeSchema),
    healAt: said('pristine.heal-at', severitySchema),
    lockFirst: lockFirst === undefined ? undefined : lockFirst === 'true',
    allow: allowList(labels['pristine.allow'] ?? '', container),
    protection: {
      volumes: said('pristine.volumes', volumes),
      scripts: said('pristine.scripts', scripts),
      memfd: said('pristine.memfd', memfd),
    },
    recovery: {
      order: said('pristine.order', order),
      standby: said('pristine.standby', standby),
      keepSuspect: duration('pristine.keep-suspect'),
      onFailure: said('pristine.on-failure', onFailure),
      dependents: said('pristine.dependents', dependents),
    },
    repave: { maxAge: duration('pristine.repave') },
  };
}

const yesOrNo = z.enum(['true', 'false']);

/** The words that a label may say. */
interface Words<T extends string> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
  readonly options: readonly T[];
}

function oneOf<T extends string>(label: string, value: string, schema: Words<T>, container: string): T {
  const parsed = schema.safeParse(value.trim());
  if (parsed.success) return parsed.data;
  const hint = didYouMean(value, schema.options);
  const known = schema.options.join(', ');
  throw wrongLabel(
    container,
    `the label ${label} says “${printable(value)}”, which is none of ${known}.${hint}`,
  );
}

function allowList(text: string, container: string): string[] {
  const globs = text
    .split(/[,\n]/)
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '');
  const relative = globs.find((glob) => !glob.startsWith('/'));
  if (relative === undefined) return globs;
  throw wrongLabel(
    container,
    `the label pristine.allow names “${printable(relative)}”, which is no absolute path.`,
  );
}

function wrongLabel(container: string, problem: string): PristineError {
  return new PristineError('E_CONFIG_INVALID', `Container ${printable(container)}: ${problem}`, {
    next: 'Create the container with the label corrected; docs/configuration.md lists the labels.',
  });
}
