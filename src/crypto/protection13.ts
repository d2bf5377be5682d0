/**
 * Record protection of DTLS 1.3 (RFC 9147 §4), one `RecordCipher13` for a traffic secret: one direction in one epoch. It
 * writes and reads whole records, because the header is masked with the ciphertext that follows it and authenticated as it
 * is without the mask (§4.2.1, §4.2.3). A record that does not open is `undefined`, whatever is wrong with it. Which numbers
 * were used or seen, and how often, is its caller's to know (`aeadLimits`).
 */
import type { CipherSuite } from '../wire/suites.ts';
import { type CiphertextSlice, innerTypeAt, lastNumber, reconstructNumber, unifiedBits } from '../wire/unified.ts';
import type { LabelPrefix } from './hkdf.ts';
import type { CryptoProvider } from './provider.ts';
import { keySchedule } from './schedule13.ts';

/** How the headers of what is written look. */
export interface HeaderForm {
  /** The connection ID that the receiver asked for; none when absent or empty. */
  readonly cid?: Uint8Array;
  /** 2 unless said: 8 bits are enough only while fewer than 128 records are under way. */
  readonly numberLength?: 1 | 2;
  /** True unless said: without it the record is the last of its datagram. */
  readonly withLength?: boolean;
}

export interface Protection13Inputs {
  readonly provider: CryptoProvider;
  /** A suite of TLS 1.3. */
  readonly suite: CipherSuite;
  /** The traffic secret of this direction and epoch. */
  readonly secret: Uint8Array;
  readonly epoch: number;
  readonly form?: HeaderForm;
  /** Another one only for tests against TLS vectors, and for endpoints that get it wrong. */
  readonly prefix?: LabelPrefix;
}

/** A record that was opened. */
export interface OpenedRecord {
  readonly sequenceNumber: number;
  /** The header with its mask taken off: what was authenticated. */
  readonly header: Uint8Array;
  /** DTLSInnerPlaintext: content, type, zeros. */
  readonly inner: Uint8Array;
  /** ContentType; 0 when the record holds nothing but zeros, which calls for unexpected_message (RFC 8446 §5.4). */
  readonly type: number;
  /** A view of `inner`. */
  readonly content: Uint8Array;
}

/** Protection in one direction and epoch. */
export interface RecordCipher13 {
  readonly epoch: number;
  /** Bytes by which a whole record is longer than its content. */
  readonly overhead: number;
  /** Bytes of the whole record around so many bytes of content. */
  recordLength(contentLength: number): number;
  /** The most content whose record is not longer than `room`; 0 when there is none. */
  contentThatFits(room: number): number;
  /**
   * The whole record, header and all. Each sequence number may be used once. `padding` zeros hide the length of what is
   * inside (RFC 8446 §5.4); none are ever needed, as tag and type alone are more than the 16 bytes that make the mask.
   */
  protect(
    record: { readonly type: number; readonly sequenceNumber: number; readonly padding?: number },
    content: Uint8Array,
  ): Uint8Array;
  /** `expected`: one more than the highest number opened in this epoch (`reconstructNumber`). */
  unprotect(slice: CiphertextSlice, expected: number): OpenedRecord | undefined;
  /**
   * The header without its mask, and the low bits of its number. `undefined` when there are too few bytes to make the mask
   * with. What comes out is only right if the key is: nothing vouches for it before the record opens.
   */
  unmask(slice: CiphertextSlice): { readonly header: Uint8Array; readonly low: number } | undefined;
  /**
   * The number and the last byte of what is inside: the content type, or a zero of the padding. It takes two blocks of the
   * cipher where opening takes them all, and nothing vouches for it either. `undefined` where the cipher has no such
   * shortcut (ChaCha20) or the record is too short. `expected` as in `unprotect`.
   */
  peek(
    slice: CiphertextSlice,
    expected: number,
  ): { readonly sequenceNumber: number; readonly lastByte: number } | undefined;
}

const tagLength = 16;
/** Ciphertext that a mask is made with (RFC 9147 §4.2.3). */
const sampleLength = 16;

interface Keyed {
  readonly iv: Uint8Array;
  readonly aead: ReturnType<CryptoProvider['aead']>;
  readonly mask: ReturnType<CryptoProvider['recordNumberMask']>;
  /** AES with the key of the records, made for the first that is peeked at. */
  block?: ReturnType<CryptoProvider['recordNumberMask']>;
  readonly key: Uint8Array;
}

const blockLength = 16;

