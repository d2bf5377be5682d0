/**
 * Bytes of a file as they come, in chunks of any size, and what a container format (pcap, pcapng) finds in them.
 */
import { concatAll } from '../base/bytes.ts';

/** One captured frame. */
export interface Frame {
  /** As Wireshark counts, from 1. */
  readonly number: number;
  /** Offset of its block in the file. */
  readonly offset: number;
  /** `undefined` when the file names no interface for it. */
  readonly linkType: number | undefined;
  /** `undefined` where the file has no time. */
  readonly time: FrameTime | undefined;
  /** What was captured is [start, end) of these bytes. */
  readonly data: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Length before the capture cut it. */
  readonly wireLength: number;
}

/** Since 1970: whole seconds, and nanoseconds beyond them. Two numbers, as one double has no nanoseconds of our days. */
export interface FrameTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What a container holds, in file order. */
export type Item =
  | { readonly kind: 'frame'; readonly frame: Frame }
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

export type Step =
  /** This many bytes from where we are are needed to go on. */
  | { readonly kind: 'more'; readonly need: number }
  | { readonly kind: 'done'; readonly size: number }
  /** Nothing after this can be read. */
  | { readonly kind: 'stop' };

export interface Container {
  readonly format: 'pcap' | 'pcapng' | 'hexdump';
  /**
   * Reads one block at `at` in `bytes`, which is `offset` in the file. `last`: no more bytes will come. What it needs and
   * how far it came are counted from `at`.
   */
  step(bytes: Uint8Array, at: number, offset: number, last: boolean, found: (item: Item) => void): Step;
}

/** Larger blocks are not believed. Bytes. */
export const largestBlock = 16 * 1024 * 1024;

/** A queue of chunks that is put together only when enough for the next block is there. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** Offset in the file of the first byte in the queue. */
  offset = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    // A plain view, whatever subclass came: events keep pieces of it.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#length += chunk.length;
  }

  /** All bytes in the queue as one array; a single chunk is not copied. */
  peek(): Uint8Array {
    const [only] = this.#chunks;
    if (only && this.#chunks.length === 1) return only;
    const all = concatAll(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  skip(count: number): void {
    if (count === 0) return;
    const all = this.peek();
    this.#chunks = count < all.length ? [all.subarray(count)] : [];
    this.#length -= Math.min(count, all.length);
    this.offset += count;
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
