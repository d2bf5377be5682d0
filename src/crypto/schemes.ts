/**
 * SignatureScheme numbers and what they mean. In DTLS 1.2 a scheme is a pair (hash, signature algorithm) and says nothing
 * of the curve (RFC 5246 §7.4.1.4.1): a P-256 key may sign with SHA-384 as 0x0503. That TLS 1.3 ties each ECDSA scheme to
 * one curve (RFC 8446 §4.2.3) is the engine's to enforce, with `curveOfScheme`. Both backends decide here which schemes a
 * key can make or check, so that they never differ.
 * rsa_pss_rsae_* and rsa_pss_pss_* are the same computation; the object identifier in the certificate decides which of the
 * two a key has (RFC 8446 §4.2.3), and `pssOnly` of the key says it.
 */
import { toHex } from '../base/bytes.ts';
import type { CurveName, PrivateKey, PublicKey } from './keys.ts';
import type { HashName } from './provider.ts';

export type SignatureScheme =
  | { readonly code: number; readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly code: number; readonly kind: 'rsa-pkcs1'; readonly hash: HashName | 'md5-sha1' }
  /** The salt is as long as the hash, and MGF1 uses the same hash (RFC 8446 §4.2.3). */
  | {
      readonly code: number;
      readonly kind: 'rsa-pss';
      readonly hash: HashName;
      /** rsa_pss_pss_*, for keys that know nothing else. */
      readonly pssOnly?: true;
    }
  | { readonly code: number; readonly kind: 'ed25519' };

/**
 * What DTLS 1.0 signs with, which names no scheme (RFC 4346 §7.4.3, RFC 8422 §5.4): RSA with MD5 and SHA-1, one behind the
 * other, under a number for private use that never goes on the wire; ECDSA with SHA-1.
 */
export const scheme10 = { rsa: 0xff01, ec: 0x0203 } as const;

const schemes: ReadonlyMap<number, SignatureScheme> = new Map(
  (
    [
      { code: 0x0201, kind: 'rsa-pkcs1', hash: 'sha1' },
      { code: 0x0203, kind: 'ecdsa', hash: 'sha1' },
      { code: 0x0401, kind: 'rsa-pkcs1', hash: 'sha256' },
      { code: 0x0403, kind: 'ecdsa', hash: 'sha256' },
      { code: 0x0501, kind: 'rsa-pkcs1', hash: 'sha384' },
      { code: 0x0503, kind: 'ecdsa', hash: 'sha384' },
      { code: 0x0601, kind: 'rsa-pkcs1', hash: 'sha512' },
      { code: 0x0603, kind: 'ecdsa', hash: 'sha512' },
      { code: 0x0804, kind: 'rsa-pss', hash: 'sha256' },
      { code: 0x0805, kind: 'rsa-pss', hash: 'sha384' },
      { code: 0x0806, kind: 'rsa-pss', hash: 'sha512' },
      { code: 0x0807, kind: 'ed25519' },
      { code: 0x0809, kind: 'rsa-pss', hash: 'sha256', pssOnly: true },
      { code: 0x080a, kind: 'rsa-pss', hash: 'sha384', pssOnly: true },
      { code: 0x080b, kind: 'rsa-pss', hash: 'sha512', pssOnly: true },
      { code: scheme10.rsa, kind: 'rsa-pkcs1', hash: 'md5-sha1' },
    ] satisfies readonly SignatureScheme[]
  ).map((scheme) => [scheme.code, scheme]),
);

/** What a SignatureScheme number means; `undefined` for one that dtlscope can neither make nor check. */
export const signatureScheme = (code: number): SignatureScheme | undefined => schemes.get(code);

/** The curve that TLS 1.3 ties an ECDSA scheme to (RFC 8446 §4.2.3); `undefined` for every other scheme. */
export function curveOfScheme(code: number): CurveName | undefined {
  switch (code) {
    case 0x0403:
      return 'secp256r1';
    case 0x0503:
      return 'secp384r1';
    case 0x0603:
      return 'secp521r1';
    default:
      return undefined;
  }
}

/**
 * Whether a CertificateVerify of DTLS 1.3 may be made with a scheme by this key: no PKCS1, no SHA-1, and for ECDSA the curve
 * that the scheme names (RFC 8446 §4.2.3, §4.4.3).
 */
export function schemeFits13(key: PublicKey | PrivateKey, code: number): boolean {
  const scheme = schemeForKey(key, code);
  switch (scheme?.kind) {
    case 'ecdsa':
      return key.kind === 'ec' && curveOfScheme(code) === key.curve;
    case 'rsa-pss':
    case 'ed25519':
      return true;
    default:
      return false;
  }
}

