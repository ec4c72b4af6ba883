import { constants, copyFile, link, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../kernel/index.ts';
import { privateFolder, syncFolder } from '../../linux/index.ts';
import { sweepWork, type WorkFolder, workFolder } from '../work-folder.ts';

/** Content that bundles share, by SHA-256: `blobs/sha256/HEX` in the state directory. */
export class BlobStore {
  readonly folder: string;

  constructor(stateDirectory: string) {
    this.folder = join(stateDirectory, 'blobs', 'sha256');
  }

  path(digest: string): string {
    return join(this.folder, digest);
  }

  /** Size of a blob in bytes; null when it is not there. */
  async size(digest: string): Promise<number | null> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** A place on the same filesystem to prepare blobs in. */
  work(): Promise<WorkFolder> {
    return workFolder(this.folder);
  }

  /** Removes what killed processes have left of their work. */
  sweepWork(): Promise<void> {
    return sweepWork(this.folder);
  }

  /** Takes over a finished file whose SHA-256 is known. */
  async adopt(file: string, digest: string): Promise<void> {
    await privateFolder(this.folder);
    await rename(file, this.path(digest));
    await syncFolder(this.folder);
  }
}

/** One file under a second name; a copy where the filesystem allows no further link. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
  } catch (error) {
    if (!['EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP'].includes(systemErrorCode(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await using copy = await open(to, 'r+');
    await copy.sync();
  }
}
