/**
 * What proves a STUN message: MESSAGE-INTEGRITY (HMAC-SHA1), MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (a CRC). All three
 * cover the bytes in front of them, with a header whose length ends at themselves (RFC 8489 §14.5-14.7), so they are made
 * and checked on bytes, never on decoded values. The HMAC comes in from outside.
 */
import { concat, copy, equalConstantTime, uintBytes, utf8 } from '../base/bytes.ts';
import { encode } from '../codec/codec.ts';
import { type StunAttribute, type StunMessage, stunHeaderLength, stunMessage } from './stun.ts';

/** The part of a crypto provider that STUN needs. */
export interface StunCrypto {
  hmac(name: 'sha1' | 'sha256', key: Uint8Array, bytes: Uint8Array): Uint8Array;
  hash(name: 'md5' | 'sha256', bytes: Uint8Array): Uint8Array;
}

export type StunHash = 'sha1' | 'sha256';
const kinds = {
  sha1: { kind: 'MESSAGE-INTEGRITY', code: 0x0008, bytes: 20 },
  sha256: { kind: 'MESSAGE-INTEGRITY-SHA256', code: 0x001c, bytes: 32 },
} as const satisfies Record<StunHash, unknown>;
const fingerprintCode = 0x8028;
/** What a CRC is XORed with, so that a CRC of another protocol is none of ours. */
const fingerprintMask = 0x5354554e;

/** How a message is to be proved; nothing at all when both are absent. */
export interface Proof {
  readonly integrity?: { readonly key: Uint8Array; readonly hashes: readonly StunHash[]; readonly crypto: StunCrypto };
  readonly fingerprint?: boolean;
}

/** The bytes of a message with its proofs behind its attributes, SHA-1 before SHA-256, the fingerprint last. */
export function encodeStun(message: StunMessage, proof: Proof = {}): Uint8Array {
  const attributes: StunAttribute[] = [...message.attributes];
  const { integrity } = proof;
  for (const hash of ['sha1', 'sha256'] as const) {
    if (!integrity?.hashes.includes(hash)) continue;
    const { kind, bytes } = kinds[hash];
    const draft = encode(stunMessage, {
      ...message,
      attributes: [...attributes, { kind, body: { hmac: new Uint8Array(bytes) } }],
    });
    const covered = draft.subarray(0, draft.length - 4 - bytes);
    attributes.push({ kind, body: { hmac: integrity.crypto.hmac(hash, integrity.key, covered) } });
  }
  if (proof.fingerprint) {
    const draft = encode(stunMessage, {
      ...message,
      attributes: [...attributes, { kind: 'FINGERPRINT', body: { crc: 0 } }],
    });
    attributes.push({ kind: 'FINGERPRINT', body: { crc: fingerprintOf(draft.subarray(0, draft.length - 8)) } });
  }
  return encode(stunMessage, { ...message, attributes });
}

export type Verdict = 'good' | 'wrong' | 'absent';

/**
 * Whether a message carries the HMAC of `key`. `bytes` must be what `stunMessage` accepted. When both hashes are there the
 * stronger one decides (RFC 8489 §9.1.3: whoever knows SHA-256 ignores the other).
 */
export function checkIntegrity(
  bytes: Uint8Array,
  key: Uint8Array,
  crypto: StunCrypto,
): { readonly verdict: Verdict; readonly hash: StunHash | undefined } {
  const sha1 = placeOf(bytes, kinds.sha1.code);
  const sha256 = placeOf(bytes, kinds.sha256.code);
  const hash: StunHash | undefined = sha256 !== undefined ? 'sha256' : sha1 !== undefined ? 'sha1' : undefined;
  const at = sha256 ?? sha1;
  if (hash === undefined || at === undefined) return { verdict: 'absent', hash };
  const length = uint16(bytes, at + 2);
  const expected = crypto.hmac(hash, key, coveredBy(bytes, at, length)).subarray(0, length);
  const got = bytes.subarray(at + 4, at + 4 + length);
  return { verdict: equalConstantTime(expected, got) ? 'good' : 'wrong', hash };
}

/** Whether a message ends in its CRC, by which STUN is told from all else on the port (RFC 8489 §14.7). */
export function checkFingerprint(bytes: Uint8Array): Verdict {
  const at = placeOf(bytes, fingerprintCode);
  if (at === undefined) return 'absent';
  // It must be the last attribute.
  if (at + 8 !== bytes.length) return 'wrong';
  return fingerprintOf(bytes.subarray(0, at)) === uint16(bytes, at + 4) * 0x10000 + uint16(bytes, at + 6)
    ? 'good'
    : 'wrong';
}

/**
 * A copy of a message whose integrity values are zeros, its CRC made anew: a long-term password may be short enough to be
 * guessed from an HMAC, and a file that is passed on must not be what it is guessed from.
 */
export function withoutIntegrity(bytes: Uint8Array): Uint8Array {
  const masked = copy(bytes);
  for (const { code } of [kinds.sha1, kinds.sha256]) {
    const at = placeOf(masked, code);
    if (at !== undefined) masked.fill(0, at + 4, at + 4 + uint16(masked, at + 2));
  }
  const crc = placeOf(masked, fingerprintCode);
  if (crc !== undefined && crc + 8 === masked.length)
    masked.set(uintBytes(fingerprintOf(masked.subarray(0, crc)), 4), crc + 4);
  return masked;
}

const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Where the first attribute of a type begins. */
function placeOf(bytes: Uint8Array, code: number): number | undefined {
  for (let at = stunHeaderLength; at + 4 <= bytes.length; ) {
    if (uint16(bytes, at) === code) return at;
    const length = uint16(bytes, at + 2);
    at += 4 + length + (-length & 3);
  }
  return undefined;
}

/** The message up to an attribute, its header saying that the message ends with that attribute. */
function coveredBy(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return concat(bytes.subarray(0, 2), uintBytes(at + 4 + length - stunHeaderLength, 2), bytes.subarray(4, at));
}

const fingerprintOf = (bytes: Uint8Array): number => (crc32(bytes) ^ fingerprintMask) >>> 0;

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});
/** CRC-32 as in ITU V.42. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The key of a short-term credential, as ICE's passwords are (RFC 8489 §9.1.1). */
export const shortTermKey = (password: string): Uint8Array => utf8(prepared(password));

/** The key of a long-term credential, as TURN's are (RFC 8489 §9.2.2, §18.5.1). */
export const longTermKey = (
  crypto: StunCrypto,
  hash: 'md5' | 'sha256',
  { username, realm, password }: { readonly username: string; readonly realm: string; readonly password: string },
): Uint8Array => crypto.hash(hash, utf8(`${prepared(username)}:${prepared(realm)}:${prepared(password)}`));

/** USERHASH, which hides a user name from who listens (RFC 8489 §14.4). */
export const userHash = (crypto: StunCrypto, username: string, realm: string): Uint8Array =>
  crypto.hash('sha256', utf8(`${prepared(username)}:${prepared(realm)}`));

/**
 * OpaqueString (RFC 8265 §4.2): every space becomes U+0020, then NFC. Code points that the profile forbids are let through:
 * a server that was set up with them will want them.
 */
const prepared = (value: string): string => value.replace(/\p{Zs}/gu, ' ').normalize('NFC');
