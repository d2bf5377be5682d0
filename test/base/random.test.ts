import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { earlier, instant, after as moved } from '../../src/base/time.ts';

const draw = (prng: Prng, n: number): number[] => Array.from({ length: n }, () => prng.uint32());

describe('the seeded generator', () => {
  it('gives the same numbers for the same seed, today and in every release', () => {
    // Scenario files carry seeds: these numbers may never change.
    expect(draw(new Prng(1), 4)).toEqual(draw(new Prng(1), 4));
    expect(draw(new Prng(1), 4)).toMatchInlineSnapshot(`
      [
        2442144158,
        3238099751,
        3819917871,
        2104621829,
      ]
    `);
    expect(draw(new Prng('a seed'), 4)).toMatchInlineSnapshot(`
      [
        3494454883,
        954614172,
        2706031729,
        2720464859,
      ]
    `);
  });

  it('gives other numbers for another seed', () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new Prng(seed).uint32()));
    expect(firsts.size).toBe(1000);
  });

  it('spreads evenly', () => {
    const prng = new Prng('spread');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const k = prng.int(10);
      counts[k] = (counts[k] ?? 0) + 1;
    }
    // 5 standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(100_000 * 0.1 * 0.9));
    for (let i = 0; i < 1000; i++) expect(prng.float()).toBeLessThan(1);
  });

  it('gives byte strings of any length', () => {
    const prng = new Prng('bytes');
    for (let length = 0; length < 20; length++) expect(prng.bytes(length).length).toBe(length);
    const long = prng.bytes(65_536);
    expect(new Set(long).size).toBe(256);
  });

  it('forks into generators that do not shift each other', () => {
    const [a, b] = [new Prng(7), new Prng(7)];
    const forkA = a.fork('link');
    const forkB = b.fork('link');
    draw(forkA, 100);
    expect(draw(a, 5)).toEqual(draw(b, 5));
    expect(draw(new Prng(7).fork('link'), 3)).toEqual(draw(forkB, 3));
    expect(draw(new Prng(7).fork('link'), 3)).not.toEqual(draw(new Prng(7).fork('cookies'), 3));
  });
});

describe('deadlines', () => {
  it('are moved and compared, and undefined is never', () => {
    const at = instant(1000);
    expect(moved(at, 0.5)).toBe(1000.5);
    expect(earlier(at, moved(at, 1))).toBe(at);
    expect(earlier(moved(at, 1), at)).toBe(at);
    expect(earlier(undefined, at)).toBe(at);
    expect(earlier(at, undefined)).toBe(at);
    expect(earlier(undefined, undefined)).toBeUndefined();
  });
});
