/**
 * Which pieces of a flight went out in which records, and which the peer has acknowledged (RFC 9147 §7.2): so that only what
 * is missing is sent again. Pieces are byte ranges of messages; a message without a body counts as one byte.
 */
import { RangeSet } from '../base/ranges.ts';
import type { FragmentContents } from './api.ts';
import type { FlightPart } from './packing.ts';

interface Piece {
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  /** Its record's place among all that the flight sent. */
  readonly order: number;
}

export class Tracking {
  /** By epoch and record number. A record that was sent long ago may still be acknowledged. */
  readonly #records = new Map<number, Map<number, readonly Piece[]>>();
  readonly #done = new Map<number, RangeSet>();
  #order = 0;
  #newestDone = -1;

  sent(epoch: number, number: number, fragments: readonly FragmentContents[]): void {
    const order = this.#order++;
    const pieces = fragments.map(({ messageSeq, offset, length }) => ({
      seq: messageSeq,
      start: offset,
      end: offset + Math.max(1, length),
      order,
    }));
    const records = this.#records.get(epoch) ?? new Map<number, readonly Piece[]>();
    records.set(number, pieces);
    this.#records.set(epoch, records);
  }

  /** Takes what an ACK says; true when it says something new. Records that were never sent mean nothing (§7.2). */
  acknowledge(numbers: readonly { readonly epoch: number; readonly sequence_number: number }[]): boolean {
    let news = false;
    for (const { epoch, sequence_number } of numbers)
      for (const { seq, start, end, order } of this.#records.get(epoch)?.get(sequence_number) ?? []) {
        this.#newestDone = Math.max(this.#newestDone, order);
        const done = this.#done.get(seq) ?? new RangeSet();
        this.#done.set(seq, done);
        if (done.add(start, end).length > 0) news = true;
      }
    return news;
  }

  /** Something was acknowledged. */
  get begun(): boolean {
    return this.#newestDone >= 0;
  }

  /**
   * The parts of a flight with the ranges that nobody acknowledged; without those that are complete. `lost`: only what was
   * sent before something that did arrive, as the rest may still be under way.
   */
  missing(parts: readonly FlightPart[], lost: boolean): FlightPart[] {
    if (!this.begun) return [...parts];
    const underWay = lost ? this.#sentAfter(this.#newestDone) : undefined;
    return parts.flatMap((part): FlightPart[] => {
      if (part.kind !== 'message') return [part];
      const length = Math.max(1, part.body.length);
      const settled = this.#done.get(part.seq);
      const waiting = underWay?.get(part.seq);
      const away = new RangeSet();
      for (const set of [settled, waiting]) for (const [start, end] of set?.ranges ?? []) away.add(start, end);
      const ranges = away.missing(0, length);
      return ranges.length > 0 ? [{ ...part, ranges }] : [];
    });
  }

  #sentAfter(newest: number): Map<number, RangeSet> {
    const out = new Map<number, RangeSet>();
    for (const records of this.#records.values())
      for (const pieces of records.values())
        for (const { seq, start, end, order } of pieces) {
          if (order <= newest) continue;
          const set = out.get(seq) ?? new RangeSet();
          set.add(start, end);
          out.set(seq, set);
        }
    return out;
  }
}
