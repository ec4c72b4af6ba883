/** What kinds of places the Filesystem Hierarchy Standard knows, and what files are by their names. */
import { isWithin } from '../../kernel/index.ts';

/** What lies there may vanish when a container ends (FHS 3.0: /run, /tmp, /var/tmp, /var/cache, /var/lock, /var/log). */
const SHORT_LIVED = ['/run', '/tmp', '/var/tmp', '/var/cache', '/var/lock', '/var/log', '/var/run', '/dev'];

/** What lies there is made to stay (FHS 3.0: /var/lib, /srv, /home, …), also what a program makes at its first start. */
const STATE = ['/var/lib', '/srv', '/data', '/home', '/opt', '/root', '/var/spool', '/var/mail', '/var/www'];

/** Never mounted over as a whole. */
const UNTOUCHABLE = new Set([
  ...['/', '/proc', '/sys', '/dev', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'],
  ...['/boot', '/var'],
]);

/** Folders of many programs, which have nothing to do with each other. */
const SHARED = new Set([
  ...SHORT_LIVED,
  ...STATE,
  ...['/etc', '/usr/local', '/usr/share', '/usr/lib', '/usr/local/share', '/usr/local/lib', '/mnt', '/media'],
]);

/** Files that only say that something runs. */
const RUNTIME_NAME = /(\.pid|\.lock|\.lck|\.sock|\.socket|^lock|\.swp|\.tmp)$/i;

/** Compiled forms that an interpreter puts beside its sources when it can, and does without otherwise. */
const SPARE_CACHE = /\/__pycache__(\/|$)/;

/** Sources that an interpreter runs, and what a runtime loads. */
const CODE_NAME = /\.(php|phtml|py|pyc|pl|pm|rb|js|mjs|cjs|ts|jsp|lua|sh|jar|war|class|so(\.\d+)*|dll)$/i;

/** What a mount's options, a list of them or JSON cannot hold in a path, or nobody could read. */
const AWKWARD = /[:,"'\\$\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

export function isShortLived(path: string): boolean {
  return SHORT_LIVED.some((place) => isWithin(path, place));
}

export function isStatePlace(path: string): boolean {
  return STATE.some((place) => isWithin(path, place));
}

export function isUntouchable(path: string): boolean {
  return UNTOUCHABLE.has(path) || ['/proc', '/sys'].some((place) => isWithin(path, place));
}

export function isSharedFolder(path: string): boolean {
  return isUntouchable(path) || SHARED.has(path);
}

export function isRuntimeFile(path: string): boolean {
  return RUNTIME_NAME.test(path.slice(path.lastIndexOf('/') + 1));
}

export function isSpareCache(path: string): boolean {
  return SPARE_CACHE.test(path);
}

export function isCodeName(path: string): boolean {
  return CODE_NAME.test(path);
}

/** Whether a folder of this name can be mounted; a container may call its files as it likes. */
export function isMountableName(name: string): boolean {
  return !AWKWARD.test(name);
}
