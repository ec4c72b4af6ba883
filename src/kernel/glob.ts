/**
 * Whether `text` matches a glob: `*` is any run of characters within a segment, `**` any run across segments
 * (with a slash after it also none at all), `?` one character that is not a slash, everything else itself.
 * There are no classes, braces or escapes. Takes at most `glob.length × text.length` steps, whatever the path
 * says: the set of reachable glob positions is carried along instead of backtracking.
 */
export function matchesGlob(glob: string, text: string): boolean {
  const parts = parse(glob);
  let reachable = new Uint8Array(parts.length + 1);
  reachable[0] = 1;
  skipEmpty(parts, reachable);
  for (const character of text) {
    const next = new Uint8Array(parts.length + 1);
    let alive = false;
    for (let i = 0; i < parts.length; i++) {
      if (reachable[i] === 0) continue;
      const target = step(parts[i] ?? '', character, i);
      if (target === -1) continue;
      next[target] = 1;
      alive = true;
    }
    if (!alive) return false;
    // `**/` also matches nothing, but only at the start of a segment.
    skipEmpty(parts, next, character);
    reachable = next;
  }
  return reachable[parts.length] === 1;
}

/** Whether the glob names one path exactly. */
export function isExactPath(glob: string): boolean {
  return !glob.includes('*') && !glob.includes('?');
}

/** `*`, `?`, `**`, and `**` with its slash as tokens; other characters one by one. */
function parse(glob: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < glob.length; ) {
    if (glob.startsWith('**', at)) {
      let end = at;
      while (glob[end] === '*') end += 1;
      const wholeSegment = (at === 0 || glob[at - 1] === '/') && glob[end] === '/';
      parts.push(wholeSegment ? '**/' : '**');
      at = wholeSegment ? end + 1 : end;
    } else {
      const character = String.fromCodePoint(glob.codePointAt(at) ?? 0);
      parts.push(character);
      at += character.length;
    }
  }
  return parts;
}

/** Position after `character` was read at part `i`; -1 when the part does not take it. */
function step(part: string, character: string, i: number): number {
  if (part === '**' || part === '**/') return i;
  if (part === '*') return character === '/' ? -1 : i;
  if (part === '?') return character === '/' ? -1 : i + 1;
  return part === character ? i + 1 : -1;
}

function skipEmpty(parts: readonly string[], reachable: Uint8Array, before = '/'): void {
  for (let i = 0; i < parts.length; i++) {
    if (reachable[i] === 0) continue;
    const part = parts[i];
    if (part === '*' || part === '**' || (part === '**/' && before === '/')) reachable[i + 1] = 1;
  }
}
