import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Retention } from '../../contract/index.ts';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { privateFolder, tryLockFile } from '../../linux/index.ts';
import { eachEntry } from '../ledger/entries-about.ts';
import { type Ledger, ledgerPath } from '../ledger/ledger.ts';
import { removeAside } from '../work-folder.ts';
import { type Choice, choose, type Spared } from './choose.ts';
import { Custody, type KeptEvidence, keptEvidence } from './inventory.ts';
import { sweepBlobs } from './sweep-blobs.ts';

export interface PruneOptions {
  readonly now: Date;
  /** Ids of incidents and bundles that stay in any case. */
  readonly protect?: ReadonlySet<string>;
  /** Ids of images whose layers stay even if no bundle has them, as containers of theirs may be captured next. */
  readonly images?: ReadonlySet<string>;
  /** Only says what would be removed. */
  readonly dryRun?: boolean;
}

export interface ExpiredEvidence {
  readonly kind: KeptEvidence['kind'];
  /** Id of the bundle, or of the incident whose refused files they are. */
  readonly id: string;
  readonly incident: string | null;
  readonly at: string;
  readonly reason: Choice['reason'];
}

export interface SparedEvidence extends Omit<ExpiredEvidence, 'reason'> {
  readonly why: Spared['why'];
}

export interface PruneReport {
  readonly expired: ExpiredEvidence[];
  /** What is older, or more, than is to be kept, and stays all the same. */
  readonly spared: SparedEvidence[];
  /** Bytes on disk of the evidence that stays. */
  readonly bytes: number;
  /** Bytes that layers took which nothing needs any more. */
  readonly sweptBytes: number;
}

/**
 * Removes the oldest evidence beyond what is to be kept. The ledger says so before anything is removed; what an
 * interrupted run had begun is removed by the next.
 *
 * @throws {PristineError} E_STATE_LOCKED when another process is at it, E_DISK_FULL, E_STATE
 */
export async function prune(
  stateDirectory: string,
  ledger: Ledger,
  retention: Retention,
  { now, protect = new Set(), images = new Set(), dryRun = false }: PruneOptions,
): Promise<PruneReport> {
  await using _ = await exclusively(stateDirectory);
  const custody = new Custody();
  for await (const entry of eachEntry(ledgerPath(stateDirectory))) custody.take(entry);
  const kept = await keptEvidence(stateDirectory);
  const unfinished = kept.filter((evidence) => custody.isExpired(evidence));
  const rest = kept.filter((evidence) => !custody.isExpired(evidence));
  const isExported = (evidence: KeptEvidence) => custody.isExported(evidence);
  const { expired, spared, bytes } = choose(rest, retention, { now, protect, isExported });
  if (!dryRun) {
    for (const { folder } of unfinished) await removeAside(folder);
    for (const { evidence, reason } of expired) {
      await recordExpiry(ledger, evidence, reason);
      await removeAside(evidence.folder);
    }
  }
  return {
    expired: expired.map(({ evidence, reason }) => ({ ...shown(evidence), reason })),
    spared: spared.map(({ evidence, why }) => ({ ...shown(evidence), why })),
    bytes,
    sweptBytes: dryRun ? 0 : await sweepBlobs(stateDirectory, { now, images }),
  };
}

async function recordExpiry(ledger: Ledger, evidence: KeptEvidence, reason: string): Promise<void> {
  const { kind, id, at, incident } = evidence;
  const about = { what: kind, reason, at, ...(incident !== null && { incident }) };
  await ledger.append('expire', kind === 'bundle' ? id : null, about);
}

function shown({ kind, id, incident, at }: KeptEvidence) {
  return { kind, id, incident, at };
}

/** Two at once would each count what the other removes. */
async function exclusively(stateDirectory: string): Promise<AsyncDisposable> {
  const folder = join(stateDirectory, 'evidence');
  await privateFolder(folder);
  const path = join(folder, '.prune.lock');
  const file = await open(path, 'a', 0o600).catch((error: unknown) => {
    // On a full disk there is room for no new file; what is to make room must go on then.
    if (systemErrorCode(error) === 'ENOSPC') return open(folder, 'r');
    throw error;
  });
  if (tryLockFile(file.fd)) return { [Symbol.asyncDispose]: () => file.close() };
  await file.close();
  throw new PristineError('E_STATE_LOCKED', `another process is removing old evidence of ${stateDirectory}`, {
    next: 'Wait until it is done and try again.',
  });
}
