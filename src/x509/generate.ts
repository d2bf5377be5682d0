/**
 * Credentials to order: kind of key, length of the chain, exact size in bytes, time of validity. Asynchronous, because
 * keys come from WebCrypto (which is why it never happens inside the engine): an RSA-4096 key takes BigInt arithmetic many
 * seconds and WebCrypto half a one.
 *
 * What comes out is as small as it can be and still be a certificate that OpenSSL verifies: the leaf has no extensions at
 * all, like the ones browsers make for WebRTC; issuers say that they are CAs. An exact size is reached by padding the
 * leaf: an extension under the example arc 2.999 (not critical, all zeros) carries the bulk, and the length of the
 * serial number the rest, where DER's growing length fields leave a gap.
 */
import { utf8 } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import { ed25519PublicKey, ed25519Sign } from '../crypto/derive.ts';
import type { Credential, PrivateKey } from '../crypto/keys.ts';
import { bits, contextTag, der, octets, oid, sequence, Tag, unsigned } from './der.ts';
import { curveBytes, Oid } from './oids.ts';
import { publicHalf, readPkcs8 } from './privateKey.ts';
import { subjectPublicKeyInfo } from './publicKey.ts';
import { type CredentialSpec, type KeyKind, largestSize, longestChain, longestCommonName } from './spec.ts';
import { timeDer } from './time.ts';

export interface GenerateEnvironment {
  readonly subtle: SubtleCrypto;
  /** For serial numbers, and for Ed25519 where WebCrypto does not have it. */
  readonly random: RandomSource;
  /** Wall-clock time, ms since 1970. */
  readonly now: number;
}

export type Generated =
  | {
      readonly ok: true;
      readonly credential: Credential;
      /** Keys of the issuers, in the order of the chain behind the leaf. */
      readonly issuerKeys: readonly PrivateKey[];
    }
  | { readonly ok: false; readonly error: { readonly why: string /** Bytes. */; readonly smallest?: number } };

const dayMs = 86_400_000;

/** Makes keys and chain. Fails when a size cannot be reached, and says what the smallest possible one is. */
export async function generateCredential(spec: CredentialSpec, environment: GenerateEnvironment): Promise<Generated> {
  const misfit = checkSpec(spec);
  if (misfit) return { ok: false, error: { why: misfit } };
  const count = spec.chain;
  const signers = await Promise.all(
    Array.from({ length: count }, (_, i) => makeSigner(i === 0 ? spec.key : (spec.ca ?? spec.key), environment)),
  );
  const leafSigner = signers[0];
  if (!leafSigner) return { ok: false, error: { why: 'a chain has at least one certificate' } };

  const span = leafSpan(spec, environment.now);
  // Issuers are valid whatever the leaf is: what is wrong with the chain is then the leaf alone.
  const issuerSpan = {
    notBefore: Math.min(span.notBefore, seconds(environment.now) - dayMs),
    notAfter: Math.max(span.notAfter, seconds(environment.now) + 365 * dayMs),
  };
  const names = Array.from({ length: count }, (_, i) => (i === 0 ? spec.commonName : issuerName(i, count)));
  const issuers: Uint8Array[] = [];
  for (let i = 1; i < count; i++) {
    const above = Math.min(i + 1, count - 1);
    const [subject, signer, issuer] = [signers[i], signers[above], names[above]];
    if (!subject || !signer || issuer === undefined) continue;
    const serial = serialNumber(environment.random, shortestSerial);
    const { key } = subject;
    const plan = { issuer, subject: names[i] ?? '', key, span: issuerSpan, ca: true, padding: undefined, serial };
    issuers.push(await signed(plan, signer));
  }

  const signer = signers[1] ?? leafSigner;
  const plain: Plan = {
    issuer: names[1] ?? spec.commonName,
    subject: spec.commonName,
    key: leafSigner.key,
    span,
    ca: false,
    padding: undefined,
    serial: serialNumber(environment.random, shortestSerial),
  };
  let plan: Plan | undefined = plain;
  if (spec.size) {
    const { of, bytes } = spec.size;
    const others = of === 'chain' ? issuers.reduce((sum, issuer) => sum + issuer.length, 0) : 0;
    plan = padded(plain, signer, bytes - others, environment.random);
    const smallest = certificateLength(plain, signer) + others;
    if (!plan) return { ok: false, error: { why: unreachableSize(spec, spec.size, smallest), smallest } };
  }
  const leaf = await signed(plan, signer);
  return {
    ok: true,
    credential: { chain: [leaf, ...issuers], key: leafSigner.key },
    issuerKeys: signers.slice(1).map(({ key }) => key),
  };
}

