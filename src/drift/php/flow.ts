import { foldConstants } from './fold.ts';
import { type Frame, Frames } from './frames.ts';
import {
  ASSEMBLERS,
  CALLBACKS,
  COMMANDS,
  DECODERS,
  FIRST_IS_CALLED,
  hasEvalModifier,
  INCLUDES,
  INPUT_FUNCTIONS,
  INPUT_MEMBERS,
  INPUT_VARIABLES,
  isSink,
  roleOf,
} from './functions.ts';
import { type Token, tokenize } from './lexer.ts';

/** What PHP code does with what the client sends, each in a few words; null for what it does not do. */
export interface PhpVerdict {
  /** How request input is run as code or as a command. */
  readonly shell: string | null;
  /** How decoded, fetched or assembled text is run. */
  readonly obfuscated: string | null;
  /** How the request names a file that is written. */
  readonly dropper: string | null;
}

type Origin = 'input' | 'decoded' | 'assembled' | 'parameter';

const RANK: Record<Origin, number> = { parameter: 1, assembled: 2, decoded: 3, input: 4 };

/**
 * Follows request input, decoded text and assembled names through PHP code to what would run them: sinks,
 * callbacks, variable functions, wrapper functions. An approximation from above: branches are not told apart
 * and a variable stays tainted. Two passes over the tokens, each token in constant time.
 */
export function judgePhp(text: string): PhpVerdict {
  const tokens = foldConstants(tokenize(text));
  const wrappers = new Set<string>();
  new Pass(tokens, wrappers).run();
  return new Pass(tokens, wrappers).run();
}

class Pass {
  readonly #tokens: readonly Token[];
  readonly #wrappers: Set<string>;
  readonly #origins = new Map<string, Origin>();
  readonly #literals = new Map<string, string>();
  readonly #assigned = new Set<string>();
  readonly #frames = new Frames();
  #targets: string[] = [];
  /** Variable whose value the last token completed. */
  #callee: string | null = null;
  #groupAssembled = false;
  #extracted = false;
  #function = '';
  #shell: string | null = null;
  #obfuscated: string | null = null;
  #dropper: string | null = null;

  constructor(tokens: readonly Token[], wrappers: Set<string>) {
    this.#tokens = tokens;
    this.#wrappers = wrappers;
  }

  run(): PhpVerdict {
    for (let at = 0; at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (token === undefined) break;
      if (token.type === 'variable') this.#variable(token.value, at);
      else if (token.type === 'word') this.#word(token.value, at);
      else if (token.type === 'punctuation') this.#punctuation(token.value, at);
      else this.#string(token, at);
    }
    return { shell: this.#shell, obfuscated: this.#obfuscated, dropper: this.#dropper };
  }

  #variable(name: string, at: number): void {
    this.#callee = name;
    const frame = this.#frames.top;
    if (frame?.role === 'parameters') this.#mark(name, 'parameter');
    else if (frame?.role === 'each' && frame.sawInput && this.#isAfterAs(at)) this.#mark(name, 'input');
    else {
      const origin = this.#originOf(name, at);
      if (origin === null) this.#prefix();
      else this.#value(origin, name, at);
    }
  }

  #isAfterAs(at: number): boolean {
    const before = this.#tokens[at - 1]?.value;
    return before === 'as' || before === '=>' || before === '[' || before === ',';
  }

  #originOf(name: string, at: number): Origin | null {
    if (INPUT_VARIABLES.has(name)) return 'input';
    if (name === '$_server' || name === '$globals' || name === '$_env') {
      const member = this.#tokens[at + 2]?.value ?? '';
      if (name === '$globals') return INPUT_VARIABLES.has(`$${member.toLowerCase()}`) ? 'input' : null;
      return INPUT_MEMBERS.test(member.slice(0, 32)) ? 'input' : null;
    }
    if (this.#tokens[at - 1]?.value === '$') {
      const named = this.#literals.get(name);
      if (named !== undefined && INPUT_VARIABLES.has(`$${named}`)) return 'input';
    }
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    // After extract($_GET), whatever the code itself never set is the request's.
    return this.#extracted &&
      !this.#assigned.has(name) &&
      (this.#frames.has('code') || this.#frames.has('command'))
      ? 'input'
      : null;
  }

