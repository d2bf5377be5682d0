/**
 * Competing traffic: what others send over the same line while we shake hands. A quiet uplink of 225 kbit/s hardly hurts a
 * handshake; one full of media does. Each stream sends at its rate, with a phase of its own, datagrams whose sizes and gaps
 * vary by half, as media does; it does not slow down when they are dropped, as media does not at first.
 */
import type { Prng } from '../base/random.ts';
import { after, type Instant } from '../base/time.ts';
import type { LinkRule } from './api.ts';

/** The load has been there for this long when the first datagram of ours comes. ms */
export const leadMs = 5000;
/** What is computed for one datagram of ours at most; after a longer silence only the last part of it counts. Datagrams. */
const maxBehind = 100_000;

export class Load {
  /** The rule's text. */
  readonly name: string;
  readonly #prng: Prng;
  /** Mean size of a datagram. Bytes */
  readonly #size: number;
  /** Mean gap between two datagrams of a stream. ms */
  readonly #gap: number;
  /** When each stream sends next. */
  readonly #next: Instant[] = [];
  readonly #streams: number;

  constructor(
    name: string,
    { kbps, streams, bytes }: Pick<Extract<LinkRule, { kind: 'load' }>, 'kbps' | 'streams' | 'bytes'>,
    prng: Prng,
  ) {
    this.name = name;
    this.#size = bytes;
    this.#prng = prng;
    this.#streams = streams;
    this.#gap = (bytes * 8 * streams) / kbps;
  }

  /** Time until which nothing has to be asked for, before `at`: keeps the work for one datagram bounded. */
  skipTo(at: Instant): void {
    const earliest = after(at, -(maxBehind * this.#gap) / this.#streams);
    if (this.#next.length === 0) {
      const from = after(at, -leadMs) > earliest ? after(at, -leadMs) : earliest;
      for (let i = 0; i < this.#streams; i++) this.#next.push(after(from, this.#prng.float() * this.#gap));
    } else if ((this.peek() ?? at) < earliest)
      for (const [i, next] of this.#next.entries())
        if (next < earliest) this.#next[i] = after(earliest, this.#prng.float() * this.#gap);
  }

  /** When the next datagram comes. */
  peek(): Instant | undefined {
    return this.#next[this.#first()];
  }

  /** Takes that datagram; the answer is its size in bytes. */
  pop(): number {
    const first = this.#first();
    this.#next[first] = after(this.#next[first] ?? (0 as Instant), this.#gap * (0.5 + this.#prng.float()));
    return Math.max(1, Math.round(this.#size * (0.5 + this.#prng.float())));
  }

  #first(): number {
    let first = 0;
    for (let i = 1; i < this.#next.length; i++)
      if ((this.#next[i] ?? Infinity) < (this.#next[first] ?? Infinity)) first = i;
    return first;
  }
}
