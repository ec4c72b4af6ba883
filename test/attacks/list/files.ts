/** A program is dropped somewhere and run. */
import type { Attack, Surroundings } from '../attack.ts';

const DRIFT = 'A file that the image does not hold is not executed, wherever it lies.';

/** Drops the static program at a path and runs it. */
function dropped(id: string, title: string, path: string, more: Partial<Attack> = {}): Attack {
  const run = `put program ${path}; ${path}; rm -f ${path}`;
  return { id, title, technique: 'T1105', where: 'default', expected: 'denied', why: DRIFT, run, ...more };
}

const inMounts = { where: 'mounts' } as const satisfies { where: Surroundings };
const ENGINE_FILE = {
  why: 'The three files that the engine binds into /etc are watched as mounts of their own.',
};

/** The engine's file is mounted from the host, writable and executable. */
const engineFile = (name: string) =>
  dropped(`etc-${name}`, `/etc/${name} overwritten with a program`, `/etc/${name}`, {
    ...ENGINE_FILE,
    run: `put program /etc/${name}; /etc/${name}`,
  });

export const FILES: Attack[] = [
  dropped('tmp', 'dropped into /tmp', '$W/x'),
  dropped('tmp-www-data', 'dropped into /tmp by the web server’s user', '$W/x', { user: 'www-data' }),
  dropped('tmp-dynamic', 'dropped into /tmp, dynamically linked', '$W/x', {
    run: 'put dynamic $W/x; $W/x',
  }),
  dropped('var-tmp', 'dropped into /var/tmp', '/var/tmp/attack-var-tmp-$N'),
  dropped(
    'web-upload',
    'dropped into an upload folder of the web server',
    '/var/www/html/uploads/attack-web-upload-$N',
    {
      user: 'www-data',
    },
  ),
  dropped(
    'usr-local',
    'dropped into /usr/local/bin, ahead of the image’s program of that name',
    '/usr/local/bin/id',
    {
      technique: 'T1574.007',
      run: 'put program /usr/local/bin/id; sh -c id; rm -f /usr/local/bin/id',
    },
  ),
  dropped('dev', 'dropped into /dev, a tmpfs that is executable by default', '/dev/attack-dev-$N'),
  dropped('dev-shm-remounted', 'dropped into /dev/shm, remounted executable', '/dev/shm/attack-dev-shm-$N', {
    where: 'admin',
    why: 'Every tmpfs of the container is watched, and stays so when it is remounted.',
    run: 'mount -o remount,exec /dev/shm; put program /dev/shm/attack-dev-shm-remounted-$N; /dev/shm/attack-dev-shm-remounted-$N',
  }),
  engineFile('hosts'),
  engineFile('hostname'),
  engineFile('resolv.conf'),
  dropped('tmpfs', 'dropped into an executable tmpfs', '/mem/attack-tmpfs-$N', inMounts),
  dropped('volume', 'dropped into a volume', '/vol/attack-volume-$N', {
    ...inMounts,
    why: 'Volumes are exec-deny by default: programs in them are not executed.',
  }),
  dropped('bind', 'dropped into a folder of the host', '/bind/attack-bind-$N', {
    ...inMounts,
    why: 'Binds are exec-deny by default, as volumes are.',
  }),
  dropped('volume-link', 'hard link to a file in a volume', '/vol/attack-volume-link-$N', {
    ...inMounts,
    run: 'put program /vol/attack-volume-link-$N; mkdir -p /vol/d; ln /vol/attack-volume-link-$N /vol/d/attack-volume-link-$N; /vol/d/attack-volume-link-$N',
  }),
  dropped('spoofed-name', 'a name that ends in " (deleted)", as the kernel marks unlinked files', '$W/x', {
    technique: 'T1036',
    run: 'put program "$W/true (deleted)"; "$W/true (deleted)"',
  }),
  dropped('hostile-name', 'a name with a line break, quotes and bytes that are not UTF-8', '$W/x', {
    technique: 'T1036',
    run: `name=$(printf 'a\\n{"type":"x"}\\377\\033[2J'); put program "$W/$name"; "$W/$name"`,
  }),
  dropped('setuid', 'a setuid copy', '$W/x', {
    technique: 'T1548.001',
    run: 'put program $W/x; chmod 4755 $W/x; setpriv --reuid 33 --clear-groups $W/x',
  }),
  dropped('setcap', 'a program with file capabilities', '$W/x', {
    technique: 'T1548',
    run: 'put program $W/x; setcap cap_net_raw+ep $W/x; $W/x',
  }),
  dropped('tar', 'extracted from a tar archive', '$W/x', {
    technique: 'T1140',
    run: 'raw tar | tar -C $W -x; $W/program',
  }),
  dropped('cpio', 'extracted from a cpio archive', '$W/x', {
    technique: 'T1140',
    run: 'cd $W; raw cpio | cpio --quiet -i; ./program',
  }),
  dropped('unzip', 'extracted from a zip archive', '$W/x', {
    technique: 'T1140',
    run: 'raw zip > $W/a.zip; unzip -q $W/a.zip -d $W; $W/program',
  }),
  dropped('gcc', 'compiled and linked in the container', '$W/x', {
    technique: 'T1027.004',
    run: 'printenv source | gcc -x c -o $W/x -; $W/x',
    most: 25,
  }),
  dropped('as-ld', 'assembled and linked step by step', '$W/x', {
    technique: 'T1027.004',
    run: 'printenv source | gcc -x c -S -o $W/x.s -; as -o $W/x.o $W/x.s; gcc -o $W/x $W/x.o; $W/x',
    most: 25,
  }),
  dropped('find-exec', 'run by find -exec', '$W/x', {
    technique: 'T1218',
    run: 'put program $W/x; find $W -name x -exec {} \\;',
  }),
  dropped('tar-checkpoint', 'run by tar --checkpoint-action', '$W/x', {
    technique: 'T1218',
    run: 'put program $W/x; tar -cf /dev/null --checkpoint=1 --checkpoint-action=exec=$W/x /etc/passwd',
  }),
  dropped('chroot', 'run in a chroot of its own', '$W/x', {
    technique: 'T1564',
    run: 'put program $W/x; chroot $W /x',
  }),
  dropped('docker-root-path', 'run by its path through /proc/PID/root', '$W/x', {
    technique: 'T1036',
    run: 'put program $W/x; /proc/1/root$W/x',
  }),
  dropped(
    'working-folder',
    'run by its path through /proc/PID/cwd, the folder having lost its name',
    '$W/x',
    {
      technique: 'T1036',
      run: 'mkdir $W/d; cd $W/d; put program x; mv $W/d $W/e; /proc/self/cwd/x',
    },
  ),
  dropped('symlink', 'run through a link with the name of an image’s program', '$W/x', {
    technique: 'T1036',
    run: 'put program $W/x; ln -sf $W/x /usr/local/bin/ls-$N; /usr/local/bin/ls-$N',
  }),
  dropped('cron', 'dropped, and run by the cron daemon', '/etc/cron.d/attack', {
    technique: 'T1053.003',
    most: 1,
    run: 'put program $W/x; echo "* * * * * root $W/x > $W/out" > /etc/cron.d/attack; timeout 65 cron -f; cat $W/out; rm /etc/cron.d/attack',
  }),
];
