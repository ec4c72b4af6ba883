import { textOf } from '../content.ts';
import { isPackageRecord } from '../packages.ts';
import { baseName, extension, isUnder, linkDestination, physical } from '../paths.ts';
import { isLog, isTemporaryFolder, isWebContent } from '../places.ts';
import type { Rule } from '../rule.ts';
import type { Subject } from '../subject.ts';
import { isTouched, placeRule, whatHappened } from './shared.ts';

/** Where a link gives away more than the container should. */
const SENSITIVE = [
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/passwd',
  '/etc/sudoers',
  '/etc/ssh',
  '/etc/ssl/private',
  '/root',
  '/proc',
  '/sys',
  '/dev',
  '/run/docker.sock',
  '/run/containerd',
  '/run/secrets',
  '/var/lib/docker',
  '/var/lib/kubelet',
  '/host',
  '/hostfs',
  '/mnt',
  '/boot',
];
const OUTPUTS =
  /^\/(?:dev\/(?:stdout|stderr|null|zero|random|urandom|fd\b.{0,8})|proc\/(?:self|1)\/fd\/[012])$/;

/** Configuration of services, packages, devices and links. */
export const serviceRules: readonly Rule[] = [
  placeRule({
    id: 'web-server-configuration',
    title: 'Web server configuration',
    severity: 'high',
    attack: ['T1505'],
    explanation:
      'Configuration of Apache, nginx, lighttpd, Caddy or HAProxy, and .htaccess files: handlers, aliases and proxies make data into code.',
    folders: [
      '/etc/apache2',
      '/etc/httpd',
      '/usr/local/apache2/conf',
      '/etc/nginx',
      '/usr/local/nginx/conf',
      '/etc/lighttpd',
      '/etc/caddy',
      '/etc/haproxy',
      '/etc/tomcat',
      '/usr/local/tomcat/conf',
      '/opt/bitnami/apache/conf',
    ],
    pattern: /\/\.ht(?:access|passwd)$/,
    what: 'The configuration of a web server',
    because: 'so other files may be served, or run as code',
  }),
  {
    id: 'php-configuration',
    title: 'PHP configuration',
    severity: 'high',
    attack: ['T1505', 'T1505.003'],
    explanation:
      'php.ini, its folders, pool files and .user.ini: auto_prepend_file runs a file before every page, disable_functions keeps shells away.',
    match(subject) {
      const path = subject.change.path;
      const isConfiguration =
        baseName(path) === '.user.ini' ||
        baseName(path) === 'php.ini' ||
        isUnder(path, '/etc/php') ||
        isUnder(path, '/usr/local/etc/php') ||
        isUnder(path, '/usr/local/etc/php-fpm.d') ||
        /^\/etc\/php[\d.-]/.test(path);
      if (!isConfiguration || !isTouched(subject)) return null;
      const text = subject.content === undefined ? '' : textOf(subject.content);
      const prepends = /^\s{0,32}auto_(?:prepend|append)_file\s{0,8}=\s{0,8}[^\s;]/m.test(text);
      return `The configuration of PHP ${whatHappened(subject)}${prepends ? ', and makes it run a file with every page' : ''}.`;
    },
  },
  {
    id: 'package-manager-ran',
    title: 'A package manager ran',
    severity: 'medium',
    attack: ['T1105'],
    explanation:
      'dpkg, apt, apk, rpm, dnf, pip, npm, gem or composer changed their records: software was installed or removed in a running container.',
    match(subject) {
      if (!isPackageRecord(subject.change) || !isTouched(subject)) return null;
      return `A record of a package manager ${whatHappened(subject)}, so software was installed or removed.`;
    },
  },
  {
    id: 'entrypoint-changed',
    title: 'Entrypoint changed',
    severity: 'critical',
    attack: ['T1554', 'T1037'],
    explanation: 'A file that the container is started with has other content: the next start runs it.',
    match(subject) {
      const { change, image } = subject;
      if (change.identical || !isTouched(subject) || !isStartedWith(change.path, image)) return null;
      if (change.kind === 'C' && change.differs.every((attribute) => attribute === 'mtime')) return null;
      return `A file that the container is started with ${whatHappened(subject)}.`;
    },
  },
  {
    id: 'device-node',
    title: 'Device node',
    severity: 'critical',
    attack: ['T1611'],
    explanation:
      'A device node below the root reaches the host’s disks or memory when the container may open it.',
    match({ change: { after, before } }) {
      if (after?.type !== 'char' && after?.type !== 'block') return null;
      if (
        before?.type === after.type &&
        before.device?.major === after.device?.major &&
        before.device?.minor === after.device?.minor
      )
        return null;
      const number = after.device === undefined ? '' : ` ${after.device.major}:${after.device.minor}`;
      return `A ${after.type === 'char' ? 'character' : 'block'} device${number} was made, through which the host’s hardware may be reached.`;
    },
  },
  {
    id: 'link-to-sensitive-place',
    title: 'Link out of its place',
    severity: 'high',
    attack: ['T1005'],
    explanation:
      'A link from a document root, a temporary, log or data folder leads to secrets, devices, the root or to places of the host: a program that follows it gives them away or overwrites them.',
    match(subject) {
      const { path, after, kind, differs } = subject.change;
      if (
        after?.type !== 'symlink' ||
        (kind === 'C' && !differs.includes('target') && !differs.includes('type'))
      )
        return null;
      const isDataPlace =
        isWebContent(subject) ||
        isTemporaryFolder(path) ||
        isLog(path) ||
        /^\/(?:run|data|home|srv|var)\//.test(path);
      const destination = physical(linkDestination(path, after.target ?? ''));
      if (!isDataPlace || OUTPUTS.test(destination)) return null;
      if (destination !== '/' && !isSensitive(destination)) return null;
      return `A link leads to ${destination === '/' ? 'the root' : 'a sensitive place'}, so that a program which follows it gives away or overwrites what is there.`;
    },
  },
  {
    id: 'file-replaced-by-link',
    title: 'File of the image replaced by a link',
    severity: 'high',
    attack: ['T1574'],
    explanation:
      'Where the image has a file or directory there is a link now, so its readers get something else.',
    match({ change: { path, before, after } }) {
      if (after?.type !== 'symlink' || (before?.type !== 'file' && before?.type !== 'dir') || isLog(path))
        return null;
      return `Where the image has a ${before.type === 'dir' ? 'directory' : 'file'} there is a link now.`;
    },
  },
  {
    id: 'image-file-deleted',
    title: 'File of the image deleted',
    severity: 'medium',
    attack: ['T1485'],
    explanation:
      'A file or directory that the image has is gone. Those of logs, pages and packages are left to their own rules.',
    match(subject) {
      const { kind, path } = subject.change;
      if (kind !== 'D' || isWebContent(subject) || isLog(path)) return null;
      return 'Something that the image has is gone.';
    },
  },
  {
    id: 'permissions-loosened',
    title: 'Permissions loosened',
    severity: 'medium',
    attack: ['T1222.002'],
    explanation: 'Something of the image may now be written by everyone, or a secret read by everyone.',
    match({ change: { kind, before, after, path } }) {
      if (
        kind !== 'C' ||
        before === null ||
        after === null ||
        after.type === 'symlink' ||
        before.type !== after.type
      )
        return null;
      const gained = after.mode & ~before.mode;
      if ((gained & 0o002) !== 0 && (after.mode & 0o1000) === 0) return 'Everyone may write it now.';
      const isSecret = extension(path) === 'key' || /shadow|private|secret/.test(path);
      return (gained & 0o004) !== 0 && isSecret ? 'Everyone may read it now.' : null;
    },
  },
];

/** Whether a path is the program, or a file among the arguments, of the container's command. */
function isStartedWith(path: string, { entrypoint, workingDirectory }: Subject['image']): boolean {
  return entrypoint.some((word, index) => {
    if (word.startsWith('-') || word === '') return false;
    if (word.includes('/')) return linkDestination(`${workingDirectory}/x`, word) === path;
    if (index === 0) return baseName(path) === word && /^\/(?:usr\/(?:local\/)?)?s?bin\//.test(path);
    return word.includes('.') && linkDestination(`${workingDirectory}/x`, word) === path;
  });
}

function isSensitive(destination: string): boolean {
  if (destination.split('/').includes('.ssh')) return true;
  return SENSITIVE.some((place) => isUnder(destination, place));
}
