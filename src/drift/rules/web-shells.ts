import { judgeCode } from '../code-flow.ts';
import { isText, textOf } from '../content.ts';
import { extension } from '../paths.ts';
import { judgePhp } from '../php/flow.ts';
import { isWebContent } from '../places.ts';
import { remembering } from '../remembering.ts';
import type { Rule } from '../rule.ts';
import { type Language, scriptLanguage } from '../runnable.ts';
import { webShellMark } from '../script-text.ts';
import type { Subject } from '../subject.ts';

/** Extensions that a web server hands out as they are, so that code in them hides. */
const INERT = [
  'jpg',
  'jpeg',
  'png',
  'gif',
  'ico',
  'bmp',
  'svg',
  'webp',
  'txt',
  'css',
  'pdf',
  'woff',
  'woff2',
  'zip',
  'mp4',
  'xml',
  'json',
  'log',
];

function shellOf(languages: readonly Language[]): (subject: Subject) => string | null {
  return (subject) => {
    const language = scriptLanguage(subject);
    if (subject.content === undefined || language === null || !languages.includes(language)) return null;
    const { shell } = judgeCode(textOf(subject.content), language);
    return shell === null ? null : sentence(shell);
  };
}

function sentence(what: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}, so whoever can send a request runs code here.`;
}

function phpOf(subject: Subject): string | null {
  return subject.content !== undefined && scriptLanguage(subject) === 'php' ? textOf(subject.content) : null;
}

const phpVerdict = remembering(judgePhp);

/** Code of an application that answers requests with a shell, whatever its language. */
export const webShellRules: readonly Rule[] = [
  {
    id: 'php-web-shell',
    title: 'PHP web shell',
    severity: 'critical',
    attack: ['T1505.003', 'T1059'],
    explanation:
      'PHP code passes what a request says to eval, system, include, a callback or a variable function. The code is followed through variables, wrapper functions, string concatenation and the usual encodings.',
    match(subject) {
      const text = phpOf(subject);
      const shell = text === null ? null : phpVerdict(text).shell;
      return shell === null ? null : sentence(shell);
    },
  },
  {
    id: 'php-obfuscated-code',
    title: 'PHP code that hides what it runs',
    severity: 'critical',
    attack: ['T1505.003', 'T1027', 'T1140'],
    explanation:
      'PHP code decodes, decompresses or fetches text and runs it, or calls a function whose name it decodes. Some commercial encoders do this too; an image that uses one has the files already.',
    match(subject) {
      const text = phpOf(subject);
      const hidden = text === null ? null : phpVerdict(text).obfuscated;
      return hidden === null
        ? null
        : `${hidden.charAt(0).toUpperCase()}${hidden.slice(1)}, so the file does not show what it runs.`;
    },
  },
  {
    id: 'web-file-dropper',
    title: 'Upload script',
    severity: 'high',
    attack: ['T1505.003', 'T1105'],
    explanation:
      'PHP code writes a file whose name the request chooses: the usual first stage of a web shell.',
    match(subject) {
      const text = phpOf(subject);
      const dropper = text === null ? null : phpVerdict(text).dropper;
      return dropper === null ? null : `In this PHP code ${dropper}, so a request can plant any file.`;
    },
  },
  {
    id: 'jsp-web-shell',
    title: 'JSP web shell',
    severity: 'critical',
    attack: ['T1505.003', 'T1059'],
    explanation: 'A JSP page reads request input and uses processes, class loaders or script engines.',
    match: shellOf(['jsp']),
  },
  {
    id: 'python-web-shell',
    title: 'Python web shell',
    severity: 'critical',
    attack: ['T1505.003', 'T1059.006'],
    explanation: 'Python code passes request input to a shell, to exec or eval, or to an unsafe loader.',
    match: shellOf(['python']),
  },
  {
    id: 'node-web-shell',
    title: 'Node.js web shell',
    severity: 'critical',
    attack: ['T1505.003', 'T1059.007'],
    explanation:
      'JavaScript of a server passes request input to child_process, eval, Function, vm or require.',
    match: shellOf(['node']),
  },
  {
    id: 'cgi-web-shell',
    title: 'CGI web shell',
    severity: 'critical',
    attack: ['T1505.003', 'T1059.004'],
    explanation: 'A Perl, Ruby, Lua or shell script passes request input to a shell or evaluates it.',
    match: shellOf(['perl', 'ruby', 'lua', 'shell']),
  },
  {
    id: 'known-web-shell',
    title: 'Published web shell',
    severity: 'critical',
    attack: ['T1505.003'],
    explanation: 'Server code carries a name or text of a web shell that is passed around.',
    match(subject) {
      if (subject.content === undefined || scriptLanguage(subject) === null) return null;
      const mark = webShellMark(textOf(subject.content));
      return mark === undefined
        ? null
        : `The code carries “${mark}”, which is known from published web shells.`;
    },
  },
  {
    id: 'disguised-server-code',
    title: 'Server code in a file of another kind',
    severity: 'critical',
    attack: ['T1505.003', 'T1036.008'],
    explanation:
      'PHP tags in an image, a text or a style sheet below a document root: run when the server is made to include it or to treat it as code.',
    match(subject) {
      const { path, after } = subject.change;
      if (after?.type !== 'file' || subject.content === undefined || !isWebContent(subject)) return null;
      if (!INERT.includes(extension(path)) || !/<\?php\b/i.test(textOf(subject.content))) return null;
      return `A .${extension(path)} file holds PHP code.`;
    },
  },
  {
    id: 'obfuscated-script',
    title: 'Script that hides what it runs',
    severity: 'high',
    attack: ['T1027', 'T1140', 'T1059'],
    explanation: 'A script in Python, JavaScript, Perl, Ruby or shell decodes text and runs it.',
    match(subject) {
      const language = scriptLanguage(subject);
      if (
        subject.content === undefined ||
        language === null ||
        language === 'php' ||
        !isText(subject.content)
      )
        return null;
      const hidden = judgeCode(textOf(subject.content), language).obfuscated;
      return hidden === null
        ? null
        : `In this ${language} script ${hidden}, so the file does not show what it runs.`;
    },
  },
];
