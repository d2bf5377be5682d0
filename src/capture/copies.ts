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

/** Packets that are remembered: the newest. */
const kept = 4096;
/** Interfaces of one machine and ports of one switch see a packet within this time; no timer repeats so soon. ms */
const sameMomentMs = 2;
/** Bytes at either end that are looked at: record numbers and transactions stand in front, tags and checksums behind. */
const looked = 32;

interface Seen extends PacketMark {
  readonly at: TraceTime | undefined;
}

export class Copies {
  /** By what their bytes come to, in order of their coming. */
  readonly #seen = new Map<number, Seen>();
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
    const behind = Math.max(start + looked, end - looked);
    for (let i = start; i < end; i++) {
      if (i === start + looked) i = behind;
      const byte = bytes[i] ?? 0;
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second ^ byte, 0x9e3779b1) ^ (second >>> 15);
    }
    if (id !== 0) {
      if (this.#id !== 0 && id !== this.#id) this.#idsDiffer = true;
      this.#id = id;
    }
    // All bits of a number that counts exactly.
    const key = (first >>> 0) * 2 ** 21 + (second >>> 11);
    const seen = this.#seen.get(key);
    if (seen && this.#isSame(seen, id, hops, at)) return true;
    this.#seen.delete(key);
    this.#seen.set(key, { id, hops, at });
    const [oldest] = this.#seen.size > kept ? this.#seen.keys() : [];
    if (oldest !== undefined) this.#seen.delete(oldest);
    return false;
  }

  /** Whether what has the same bytes is the same packet, too. */
  #isSame(seen: Seen, id: number, hops: number, at: TraceTime | undefined): boolean {
    if (id !== seen.id) return false;
    if ((id !== 0 && this.#idsDiffer) || hops !== seen.hops) return true;
    return at !== undefined && seen.at !== undefined && Math.abs(at - seen.at) <= sameMomentMs;
  }
}
