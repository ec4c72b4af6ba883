import { printable } from '../kernel/index.ts';

/** Text of a container's for a message: printable, in one line, and no longer than `max` characters. */
export function safeText(text: string, max: number): string {
  return cut(printable(cut(text, max)), max);
}

/** The first `max` UTF-16 units at most, never half a character, with `…` where something is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  const last = text.charCodeAt(end - 1);
  const half = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, half ? end - 1 : end)}…`;
}

/** As {@link cut}, but in bytes of UTF-8. */
export function cutBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  const bytes = Buffer.from(text).subarray(0, max - 3);
  // With `stream` the decoder keeps a sequence that was cut in two to itself.
  return `${new TextDecoder('utf-8').decode(bytes, { stream: true })}…`;
}
