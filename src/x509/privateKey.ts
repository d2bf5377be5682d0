/**
 * Private keys as files hold them: PKCS#8 (RFC 5208, RFC 5958), SEC 1 (RFC 5915), PKCS#1 (RFC 8017 §A.1.2), RFC 8410 for
 * Ed25519. Reading checks that the halves of a key belong together, because a key that does not sign what its
 * certificate says makes a baffling handshake. Writing is PKCS#8.
 */
import { concat, equal } from '../base/bytes.ts';
import { ed25519PublicKey, publicPoint } from '../crypto/derive.ts';
import type { CurveName, PrivateKey, PublicKey } from '../crypto/keys.ts';
import {
  contentOf,
  contextTag,
  DerError,
  DerReader,
  der,
  octets,
  oid,
  readBits,
  readOid,
  readSmall,
  readUnsigned,
  sequence,
  Tag,
  unsigned,
} from './der.ts';
import { curveBytes, curveOf, curveOids, Oid, otherCurves, otherKeys } from './oids.ts';

/** PrivateKeyInfo / OneAsymmetricKey (RFC 5958 §2). Throws `DerError`. */
export function readPkcs8(input: Uint8Array): PrivateKey {
  const whole = new DerReader(input);
  const r = whole.enter(Tag.sequence, 'private key');
  whole.finish('private key');
  readSmall(r.take(Tag.integer, 'version'), 1, 'version');
  const algorithm = r.enter(Tag.sequence, 'key algorithm');
  const kind = readOid(algorithm.take(Tag.oid, 'key algorithm'));
  const inner = DerReader.into(r.take(Tag.octetString, 'private key'));
  switch (kind) {
    case Oid.ecPublicKey: {
      if (algorithm.peek !== Tag.oid) algorithm.fail('the curve is given by explicit parameters, not by its name');
      return readEcKey(inner, curveNamed(readOid(algorithm.take(Tag.oid, 'curve')), algorithm.pos));
    }
    case Oid.rsaEncryption:
      return readRsaKey(inner);
    case Oid.rsaPss:
      return { ...readRsaKey(inner), pssOnly: true };
    case Oid.ed25519: {
      const seed = contentOf(inner.take(Tag.octetString, 'Ed25519 seed'));
      if (seed.length !== 32) inner.fail(`Ed25519 seed of ${seed.length} bytes, not 32`);
      return { kind: 'ed25519', seed, key: ed25519PublicKey(seed) };
    }
    default:
      return r.fail(`a private key for ${otherKeys[kind] ?? kind}, which WebRTC certificates do not use`, 0);
  }
}

/** ECPrivateKey on its own (`BEGIN EC PRIVATE KEY`). Throws `DerError`. */
export function readSec1(input: Uint8Array): PrivateKey {
  return readEcKey(new DerReader(input), undefined);
}

/** RSAPrivateKey on its own (`BEGIN RSA PRIVATE KEY`). Throws `DerError`. */
export function readPkcs1(input: Uint8Array): PrivateKey {
  return readRsaKey(new DerReader(input));
}

function curveNamed(dotted: string, at: number): CurveName {
  const curve = curveOf(dotted);
  if (!curve)
    throw new DerError(at, `a key on ${otherCurves[dotted] ?? dotted}: only P-256, P-384 and P-521 can be used`);
  return curve;
}

/** ECPrivateKey ::= SEQUENCE { 1, privateKey, [0] parameters OPTIONAL, [1] publicKey OPTIONAL } (RFC 5915 §3) */
function readEcKey(outer: DerReader, known: CurveName | undefined): PrivateKey {
  const r = outer.enter(Tag.sequence, 'EC private key');
  outer.finish('EC private key');
  readSmall(r.take(Tag.integer, 'version'), 1, 'version');
  const scalar = contentOf(r.take(Tag.octetString, 'private scalar'));
  const parameters = r.optional(contextTag(0), 'curve');
  const publicHalf = r.optional(contextTag(1), 'public key');
  let curve = known;
  if (parameters) {
    const inside = DerReader.into(parameters);
    if (inside.peek !== Tag.oid) inside.fail('the curve is given by explicit parameters, not by its name');
    curve = curveNamed(readOid(inside.take(Tag.oid, 'curve')), parameters.start);
    if (known && curve !== known) r.fail(`says ${known} outside and ${curve} inside`, parameters.start);
  }
  if (!curve) return r.fail('does not say which curve it is for');
  const d = fixedWidth(scalar, curveBytes[curve]);
  const point = d && publicPoint(curve, d);
  if (!d || !point) return r.fail(`the private scalar is not one for ${curve}`);
  if (publicHalf) {
    const stated = readBits(DerReader.into(publicHalf).take(Tag.bitString, 'public key'), 'public key');
    // A compressed point states X alone, and the parity of Y.
    const same =
      stated.length === point.length
        ? equal(stated, point)
        : equal(stated.subarray(1), point.subarray(1, 1 + curveBytes[curve])) &&
          stated[0] === 2 + ((point.at(-1) ?? 0) & 1);
    if (!same) r.fail('its public half does not belong to its private half', publicHalf.start);
  }
  return { kind: 'ec', curve, d, point };
}

