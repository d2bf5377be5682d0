/**
 * The key schedule up to DTLS 1.2: one pseudorandom function and what is made with it. DTLS 1.2 takes the hash of its
 * suite (RFC 5246 §5); DTLS 1.0 always XORs P_MD5 and P_SHA1 of the two halves of the secret (RFC 2246 §5).
 */
import { concat, emptyBytes, uintBytes, utf8 } from '../base/bytes.ts';
import type { CipherSuite } from '../wire/suites.ts';
import type { CryptoProvider, HashName, RunningHash } from './provider.ts';
import { hashLength } from './schemes.ts';

/** Which PRF: by version, and in 1.2 by suite. */
export type PrfHash = 'md5-sha1' | 'sha256' | 'sha384';

/** The PRF of a negotiated version and suite. */
export const prfHash = (version: '1.0' | '1.2', suite: Pick<CipherSuite, 'hash'>): PrfHash =>
  version === '1.0' ? 'md5-sha1' : suite.hash;

/** Bytes of a master secret (RFC 5246 §8.1). */
export const masterSecretLength = 48;
/** Bytes of a Finished (RFC 5246 §7.4.9). */
export const verifyDataLength = 12;

/** PRF(secret, label, seed), `length` bytes (RFC 5246 §5, RFC 2246 §5). */
export function prf(
  provider: CryptoProvider,
  hash: PrfHash,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  if (hash !== 'md5-sha1') return expand(provider, hash, secret, label, seed, length);
  // Two halves, which share the middle byte when the length is odd.
  const half = Math.ceil(secret.length / 2);
  const md5 = expand(provider, 'md5', secret.subarray(0, half), label, seed, length);
  const sha1 = expand(provider, 'sha1', secret.subarray(secret.length - half), label, seed, length);
  return md5.map((byte, i) => byte ^ (sha1[i] ?? 0));
}

/**
 * P_hash (RFC 5246 §5) of label || seed: HMAC(secret, A(1) || label || seed) || HMAC(secret, A(2) || label || seed) and so
 * on; A(n) = HMAC(secret, A(n-1)), and A(0) is label || seed.
 */
function expand(
  provider: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const out = new Uint8Array(length);
  const size = hashLength[hash];
  const name = utf8(label);
  const input = new Uint8Array(size + name.length + seed.length);
  input.set(name, size);
  input.set(seed, size + name.length);
  let a: Uint8Array = input.subarray(size);
  for (let at = 0; at < length; at += size) {
    a = provider.hmac(hash, secret, a);
    input.set(a);
    const block = provider.hmac(hash, secret, input);
    out.set(length - at < size ? block.subarray(0, length - at) : block, at);
  }
  return out;
}

/** master_secret from the randoms of both hellos (RFC 5246 §8.1). */
export const masterSecret = (
  provider: CryptoProvider,
  hash: PrfHash,
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array =>
  prf(provider, hash, premaster, 'master secret', concat(clientRandom, serverRandom), masterSecretLength);

/** master_secret bound to the handshake (RFC 7627 §4): `sessionHash` covers it up to and with ClientKeyExchange. */
export const extendedMasterSecret = (
  provider: CryptoProvider,
  hash: PrfHash,
  premaster: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array => prf(provider, hash, premaster, 'extended master secret', sessionHash, masterSecretLength);

/** key_block: here the server's random comes first (RFC 5246 §6.3). */
export const keyBlock = (
  provider: CryptoProvider,
  hash: PrfHash,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  length: number,
): Uint8Array => prf(provider, hash, master, 'key expansion', concat(serverRandom, clientRandom), length);

/** verify_data of the Finished that `sender` writes; `transcript` is the hash of all messages before it (RFC 5246 §7.4.9). */
export const verifyData = (
  provider: CryptoProvider,
  hash: PrfHash,
  master: Uint8Array,
  sender: 'client' | 'server',
  transcript: Uint8Array,
): Uint8Array => prf(provider, hash, master, `${sender} finished`, transcript, verifyDataLength);

/** Exported keying material (RFC 5705 §4). An absent context and an empty one give different results. */
export const exportKeyingMaterial = (
  provider: CryptoProvider,
  hash: PrfHash,
  master: Uint8Array,
  label: string,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  length: number,
  context?: Uint8Array,
): Uint8Array =>
  prf(
    provider,
    hash,
    master,
    label,
    concat(clientRandom, serverRandom, context ? concat(uintBytes(context.length, 2), context) : emptyBytes),
    length,
  );

/** The running transcript hash of a PRF: for DTLS 1.0 it is MD5 and SHA-1, one behind the other (RFC 2246 §7.4.9). */
export function runningTranscript(provider: CryptoProvider, hash: PrfHash): RunningHash {
  if (hash !== 'md5-sha1') return provider.runningHash(hash);
  const md5 = provider.runningHash('md5');
  const sha1 = provider.runningHash('sha1');
  return {
    update(bytes) {
      md5.update(bytes);
      sha1.update(bytes);
    },
    digest: () => concat(md5.digest(), sha1.digest()),
  };
}
