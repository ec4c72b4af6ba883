import { baseName, extension, isUnder } from '../paths.ts';
import { isApplicationCode, isLog, isWebContent } from '../places.ts';
import type { Rule } from '../rule.ts';
import { scriptLanguage } from '../runnable.ts';
import type { Subject } from '../subject.ts';
import { contentDiffers } from './shared.ts';

/** Extensions that web servers commonly hand to an interpreter or application server. */
const SERVER_CODE = [
  'php',
  'phtml',
  'pht',
  'phar',
  'php3',
  'php4',
  'php5',
  'php7',
  'php8',
  'phps',
  'jsp',
  'jspx',
  'jspf',
  'war',
  'cgi',
  'fcgi',
  'pl',
  'py',
  'wsgi',
  'rb',
  'erb',
  'lua',
  'asp',
  'aspx',
  'ashx',
  'cfm',
];

/** Configuration of web servers, which has rules of its own. */
const SERVER_CONFIGURATION = ['.htaccess', '.user.ini', 'php.ini'];

function isPage(subject: Subject): boolean {
  return isWebContent(subject) && !SERVER_CONFIGURATION.includes(baseName(subject.change.path));
}

function isServerCode(subject: Subject): boolean {
  if (SERVER_CODE.includes(extension(subject.change.path))) return true;
  const language = scriptLanguage(subject);
  return language !== null && language !== 'node';
}

/** Files that web servers serve, and code that they run. */
export const webContentRules: readonly Rule[] = [
  {
    id: 'web-content-changed',
    title: 'Web page changed',
    severity: 'high',
    attack: ['T1491.002'],
    explanation:
      'A file that the image serves has other content now: defacement, injected script or a planted back door.',
    match(subject) {
      if (!isPage(subject) || !contentDiffers(subject)) return null;
      return 'A file that the image serves has other content now, so visitors no longer get what was deployed.';
    },
  },
  {
    id: 'web-content-added',
    title: 'File added to a document root',
    severity: 'medium',
    attack: ['T1491.002', 'T1608.001'],
    explanation:
      'A file that the image does not have is served. Applications that store uploads here need an allowance.',
    match(subject) {
      const { kind, after } = subject.change;
      if (kind !== 'A' || after === null || after.type === 'dir' || !isPage(subject) || isServerCode(subject))
        return null;
      return 'The web server can serve a file that the image does not have.';
    },
  },
  {
    id: 'server-code-added',
    title: 'Server code added to a document root',
    severity: 'high',
    attack: ['T1505.003'],
    explanation:
      'A script that a web server may run appeared below a document root; code does not appear in a running container.',
    match(subject) {
      const { kind, after } = subject.change;
      if (kind !== 'A' || after?.type !== 'file' || !isPage(subject) || !isServerCode(subject)) return null;
      return 'The web server may run a script that the image does not have.';
    },
  },
  {
    id: 'web-content-deleted',
    title: 'Web page deleted',
    severity: 'medium',
    attack: ['T1491.002', 'T1485'],
    explanation: 'A file that the image serves is gone.',
    match(subject) {
      if (subject.change.kind !== 'D' || !isPage(subject)) return null;
      return 'A file that the image serves is gone.';
    },
  },
  {
    id: 'application-code-changed',
    title: 'Application code changed',
    severity: 'high',
    attack: ['T1554'],
    explanation:
      'A file of the application in the image’s working directory has other content, or code was added there.',
    match(subject) {
      const { path, kind } = subject.change;
      if (
        isWebContent(subject) ||
        isLog(path) ||
        isUnder(path, '/proc') ||
        !isApplicationCode(path, subject.image)
      )
        return null;
      if (contentDiffers(subject)) return 'A file of the application has other content than in the image.';
      if (kind === 'A' && (scriptLanguage(subject) !== null || isServerCode(subject))) {
        return 'Code that the image does not have lies among the application’s.';
      }
      return null;
    },
  },
];
