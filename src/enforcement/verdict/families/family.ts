import type { CommandForm } from '../command-line.ts';

/** Programs that run what they read, by what they take for code. */
export interface Family {
  /** For sentences. */
  readonly name: string;
  /** Base names, without versions and suffixes. */
  readonly programs: readonly string[];
  /** How its files are called, without the dot, in lower case. */
  readonly extensions: readonly string[];
  /** Base names of files that it runs by itself, in lower case. */
  readonly names?: readonly string[];
  readonly form?: CommandForm;
  /** Whatever it reads may be run: a redirection looks like a script. */
  readonly isShell?: true;
  /** Runs what stands between `<?` and `?>` in any file. */
  readonly runsPhp?: true;
  /** A general language: whoever makes it read a script of any kind wants it run. */
  readonly isLanguage?: true;
}

/** Words that are separated by blanks. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
