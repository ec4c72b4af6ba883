import { pollReadable } from '../../linux/index.ts';
import type { Channel } from '../channel.ts';
import type { EnforcerRequest } from '../protocol.ts';

export interface LoopOptions {
  readonly channel: Channel;
  /** To be called at least every second; each call is a system call. */
  beat(): void;
}

const LONGEST_WAIT_MS = 500;

/** The enforcer process's life: serves the guard until the socket is closed. */
export class EnforcerLoop {
  readonly #channel: Channel;
  readonly #beat: () => void;

  constructor({ channel, beat }: LoopOptions) {
    this.#channel = channel;
    this.#beat = beat;
  }

  /** Works until the guard has closed the socket. */
  run(): void {
    for (;;) {
      this.#beat();
      pollReadable([this.#channel.fd], LONGEST_WAIT_MS);
      const requests = this.#channel.receive();
      if (requests === 'closed') return;
      for (const request of requests) this.#serve(request);
      this.#channel.flush();
    }
  }

  #serve(request: EnforcerRequest): void {
    if (request.type === 'captured') return;
    this.#channel.send({ type: 'done', number: request.number, error: 'nothing is checked yet' });
  }
}
