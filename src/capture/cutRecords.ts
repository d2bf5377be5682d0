/**
 * Which datagram goes on with a DTLS record that the one before it broke off (RFC 6347 §4.1.1 forbids that, and some do it): it
 * begins with any byte, so that its first byte tells nothing of what it is.
 */
import type { Address, TraceTime } from '../trace/model.ts';
import { bigEndian } from './blocks.ts';

/** A sender that goes on with a record in the next datagram does so at once. ms */
const atOnceMs = 50;
/** Senders that are waited for. */
const most = 64;

const headerLength = 13;

interface Cut {
  readonly dst: Address;
  readonly at: TraceTime;
  readonly missing: number;
}

export class CutRecords {
  readonly #cuts = new Map<Address, Cut>();

  /** Whether nothing is waited for: asked for every packet of media. */
  get none(): boolean {
    return this.#cuts.size === 0;
  }

  /** Takes note of a datagram that is no media. */
  note(src: Address, dst: Address, bytes: Uint8Array, at: TraceTime): void {
    const missing = missingBytes(bytes);
    if (missing === undefined) this.goesOn(src, dst, bytes.length, at);
    else if (missing > 0) this.#wait(src, { dst, at, missing });
    // Who begins a record anew goes on with none.
    else this.#cuts.delete(src);
  }

  /** Whether a datagram of so many bytes goes on where this sender broke off, just now. */
  goesOn(src: Address, dst: Address, length: number, at: TraceTime): boolean {
    const cut = this.#cuts.get(src);
    if (!cut || cut.dst !== dst) return false;
    this.#cuts.delete(src);
    if (at - cut.at > atOnceMs) return false;
    if (cut.missing > length) this.#wait(src, { dst, at, missing: cut.missing - length });
    return true;
  }

  #wait(src: Address, cut: Cut): void {
    this.#cuts.delete(src);
    this.#cuts.set(src, cut);
    const [oldest] = this.#cuts.keys();
    if (this.#cuts.size > most && oldest !== undefined) this.#cuts.delete(oldest);
  }
}

/** Bytes that the last record of a datagram lacks; `undefined` for what is no row of records. Those of DTLS 1.3 under keys are none here. */
function missingBytes(bytes: Uint8Array): number | undefined {
  let at = 0;
  while (at + headerLength <= bytes.length) {
    const type = bytes[at] ?? 0;
    if (type < 20 || type > 26 || bytes[at + 1] !== 0xfe) return undefined;
    at += headerLength + bigEndian.u16(bytes, at + 11);
  }
  return at < bytes.length || at === 0 ? undefined : at - bytes.length;
}
