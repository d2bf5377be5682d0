/**
 * What the engine asks of cryptography: synchronous, and without randomness of its own. An `await` inside a transition
 * would let a second datagram in; simulation and replay need none. Two backends exist, `noble` (everywhere) and `node`
 * (terminal and tests), and are tested against each other.
 *
 * Anything that the peer can cause (a point off the curve, a bad signature, a forged record) is a value, never a throw.
 */
import type { RandomSource } from '../base/random.ts';
import type { PrivateKey, PublicKey, RsaPrivateKey, RsaPublicKey } from './keys.ts';

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** A running hash; `digest` may be asked in the middle, and the hash goes on. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** A keyed AEAD with a 16-byte tag behind the ciphertext (RFC 5116). */
export interface Aead {
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** `undefined` when the tag is wrong. */
  open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;
}

/** One side of a key agreement. */
export interface KeyAgreement {
  /** What goes on the wire. */
  readonly share: Uint8Array;
  /** The shared secret, or `undefined` when the peer's share is not a valid one (RFC 8422 §5.11, RFC 7748 §6.1). */
  agree(peerShare: Uint8Array): Uint8Array | undefined;
}

export interface CryptoProvider {
  readonly name: 'noble' | 'node';
  hash(name: HashName, bytes: Uint8Array): Uint8Array;
  runningHash(name: HashName): RunningHash;
  hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  aead(name: AeadName, key: Uint8Array): Aead;
  /**
   * The mask of record numbers in DTLS 1.3 (RFC 9147 §4.2.3), the same that QUIC has (RFC 9001 §5.4): 16 bytes of AES-ECB
   * or of a ChaCha20 block, from exactly 16 bytes of ciphertext. `key` is as long as the AEAD's.
   */
  recordNumberMask(name: AeadName, key: Uint8Array): (sample: Uint8Array) => Uint8Array;
  /** AES-CBC without padding, for the records of old suites; lengths must be whole blocks (16 bytes), else it throws. */
  cbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array;
  cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Whether `generate` and `respond` know the group (IANA number). */
  supportsGroup(group: number): boolean;
  /** Makes our share, before the peer's is known. */
  generate(group: number, random: RandomSource): KeyAgreement;
  /** Answers a share that is already here (a KEM needs the peer's share first); `undefined` when it is not valid. */
  respond(
    group: number,
    peerShare: Uint8Array,
    random: RandomSource,
  ): { readonly share: Uint8Array; readonly secret: Uint8Array } | undefined;
  /** Whether `sign` can make this SignatureScheme (IANA number) with this key. */
  canSign(key: PrivateKey, scheme: number): boolean;
  sign(key: PrivateKey, scheme: number, message: Uint8Array, random: RandomSource): Uint8Array;
  /** False for a wrong signature, a malformed one, and a scheme that does not belong to the key. */
  verify(key: PublicKey, scheme: number, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * RSA without padding, for key exchange (RFC 8017 §5.1): `rsaKeyExchange.ts` pads. `undefined` when the input is not as long
   * as the modulus, not smaller than it, or the key is none to calculate with.
   */
  rsaEncrypt(key: RsaPublicKey, block: Uint8Array): Uint8Array | undefined;
  rsaDecrypt(key: RsaPrivateKey, block: Uint8Array): Uint8Array | undefined;
}
