/**
 * RSA signatures of RFC 8017 on BigInt, for the noble backend. micro-rsa-dsa-dh was looked at and not taken: it signs
 * without the Chinese remainder theorem (four times slower), draws the PSS salt from a generator of its own, and throws
 * on some hostile input (a PSS signature under a modulus of 8k+1 bits, a modulus too small for the hash).
 * BigInt arithmetic is not constant in time: whoever can time a signature to the microsecond can learn about the key.
 */
import { concat, equal, fromHex, toHex, uintBytes } from '../base/bytes.ts';
import type { RsaPrivateKey, RsaPublicKey } from './keys.ts';
import type { HashName } from './provider.ts';
import { hashLength, isUsableRsa, rsaModulusBits, rsaModulusBytes } from './schemes.ts';

export type Hash = (name: HashName, bytes: Uint8Array) => Uint8Array;
/** `md5-sha1`: both, one behind the other, as DTLS 1.0 signs (RFC 4346 §7.4.3). */
type Pkcs1Hash = HashName | 'md5-sha1';

/** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1). The key must hold the encoding: `schemeForKey` says so. */
export const signPkcs1 = (hash: Hash, name: Pkcs1Hash, key: RsaPrivateKey, message: Uint8Array): Uint8Array =>
  privateOperation(key, encodePkcs1(hash, name, message, rsaModulusBytes(key)));

/**
 * RFC 8017 §8.2.2: the expected encoding is built and compared as a whole, so neither short padding nor bytes behind the
 * hash nor another DigestInfo can pass. A signature that is not exactly as long as the modulus is refused.
 */
export function verifyPkcs1(
  hash: Hash,
  name: Pkcs1Hash,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const encoded = publicOperation(key, signature);
  return encoded !== undefined && equal(encoded, encodePkcs1(hash, name, message, encoded.length));
}

