/**
 * Where the bytes of a retransmission were sent first. Messages tell by their number and offset; records that can't be
 * read by their place in the flight and their size.
 */
import type { DatagramView, Handshake } from '../../src/analysis/model.ts';
import type { PacketNumber } from '../../src/trace/model.ts';

/**
 * For every datagram that repeats something, the datagrams that had it first, in order. Linear, and for a reading of a
 * handshake that was asked for before, linear in what is new. The map is live: later readings add to it.
 */
export function firstSendings(handshake: Handshake): ReadonlyMap<PacketNumber, readonly PacketNumber[]> {
  const [first] = handshake.datagrams;
  if (!first) return new Map();
  const known = byFirst.get(first) ?? new FirstSendings();
  byFirst.set(first, known);
  return known.of(handshake);
}
/** By the first datagram, with which they go. */
const byFirst = new WeakMap<DatagramView, FirstSendings>();

interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly packet: PacketNumber;
}

/** What a datagram repeats depends on those before it, so of a longer reading only the new ones are looked at. */
export class FirstSendings {
  #taken: readonly DatagramView[] = [];
  #pieces = new Map<string, Piece[]>();
  #opaque = new Map<string, PacketNumber>();
  #found = new Map<PacketNumber, readonly PacketNumber[]>();

  /** Of a reading of the handshake. The map is live: it holds what was found until the next call. */
  of({ datagrams }: Handshake): ReadonlyMap<PacketNumber, readonly PacketNumber[]> {
    let known = 0;
    while (known < this.#taken.length && holdsSame(this.#taken[known], datagrams[known])) known++;
    if (known < this.#taken.length) this.#startAgain();
    for (let i = this.#taken.length; i < datagrams.length; i++) {
      const datagram = datagrams[i];
      if (datagram) this.#take(datagram);
    }
    this.#taken = datagrams;
    return this.#found;
  }

  #startAgain(): void {
    this.#taken = [];
    this.#pieces = new Map();
    this.#opaque = new Map();
    this.#found = new Map();
  }

  #take(datagram: DatagramView): void {
    const { packet } = datagram;
    const first = new Set<PacketNumber>();
    for (const record of datagram.records) {
      for (const { messageKey, offset, length } of record.fragments)
        this.#takePiece(messageKey, { offset, end: offset + length, packet }, first);
      if (record.fragments.length > 0 || datagram.flight === undefined) continue;
      const key = `${datagram.from} ${datagram.flight} ${record.type} ${record.length}`;
      const known = this.#opaque.get(key);
      if (known === undefined) this.#opaque.set(key, packet);
      else if (datagram.attempt > 0 && known !== packet) first.add(known);
    }
    if (first.size > 0)
      this.#found.set(
        packet,
        [...first].sort((a, b) => a - b),
      );
  }

  #takePiece(messageKey: string, piece: Piece, first: Set<PacketNumber>): void {
    const { offset, end, packet } = piece;
    let known = this.#pieces.get(messageKey);
    if (!known) {
      known = [];
      this.#pieces.set(messageKey, known);
    }
    let met = false;
    for (const one of known) {
      const same = (one.offset < end && one.end > offset) || (one.end === end && end === offset);
      if (!same) continue;
      met = true;
      if (one.packet !== packet) first.add(one.packet);
    }
    // A hostile sender may cut a message into any number of pieces; a screen names a few.
    if (!met && known.length < keptPieces) known.push(piece);
  }
}

const keptPieces = 256;

/** What the link did to a datagram makes another object of it, and changes nothing here. */
const holdsSame = (a: DatagramView | undefined, b: DatagramView | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.records === b.records &&
    a.packet === b.packet &&
    a.flight === b.flight &&
    a.attempt === b.attempt);

/** "first sent as datagram 4", "first sent as datagrams 4 and 5". */
export function firstSentText(packets: readonly PacketNumber[]): string {
  return `first sent as ${packets.length === 1 ? 'datagram' : 'datagrams'} ${listText(packets.map(String))}`;
}

/** "4", "4 and 5", "4, 5 and 6". */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
