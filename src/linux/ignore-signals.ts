import { constants } from 'node:os';
import { native, syscallError } from './libc.ts';

const cSignal = native('long signal(int number, long handler)');
const SIG_IGN = 1;
const SIG_ERR = -1;

/**
 * Has the kernel drop these signals of this process, so that no call is interrupted by them (signal(2)).
 *
 * @throws {PristineError} E_SYSCALL: EINVAL for those that cannot be ignored
 */
export function ignoreSignals(names: readonly NodeJS.Signals[]): void {
  for (const name of names) {
    if (cSignal(constants.signals[name], SIG_IGN) === SIG_ERR) throw syscallError('signal');
  }
}
