/** What kinds of places the Filesystem Hierarchy Standard knows, and what files are by their names. */

/** What lies there may vanish when a container ends (FHS 3.0: /run, /tmp, /var/tmp, /var/cache, /var/lock, /var/log). */
const SHORT_LIVED = ['/run', '/tmp', '/var/tmp', '/var/cache', '/var/lock', '/var/log', '/var/run', '/dev'];

/** Programs and their settings: places that a plan opens only when there is no other way. */
const PROGRAMS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr', '/boot'];

/** Never mounted over as a whole. */
const UNTOUCHABLE = new Set([
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/var',
  '/etc/ssl',
]);

/** Files that only say that something runs. */
const RUNTIME_NAME = /(\.pid|\.lock|\.lck|\.sock|\.socket|^lock|\.swp|\.tmp)$/i;

/** Compiled forms that an interpreter puts beside its sources when it can, and does without otherwise. */
const SPARE_CACHE = /\/__pycache__(\/|$)/;

export function isShortLived(path: string): boolean {
  return SHORT_LIVED.some((place) => isWithin(path, place));
}

export function isProgramPlace(path: string): boolean {
  return PROGRAMS.some((place) => isWithin(path, place));
}

export function isUntouchable(path: string): boolean {
  return UNTOUCHABLE.has(path) || ['/proc', '/sys'].some((place) => isWithin(path, place));
}

export function isRuntimeFile(path: string): boolean {
  return RUNTIME_NAME.test(path.slice(path.lastIndexOf('/') + 1));
}

export function isSpareCache(path: string): boolean {
  return SPARE_CACHE.test(path);
}

export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place === '/' ? '/' : `${place}/`);
}
