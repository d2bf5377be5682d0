/**
 * RSA key exchange of DTLS 1.0 and 1.2 (RFC 5246 §7.4.7.1): the client encrypts a premaster secret to the key in the server's
 * certificate. A server that tells a wrong padding from a right one, by an alert or by its time, decrypts for everybody
 * (Bleichenbacher): here whatever is wrong gives a premaster of random bytes, and the handshake fails at Finished.
 * The padding is looked at without a branch on it; BigInt below is not constant in time, and JavaScript promises nothing.
 */
import { concat, uintBytes } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { RsaPrivateKey, RsaPublicKey } from './keys.ts';
import type { CryptoProvider } from './provider.ts';
import { rsaModulusBytes } from './schemes.ts';

/** Bytes of a premaster secret: the version, and 46 of randomness. */
const premasterLength = 48;
/** 00 02, at least eight bytes that are not 0, and 00 (RFC 8017 §7.2.1). */
const leastPadding = 11;

/**
 * A fresh premaster secret, and the same encrypted. `clientVersion` is what the hello said, whatever was agreed.
 * `undefined` when the key is none to calculate with.
 */
export function makePremaster(
  provider: CryptoProvider,
  key: RsaPublicKey,
  clientVersion: number,
  random: RandomSource,
): { readonly premaster: Uint8Array; readonly encrypted: Uint8Array } | undefined {
  const length = rsaModulusBytes(key);
  if (length < premasterLength + leastPadding) return undefined;
  const premaster = concat(uintBytes(clientVersion, 2), random(premasterLength - 2));
  const padding = nonZero(length - premasterLength - 3, random);
  const block = concat(Uint8Array.of(0, 2), padding, Uint8Array.of(0), premaster);
  const encrypted = provider.rsaEncrypt(key, block);
  return encrypted && { premaster, encrypted };
}

/**
 * The premaster secret that a client meant, or a random one (RFC 5246 §7.4.7.1): its version is always the one of the hello,
 * which makes a wrong one fail like everything else.
 */
export function readPremaster(
  provider: CryptoProvider,
  key: RsaPrivateKey,
  clientVersion: number,
  encrypted: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const length = rsaModulusBytes(key);
  const fallback = random(premasterLength - 2);
  const block = provider.rsaDecrypt(key, encrypted) ?? new Uint8Array(length);
  const start = length - premasterLength;
  // Every difference from what must be is gathered, and told by nothing but which bytes are taken.
  let wrong = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2) | (block[start - 1] ?? 1) | (start < leastPadding ? 1 : 0);
  for (let i = 2; i < start - 1; i++) wrong |= (((block[i] ?? 0) - 1) >> 8) & 1;
  const keep = ((wrong - 1) >> 31) & 0xff;
  const out = new Uint8Array(premasterLength);
  out.set(uintBytes(clientVersion, 2));
  for (let i = 2; i < premasterLength; i++)
    out[i] = ((block[start + i] ?? 0) & keep) | ((fallback[i - 2] ?? 0) & ~keep & 0xff);
  return out;
}

/** So many bytes, none of them 0. */
function nonZero(length: number, random: RandomSource): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) for (const byte of random(length - at)) if (byte !== 0) out[at++] = byte;
  return out;
}
