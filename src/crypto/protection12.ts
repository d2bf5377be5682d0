/**
 * Record protection of DTLS 1.0 and 1.2. From master secret, randoms and suite come two `RecordCipher`s, one for the
 * records that the client writes and one for the server's; engine and analysis use the same. AES-CBC
 * with HMAC, in both orders, is there for old peers and for captures of them.
 * A record that does not open is `undefined`, whatever is wrong with it: nothing here tells a sender which part it was.
 */
import { concat, equalConstantTime, putUint } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { Cipher, CipherSuite } from '../wire/suites.ts';
import { keyBlock, prfHash } from './prf12.ts';
import type { CryptoProvider } from './provider.ts';
import { hashLength } from './schemes.ts';

/** What of a record's header is authenticated; a `RecordSlice` is one. */
export interface ProtectedHeader {
  readonly type: number;
  /** As it stands in the record, 0xfefd or 0xfeff. */
  readonly version: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
}

/** Protection in one direction. */
export interface RecordCipher {
  /** The most bytes by which a protected fragment is longer than its plaintext. */
  readonly overhead: number;
  /** The exact length of the protected fragment of so many plaintext bytes. */
  protectedLength(plaintextLength: number): number;
  /** The most plaintext bytes whose protected fragment is not longer than `room`; 0 when there are none. */
  plaintextThatFits(room: number): number;
  /** The record's fragment. Each (epoch, sequence number) may be used once: AEAD nonces are made from them. */
  protect(header: ProtectedHeader, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or `undefined` when the record was not made by this key, was altered, or is malformed. */
  unprotect(header: ProtectedHeader, fragment: Uint8Array): Uint8Array | undefined;
}

export interface ProtectionInputs {
  readonly provider: CryptoProvider;
  /** Must not be a suite of TLS 1.3. */
  readonly suite: CipherSuite;
  readonly version: '1.0' | '1.2';
  readonly masterSecret: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  /** Whether both hellos carried encrypt_then_mac (RFC 7366); AEAD suites ignore it. */
  readonly encryptThenMac: boolean;
  /** For the IVs of CBC records that are to be written; reading needs none, nor do AEAD suites. */
  readonly random?: RandomSource;
}

/** The ciphers of a connection: `client` for what the client writes, `server` for what the server writes. */
export function recordProtection12(inputs: ProtectionInputs): {
  readonly client: RecordCipher;
  readonly server: RecordCipher;
} {
  const { provider, suite, version } = inputs;
  const { mac, key, iv } = keyLengths(suite.cipher);
  const hash = prfHash(version, suite);
  const { masterSecret, clientRandom, serverRandom } = inputs;
  const block = keyBlock(provider, hash, masterSecret, clientRandom, serverRandom, 2 * (mac + key + iv));
  // RFC 5246 §6.3: both MAC keys, both keys, both IVs, the client's first each time.
  // Copies: V8 moves a small array out of its heap for a view of it, which takes longer than to copy it.
  const part = (start: number, length: number, side: 0 | 1): Uint8Array =>
    block.slice(start + side * length, start + (side + 1) * length);
  const side = (index: 0 | 1): RecordCipher => {
    const macKey = part(0, mac, index);
    const writeKey = part(2 * mac, key, index);
    const writeIv = part(2 * (mac + key), iv, index);
    const { cipher } = suite;
    if (cipher.kind === 'cbc') {
      const keys = { mac: cipher.mac, macKey, key: writeKey, random: inputs.random };
      return inputs.encryptThenMac ? encryptThenMac(provider, keys) : macThenEncrypt(provider, keys);
    }
    const aead = provider.aead(cipher.aead, writeKey);
    return cipher.aead === 'chacha20-poly1305' ? new XorNonceAead(aead, writeIv) : new ExplicitNonceAead(aead, writeIv);
  };
  return { client: side(0), server: side(1) };
}

/** Bytes of MAC key, encryption key and fixed IV that a suite takes from the key block. */
function keyLengths(cipher: Cipher): { readonly mac: number; readonly key: number; readonly iv: number } {
  if (cipher.kind === 'cbc') return { mac: hashLength[cipher.mac], key: cipher.keyLength, iv: 0 };
  // RFC 5288 §3 (salt), RFC 7905 §2.
  return { mac: 0, key: cipher.keyLength, iv: cipher.aead === 'chacha20-poly1305' ? 12 : 4 };
}

type Keyed = ReturnType<CryptoProvider['aead']>;
const tagLength = 16;
const explicitNonceLength = 8;

/** What AEAD ciphers have in common: how long a record becomes, and what of its header is authenticated. */
abstract class AeadCipher12 implements RecordCipher {
  readonly overhead: number;
  protected readonly aead: Keyed;
  /** Nothing keeps an AEAD's additional data, so one array serves all records. */
  protected readonly additional = new Uint8Array(additionalLength);

