import { messageOf, PristineError, systemErrorCode } from '../kernel/index.ts';

/** What evidence work failed with, as an error with a next step; errors of the catalogue and aborts pass unchanged. */
export function evidenceFailure(error: unknown, what: string, stateDirectory: string): unknown {
  const code = causeCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PristineError(
      'E_DISK_FULL',
      `${what}: the disk of ${stateDirectory} is full; nothing was lost or destroyed`,
      {
        next: 'Make room there, or name another state directory with --state, and try again.',
        cause: error,
      },
    );
  }
  if (error instanceof PristineError || isAbort(error)) return error;
  return new PristineError('E_CAPTURE', `${what}: ${messageOf(error)}; nothing was destroyed`, {
    next: 'Look at the cause, put it right and capture again; the container is as it was.',
    cause: error,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function causeCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const code = systemErrorCode(at);
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  }
  return undefined;
}
