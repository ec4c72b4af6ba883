/** A program of the image is changed, replaced, moved or copied. */
import type { Attack } from '../attack.ts';

const COPIED_UP =
  'A file of the image that was written to lies in the container’s own layer, and is the image’s no longer.';
const NOT_THE_SAME =
  'Only the image’s own file is executed, known by its inode; a copy or another name of it is drift.';

function changed(id: string, title: string, run: string, more: Partial<Attack> = {}): Attack {
  return {
    id,
    title,
    technique: 'T1554',
    where: 'default',
    expected: 'denied',
    why: COPIED_UP,
    run,
    ...more,
  };
}

/** The image's program runs first, so that it is known; then its content is put in by one of the kernel's ways. */
const overwritten = (method: string, title: string, more: Partial<Attack> = {}) =>
  changed(
    `overwrite-${method}`,
    `an image’s program overwritten by ${title}`,
    `$V; raw program | /opt/tools/overwrite ${method} $V; $V`,
    more,
  );

const same = { why: NOT_THE_SAME };
const untouched = {
  expected: 'allowed',
  technique: '-',
  why: 'A copy in the container’s layer whose content is the image’s, without more privileges, is the image’s.',
} as const;

export const IMAGE_FILES: Attack[] = [
  changed('overwrite-cat', 'an image’s program overwritten by a shell', '$V; put program $V; $V'),
  changed(
    'overwrite-dd',
    'an image’s program overwritten in place by dd',
    '$V; raw program | dd of=$V conv=notrunc status=none; $V',
  ),
  overwritten('mmap', 'stores into a shared mapping'),
  overwritten('copy-file-range', 'copy_file_range(2)'),
  overwritten('sendfile', 'sendfile(2)'),
  overwritten('splice', 'splice(2)'),
  overwritten('vmsplice', 'vmsplice(2) and splice(2)'),
  overwritten('aio', 'asynchronous input and output (io_submit(2))'),
  overwritten('uring', 'io_uring, which also opens it', {
    where: 'unconfined',
    why: `${COPIED_UP} Docker’s seccomp filter refuses io_uring by default, so this is tried without the filter.`,
  }),
  overwritten('collapse', 'cutting a page out of it (fallocate(2))'),
  overwritten('direct', 'O_DIRECT'),
  overwritten('pwritev2', 'pwritev2(2)'),
  overwritten('reopen', 'opening it anew through /proc/self/fd'),
  changed(
    'held-mapping',
    'an image’s program run while another process has it mapped for writing',
    '$V; mkfifo $W/f; raw program | /opt/tools/overwrite held $V > $W/f & read -r line < $W/f; $V; kill $!',
  ),
  changed(
    'rename-over',
    'another file renamed over an image’s program',
    '$V; put program $W/x; mv -f $W/x $V; $V',
  ),
  changed('unlink-and-make', 'an image’s program unlinked and made anew', '$V; rm $V; put program $V; $V'),
  changed(
    'symlink-over',
    'a link in place of an image’s program',
    '$V; put program $W/x; ln -sf $W/x $V; $V',
  ),
  changed(
    'hook',
    'a script of the image overwritten',
    '/opt/scripts/hook; text shell $W/t; { echo "#!/bin/sh"; printenv shell; } > /opt/scripts/hook; /opt/scripts/hook',
  ),
  changed(
    'image-library',
    'a library of the image overwritten',
    '/opt/tools/uses-ordinary; put library /opt/lib/libordinary.so; /opt/tools/uses-ordinary',
    {
      why: 'The dynamic loader is refused files that are not from the image.',
      most: 25,
    },
  ),
  changed('touch', 'an image’s program after touch', 'touch $V; $V $A $B', untouched),
  changed('chmod', 'an image’s program after chmod u+s', 'chmod u+s $V; $V $A $B', {
    ...same,
    technique: 'T1548.001',
  }),
  changed('chown', 'an image’s program after chown', 'chown 33 $V; $V $A $B', untouched),
  changed('copy', 'a copy of an image’s program', 'cp $V $W/x; $W/x $A $B', same),
  changed('move', 'an image’s program under another name', 'mv $V $W/x; $W/x $A $B', {
    ...same,
    technique: 'T1036.003',
  }),
  changed('hard-link', 'a hard link to an image’s program', 'ln $V $W/x; $W/x $A $B', {
    ...same,
    technique: 'T1036.003',
  }),
  changed('allowed-link', 'a symbolic link to an image’s program', 'ln -s $V $W/x; $W/x $A $B', {
    expected: 'allowed',
    technique: '-',
    why: 'What runs is the image’s own file.',
  }),
  changed(
    'allowed-descriptor',
    'an image’s program through /proc/self/fd and /proc/1/root',
    'exec 9<$V; /proc/self/fd/9 >/dev/null; /proc/1/root$V $A $B',
    {
      expected: 'allowed',
      technique: '-',
      why: 'What runs is the image’s own file.',
    },
  ),
];
