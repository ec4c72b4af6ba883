/** What processes cost, from /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** A process and all that descend from it. */
export async function descendants(pid: number): Promise<number[]> {
  const children = Map.groupBy(await processes(), ({ parent }) => parent);
  const found = [pid];
  for (const one of found) for (const child of children.get(one) ?? []) found.push(child.pid);
  return found;
}

async function processes(): Promise<{ pid: number; parent: number }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (name) => {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      // The name of the program, in parentheses, can hold anything.
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { pid: Number(name), parent: Number(parent) };
    }),
  );
  return found;
}

/** Time on a processor so far, of all threads, in milliseconds (proc(5): /proc/PID/schedstat). */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
      nanoseconds += Number(text.split(' ')[0]);
    }
  }
  return nanoseconds / 1e6;
}

/**
 * Resident memory of some processes in MB (proc(5): smaps_rollup). `rss` counts a page in each process that has it.
 * `once` counts pages of files, such as those of Node.js itself, for the process that has most of them alone, which
 * is what the processes need where no other runs the same program; `pss` would share them out to others as well.
 */
export async function memoryMb(pids: readonly number[]): Promise<{ rss: number; pss: number; once: number }> {
  let [rss, pss, anonymous, files] = [0, 0, 0, 0];
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const kilobytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    rss += kilobytes('Rss');
    pss += kilobytes('Pss');
    anonymous += kilobytes('Anonymous');
    files = Math.max(files, kilobytes('Rss') - kilobytes('Anonymous'));
  }
  return { rss: rss / 1024, pss: pss / 1024, once: (anonymous + files) / 1024 };
}