  constructor(aead: Keyed, overhead: number) {
    this.aead = aead;
    this.overhead = overhead;
  }

  protectedLength(plaintextLength: number): number {
    return plaintextLength + this.overhead;
  }
  plaintextThatFits(room: number): number {
    return Math.max(0, room - this.overhead);
  }
  abstract protect(header: ProtectedHeader, plaintext: Uint8Array): Uint8Array;
  abstract unprotect(header: ProtectedHeader, fragment: Uint8Array): Uint8Array | undefined;
}

/** AES-GCM: salt || explicit nonce, which travels with the record (RFC 5288 §3). We use epoch and sequence number for it. */
class ExplicitNonceAead extends AeadCipher12 {
  /** Begins with the salt. Nobody keeps a nonce, either. */
  readonly #nonce: Uint8Array;
  readonly #saltLength: number;

  constructor(aead: Keyed, salt: Uint8Array) {
    super(aead, explicitNonceLength + tagLength);
    this.#nonce = new Uint8Array(salt.length + explicitNonceLength);
    this.#nonce.set(salt);
    this.#saltLength = salt.length;
  }

  protect(header: ProtectedHeader, plaintext: Uint8Array): Uint8Array {
    const additional = putAdditionalData(this.additional, header, plaintext.length);
    const sealed = this.aead.seal(this.#nonceOf(additional), additional, plaintext);
    const out = new Uint8Array(explicitNonceLength + sealed.length);
    for (let i = 0; i < explicitNonceLength; i++) out[i] = additional[i] ?? 0;
    out.set(sealed, explicitNonceLength);
    return out;
  }
  unprotect(header: ProtectedHeader, fragment: Uint8Array): Uint8Array | undefined {
    if (fragment.length < this.overhead) return undefined;
    return this.aead.open(
      this.#nonceOf(fragment),
      putAdditionalData(this.additional, header, fragment.length - this.overhead),
      fragment.subarray(explicitNonceLength),
    );
  }

  /** Salt, and the first bytes of `explicit`. */
  #nonceOf(explicit: Uint8Array): Uint8Array {
    for (let i = 0; i < explicitNonceLength; i++) this.#nonce[this.#saltLength + i] = explicit[i] ?? 0;
    return this.#nonce;
  }
}

/** ChaCha20-Poly1305: the IV XOR epoch and sequence number, and nothing on the wire (RFC 7905 §2). */
class XorNonceAead extends AeadCipher12 {
  readonly #iv: Uint8Array;

  constructor(aead: Keyed, iv: Uint8Array) {
    super(aead, tagLength);
    this.#iv = iv;
  }

