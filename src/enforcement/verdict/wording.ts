import type { Exception } from '../../contract/index.ts';
import type { Attempt } from './access.ts';
import { expiredException } from './exceptions.ts';
import { baseName } from './names.ts';

/** Says what is wrong with a file, given how it is not the image's: “is a program that is …”. */
export type What = (foreign: string) => string;

/** One sentence: which file, why it is refused, whose it is. */
export function reasonOf(attempt: Attempt, what: What): string {
  const { file } = attempt;
  const foreign = file.fromImage ? 'no longer as the image has it' : 'not from the image';
  const expired = expiredException(attempt)?.until;
  const lapsed = expired === undefined ? '' : `; the exception for it ran out on ${expired}`;
  return `${file.path} ${what(foreign)}; ${whose(attempt)}${lapsed}.`;
}

function whose({ file }: Attempt): string {
  const writers = file.writers();
  if (writers === null) return 'it is older than the guard, or not all that wrote to it was seen';
  const manager = packageManager(writers, file.path);
  if (manager !== null)
    return `it was installed by ${manager} while running, install it in the image instead`;
  if (writers.length === 0) return 'nobody was seen writing to it';
  const shown = [...new Set(writers)].slice(0, MOST_WRITERS).join(', ');
  return `it was written by ${shown}${writers.length > MOST_WRITERS ? ' and others' : ''}`;
}

const MOST_WRITERS = 3;

/** Programs that install software. */
const MANAGERS = [
  'dpkg',
  'dpkg-deb',
  'apt',
  'apt-get',
  'apk',
  'rpm',
  'dnf',
  'dnf5',
  'yum',
  'microdnf',
  'zypper',
  'pacman',
  'uv',
  'cargo',
  'go',
  'composer',
  'bundle',
  'conda',
  'mamba',
  'micromamba',
  'snap',
];

/** Package managers that are scripts are known by their interpreter and the place where they install. */
const SCRIPTED: readonly [program: RegExp, place: RegExp, manager: string][] = [
  [
    /^(?:python|pypy)/,
    /\/(?:site|dist)-packages\/|\/pip-|\/(?:usr\/local\/|\.local\/|venv\/|\.venv\/)bin\//,
    'pip',
  ],
  [/^(?:node|nodejs|bun)/, /\/node_modules\/|\/_npx\//, 'npm'],
  [/^ruby/, /\/gems\//, 'gem'],
  [/^php/, /\/vendor\//, 'composer'],
  [/^perl/, /\/perl5?\//, 'cpan'],
];

function packageManager(writers: readonly string[], path: string): string | null {
  for (const writer of writers) {
    const name = baseName(writer);
    if (MANAGERS.includes(name)) return name;
    const scripted = SCRIPTED.find(([program, place]) => program.test(name) && place.test(path));
    if (scripted !== undefined) return scripted[2];
  }
  return null;
}

/** The narrowest exception that would allow the attempt: the place with its one writer, or else the content; and the reader. */
export function narrowestException({ file, opener }: Attempt): Exception {
  const writers = [...new Set(file.writers() ?? [])];
  const writer = writers.length === 1 ? writers[0] : undefined;
  const reader = opener.exe();
  const isPlain = file.path.startsWith('/') && !file.path.includes('*');
  const content = writer === undefined || !isPlain ? file.sha256() : null;
  return {
    path: asGlob(file.path),
    ...(content === null ? {} : { sha256: content }),
    ...(writer === undefined || !writer.startsWith('/') ? {} : { writer: asGlob(writer) }),
    ...(reader === null || !reader.startsWith('/') ? {} : { reader: asGlob(reader) }),
  };
}

/** Globs have no escapes: a star in a name is any one character. */
function asGlob(path: string): string {
  return (path.startsWith('/') ? path : `/${path}`).replaceAll('*', '?');
}

/** Why a file is not executed. */
export function asProgram(isElf: boolean, interpreter: string | null): What {
  if (isElf) return (foreign) => `is a program that is ${foreign}`;
  if (interpreter === null) return (foreign) => `is ${foreign} and was to be executed`;
  return (foreign) =>
    `is a script for ${interpreter === '' ? 'an interpreter' : interpreter} that is ${foreign}`;
}

/** Why the dynamic loader does not get a file (ld.so(8)). */
export function asLibrary(path: string): What {
  if (path === '/etc/ld.so.preload')
    return (foreign) => `names libraries to load into every program and is ${foreign}`;
  if (path === '/etc/ld.so.cache')
    return (foreign) =>
      `tells the loader where libraries are and is ${foreign}, so that it looks in its default folders alone`;
  return (foreign) => `is ${foreign} and was to be loaded as a library`;
}

/** Why the bytes of a program are not read. */
export const asProgramBytes: What = (foreign) =>
  `holds a program or library that is ${foreign} and can be run by whoever reads it`;

/** Why an interpreter does not get a file. */
export function asScript(why: string): What {
  return (foreign) => `is ${foreign}, and ${why}`;
}