  #word(word: string, at: number): void {
    this.#callee = null;
    if (INCLUDES.has(word)) this.#frames.push({ role: 'include', name: word, closer: ';' });
    else if (this.#frames.top?.role === 'include' && /^[a-z_]/.test(word)) this.#prefix();
    if (this.#tokens[at + 1]?.value !== '(') return;
    if (DECODERS.has(word)) this.#value('decoded', word, at);
    else if (ASSEMBLERS.has(word)) this.#value('assembled', word, at);
    else if (INPUT_FUNCTIONS.has(word)) this.#value('input', word, at);
  }

  #string({ value, names, type }: Token, at: number): void {
    this.#callee = null;
    if (value.includes('php://input')) this.#value('input', 'php://input', at);
    for (const name of names ?? []) {
      const origin = INPUT_VARIABLES.has(name) ? 'input' : (this.#origins.get(name) ?? null);
      if (type === 'command') this.#reach(origin, name, 'a shell command in backticks');
      else this.#value(origin, name, at);
    }
    const frame = this.#frames.top;
    if (frame === undefined) return;
    if (frame.role === 'callback' && isSink(value.toLowerCase())) frame.sawSink = true;
    if (frame.role === 'callback' && frame.sawSink && frame.sawInput)
      this.#reach('input', frame.name, frame.name);
    if (frame.role === 'replace' && frame.argument === 0 && hasEvalModifier(value)) frame.sawSink = true;
    if (frame.role === 'include' && /^(?:https?|ftp|data|expect):/i.test(value.slice(0, 8))) {
      this.#obfuscated ??= `${frame.name} loads code from a URL`;
    }
    if (value !== '') this.#prefix();
  }

  #prefix(): void {
    if (this.#frames.top?.closer === ']') return;
    for (const frame of this.#frames.inner(2)) frame.prefixed = true;
  }

  #punctuation(mark: string, at: number): void {
    if (mark === '(') this.#call(at);
    else if (mark === '[')
      this.#frames.push({
        role: this.#callee === null || INPUT_VARIABLES.has(this.#callee) ? 'neutral' : 'index',
        name: '',
        closer: ']',
        base: this.#callee,
      });
    else if (mark === ')' || mark === ']') this.#close(mark);
    else if (mark === '=' || mark === '.=') this.#assign(mark, at);
    else if (mark === '?' || mark === '$') return;
    else this.#separate(mark, at);
  }

  #separate(mark: string, at: number): void {
    this.#callee = null;
    if (mark === ',') {
      const frame = this.#frames.top;
      if (frame !== undefined) {
        frame.argument += 1;
        frame.prefixed = false;
      }
    } else if (mark === ';' || mark === '{' || mark === '}') {
      this.#targets = [];
      this.#frames.endStatement();
    } else if (
      (mark === '^' || mark === '~') &&
      (this.#tokens[at - 1]?.type === 'string' || this.#tokens[at + 1]?.type === 'string')
    ) {
      this.#value('assembled', 'a string operation', at);
    } else if (
      mark === '.' &&
      this.#tokens[at - 1]?.value === ']' &&
      /^\d+$/.test(this.#tokens[at - 2]?.value ?? '')
    ) {
      this.#value('assembled', 'single characters', at);
    }
  }

  #assign(mark: string, at: number): void {
    const target = this.#callee;
    this.#callee = null;
    if (target === null || INPUT_VARIABLES.has(target)) return;
    this.#assigned.add(target);
    if (this.#targets.length < 8) this.#targets.push(target);
    let literal = mark === '.=' ? (this.#literals.get(target) ?? '') : '';
    for (let next = at + 1; next < at + 34; next += 2) {
      const token = this.#tokens[next];
      const part = token?.type === 'string' ? token.value : this.#literals.get(token?.value ?? '');
      if (part === undefined || part.length > 64 || literal.length > 64) return;
      literal += part;
      if (this.#tokens[next + 1]?.value !== '.') break;
    }
    this.#literals.set(target, literal.toLowerCase().replace(/^\\/, ''));
  }

  #call(at: number): void {
    const before = this.#tokens[at - 1];
    const earlier = this.#tokens[at - 2];
    const callee = this.#callee;
    const method = earlier?.value === '->' || earlier?.value === '::';
    this.#callee = null;
    if (callee !== null && !method && earlier?.value !== 'new')
      this.#callVariable(callee, earlier?.value === '$' || before?.value === '}');
    else if (before?.type === 'string')
      this.#callNamed(before.value.toLowerCase().replace(/^\\/, ''), false, at);
    else if (before?.type === 'word')
      this.#callNamed(before.value, method || earlier?.value === 'function', at, earlier);
    else if (before?.value === ')' && this.#groupAssembled) {
      this.#frames.push({ role: 'assembled', name: 'a function whose name is put together' });
    } else this.#frames.push({ role: 'neutral', name: '' });
    this.#groupAssembled = false;
  }

  #callVariable(callee: string, dynamic: boolean): void {
    const named = this.#literals.get(callee);
    const origin = INPUT_VARIABLES.has(callee) ? 'input' : this.#origins.get(callee);
    if (origin === 'input') this.#shell ??= 'the request names the function that is called';
    else if (origin === 'decoded')
      this.#obfuscated ??= `the function in ${callee} is called by a decoded name`;
    else if (this.#extracted && origin === undefined && !this.#assigned.has(callee)) {
      this.#shell ??= 'the request sets the variable that names the function called';
    }
    if (named !== undefined && isSink(named))
      this.#frames.push({ role: COMMANDS.has(named) ? 'command' : 'code', name: named });
    else if (named !== undefined && CALLBACKS.has(named))
      this.#frames.push({ role: 'callback', name: named });
    else if (origin === 'assembled' || origin === 'decoded' || dynamic || /^\$_+$/.test(callee)) {
      this.#frames.push({ role: 'assembled', name: 'a function whose name is put together' });
    } else this.#frames.push({ role: 'neutral', name: '' });
  }

  #callNamed(name: string, declared: boolean, at: number, earlier?: Token): void {
    if (name === 'function' || name === 'fn') {
      this.#function = '';
      this.#frames.push({ role: 'parameters', name });
    } else if (earlier?.value === 'function') {
      this.#function = name;
      this.#frames.push({ role: 'parameters', name });
    } else if (this.#wrappers.has(name)) this.#frames.push({ role: 'code', name: `${name}()` });
    else if (declared || (earlier?.value === 'new' && !CALLBACKS.has(name)))
      this.#frames.push({ role: 'neutral', name });
    else this.#frames.push({ role: roleOf(name), name });
    if (name === 'getenv' && /^http_/i.test(this.#tokens[at + 1]?.value.slice(0, 8) ?? ''))
      this.#value('input', name, at);
  }

  /** A value of some origin appears in the expressions that are open. */
  #value(origin: Origin | null, name: string, at: number): void {
    if (origin === null || this.#isCast(at) || this.#frames.isShielded()) return;
    for (const target of this.#targets) this.#mark(target, origin);
    const frame = this.#frames.top;
    if (frame !== undefined) this.#inFrame(frame, origin, name);
    if (this.#frames.has('each') && origin === 'input')
      for (const each of this.#frames.inner(3)) each.sawInput = true;
    if (this.#frames.has('extract') && origin === 'input') this.#extracted = true;
    if (this.#frames.has('code')) this.#reach(origin, name, this.#frames.nameOf('code'));
    else if (this.#frames.has('command')) this.#reach(origin, name, this.#frames.nameOf('command'));
    else if (this.#frames.has('assembled') && origin === 'input')
      this.#reach(origin, name, this.#frames.nameOf('assembled'));
    else if (this.#frames.has('include')) this.#include(origin, name);
  }

  #inFrame(frame: Frame, origin: Origin, name: string): void {
    if (origin === 'assembled' || origin === 'decoded') frame.assembled = true;
    if (origin !== 'input') return;
    frame.sawInput = true;
    if (frame.role === 'callback' && FIRST_IS_CALLED.has(frame.name) && frame.argument === 0) {
      this.#reach('input', name, frame.name);
    }
    if (this.#frames.has('callback')) {
      const callback = this.#frames.nearest('callback');
      if (callback?.sawSink === true) this.#reach('input', name, callback.name);
    }
    if (frame.role === 'replace' && (frame.argument === 0 || frame.sawSink)) {
      this.#reach('input', name, `${frame.name} with the modifier e`);
    }
    const destination = ['copy', 'rename', 'move_uploaded_file'].includes(frame.name) ? 1 : 0;
    if (frame.role === 'write' && frame.argument === destination && !(destination === 1 && frame.prefixed)) {
      this.#dropper ??= `request input (${shown(name)}) names the file that ${frame.name} writes`;
    }
  }

  #include(origin: Origin, name: string): void {
    const frame = this.#frames.nearest('include');
    const direct = INPUT_VARIABLES.has(name) || name === 'php://input';
    // Rendering a template that the caller names is what many applications do.
    if (origin === 'parameter' || (origin === 'decoded' && !DECODERS.has(name))) return;
    if (direct || frame?.prefixed === false) this.#reach(origin, name, frame?.name ?? 'include');
  }

  #reach(origin: Origin | null, name: string, sink: string): void {
    if (origin === 'input') this.#shell ??= `request input (${shown(name)}) reaches ${sink}`;
    else if (origin === 'decoded') this.#obfuscated ??= `decoded or fetched text (${name}) reaches ${sink}`;
    else if (origin === 'parameter' && this.#function !== '') this.#wrappers.add(this.#function);
  }

  #isCast(at: number): boolean {
    return (
      this.#tokens[at - 1]?.value === ')' &&
      ['int', 'integer', 'float', 'double', 'bool', 'boolean'].includes(this.#tokens[at - 2]?.value ?? '') &&
      this.#tokens[at - 3]?.value === '('
    );
  }

  #mark(name: string, origin: Origin): void {
    const known = this.#origins.get(name);
    if (known === undefined || RANK[known] < RANK[origin]) this.#origins.set(name, origin);
  }

  #close(closer: ')' | ']'): void {
    this.#frames.endStatement();
    const frame = this.#frames.pop();
    this.#callee = closer === ']' ? (frame?.base ?? null) : null;
    this.#groupAssembled = frame?.assembled === true;
    const outer = this.#frames.top;
    if (outer !== undefined && frame !== undefined && frame.role === 'neutral') {
      if (frame.sawInput) outer.sawInput = true;
      if (frame.assembled) outer.assembled = true;
    }
  }
}

/** A variable as code spells it: the predefined ones in capitals. */
function shown(name: string): string {
  return name.startsWith('$_') ? name.toUpperCase() : name;
}
