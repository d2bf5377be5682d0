/**
 * Reading certificates (RFC 5280 §4.1), synchronously and without ever throwing: the engine does it in every handshake,
 * with bytes of a peer that nobody trusts yet. The frame must be DER; what is wrong inside a single part (dates, an
 * extension, the key) is listed in `faults`, so that the rest can still be shown.
 */

import { fromUtf8, toHex } from '../base/bytes.ts';
import type { PublicKey } from '../crypto/keys.ts';
import {
  contentOf,
  contextTag,
  DerError,
  DerReader,
  type Element,
  encodingOf,
  readBits,
  readBoolean,
  readInteger,
  readOid,
  readSmall,
  Tag,
} from './der.ts';
import { type DistinguishedName, latin1, readName } from './names.ts';
import { extensionNames, Oid, pssHashes, signatureAlgorithms } from './oids.ts';
import { readSubjectKey, type SubjectKey } from './publicKey.ts';
import { readTime } from './time.ts';

/** What is wrong, and at which byte of the input (absent when the input as a whole is). */
export interface ReadError {
  readonly at?: number;
  readonly why: string;
}

export interface Certificate {
  /** The whole certificate, as given (a view). */
  readonly der: Uint8Array;
  readonly version: number;
  /** Lower-case hexadecimal of the content octets, so a negative or padded number shows as such. */
  readonly serial: string;
  /** RFC 4514 text, "CN=WebRTC,O=Example": most specific part first. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string | undefined;
  /** The names' own encodings, for comparing (RFC 5280 §7.1 byte for byte). */
  readonly subjectRaw: Uint8Array;
  readonly issuerRaw: Uint8Array;
  /** ISO 8601 in UTC, "2026-01-31T12:00:00Z"; absent when it could not be read. */
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  /** Absent when the algorithm is one that dtlscope does not compute with; `keyName` then says which. */
  readonly publicKey: PublicKey | undefined;
  /** "ECDSA P-256", "RSA 4096", "Ed25519", "DSA", or an object identifier. */
  readonly keyName: string;
  /** The key may only be used with RSASSA-PSS (RFC 8446 §4.2.3: rsa_pss_pss_*). */
  readonly pssOnly: boolean;
  /** "ecdsa-with-SHA256", "sha256WithRSAEncryption", "Ed25519", or an object identifier. */
  readonly signatureAlgorithm: string;
  /** The SignatureScheme (IANA number) that checks such a signature; absent when none does. */
  readonly signatureScheme: number | undefined;
  /** What is signed, and the signature. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly subjectAltNames: readonly AlternativeName[];
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  readonly extensions: readonly CertificateExtension[];
  /** Parts that could not be read, though the certificate as a whole could. */
  readonly faults: readonly { readonly at: number; readonly why: string }[];
}

export interface AlternativeName {
  readonly kind: 'dns' | 'ip' | 'email' | 'uri' | 'other';
  /** Text of the name; hexadecimal for `other`. */
  readonly value: string;
}
export interface CertificateExtension {
  readonly oid: string;
  readonly name: string | undefined;
  readonly critical: boolean;
  /** Content of the extnValue octet string. */
  readonly value: Uint8Array;
}

/** Reads a DER certificate. Never throws; hostile input costs time and memory linear in its length. */
export function readCertificate(
  input: Uint8Array,
): { readonly ok: true; readonly certificate: Certificate } | { readonly ok: false; readonly error: ReadError } {
  try {
    return { ok: true, certificate: read(input) };
  } catch (error) {
    return { ok: false, error: readError(error) };
  }
}

/**
 * Only the public key of a DER certificate, for whoever needs nothing else: names, dates and extensions are stepped over.
 * Never throws.
 */
export function publicKeyOf(
  input: Uint8Array,
): ({ readonly ok: true } & SubjectKey) | { readonly ok: false; readonly error: ReadError } {
  try {
    const { tbs } = outline(input);
    const r = DerReader.into(tbs);
    r.optional(contextTag(0), 'version');
    r.take(Tag.integer, 'serial number');
    for (const what of ['signature algorithm', 'issuer', 'validity', 'subject']) r.take(Tag.sequence, what);
    const { key, name, pssOnly } = readSubjectKey(r.take(Tag.sequence, 'public key info'));
    return { ok: true, key, name, pssOnly };
  } catch (error) {
    return { ok: false, error: readError(error) };
  }
}

