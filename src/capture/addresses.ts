/**
 * The text of socket addresses. A capture has few of them and says each a hundred thousand times, so each is written once:
 * the same address gives the same string object, which also makes the maps behind it fast. Bounded, as a stranger chooses
 * the addresses: those whose hashes meet take turns.
 */
import { socketText } from '../base/ip.ts';
import { bigEndian } from './blocks.ts';

const slots = 4096;
const empty = -1;

export class AddressTexts {
  /** For each slot: bytes of the address (or `empty`), port, and the address as four words. */
  readonly #sizes = new Int32Array(slots).fill(empty);
  readonly #ports = new Uint16Array(slots);
  readonly #words = new Uint32Array(slots * 4);
  readonly #texts: string[] = new Array<string>(slots).fill('');

  /** The address of `size` bytes at `at`, with a port. */
  text(bytes: Uint8Array, at: number, size: 4 | 16, port: number): string {
    const { u32 } = bigEndian;
    const a = u32(bytes, at);
    const b = size === 4 ? 0 : u32(bytes, at + 4);
    const c = size === 4 ? 0 : u32(bytes, at + 8);
    const d = size === 4 ? 0 : u32(bytes, at + 12);
    const mixed = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 127) ^ Math.imul(d, 8191) ^ (port << 8), 0x9e3779b1);
    const slot = mixed >>> 20;
    const words = this.#words;
    const first = slot * 4;
    if (
      this.#sizes[slot] === size &&
      this.#ports[slot] === port &&
      words[first] === a &&
      words[first + 1] === b &&
      words[first + 2] === c &&
      words[first + 3] === d
    )
      return this.#texts[slot] ?? '';
    const text = socketText(bytes.subarray(at, at + size), port);
    this.#sizes[slot] = size;
    this.#ports[slot] = port;
    words.set([a, b, c, d], first);
    this.#texts[slot] = text;
    return text;
  }
}
