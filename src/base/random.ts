/**
 * Randomness as a parameter. `RandomSource` is what the engine takes: the system's generator in real runs, a `Prng` in
 * simulation. A `Prng` is reproducible and therefore never a source of keys outside simulation.
 */
import { uintBytes } from './bytes.ts';

/** Gives `length` fresh bytes. */
export type RandomSource = (length: number) => Uint8Array;

/** A small seeded generator (xoshiro128** state, splitmix32 seeding): the same seed gives the same run. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number | string) {
    let state = typeof seed === 'number' ? seed >>> 0 : hashText(seed);
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** An integer in 0..2^32-1. */
  uint32(): number {
    const rotated = Math.imul(this.#b, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A number in [0, 1). */
  float(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.float() * below);
  }

  readonly bytes: RandomSource = (length) => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) out.set(uintBytes(this.uint32(), 4).subarray(0, Math.min(4, length - i)), i);
    return out;
  };

  /** An independent generator, so that one consumer's draws never shift another's. */
  fork(label: string): Prng {
    return new Prng((this.uint32() ^ hashText(label)) >>> 0);
  }
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
