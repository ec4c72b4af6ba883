import { readFile } from 'node:fs/promises';
import type { BundleManifest, DeniedFile, LedgerEntry, VerifyReport } from '../contract/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';
import { bundleReference, hasOnlyDenied } from './bundle-reference.ts';
import type { Context } from './context.ts';

export interface ShownBundle {
  readonly manifest: BundleManifest;
  readonly path: string;
  /** Entries of the ledger about this bundle, oldest first. */
  readonly custody: LedgerEntry[];
}

/** Of an incident without a bundle: the files that were refused. */
export interface ShownDenied {
  readonly manifest: null;
  readonly path: null;
  readonly custody: LedgerEntry[];
  readonly incident: string;
  readonly denied: DeniedFile[];
}

/** An evidence image that is loaded into the engine for as long as someone looks at it. */
export interface EvidenceShell {
  /** Program and arguments that open the shell. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Takes the image out of the engine again. */
  close(): Promise<void>;
}

/** Bundles, newest first. */
export async function listEvidence(context: Context): Promise<BundleManifest[]> {
  return (await context.evidence()).list();
}

/**
 * Checks a bundle's seal, the files that were refused in the course of its incident, and the ledger; of an incident
 * without a bundle the last two.
 * @param publicKeyFile PEM file of the host's public key; this host's own when not given
 */
export async function verifyEvidence(
  context: Context,
  reference: string,
  publicKeyFile?: string,
): Promise<VerifyReport> {
  const publicKey = publicKeyFile === undefined ? undefined : await readKey(publicKeyFile);
  const evidence = await context.evidence();
  if (publicKey === undefined && (await hasOnlyDenied(evidence, reference)))
    return evidence.verifyDenied(reference);
  return evidence.verify(await bundleReference(evidence, reference), publicKey);
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PristineError('E_USAGE', `the public key ${file} cannot be read: ${messageOf(error)}`, {
      next: 'Name the host.pub of the host that captured the evidence.',
      cause: error,
    });
  }
}

/** What there is of a bundle, or of an incident without one, and its custody; looking is recorded in the ledger. */
export async function showEvidence(context: Context, reference: string): Promise<ShownBundle | ShownDenied> {
  const evidence = await context.evidence();
  if (await hasOnlyDenied(evidence, reference))
    return { manifest: null, path: null, ...(await evidence.showDenied(reference)) };
  return evidence.show(await bundleReference(evidence, reference));
}

/** The refused files that are kept of an incident, or of all, oldest first. */
export async function listDenied(context: Context, incident?: string): Promise<DeniedFile[]> {
  return (await context.evidence()).denied(incident);
}

/** Writes the refused files of an incident into a new folder. */
export async function exportDenied(
  context: Context,
  incident: string,
  output: string,
): Promise<{ path: string; files: number }> {
  return (await context.evidence()).exportDenied(incident, output);
}

/** Writes a bundle as one tar file; never over an existing file. */
export async function exportEvidence(
  context: Context,
  reference: string,
  output: string,
): Promise<{ path: string }> {
  const evidence = await context.evidence();
  return evidence.export(await bundleReference(evidence, reference), output);
}

/** Loads the evidence image and says how to open a shell in it: no network, read-only, no capabilities. */
export async function openEvidenceShell(context: Context, reference: string): Promise<EvidenceShell> {
  const [engine, evidence] = [await context.engine(), await context.evidence()];
  const image = await evidence.openShellImage(engine, await bundleReference(evidence, reference));
  return {
    command: ['docker', 'run', ...SHELL_OPTIONS, '--entrypoint', '/bin/sh', image.reference],
    env: { DOCKER_HOST: engine.info.endpoint },
    close: () => image.remove(),
  };
}

/** What the compromised container held may run here, so it gets nothing to work with. */
const SHELL_OPTIONS = [
  '--rm',
  '--interactive',
  '--tty',
  '--network=none',
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--pids-limit=64',
  '--memory=512m',
  '--label=pristine.evidence=shell',
];
