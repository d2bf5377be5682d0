/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) to a key that a crypto provider takes, and back. A key of another kind, or of
 * a size that nobody should compute with, is not an error: it is named.
 */
import { type CurveName, keyName, type PublicKey } from '../crypto/keys.ts';
import { isUsableRsa } from '../crypto/schemes.ts';
import {
  bits,
  DerError,
  DerReader,
  der,
  type Element,
  oid,
  readBits,
  readOid,
  readUnsigned,
  sequence,
  Tag,
  unsigned,
} from './der.ts';
import { curveBytes, curveOf, curveOids, Oid, otherCurves, otherKeys } from './oids.ts';

/** What a SubjectPublicKeyInfo holds. */
export interface SubjectKey {
  /** Absent when the algorithm, the curve or the size is one that dtlscope does not compute with. */
  readonly key: PublicKey | undefined;
  /** "ECDSA P-256", "RSA 2048", "Ed25519", "DSA", "secp256k1", or an object identifier. */
  readonly name: string;
  /** The key may only be used with RSASSA-PSS (RFC 4055 §1.2), as rsa_pss_pss_* and never rsa_pss_rsae_*. */
  readonly pssOnly: boolean;
}

/** Reads a SubjectPublicKeyInfo; throws `DerError` when it is not one. */
export function readSubjectKey(info: Element): SubjectKey {
  const r = DerReader.into(info);
  const algorithm = r.enter(Tag.sequence, 'key algorithm');
  const kind = readOid(algorithm.take(Tag.oid, 'key algorithm'));
  const bitString = r.take(Tag.bitString, 'public key');
  r.finish('public key info');
  const named = (name: string): SubjectKey => ({ key: undefined, name, pssOnly: false });
  switch (kind) {
    case Oid.ecPublicKey: {
      if (algorithm.peek !== Tag.oid) return named('ECDSA with explicit curve parameters');
      const curveOid = readOid(algorithm.take(Tag.oid, 'curve'));
      const curve = curveOf(curveOid);
      if (!curve) return named(`ECDSA ${otherCurves[curveOid] ?? curveOid}`);
      return ecKey(curve, readBits(bitString, 'public key'), bitString.start);
    }
    case Oid.rsaEncryption:
    case Oid.rsaPss:
      return rsaKey(readBits(bitString, 'public key'), bitString, kind === Oid.rsaPss);
    case Oid.ed25519: {
      const key = readBits(bitString, 'public key');
      if (key.length !== 32) throw new DerError(bitString.start, `Ed25519 public key of ${key.length} bytes, not 32`);
      return { key: { kind: 'ed25519', key }, name: 'Ed25519', pssOnly: false };
    }
    default:
      return named(otherKeys[kind] ?? kind);
  }
}

function ecKey(curve: CurveName, point: Uint8Array, at: number): SubjectKey {
  const size = curveBytes[curve];
  const key: PublicKey = { kind: 'ec', curve, point };
  if (point[0] === 4 && point.length === 1 + 2 * size) return { key, name: keyName(key), pssOnly: false };
  if ((point[0] === 2 || point[0] === 3) && point.length === 1 + size)
    return { key: undefined, name: `${keyName(key)} (compressed point)`, pssOnly: false };
  throw new DerError(at, `public key is not a point of ${curve}`);
}

function rsaKey(content: Uint8Array, bitString: Element, pssOnly: boolean): SubjectKey {
  const shift = bitString.end - content.length;
  const r = new DerReader(bitString.bytes, shift, bitString.end);
  const body = r.enter(Tag.sequence, 'RSA public key');
  r.finish('RSA public key');
  const n = readUnsigned(body.take(Tag.integer, 'RSA modulus'), 'RSA modulus');
  const e = readUnsigned(body.take(Tag.integer, 'RSA exponent'), 'RSA exponent');
  body.finish('RSA public key');
  const key: PublicKey = { kind: 'rsa', n, e, ...(pssOnly && { pssOnly }) };
  // A hostile modulus or exponent is a way to keep us busy.
  return { key: isUsableRsa(key) ? key : undefined, name: keyName(key), pssOnly };
}

/** The SubjectPublicKeyInfo of a key. */
export function subjectPublicKeyInfo(key: PublicKey): Uint8Array {
  switch (key.kind) {
    case 'ec':
      return sequence(sequence(oid(Oid.ecPublicKey), oid(curveOids[key.curve])), bits(key.point));
    case 'rsa':
      // Without parameters a PSS key may be used with any hash and salt (RFC 4055 §3.1).
      return sequence(
        key.pssOnly ? sequence(oid(Oid.rsaPss)) : sequence(oid(Oid.rsaEncryption), der(Tag.null)),
        bits(sequence(unsigned(key.n), unsigned(key.e))),
      );
    case 'ed25519':
      return sequence(sequence(oid(Oid.ed25519)), bits(key.key));
  }
}
