import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { messageOf, PristineError, systemErrorCode } from '../../kernel/index.ts';
import type { FirewallState } from './firewall.ts';
import type { EnginePaths } from './paths.ts';

/** What is known of a private engine that was started; what `engine down` goes by. */
export interface EngineRecord {
  /** Null until the process exists. */
  readonly process: { readonly pid: number; readonly startTime: string } | null;
  readonly startedAt: string;
  /** Address of the default bridge with its prefix, e.g. `10.201.0.1/24`. */
  readonly bridgeAddress: string;
  /** Where further networks get their subnets from, e.g. `10.202.0.0/16`. */
  readonly addressPool: string;
  /** The host's packet filter before this engine touched it. */
  readonly before: FirewallState;
}

export function readRecord(paths: EnginePaths): EngineRecord | null {
  try {
    return JSON.parse(readFileSync(paths.recordFile, 'utf8')) as EngineRecord;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || error instanceof SyntaxError) return null;
    throw stateFailure(paths.recordFile, error);
  }
}

/** A file of the state directory cannot be used. */
export function stateFailure(path: string, cause: unknown): PristineError {
  return new PristineError(
    'E_STATE',
    `${path} cannot be used: ${systemErrorCode(cause) ?? messageOf(cause)}`,
    {
      next: 'Use the user who owns the state directory, or another one with --state.',
      cause,
    },
  );
}

export async function writeRecord(paths: EnginePaths, record: EngineRecord): Promise<void> {
  const temporary = `${paths.recordFile}.new`;
  await writeFile(temporary, JSON.stringify(record, null, 2), { mode: 0o600 });
  await rename(temporary, paths.recordFile);
}
