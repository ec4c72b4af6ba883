import { hash } from 'node:crypto';
import type { FileState } from '../contract/index.ts';
import type { Subject } from '../drift/index.ts';
import type { FileSample } from '../sensor/index.ts';

type Content = NonNullable<Subject['content']>;

/** Bytes of samples that are kept, and how many. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_SAMPLES = 256;

/**
 * Samples of content that were judged lately, by their own SHA-256. The same content comes as the same object,
 * which those who judge it know again: a thousand links to one file are judged as one.
 */
export class SampleCache {
  /** In the order of their last use. */
  readonly #samples = new Map<string, Content>();
  #bytes = 0;

  /**
   * The content of a file whose whole content is kept, by the hash that its state says; undefined when it is
   * not, and for a file that is longer than its sample, since nobody checked what the rest is.
   */
  ofState({ sha256 }: FileState): Content | undefined {
    return sha256 === undefined ? undefined : this.#used(keyOf(sha256, false));
  }

  /** The sample as it is kept, or the same when it is new. */
  ofSample({ bytes, size }: FileSample): Content {
    const truncated = size > bytes.length;
    // A sample's key is what was read, never what a state says: between the two a file can be changed.
    const key = keyOf(hash('sha256', bytes, 'hex'), truncated);
    const kept = this.#used(key);
    if (kept !== undefined) return kept;
    const content = { bytes, truncated };
    this.#samples.set(key, content);
    this.#bytes += bytes.length;
    this.#dropOldest();
    return content;
  }

  #used(key: string): Content | undefined {
    const content = this.#samples.get(key);
    if (content === undefined) return undefined;
    this.#samples.delete(key);
    this.#samples.set(key, content);
    return content;
  }

  #dropOldest(): void {
    for (const [key, { bytes }] of this.#samples) {
      if (this.#bytes <= MOST_BYTES && this.#samples.size <= MOST_SAMPLES) return;
      this.#samples.delete(key);
      this.#bytes -= bytes.length;
    }
  }
}

function keyOf(sha256: string, truncated: boolean): string {
  return truncated ? `${sha256}+` : sha256;
}