/** Where a specification made in code, not by `parseCredentialSpec`, is out of range. */
function checkSpec(spec: CredentialSpec): string | undefined {
  if (!Number.isInteger(spec.chain) || spec.chain < 1 || spec.chain > longestChain)
    return `a chain has 1 to ${longestChain} certificates, not ${spec.chain}`;
  if (spec.size && !(spec.size.bytes <= largestSize))
    return `a handshake carries at most ${largestSize} bytes of certificates`;
  if (spec.commonName !== spec.commonName.trim()) return 'a common name has no space at its ends';
  const length = [...spec.commonName].length;
  if (length < 1 || length > longestCommonName) return `a common name has 1 to ${longestCommonName} characters`;
  return undefined;
}

function unreachableSize(spec: CredentialSpec, size: NonNullable<CredentialSpec['size']>, smallest: number): string {
  const what = size.of === 'leaf' || spec.chain === 1 ? `a ${spec.key} certificate` : `this chain of ${spec.chain}`;
  return `${what} cannot be ${size.bytes} bytes: the smallest is ${smallest}`;
}

const issuerName = (index: number, count: number): string =>
  index === count - 1 ? 'dtlscope root' : count === 3 ? 'dtlscope CA' : `dtlscope CA ${index}`;

const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

interface Span {
  readonly notBefore: number;
  readonly notAfter: number;
}

function leafSpan(spec: CredentialSpec, nowMs: number): Span {
  const now = seconds(nowMs);
  const { validity } = spec;
  switch (validity.kind) {
    case 'between':
      return { notBefore: seconds(validity.notBefore), notAfter: seconds(validity.notAfter) };
    case 'current':
      // A day back, as Chromium does, for peers whose clock is slow.
      return { notBefore: now - dayMs, notAfter: now + validity.days * dayMs };
    case 'expired':
      return { notBefore: now - (validity.days + 1) * dayMs, notAfter: now - dayMs };
    case 'not-yet-valid':
      return { notBefore: now + dayMs, notAfter: now + (validity.days + 1) * dayMs };
  }
}

/** A key that can sign certificates. */
interface Signer {
  readonly key: PrivateKey;
  /** AlgorithmIdentifier of its signatures. */
  readonly algorithm: Uint8Array;
  /** Bytes of a signature; for ECDSA the most frequent length, as R and S are integers of varying length. */
  readonly signatureLength: number;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
});

async function makeSigner(kind: KeyKind, environment: GenerateEnvironment): Promise<Signer> {
  const { subtle } = environment;
  switch (kind) {
    case 'ecdsa-p256':
      return ecdsaSigner(subtle, 'P-256', 'SHA-256', Oid.ecdsaWithSha256);
    case 'ecdsa-p384':
      return ecdsaSigner(subtle, 'P-384', 'SHA-384', Oid.ecdsaWithSha384);
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096': {
      const size = Number(kind.slice(4));
      const pair = await subtle.generateKey(rsa(size), true, ['sign']);
      return {
        key: await exported(subtle, pair.privateKey),
        algorithm: sequence(oid(Oid.sha256WithRsa), der(Tag.null)),
        signatureLength: size / 8,
        sign: async (message) =>
          new Uint8Array(await subtle.sign(pair.privateKey.algorithm, pair.privateKey, owned(message))),
      };
    }
    case 'ed25519':
      return ed25519Signer(environment);
  }
}

async function ecdsaSigner(
  subtle: SubtleCrypto,
  namedCurve: 'P-256' | 'P-384',
  hash: string,
  algorithm: string,
): Promise<Signer> {
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign']);
  const key = await exported(subtle, pair.privateKey);
  const width = key.kind === 'ec' ? curveBytes[key.curve] : 0;
  return {
    key,
    algorithm: sequence(oid(algorithm)),
    // SEQUENCE of two INTEGERs, one of them with a sign byte.
    signatureLength: 2 + 2 * (2 + width) + 1,
    async sign(message) {
      const raw = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash }, pair.privateKey, owned(message)));
      // WebCrypto gives R || S; certificates hold Ecdsa-Sig-Value (RFC 5480 §A).
      return sequence(unsigned(raw.subarray(0, width)), unsigned(raw.subarray(width)));
    },
  };
}

