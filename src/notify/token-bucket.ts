/** Lets `burst` through at once, and then `perMinute` a minute. */
export class TokenBucket {
  readonly #burst: number;
  readonly #msEach: number;
  #tokens: number;
  #at: number;

  /** @param now milliseconds of any clock that does not go back */
  constructor({ burst, perMinute }: { burst: number; perMinute: number }, now: number) {
    this.#burst = burst;
    this.#msEach = 60_000 / perMinute;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one when there is one. @returns 0, or the milliseconds until there will be one */
  take(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / this.#msEach);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil((1 - this.#tokens) * this.#msEach);
  }
}
