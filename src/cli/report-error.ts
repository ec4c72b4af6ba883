import {
  messageOf,
  PristineError,
  printable,
  printableJson,
  redactUrl,
  systemErrorCode,
} from '../kernel/index.ts';

export interface ErrorReport {
  readonly exitCode: number;
  /** What is written to standard error, with its line break. */
  readonly text: string;
}

/**
 * How the command line reports what was thrown: for people as what happened, why and what to do, for scripts
 * as `{ "error": { code, message, next } }`. What is not an error of the catalogue is a defect of Pristine.
 */
export function reportError(
  thrown: unknown,
  { json, debug }: { json: boolean; debug: boolean },
): ErrorReport {
  const error = asPristineError(thrown);
  const { code, message, next, exitCode } = error;
  const stack = debug && thrown instanceof Error ? stackOf(thrown) : '';
  if (json) {
    return { exitCode, text: `${stack}${printableJson({ error: { code, message, next } })}\n` };
  }
  const why = causesOf(error).map((cause) => `  why: ${line(cause)}\n`);
  return { exitCode, text: `pristine: ${line(message)}\n${why.join('')}  do: ${line(next)}\n${stack}` };
}

function asPristineError(thrown: unknown): PristineError {
  if (thrown instanceof PristineError) return thrown;
  if (systemErrorCode(thrown) === 'ENOSPC') {
    return new PristineError('E_DISK_FULL', `no space is left on the disk: ${messageOf(thrown)}`, {
      next: 'Make room and run the same command again.',
    });
  }
  return new PristineError('E_INTERNAL', `this is a defect in Pristine: ${messageOf(thrown)}`, {
    next: 'Please report it with the output of the same command with --log-level debug.',
    cause: thrown instanceof Error ? thrown.cause : undefined,
  });
}

/** Messages of what lies underneath, nearest first, without those that the message above already tells. */
function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let told = error.message;
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && cause !== null && depth < 5; depth++) {
    // An AggregateError of Node's connections has only a code.
    const text = messageOf(cause) || (systemErrorCode(cause) ?? '');
    if (text !== '' && !told.includes(text)) causes.push(text);
    told += text;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function line(text: string): string {
  return printable(redactUrl(text.trim()));
}

function stackOf(error: Error): string {
  return `${(error.stack ?? '').split('\n').map(line).join('\n    ')}\n`;
}
