/**
 * fanotify(7) in its form that tells afterwards which file was opened. Its events are read, and its marks set, as
 * those of permission-events.ts; nobody waits for them.
 */
import { native, syscallError } from './libc.ts';

const cInit = native('int fanotify_init(uint flags, uint eventFlags)');

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_UNLIMITED_QUEUE = 0x10;
const FAN_UNLIMITED_MARKS = 0x20;
const O_RDONLY_CLOEXEC_NONBLOCK_LARGEFILE = 0o2000000 | 0o4000 | 0o100000;

/** A file was opened, also to be run (FAN_OPEN). */
export const OPENED = 0x20;

/**
 * A non-blocking group whose events carry a descriptor for the file that was opened.
 *
 * @throws {PristineError} E_SYSCALL: EPERM without CAP_SYS_ADMIN, EMFILE beyond fs.fanotify.max_user_groups
 */
export function openOpenGroup(): number {
  const flags = FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
  const fd = cInit(flags, O_RDONLY_CLOEXEC_NONBLOCK_LARGEFILE);
  if (fd < 0) throw syscallError('fanotify_init');
  return fd;
}
