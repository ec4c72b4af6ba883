import type { DeniedAccess } from '../../contract/index.ts';
import type { Attempt, Verdict } from './access.ts';
import { isElfProgram, isNumbers, shebang } from './content.ts';
import { isExcepted } from './exceptions.ts';
import { baseName } from './names.ts';
import { whyScript } from './scripts.ts';
import {
  asLibrary,
  asProgram,
  asProgramBytes,
  asScript,
  narrowestException,
  reasonOf,
  type What,
} from './wording.ts';

/** Of open(2). */
const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;
const READ_AND_WRITE = 0o2;
const TRUNCATE = 0o1000;

/** Enough for an ELF header's type and for a `#!` line, in bytes. */
const HEADER = 320;

/**
 * Whether a file that is not from the image may be run or opened. Pure but for what it asks of the attempt, which
 * it does in the order of what the answers cost: somebody waits. The file is a regular one.
 */
export function judge(attempt: Attempt): Verdict {
  const { file, opener, policy, kind } = attempt;
  const isMounted = file.place === 'volume' || file.place === 'bind';
  if (isMounted && policy.volumes === 'off') return { allowed: true, lasting: true };
  if (kind === 'execute') {
    const isElf = isElfProgram(file.head(HEADER));
    return refuse(attempt, 'execute', asProgram(isElf, shebang(file.head(HEADER))));
  }
  if (readsNothing(opener.openFlags())) return FOR_NOW;
  if (opener.fromLoader()) return refuse(attempt, 'load', asLibrary(file.path));
  if (file.size === 0) return FOR_NOW;
  if (isElfProgram(file.head(HEADER))) return refuse(attempt, 'read', asProgramBytes);
  // The loader is refused whatever it reads, so that its own files are asked about each time.
  const lasting: Verdict = { allowed: true, lasting: !isForLoader(file.path) };
  if (policy.scripts === 'allow' || (isMounted && policy.volumes === 'exec-deny')) return lasting;
  const why = whyScript(attempt);
  if (why !== null) return refuse(attempt, 'interpret', asScript(why));
  return isNumbers(file.head(HEADER), file.size) ? lasting : FOR_NOW;
}

/** What a shell or another interpreter may make of the same file is another question. */
const FOR_NOW: Verdict = { allowed: true, lasting: false };

function refuse(attempt: Attempt, access: DeniedAccess, what: What): Verdict {
  if (isExcepted(attempt, access)) return FOR_NOW;
  return { allowed: false, access, reason: reasonOf(attempt, what), allow: narrowestException(attempt) };
}

/** Whether nothing of what is in the file now can be read through the descriptor. */
function readsNothing(flags: number | null): boolean {
  if (flags === null) return false;
  const mode = flags & ACCESS_MODE;
  return mode === WRITE_ONLY || (mode === READ_AND_WRITE && (flags & TRUNCATE) !== 0);
}

function isForLoader(path: string): boolean {
  return /^ld(?:\.so|-musl)/.test(baseName(path));
}
