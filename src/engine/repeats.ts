/**
 * Tells when the peer sends a flight again, which means that it did not get ours (RFC 6347 §4.2.4). One sending comes as
 * many fragments, in any order and with any borders, and is to be answered once: so a sending begins with the first
 * fragment that brings what the sending before it has brought. The first sending is watched, too: when the end of it was
 * lost and comes with a repeat, what follows in that repeat is no second one.
 */
import { RangeSet } from '../base/ranges.ts';

/** Pieces that are remembered of one sending: of what a stranger makes up there could be any number. */
const mostPieces = 1024;

export class RepeatWatch {
  #first: number;
  #last: number;
  #sending = new Map<number, RangeSet>();
  #pieces = 0;

  /** Watches messages from this message_seq on. */
  constructor(first: number) {
    this.#first = first;
    this.#last = Number.POSITIVE_INFINITY;
  }

  /** The flight is complete: these messages, both included. */
  bound(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
  }

  covers(seq: number): boolean {
    return seq >= this.#first && seq <= this.#last;
  }

  /** Notes a fragment; true when another sending begins with it. */
  note(fragment: { readonly seq: number; readonly offset: number; readonly length: number }): boolean {
    if (!this.covers(fragment.seq)) return false;
    // A message without a body counts as one byte.
    const end = fragment.offset + Math.max(1, fragment.length);
    const missing = this.#sending.get(fragment.seq)?.missing(fragment.offset, end);
    const again =
      missing !== undefined && missing.reduce((sum, [from, to]) => sum + to - from, 0) < end - fragment.offset;
    if (again || this.#pieces >= mostPieces) {
      this.#sending = new Map();
      this.#pieces = 0;
    }
    this.#pieces++;
    const ranges = this.#sending.get(fragment.seq) ?? new RangeSet();
    ranges.add(fragment.offset, end);
    this.#sending.set(fragment.seq, ranges);
    return again;
  }
}
