import type { Role } from './functions.ts';

/** An open bracket, or an `include` up to its semicolon. */
export interface Frame {
  readonly role: Role;
  readonly name: string;
  readonly closer: ')' | ']' | ';';
  /** Variable that an index bracket belongs to. */
  readonly base: string | null;
  /** Which argument is being read, from 0. */
  argument: number;
  /** Something of the code's own came before: what comes is not the whole value. */
  prefixed: boolean;
  sawInput: boolean;
  sawSink: boolean;
  assembled: boolean;
}

/** What runs or calls its argument. */
const SINKS: readonly Role[] = ['code', 'command', 'include', 'callback', 'assembled', 'replace', 'write'];

/** How many frames are looked through; deeper nesting is only made to tire its reader. */
const DEPTH = 16;

/** The brackets that are open at a token. */
export class Frames {
  readonly #stack: Frame[] = [];
  readonly #open = new Map<Role, number>();

  get top(): Frame | undefined {
    return this.#stack.at(-1);
  }

  has(role: Role): boolean {
    return (this.#open.get(role) ?? 0) > 0;
  }

  /** The innermost frames, at most so many. */
  inner(count: number): Frame[] {
    return this.#stack.slice(-count);
  }

  nearest(role: Role): Frame | undefined {
    return this.inner(DEPTH).findLast((frame) => frame.role === role);
  }

  nameOf(role: Role): string {
    return this.nearest(role)?.name ?? role;
  }

  /**
   * Whether what is read reaches nothing: it is an index, or goes into a function that keeps no text of it. A
   * sink inside such a function is reached all the same; and a command that is nothing but a quoted argument
   * is the request's as a whole.
   */
  isShielded(): boolean {
    const frames = this.inner(DEPTH);
    const at = frames.findLastIndex(
      ({ role }) => role === 'index' || role === 'sanitizer' || SINKS.includes(role),
    );
    const frame = frames[at];
    if (frame === undefined || SINKS.includes(frame.role)) return false;
    const around = frames[at - 1];
    return !(frame.name === 'escapeshellarg' && around?.role === 'command' && !around.prefixed);
  }

  push(frame: Pick<Frame, 'role' | 'name'> & Partial<Pick<Frame, 'closer' | 'base'>>): void {
    this.#open.set(frame.role, (this.#open.get(frame.role) ?? 0) + 1);
    this.#stack.push({
      closer: ')',
      base: null,
      argument: 0,
      prefixed: false,
      sawInput: false,
      sawSink: false,
      assembled: false,
      ...frame,
    });
  }

  pop(): Frame | undefined {
    const frame = this.#stack.pop();
    if (frame !== undefined) this.#open.set(frame.role, (this.#open.get(frame.role) ?? 0) - 1);
    return frame;
  }

  /** Closes what only a semicolon (or an outer bracket) closes. */
  endStatement(): void {
    while (this.top?.closer === ';') this.pop();
  }
}