/** A `DerError` as a value; anything else is a mistake of ours and goes on. */
export function readError(error: unknown): ReadError {
  if (error instanceof DerError) return { at: error.at, why: error.message };
  throw error;
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } */
function outline(input: Uint8Array): { tbs: Element; algorithm: Element; signature: Element } {
  const whole = new DerReader(input);
  const r = whole.enter(Tag.sequence, 'certificate');
  whole.finish('certificate');
  const tbs = r.take(Tag.sequence, 'certificate body');
  const algorithm = r.take(Tag.sequence, 'signature algorithm');
  const signature = r.take(Tag.bitString, 'signature');
  r.finish('certificate');
  return { tbs, algorithm, signature };
}

const unreadableName: DistinguishedName = { text: '(unreadable)', commonName: undefined };

function read(input: Uint8Array): Certificate {
  const { tbs, algorithm, signature } = outline(input);
  const faults: { at: number; why: string }[] = [];
  /** What a part says, or a fault and `undefined`. */
  const attempt = <T>(part: () => T): T | undefined => {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      faults.push({ at: error.at, why: error.message });
      return undefined;
    }
  };

  const r = DerReader.into(tbs);
  const version = readVersion(r);
  const serial = r.take(Tag.integer, 'serial number');
  const inner = r.take(Tag.sequence, 'signature algorithm');
  const issuer = r.take(Tag.sequence, 'issuer');
  const validity = r.enter(Tag.sequence, 'validity');
  const subject = r.take(Tag.sequence, 'subject');
  const info = r.take(Tag.sequence, 'public key info');
  // issuerUniqueID [1], subjectUniqueID [2]: obsolete, stepped over.
  r.optional(0x81, 'issuerUniqueID');
  r.optional(0x82, 'subjectUniqueID');
  const extensionList = r.optional(contextTag(3), 'extensions');
  r.finish('certificate body');

  if (toHex(encodingOf(inner)) !== toHex(encodingOf(algorithm)))
    faults.push({ at: algorithm.start, why: 'signature algorithm differs from the one inside the signed part' });
  attempt(() => readInteger(serial, 'serial number'));
  const issuerName = attempt(() => readName(issuer)) ?? unreadableName;
  const subjectName = attempt(() => readName(subject)) ?? unreadableName;
  const notBefore = attempt(() => readTime(validity.any('notBefore'), 'notBefore'));
  const notAfter = attempt(() => readTime(validity.any('notAfter'), 'notAfter'));
  const key = attempt(() => readSubjectKey(info));
  const signed = attempt(() => readSignatureAlgorithm(algorithm));
  const extensions = (extensionList && attempt(() => readExtensions(extensionList))) ?? [];
  const known = <T>(wanted: string, reader: (r: DerReader) => T): T | undefined => {
    const found = extensions.find((extension) => extension.oid === wanted);
    return found && attempt(() => reader(found.content));
  };

  return {
    der: input,
    version,
    serial: toHex(contentOf(serial)),
    subject: subjectName.text,
    issuer: issuerName.text,
    commonName: subjectName.commonName,
    subjectRaw: encodingOf(subject),
    issuerRaw: encodingOf(issuer),
    notBefore,
    notAfter,
    publicKey: key?.key,
    keyName: key?.name ?? 'unreadable',
    pssOnly: key?.pssOnly ?? false,
    signatureAlgorithm: signed?.name ?? 'unreadable',
    signatureScheme: signed?.scheme,
    tbs: encodingOf(tbs),
    signature: attempt(() => readBits(signature, 'signature')) ?? new Uint8Array(0),
    subjectAltNames: known(Oid.subjectAltName, readAlternativeNames) ?? [],
    basicConstraints: known(Oid.basicConstraints, readBasicConstraints),
    extensions: extensions.map(({ oid, name, critical, value }) => ({ oid, name, critical, value })),
    faults,
  };
}

