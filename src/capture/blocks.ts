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
  /** Nanoseconds since 1970; `undefined` where the file has no time. */
  readonly time: bigint | undefined;
  readonly bytes: Uint8Array;
  /** Length before the capture cut it. */
  readonly wireLength: number;
}

/** What a container holds, in file order. */
export type Item =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** Frames that are not packets but count as frames: a journal entry, a system call. */
  | { readonly kind: 'other-frame'; readonly number: number; readonly what: string }
  | { readonly kind: 'keys'; readonly bytes: Uint8Array; readonly offset: number }
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
  readonly format: 'pcap' | 'pcapng';
  /** Reads one block at the start of `bytes`, which lies at `offset` in the file. `last`: no more bytes will come. */
  step(bytes: Uint8Array, offset: number, last: boolean, found: (item: Item) => void): Step;
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
