/** Rates: so much at once, then so much a second. Used on both ends of a page's word, since neither believes the other. */
import { pageLimits } from '../../src/bridge/page.ts';

export class Bucket {
  readonly #now: () => number;
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** `now`: ms of any monotonic clock. */
  constructor(now: () => number, most: number, perSecond: number) {
    this.#now = now;
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
    this.#at = now();
  }

  /** Takes so much, or nothing when that is more than there is. */
  take(amount: number): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}

/** Whether a message of so many characters may pass now, by number and by size. */
export function messageGate(now: () => number): (characters: number) => boolean {
  const messages = new Bucket(now, pageLimits.burst, pageLimits.perSecond);
  const characters = new Bucket(now, pageLimits.burstCharacters, pageLimits.charactersPerSecond);
  return (length) => length <= pageLimits.message && messages.take(1) && characters.take(length);
}
