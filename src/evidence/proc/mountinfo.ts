/** /proc/PID/mountinfo (proc(5)). */
import { decodePathBytes } from '../../kernel/index.ts';
import { mountInfoLines } from '../../linux/index.ts';

export interface MountPoint {
  readonly id: number;
  readonly parent: number;
  /** `major:minor`. */
  readonly device: string;
  /** What of the filesystem is mounted. */
  readonly root: string;
  /** Where, in the process's view. */
  readonly path: string;
  readonly options: string;
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

export function parseMountInfo(bytes: Buffer): MountPoint[] {
  return mountInfoLines(bytes.toString('latin1'))
    .filter(({ type }) => type !== '')
    .map(({ tags: _, ...line }) => ({
      ...line,
      root: decoded(line.root),
      path: decoded(line.path),
      source: decoded(line.source),
      superOptions: decoded(line.superOptions),
    }));
}

function decoded(bytes: string): string {
  return decodePathBytes(Buffer.from(bytes, 'latin1'));
}
