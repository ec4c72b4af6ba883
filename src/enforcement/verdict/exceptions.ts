import type { DeniedAccess, Exception } from '../../contract/index.ts';
import { matchesGlob } from '../../kernel/index.ts';
import type { Attempt } from './access.ts';
import { baseName } from './names.ts';

/** Code that programs make of the image's own code as a matter of course, and read back themselves. */
interface BuiltInException {
  readonly path: string;
  /** Base name of the one program that wrote it and reads it: the same file both times. */
  readonly program: RegExp;
  readonly because: string;
}

/** Each is read, never executed nor loaded as a library, by the program that alone wrote it. */
export const BUILT_IN_EXCEPTIONS: readonly BuiltInException[] = [
  {
    path: '/**/__pycache__/*.pyc',
    program: /^(?:python|pypy)\d[\d.]*$/,
    because: 'Python compiles each module at its first import and keeps the result beside it.',
  },
  {
    path: '/**/work/Catalina/**/org/apache/jsp/**',
    program: /^java$/,
    because:
      'Tomcat (Jasper) compiles each JSP at its first request and loads the class from its work folder.',
  },
  {
    path: '/var/cache/tomcat*/Catalina/**/org/apache/jsp/**',
    program: /^java$/,
    because: 'As above, where Debian has the work folder of Tomcat.',
  },
];

/** Longer command lines fit no exception: matching takes time, and somebody waits. */
const LONGEST_COMMAND = 4096;

/** Whether an exception, of the policy or built in, allows what would be denied. */
export function isExcepted(attempt: Attempt, access: DeniedAccess): boolean {
  if (
    attempt.policy.exceptions.some((exception) => isLive(exception, attempt.now) && fits(exception, attempt))
  )
    return true;
  return access === 'interpret' && BUILT_IN_EXCEPTIONS.some((exception) => fitsBuiltIn(exception, attempt));
}

/** The exception that would allow it, had its time not run out. */
export function expiredException(attempt: Attempt): Exception | undefined {
  return attempt.policy.exceptions.find(
    (exception) => !isLive(exception, attempt.now) && fits(exception, attempt),
  );
}

/** A day counts to its end (UTC). A time that cannot be read has run out. */
function isLive({ until }: Exception, now: number): boolean {
  if (until === undefined) return true;
  const end = Date.parse(until) + (/^\d{4}-\d{2}-\d{2}$/.test(until) ? DAY - 1 : 0);
  return now <= end;
}

const DAY = 86_400_000;

/** Whether all that an exception says fits; what costs most is asked for last. */
function fits({ path, image, reader, command, writer, sha256 }: Exception, attempt: Attempt): boolean {
  const { file, opener } = attempt;
  if (path === undefined && sha256 === undefined) return false;
  if (path !== undefined && !matchesGlob(path, file.path)) return false;
  if (image !== undefined && !matchesGlob(image, attempt.image)) return false;
  if (reader !== undefined && !fitsProgram(reader, opener.exe())) return false;
  if (command !== undefined && !fitsCommand(command, opener.commandLine())) return false;
  if (writer !== undefined && !wroteAll(file.writers(), (program) => matchesGlob(writer, program)))
    return false;
  return sha256 === undefined || file.sha256() === sha256;
}

function fitsProgram(glob: string, exe: string | null): boolean {
  return exe !== null && matchesGlob(glob, exe);
}

function fitsCommand(glob: string, words: readonly string[]): boolean {
  const line = words.join(' ');
  return line.length <= LONGEST_COMMAND && matchesGlob(glob.replaceAll('*', '**'), line);
}

/** Whether it is known who wrote a file, somebody did, and each of them is meant. */
function wroteAll(writers: readonly string[] | null, isMeant: (program: string) => boolean): boolean {
  return writers !== null && writers.length > 0 && writers.every(isMeant);
}

function fitsBuiltIn({ path, program }: BuiltInException, { file, opener }: Attempt): boolean {
  if (!matchesGlob(path, file.path)) return false;
  const reader = opener.exe();
  if (reader === null || !program.test(baseName(reader))) return false;
  return wroteAll(file.writers(), (writer) => writer === reader);
}
