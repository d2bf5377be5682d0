/**
 * Bytes of a file as they come, in chunks of any size, and what a container format (pcap, pcapng) finds in them.
 */
import { concat, copy, emptyBytes } from '../base/bytes.ts';

/** Since 1970: whole seconds, and nanoseconds beyond them. Two numbers, as one double has no nanoseconds of our days. */
export interface FrameTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The captured frame at hand. A container has one, and fills it anew for every frame: nobody keeps it. */
export class Frame implements FrameTime {
  /** As Wireshark counts, from 1. */
  number = 0;
  /** Offset of its block in the file. */
  offset = 0;
  /** `undefined` when the file names no interface for it. */
  linkType: number | undefined;
  /** Whether the file has its time. */
  timed = false;
  seconds = 0;
  nanoseconds = 0;
  /** What was captured is [start, end) of these bytes. */
  data: Uint8Array = emptyBytes;
  start = 0;
  end = 0;
  /** Length before the capture cut it. */
  wireLength = 0;
}

/** Who is told what a container holds, in file order. */
export interface Finder {
  frame(frame: Frame): void;
  item(item: Item): void;
}

/** What a container holds besides frames of packets. */
export type Item =
  /** Frames that are not packets but count as frames: a journal entry, a system call. */
  | { readonly kind: 'other-frame'; readonly number: number; readonly what: string }
  | { readonly kind: 'keys'; readonly bytes: Uint8Array; readonly offset: number }
  /** What an address is called, by who wrote the file. */
  | { readonly kind: 'name'; readonly ip: Uint8Array; readonly name: string }
  | { readonly kind: 'comment'; readonly frame: number | undefined; readonly text: string }
  | {
      readonly kind: 'problem';
      readonly code: 'broken' | 'cut' | 'unsupported' | 'limit';
      readonly offset: number;
      readonly why: string;
    };

/**
 * How a step went, as a number, since there is one for each packet: the bytes that it has read; below zero, how many are needed
 * from where we are to go on; or `stopped`.
 */
export type Step = number;

/** Nothing after this can be read. */
export const stopped: Step = 0;

export interface Container {
  readonly format: 'pcap' | 'pcapng' | 'hexdump';
  /**
   * Reads one block at `at` in `bytes`, which is `offset` in the file. `last`: no more bytes will come. What it needs and
   * how far it came are counted from `at`.
   */
  step(bytes: Uint8Array, at: number, offset: number, last: boolean, found: Finder): Step;
}

/** Larger blocks are not believed. Bytes. */
export const largestBlock = 16 * 1024 * 1024;

/** A queue of chunks, of which only what lies across two of them is put together. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  /** What the chunk pushed last lies in. */
  #pushed: ArrayBufferLike | undefined;
  /** Offset in the file of the first byte in the queue. */
  offset = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    // A plain view, whatever subclass came: events keep pieces of it.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#pushed = chunk.buffer;
    this.#length += chunk.length;
  }

  /** The first bytes of the queue, at least `count` of them where there are so many. */
  peek(count: number): Uint8Array {
    const chunks = this.#chunks;
    let head = chunks[0] ?? emptyBytes;
    let taken = 1;
    const parts = [head];
    for (let missing = count - head.length; missing > 0 && taken < chunks.length; taken++) {
      const next = chunks[taken] ?? emptyBytes;
      parts.push(next.subarray(0, missing));
      if (next.length > missing) {
        chunks[taken] = next.subarray(missing);
        break;
      }
      missing -= next.length;
    }
    if (parts.length > 1) {
      head = concat(...parts);
      chunks.splice(0, taken, head);
    }
    return head;
  }

  /** Takes bytes away that `peek` has given. */
  skip(count: number): void {
    const [head] = this.#chunks;
    if (count === 0 || !head) return;
    if (count < head.length) this.#chunks[0] = head.subarray(count);
    else this.#chunks.shift();
    this.#length -= Math.min(count, head.length);
    this.offset += count;
  }

  /** Copies what is left of the chunk pushed last, so that its array may be used again. */
  own(): void {
    const chunks = this.#chunks;
    const last = chunks.at(-1);
    if (last && last.buffer === this.#pushed) chunks[chunks.length - 1] = copy(last);
    this.#pushed = undefined;
  }
}

/** Integers of either byte order. */
export interface Endian {
  u16(bytes: Uint8Array, at: number): number;
  u32(bytes: Uint8Array, at: number): number;
}

export const littleEndian: Endian = {
  u16: (b, at) => (b[at] ?? 0) | ((b[at + 1] ?? 0) << 8),
  u32: (b, at) => ((b[at] ?? 0) | ((b[at + 1] ?? 0) << 8) | ((b[at + 2] ?? 0) << 16) | ((b[at + 3] ?? 0) << 24)) >>> 0,
};

export const bigEndian: Endian = {
  u16: (b, at) => ((b[at] ?? 0) << 8) | (b[at + 1] ?? 0),
  u32: (b, at) => (((b[at] ?? 0) << 24) | ((b[at + 1] ?? 0) << 16) | ((b[at + 2] ?? 0) << 8) | (b[at + 3] ?? 0)) >>> 0,
};
