import { messageOf, PristineError, systemErrorCode } from '../kernel/index.ts';

/** Codes of a place that cannot be written to, whatever is done there. */
const UNUSABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ELOOP']);

/**
 * What writing to the state directory failed with, as an error with a next step: E_DISK_FULL, E_STATE. Anything
 * else passes unchanged.
 */
export function stateFailure(
  error: unknown,
  what: string,
  stateDirectory: string,
  harm = 'nothing was lost or destroyed',
): unknown {
  const full = diskFull(error, what, stateDirectory, harm);
  if (full !== null) return full;
  if (error instanceof PristineError || !UNUSABLE.has(causeCode(error) ?? '')) return error;
  return new PristineError('E_STATE', `${what}: ${messageOf(error)}`, {
    next: `See who owns ${stateDirectory}, or name another state directory with --state.`,
    cause: error,
  });
}

/** What a capture failed with: E_DISK_FULL, E_CAPTURE; errors of the catalogue and aborts pass unchanged. */
export function captureFailure(error: unknown, what: string, stateDirectory: string): unknown {
  const full = diskFull(error, what, stateDirectory);
  if (full !== null) return full;
  if (error instanceof PristineError || isAbort(error)) return error;
  return new PristineError('E_CAPTURE', `${what}: ${messageOf(error)}; nothing was destroyed`, {
    next: 'Look at the cause, put it right and capture again; the container is as it was.',
    cause: error,
  });
}

/** What keeping a refused file failed with: E_DISK_FULL, E_STATE, E_CAPTURE; errors of the catalogue and aborts pass unchanged. */
export function frameFailure(error: unknown, path: string, stateDirectory: string): unknown {
  const what = `${path} was refused, but its bytes could not be kept`;
  const known = stateFailure(error, what, stateDirectory, 'nothing that was kept before is lost');
  if (known instanceof PristineError || isAbort(known)) return known;
  return new PristineError('E_CAPTURE', `${what}: ${messageOf(error)}`, {
    next: 'Capture evidence of the container while the file is still there.',
    cause: error,
  });
}

/** What writing an output file failed with: E_DISK_FULL, E_USAGE; anything else passes unchanged. */
export function outputFailure(error: unknown, output: string): unknown {
  const full = diskFull(error, `writing ${output}`, output);
  if (full !== null) return full;
  const code = causeCode(error) ?? '';
  if (error instanceof PristineError || !(UNUSABLE.has(code) || code === 'ENOENT')) return error;
  const why =
    code === 'EEXIST' ? 'exists already, and evidence is never written over a file' : messageOf(error);
  return new PristineError('E_USAGE', `${output} cannot be written: ${why}`, {
    next: 'Name another output file, in a folder that exists.',
    cause: error,
  });
}

function diskFull(
  error: unknown,
  what: string,
  place: string,
  harm = 'nothing was lost or destroyed',
): PristineError | null {
  const code = causeCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return null;
  return new PristineError('E_DISK_FULL', `${what}: the disk of ${place} is full; ${harm}`, {
    next: 'Make room there, or name another place, and try again.',
    cause: error,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The system's error code of an error or of what caused it. */
function causeCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const code = systemErrorCode(at);
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  }
  return undefined;
}
