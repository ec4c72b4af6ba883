import { matchesGlob } from '../kernel/index.ts';
import { extension, folderOf, isUnder } from './paths.ts';
import type { ImageFacts, Subject } from './subject.ts';

/** Where web servers of Debian, Alpine, Red Hat and the official images serve files from. */
const DOCUMENT_ROOTS = [
  '/var/www',
  '/srv/www',
  '/srv/http',
  '/usr/share/nginx/html',
  '/usr/local/apache2/htdocs',
  '/usr/local/apache2/cgi-bin',
  '/usr/lib/cgi-bin',
  '/usr/local/tomcat/webapps',
  '/usr/local/nginx/html',
  '/opt/lampp/htdocs',
  '/usr/share/caddy',
  '/app/public',
  '/html',
];

/** Names of folders that are document roots wherever they lie. */
const DOCUMENT_ROOT_NAMES = ['public_html', 'htdocs', 'wwwroot', 'webapps', 'wp-content', 'cgi-bin'];

const SYSTEM_FOLDERS = ['/bin', '/sbin', '/usr', '/lib', '/lib32', '/lib64', '/libx32', '/boot', '/etc'];
const COMMAND_FOLDERS = ['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];
const LIBRARY_FOLDERS = [
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/libexec',
  '/usr/local/lib',
];
const TEMPORARY_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];

/** Whether a path is served by a web server, as far as the image and common layouts say. */
export function isWebContent({ change: { path }, image }: Subject): boolean {
  if (folderOf(path, DOCUMENT_ROOTS) !== undefined) return true;
  if (image.webRoots?.some((glob) => matchesGlob(glob, path) || matchesGlob(`${glob}/**`, path))) return true;
  return path.split('/').some((segment) => DOCUMENT_ROOT_NAMES.includes(segment));
}

/** Whether a path lies in the folder that the image works in, when that folder holds an application. */
export function isApplicationCode(path: string, image: ImageFacts): boolean {
  const { workingDirectory } = image;
  if (workingDirectory === '/' || workingDirectory === '' || workingDirectory === '/root') return false;
  if (folderOf(workingDirectory, ['/tmp', '/var/lib', '/var/tmp', '/data', '/run']) !== undefined)
    return false;
  return isUnder(path, workingDirectory);
}

export function isSystemFolder(path: string): boolean {
  return folderOf(path, SYSTEM_FOLDERS) !== undefined;
}

export function isCommandFolder(path: string): boolean {
  return folderOf(path, COMMAND_FOLDERS) !== undefined;
}

export function isLibraryFolder(path: string): boolean {
  return folderOf(path, LIBRARY_FOLDERS) !== undefined;
}

export function isTemporaryFolder(path: string): boolean {
  return folderOf(path, TEMPORARY_FOLDERS) !== undefined;
}

/** Whether a path is a log: below /var/log, or named as logs are. */
export function isLog(path: string): boolean {
  if (isUnder(path, '/var/log')) return true;
  return extension(path) === 'log' && !isSystemFolder(path);
}
