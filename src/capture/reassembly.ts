/**
 * IP reassembly: a datagram larger than the path's MTU comes in fragments, and the one that completes it gives it its frame
 * number (as Wireshark does). Bounded: a stranger's capture decides neither memory nor time.
 */

import { copy } from '../base/bytes.ts';
import { ipText } from '../base/ip.ts';
import { RangeSet } from '../base/ranges.ts';
import type { IpPacket } from './ip.ts';

export interface ReassemblyLimits {
  /** Datagrams put together at the same time. */
  readonly datagrams: number;
  /** Fragments of one datagram. */
  readonly fragments: number;
  /** Captured bytes that wait, in all. */
  readonly bytes: number;
  /** How long a datagram waits for its rest; RFC 8200 §4.5 says 60 s. Milliseconds of trace time. */
  readonly ms: number;
}

export const reassemblyLimits: ReassemblyLimits = {
  datagrams: 256,
  fragments: 1024,
  bytes: 8 * 1024 * 1024,
  ms: 60_000,
};

/** A datagram of which fragments never came. */
export interface Incomplete {
  readonly src: string;
  readonly dst: string;
  /** Frame number of its first fragment seen. */
  readonly frame: number;
  readonly fragments: number;
  readonly bytes: number;
}

interface Waiting {
  readonly key: string;
  readonly frame: number;
  readonly at: number;
  readonly parts: { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }[];
  readonly seen: RangeSet;
  captured: number;
  end: number | undefined;
  protocol: number;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly id: number;
  readonly hops: number;
}

export class IpReassembly {
  readonly #limits: ReassemblyLimits;
  /** In order of arrival of their first fragment. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;
  readonly #abandoned: (incomplete: Incomplete) => void;

  /** `abandoned` hears of every datagram that was given up. */
  constructor(abandoned: (incomplete: Incomplete) => void, limits: ReassemblyLimits = reassemblyLimits) {
    this.#abandoned = abandoned;
    this.#limits = limits;
  }

  /** Takes a fragment; answers the whole packet when this one completes it. */
  add(packet: IpPacket, frame: number, at: number): IpPacket | undefined {
    const { fragment } = packet;
    if (!fragment) return packet;
    const protocol = packet.src.length === 4 ? packet.protocol : '';
    const key = `${packet.src.join()} ${packet.dst.join()} ${protocol} ${fragment.id}`;
    const old = this.#waiting.get(key);
    if (old && at - old.at > this.#limits.ms) this.#give(old);
    const waiting = this.#waiting.get(key) ?? this.#start(key, packet, frame, at);
    const end = fragment.offset + packet.length;
    // Copied: what waits a minute must not keep a part of the file in memory.
    waiting.parts.push({ offset: fragment.offset, length: packet.length, bytes: copy(packet.payload) });
    waiting.seen.add(fragment.offset, end);
    waiting.captured += packet.payload.length;
    this.#bytes += packet.payload.length;
    if (fragment.offset === 0) waiting.protocol = packet.protocol;
    if (!fragment.more) waiting.end = Math.max(waiting.end ?? 0, end);
    if (waiting.end !== undefined && waiting.seen.covers(0, waiting.end)) {
      this.#forget(waiting);
      return assemble(waiting, waiting.end);
    }
    if (waiting.parts.length >= this.#limits.fragments) this.#give(waiting);
    while (this.#bytes > this.#limits.bytes || this.#waiting.size > this.#limits.datagrams) {
      const [oldest] = this.#waiting.values();
      if (!oldest) break;
      this.#give(oldest);
    }
    return undefined;
  }

  /** Gives up on all that still wait. */
  end(): void {
    for (const waiting of [...this.#waiting.values()]) this.#give(waiting);
  }

  #start(key: string, packet: IpPacket, frame: number, at: number): Waiting {
    const waiting: Waiting = {
      key,
      frame,
      at,
      parts: [],
      seen: new RangeSet(),
      captured: 0,
      end: undefined,
      protocol: packet.protocol,
      src: copy(packet.src),
      dst: copy(packet.dst),
      id: packet.id,
      hops: packet.hops,
    };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting.key);
    this.#bytes -= waiting.captured;
  }

  #give(waiting: Waiting): void {
    this.#forget(waiting);
    this.#abandoned({
      src: ipText(waiting.src),
      dst: ipText(waiting.dst),
      frame: waiting.frame,
      fragments: waiting.parts.length,
      bytes: waiting.seen.size,
    });
  }
}

/** Puts the parts together up to the first byte that the capture did not keep; of overlaps the lower offset wins. */
function assemble(waiting: Waiting, end: number): IpPacket {
  // By what was captured: a header may claim 64 KiB and bring eight bytes.
  const out = new Uint8Array(Math.min(end, waiting.captured));
  let filled = 0;
  for (const part of waiting.parts.sort((a, b) => a.offset - b.offset)) {
    const stop = Math.min(end, part.offset + part.bytes.length);
    if (part.offset > filled || stop <= filled) continue;
    out.set(part.bytes.subarray(filled - part.offset, stop - part.offset), filled);
    filled = stop;
  }
  return {
    src: waiting.src,
    dst: waiting.dst,
    protocol: waiting.protocol,
    payload: out.subarray(0, filled),
    length: end,
    fragment: undefined,
    id: waiting.id,
    hops: waiting.hops,
  };
}