/** A magnitude in exactly `width` bytes; some writers drop leading zeros, or keep too many. */
function fixedWidth(magnitude: Uint8Array, width: number): Uint8Array | undefined {
  const extra = magnitude.length - width;
  if (extra <= 0) return concat(new Uint8Array(-extra), magnitude);
  return magnitude.subarray(0, extra).every((byte) => byte === 0) ? magnitude.subarray(extra) : undefined;
}

/** RSAPrivateKey ::= SEQUENCE { 0, n, e, d, p, q, dP, dQ, qInv } (RFC 8017 §A.1.2) */
function readRsaKey(outer: DerReader): Extract<PrivateKey, { kind: 'rsa' }> {
  const r = outer.enter(Tag.sequence, 'RSA private key');
  outer.finish('RSA private key');
  if (readSmall(r.take(Tag.integer, 'version'), 1, 'version') !== 0) r.fail('an RSA key of more than two primes');
  const next = (what: string): Uint8Array => readUnsigned(r.take(Tag.integer, what), what);
  const n = next('modulus');
  const e = next('public exponent');
  const d = next('private exponent');
  const p = next('first prime');
  const q = next('second prime');
  const dp = next('first exponent');
  const dq = next('second exponent');
  const qi = next('coefficient');
  r.finish('RSA private key');
  if (n.length > 2048) r.fail(`an RSA key of ${n.length * 8} bits is too large`);
  const [N, P, Q, E, DP, DQ, QI] = [n, p, q, e, dp, dq, qi].map(toBigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const consistent =
    P > 1n &&
    Q > 1n &&
    P * Q === N &&
    (DP * E) % (P - 1n) === 1n % (P - 1n) &&
    (DQ * E) % (Q - 1n) === 1n % (Q - 1n) &&
    (QI * Q) % P === 1n;
  if (!consistent) r.fail('its numbers do not belong together: the file is damaged');
  return { kind: 'rsa', n, e, d, p, q, dp, dq, qi };
}

const toBigInt = (magnitude: Uint8Array): bigint => {
  let hex = '0x0';
  for (const byte of magnitude) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
};

/** PKCS#8 DER of a key (RFC 5208 §5, RFC 5915, RFC 8410 §7), as `openssl pkcs8 -topk8 -nocrypt` writes it. */
export function privateKeyDer(key: PrivateKey): Uint8Array {
  const zero = unsigned(Uint8Array.of(0));
  switch (key.kind) {
    case 'ec': {
      const inner = sequence(
        unsigned(Uint8Array.of(1)),
        octets(key.d),
        der(contextTag(1), der(Tag.bitString, Uint8Array.of(0), key.point)),
      );
      return sequence(zero, sequence(oid(Oid.ecPublicKey), oid(curveOids[key.curve])), octets(inner));
    }
    case 'rsa': {
      const numbers = [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(unsigned);
      const algorithm = key.pssOnly ? sequence(oid(Oid.rsaPss)) : sequence(oid(Oid.rsaEncryption), der(Tag.null));
      return sequence(zero, algorithm, octets(sequence(zero, ...numbers)));
    }
    case 'ed25519':
      return sequence(zero, sequence(oid(Oid.ed25519)), octets(octets(key.seed)));
  }
}

/** The public half of a key. */
export function publicHalf(key: PrivateKey): PublicKey {
  switch (key.kind) {
    case 'ec':
      return { kind: 'ec', curve: key.curve, point: key.point };
    case 'rsa':
      return { kind: 'rsa', n: key.n, e: key.e, ...(key.pssOnly && { pssOnly: key.pssOnly }) };
    case 'ed25519':
      return { kind: 'ed25519', key: key.key };
  }
}

/** Whether two public keys are one and the same. */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  if (a.kind === 'ec' && b.kind === 'ec') return a.curve === b.curve && equal(a.point, b.point);
  if (a.kind === 'rsa' && b.kind === 'rsa') return equal(a.n, b.n) && equal(a.e, b.e);
  return a.kind === 'ed25519' && b.kind === 'ed25519' && equal(a.key, b.key);
}
