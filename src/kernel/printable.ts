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
