import { messageOf, PristineError, printable, systemErrorCode } from '../../kernel/index.ts';

/** The HTTP status with which the engine refused a request; undefined when it did not answer at all. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** What the engine said when it refused, safe to print. */
export function refusalOf(error: unknown): string {
  return printable(
    messageOf(error)
      .replace(/^\(HTTP code \d+\) [^-]* - /, '')
      .trim(),
  );
}

/**
 * A failure of a request to the engine in our own words.
 *
 * @param what what was tried, e.g. `pause web`
 * @param endpoint where the engine answers
 */
export function engineFailure(error: unknown, what: string, endpoint: string): PristineError {
  if (error instanceof PristineError) return error;
  if (statusOf(error) !== undefined) {
    return new PristineError('E_ENGINE_REFUSED', `the engine refused to ${what}: ${refusalOf(error)}`, {
      next: 'Do what the engine asks for, or look at its log, then try again.',
      cause: error,
    });
  }
  const code = systemErrorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return permissionFailure(endpoint, error);
  return new PristineError(
    'E_ENGINE_GONE',
    `the engine at ${endpoint} stopped answering (${what}): ${code ?? messageOf(error)}`,
    {
      next: 'See whether it still runs ("pristine engine status", "systemctl status docker"), then try again.',
      cause: error,
    },
  );
}

/** The engine's socket is there, and this user may not open it. */
export function permissionFailure(endpoint: string, cause: unknown): PristineError {
  return new PristineError('E_ENGINE_PERMISSION', `this user may not talk to the engine at ${endpoint}`, {
    next: 'Run this as root, or as a member of the group that owns the socket (usually "docker").',
    cause,
  });
}
