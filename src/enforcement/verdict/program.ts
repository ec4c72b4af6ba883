import type { Family } from './families/family.ts';
import { LANGUAGES } from './families/languages.ts';
import { SHELL } from './families/shells.ts';
import { TOOLS } from './families/tools.ts';
import { WEB } from './families/web.ts';
import { baseName } from './names.ts';

/** Programs that are several by the name that they are called with. */
const MULTI_CALL = ['busybox', 'toybox'];
/** The dynamic loader, called as a program, runs any other one: `ld.so /bin/sh script`. */
const LOADER = /^ld(?:-linux|-musl|64|32)?[-.\w]*\.so(?:[-.\d]|$)/;
/** Names so short that they are looked for at the beginning alone. */
const SHORT = 2;

/** What takes everything for code: what is known about the program says nothing of what it does with a file. */
const UNKNOWN: Family = { ...SHELL, name: 'a program that cannot be told' };

/**
 * The kind of interpreter that a program is, by its file's name without versions (`python3.11`, `php-fpm8.2`,
 * `platform-python`); null when it is none.
 *
 * @param exe path of the program's file; null when it cannot be told
 */
export function familyOf(exe: string | null, commandLine: () => readonly string[]): Family | null {
  if (exe === null) return UNKNOWN;
  const name = baseName(exe);
  if (LOADER.test(name)) return UNKNOWN;
  const words = wordsOf(name);
  return words.some((word) => MULTI_CALL.includes(word)) ? appletOf(commandLine()) : byWords(words);
}

/** BusyBox takes the base name of its first argument, or, when that is its own, the second one. */
function appletOf([called = '', applet = '']: readonly string[]): Family | null {
  const words = wordsOf(baseName(called.replace(/^-/, '')));
  return byWords(words.some((word) => MULTI_CALL.includes(word)) ? wordsOf(baseName(applet)) : words);
}

function byWords(words: readonly string[]): Family | null {
  for (const [at, word] of words.entries()) {
    if (at > 0 && word.length <= SHORT) continue;
    const family = BY_PROGRAM.get(word);
    if (family !== undefined) return family;
  }
  return null;
}

/** Runs of letters, in lower case: `php-fpm8.2` is `php` and `fpm`. */
function wordsOf(name: string): string[] {
  return name
    .slice(0, 255)
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
}

const BY_PROGRAM: ReadonlyMap<string, Family> = new Map(
  [SHELL, ...WEB, ...LANGUAGES, ...TOOLS].flatMap((family) =>
    family.programs.map((program) => [program, family] as const),
  ),
);
