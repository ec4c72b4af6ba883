import { isUnder } from './paths.ts';

/** Hidden names that programs make in temporary and run-time folders in ordinary use. */
const USUAL_HIDDEN = [
  '.s.PGSQL.',
  '.X11-unix',
  '.ICE-unix',
  '.XIM-unix',
  '.font-unix',
  '.Test-unix',
  '.ZendSem.',
  '.nfs',
  '.dockerenv',
  '.pwd.lock',
  '.wh.',
];

/** Folders in which hidden names are how configuration is kept. */
const HOMES = ['/root', '/home'];

/** The first segment that is hidden by its leading dot, unless programs usually make it; undefined when none is. */
export function hiddenSegment(path: string): string | undefined {
  return path
    .split('/')
    .find((segment) => segment.startsWith('.') && !USUAL_HIDDEN.some((usual) => segment.startsWith(usual)));
}

/** Whether a hidden name is out of place: not in a home directory, nor a version control or tool file of an application. */
export function isOddlyHidden(path: string): boolean {
  const hidden = hiddenSegment(path);
  if (hidden === undefined || HOMES.some((home) => isUnder(path, home))) return false;
  return !['.htaccess', '.htpasswd', '.user.ini', '.well-known', '.bash_history', '.ssh'].includes(hidden);
}

/** Control (Cc), formatting such as bidirectional overrides and zero-width (Cf), separators, non-UTF-8 bytes. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** How a name deceives who reads a listing, as the end of a sentence; null when it does not. */
export function deception(path: string): string | null {
  for (const segment of path.split('/')) {
    if (segment === '') continue;
    if (DECEPTIVE.test(segment))
      return 'holds control, invisible or direction-changing characters, or bytes that are not UTF-8';
    if (/^\.{3,64}$/.test(segment)) return 'consists of dots, to be taken for the parent directory';
    if (segment.trim() === '') return 'consists of white space';
    if (/^\.{1,2}\s/.test(segment)) return 'is a dot name with white space, to be taken for a directory link';
    if (segment !== segment.trimEnd()) return 'ends in white space';
  }
  return null;
}
