/**
 * The replay window of RFC 6347 §4.1.2.6, as RFC 4303 §3.4.3 has it: a bit for each of the last `width` record numbers.
 * Numbers have 48 bits, which a JavaScript number holds exactly.
 */
export class ReplayWindow {
  readonly #width: number;
  /** A ring of bits: number n sits at n modulo width. */
  readonly #seen: Uint8Array;
  #highest = -1;

  /** `width`: how many numbers, counted back from the highest one seen, can be told apart. */
  constructor(width: number) {
    this.#width = Math.max(1, Math.floor(width));
    this.#seen = new Uint8Array(this.#width);
  }

  /** The highest number noted; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** New, seen before, or so old that nobody can tell. Changes nothing: a record is checked before it is authenticated. */
  look(number: number): 'new' | 'seen' | 'too-old' {
    if (number > this.#highest) return 'new';
    if (number <= this.#highest - this.#width) return 'too-old';
    return this.#seen[number % this.#width] === 1 ? 'seen' : 'new';
  }

  /** Notes a number, after its record was authenticated. */
  mark(number: number): void {
    if (number > this.#highest) {
      const steps = Math.min(number - this.#highest, this.#width);
      for (let i = 0; i < steps; i++) this.#seen[(number - i) % this.#width] = 0;
      this.#highest = number;
    } else if (number <= this.#highest - this.#width) return;
    this.#seen[number % this.#width] = 1;
  }
}
