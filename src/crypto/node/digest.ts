/**
 * Hashes and HMAC on node:crypto. A handshake makes some thirty HMACs of a few dozen bytes each, where the digest itself
 * takes a fraction of what Node's `Hmac` object costs: so they are put together from two one-shot hashes, whose digests come
 * as text, the cheapest form in which Node hands bytes over.
 */
import { createHash, createHmac, hash as hashOf } from 'node:crypto';
import type { HashName, RunningHash } from '../provider.ts';
import { hashLength } from '../schemes.ts';

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

export function runningHash(name: HashName): RunningHash {
  const running = createHash(name);
  return {
    update: (bytes) => {
      running.update(bytes);
    },
    digest: () => bytesOf(running.copy().digest('binary')),
  };
}

/** Where the input of a hash is put together; all is done with it before the call that filled it returns. */
const scratch = new Uint8Array(1024);

/** HMAC(key, bytes) (RFC 2104 §2). */
export function hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const block = blockLength[name];
  if (key.length > block || block + bytes.length > scratch.length)
    return bytesOf(createHmac(name, key).update(bytes).digest('binary'));
  fillPad(key, block, 0x36);
  scratch.set(bytes, block);
  const inner = hashOf(name, scratch.subarray(0, block + bytes.length), 'binary');
  fillPad(key, block, 0x5c);
  put(inner, scratch, block);
  return bytesOf(hashOf(name, scratch.subarray(0, block + hashLength[name]), 'binary'));
}

function fillPad(key: Uint8Array, block: number, pad: number): void {
  for (let i = 0; i < key.length; i++) scratch[i] = (key[i] ?? 0) ^ pad;
  scratch.fill(pad, key.length, block);
}
