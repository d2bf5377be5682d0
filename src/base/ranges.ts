/**
 * Sets of half-open integer ranges, kept sorted and merged: which bytes of a message are here, and which are missing.
 */

/** Bytes `start` up to, not including, `end`. */
export type Range = readonly [start: number, end: number];

export class RangeSet {
  #ranges: Range[] = [];

  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  /** How many integers the set holds. */
  get size(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** Adds a range and returns the parts of it that were not there before. */
  add(start: number, end: number): Range[] {
    if (start >= end) return [];
    const fresh = this.missing(start, end);
    if (fresh.length === 0) return fresh;
    const merged: Range[] = [];
    let low = start;
    let high = end;
    for (const range of this.#ranges) {
      if (range[1] < low || range[0] > high) merged.push(range);
      else {
        low = Math.min(low, range[0]);
        high = Math.max(high, range[1]);
      }
    }
    merged.push([low, high]);
    this.#ranges = merged.sort((a, b) => a[0] - b[0]);
    return fresh;
  }

  /** The parts of [start, end) that the set does not hold. */
  missing(start: number, end: number): Range[] {
    const out: Range[] = [];
    let at = start;
    for (const [from, to] of this.#ranges) {
      if (to <= at) continue;
      if (from >= end) break;
      if (from > at) out.push([at, from]);
      at = Math.max(at, to);
    }
    if (at < end) out.push([at, end]);
    return out;
  }

  covers(start: number, end: number): boolean {
    return this.missing(start, end).length === 0;
  }
}
