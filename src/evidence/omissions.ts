import { printable } from '../kernel/index.ts';

const MOST = 1000;

/** What is not in a bundle, and why; bounded, as a container can have millions of reasons. */
export class Omissions {
  readonly #sentences: string[] = [];
  #more = 0;

  /** @param sentence may hold text from the container: it is made printable here */
  add(sentence: string): void {
    if (this.#sentences.length < MOST) this.#sentences.push(printable(sentence));
    else this.#more++;
  }

  /** Takes on those of another collector. */
  join(other: Omissions): void {
    for (const sentence of other.#sentences) this.add(sentence);
    this.#more += other.#more;
  }

  list(): string[] {
    if (this.#more === 0) return [...this.#sentences];
    return [...this.#sentences, `${this.#more} more omissions are not listed.`];
  }
}
