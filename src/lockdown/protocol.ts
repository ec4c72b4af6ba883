/**
 * What the process inside the container's mount namespace is asked to do: one JSON object a line over its
 * standard input, one answer a line over its standard output, in order. It ends when its input does.
 */
import type { MountFlag } from '../linux/index.ts';

export type MountRequest =
  | {
      readonly do: 'flags';
      readonly path: string;
      /** Id of the mount that must be found there. */
      readonly mount: number;
      readonly set: readonly MountFlag[];
      readonly clear: readonly MountFlag[];
    }
  | {
      readonly do: 'bind';
      readonly path: string;
      /** Id of the mount that the path must lie on. */
      readonly mount: number;
      readonly access: 'read-only' | 'writable';
    }
  | { readonly do: 'unmount'; readonly path: string; readonly mount: number };

/** `error` is an errno's name, or `gone` when the path does not lead to that mount (any more). */
export type MountAnswer = { readonly error: string | null };
