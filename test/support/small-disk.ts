/** A small filesystem to fill, for tests of full disks. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Fills it until so many bytes are free. */
  leave(bytes: number): void;
  /** Takes the filling away. */
  empty(): void;
}

/** A filesystem of its own, which is unmounted at the end of the scope. @param type `ext4` lies in a file */
export function smallDisk(type: 'tmpfs' | 'ext4', megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-disk-'));
  const path = join(folder, 'disk');
  const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'pipe' });
  if (type === 'tmpfs') sh(`mkdir disk; mount -t tmpfs -o size=${megabytes}m,mode=0700 none disk`);
  else {
    // Without blocks that only root may use, as the tests are root.
    sh(`truncate -s ${megabytes}M image; mkfs.ext4 -q -m 0 image; mkdir disk; mount -o loop image disk`);
  }
  const filler = join(path, 'filler');
  const empty = () => rmSync(filler, { force: true });
  return {
    path,
    empty,
    leave(bytes) {
      empty();
      const { bavail, bsize } = statfsSync(path);
      const blocks = Math.max(0, bavail - Math.ceil(bytes / bsize));
      writeFileSync(filler, '');
      // Allocated, not written: quick however much it is. Blocks for the map of it can be missing in the end.
      if (blocks > 0) sh(`fallocate -l ${blocks * bsize} disk/filler || true`);
    },
    [Symbol.dispose]() {
      sh('umount disk');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
