/**
 * The record numbers that one side used in one epoch. They go up by one a record (RFC 6347 §4.1), so a number that was never
 * seen is a record that was lost before it reached the place of the capture: evidence of loss that needs no timer.
 */
import type { Range } from '../base/ranges.ts';
import type { DatagramEvent, PacketNumber, TraceTime } from '../trace/model.ts';

interface Gap {
  readonly numbers: Range;
  readonly before: PacketNumber;
  readonly at: TraceTime;
}

/** Gaps that are remembered; a capture with more has nothing to tell by them. */
const maxGaps = 256;

export class RecordNumbers {
  #next: number | undefined;
  readonly #gaps: Gap[] = [];
  #overflown = false;
  /** The side uses numbers twice: then a missing number means nothing. */
  reused = false;

  get gaps(): readonly Gap[] {
    return this.reused || this.#overflown ? [] : this.#gaps;
  }

  /** The next number will be this one, whatever came before: a server takes over the client's (RFC 6347 §4.2.1). */
  expect(number: number): void {
    this.#next = number;
  }

  /** Whether a number was seen, as far as gaps tell. */
  has(number: number): boolean {
    if (this.#next === undefined || number >= this.#next) return false;
    return !this.#gaps.some(({ numbers: [start, end] }) => number >= start && number < end);
  }

  /** Whether a number is one of the next, with room for what got lost. */
  follows(number: number): boolean {
    return this.#next !== undefined && number >= this.#next && number < this.#next + 64;
  }

  /** Takes a number that is seen for the first time. */
  add(number: number, event: DatagramEvent): void {
    const next = this.#next;
    if (next === undefined || number === next) this.#next = number + 1;
    else if (number > next) {
      if (this.#gaps.length >= maxGaps) this.#overflown = true;
      else this.#gaps.push({ numbers: [next, number], before: event.packet, at: event.at });
      this.#next = number + 1;
    } else this.#fill(number);
  }

  /** A number from before: its record was slow. */
  #fill(number: number): void {
    const index = this.#gaps.findIndex(({ numbers: [start, end] }) => number >= start && number < end);
    const gap = this.#gaps[index];
    if (!gap) return;
    const [start, end] = gap.numbers;
    const parts: Range[] = [
      [start, number],
      [number + 1, end],
    ];
    const left = parts.filter(([from, to]) => from < to).map((numbers) => ({ ...gap, numbers }));
    this.#gaps.splice(index, 1, ...left);
  }
}
