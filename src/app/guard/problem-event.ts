import type { GuardEvent } from '../../contract/index.ts';
import { messageOf, PristineError } from '../../kernel/index.ts';

/** What went wrong, for those who follow the guard; an error that nobody raised on purpose is a defect. */
export function problemEvent(error: unknown, at: string): GuardEvent {
  const { code, next } =
    error instanceof PristineError
      ? error
      : ({ code: 'E_INTERNAL', next: 'Please report this defect.' } as const);
  return { type: 'problem', at, code, message: messageOf(error), next };
}
