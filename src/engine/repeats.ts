/**
 * Tells when the peer has sent its previous flight again, which means that it did not get ours (RFC 6347 §4.2.4). One
 * repeated flight comes as many fragments, in any order and with any borders, and is to be answered once: so a round
 * begins with the first repeated fragment, and a new round when a fragment brings what this round has brought before.
 */
import { RangeSet } from '../base/ranges.ts';

export class RepeatWatch {
  readonly #first: number;
  readonly #last: number;
  #round = new Map<number, RangeSet>();

  /** Messages with these message_seq, both included, are the flight that ours has answered. */
  constructor(first: number, last: number) {
    this.#first = first;
    this.#last = last;
  }

  /** Notes a repeated fragment; true when it begins a round, and our flight is to be sent again. */
  begins(fragment: { readonly seq: number; readonly offset: number; readonly length: number }): boolean {
    if (fragment.seq < this.#first || fragment.seq > this.#last) return false;
    // A message without a body counts as one byte.
    const end = fragment.offset + Math.max(1, fragment.length);
    const seen = this.#round.get(fragment.seq)?.missing(fragment.offset, end);
    const again = seen !== undefined && seen.reduce((sum, [from, to]) => sum + to - from, 0) < end - fragment.offset;
    const begins = again || this.#round.size === 0;
    if (again) this.#round = new Map();
    const ranges = this.#round.get(fragment.seq) ?? new RangeSet();
    ranges.add(fragment.offset, end);
    this.#round.set(fragment.seq, ranges);
    return begins;
  }
}
