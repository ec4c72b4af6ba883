/** A program runs by a descriptor, without a name, or from memory. */
import type { Attack } from '../attack.ts';

const BY_FILE =
  'What is executed is judged by the file itself; its name, or that it has none, does not matter.';
const IN_MEMORY =
  'In the container’s pid namespace vm.memfd_noexec is 2: the kernel refuses to make memory files that could be executed.';

function trick(id: string, title: string, more: Partial<Attack> = {}): Attack {
  const run = `raw program | /opt/tools/descriptor ${id} $W`;
  return {
    id,
    title,
    technique: 'T1070.004',
    where: 'default',
    expected: 'denied',
    why: BY_FILE,
    run,
    ...more,
  };
}

const inMemory = { technique: 'T1620', why: IN_MEMORY, unseen: true } as const;
const loadedFromMemory = {
  technique: 'T1620',
  expected: 'not-covered',
  why: 'vm.memfd_noexec keeps memory files from being executed, not from being mapped; no event tells of them.',
} as const;
const memfdPerl = (form: string) =>
  `perl -MMIME::Base64 -e 'my $name = "m"; my $fd = syscall(319, $name, 1); open(my $m, ">&=", $fd); syswrite($m, decode_base64($ENV{${form}})); exec {"/proc/self/fd/$fd"} "x"; die $!'`;

export const DESCRIPTORS: Attack[] = [
  trick('nameless', 'a file that never had a name (O_TMPFILE), by /proc/self/fd'),
  trick('linked', 'a file without a name that is given one (linkat(2))'),
  trick('deleted', 'unlinked, then run by its descriptor (execveat(2))'),
  trick('deleted-proc', 'unlinked, then run by /proc/self/fd'),
  trick('handed-over', 'unlinked, its descriptor handed to another process over a socket'),
  trick('deep', 'at a path longer than the kernel spells', {
    technique: 'T1564',
    unseen: true,
    why: `${BY_FILE} Such a path cannot be told: the guard reports a gap.`,
  }),
  trick('other-process', 'unlinked, then run by /proc/PID/fd of another process'),
  trick('memfd', 'a memory file (memfd_create(2)), by its descriptor', inMemory),
  trick('memfd-proc', 'a memory file, by /proc/self/fd', inMemory),
  trick('memfd-exec-flag', 'a memory file that asks to be executable (MFD_EXEC)', inMemory),
  trick('memfd-load', 'a library loaded from a memory file (dlopen(3))', {
    ...loadedFromMemory,
    run: 'raw library | /opt/tools/descriptor memfd-load $W',
  }),
  trick('memfd-preload', 'a library in a memory file, by LD_PRELOAD', {
    ...loadedFromMemory,
    run: 'raw library | /opt/tools/descriptor memfd-preload $W',
  }),
  trick('memfd-perl', 'a memory file made by Perl, as the usual droppers do', {
    ...inMemory,
    run: memfdPerl('program'),
  }),
  trick('memfd-perl-dynamic', 'a memory file made by Perl, dynamically linked', {
    ...inMemory,
    run: memfdPerl('dynamic'),
  }),
  trick('memfd-reset', 'the same, after an attempt to reset vm.memfd_noexec', {
    ...inMemory,
    run: 'echo 0 2>/dev/null > /proc/sys/vm/memfd_noexec; raw program | /opt/tools/descriptor memfd $W',
  }),
  trick('memfd-reset-admin', 'the same, by a /proc that the attacker mounted', {
    technique: 'T1620',
    where: 'admin',
    expected: 'not-covered',
    why: 'With CAP_SYS_ADMIN the container’s root can set vm.memfd_noexec back.',
    run: 'mount -t proc p /mnt; echo 0 > /mnt/sys/vm/memfd_noexec; umount /mnt; raw program | /opt/tools/descriptor memfd $W',
  }),
];
