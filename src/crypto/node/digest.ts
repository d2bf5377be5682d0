/**
 * Hashes and HMAC on node:crypto. A handshake makes some thirty HMACs of a few dozen bytes each, where the digest itself
 * takes a fraction of what Node's `Hmac` object costs: so they are put together from two one-shot hashes, whose digests come
 * as text, the cheapest form in which Node hands bytes over.
 */
import { createHash, createHmac, hash as hashOf } from 'node:crypto';
import type { HashName, RunningHash } from '../provider.ts';

/** Bytes of the block that a hash works on, to which HMAC fills up its key (RFC 2104 §2). */
const blockLength = { md5: 64, sha1: 64, sha256: 64, sha384: 128, sha512: 128 } as const satisfies Record<
  HashName,
  number
>;

/** A digest as Node's `binary` text: a character for each byte. */
function put(text: string, out: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
}

function bytesOf(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  put(text, out, 0);
  return out;
}

export const hash = (name: HashName, bytes: Uint8Array): Uint8Array => bytesOf(hashOf(name, bytes, 'binary'));

/** Bytes that a running hash collects before it hands them to a `Hash` object: more than all messages of most handshakes. */
const mostCollected = 8192;

/**
 * A transcript is asked for its digest again and again, and each time a `Hash` object would have to be copied: three times
 * what it costs to hash a few kilobytes anew. So bytes are collected, and only what is too much of them has an object.
 */
class CollectingHash implements RunningHash {
  readonly #name: HashName;
  #collected = new Uint8Array(2048);
  #length = 0;
  #running: ReturnType<typeof createHash> | undefined;

  constructor(name: HashName) {
    this.#name = name;
  }

  update(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (!this.#running && length <= mostCollected) {
      if (length > this.#collected.length) {
        const grown = new Uint8Array(mostCollected);
        grown.set(this.#collected);
        this.#collected = grown;
      }
      this.#collected.set(bytes, this.#length);
      this.#length = length;
      return;
    }
    this.#running ??= createHash(this.#name).update(this.#collected.subarray(0, this.#length));
    this.#running.update(bytes);
  }

  digest(): Uint8Array {
    if (this.#running) return bytesOf(this.#running.copy().digest('binary'));
    return hash(this.#name, this.#collected.subarray(0, this.#length));
  }
}

export const runningHash = (name: HashName): RunningHash => new CollectingHash(name);

/** Where the input of a hash is put together; all is done with it before the call that filled it returns. */
const scratch = new Uint8Array(1024);
/** Views of its beginnings, by length: the same few lengths come again and again, and a new view costs as much as a hash. */
const beginnings: (Uint8Array | undefined)[] = Array.from({ length: scratch.length + 1 }, () => undefined);
const beginning = (length: number): Uint8Array => {
  const known = beginnings[length];
  if (known) return known;
  const made = scratch.subarray(0, length);
  beginnings[length] = made;
  return made;
};

/** HMAC(key, bytes) (RFC 2104 §2). */
export function hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const block = blockLength[name];
  if (key.length > block || block + bytes.length > scratch.length)
    return bytesOf(createHmac(name, key).update(bytes).digest('binary'));
  fillPad(key, block, 0x36);
  scratch.set(bytes, block);
  const inner = hashOf(name, beginning(block + bytes.length), 'binary');
  fillPad(key, block, 0x5c);
  put(inner, scratch, block);
  return bytesOf(hashOf(name, beginning(block + inner.length), 'binary'));
}

/** The key, filled up with zeros to a block, XOR a byte. */
function fillPad(key: Uint8Array, block: number, pad: number): void {
  const { length } = key;
  for (let i = 0; i < length; i++) scratch[i] = (key[i] ?? 0) ^ pad;
  for (let i = length; i < block; i++) scratch[i] = pad;
}
