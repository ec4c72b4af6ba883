/** A token of PHP code. `names` are the variables that an interpolating string mentions, without index. */
export interface Token {
  readonly type: 'variable' | 'word' | 'string' | 'command' | 'punctuation';
  /** Lower case but for strings, whose escapes are resolved. */
  readonly value: string;
  readonly names?: readonly string[];
}

const WORD = /[a-z0-9_\x80-\xff]/i;

/**
 * The code between the PHP tags of a text, as tokens: comments and white space gone, names in lower case,
 * string escapes resolved, backticks as `command`. Reads each character once or twice, whatever the text says.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const open = nextTag(text, at);
    if (open === -1) break;
    at = readCode(text, open, tokens);
    tokens.push({ type: 'punctuation', value: ';' });
  }
  return tokens;
}

/** Position after the next `<?php`, `<?=` or `<?`; -1 when there is none. XML declarations are no PHP. */
function nextTag(text: string, from: number): number {
  for (let at = text.indexOf('<?', from); at !== -1; at = text.indexOf('<?', at + 2)) {
    const after = text.slice(at + 2, at + 6).toLowerCase();
    if (after.startsWith('php')) return at + 5;
    if (after.startsWith('=')) return at + 3;
    if (/^\s/.test(after)) return at + 2;
  }
  return -1;
}

/** Reads code from `at` up to and over `?>` or to the end, and says where it stopped. */
function readCode(text: string, start: number, tokens: Token[]): number {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    const pair = text.slice(at, at + 2);
    if (pair === '?>') return at + 2;
    if (character === ' ' || character === '\n' || character === '\t' || character === '\r') at += 1;
    else if (pair === '/*') at = after(text, '*/', at + 2);
    else if (pair === '//' || (character === '#' && pair !== '#[')) at = endOfLineComment(text, at);
    else if (text.startsWith('<<<', at)) at = readHeredoc(text, at, tokens);
    else if (character === "'" || character === '"' || character === '`') at = readString(text, at, tokens);
    else if (character === '$' || WORD.test(character)) at = readName(text, at, tokens);
    else {
      const operator = ['->', '::', '=>', '==', '.=', '<=', '>=', '!='].includes(pair) ? pair : character;
      tokens.push({ type: 'punctuation', value: operator });
      at += operator.length;
    }
  }
  return at;
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}

function endOfLineComment(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n' || (text[at] === '?' && text[at + 1] === '>')) return at;
  }
  return text.length;
}

function readName(text: string, start: number, tokens: Token[]): number {
  let at = start + 1;
  while (at < text.length && WORD.test(text.charAt(at))) at += 1;
  const value = text.slice(start, at).toLowerCase();
  if (value === '$') tokens.push({ type: 'punctuation', value });
  else tokens.push({ type: value.startsWith('$') ? 'variable' : 'word', value });
  return at;
}

function readString(text: string, start: number, tokens: Token[]): number {
  const quote = text.charAt(start);
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  const raw = text.slice(start + 1, at);
  if (quote === "'") tokens.push({ type: 'string', value: raw.replaceAll(/\\([\\'])/g, '$1') });
  else
    tokens.push({
      type: quote === '`' ? 'command' : 'string',
      value: resolveEscapes(raw),
      names: mentions(raw),
    });
  return at + 1;
}

/** Heredoc and nowdoc; without a terminator the rest of the text is the string. */
function readHeredoc(text: string, start: number, tokens: Token[]): number {
  const opening = /^<<<[ \t]{0,8}(['"]?)([a-z_][a-z0-9_]{0,64})\1\r?\n/i.exec(text.slice(start, start + 96));
  if (opening === null) {
    tokens.push({ type: 'punctuation', value: '<' });
    return start + 3;
  }
  const begin = start + opening[0].length;
  const name = opening[2] ?? '';
  let end = text.length;
  let next = text.length;
  for (let line = begin; line < text.length; line = after(text, '\n', line)) {
    let word = line;
    while (text[word] === ' ' || text[word] === '\t') word += 1;
    if (text.startsWith(name, word) && !WORD.test(text.charAt(word + name.length))) {
      end = line;
      next = word + name.length;
      break;
    }
  }
  const raw = text.slice(begin, end);
  if (opening[1] === "'") tokens.push({ type: 'string', value: raw });
  else tokens.push({ type: 'string', value: resolveEscapes(raw), names: mentions(raw) });
  return next;
}

function resolveEscapes(raw: string): string {
  if (!raw.includes('\\')) return raw;
  return raw.replaceAll(
    /\\(?:x([0-9a-f]{1,2})|u\{([0-9a-f]{1,6})\}|([0-7]{1,3})|([^xu0-7]))/gi,
    (whole, hex, point, octal, other) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (point !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(point, 16), 0x10ffff));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      if (other === '\\' || other === '"' || other === '$' || other === '`') return other;
      return whole;
    },
  );
}

function mentions(raw: string): string[] {
  return Array.from(
    raw.matchAll(/\$\{?([a-z_\x80-\xff][a-z0-9_\x80-\xff]{0,63})/gi),
    (match) => `$${(match[1] ?? '').toLowerCase()}`,
  );
}