/**
 * The scheme that checks a certificate's signature under its issuer's key: RSASSA-PSS has one number in a certificate, and
 * two here, by the kind of key.
 */
export const schemeUnderKey = (key: PublicKey, code: number): number =>
  key.kind === 'rsa' && key.pssOnly && code >= 0x0804 && code <= 0x0806 ? code + 5 : code;

/** The scheme, when it belongs to this kind of key and the key is large enough to hold it; else `undefined`. */
export function schemeForKey(key: PublicKey | PrivateKey, code: number): SignatureScheme | undefined {
  const scheme = schemes.get(code);
  if (!scheme) return undefined;
  switch (scheme.kind) {
    case 'ecdsa':
      return key.kind === 'ec' ? scheme : undefined;
    case 'ed25519':
      return key.kind === 'ed25519' && isUsableEd25519(key.key) ? scheme : undefined;
    case 'rsa-pkcs1':
      // RFC 8017 §9.2: 00 01, at least eight FF, 00, then DigestInfo, which is 19 bytes (15 for SHA-1) and the
      // hash; RFC 4346 §7.4.3 has no DigestInfo around MD5 and SHA-1.
      return key.kind === 'rsa' &&
        !key.pssOnly &&
        isUsableRsa(key) &&
        rsaModulusBytes(key) >= pkcs1Digest(scheme.hash) + 11
        ? scheme
        : undefined;
    case 'rsa-pss':
      // RFC 8017 §9.1.1 step 3, for a salt as long as the hash.
      return key.kind === 'rsa' &&
        key.pssOnly === scheme.pssOnly &&
        isUsableRsa(key) &&
        (rsaModulusBits(key.n) + 6) >> 3 >= 2 * hashLength[scheme.hash] + 2
        ? scheme
        : undefined;
  }
}

/** Bytes of what RSASSA-PKCS1-v1_5 pads. */
const pkcs1Digest = (hash: HashName | 'md5-sha1'): number =>
  hash === 'md5-sha1' ? 36 : hashLength[hash] + (hash === 'sha1' ? 15 : 19);

/** Whether a key can make signatures of a scheme. Whether a scheme is too weak to be used is the engine's to say. */
export const canSignWith = (key: PrivateKey, code: number): boolean => schemeForKey(key, code) !== undefined;

/** The scheme to sign with. Throws when `canSignWith` says no: whoever asks for a signature has chosen the scheme. */
export const signingScheme = (key: PrivateKey, code: number): SignatureScheme =>
  schemeForKey(key, code) ?? wrongKey(code);

/** The mistake of signing with a key and a scheme that do not belong together. */
export function wrongKey(code: number): never {
  throw new Error(`this key cannot sign with 0x${code.toString(16).padStart(4, '0')}: ask canSign first`);
}

/** Bytes of a digest. */
export const hashLength = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<
  HashName,
  number
>;

const maxRsaBits = 8192;

/** Bit length of a big-endian modulus; leading zero bytes do not count. */
export function rsaModulusBits(n: Uint8Array): number {
  const first = n.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (n.length - first) * 8 - Math.clz32(n[first] ?? 0) + 24;
}

/** Bytes of a modulus, which every result has as well. */
export const rsaModulusBytes = (key: { readonly n: Uint8Array }): number => (rsaModulusBits(key.n) + 7) >> 3;

/**
 * Whether an RSA key is one to calculate with: an odd modulus of 512 to 8192 bits and an odd exponent from 3 to 64 bits.
 * A certificate may carry any integers; these bounds keep a hostile one from costing more than a few milliseconds.
 */
export function isUsableRsa(key: { readonly n: Uint8Array; readonly e: Uint8Array }): boolean {
  const bits = rsaModulusBits(key.n);
  const exponentBits = rsaModulusBits(key.e);
  const odd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1;
  return bits >= 512 && bits <= maxRsaBits && odd(key.n) && odd(key.e) && exponentBits >= 2 && exponentBits <= 64;
}

/**
 * Whether an Ed25519 public key is canonical (RFC 8032 §5.1.3 step 1) and not one of the eight points of small order,
 * under which anybody can make signatures. OpenSSL checks neither.
 */
export function isUsableEd25519(key: Uint8Array): boolean {
  if (key.length !== 32) return false;
  const y = key.map((byte, i) => (i === 31 ? byte & 0x7f : byte));
  // The numbers from p = 2^255 - 19 up.
  const unreduced = (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
  return !unreduced && !smallOrder.has(toHex(y));
}

/** The y coordinates of order 1, 2, 4 and 8, little endian. */
const smallOrder: ReadonlySet<string> = new Set([
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);
