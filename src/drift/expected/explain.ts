import type { Policy } from '../../contract/index.ts';
import { isExactPath, matchesGlob } from '../../kernel/index.ts';
import { lostLines } from '../logs.ts';
import { deception, hiddenSegment } from '../names.ts';
import { isPackageRecord } from '../packages.ts';
import { baseName, extension, folderOf, isUnder, linkDestination, physical } from '../paths.ts';
import { isLog, isTemporaryFolder, isWebContent } from '../places.ts';
import { runnable } from '../runnable.ts';
import type { Subject } from '../subject.ts';
import { CACHE_FOLDERS, DATABASE_FOLDERS, STATE_FILES } from './data-folders.ts';

/**
 * Why a change is expected, in one sentence; null when nothing explains it. A place explains only data:
 * whatever could be run, loaded or interpreted, has a deceptive or hidden name, lost log lines or leads out of
 * its place is never expected, and of the policy's globs only one that spells out the exact path excuses it.
 */
export function explainExpected(subject: Subject, policy: Pick<Policy, 'allow'>): string | null {
  const { change } = subject;
  if (change.identical) return 'It was copied up without any change of content or attributes.';
  if (change.mountpoint === true) return 'The engine made it as a place to mount something on.';
  return explainByPolicy(subject, policy) ?? explainByEngine(subject) ?? explainByPlace(subject);
}

function explainByPolicy(subject: Subject, policy: Pick<Policy, 'allow'>): string | null {
  const { path, after } = subject.change;
  // A hostile file may be named like one of the globs: only patterns without wildcards name a path exactly.
  const exact = policy.allow.find((pattern) => pattern === path && isExactPath(pattern));
  if (exact !== undefined) return `The policy allows exactly ${exact}.`;
  if (runnable(subject) !== null || after?.type === 'symlink' || deception(path) !== null) return null;
  const glob = policy.allow.find((pattern) => matchesGlob(pattern, path));
  return glob === undefined ? null : `The policy allows ${glob}.`;
}

/** Empty files that engines put into a container's root to mount the real ones on. */
const ENGINE_FILES = ['/.dockerenv', '/run/.containerenv', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

function explainByEngine({ change: { path, kind, after } }: Subject): string | null {
  if (kind !== 'A') return null;
  if (
    after?.type === 'file' &&
    after.size === 0 &&
    (after.mode & 0o6000) === 0 &&
    ENGINE_FILES.includes(path)
  ) {
    return 'The engine puts an empty file here.';
  }
  if (path === '/etc/mtab' && after?.type === 'symlink' && after.target === '/proc/mounts') {
    return 'The engine links the list of mounts here.';
  }
  return null;
}

function explainByPlace(subject: Subject): string | null {
  const { change } = subject;
  const path = physical(change.path);
  if (deception(path) !== null) return null;
  if (isTimeOfDirectory(subject)) return 'The time of a directory changes whenever an entry comes or goes.';
  if (hiddenSegment(path) !== undefined || lostLines(subject) !== null || runnable(subject) !== null)
    return null;
  if (isPackageRecord(change)) return null;
  const place = placeOf(subject, path);
  if (place === null) return null;
  if (change.after?.type === 'symlink' && !staysIn(place.folder, path, change.after.target ?? ''))
    return null;
  return place.because;
}

interface Place {
  /** Where a link may lead. */
  readonly folder: string;
  readonly because: string;
}

function placeOf(subject: Subject, path: string): Place | null {
  const { change } = subject;
  const database = DATABASE_FOLDERS.find(([folder]) => isUnder(path, folder));
  if (database !== undefined) return { folder: database[0], because: `${database[1]} keeps its data here.` };
  const cache = CACHE_FOLDERS.find(([folder]) => isUnder(path, folder));
  if (cache !== undefined) return { folder: cache[0], because: `${cache[1]} here.` };
  if (isWebContent(subject)) return null;
  if (isUnder(path, '/run')) return { folder: '/run', because: `${runtimeName(subject)} belong here.` };
  if (isTemporaryFolder(path))
    return { folder: temporaryRoot(path), because: 'Temporary files belong here.' };
  if (isUnder(path, '/var/log')) return { folder: '/var/log', because: 'Logs belong here.' };
  if (STATE_FILES.includes(path)) return { folder: path, because: 'A service keeps its state in this file.' };
  if (isUnder(path, '/var/cache') && path !== '/var/cache') {
    return { folder: '/var/cache', because: 'Caches belong here.' };
  }
  return serviceData(path, change) ?? logOutsideVarLog(path, change);
}

/** Data that a service user owns in its folder below /var/lib or /var/spool. */
function serviceData(path: string, { before, after, kind }: Subject['change']): Place | null {
  const match = /^\/var\/(?:lib|spool)\/([^/]+)\/?/.exec(path);
  if (
    match === null ||
    ['cron', 'anacron', 'at', 'cups', 'systemd', 'docker', 'containerd', 'sudo', 'pam'].includes(
      match[1] ?? '',
    )
  ) {
    return null;
  }
  const state = after ?? before;
  if (state === null || state.uid === 0) return null;
  // An image's file that changes hands is no service's data.
  if (kind !== 'A' && before?.uid !== state.uid) return null;
  return { folder: match[0], because: `User ${state.uid} keeps its data in its service folder.` };
}

/** A log that an application appends to in its own folder. */
function logOutsideVarLog(path: string, { after }: Subject['change']): Place | null {
  if (after?.type !== 'file' || !isLog(path) || isUnder(path, '/root')) return null;
  if (!path.split('/').includes('logs') && !path.split('/').includes('log')) return null;
  return { folder: path, because: 'An application appends to its log.' };
}

function runtimeName({ change: { after, before, path } }: Subject): string {
  const type = (after ?? before)?.type;
  if (type === 'socket') return 'Sockets';
  if (type === 'fifo') return 'Pipes between processes';
  if (extension(path) === 'pid') return 'Process id files';
  if (baseName(path).includes('lock')) return 'Lock files';
  return 'Run-time files';
}

function temporaryRoot(path: string): string {
  return ['/var/tmp', '/dev/shm'].find((folder) => isUnder(path, folder)) ?? '/tmp';
}

/** Certificates of the host's name, which database clusters link into their data folders. */
const CERTIFICATES = ['/etc/ssl/certs', '/etc/ssl/private', '/etc/ssl/snakeoil'];
/** Where a log may lead: the container's own output. */
const OUTPUTS = [
  '/dev/stdout',
  '/dev/stderr',
  '/proc/self/fd/1',
  '/proc/self/fd/2',
  '/proc/1/fd/1',
  '/proc/1/fd/2',
];

function staysIn(folder: string, path: string, target: string): boolean {
  const destination = physical(linkDestination(path, target));
  if (isUnder(destination, folder)) return true;
  if (DATABASE_FOLDERS.some(([database]) => database === folder)) {
    return folderOf(destination, CERTIFICATES) !== undefined;
  }
  return folder === '/var/log' && OUTPUTS.includes(destination);
}

function isTimeOfDirectory({ change }: Subject): boolean {
  if (change.after?.type !== 'dir' || change.before?.type !== 'dir') return false;
  return change.differs.every((attribute) => attribute === 'mtime' || attribute === 'size');
}