export function recordProtection13(inputs: Protection13Inputs): RecordCipher13 {
  const { provider, suite, secret, epoch, form } = inputs;
  if (suite.cipher.kind !== 'aead') throw new Error(`${suite.name} is not a suite of TLS 1.3`);
  const { cipher } = suite;
  // Made for the first record: many a secret of a handshake never protects one.
  let made: Keyed | undefined;
  const keyed = (): Keyed => {
    if (made) return made;
    const { key, iv, sn } = keySchedule(provider, suite.hash, inputs.prefix).trafficKeys(secret, cipher);
    made = { iv, key, aead: provider.aead(cipher.aead, key), mask: provider.recordNumberMask(cipher.aead, sn) };
    return made;
  };

  const cid = form?.cid?.length ? form.cid : undefined;
  const numberLength = form?.numberLength ?? 2;
  const withLength = form?.withLength ?? true;
  const numberAt = 1 + (cid?.length ?? 0);
  const headerLength = numberAt + numberLength + (withLength ? 2 : 0);
  const overhead = headerLength + 1 + tagLength;
  const firstByte =
    unifiedBits.fixed |
    (cid ? unifiedBits.cid : 0) |
    (numberLength === 2 ? unifiedBits.number16 : 0) |
    (withLength ? unifiedBits.length : 0) |
    (epoch & unifiedBits.epoch);

  /** Writes the IV XOR the number, without epoch (RFC 8446 §5.3, RFC 9147 §4). */
  const putNonce = (out: Uint8Array, sequenceNumber: number): void => {
    const { iv } = keyed();
    for (let i = 0; i < iv.length; i++) out[i] = iv[i] ?? 0;
    let left = sequenceNumber;
    for (let i = iv.length - 1; left > 0; i--) {
      out[i] = (out[i] ?? 0) ^ (left & 0xff);
      left = Math.floor(left / 256);
    }
  };
  const nonce = (sequenceNumber: number): Uint8Array => {
    const out = new Uint8Array(keyed().iv.length);
    putNonce(out, sequenceNumber);
    return out;
  };
  const header = (sequenceNumber: number, encryptedLength: number): Uint8Array => {
    const out = new Uint8Array(headerLength);
    out[0] = firstByte;
    if (cid) out.set(cid, 1);
    if (numberLength === 2) out[numberAt] = Math.floor(sequenceNumber / 256) & 0xff;
    out[numberAt + numberLength - 1] = sequenceNumber & 0xff;
    if (withLength) {
      out[headerLength - 2] = encryptedLength >> 8;
      out[headerLength - 1] = encryptedLength & 0xff;
    }
    return out;
  };
  /** The low bits of the number, of a record that has a sample. */
  const lowOf = ({ header, cid, numberLength, fragment }: CiphertextSlice, keys: Keyed): number => {
    const masked = keys.mask(fragment.subarray(0, sampleLength));
    const at = 1 + (cid?.length ?? 0);
    const first = (header[at] ?? 0) ^ (masked[0] ?? 0);
    return numberLength === 1 ? first : first * 256 + ((header[at + 1] ?? 0) ^ (masked[1] ?? 0));
  };
  const unmask = (slice: CiphertextSlice): { readonly header: Uint8Array; readonly low: number } | undefined => {
    const { fragment } = slice;
    if (fragment.length < sampleLength) return undefined;
    const plain = Uint8Array.from(slice.header);
    const low = lowOf(slice, keyed());
    const at = 1 + (slice.cid?.length ?? 0);
    for (let i = 0; i < slice.numberLength; i++) plain[at + i] = low >> (8 * (slice.numberLength - 1 - i));
    return { header: plain, low };
  };

  return {
    epoch,
    overhead,
    recordLength: (contentLength) => contentLength + overhead,
    contentThatFits: (room) => Math.max(0, room - overhead),
    protect({ type, sequenceNumber, padding = 0 }, content) {
      if (sequenceNumber > lastNumber) throw new RangeError('no record number is left');
      if (type < 1 || type > 255) throw new RangeError(`${type} is not a content type`);
      const inner = new Uint8Array(content.length + 1 + padding);
      inner.set(content);
      inner[content.length] = type;
      const plain = header(sequenceNumber, inner.length + tagLength);
      const { aead, mask } = keyed();
      const sealed = aead.seal(nonce(sequenceNumber), plain, inner);
      const masked = mask(sealed.subarray(0, sampleLength));
      const out = new Uint8Array(headerLength + sealed.length);
      out.set(plain);
      for (let i = 0; i < numberLength; i++) out[numberAt + i] = (plain[numberAt + i] ?? 0) ^ (masked[i] ?? 0);
      out.set(sealed, headerLength);
      return out;
    },
    unprotect(slice, expected) {
      // Another epoch's record would not open anyway; this spares the work.
      if (slice.epochBits !== (epoch & unifiedBits.epoch) || slice.fragment.length < slice.length) return undefined;
      const unmasked = unmask(slice);
      if (!unmasked) return undefined;
      const sequenceNumber = reconstructNumber(unmasked.low, slice.numberLength, expected);
      const inner = keyed().aead.open(nonce(sequenceNumber), unmasked.header, slice.fragment);
      if (!inner) return undefined;
      const typeAt = innerTypeAt(inner);
      return {
        sequenceNumber,
        header: unmasked.header,
        inner,
        type: inner[typeAt] ?? 0,
        content: inner.subarray(0, Math.max(0, typeAt)),
      };
    },
    unmask,
    peek(slice, expected) {
      const { fragment, numberLength } = slice;
      const last = fragment.length - tagLength - 1;
      if (cipher.aead === 'chacha20-poly1305' || last < 0 || fragment.length < slice.length) return undefined;
      const keys = keyed();
      const sequenceNumber = reconstructNumber(lowOf(slice, keys), numberLength, expected);
      // A mask of AES is the bare cipher, and GCM XORs with that of nonce and counter, from 2 on (NIST SP 800-38D §7.2).
      keys.block ??= provider.recordNumberMask(cipher.aead, keys.key);
      const counter = new Uint8Array(blockLength);
      putNonce(counter, sequenceNumber);
      const count = Math.floor(last / blockLength) + 2;
      counter[14] = count >> 8;
      counter[15] = count & 0xff;
      const stream = keys.block(counter);
      return { sequenceNumber, lastByte: (fragment[last] ?? 0) ^ (stream[last % blockLength] ?? 0) };
    },
  };
}
