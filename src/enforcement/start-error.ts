import { PristineError } from '../kernel/index.ts';
import type { Ending } from './enforcer-process.ts';

/** Why there is no enforcer, from how its process ended before it served. */
export function startError({ reason, errno, stderr }: Ending): PristineError {
  const message = `the enforcer ${reason}`;
  if (errno === 'EPERM') {
    return new PristineError('E_NEEDS_ROOT', message, {
      next: 'Run Pristine as root on the machine that runs the containers.',
    });
  }
  return new PristineError(errno === null ? 'E_INTERNAL' : 'E_NOT_SUPPORTED', message, {
    next: 'Run "pristine doctor" to see what this host allows.',
    cause: stderr,
  });
}
