/**
 * AES for one block, which both backends make masks with: a call into OpenSSL takes three times as long as the 16 bytes need in
 * JavaScript, and noble's ECB expands its key for every call.
 */
import { unsafe } from '@noble/ciphers/aes.js';

const blockLength = 16;

/** The block cipher under a key of 16 or 32 bytes. A block is 16 bytes; another length throws, being ours to get right. */
export function aesBlock(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const expanded = unsafe.expandKeyLE(key);
  return (block) => {
    if (block.length !== blockLength) throw new RangeError(`a block of ${block.length} bytes`);
    const { s0, s1, s2, s3 } = unsafe.encrypt(
      expanded,
      word(block, 0),
      word(block, 4),
      word(block, 8),
      word(block, 12),
    );
    const out = new Uint8Array(blockLength);
    put(out, 0, s0);
    put(out, 4, s1);
    put(out, 8, s2);
    put(out, 12, s3);
    return out;
  };
}

/** Words are little-endian on every machine. */
const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
