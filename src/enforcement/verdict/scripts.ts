import type { Attempt } from './access.ts';
import { meansPath, namedScripts } from './command-line.ts';
import { holdsPhp, isNetworkSettings, isNumbers, shebang } from './content.ts';
import type { Family } from './families/family.ts';
import { baseName, extension } from './names.ts';
import { familyOf } from './program.ts';

/** As much of a file as is looked at, in bytes. */
const HEAD = 64 * 1024;

/**
 * Why a drifted file is code to the interpreter that opens it, as the end of “… opens it:”; null when the opener is
 * no interpreter, or the file is data to it.
 */
export function whyScript({ file, opener }: Attempt): string | null {
  // Nothing is in it, or nothing that does anything, whoever reads it.
  if (file.size === 0) return null;
  const family = familyOf(opener.exe(), () => opener.commandLine());
  if (family === null || isNumbers(file.head(64), file.size)) return null;
  if (family.isShell === true)
    return isShellData({ file, opener }) ? null : `${family.name} would run what it reads`;
  return (
    whyByName(file.path, family) ??
    whyByContent(file.head(HEAD), file.size, family) ??
    whyByCommand({ file, opener }, family)
  );
}

/** Whether a shell may read a file: a script and a redirection look the same to the kernel. */
function isShellData({ file, opener }: Pick<Attempt, 'file' | 'opener'>): boolean {
  if (file.place === 'engine-file') return isNetworkSettings(file.path, file.head(HEAD), file.size);
  return HERE_DOCUMENT.test(baseName(file.path)) && opener.isWriting();
}

/** Temporary files of Bash for here-documents (`<<`, `<<<`) that fit no pipe; before version 5.1 for all. */
const HERE_DOCUMENT = /^sh-thd[-.]/;

function whyByName(path: string, family: Family): string | null {
  const name = baseName(path).toLowerCase();
  if (family.names?.includes(name) === true) return `${family.name} follows ${name} files`;
  const ending = extension(path);
  return family.extensions.includes(ending) ? `.${ending} files are code to ${family.name}` : null;
}

function whyByContent(head: Uint8Array, size: number, family: Family): string | null {
  if (family.runsPhp === true && holdsPhp(head, head.length === size))
    return `it holds PHP code, which ${family.name} would run`;
  if (family.isLanguage !== true) return null;
  const interpreter = shebang(head);
  return interpreter !== null && familyOf(interpreter, () => []) !== null
    ? 'it is a script by its #! line'
    : null;
}

function whyByCommand({ file, opener }: Pick<Attempt, 'file' | 'opener'>, family: Family): string | null {
  if (family.form === undefined) return null;
  const named = namedScripts(opener.commandLine(), family.form);
  if (named === null) return `${family.name} was given too many words to tell what it runs`;
  return named.some((word) => meansPath(word, file.path) || opener.leadsHere(word))
    ? `${family.name} was told to run it`
    : null;
}
