/**
 * One handshake message put together from its fragments (RFC 6347 §4.2.3): any order, any overlap, any borders. The same
 * object serves the engine, which refuses bytes that change, and the reader, which shows them. Memory grows with what was
 * received (doubling up to the declared length), not with what a forged header declares.
 */
import { type Range, RangeSet } from '../base/ranges.ts';

/** What one fragment brought. */
export interface FragmentEffect {
  /** Ranges of the message that had not been seen before. */
  readonly fresh: readonly Range[];
  /** Bytes that had been seen before. */
  readonly duplicateBytes: number;
  /** Ranges that had been seen before with other bytes; the first bytes are kept. */
  readonly conflicts: readonly Range[];
}

export class MessageAssembly {
  readonly type: number;
  readonly messageSeq: number;
  /** Bytes of the whole body, as every fragment's header declares. */
  readonly total: number;
  readonly have = new RangeSet();
  #buffer = new Uint8Array(0);

  constructor(type: number, messageSeq: number, total: number) {
    this.type = type;
    this.messageSeq = messageSeq;
    this.total = total;
  }

  /** A message of no bytes is complete as soon as its header was seen. */
  get complete(): boolean {
    return this.have.covers(0, this.total);
  }

  get missing(): readonly Range[] {
    return this.have.missing(0, this.total);
  }

  /** The body, with zeros where bytes are missing. */
  get body(): Uint8Array {
    this.#grow(this.total);
    return this.#buffer.subarray(0, this.total);
  }

  /** Takes the bytes of a fragment. Throws `RangeError` when they lie outside the message: callers check the header first. */
  add(offset: number, bytes: Uint8Array): FragmentEffect {
    const end = offset + bytes.length;
    if (offset < 0 || end > this.total)
      throw new RangeError(`fragment [${offset}, ${end}) of a ${this.total}-byte message`);
    const fresh = this.have.missing(offset, end);
    const conflicts = this.#conflicts(offset, bytes, fresh);
    if (end > this.#buffer.length) this.#grow(Math.min(this.total, Math.max(end, 2 * this.#buffer.length)));
    for (const [from, to] of fresh) {
      this.#buffer.set(bytes.subarray(from - offset, to - offset), from);
      this.have.add(from, to);
    }
    const freshBytes = fresh.reduce((sum, [from, to]) => sum + to - from, 0);
    return { fresh, duplicateBytes: bytes.length - freshBytes, conflicts };
  }

  #conflicts(offset: number, bytes: Uint8Array, fresh: readonly Range[]): Range[] {
    const out: Range[] = [];
    let at = offset;
    for (const [from, to] of [...fresh, [offset + bytes.length, offset + bytes.length] as const]) {
      for (let i = at; i < from; i++) {
        if (this.#buffer[i] === bytes[i - offset]) continue;
        const last = out.at(-1);
        if (last && last[1] === i) out[out.length - 1] = [last[0], i + 1];
        else out.push([i, i + 1]);
      }
      at = to;
    }
    return out;
  }

  #grow(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(size);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
