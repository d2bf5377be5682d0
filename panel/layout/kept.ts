/**
 * The datagrams of a handshake that are to be shown. Each is asked once: of a handshake that grew only what is new, and
 * all who show something of it share the answers.
 */
import type { DatagramView } from '../../src/analysis/model.ts';

/** Whether to show a datagram; without it all are shown. */
export type Keep = ((datagram: DatagramView) => boolean) | undefined;

export function keptOf(datagrams: readonly DatagramView[], keep: Keep): readonly DatagramView[] {
  const [first] = datagrams;
  if (!keep || !first) return datagrams;
  const here = answers.get(first) ?? new WeakMap<NonNullable<Keep>, Answers>();
  answers.set(first, here);
  const known = here.get(keep) ?? new Answers(keep);
  here.set(keep, known);
  return known.of(datagrams);
}

/** By the first datagram, with which they go, and the question; `keeper` in filter.ts gives all the same one. */
const answers = new WeakMap<DatagramView, WeakMap<NonNullable<Keep>, Answers>>();

class Answers {
  readonly #keep: NonNullable<Keep>;
  #source: readonly DatagramView[] = [];
  #kept: DatagramView[] = [];
  /** Where each of them stands in the source. */
  readonly #places: number[] = [];

  constructor(keep: NonNullable<Keep>) {
    this.#keep = keep;
  }

  of(source: readonly DatagramView[]): readonly DatagramView[] {
    if (source === this.#source) return this.#kept;
    const from = sameUpTo(this.#source, source);
    // What was given away stays as it was.
    this.#kept = this.#kept.slice();
    let left = this.#kept.length;
    while (left > 0 && (this.#places[left - 1] ?? 0) >= from) left--;
    this.#kept.length = left;
    this.#places.length = left;
    for (let place = from; place < source.length; place++) {
      const datagram = source[place];
      if (!datagram || !this.#keep(datagram)) continue;
      this.#kept.push(datagram);
      this.#places.push(place);
    }
    this.#source = source;
    return this.#kept;
  }
}

/** How many of the first are the same objects. */
export function sameUpTo(before: readonly unknown[], now: readonly unknown[]): number {
  const most = Math.min(before.length, now.length);
  let at = 0;
  while (at < most && before[at] === now[at]) at++;
  return at;
}