/** RSASSA-PSS with MGF1 on the same hash and the given salt (RFC 8017 §8.1.1). */
export function signPss(
  hash: Hash,
  name: HashName,
  key: RsaPrivateKey,
  message: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  const bits = rsaModulusBits(key.n) - 1;
  const length = (bits + 7) >> 3;
  const digest = pssDigest(hash, name, hash(name, message), salt);
  const block = new Uint8Array(length - digest.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  xorMask(hash, name, digest, block);
  block[0] = (block[0] ?? 0) & (0xff >> (8 * length - bits));
  return privateOperation(key, leftPad(concat(block, digest, Uint8Array.of(0xbc)), rsaModulusBytes(key)));
}

/** RFC 8017 §8.1.2, for a salt that is as long as the hash (RFC 8446 §4.2.3). */
export function verifyPss(
  hash: Hash,
  name: HashName,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const padded = publicOperation(key, signature);
  if (!padded) return false;
  const bits = rsaModulusBits(key.n) - 1;
  const length = (bits + 7) >> 3;
  const size = hashLength[name];
  if (length < 2 * size + 2) return false;
  // With a modulus of 8k+1 bits the encoding is one byte shorter than the modulus (§8.1.2 step 2c).
  if (padded.length > length && padded[0] !== 0) return false;
  const encoded = padded.subarray(padded.length - length);
  if (encoded[length - 1] !== 0xbc) return false;
  const digest = encoded.subarray(length - size - 1, length - 1);
  const block = Uint8Array.from(encoded.subarray(0, length - size - 1));
  const unused = 0xff & ~(0xff >> (8 * length - bits));
  if (((block[0] ?? 0) & unused) !== 0) return false;
  xorMask(hash, name, digest, block);
  block[0] = (block[0] ?? 0) & ~unused;
  const saltStart = block.length - size;
  if (block[saltStart - 1] !== 1) return false;
  for (let i = 0; i < saltStart - 1; i++) if (block[i] !== 0) return false;
  return equal(digest, pssDigest(hash, name, hash(name, message), block.subarray(saltStart)));
}

/** DER of DigestInfo up to the digest itself (RFC 8017 §9.2, note 1). */
const digestInfo: Readonly<Record<Pkcs1Hash, string>> = {
  'md5-sha1': '',
  md5: '3020300c06082a864886f70d020505000410',
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
function encodePkcs1(hash: Hash, name: Pkcs1Hash, message: Uint8Array, length: number): Uint8Array {
  const digest = name === 'md5-sha1' ? concat(hash('md5', message), hash('sha1', message)) : hash(name, message);
  const info = concat(fromHex(digestInfo[name]) ?? new Uint8Array(0), digest);
  const out = new Uint8Array(length).fill(0xff);
  out.set([0, 1]);
  out[length - info.length - 1] = 0;
  out.set(info, length - info.length);
  return out;
}

/** H = Hash(eight zero bytes || mHash || salt) (RFC 8017 §9.1.1 steps 5 and 6). */
const pssDigest = (hash: Hash, name: HashName, messageDigest: Uint8Array, salt: Uint8Array): Uint8Array =>
  hash(name, concat(new Uint8Array(8), messageDigest, salt));

/** XORs MGF1(seed) into a block (RFC 8017 §B.2.1). */
function xorMask(hash: Hash, name: HashName, seed: Uint8Array, block: Uint8Array): void {
  for (let at = 0, counter = 0; at < block.length; counter++) {
    for (const byte of hash(name, concat(seed, uintBytes(counter, 4)))) {
      if (at === block.length) return;
      block[at] = (block[at] ?? 0) ^ byte;
      at++;
    }
  }
}

/** RSAVP1 and RSAEP with the length check of §8.1.2 and §8.2.2 step 1; `undefined` for what cannot be of this key. */
export function publicOperation(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  if (!isUsableRsa(key) || signature.length !== rsaModulusBytes(key)) return undefined;
  const n = toBigInt(key.n);
  const s = toBigInt(signature);
  return s < n ? toBytes(power(s, toBigInt(key.e), n), signature.length) : undefined;
}

/** RSADP of a ciphertext (RFC 8017 §5.1.2); `undefined` for what cannot be one of this key. */
export const decrypt = (key: RsaPrivateKey, ciphertext: Uint8Array): Uint8Array | undefined =>
  isUsableRsa(key) && ciphertext.length === rsaModulusBytes(key) && toBigInt(ciphertext) < toBigInt(key.n)
    ? privateOperation(key, ciphertext)
    : undefined;

/**
 * RSASP1 by the Chinese remainder theorem (RFC 8017 §5.2.1 step 2b). The result is checked with the public exponent: a
 * key whose parts do not belong together would otherwise give away a factor of n; it then signs with d alone.
 */
function privateOperation(key: RsaPrivateKey, encoded: Uint8Array): Uint8Array {
  const n = toBigInt(key.n);
  const message = toBigInt(encoded);
  const p = toBigInt(key.p);
  const q = toBigInt(key.q);
  if (p > 1n && q > 1n && p * q === n) {
    const atP = power(message % p, toBigInt(key.dp), p);
    const atQ = power(message % q, toBigInt(key.dq), q);
    const h = ((((atP - atQ) * toBigInt(key.qi)) % p) + p) % p;
    const signature = atQ + q * h;
    if (power(signature, toBigInt(key.e), n) === message) return toBytes(signature, encoded.length);
  }
  return toBytes(power(message, toBigInt(key.d), n), encoded.length);
}

const toBigInt = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`));
const toBytes = (value: bigint, length: number): Uint8Array =>
  fromHex(value.toString(16).padStart(2 * length, '0')) ?? new Uint8Array(length);
const leftPad = (bytes: Uint8Array, length: number): Uint8Array => concat(new Uint8Array(length - bytes.length), bytes);

/** base^exponent mod modulus: plain for short exponents, else a fixed window of four bits. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (exponent < 1n << 64n) {
    let result = 1n;
    for (const bit of exponent.toString(2)) {
      result = (result * result) % modulus;
      if (bit === '1') result = (result * base) % modulus;
    }
    return result;
  }
  const table = [1n];
  for (let i = 1; i < 16; i++) table.push(((table[i - 1] ?? 1n) * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus;
    if (digit !== '0') result = (result * (table[Number.parseInt(digit, 16)] ?? 1n)) % modulus;
  }
  return result;
}
