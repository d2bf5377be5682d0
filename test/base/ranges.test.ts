import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { type Range, RangeSet } from '../../src/base/ranges.ts';

/** The same thing in the simplest way there is: one boolean for each integer. */
class NaiveSet {
  readonly #has = new Set<number>();

  add(start: number, end: number): Range[] {
    const fresh = this.missing(start, end);
    for (let i = start; i < end; i++) this.#has.add(i);
    return fresh;
  }

  missing(start: number, end: number): Range[] {
    return runs(start, end, (i) => !this.#has.has(i));
  }

  get ranges(): Range[] {
    return runs(0, 200, (i) => this.#has.has(i));
  }

  get size(): number {
    return this.#has.size;
  }
}

function runs(start: number, end: number, wanted: (i: number) => boolean): Range[] {
  const out: Range[] = [];
  for (let i = start; i < end; i++) {
    if (!wanted(i)) continue;
    const last = out.at(-1);
    if (last && last[1] === i) out[out.length - 1] = [last[0], i + 1];
    else out.push([i, i + 1]);
  }
  return out;
}

describe('a set of ranges', () => {
  it('does what a naive twin does, for any order and overlap', () => {
    const prng = new Prng('ranges');
    for (let round = 0; round < 300; round++) {
      const set = new RangeSet();
      const twin = new NaiveSet();
      const widest = 1 + prng.int(round % 2 === 0 ? 8 : 60);
      for (let step = 0; step < 40; step++) {
        const start = prng.int(140);
        const end = start + prng.int(widest + 1);
        const [from, to] = [prng.int(200), prng.int(200)];
        expect(set.missing(from, to)).toEqual(twin.missing(from, to));
        expect(set.covers(from, to)).toBe(twin.missing(from, to).length === 0);
        expect(set.add(start, end)).toEqual(twin.add(start, end));
        expect(set.ranges).toEqual(twin.ranges);
        expect(set.size).toBe(twin.size);
      }
    }
  });

  it('joins ranges that touch', () => {
    const set = new RangeSet();
    set.add(0, 5);
    set.add(10, 15);
    set.add(5, 10);
    expect(set.ranges).toEqual([[0, 15]]);
  });

  it('takes nothing from an empty or reversed range', () => {
    const set = new RangeSet();
    expect(set.add(5, 5)).toEqual([]);
    expect(set.add(7, 3)).toEqual([]);
    expect(set.ranges).toEqual([]);
    expect(set.covers(9, 9)).toBe(true);
    expect(set.covers(0, 1)).toBe(false);
  });

  it('stays quick when a hostile order leaves very many pieces', () => {
    // With work in proportion to the pieces at each step, this is 10^10 steps and runs into the time limit.
    const set = new RangeSet();
    const pieces = 100_000;
    for (let i = 0; i < pieces; i++) set.add(2 * i, 2 * i + 1);
    expect(set.ranges.length).toBe(pieces);
    for (let i = 0; i < pieces; i++) expect(set.covers(2 * i, 2 * i + 2)).toBe(false);
    for (let i = pieces - 1; i >= 0; i--) set.add(2 * i + 1, 2 * i + 2);
    expect(set.ranges).toEqual([[0, 2 * pieces]]);
  });
});
