/** Filesystems that are mounted later, and namespaces; most need CAP_SYS_ADMIN, which containers do not have by default. */
import type { Attack } from '../attack.ts';

const LATER = 'Mounts that appear in the container are watched once the kernel has told of them.';
const AT_ONCE =
  'Between the mount and the moment when the guard has heard of it, nothing is refused there. It needs CAP_SYS_ADMIN.';
const ELSEWHERE =
  'Mounts in a namespace of their own are not seen, or late. It needs CAP_SYS_ADMIN, or user namespaces, which Docker’s seccomp filter refuses.';

const mounted = (id: string, title: string, run: string, more: Partial<Attack> = {}): Attack => ({
  ...{ id, title, technique: 'T1564', where: 'admin', expected: 'denied', why: LATER, run },
  ...more,
});

/** A filesystem that is mounted: the program is run at once, or when the guard had time to hear of the mount. */
function later(id: string, title: string, mount: string, place: string): Attack[] {
  const unmount = 'umount -R $W';
  return [
    mounted(
      `${id}-later`,
      `${title}, a second later`,
      `${mount}; sleep 1; put program ${place}; ${place}; ${unmount}`,
      {
        most: 30,
      },
    ),
    mounted(`${id}-at-once`, `${title}, at once`, `${mount}; put program ${place}; ${place}; ${unmount}`, {
      expected: 'not-covered',
      window: true,
      why: AT_ONCE,
    }),
  ];
}

const READ_ONLY = (from: string, to: string) => `mount --bind ${from} ${to}; mount -o remount,ro,bind ${to}`;
const TMPFS = 'mount -t tmpfs t $W';
const IN_NAMESPACE = `sh -c 'mount -t tmpfs t $W; printenv program | base64 -d > $W/x; chmod 755 $W/x; $W/x'`;
const elsewhere = { expected: 'not-covered', window: true, why: ELSEWHERE } as const;

export const NAMESPACES: Attack[] = [
  mounted(
    'bind-over',
    'a file bound over an image’s program',
    'put program $W/x; mount --bind $W/x $V; $V; umount $V',
    { why: 'What is executed is judged by the file itself, not by its path.' },
  ),
  mounted(
    'bind-elsewhere',
    'run through a bind mount of its folder',
    'put program $W/x; mkdir $W/m; mount --bind $W $W/m; $W/m/x; umount $W/m',
    { why: 'The whole filesystem is watched, through every mount of it.' },
  ),
  ...later('tmpfs', 'a tmpfs mounted after the guard began', TMPFS, '$W/x'),
  ...later('ramfs', 'a ramfs mounted after the guard began', 'mount -t ramfs t $W', '$W/x'),
  ...later(
    'overlay',
    'an overlay of the attacker’s own',
    `${TMPFS}; mkdir $W/u $W/w $W/m; mount -t overlay o -o lowerdir=/opt/lib,upperdir=$W/u,workdir=$W/w $W/m`,
    '$W/m/x',
  ),
  mounted(
    'volume-rebound',
    'a volume bound to another place, a second later',
    'F=attack-volume-rebound-$N; put program /vol/$F; mount --bind /vol $W; sleep 1; $W/$F; umount $W',
    { most: 30 },
  ),
  mounted(
    'volume-rebound-read-only',
    'a volume bound read-only to another place, a second later',
    `F=attack-volume-rebound-read-only-$N; put program /vol/$F; ${READ_ONLY('/vol', '$W')}; sleep 1; $W/$F; umount $W`,
    { most: 30 },
  ),
  mounted(
    'hosts-rebound-read-only',
    '/etc/hosts bound read-only to another place, a second later',
    `put program /etc/hosts; : > $W/h; ${READ_ONLY('/etc/hosts', '$W/h')}; sleep 1; $W/h; umount $W/h`,
    { most: 30 },
  ),
  mounted(
    'mount-namespace',
    'a tmpfs in a mount namespace of its own',
    `unshare -m ${IN_NAMESPACE}`,
    elsewhere,
  ),
  mounted(
    'user-namespace',
    'a tmpfs in a user and mount namespace of its own',
    `unshare -Urm ${IN_NAMESPACE}`,
    { ...elsewhere, where: 'unconfined', user: 'www-data' },
  ),
  mounted(
    'mount-namespace-layer',
    'run from the container’s layer in a mount namespace of its own',
    'put program $W/x; unshare -m $W/x',
    { why: 'The container’s layer is watched in every mount namespace.' },
  ),
  mounted(
    'leave-control-group',
    'run by a process that left the container’s control groups',
    `C=/mnt; { mount -t cgroup2 c $C || mount -t tmpfs t $C; } 2>/dev/null; for G in $(cut -d: -f2 /proc/self/cgroup | grep .); do mkdir -p $C/$G; mount -t cgroup -o $G c $C/$G; done 2>/dev/null
put program $W/x; sh -c 'for P in /mnt/cgroup.procs /mnt/*/cgroup.procs; do echo $$ > $P; done 2>/dev/null; exec $W/x'; umount -R $C`,
    {
      technique: 'T1611',
      why: 'A process is known by its mount namespace or root, too, not by its control groups alone.',
    },
  ),
  mounted(
    'detached',
    'a tmpfs that is mounted in no namespace (fsmount(2))',
    'raw program | /opt/tools/descriptor detached $W',
    {
      expected: 'not-covered',
      why: 'A filesystem that is mounted nowhere is seen by nobody. It needs CAP_SYS_ADMIN.',
    },
  ),
];
