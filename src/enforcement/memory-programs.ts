import { readlinkSync } from 'node:fs';
import { run } from '../host/index.ts';
import { messageOf } from '../kernel/index.ts';

/** What became of {@link forbidMemoryPrograms}. */
export interface MemoryPrograms {
  /** Why they are not refused, as a sentence; null when they are. */
  readonly gap: string | null;
  /** Puts the setting back as it was. Does nothing once the container has ended. */
  restore(): Promise<void>;
}

const SETTING = '/proc/sys/vm/memfd_noexec';
/** memfd_create(2) with MFD_EXEC fails, and without it gives a file that cannot be run (Linux 6.3). */
const REFUSE = '2';

/**
 * Has the kernel refuse programs that live in memory alone, to one container: the sysctl `vm.memfd_noexec` belongs
 * to a pid namespace. It is written by a program of the host from within that namespace; the container itself
 * cannot write it, as its /proc/sys is read-only.
 *
 * @param pid of the container's init
 */
export async function forbidMemoryPrograms(pid: number): Promise<MemoryPrograms> {
  const nothing = { restore: () => Promise.resolve() };
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid')) {
      const gap =
        'Programs that live in memory alone are not refused: the container shares the pid namespace of the host.';
      return { gap, ...nothing };
    }
    const before = await inNamespace(pid, `cat ${SETTING} && echo ${REFUSE} >${SETTING}`);
    if (before.error !== null) return { gap: gap(before.error), ...nothing };
    if (before.text === REFUSE) return { gap: null, ...nothing };
    return {
      gap: null,
      restore: async () => {
        if (/^\d$/.test(before.text)) await inNamespace(pid, `echo ${before.text} >${SETTING}`);
      },
    };
  } catch (error) {
    return { gap: gap(messageOf(error)), ...nothing };
  }
}

async function inNamespace(pid: number, script: string): Promise<{ text: string; error: string | null }> {
  const { code, stdout, stderr } = await run('nsenter', [
    `--target=${pid}`,
    '--pid',
    '--',
    '/bin/sh',
    '-c',
    script,
  ]);
  return { text: stdout.trim(), error: code === 0 ? null : stderr.trim() || `nsenter ended with ${code}` };
}

function gap(why: string): string {
  return `Programs that live in memory alone are not refused: ${why}.`;
}
