/** Where messages are in the datagrams of a handshake, and what of them came more than once. */
import type { DatagramView } from '../../src/analysis/model.ts';
import { type Range, RangeSet } from '../../src/base/ranges.ts';
import type { PacketNumber } from '../../src/trace/model.ts';

interface Whereabout {
  /** The first datagram that holds a part of it, 0 when none does; the first flight that such a datagram belongs to. */
  readonly packet: PacketNumber;
  readonly flight: number | undefined;
  /** What arrived more than once. */
  readonly twice: readonly Range[];
}

interface Known {
  readonly packet: PacketNumber;
  flight: number | undefined;
  readonly here: RangeSet;
  readonly twice: RangeSet;
}

/** Of a handshake that grew, only the new datagrams are looked at. */
export class Whereabouts {
  #taken: readonly DatagramView[] = [];
  #known = new Map<string, Known>();

  get keys(): readonly string[] {
    return [...this.#known.keys()];
  }

  of(key: string): Whereabout {
    const known = this.#known.get(key);
    return { packet: known?.packet ?? 0, flight: known?.flight, twice: [...(known?.twice.ranges ?? [])] };
  }

  take(datagrams: readonly DatagramView[]): void {
    let same = 0;
    while (same < this.#taken.length && holdsSame(this.#taken[same], datagrams[same])) same++;
    if (same < this.#taken.length) {
      this.#known = new Map();
      same = 0;
    }
    for (let i = same; i < datagrams.length; i++) {
      const datagram = datagrams[i];
      if (datagram) this.#add(datagram);
    }
    this.#taken = datagrams;
  }

  #add({ packet, flight, delivered, records }: DatagramView): void {
    for (const { fragments } of records)
      for (const { messageKey, offset, length } of fragments) {
        let known = this.#known.get(messageKey);
        if (!known) {
          known = { packet, flight, here: new RangeSet(), twice: new RangeSet() };
          this.#known.set(messageKey, known);
        }
        known.flight ??= flight;
        if (delivered !== false) addTwice(known, offset, offset + length);
      }
  }
}

/** What is not new of a range was there before. */
function addTwice({ here, twice }: Known, start: number, end: number): void {
  let at = start;
  for (const [from, to] of here.add(start, end)) {
    twice.add(at, from);
    at = to;
  }
  twice.add(at, end);
}

/** What the link did beyond losing a datagram changes nothing here. */
const holdsSame = (a: DatagramView | undefined, b: DatagramView | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.records === b.records &&
    a.packet === b.packet &&
    a.flight === b.flight &&
    (a.delivered === false) === (b.delivered === false));
