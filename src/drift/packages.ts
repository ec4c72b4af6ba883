import type { Change } from '../contract/index.ts';
import { folderOf, physical } from './paths.ts';

/** Where package managers keep their records and what they fetched. */
const RECORDS = [
  '/var/lib/dpkg',
  '/var/lib/apt',
  '/var/cache/apt',
  '/var/cache/debconf',
  '/lib/apk',
  '/etc/apk',
  '/var/cache/apk',
  '/var/lib/rpm',
  '/usr/lib/sysimage/rpm',
  '/var/lib/dnf',
  '/var/cache/dnf',
  '/var/lib/yum',
  '/var/cache/yum',
  '/var/lib/pacman',
];

const LOGS = [
  '/var/log/apt',
  '/var/log/dpkg.log',
  '/var/log/alternatives.log',
  '/var/log/dnf.log',
  '/var/log/yum.log',
];

/** What pip, npm, gem, composer and others leave beside what they install. */
const PATTERNS =
  /\.(?:dist-info|egg-info)(?:\/|$)|\/node_modules\/\.package-lock\.json$|\/\.npm\/|\/\.cache\/(?:pip|yarn|uv|composer)\/|\/var\/lib\/gems\/|\/specifications\/[^/]{1,100}\.gemspec$|\.(?:deb|rpm|apk)$|\/composer\/installed\.(?:json|php)$/;

/** Whether a change is the record of a package manager's work. Its logs are one when they grew, not when they were rotated. */
export function isPackageRecord({ path: given, before, after }: Change): boolean {
  const path = physical(given);
  if (folderOf(path, LOGS) !== undefined)
    return after?.type === 'file' && after.size > (before?.size ?? 0) && !isRotated(path);
  return folderOf(path, RECORDS) !== undefined || PATTERNS.test(path);
}

function isRotated(path: string): boolean {
  return /(?:\.\d{1,4}|-\d{8})(?:\.(?:gz|xz|zst|bz2))?$/.test(path);
}
