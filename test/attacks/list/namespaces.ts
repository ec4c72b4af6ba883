/** Filesystems that are mounted later, and namespaces; most need CAP_SYS_ADMIN, which containers do not have by default. */
import type { Attack } from '../attack.ts';

const LATER = 'Mounts that appear in the container are watched as soon as the kernel tells of them.';
const ELSEWHERE =
  'A mount namespace of its own hides mounts from the guard. It needs CAP_SYS_ADMIN, or user namespaces, which Docker’s seccomp filter refuses.';

const mounted = (id: string, title: string, run: string, more: Partial<Attack> = {}): Attack => ({
  id,
  title,
  technique: 'T1564',
  where: 'admin',
  expected: 'denied',
  why: LATER,
  run,
  ...more,
});

export const NAMESPACES: Attack[] = [
  mounted(
    'bind-over',
    'a file bound over an image’s program',
    'put program $W/x; mount --bind $W/x $V; $V; umount $V',
    {
      why: 'What is executed is judged by the file itself, not by its path.',
    },
  ),
  mounted(
    'bind-elsewhere',
    'run through a bind mount of its folder',
    'put program $W/x; mkdir $W/m; mount --bind $W $W/m; $W/m/x; umount $W/m',
    {
      why: 'The whole filesystem is watched, through every mount of it.',
    },
  ),
  mounted(
    'tmpfs-later',
    'a tmpfs mounted after the guard began',
    'mount -t tmpfs t $W; put program $W/x; $W/x; umount $W',
  ),
  mounted(
    'ramfs-later',
    'a ramfs mounted after the guard began',
    'mount -t ramfs t $W; put program $W/x; $W/x; umount $W',
  ),
  mounted(
    'overlay-in-overlay',
    'an overlay of the attacker’s own, on a tmpfs',
    'mount -t tmpfs t $W; mkdir $W/u $W/w $W/m; mount -t overlay o -o lowerdir=/opt/lib,upperdir=$W/u,workdir=$W/w $W/m; put program $W/m/x; $W/m/x; umount $W/m $W',
  ),
  mounted(
    'mount-namespace',
    'a tmpfs in a mount namespace of its own',
    `unshare -m sh -c 'mount -t tmpfs t $W; printenv program | base64 -d > $W/x; chmod 755 $W/x; $W/x'`,
    {
      expected: 'not-covered',
      why: ELSEWHERE,
    },
  ),
  mounted(
    'user-namespace',
    'a tmpfs in a user and mount namespace of its own',
    `unshare -Urm sh -c 'mount -t tmpfs t $W; printenv program | base64 -d > $W/x; chmod 755 $W/x; $W/x'`,
    {
      where: 'unconfined',
      user: 'www-data',
      expected: 'not-covered',
      why: ELSEWHERE,
    },
  ),
  mounted(
    'mount-namespace-layer',
    'run from the container’s layer in a mount namespace of its own',
    `put program $W/x; unshare -m $W/x`,
    {
      why: 'The container’s layer is watched in every mount namespace.',
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
