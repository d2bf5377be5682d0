/** One wake-up call at a time, for what says after each input until when it can wait. */
import type { Instant } from '../base/time.ts';
import type { Clock } from './api.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #takeBack: () => void = () => {};

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings then and no sooner; never, when `until` is undefined. */
  set(until: Instant | undefined): void {
    this.#takeBack();
    this.#takeBack = until === undefined ? () => {} : this.#clock.schedule(until, this.#ring);
  }
}
