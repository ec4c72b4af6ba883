/**
 * What Pristine and its enforcer process tell each other: one JSON object a line, both ways over one socket that
 * the process has as descriptor 3. The process ends when the socket does.
 */
import type { Denial } from '../contract/index.ts';
import type { EnforcementEvent, EnforcementTarget, LayerTarget, StartHold } from './port.ts';

/** The descriptor of the socket in the enforcer process. */
export const CHANNEL_FD = 3;

/** The enforcer process is ended by its own timer when it has not answered for so long, in milliseconds. */
export const WATCHDOG_MS = 1500;

/** A file that was denied is held open until it is captured, but no longer than this after `at`, in milliseconds. */
export const HELD_MS = 10_000;

/** The engine may remove a layer when the guard has not said a word about it for so long, in milliseconds. */
export const REMOVAL_WAIT_MS = 3000;
/** The guard says so often that it is still looking, in milliseconds. */
export const STILL_LOOKING_MS = 1000;
/** The engine waits so long at most for the guard to decide, in milliseconds; then it may. */
export const REMOVAL_LONGEST_WAIT_MS = 30_000;

/** A container's programs wait so long at most for `let-start` once the first of them is about to run. */
export const START_WAIT_MS = 1500;

/** A request that is answered, by a report of the type `done` with its number. */
export type EnforcerQuestion = { readonly number: number } & (
  | { readonly type: 'protect'; readonly target: EnforcementTarget }
  | { readonly type: 'release'; readonly containerId: string }
  /** The engine asks before it removes the layer (`ask`), or may not (`hold`). */
  | { readonly type: 'layer'; readonly layer: LayerTarget; readonly removal: 'ask' | 'hold' }
  | { readonly type: 'release-layer'; readonly containerId: string }
  | { readonly type: 'hold-start'; readonly containerId: string }
  | { readonly type: 'let-start'; readonly containerId: string }
);

export type EnforcerRequest =
  | EnforcerQuestion
  /** What becomes of a layer whose removal was asked for; null: the guard is still looking. */
  | {
      readonly type: 'removal';
      readonly containerId: string;
      readonly at: number;
      readonly keep: boolean | null;
    }
  /** Roots that are mounted below this folder wait for `protect` or `pass` before their first program runs. */
  | { readonly type: 'expect'; readonly folder: string }
  | { readonly type: 'pass'; readonly merged: string }
  | { readonly type: 'recheck'; readonly containerId: string }
  /** A held file is no longer needed: the `fd` and the `at` of `denied`, as a descriptor's number is used again. */
  | { readonly type: 'captured'; readonly fd: number; readonly at: number };

export type EnforcerReport =
  | { readonly type: 'ready' }
  /** Told now and then, so that the guard knows since when a process that ended had not answered. */
  | { readonly type: 'alive'; readonly at: number }
  | { readonly type: 'failed'; readonly message: string; readonly errno: string | null }
  | {
      readonly type: 'done';
      readonly number: number;
      readonly error: string | null;
      /** Of `let-start`. */
      readonly start?: StartHold;
    }
  | Exclude<EnforcementEvent, { type: 'denied' }>
  /** The engine is about to remove a layer, and waits for `removal`. */
  | { readonly type: 'removal-asked'; readonly containerId: string; readonly at: number }
  | {
      readonly type: 'denied';
      readonly containerId: string;
      readonly at: number;
      readonly denial: Denial;
      /** Descriptor of the enforcer process that holds the file until it is captured. */
      readonly fd: number | null;
    };
