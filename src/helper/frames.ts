/**
 * Frames of native messaging: a 32-bit length in the machine's own byte order, then that many bytes of JSON in UTF-8.
 * The reader keeps at most one message of `helperRequestBytes`; what claims to be larger is skipped, not stored.
 */
import { helperRequestBytes } from '../bridge/messages.ts';

export type Frame =
  | { readonly kind: 'message'; readonly value: unknown }
  /** The length was fine, the content is not JSON in UTF-8. */
  | { readonly kind: 'bad'; readonly why: string }
  | { readonly kind: 'too-large'; readonly bytes: number };

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** One value as a frame. */
export function encodeFrame(value: unknown, littleEndian: boolean): Uint8Array {
  const body = encoder.encode(JSON.stringify(value));
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, littleEndian);
  frame.set(body, 4);
  return frame;
}

/** Cuts a byte stream into frames, however it was chopped up. */
export class FrameReader {
  readonly #littleEndian: boolean;
  readonly #largest: number;
  readonly #header = new Uint8Array(4);
  /** The message being put together; undefined while its length is not known yet, or while one is skipped. */
  #body: Uint8Array | undefined;
  /** Bytes of header or body that are here. */
  #have = 0;
  #skip = 0;

  constructor(littleEndian: boolean, largest: number = helperRequestBytes) {
    this.#littleEndian = littleEndian;
    this.#largest = largest;
  }

  /** True between frames: nothing begun is unfinished. */
  get idle(): boolean {
    return this.#body === undefined && this.#have === 0 && this.#skip === 0;
  }

  /** Takes the next bytes, gives the frames that they complete. A too large frame is told as soon as its length is read. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const target = this.#body ?? this.#header;
      const taken = chunk.subarray(at, at + target.length - this.#have);
      target.set(taken, this.#have);
      this.#have += taken.length;
      at += taken.length;
      if (this.#have < target.length) continue;
      this.#have = 0;
      if (this.#body === undefined) this.#begin(frames);
      else {
        const body = this.#body;
        this.#body = undefined;
        frames.push(readBody(body));
      }
    }
    return frames;
  }

  #begin(frames: Frame[]): void {
    const length = new DataView(this.#header.buffer).getUint32(0, this.#littleEndian);
    if (length > this.#largest) {
      this.#skip = length;
      frames.push({ kind: 'too-large', bytes: length });
    } else if (length === 0) frames.push({ kind: 'bad', why: 'an empty message' });
    else this.#body = new Uint8Array(length);
  }
}

function readBody(body: Uint8Array): Frame {
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch {
    return { kind: 'bad', why: 'not UTF-8' };
  }
  try {
    return { kind: 'message', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'bad', why: 'not JSON' };
  }
}
