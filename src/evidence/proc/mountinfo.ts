/** /proc/PID/mountinfo (proc(5)). */
import { decodePathBytes } from '../../kernel/index.ts';

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
  return bytes
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [own = '', filesystem = ''] = line.split(' - ');
      const [id, parent, device, root, path, options] = own.split(' ');
      const [type, source, superOptions] = filesystem.split(' ');
      if (path === undefined || type === undefined) return [];
      return {
        id: Number(id),
        parent: Number(parent),
        device: device ?? '',
        root: unescaped(root ?? ''),
        path: unescaped(path),
        options: options ?? '',
        type,
        source: unescaped(source ?? ''),
        superOptions: unescaped(superOptions ?? ''),
      };
    });
}

/** Space, tab, newline and backslash stand as `\ooo`. */
function unescaped(text: string): string {
  const bytes = text.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
  return decodePathBytes(Buffer.from(bytes, 'latin1'));
}
