import type { Denial, DeniedFile, GuardEvent } from '../../contract/index.ts';
import type { FrameKeeper } from '../../evidence/index.ts';
import { type Clock, PristineError } from '../../kernel/index.ts';
import { closeDescriptor } from '../../linux/index.ts';
import { problemEvent } from './problem-event.ts';

/** A refusal as an enforcer tells it: {@link HeldFile} and the `denied` event of the enforcement room fit. */
export interface Refusal {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly denial: Denial;
  readonly file: { open(): number | null; release(): void } | null;
}

export interface KeptDenial {
  /** With the SHA-256 and size of the file; `sha256` null when it is not kept whole. */
  readonly denial: Denial;
  /** What went wrong, or is not kept from now on. */
  readonly problem: GuardEvent | null;
}

/**
 * Keeps the file of a refusal as evidence, and lets it go whatever happens; resolves once it is on disk. Never throws:
 * that something could not be kept must not keep anybody from hearing of the refusal.
 */
export async function keepDenied(
  { frames, clock }: { readonly frames: FrameKeeper; readonly clock: Clock },
  refusal: Refusal,
  of: { readonly incident: string; readonly container: DeniedFile['container'] },
  signal?: AbortSignal,
): Promise<KeptDenial> {
  const { at, denial, file } = refusal;
  if (file === null) return { denial, problem: null };
  let descriptor: number | null = null;
  try {
    descriptor = file.open();
    if (descriptor === null) throw noLongerHeld(denial.path);
    const { sha256, size, notes, frame } = await frames.keep({
      ...of,
      at,
      denial,
      descriptor,
      ...(signal && { signal }),
    });
    return {
      denial: { ...denial, sha256, size: size ?? denial.size },
      problem: size === null && frame !== null ? problem(notKept(notes), clock) : null,
    };
  } catch (error) {
    // Whoever ends the guard knows that what is under way is not kept.
    return { denial, problem: signal?.aborted === true ? null : problem(error, clock) };
  } finally {
    if (descriptor !== null) closeDescriptor(descriptor);
    file.release();
  }
}

function problem(error: unknown, clock: Clock): GuardEvent {
  return problemEvent(error, clock.now().toISOString());
}

function noLongerHeld(path: string): PristineError {
  return new PristineError(
    'E_CAPTURE',
    `${path} was refused, but the enforcer ended before it could be kept`,
    {
      next: 'Look at the container with "pristine diff"; the file may still be there.',
    },
  );
}

function notKept(notes: readonly string[]): PristineError {
  return new PristineError('E_CAPTURE', notes.join(' '), {
    next: 'See what is kept with "pristine evidence denied"; capture the container for the rest.',
  });
}
