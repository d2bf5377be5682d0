/**
 * One handshake message put together from its fragments (RFC 6347 §4.2.3): any order, any overlap, any borders. The same
 * object serves the engine, which refuses bytes that change, and the reader, which shows them. Bytes are kept in small
 * pages, so that memory grows with what was received and not with what a forged header declares; only `body` of an
 * incomplete message takes as much as the header says.
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

const pageSize = 1024;

export class MessageAssembly {
  readonly type: number;
  readonly messageSeq: number;
  /** Bytes of the whole body, as every fragment's header declares. */
  readonly total: number;
  readonly have = new RangeSet();
  /** Received bytes by place, `pageSize` at a time; dropped when `#whole` is made. */
  #pages: Map<number, Uint8Array> | undefined;
  #whole: Uint8Array | undefined;

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

  /** The body, with zeros where bytes are missing. Not to be written to. */
  get body(): Uint8Array {
    if (this.#whole) return this.#whole;
    const out = new Uint8Array(this.total);
    for (const [number, page] of this.#pages ?? []) {
      const start = number * pageSize;
      out.set(page.subarray(0, Math.min(pageSize, this.total - start)), start);
    }
    if (this.complete) {
      this.#whole = out;
      this.#pages = undefined;
    }
    return out;
  }

  /** Takes the bytes of a fragment. Throws `RangeError` when they lie outside the message: callers check the header first. */
  add(offset: number, bytes: Uint8Array): FragmentEffect {
    const end = offset + bytes.length;
    if (offset < 0 || end > this.total)
      throw new RangeError(`fragment [${offset}, ${end}) of a ${this.total}-byte message`);
    // Nearly all messages come in one piece.
    if (bytes.length === this.total && this.have.empty) {
      this.#whole = new Uint8Array(bytes);
      return { fresh: this.have.add(0, end), duplicateBytes: 0, conflicts: [] };
    }
    const fresh = this.have.missing(offset, end);
    const conflicts = this.#conflicts(offset, bytes, fresh);
    let freshBytes = 0;
    for (const [from, to] of fresh) {
      this.#store(from, bytes.subarray(from - offset, to - offset));
      this.have.add(from, to);
      freshBytes += to - from;
    }
    return { fresh, duplicateBytes: bytes.length - freshBytes, conflicts };
  }

  /** Where bytes that were here before differ from the ones that came now. */
  #conflicts(offset: number, bytes: Uint8Array, fresh: readonly Range[]): Range[] {
    const out: Range[] = [];
    const end = offset + bytes.length;
    let at = offset;
    for (const [from, to] of [...fresh, [end, end] as const]) {
      for (let i = at; i < from; i++) {
        if (this.#byteAt(i) === bytes[i - offset]) continue;
        const last = out.at(-1);
        if (last && last[1] === i) out[out.length - 1] = [last[0], i + 1];
        else out.push([i, i + 1]);
      }
      at = to;
    }
    return out;
  }

  #byteAt(place: number): number | undefined {
    return this.#whole ? this.#whole[place] : this.#pages?.get(Math.floor(place / pageSize))?.[place % pageSize];
  }

  #store(start: number, bytes: Uint8Array): void {
    this.#pages ??= new Map();
    for (let at = 0; at < bytes.length; ) {
      const place = start + at;
      const number = Math.floor(place / pageSize);
      const within = place % pageSize;
      const part = bytes.subarray(at, at + pageSize - within);
      let page = this.#pages.get(number);
      if (!page) {
        page = new Uint8Array(Math.min(pageSize, this.total - number * pageSize));
        this.#pages.set(number, page);
      }
      page.set(part, within);
      at += part.length;
    }
  }
}
