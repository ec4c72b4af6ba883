import type { DeniedFile, LedgerEntry, VerifyProblem, VerifyReport } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { type ExportedFrames, exportFrames } from '../frames/export-frames.ts';
import { incidentsWithRecords, parseRecord, recordFiles } from '../frames/records.ts';
import { verifyFrames } from '../frames/verify-frames.ts';
import { entriesOfIncident } from '../ledger/entries-about.ts';
import { type Ledger, ledgerPath } from '../ledger/ledger.ts';
import { verifyLedger } from '../ledger/verify-ledger.ts';
import { hostKey } from '../seal/host-key.ts';

/** The files that were refused to containers, by incident. */
export interface DeniedStore {
  /** Those of one incident, or of all, oldest first; records that cannot be read are left to `verifyDenied`. */
  denied(incident?: string): Promise<DeniedFile[]>;
  /** An incident's, with its custody; looking is recorded in the ledger. @throws {PristineError} E_NO_SUCH_BUNDLE */
  showDenied(incident: string): Promise<ShownDenied>;
  /** Checks an incident's and the whole ledger, and records that there. @throws {PristineError} E_NO_SUCH_BUNDLE */
  verifyDenied(incident: string, signal?: AbortSignal): Promise<VerifyReport>;
  /**
   * Writes an incident's into a new folder, and records that.
   * @throws {PristineError} E_NO_SUCH_BUNDLE, E_USAGE when the output exists, E_EVIDENCE_INVALID
   */
  exportDenied(incident: string, output: string): Promise<ExportedFrames>;
}

/** An incident that has refused files. */
export interface ShownDenied {
  readonly incident: string;
  readonly denied: DeniedFile[];
  /** Entries of the ledger about the incident, oldest first. */
  readonly custody: LedgerEntry[];
}

export function createDeniedStore(stateDirectory: string, ledger: Ledger): DeniedStore {
  const ledgerFile = ledgerPath(stateDirectory);
  const denied = async (incident?: string): Promise<DeniedFile[]> => {
    const incidents = incident === undefined ? await incidentsWithRecords(stateDirectory) : [incident];
    const found: DeniedFile[] = [];
    for (const each of incidents) {
      for await (const { bytes } of recordFiles(stateDirectory, each)) {
        const record = parseRecord(bytes);
        if (record !== null) found.push(record);
      }
    }
    return found;
  };
  return {
    denied,
    async showDenied(incident) {
      const found = await denied(incident);
      if (found.length === 0) throw noneDenied(incident);
      await ledger.append('show', null, { incident });
      return { incident, denied: found, custody: await entriesOfIncident(ledgerFile, incident) };
    },
    async verifyDenied(incident, signal) {
      const { publicKey, keyId } = await hostKey(stateDirectory);
      const { problems: chain } = await verifyLedger(ledgerFile, publicKey);
      const { files, bytes, problems: own } = await verifyFrames(stateDirectory, incident, signal);
      if (files === 0 && own.length === 0) throw noneDenied(incident);
      const problems: VerifyProblem[] = [...own, ...chain];
      const ok = problems.length === 0;
      await ledger.append('verify', null, { incident, ok: String(ok), problems: String(problems.length) });
      return { bundle: incident, ok, filesChecked: files, bytesChecked: bytes, keyId, problems };
    },
    async exportDenied(incident, output) {
      if ((await denied(incident)).length === 0) throw noneDenied(incident);
      const exported = await exportFrames(stateDirectory, incident, output);
      await ledger.append('export', null, { incident, output, files: String(exported.files) });
      return exported;
    },
  };
}

function noneDenied(incident: string): PristineError {
  return new PristineError(
    'E_NO_SUCH_BUNDLE',
    `there is neither a bundle nor a refused file of ${incident}`,
    {
      next: 'See with "pristine incidents" and "pristine evidence denied" what there is.',
    },
  );
}
