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
    'detached',
    'a tmpfs that is mounted in no namespace (fsmount(2))',
    'raw program | /opt/tools/descriptor detached $W',
    {
      expected: 'not-covered',
      why: 'A filesystem that is mounted nowhere is seen by nobody. It needs CAP_SYS_ADMIN.',
    },
  ),
];
