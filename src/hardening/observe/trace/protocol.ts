/** What the reader of the kernel's trace and its worker thread tell each other. */
import type { MessagePort } from 'node:worker_threads';
import type { RefusedWrite } from '../../../contract/index.ts';

export type TraceWord =
  | { readonly type: 'refusal'; readonly containerId: string; readonly refusal: RefusedWrite }
  /** All that its processes were granted since it is watched; before each answer to a flush. */
  | { readonly type: 'capabilities'; readonly containerId: string; readonly grants: readonly Grant[] }
  /** A program as it was named, absolute. */
  | { readonly type: 'executed'; readonly containerId: string; readonly path: string }
  | {
      readonly type: 'contact';
      readonly containerId: string;
      readonly address: string;
      readonly port: number;
    }
  /** Events were lost. */
  | { readonly type: 'gap' };

/** How often the kernel granted a capability to one set of credentials. */
export interface Grant {
  /** Where the kernel keeps these credentials: tells one from another while it lives. */
  readonly credentials: number;
  /** Without `CAP_`. */
  readonly name: string;
  readonly times: number;
}

export type TraceRequest =
  | { readonly type: 'watch'; readonly number: number; readonly id: string; readonly pids: readonly number[] }
  | { readonly type: 'unwatch'; readonly number: number; readonly id: string }
  /** Answered when everything that happened so far was told. */
  | { readonly type: 'flush'; readonly number: number };

export type TraceReport =
  | { readonly type: 'ready'; readonly capabilities: boolean }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'words'; readonly words: readonly TraceWord[] }
  | { readonly type: 'done'; readonly number: number };

export interface TraceStart {
  readonly requests: MessagePort;
  /** An eventfd: readable when there is a request or the end has come. */
  readonly wakeFd: number;
  /** One 32-bit cell: 1 when the worker is to end. */
  readonly closing: SharedArrayBuffer;
  /** `refusals`: only refused writes. */
  readonly wanted: 'everything' | 'refusals';
}
