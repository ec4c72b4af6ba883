import { readFile } from 'node:fs/promises';
import type { Config, Mode, Policy } from '../contract/index.ts';
import { isConfigured, parseConfig, policyFor } from '../drift/index.ts';
import { type ContainerSummary, isCopy } from '../engine/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';

/** What the command line says about policy; stronger than labels and file. */
export interface PolicyFlags {
  readonly mode?: Mode;
  readonly configFile?: string;
}

/** Finds each container's policy from the configuration file, its labels and the command line. */
export interface Policies {
  readonly config: Config;
  policyFor(container: ContainerSummary): Policy;
  /** Whether the file or the container's labels ask for it to be guarded. */
  chooses(container: ContainerSummary): boolean;
}

/** @throws {PristineError} E_CONFIG_UNREADABLE, E_CONFIG_INVALID */
export async function loadPolicies(flags: PolicyFlags): Promise<Policies> {
  const config =
    flags.configFile === undefined ? { version: 1 as const } : await readConfig(flags.configFile);
  const overrides = flags.mode === undefined ? {} : { mode: flags.mode };
  const of = ({ name, image, labels }: ContainerSummary) =>
    policyFor(config, { name, image }, labels, overrides);
  return {
    config,
    policyFor: of,
    chooses: ({ name, image, labels }) =>
      !isCopy(labels) && (labels['pristine.mode'] !== undefined || isConfigured(config, { name, image })),
  };
}

async function readConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PristineError(
      'E_CONFIG_UNREADABLE',
      `the configuration ${file} cannot be read: ${messageOf(error)}`,
      {
        next: 'Check the path given with --config and that this user may read the file.',
        cause: error,
      },
    );
  }
  return parseConfig(text, file);
}
