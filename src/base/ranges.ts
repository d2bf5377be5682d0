/**
 * Sets of half-open integer ranges, kept sorted and merged: which bytes of a message are here, and which are missing. A
 * look-up takes the logarithm of their number, as fragments in a hostile order leave many.
 */

/** Bytes `start` up to, not including, `end`. */
export type Range = readonly [start: number, end: number];

/** Of sets that hold nothing, which most do. */
const none: Range[] = [];

export class RangeSet {
  #ranges: Range[] = none;

  /** Sorted, none touching another. Good until the next `add`. */
  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  /** How many integers the set holds. */
  get size(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Adds a range and returns the parts of it that were not there before. */
  add(start: number, end: number): Range[] {
    if (start >= end) return [];
    if (this.#ranges.length === 0) {
      // An array of one has room for one, and one that is pushed to for seventeen.
      this.#ranges = [[start, end]];
      return [[start, end]];
    }
    const fresh = this.missing(start, end);
    if (fresh.length === 0) return fresh;
    // All ranges that overlap or touch the new one, from `first` up to `last`, become one with it.
    const first = this.#firstEndingAt(start);
    let low = start;
    let high = end;
    let last = first;
    for (let range = this.#ranges[last]; range && range[0] <= end; range = this.#ranges[++last]) {
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
    }
    this.#ranges.splice(first, last - first, [low, high]);
    return fresh;
  }

  /** The parts of [start, end) that the set does not hold. */
  missing(start: number, end: number): Range[] {
    const out: Range[] = [];
    let at = start;
    for (let i = this.#firstEndingAt(start); at < end; i++) {
      const range = this.#ranges[i];
      if (!range || range[0] >= end) break;
      if (range[0] > at) out.push([at, range[0]]);
      at = Math.max(at, range[1]);
    }
    if (at < end) out.push([at, end]);
    return out;
  }

  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const range = this.#ranges[this.#firstEndingAt(start + 1)];
    return range !== undefined && range[0] <= start && range[1] >= end;
  }

  /** Index of the first range that ends at `at` or behind it. */
  #firstEndingAt(at: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.[1] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
