/**
 * The same packet recorded again: `tcpdump -i any` sees it on each interface that it passes, a mirror port on its way in and out, and
 * captures of both ends that were put together have it twice. A sender that repeats something makes a new packet: only what is
 * byte for byte the same, with the mark that its sender gave the IP packet, is taken for a copy. The first one counts: it is the
 * one nearest to the sender, and even where the clocks of two captures differ no answer stands before its question then.
 */
import type { TraceTime } from '../trace/model.ts';

/** What an IP header says of its packet apart from the rest of its flow. */
export interface PacketMark {
  /** IPv4 identification; 0 where there is none (IPv6), or where the sender gives none, as RFC 6864 §4.1 allows. */
  readonly id: number;
  /** TTL or hop limit: less behind a router. */
  readonly hops: number;
}

/** Packets that are remembered: so many of each set, the newest, and a power of two of sets. */
const ways = 4;
const sets = 2048;
/** Interfaces of one machine and ports of one switch see a packet within this time; no timer repeats so soon. ms */
const sameMomentMs = 2;
/** Bytes that are looked at: record numbers and transactions stand in front, tags and checksums behind. */
const looked = { front: 24, behind: 16 } as const;

/**
 * Every datagram of a call that lasts hours passes here: what is remembered lies in columns, and two numbers of 32 bits stand for the
 * bytes of a packet.
 */
export class Copies {
  readonly #first = new Int32Array(ways * sets);
  readonly #second = new Int32Array(ways * sets);
  readonly #ids = new Int32Array(ways * sets);
  /** Hops; -1 where nothing is. */
  readonly #hops = new Int16Array(ways * sets).fill(-1);
  /** Not a number where the file has no times. */
  readonly #at = new Float64Array(ways * sets);
  /** What each set forgets next. */
  readonly #oldest = new Uint8Array(sets);
  /** The identification seen last that is one, and whether others were seen: some write the same into every packet. */
  #id = 0;
  #idsDiffer = false;

  /**
   * Whether this packet was recorded before; it is remembered otherwise. `flow` is a number for its addresses, ports and length, its
   * payload is [start, end), and `at` is undefined where the file has no times.
   */
  has(
    flow: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    { id, hops }: PacketMark,
    at: TraceTime | undefined,
  ): boolean {
    let first = flow | 0;
    let second = Math.imul(flow, 0x85ebca6b);
    const front = Math.min(end, start + looked.front);
    const behind = Math.max(front, end - looked.behind);
    for (let i = start; i < end; i += 4) {
      if (i >= front && i < behind) i = behind;
      // What stands behind the end is of the next packet.
      const left = end - i;
      let word = bytes[i] ?? 0;
      if (left > 1) word |= (bytes[i + 1] ?? 0) << 8;
      if (left > 2) word |= (bytes[i + 2] ?? 0) << 16;
      if (left > 3) word |= (bytes[i + 3] ?? 0) << 24;
      first = Math.imul(first ^ word, 0x01000193);
      first ^= first >>> 13;
      second = Math.imul(second ^ word, 0x9e3779b1);
      second ^= second >>> 15;
    }
    if (id !== 0) {
      if (this.#id !== 0 && id !== this.#id) this.#idsDiffer = true;
      this.#id = id;
    }
    const set = (first ^ (first >>> 17)) & (sets - 1);
    const base = set * ways;
    let place = base;
    while (place < base + ways && !this.#isAt(place, first, second)) place++;
    if (place < base + ways) {
      if (this.#isSame(place, id, hops, at)) return true;
    } else {
      const oldest = this.#oldest[set] ?? 0;
      this.#oldest[set] = (oldest + 1) % ways;
      place = base + oldest;
    }
    this.#first[place] = first;
    this.#second[place] = second;
    this.#ids[place] = id;
    this.#hops[place] = hops;
    this.#at[place] = at ?? Number.NaN;
    return false;
  }

  #isAt(place: number, first: number, second: number): boolean {
    return this.#first[place] === first && this.#second[place] === second && this.#hops[place] !== -1;
  }

  /** Whether what has the same bytes is the same packet, too. No time is near one that is not known. */
  #isSame(place: number, id: number, hops: number, at: TraceTime | undefined): boolean {
    if ((id | 0) !== this.#ids[place]) return false;
    if ((id !== 0 && this.#idsDiffer) || hops !== this.#hops[place]) return true;
    return at !== undefined && Math.abs(at - (this.#at[place] ?? Number.NaN)) <= sameMomentMs;
  }
}
