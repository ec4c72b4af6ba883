import { elfKind } from '../content.ts';
import { baseName, extension } from '../paths.ts';
import { isCommandFolder, isLibraryFolder, isSystemFolder, isWebContent } from '../places.ts';
import type { Rule } from '../rule.ts';
import { hasExecuteBit, hasShebang, isElf, scriptLanguage } from '../runnable.ts';
import type { Subject } from '../subject.ts';
import { contentDiffers } from './shared.ts';

const INTERPRETERS =
  /^(?:(?:ba|da|z|k|a|c|tc|fi)?sh|busybox|python[\d.]{0,8}|pypy[\d.]{0,8}|perl[\d.]{0,8}|php(?:-fpm|-cgi)?[\d.]{0,8}|ruby[\d.]{0,8}|node|nodejs|bun|deno|lua[\d.]{0,8}|tclsh[\d.]{0,8}|java|gawk|mawk|awk|ld-linux[\w.-]{0,24}|ld-musl[\w.-]{0,24}|ld-[\d.]{1,8}\.so)$/;

function isLibraryName(path: string): boolean {
  return /\.so(?:\.[\d.]{1,24})?$/.test(baseName(path));
}

function isLibrary(subject: Subject): boolean {
  if (subject.content === undefined) return isLibraryName(subject.change.path);
  return elfKind(subject.content) === 'library' || (isElf(subject) && isLibraryName(subject.change.path));
}

function isNewContent(subject: Subject): boolean {
  return subject.change.kind === 'A' ? subject.change.after?.type === 'file' : contentDiffers(subject);
}

