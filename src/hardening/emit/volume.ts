import { gzipSync } from 'node:zlib';
import { type PlannedMount, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { imageOf } from './raw.ts';
import { shellWord } from './shell.ts';

/** A line that makes the volume for a place, and gives it its owner where the image does not. */
export function volumeLine(details: ContainerDetails, mount: PlannedMount): string {
  const { uid, gid, mode, hydrated, path } = mount;
  const volume = plannedVolumeName(details.name, path);
  const create = `docker volume create ${shellWord(volume)} >/dev/null`;
  if (hydrated || (uid === 0 && gid === 0 && mode === 0o755)) return create;
  const helper = shellWord(`${volume}-owner`);
  // By the engine's archive call: the image may have neither chown nor a shell.
  const mounted = shellWord(`type=volume,source=${volume},target=/${FOLDER},volume-nocopy`);
  return [
    create,
    `docker create --name ${helper} --mount ${mounted} ${shellWord(imageOf(details))} none >/dev/null`,
    `echo ${ownerArchive(mount)} | base64 -d | docker cp - ${helper}:/ >/dev/null 2>&1`,
    `docker rm ${helper} >/dev/null`,
  ].join(' && ');
}

const FOLDER = 'volume';

/** An archive of one folder that is owned so, as `docker cp` takes it (POSIX ustar, gzip), in base64. */
function ownerArchive({ uid, gid, mode }: PlannedMount): string {
  const header = Buffer.alloc(512);
  const put = (text: string, at: number) => header.write(text, at, 'latin1');
  const number = (value: number, length: number) => value.toString(8).padStart(length - 1, '0');
  put(`${FOLDER}/`, 0);
  put(number(mode, 8), 100);
  put(number(uid, 8), 108);
  put(number(gid, 8), 116);
  put(number(0, 12), 124);
  put(number(0, 12), 136);
  put(' '.repeat(8), 148);
  put('5ustar\u000000', 156);
  put(
    `${number(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )}\u0000 `,
    148,
  );
  return gzipSync(Buffer.concat([header, Buffer.alloc(1024)])).toString('base64');
}