async function ed25519Signer({ subtle, random }: GenerateEnvironment): Promise<Signer> {
  const algorithm = sequence(oid(Oid.ed25519));
  try {
    const pair = (await subtle.generateKey({ name: 'Ed25519' }, true, ['sign'])) as CryptoKeyPair;
    return {
      key: await exported(subtle, pair.privateKey),
      algorithm,
      signatureLength: 64,
      sign: async (message) => new Uint8Array(await subtle.sign({ name: 'Ed25519' }, pair.privateKey, owned(message))),
    };
  } catch (error) {
    // Only the lack of the algorithm is answered by our own arithmetic; anything else is a fault to be seen.
    if (!(error instanceof Error) || error.name !== 'NotSupportedError') throw error;
    const seed = random(32);
    return {
      key: { kind: 'ed25519', seed, key: ed25519PublicKey(seed) },
      algorithm,
      signatureLength: 64,
      sign: async (message) => ed25519Sign(seed, message),
    };
  }
}

const exported = async (subtle: SubtleCrypto, key: CryptoKey): Promise<PrivateKey> =>
  readPkcs8(new Uint8Array(await subtle.exportKey('pkcs8', key)));

/** A copy in memory of its own, as the types of WebCrypto ask. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

/** All that a certificate's signed part is made of. */
interface Plan {
  readonly issuer: string;
  readonly subject: string;
  readonly key: PrivateKey;
  readonly span: Span;
  readonly ca: boolean;
  /** Zero bytes in the padding extension; `undefined` for none. */
  readonly padding: number | undefined;
  readonly serial: Uint8Array;
}

const shortestSerial = 8;
/** RFC 5280 §4.1.2.2: at most 20 octets, positive. */
const longestSerial = 20;

/** Exactly `length` octets, positive and in shortest form. */
function serialNumber(random: RandomSource, length: number): Uint8Array {
  const serial = Uint8Array.from(random(length));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

const name = (commonName: string): Uint8Array =>
  sequence(der(Tag.set, sequence(oid(Oid.commonName), der(Tag.utf8String, utf8(commonName)))));

/** Padding has no meaning; 2.999 is the arc that ITU-T set aside for examples. */
const paddingOid = '2.999.1';

function tbs(plan: Plan, signer: Signer): Uint8Array {
  const extensions: Uint8Array[] = [];
  if (plan.ca)
    extensions.push(
      sequence(oid(Oid.basicConstraints), der(Tag.boolean, yes), octets(sequence(der(Tag.boolean, yes)))),
    );
  if (plan.padding !== undefined) extensions.push(sequence(oid(paddingOid), octets(new Uint8Array(plan.padding))));
  return sequence(
    // Extensions need version 3, their absence version 1 (RFC 5280 §4.1.2.1); browsers say 3 all the same, and so do we.
    der(contextTag(0), unsigned(Uint8Array.of(2))),
    der(Tag.integer, plan.serial),
    signer.algorithm,
    name(plan.issuer),
    sequence(timeDer(plan.span.notBefore), timeDer(plan.span.notAfter)),
    name(plan.subject),
    subjectPublicKeyInfo(publicHalf(plan.key)),
    ...(extensions.length > 0 ? [der(contextTag(3), sequence(...extensions))] : []),
  );
}
const yes = Uint8Array.of(0xff);

const certificate = (body: Uint8Array, signer: Signer, signature: Uint8Array): Uint8Array =>
  sequence(body, signer.algorithm, bits(signature));

const certificateLength = (plan: Plan, signer: Signer): number =>
  certificate(tbs(plan, signer), signer, new Uint8Array(signer.signatureLength)).length;

/** Half of all ECDSA signatures have the planned length, so this is never reached. */
const mostTries = 1000;

/** Signs until the certificate has its planned length: ECDSA signatures vary by a few bytes from one to the next. */
async function signed(plan: Plan, signer: Signer): Promise<Uint8Array> {
  const body = tbs(plan, signer);
  for (let i = 0; i < mostTries; i++) {
    const signature = await signer.sign(body);
    if (signature.length === signer.signatureLength) return certificate(body, signer, signature);
  }
  throw new Error('signatures never have the length they should have');
}

/** The plan with padding and serial number such that the certificate has exactly `wanted` bytes. */
function padded(plain: Plan, signer: Signer, wanted: number, random: RandomSource): Plan | undefined {
  for (let length = shortestSerial; length <= longestSerial; length++) {
    const plan = { ...plain, serial: serialNumber(random, length) };
    if (certificateLength(plan, signer) === wanted) return plan;
    const start = wanted - certificateLength({ ...plan, padding: 0 }, signer);
    // Each padding byte adds one byte, and now and then a length field grows too: a few steps find the place.
    for (let padding = start, step = 0; padding >= 0 && step < 8; step++) {
      const excess = certificateLength({ ...plan, padding }, signer) - wanted;
      if (excess === 0) return { ...plan, padding };
      padding -= excess;
    }
  }
  return undefined;
}
