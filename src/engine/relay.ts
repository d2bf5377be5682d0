/** How an opening hands over: its last states know the machine that goes on, which from then on is the handshake. */
import type { Handshake } from './association.ts';
import type { Course, Knowledge, Machine, Message, Signal } from './machine.ts';

export class Relay<M extends Machine, K extends Knowledge<M>> implements Handshake {
  readonly #opening: Course<M, K>;
  readonly #handovers: readonly string[];
  #running: Handshake;

  /** `handovers`: the states whose knowledge is a `Handshake`. */
  constructor(
    opening: Course<M, K>,
    handovers: readonly { [S in keyof K]: K[S] extends Handshake ? S : never }[keyof K][],
  ) {
    this.#opening = opening;
    this.#handovers = handovers.map(String);
    this.#running = opening;
  }

  get state(): string {
    return this.#running.state;
  }

  waitsFor(signal: Signal): boolean {
    return this.#running.waitsFor(signal);
  }

  take(signal: string, message?: Message): ReturnType<Handshake['take']> {
    const failure = this.#running.take(signal, message);
    if (this.#running === this.#opening && this.#handovers.includes(this.#opening.state))
      this.#running = this.#opening.known as Handshake;
    return failure;
  }

  get updateKeys(): Handshake['updateKeys'] {
    const running = this.#running;
    return running.updateKeys && ((request) => running.updateKeys?.(request));
  }
}
