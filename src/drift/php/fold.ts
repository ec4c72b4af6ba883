import type { Token } from './lexer.ts';

/**
 * Tokens with constant strings worked out, as the interpreter would: `'ev'.'al'` and `chr(101).'val'` become
 * one string, `('eval')` loses its parentheses where they only group, and `${'_GET'}` becomes the variable.
 * One pass with a stack.
 */
export function foldConstants(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (const token of tokens) {
    out.push(token);
    while (reduce(out));
  }
  return out;
}

function reduce(out: Token[]): boolean {
  const [a, b, c, d] = [out.at(-4), out.at(-3), out.at(-2), out.at(-1)];
  if (d === undefined) return false;
  // 'x' . 'y'
  if (isString(b) && is(c, '.') && isString(d)) return replace(out, 3, joined(b, d));
  if (!is(d, ')') && !is(d, '}')) return false;
  // chr(101)
  if (a?.value === 'chr' && a.type === 'word' && is(b, '(') && c?.type === 'word') {
    const code = Number(c.value);
    if (Number.isInteger(code))
      return replace(out, 4, { type: 'string', value: String.fromCharCode(code & 0xff) });
  }
  // ( 'x' ) that no name precedes
  if (is(d, ')') && isString(c) && is(b, '(') && !isCallee(a)) return replace(out, 3, c);
  // $ { '_GET' }
  if (is(d, '}') && isString(c) && is(b, '{') && is(a, '$') && /^\w{1,64}$/.test(c.value)) {
    return replace(out, 4, { type: 'variable', value: `$${c.value.toLowerCase()}` });
  }
  return false;
}

function replace(out: Token[], count: number, token: Token): true {
  out.length -= count;
  out.push(token);
  return true;
}

function joined(a: Token, b: Token): Token {
  return {
    type: 'string',
    value: a.value + b.value,
    names: [...(a.names ?? []), ...(b.names ?? [])].slice(0, 32),
  };
}

function isCallee(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.type !== 'punctuation' || token.value === ']' || token.value === ')';
}

function isString(token: Token | undefined): token is Token {
  return token?.type === 'string';
}

function is(token: Token | undefined, value: string): boolean {
  return token?.type === 'punctuation' && token.value === value;
}