/** Programs, libraries and the rights they run with. */
export const binaryRules: readonly Rule[] = [
  {
    id: 'new-executable',
    title: 'New executable',
    severity: 'high',
    attack: ['T1105'],
    explanation: 'An ELF program, or an executable file of unknown form, that the image does not have.',
    match(subject) {
      const { kind, after, renamedFrom } = subject.change;
      if (kind !== 'A' || after?.type !== 'file' || isLibrary(subject) || hasShebang(subject)) return null;
      if (!isElf(subject) && !(hasExecuteBit(subject) && scriptLanguage(subject) === null)) return null;
      if (renamedFrom !== undefined)
        return `A program of the image (${renamedFrom}) lies under another name.`;
      return isElf(subject)
        ? 'An ELF program appeared that the image does not have.'
        : 'An executable file appeared that the image does not have.';
    },
  },
  {
    id: 'new-shared-library',
    title: 'New or changed shared library',
    severity: 'high',
    attack: ['T1574.006', 'T1105'],
    explanation:
      'A shared object that the image does not have, or not with this content, can be loaded into any program.',
    match(subject) {
      if (!isNewContent(subject) || !isLibrary(subject)) return null;
      return subject.change.kind === 'A'
        ? 'A shared library appeared that the image does not have.'
        : 'A shared library has other code than in the image.';
    },
  },
  {
    id: 'executable-script-added',
    title: 'New executable script',
    severity: 'high',
    attack: ['T1105', 'T1059'],
    explanation: 'A script that may be run directly, and that the image does not have.',
    match(subject) {
      const language = scriptLanguage(subject);
      if (
        subject.change.kind !== 'A' ||
        !hasExecuteBit(subject) ||
        (language === null && !hasShebang(subject))
      )
        return null;
      return `An executable ${language ?? 'script'} file appeared that the image does not have.`;
    },
  },
  {
    id: 'script-added',
    title: 'New script',
    severity: 'medium',
    attack: ['T1105', 'T1059'],
    explanation:
      'A script that is not marked executable, but that an interpreter can be given. Template caches look like this; allow them by their exact path, or keep them on a tmpfs.',
    match(subject) {
      const language = scriptLanguage(subject);
      if (subject.change.kind !== 'A' || hasExecuteBit(subject) || isWebContent(subject)) return null;
      if (language === null && !hasShebang(subject)) return null;
      return `A ${language ?? 'script'} file appeared that the image does not have.`;
    },
  },
  {
    id: 'script-changed',
    title: 'Script changed',
    severity: 'high',
    attack: ['T1554', 'T1059'],
    explanation: 'A script of the image outside the system’s command folders has other content.',
    match(subject) {
      if (!contentDiffers(subject) || isCommandFolder(subject.change.path) || isWebContent(subject))
        return null;
      if (scriptLanguage(subject) === null && !hasShebang(subject)) return null;
      return 'A script of the image has other content now.';
    },
  },
  {
    id: 'system-binary-changed',
    title: 'System program or library changed',
    severity: 'critical',
    attack: ['T1554'],
    explanation: 'A program or library in the system’s folders has other content than in the image.',
    match(subject) {
      const { path, before } = subject.change;
      if (!contentDiffers(subject)) return null;
      const isProgram =
        isCommandFolder(path) || (isSystemFolder(path) && before !== null && (before.mode & 0o111) !== 0);
      if (!isProgram && !(isLibraryFolder(path) && isLibraryName(path))) return null;
      return 'A program or library of the system has other content than in the image.';
    },
  },
  {
    id: 'interpreter-changed',
    title: 'Interpreter or loader changed',
    severity: 'critical',
    attack: ['T1554'],
    explanation:
      'A shell, a language’s interpreter or the dynamic loader was replaced: whatever runs through it is no longer trusted.',
    match(subject) {
      const { path, before } = subject.change;
      if (!contentDiffers(subject) || !INTERPRETERS.test(baseName(path))) return null;
      if (before === null || ((before.mode & 0o111) === 0 && !isLibraryFolder(path))) return null;
      return `${baseName(path)} runs other code than in the image, and with it every program that it interprets.`;
    },
  },
  {
    id: 'command-shadowed',
    title: 'Link in a command folder',
    severity: 'high',
    attack: ['T1574.007', 'T1036'],
    explanation:
      'A link was added to or changed in a command folder, so that a command’s name may mean another program.',
    match({ change: { path, after, differs, kind } }) {
      if (after?.type !== 'symlink' || !isCommandFolder(path)) return null;
      if (kind === 'C' && !differs.includes('target') && !differs.includes('type')) return null;
      return 'The name of a command leads to another file than in the image.';
    },
  },
  {
    id: 'executable-bit-added',
    title: 'File made executable',
    severity: 'high',
    attack: ['T1222.002'],
    explanation: 'A file of the image that was not executable is now.',
    match(subject) {
      const { kind, before } = subject.change;
      if (kind !== 'C' || before?.type !== 'file' || (before.mode & 0o111) !== 0 || !hasExecuteBit(subject))
        return null;
      return 'A file that the image does not let anyone execute was made executable.';
    },
  },
  {
    id: 'setuid-added',
    title: 'Setuid or setgid program',
    severity: 'critical',
    attack: ['T1548.001'],
    explanation:
      'A file runs with its owner’s or group’s rights, and does not in the image. Setgid directories only pass on their group and are left out.',
    match({ change: { before, after } }) {
      if (after?.type !== 'file') return null;
      const gained = after.mode & 0o6000 & ~(before?.type === 'file' ? before.mode : 0);
      if (gained === 0 || (after.mode & 0o111) === 0) return null;
      return `Whoever runs it gets the rights of ${(gained & 0o4000) !== 0 ? `user ${after.uid}` : `group ${after.gid}`}.`;
    },
  },
  {
    id: 'setuid-content-changed',
    title: 'Content of a setuid program changed',
    severity: 'critical',
    attack: ['T1548.001', 'T1554'],
    explanation: 'A setuid or setgid program of the image has other content or another owner.',
    match(subject) {
      const { before, after, differs } = subject.change;
      if (before?.type !== 'file' || after?.type !== 'file') return null;
      if ((before.mode & after.mode & 0o6000) === 0) return null;
      if (!contentDiffers(subject) && !differs.includes('owner')) return null;
      return 'A program that runs with other rights than its caller’s was changed.';
    },
  },
  {
    id: 'file-capabilities-added',
    title: 'File capabilities added',
    severity: 'critical',
    attack: ['T1548'],
    explanation:
      'A file carries capabilities that it does not have in the image: rights of root for whoever runs it.',
    match({ change: { before, after } }) {
      const now = after?.capabilities ?? '';
      if (after?.type !== 'file' || now === '' || now === (before?.capabilities ?? '')) return null;
      return `Whoever runs it gets ${now}.`;
    },
  },
  {
    id: 'interpreter-bytecode',
    title: 'Compiled script added or changed',
    severity: 'low',
    attack: ['T1554'],
    explanation:
      'Interpreters keep compiled scripts beside their sources, and run those without looking at the source. Images should hold them, or forbid them by PYTHONDONTWRITEBYTECODE.',
    match({ change: { path, after, kind } }) {
      if (after?.type !== 'file' || (kind === 'C' && after.size === 0)) return null;
      if (!['pyc', 'pyo', 'elc', 'luac'].includes(extension(path))) return null;
      return 'A compiled script that the image does not have would be run in place of its source.';
    },
  },
];
