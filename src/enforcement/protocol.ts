/**
 * What Pristine and its enforcer process tell each other: one JSON object a line, both ways over one socket that
 * the process has as descriptor 3. The process ends when the socket does.
 */
import type { Denial } from '../contract/index.ts';
import type { EnforcementEvent, EnforcementTarget } from './port.ts';

/** The descriptor of the socket in the enforcer process. */
export const CHANNEL_FD = 3;

/** The enforcer process is ended by its own timer when it has not answered for so long, in milliseconds. */
export const WATCHDOG_MS = 1500;

/** A file that was denied is held open until it is captured, but no longer than this after `at`, in milliseconds. */
export const HELD_MS = 10_000;

export type EnforcerRequest =
  | { readonly type: 'protect'; readonly number: number; readonly target: EnforcementTarget }
  | { readonly type: 'release'; readonly number: number; readonly containerId: string }
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
  | { readonly type: 'done'; readonly number: number; readonly error: string | null }
  | Exclude<EnforcementEvent, { type: 'denied' }>
  | {
      readonly type: 'denied';
      readonly containerId: string;
      readonly at: number;
      readonly denial: Denial;
      /** Descriptor of the enforcer process that holds the file until it is captured. */
      readonly fd: number | null;
    };
