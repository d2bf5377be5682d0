/** The datagrams of a handshake that are to be shown. Of one that grew, only what is new is asked. */
import type { DatagramView } from '../../src/analysis/model.ts';

/** Whether to show a datagram; without it all are shown. */
export type Keep = ((datagram: DatagramView) => boolean) | undefined;

export class Kept {
  #source: readonly DatagramView[] = [];
  #keep: Keep;
  readonly #kept: DatagramView[] = [];
  /** Where each of them stands in the source. */
  readonly #places: number[] = [];

  of(source: readonly DatagramView[], keep: Keep): readonly DatagramView[] {
    if (keep === undefined) return source;
    const from = keep === this.#keep ? sameUpTo(this.#source, source) : 0;
    let left = this.#kept.length;
    while (left > 0 && (this.#places[left - 1] ?? 0) >= from) left--;
    this.#kept.length = left;
    this.#places.length = left;
    for (let place = from; place < source.length; place++) {
      const datagram = source[place];
      if (!datagram || !keep(datagram)) continue;
      this.#kept.push(datagram);
      this.#places.push(place);
    }
    this.#source = source;
    this.#keep = keep;
    return this.#kept.slice();
  }
}

/** How many of the first are the same objects. */
export function sameUpTo(before: readonly unknown[], now: readonly unknown[]): number {
  const most = Math.min(before.length, now.length);
  let at = 0;
  while (at < most && before[at] === now[at]) at++;
  return at;
}
