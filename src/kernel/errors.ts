/** Exit codes of the command line; documented in docs/errors.md. */
export const EXIT = { ok: 0, failed: 1, usage: 2, findings: 3, interrupted: 130 } as const;

/**
 * Every error that Pristine raises on purpose: code, exit code of the command line and meaning.
 * A retired code is never used again. docs/errors.md lists the same codes, and a test compares the two.
 */
export const ERROR_CATALOGUE = {
  E_USAGE: { exit: EXIT.usage, meaning: 'The command was called with wrong arguments.' },
  E_CONFIG_UNREADABLE: { exit: EXIT.usage, meaning: 'The configuration file cannot be read.' },
  E_CONFIG_INVALID: {
    exit: EXIT.usage,
    meaning: 'The configuration or a container label says something that is not allowed.',
  },
  E_NO_ENGINE: { exit: EXIT.failed, meaning: 'No container engine answers.' },
  E_ENGINE_PERMISSION: {
    exit: EXIT.failed,
    meaning: 'The engine is there, but this user may not talk to it.',
  },
  E_ENGINE_GONE: { exit: EXIT.failed, meaning: 'The engine stopped answering in the middle of the work.' },
  E_ENGINE_REFUSED: { exit: EXIT.failed, meaning: 'The engine refused a request.' },
  E_ENGINE_INSTALL: { exit: EXIT.failed, meaning: 'A private engine cannot be installed or started here.' },
  E_NO_SUCH_CONTAINER: { exit: EXIT.failed, meaning: 'No container has that name or id.' },
  E_AMBIGUOUS_CONTAINER: { exit: EXIT.failed, meaning: 'More than one container fits that id.' },
  E_NO_SUCH_IMAGE: { exit: EXIT.failed, meaning: 'The image is not on this engine.' },
  E_NO_SUCH_PATH: { exit: EXIT.failed, meaning: 'The path is neither in the container nor in its image.' },
  E_NO_SUCH_INCIDENT: { exit: EXIT.failed, meaning: 'No incident has that id.' },
  E_NO_SUCH_BUNDLE: { exit: EXIT.failed, meaning: 'No evidence bundle has that id or path.' },
  E_NO_SUCH_PLAN: { exit: EXIT.failed, meaning: 'No plan is kept for that container, or has that id.' },
  E_NOT_SUPPORTED: { exit: EXIT.failed, meaning: 'This host or engine cannot do what was asked.' },
  E_NEEDS_ROOT: {
    exit: EXIT.failed,
    meaning: 'The operation reads the host as root, and this process is not root.',
  },
  E_SYSCALL: { exit: EXIT.failed, meaning: 'A system call failed.' },
  E_UNSAFE_PATH: { exit: EXIT.failed, meaning: 'A path of the container tried to lead out of it.' },
  E_STATE: { exit: EXIT.failed, meaning: 'The state directory cannot be used.' },
  E_STATE_LOCKED: { exit: EXIT.failed, meaning: 'Another Pristine works with the same state directory.' },
  E_DISK_FULL: { exit: EXIT.failed, meaning: 'The disk that holds the state directory is full.' },
  E_CAPTURE: { exit: EXIT.failed, meaning: 'Evidence could not be captured whole; nothing was destroyed.' },
  E_EVIDENCE_INVALID: {
    exit: EXIT.findings,
    meaning: 'Evidence does not verify: it is damaged or was tampered with.',
  },
  E_REPLACE: {
    exit: EXIT.failed,
    meaning: 'The pristine replacement could not be created or did not become healthy.',
  },
  E_COPY: {
    exit: EXIT.failed,
    meaning: 'A copy of a container, to try things on, could not be made or started.',
  },
  E_UNPROVEN: {
    exit: EXIT.failed,
    meaning:
      'A plan for a read-only container could not be proven, so that it was neither emitted nor applied.',
  },
  E_UNFAITHFUL: {
    exit: EXIT.failed,
    meaning: 'The replacement differs from the original in something that nobody can explain.',
  },
  E_UNHEALTHY: {
    exit: EXIT.failed,
    meaning: 'The replacement did not become healthy, ended, or was restarted again and again.',
  },
  E_BUDGET: {
    exit: EXIT.failed,
    meaning: 'The container was replaced as often as its policy allows in an hour.',
  },
  E_COMPROMISED: {
    exit: EXIT.failed,
    meaning: 'A container was found to be compromised, so that it is not replaced without keeping evidence.',
  },
  E_OFFLINE: {
    exit: EXIT.failed,
    meaning: 'The container was compromised so often that its policy keeps it off the network.',
  },
  E_NOTIFY: { exit: EXIT.failed, meaning: 'A notification could not be delivered.' },
  E_DEMO: { exit: EXIT.failed, meaning: 'A step of the demo did not go as it must.' },
  E_INTERNAL: { exit: EXIT.failed, meaning: 'A defect in Pristine.' },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** An error with a code of the catalogue, and with what the reader can do about it. */
export class PristineError extends Error {
  readonly code: ErrorCode;
  /** The next step, as a sentence for the person who reads the message. */
  readonly next: string;

  /**
   * @param message what happened and why; never contains a secret
   * @param options.next what the reader can do about it
   * @param options.cause the error underneath
   */
  constructor(code: ErrorCode, message: string, options: { next: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PristineError';
    this.code = code;
    this.next = options.next;
  }

  get exitCode(): number {
    return ERROR_CATALOGUE[this.code].exit;
  }
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
