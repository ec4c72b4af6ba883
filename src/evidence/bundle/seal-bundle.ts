import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleManifest } from '../../contract/index.ts';
import { syncFolder } from '../../linux/index.ts';
import type { Appended, Ledger } from '../ledger/ledger.ts';
import { hostKey } from '../seal/host-key.ts';
import { writeSeal } from '../seal/seal.ts';
import { LEDGER_FILE } from '../seal/statement.ts';
import type { BundleBuilder } from './builder.ts';

/** Room for the bundle's piece of the ledger, taken before the ledger says `seal`, so that no full disk comes between. */
const RESERVED = 64 * 1024;

export interface SealRequest {
  readonly folder: string;
  readonly builder: BundleBuilder;
  readonly stateDirectory: string;
  readonly manifest: BundleManifest;
  readonly ledger: Ledger;
  /** The ledger's entry of the capture. */
  readonly begun: Appended;
}

/** Signs a bundle's manifest, records that in the ledger, puts the ledger's piece into the bundle, all on disk. */
export async function sealBundle(request: SealRequest): Promise<void> {
  const { folder, builder, stateDirectory, manifest, ledger, begun } = request;
  const digest = await writeSeal(folder, manifest, await hostKey(stateDirectory));
  await using file = await open(join(folder, LEDGER_FILE), 'wx', 0o600);
  await file.write(Buffer.alloc(RESERVED));
  await Promise.all([file.sync(), builder.sync()]);
  // The folder itself has got the seal and the room for the ledger's piece meanwhile.
  await syncFolder(folder);
  const sealed = await ledger.append('seal', manifest.bundle, { seal: digest });
  const segment = await ledger.segment(begun, sealed);
  await file.write(segment, 0, segment.length, 0);
  await file.truncate(segment.length);
  await file.sync();
}
