import { readdir, readFile } from 'node:fs/promises';
import { descendants } from '../harness/processes.ts';

/** What a process and its descendants have marked for fanotify (proc(5), fdinfo): `sdev:2f`, `mnt_id:1a`, `ino:…`. */
export async function fanotifyMarks(pid: number): Promise<string[]> {
  const marks: string[] = [];
  for (const process of await descendants(pid)) {
    for (const fd of await readdir(`/proc/${process}/fdinfo`).catch(() => [])) {
      const text = await readFile(`/proc/${process}/fdinfo/${fd}`, 'utf8').catch(() => '');
      for (const [, mark = ''] of text.matchAll(/^fanotify ((?:sdev|mnt_id|ino):\S+)/gm)) marks.push(mark);
    }
  }
  return marks;
}
