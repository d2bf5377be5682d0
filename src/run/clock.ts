/** The clock of simulations: time stands still until somebody advances it, and then jumps to the next thing that is due. */
import { type Instant, instant } from '../base/time.ts';
import type { Clock } from './api.ts';

export class VirtualClock implements Clock {
  #now: Instant = instant(0);
  #order = 0;
  readonly #due: { readonly at: Instant; readonly order: number; readonly wake: () => void }[] = [];

  now(): Instant {
    return this.#now;
  }

  /** Callbacks of one time come in the order of asking; a time that has passed comes at the next `advance`. */
  schedule(at: Instant, wake: () => void): () => void {
    const entry = { at, order: this.#order++, wake };
    this.#due.push(entry);
    return () => {
      const index = this.#due.indexOf(entry);
      if (index >= 0) this.#due.splice(index, 1);
    };
  }

  /** Jumps to the next thing that is due and does it; false when nothing is. */
  advance(): boolean {
    let next = 0;
    for (const [index, entry] of this.#due.entries()) {
      const best = this.#due[next];
      if (best && (entry.at < best.at || (entry.at === best.at && entry.order < best.order))) next = index;
    }
    const [entry] = this.#due.splice(next, 1);
    if (!entry) return false;
    if (entry.at > this.#now) this.#now = entry.at;
    entry.wake();
    return true;
  }
}