/** Version ::= [0] EXPLICIT INTEGER DEFAULT v1(0) */
function readVersion(r: DerReader): number {
  const tagged = r.optional(contextTag(0), 'version');
  if (!tagged) return 1;
  const inner = DerReader.into(tagged);
  const version = readSmall(inner.take(Tag.integer, 'version'), 2, 'version') + 1;
  inner.finish('version');
  return version;
}

function readSignatureAlgorithm(element: Element): { name: string; scheme: number | undefined } {
  const r = DerReader.into(element);
  const kind = readOid(r.take(Tag.oid, 'signature algorithm'));
  if (kind === Oid.rsaPss) return readPss(r);
  const known = signatureAlgorithms[kind];
  return { name: known?.name ?? kind, scheme: known?.scheme };
}

/** RSASSA-PSS-params (RFC 4055 §3.1): only a salt as long as the hash has a SignatureScheme. */
function readPss(r: DerReader): { name: string; scheme: number | undefined } {
  const plain = { name: 'RSASSA-PSS', scheme: undefined };
  if (r.peek !== Tag.sequence) return plain;
  const body = r.enter(Tag.sequence, 'PSS parameters');
  const hash = body.optional(contextTag(0), 'PSS hash');
  body.optional(contextTag(1), 'PSS mask generation');
  const salt = body.optional(contextTag(2), 'PSS salt length');
  if (!hash || !salt) return plain;
  const known = pssHashes[readOid(DerReader.into(hash).enter(Tag.sequence, 'PSS hash').take(Tag.oid, 'PSS hash'))];
  const length = readSmall(DerReader.into(salt).take(Tag.integer, 'PSS salt length'), 0xffff, 'PSS salt length');
  if (!known) return plain;
  return { name: `RSASSA-PSS with ${known.name}`, scheme: length === known.salt ? known.scheme : undefined };
}

type OpenExtension = CertificateExtension & { readonly content: DerReader };

/** Extensions ::= SEQUENCE OF { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } */
function readExtensions(tagged: Element): OpenExtension[] {
  const outer = DerReader.into(tagged);
  const list = outer.enter(Tag.sequence, 'extensions');
  outer.finish('extensions');
  const out: OpenExtension[] = [];
  while (!list.done) {
    const r = list.enter(Tag.sequence, 'extension');
    const oid = readOid(r.take(Tag.oid, 'extension type'));
    const flag = r.optional(Tag.boolean, 'critical');
    const value = r.take(Tag.octetString, 'extension value');
    r.finish('extension');
    out.push({
      oid,
      name: extensionNames[oid],
      critical: flag !== undefined && readBoolean(flag, 'critical'),
      value: contentOf(value),
      content: DerReader.into(value),
    });
  }
  return out;
}

/** BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLenConstraint OPTIONAL } (RFC 5280 §4.2.1.9) */
export function readBasicConstraints(content: DerReader): NonNullable<Certificate['basicConstraints']> {
  const r = content.enter(Tag.sequence, 'basicConstraints');
  const flag = r.optional(Tag.boolean, 'cA');
  const length = r.optional(Tag.integer, 'pathLenConstraint');
  r.finish('basicConstraints');
  return {
    ca: flag !== undefined && readBoolean(flag, 'cA'),
    pathLength: length && readSmall(length, 0xffff_ffff, 'pathLenConstraint'),
  };
}

/** GeneralNames (RFC 5280 §4.2.1.6) */
export function readAlternativeNames(content: DerReader): AlternativeName[] {
  const r = content.enter(Tag.sequence, 'subjectAltName');
  const out: AlternativeName[] = [];
  while (!r.done) {
    const name = r.any('subjectAltName');
    const bytes = contentOf(name);
    if (name.tag === 0x82) out.push({ kind: 'dns', value: latin1(bytes) });
    else if (name.tag === 0x81) out.push({ kind: 'email', value: latin1(bytes) });
    else if (name.tag === 0x86) out.push({ kind: 'uri', value: fromUtf8(bytes) });
    else if (name.tag === 0x87 && (bytes.length === 4 || bytes.length === 16))
      out.push({ kind: 'ip', value: addressText(bytes) });
    else out.push({ kind: 'other', value: toHex(encodingOf(name)) });
  }
  return out;
}

/** "192.0.2.1", or the eight groups of an IPv6 address without shortening. */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return groups.join(':');
}
