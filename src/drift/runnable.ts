import { elfKind, isText, shebang, textOf } from './content.ts';
import { baseName, extension } from './paths.ts';
import { isWebContent } from './places.ts';
import type { Subject } from './subject.ts';

export type Language = 'php' | 'jsp' | 'python' | 'node' | 'perl' | 'ruby' | 'shell' | 'lua';

const LANGUAGE_OF_EXTENSION: Readonly<Record<string, Language>> = {
  php: 'php',
  php3: 'php',
  php4: 'php',
  php5: 'php',
  php7: 'php',
  php8: 'php',
  phps: 'php',
  pht: 'php',
  phtml: 'php',
  phar: 'php',
  hphp: 'php',
  jsp: 'jsp',
  jspx: 'jsp',
  jspf: 'jsp',
  jspa: 'jsp',
  jsw: 'jsp',
  jsv: 'jsp',
  jhtml: 'jsp',
  py: 'python',
  pyw: 'python',
  wsgi: 'python',
  js: 'node',
  cjs: 'node',
  mjs: 'node',
  ts: 'node',
  pl: 'perl',
  pm: 'perl',
  cgi: 'perl',
  fcgi: 'perl',
  rb: 'ruby',
  erb: 'ruby',
  rhtml: 'ruby',
  sh: 'shell',
  bash: 'shell',
  zsh: 'shell',
  ksh: 'shell',
  ash: 'shell',
  lua: 'lua',
};

const LANGUAGE_OF_INTERPRETER: readonly [prefix: string, language: Language][] = [
  ['php', 'php'],
  ['python', 'python'],
  ['pypy', 'python'],
  ['node', 'node'],
  ['bun', 'node'],
  ['deno', 'node'],
  ['perl', 'perl'],
  ['ruby', 'ruby'],
  ['lua', 'lua'],
  ['bash', 'shell'],
  ['dash', 'shell'],
  ['ash', 'shell'],
  ['sh', 'shell'],
  ['zsh', 'shell'],
  ['ksh', 'shell'],
  ['busybox', 'shell'],
];

/** Extensions of code that is no script: loaded by a runtime, the linker or the kernel. */
const LOADABLE = ['so', 'ko', 'class', 'jar', 'war', 'ear', 'pyc', 'pyo', 'node', 'wasm', 'elc', 'luac'];

/** The language that a file would be run as: by its `#!` line, its extension, or PHP tags in it; null when none. */
export function scriptLanguage(subject: Subject): Language | null {
  const { change, content } = subject;
  if (change.after?.type !== 'file') return null;
  const interpreter = content === undefined ? null : shebang(content);
  if (interpreter !== null) {
    const known = LANGUAGE_OF_INTERPRETER.find(([prefix]) => interpreter.startsWith(prefix));
    if (known !== undefined) return known[1];
  }
  if (content !== undefined && holdsPhp(subject)) return 'php';
  const byExtension = LANGUAGE_OF_EXTENSION[extension(change.path)];
  if (byExtension === undefined) return null;
  return content === undefined || isText(content) || byExtension === 'php' ? byExtension : null;
}

/**
 * Whether a PHP interpreter that is made to include this file would run something. In logs and in databases,
 * which carry other people's text, only a tag at the very start counts.
 */
function holdsPhp(subject: Subject): boolean {
  const { content, change } = subject;
  if (content === undefined) return false;
  const text = textOf(content);
  if (/^\s{0,64}<\?(?:php\b|=)/i.test(text.slice(0, 128))) return true;
  if (carriesForeignText(change.path) && !isWebContent(subject)) return false;
  return /<\?php\b/i.test(text);
}

/** Whether programs write other people's text into files of this place as a matter of course. */
function carriesForeignText(path: string): boolean {
  return (
    /^\/(?:var\/log|var\/lib|data|var\/mail|var\/spool|usr|etc|opt|home|root)\//.test(path) &&
    !isSession(path)
  );
}

function isSession(path: string): boolean {
  return baseName(path).startsWith('sess_');
}

export function hasExecuteBit({ change: { after } }: Subject): boolean {
  return after?.type === 'file' && (after.mode & 0o111) !== 0;
}

export function isElf({ content }: Subject): boolean {
  return content !== undefined && elfKind(content) !== null;
}

/** Whether a file has a `#!` line of any interpreter. */
export function hasShebang({ content }: Subject): boolean {
  return content !== undefined && shebang(content) !== null;
}

/**
 * Why a file could be run, loaded or interpreted, in a few words; null when it is mere data. This is what no
 * expected place and no allow glob excuses.
 */
export function runnable(subject: Subject): string | null {
  const { after, path } = subject.change;
  if (after === null) return null;
  if (after.type === 'char' || after.type === 'block') return 'it is a device node';
  if (after.type !== 'file') return null;
  if ((after.mode & 0o6000) !== 0) return 'it is setuid or setgid';
  if (after.capabilities !== undefined && after.capabilities !== '') return 'it carries file capabilities';
  if (hasExecuteBit(subject)) return 'it is executable';
  if (isElf(subject)) return 'it is an ELF object';
  if (hasShebang(subject)) return 'it is a script';
  const language = scriptLanguage(subject);
  if (language !== null) return `it is ${language === 'php' ? 'PHP' : language} code`;
  const name = extension(path);
  if (LOADABLE.includes(name) || LANGUAGE_OF_EXTENSION[name] !== undefined) return `.${name} files are code`;
  return null;
}
