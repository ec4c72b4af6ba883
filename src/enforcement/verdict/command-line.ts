/**
 * Which files a command line tells an interpreter to run. Words are the container's and say whatever it likes; but
 * an interpreter that runs a file has its name there, or finds it by itself.
 */

/** How an interpreter's options are written. Names are without dashes, of one letter or whole words. */
export interface CommandForm {
  /** Whether the first word that is no option is the file to run. */
  readonly operand: boolean;
  /** Options whose value is a file to run before, or beside, anything else. */
  readonly code?: readonly string[];
  /** Options whose value is the file to run, so that the operands are its arguments. */
  readonly script?: readonly string[];
  /** Options that give the program's text itself, so that the operands are its data. */
  readonly inline?: readonly string[];
  /** Other options that take the next word, or the rest of their own, as their value. */
  readonly values?: readonly string[];
  /** Options of one letter whose value, if any, is the rest of their word: no option stands in it. */
  readonly attached?: string;
  /** Whether options are whole words although they begin with one dash (`-jar`). */
  readonly wordsOnly?: true;
}

/** Entries of a list such as a class path, and named files, that are looked at. */
const MOST_FILES = 64;

/** No honest command line has as much before it says what to run. */
const MOST_WORDS = 2048;
const MOST_CHARACTERS = 60_000;

/** Words that name what is run; null when there is too much of them to tell. */
export function namedScripts(commandLine: readonly string[], form: CommandForm): string[] | null {
  const found: string[] = [];
  let isInline = false;
  let characters = 0;
  for (let at = 1; at < commandLine.length && found.length < MOST_FILES; at++) {
    const word = commandLine[at] ?? '';
    characters += word.length + 1;
    if (at > MOST_WORDS || characters > MOST_CHARACTERS) return null;
    if (word === '--' || !/^-./.test(word)) {
      if (!form.operand) continue;
      const operand = word === '--' ? commandLine[at + 1] : word;
      if (!isInline && operand !== undefined) found.push(operand);
      break;
    }
    const option = readOption(word, form);
    if (option === null) continue;
    const value = option.value ?? commandLine[++at] ?? '';
    if (option.value === null) characters += value.length + 1;
    if (option.kind === 'inline' || option.kind === 'script') isInline = true;
    if (option.kind === 'script' || option.kind === 'code') found.push(value);
    // A class path is a list.
    if (option.kind === 'code' && value.includes(':')) found.push(...value.split(':', MOST_FILES));
  }
  return found;
}

type OptionKind = 'code' | 'script' | 'inline' | 'values';
const KINDS: readonly OptionKind[] = ['code', 'script', 'inline', 'values'];

/** The option of a word that takes a value, and that value where the word itself has it; null when none does. */
function readOption(word: string, form: CommandForm): { kind: OptionKind; value: string | null } | null {
  const kindOf = (name: string) => KINDS.find((kind) => form[kind]?.includes(name) === true);
  const [, name = '', value = null] = /^--?([^=:]*)(?:[=:]([\s\S]*))?$/.exec(word) ?? [];
  const whole = name.length > 1 || value !== null || form.wordsOnly === true ? kindOf(name) : undefined;
  if (whole !== undefined) return { kind: whole, value };
  if (word.startsWith('--') || form.wordsOnly === true) return null;
  for (let at = 1; at < Math.min(word.length, 32); at++) {
    const letter = word[at] ?? '';
    const kind = kindOf(letter);
    // `-i.e` of Perl is no `-e`.
    if (!/[A-Za-z0-9]/.test(letter) || form.attached?.includes(letter) === true) return null;
    if (kind !== undefined) return { kind, value: at + 1 < word.length ? word.slice(at + 1) : null };
  }
  return null;
}

/** Whether a word of a command line can mean the file at `path`: its segments are the last ones of the path. */
export function meansPath(word: string, path: string): boolean {
  const segments = word.split('/').filter((segment) => segment !== '' && segment !== '.');
  const named = segments.slice(segments.lastIndexOf('..') + 1).join('/');
  return named !== '' && (path === `/${named}` || path.endsWith(`/${named}`));
}
