/**
 * The ways of a capture's datagrams: from one socket address to another. There are few of them and a hundred thousand packets
 * take each, so one look at the bytes of a packet finds what is known of its way: both addresses as text (always the same
 * string objects, which makes the maps behind them fast) and the media that was counted on it. Bounded, as a stranger chooses
 * the addresses.
 */
import type { Address, TraceTime } from '../trace/model.ts';
import { AddressTexts } from './addresses.ts';
import { bigEndian } from './blocks.ts';

/** From one socket address to another. */
export class Way {
  readonly src: Address;
  readonly dst: Address;
  /** Media that nobody has been told of yet. */
  rtp = 0;
  rtcp = 0;
  lastAt: TraceTime = 0;
  /** The other direction, once there is one. */
  back: Way | undefined;
  /** Both addresses as words and both ports in one; IPv6 has its words in `wide`, and what they sum up to in these. */
  readonly a: number;
  readonly b: number;
  readonly ports: number;
  readonly wide: Int32Array | undefined;
  /** The next one in the same slot. */
  readonly next: Way | undefined;

  constructor(key: WayKey, src: Address, dst: Address, next: Way | undefined) {
    this.src = src;
    this.dst = dst;
    this.a = key.a;
    this.b = key.b;
    this.ports = key.ports;
    this.wide = key.wide;
    this.next = next;
  }
}

type WayKey = Pick<Way, 'a' | 'b' | 'ports' | 'wide'>;

const slots = 4096;
/** Ways that are remembered; then counting begins anew. */
export const mostWays = 4096;

export class Ways {
  readonly #heads: (Way | undefined)[] = new Array<Way | undefined>(slots).fill(undefined);
  readonly #texts = new AddressTexts();
  readonly #forgetting: () => void;
  #count = 0;
  #last: Way | undefined;

  /** `forgetting` hears when all ways are about to be forgotten. */
  constructor(forgetting: () => void) {
    this.#forgetting = forgetting;
  }

  /** The way of a datagram: source and destination of `size` bytes each stand at `at`, the ports at `udp`. */
  of(bytes: Uint8Array, at: number, size: 4 | 16, udp: number): Way {
    const last = this.#last;
    if (size === 16) return this.#wide(bytes, at, udp);
    const a = word(bytes, at);
    const b = word(bytes, at + 4);
    const ports = word(bytes, udp);
    // Packets come in bunches, and answers behind them.
    if (last && last.a === a && last.b === b && last.ports === ports && last.wide === undefined) return last;
    const back = last?.back;
    if (back && back.a === a && back.b === b && back.ports === ports && back.wide === undefined) {
      this.#last = back;
      return back;
    }
    let way = this.#heads[slotOf(a, b, ports)];
    while (way && (way.a !== a || way.b !== b || way.ports !== ports || way.wide !== undefined)) way = way.next;
    way ??= this.#add({ a, b, ports, wide: undefined }, bytes, at, size, udp);
    this.#last = way;
    return way;
  }

  #wide(bytes: Uint8Array, at: number, udp: number): Way {
    let a = 0;
    let b = 0;
    for (let i = 0; i < 16; i += 4) {
      a = Math.imul(a, 31) + word(bytes, at + i);
      b = Math.imul(b, 31) + word(bytes, at + 16 + i);
    }
    a |= 0;
    b |= 0;
    const ports = word(bytes, udp);
    const same = (way: Way): boolean =>
      way.a === a && way.b === b && way.ports === ports && way.wide !== undefined && holds(way.wide, bytes, at);
    if (this.#last && same(this.#last)) return this.#last;
    let way = this.#heads[slotOf(a, b, ports)];
    while (way && !same(way)) way = way.next;
    way ??= this.#add(
      { a, b, ports, wide: Int32Array.from({ length: 8 }, (_, i) => word(bytes, at + 4 * i)) },
      bytes,
      at,
      16,
      udp,
    );
    this.#last = way;
    return way;
  }

  #add(key: WayKey, bytes: Uint8Array, at: number, size: 4 | 16, udp: number): Way {
    if (this.#count >= mostWays) {
      this.#forgetting();
      this.#heads.fill(undefined);
      this.#count = 0;
    }
    const src = this.#texts.text(bytes, at, size, bigEndian.u16(bytes, udp));
    const dst = this.#texts.text(bytes, at + size, size, bigEndian.u16(bytes, udp + 2));
    const slot = slotOf(key.a, key.b, key.ports);
    const way = new Way(key, src, dst, this.#heads[slot]);
    this.#heads[slot] = way;
    this.#count++;
    const swapped = (key.ports << 16) | (key.ports >>> 16);
    let back = this.#heads[slotOf(key.b, key.a, swapped)];
    while (back && (back.src !== dst || back.dst !== src)) back = back.next;
    if (back) {
      way.back = back;
      back.back = way;
    }
    return way;
  }
}

/** Which of the slots; the two directions have different ones. */
const slotOf = (a: number, b: number, ports: number): number =>
  Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(ports, 0x85ebca6b), 0x9e3779b1) >>> 20;

/** Four bytes as a signed number, which is one that needs no memory. */
const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);

function holds(words: Int32Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 8; i++) if (words[i] !== word(bytes, at + 4 * i)) return false;
  return true;
}