  protect(header: ProtectedHeader, plaintext: Uint8Array): Uint8Array {
    const additional = putAdditionalData(this.additional, header, plaintext.length);
    return this.aead.seal(this.#nonce(additional), additional, plaintext);
  }
  unprotect(header: ProtectedHeader, fragment: Uint8Array): Uint8Array | undefined {
    if (fragment.length < tagLength) return undefined;
    const additional = putAdditionalData(this.additional, header, fragment.length - tagLength);
    return this.aead.open(this.#nonce(additional), additional, fragment);
  }

  #nonce(additional: Uint8Array): Uint8Array {
    const out = Uint8Array.from(this.#iv);
    for (let i = 0; i < 8; i++) out[i + 4] = (out[i + 4] ?? 0) ^ (additional[i] ?? 0);
    return out;
  }
}

interface CbcKeys {
  readonly mac: 'sha1' | 'sha256' | 'sha384';
  readonly macKey: Uint8Array;
  readonly key: Uint8Array;
  readonly random: RandomSource | undefined;
}
const blockLength = 16;

/** IV || AES-CBC(content || MAC(content) || padding) (RFC 5246 §6.2.3.2; the same in DTLS 1.0 by RFC 4346). */
function macThenEncrypt(provider: CryptoProvider, keys: CbcKeys): RecordCipher {
  const macLength = hashLength[keys.mac];
  const macOf = (header: ProtectedHeader, content: Uint8Array): Uint8Array =>
    provider.hmac(keys.mac, keys.macKey, concat(additionalData(header, content.length), content));
  return {
    overhead: blockLength + macLength + blockLength,
    protectedLength: (length) => blockLength + padded(length + macLength),
    plaintextThatFits: (room) => Math.max(0, wholeBlocks(room - blockLength) - macLength - 1),
    protect(header, plaintext) {
      const iv = freshIv(keys.random);
      return concat(iv, provider.cbcEncrypt(keys.key, iv, pad(concat(plaintext, macOf(header, plaintext)))));
    },
    unprotect(header, fragment) {
      const encrypted = fragment.subarray(blockLength);
      if (encrypted.length < macLength + 1 || encrypted.length % blockLength !== 0) return undefined;
      const plaintext = provider.cbcDecrypt(keys.key, fragment.subarray(0, blockLength), encrypted);
      const padding = paddingLength(plaintext, plaintext.length - macLength);
      // On bad padding the MAC is computed all the same, as if there were none (RFC 5246 §6.2.3.2), and the blocks that
      // padding saves it are hashed as well, or their number would tell the padding (Lucky Thirteen). What a block costs in
      // JavaScript nobody can promise: no secret traffic should hang on this suite.
      const most = plaintext.length - macLength;
      const end = most - (padding ?? 0);
      const content = plaintext.subarray(0, end);
      const right = equalConstantTime(macOf(header, content), plaintext.subarray(end, end + macLength));
      provider.hash(keys.mac, new Uint8Array(hashedBytes(keys.mac, most) - hashedBytes(keys.mac, end)));
      return right && padding !== undefined ? content : undefined;
    },
  };
}

/** IV || AES-CBC(content || padding) || MAC(IV || ciphertext) (RFC 7366 §3). */
function encryptThenMac(provider: CryptoProvider, keys: CbcKeys): RecordCipher {
  const macLength = hashLength[keys.mac];
  const macOf = (header: ProtectedHeader, ciphertext: Uint8Array): Uint8Array =>
    provider.hmac(keys.mac, keys.macKey, concat(additionalData(header, ciphertext.length), ciphertext));
  return {
    overhead: blockLength + blockLength + macLength,
    protectedLength: (length) => blockLength + padded(length) + macLength,
    plaintextThatFits: (room) => Math.max(0, wholeBlocks(room - blockLength - macLength) - 1),
    protect(header, plaintext) {
      const iv = freshIv(keys.random);
      const ciphertext = concat(iv, provider.cbcEncrypt(keys.key, iv, pad(plaintext)));
      return concat(ciphertext, macOf(header, ciphertext));
    },
    unprotect(header, fragment) {
      const end = fragment.length - macLength;
      if (end < 2 * blockLength || end % blockLength !== 0) return undefined;
      const ciphertext = fragment.subarray(0, end);
      if (!equalConstantTime(macOf(header, ciphertext), fragment.subarray(end))) return undefined;
      const plaintext = provider.cbcDecrypt(
        keys.key,
        ciphertext.subarray(0, blockLength),
        ciphertext.subarray(blockLength),
      );
      const padding = paddingLength(plaintext, plaintext.length);
      return padding === undefined ? undefined : plaintext.subarray(0, plaintext.length - padding);
    },
  };
}

/** Bytes that a MAC over so much content compresses: whole blocks of the hash, with its own padding (RFC 2104, FIPS 180-4). */
function hashedBytes(mac: CbcKeys['mac'], content: number): number {
  const [block, end] = mac === 'sha384' ? [128, 17] : [64, 9];
  return Math.ceil((additionalLength + content + end) / block) * block;
}

const additionalLength = 13;

/**
 * seq_num || type || version || length, for AEAD and for MACs alike (RFC 5246 §6.2.3.3 and §6.2.3.1). What TLS calls seq_num
 * is epoch and sequence number here, 64 bits (RFC 6347 §4.1.2.1).
 */
function putAdditionalData(out: Uint8Array, header: ProtectedHeader, length: number): Uint8Array {
  putUint(out, 0, header.epoch, 2);
  putUint(out, 2, header.sequenceNumber, 6);
  out[8] = header.type;
  putUint(out, 9, header.version, 2);
  putUint(out, 11, length, 2);
  return out;
}

const additionalData = (header: ProtectedHeader, length: number): Uint8Array =>
  putAdditionalData(new Uint8Array(additionalLength), header, length);

function freshIv(random: RandomSource | undefined): Uint8Array {
  if (!random) throw new Error('writing CBC records takes a random source for their IVs');
  return random(blockLength);
}

/** Of endless room too, which a remainder could not be taken of. */
const wholeBlocks = (length: number): number => Math.floor(length / blockLength) * blockLength;
/** Length with padding, which is never empty (RFC 5246 §6.2.3.2). */
const padded = (length: number): number => wholeBlocks(length) + blockLength;

function pad(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(padded(content.length));
  out.fill(out.length - content.length - 1);
  out.set(content);
  return out;
}

/** Bytes of well-formed padding with its length byte, at most `most`; `undefined` when it is malformed. */
function paddingLength(plaintext: Uint8Array, most: number): number | undefined {
  const last = plaintext.at(-1) ?? 0;
  if (last + 1 > most) return undefined;
  let difference = 0;
  for (let i = plaintext.length - last - 1; i < plaintext.length; i++) difference |= (plaintext[i] ?? 0) ^ last;
  return difference === 0 ? last + 1 : undefined;
}
