/**
 * Text from inside a container, made safe to print on a terminal and in one line: control characters (C0,
 * DEL, C1), line and paragraph separators, directional and invisible formatting characters and bytes that
 * are not UTF-8 become visible escapes (`\n`, `\x1b`, `\u202e`), a backslash becomes `\\`.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const short = SHORT[character];
    if (short !== undefined) return short;
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
    return `\\u{${code.toString(16)}}`;
  });
}

/** Cc, Cf, Zl, Zp, lone surrogates (Cs), private use (Co) and the backslash that introduces our escapes. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\\]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/**
 * A value as JSON that is safe to print on a terminal: what {@link printable} makes visible and JSON would leave
 * as it is stands as `\u` escapes, so that the value is the same for whoever parses it.
 *
 * @param indent spaces a level; 0 for one line
 */
export function printableJson(value: unknown, indent = 0): string {
  // Outside of strings, JSON has none of these characters but the line ends that it is indented with.
  return JSON.stringify(value, null, indent).replaceAll(UNSAFE_IN_JSON, (character) =>
    Array.from({ length: character.length }, (_, unit) => escapeOf(character.charCodeAt(unit))).join(''),
  );
}

const UNSAFE_IN_JSON = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu;

function escapeOf(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
