/**
 * Credentials to order: kind of key, length of the chain, exact size in bytes, time of validity. Asynchronous, because
 * keys come from WebCrypto (which is why it never happens inside the engine): an RSA-4096 key takes BigInt arithmetic many
 * seconds and WebCrypto half a one.
 *
 * What comes out is as small as it can be and still be a certificate that OpenSSL verifies: the leaf has no extensions at
 * all, like the ones browsers make for WebRTC; issuers say that they are CAs. An exact size is reached by padding the
 * leaf: an extension under the example arc 2.999 (not critical, all zeros) carries the bulk, and the length of the
 * serial number the rest. `size=` counts the DER of all certificates together, `leaf=` that of the leaf.
 */
import { utf8 } from '../base/bytes.ts';
import { Prng, type RandomSource } from '../base/random.ts';
import { ed25519PublicKey, ed25519Sign } from '../crypto/derive.ts';
import type { Credential, PrivateKey, PublicKey } from '../crypto/keys.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { bundledTestKey } from './bundled.ts';
import { bits, contextTag, der, octets, oid, sequence, Tag, unsigned } from './der.ts';
import { Oid } from './oids.ts';
import { readPkcs8 } from './privateKey.ts';
import { subjectPublicKeyInfo } from './publicKey.ts';
import {
  type CredentialSpec,
  formatCredentialSpec,
  type KeyKind,
  largestSize,
  longestChain,
  longestCommonName,
} from './spec.ts';
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
  // Before any key is made: that can take seconds.
  const unreachable = spec.size && checkSize(spec, spec.size, environment.now);
  if (unreachable) return { ok: false, error: unreachable };

  return issue(spec, await Promise.all(kindsOf(spec).map((kind) => makeSigner(kind, environment))), environment);
}

/**
 * The same with public test keys, for simulations: the same specification always gives the same bytes. All certificates of a
 * kind have one key. Undefined when there is no test key of a kind (RSA 3072).
 */
export async function generateTestCredential(
  spec: CredentialSpec,
  crypto: CryptoProvider,
  now: number,
): Promise<Generated | undefined> {
  const misfit = checkSpec(spec);
  if (misfit) return { ok: false, error: { why: misfit } };
  const unreachable = spec.size && checkSize(spec, spec.size, now);
  if (unreachable) return { ok: false, error: unreachable };
  const random = new Prng(formatCredentialSpec(spec)).bytes;
  const signers = kindsOf(spec).flatMap((kind): Signer[] => {
    const key = bundledTestKey(kind);
    const sign = async (message: Uint8Array) => (key ? crypto.sign(key, schemes[kind], message, random) : message);
    return key ? [{ ...shapeOf(kind), key, sign }] : [];
  });
  return signers.length < spec.chain ? undefined : issue(spec, signers, { random, now });
}

/** SignatureScheme (IANA) whose signatures are those of certificates. */
const schemes: Readonly<Record<KeyKind, number>> = {
  'ecdsa-p256': 0x0403,
  'ecdsa-p384': 0x0503,
  'ecdsa-p521': 0x0603,
  'rsa-2048': 0x0401,
  'rsa-3072': 0x0401,
  'rsa-4096': 0x0401,
  ed25519: 0x0807,
};

/** Lays out the chain and signs it. */
async function issue(
  spec: CredentialSpec,
  signers: readonly Signer[],
  environment: Pick<GenerateEnvironment, 'now' | 'random'>,
): Promise<Generated> {
  const { random } = environment;
  const [leaf, ...issuers] = layout(spec, signers, environment);
  const [leafSigner] = signers;
  if (!leaf || !leafSigner) return { ok: false, error: { why: 'a chain has at least one certificate' } };
  const leafPlan = sized(spec, leaf, issuers, random);
  if (!leafPlan) throw new Error('a size was found for dummies and not for the keys themselves');
  const issuerCertificates = await Promise.all(issuers.map(({ plan, signer }) => signed(plan, signer, random)));
  const leafCertificate = await signed(leafPlan, leaf.signer, random);
  return {
    ok: true,
    credential: { chain: [leafCertificate, ...issuerCertificates], key: leafSigner.key },
    issuerKeys: signers.slice(1).map(({ key }) => key),
  };
}

/** The fewest bytes that `size=` (or `leaf=`, where the specification has that) can ask for. */
export function smallestSize(spec: CredentialSpec, now: number): number {
  const lengths = layout(spec, kindsOf(spec).map(shapeOf), { now, random: zeros }).map(({ plan, signer }) =>
    certificateLength(plan, signer),
  );
  return spec.size?.of === 'leaf' ? (lengths[0] ?? 0) : lengths.reduce((sum, length) => sum + length, 0);
}

/** Why a size cannot be had; tried out on keys of zeros, which are as long as real ones. */
function checkSize(
  spec: CredentialSpec,
  size: NonNullable<CredentialSpec['size']>,
  now: number,
): { readonly why: string; readonly smallest: number } | undefined {
  const smallest = smallestSize(spec, now);
  const [leaf, ...issuers] = layout(spec, kindsOf(spec).map(shapeOf), { now, random: zeros });
  const possible = (bytes: number): boolean =>
    leaf !== undefined && bytes >= smallest && !!sized({ ...spec, size: { ...size, bytes } }, leaf, issuers, zeros);
  const what = size.of === 'leaf' || spec.chain === 1 ? `one ${spec.key} certificate` : `this chain of ${spec.chain}`;
  if (size.bytes < smallest)
    return { why: `${what} cannot be ${size.bytes} bytes: the smallest is ${smallest}`, smallest };
  if (possible(size.bytes)) return undefined;
  const near = [size.bytes - 1, size.bytes + 1].filter(possible).join(' or ');
  return {
    why: `${what} cannot be exactly ${size.bytes} bytes, as a length field of DER grows there: ask for ${near}`,
    smallest,
  };
}

const zeros: RandomSource = (length) => new Uint8Array(length);

const kindsOf = (spec: CredentialSpec): KeyKind[] =>
  Array.from({ length: spec.chain }, (_, i) => (i === 0 ? spec.key : (spec.ca ?? spec.key)));

/** What each certificate of the chain says and who signs it, leaf first, before any padding. */
function layout<S extends Shape>(
  spec: CredentialSpec,
  signers: readonly S[],
  { now, random }: Pick<GenerateEnvironment, 'now' | 'random'>,
): { readonly plan: Plan; readonly signer: S }[] {
  const last = spec.chain - 1;
  const nameOf = (i: number): string =>
    i === 0 ? spec.commonName : i === last ? 'dtlscope root' : last === 2 ? 'dtlscope CA' : `dtlscope CA ${i}`;
  const span = leafSpan(spec, now);
  // Issuers are valid whatever the leaf is: what is wrong with the chain is then the leaf alone.
  const issuerSpan = {
    notBefore: Math.min(span.notBefore, seconds(now) - dayMs),
    notAfter: Math.max(span.notAfter, seconds(now) + 365 * dayMs),
  };
  return signers.map((subject, i) => {
    const above = Math.min(i + 1, last);
    const signer = signers[above] ?? subject;
    const plan: Plan = {
      issuer: nameOf(above),
      subject: nameOf(i),
      key: subject.key,
      span: i === 0 ? span : issuerSpan,
      ca: i > 0,
      padding: undefined,
      serial: serialNumber(random, shortestSerial),
      signatureLength: signer.signatureLengths[0],
    };
    return { plan, signer };
  });
}

/** The leaf's plan, padded to what the specification asks for; `undefined` when no padding gives that. */
function sized(
  spec: CredentialSpec,
  leaf: { readonly plan: Plan; readonly signer: Shape },
  issuers: readonly { readonly plan: Plan; readonly signer: Shape }[],
  random: RandomSource,
): Plan | undefined {
  if (!spec.size) return leaf.plan;
  const others = issuers.reduce((sum, { plan, signer }) => sum + certificateLength(plan, signer), 0);
  return padded(leaf.plan, leaf.signer, spec.size.bytes - (spec.size.of === 'chain' ? others : 0), random);
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

/** What the length of certificates depends on: a public key, and what its signatures look like. */
interface Shape {
  readonly key: PublicKey;
  /** AlgorithmIdentifier of its signatures. */
  readonly algorithm: Uint8Array;
  /** Bytes that a signature may have, the most frequent number first: in ECDSA, R and S are integers of varying length. */
  readonly signatureLengths: readonly [number, ...number[]];
}

/** A key that can sign certificates. */
interface Signer extends Shape {
  readonly key: PrivateKey;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** SEQUENCE of two INTEGERs: half of the time one of them has a sign byte, else none or both. */
const ecdsaLengths = (width: number): [number, number, number] => {
  const none = 2 + 2 * (2 + width);
  return [none + 1, none, none + 2];
};

/** A key of zeros that is as long as a real one. */
function shapeOf(kind: KeyKind): Shape {
  switch (kind) {
    case 'ecdsa-p256':
      return {
        key: { kind: 'ec', curve: 'secp256r1', point: new Uint8Array(65) },
        algorithm: sequence(oid(Oid.ecdsaWithSha256)),
        signatureLengths: ecdsaLengths(32),
      };
    case 'ecdsa-p384':
      return {
        key: { kind: 'ec', curve: 'secp384r1', point: new Uint8Array(97) },
        algorithm: sequence(oid(Oid.ecdsaWithSha384)),
        signatureLengths: ecdsaLengths(48),
      };
    case 'ecdsa-p521':
      return {
        key: { kind: 'ec', curve: 'secp521r1', point: new Uint8Array(133) },
        algorithm: sequence(oid(Oid.ecdsaWithSha512)),
        // R and S have 521 bits: 66 bytes three times out of four, else 65, and two bytes of length around them.
        signatureLengths: [139, 138, 137],
      };
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096': {
      const n = new Uint8Array(Number(kind.slice(4)) / 8).fill(0x80, 0, 1);
      return {
        key: { kind: 'rsa', n, e: publicExponent },
        algorithm: sequence(oid(Oid.sha256WithRsa), der(Tag.null)),
        signatureLengths: [n.length],
      };
    }
    case 'ed25519':
      return {
        key: { kind: 'ed25519', key: new Uint8Array(32) },
        algorithm: sequence(oid(Oid.ed25519)),
        signatureLengths: [64],
      };
  }
}

const publicExponent = Uint8Array.of(1, 0, 1);

async function makeSigner(kind: KeyKind, environment: GenerateEnvironment): Promise<Signer> {
  const { subtle } = environment;
  const shape = shapeOf(kind);
  switch (kind) {
    case 'ecdsa-p256':
      return { ...shape, ...(await ecdsaSigner(subtle, 'P-256', 'SHA-256')) };
    case 'ecdsa-p384':
      return { ...shape, ...(await ecdsaSigner(subtle, 'P-384', 'SHA-384')) };
    case 'ecdsa-p521':
      return { ...shape, ...(await ecdsaSigner(subtle, 'P-521', 'SHA-512')) };
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096': {
      const algorithm = {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: shape.signatureLengths[0] * 8,
        publicExponent,
        hash: 'SHA-256',
      };
      const pair = await subtle.generateKey(algorithm, true, ['sign']);
      return { ...shape, ...(await plainSigner(subtle, pair.privateKey)) };
    }
    case 'ed25519':
      return { ...shape, ...(await ed25519Signer(environment)) };
  }
}

type KeyAndSign = Pick<Signer, 'key' | 'sign'>;

/** A key whose signatures WebCrypto gives in the form that certificates hold. */
const plainSigner = async (subtle: SubtleCrypto, key: CryptoKey): Promise<KeyAndSign> => ({
  key: await exported(subtle, key),
  sign: async (message) => new Uint8Array(await subtle.sign({ name: key.algorithm.name }, key, owned(message))),
});

async function ecdsaSigner(
  subtle: SubtleCrypto,
  namedCurve: 'P-256' | 'P-384' | 'P-521',
  hash: string,
): Promise<KeyAndSign> {
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign']);
  return {
    key: await exported(subtle, pair.privateKey),
    async sign(message) {
      const raw = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash }, pair.privateKey, owned(message)));
      // WebCrypto gives R || S; certificates hold Ecdsa-Sig-Value (RFC 5480 §A).
      return sequence(unsigned(raw.subarray(0, raw.length / 2)), unsigned(raw.subarray(raw.length / 2)));
    },
  };
}

async function ed25519Signer({ subtle, random }: GenerateEnvironment): Promise<KeyAndSign> {
  try {
    const pair = (await subtle.generateKey({ name: 'Ed25519' }, true, ['sign'])) as CryptoKeyPair;
    return await plainSigner(subtle, pair.privateKey);
  } catch (error) {
    // Only the lack of the algorithm is answered by our own arithmetic; anything else is a fault to be seen.
    if (!(error instanceof Error) || error.name !== 'NotSupportedError') throw error;
    const seed = random(32);
    return {
      key: { kind: 'ed25519', seed, key: ed25519PublicKey(seed) },
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
  readonly key: PublicKey;
  readonly span: Span;
  readonly ca: boolean;
  /** Zero bytes in the padding extension; `undefined` for none. */
  readonly padding: number | undefined;
  readonly serial: Uint8Array;
  /** Bytes that the signature will have. */
  readonly signatureLength: number;
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

function tbs(plan: Plan, signer: Shape): Uint8Array {
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
    subjectPublicKeyInfo(plan.key),
    ...(extensions.length > 0 ? [der(contextTag(3), sequence(...extensions))] : []),
  );
}
const yes = Uint8Array.of(0xff);

const certificate = (body: Uint8Array, signer: Shape, signature: Uint8Array): Uint8Array =>
  sequence(body, signer.algorithm, bits(signature));

const certificateLength = (plan: Plan, signer: Shape): number =>
  certificate(tbs(plan, signer), signer, new Uint8Array(plan.signatureLength)).length;

/** At least a quarter of all ECDSA signatures have the planned length, so this is never reached. */
const mostTries = 1000;

/** Signs until the certificate has its planned length: ECDSA signatures vary by a few bytes from one to the next. */
async function signed(plan: Plan, signer: Signer, random: RandomSource): Promise<Uint8Array> {
  for (let i = 0; i < mostTries; i++) {
    // Signatures of the same text may all be the same one (RFC 6979), so each is of another serial number.
    const body = tbs(i === 0 ? plan : { ...plan, serial: serialNumber(random, plan.serial.length) }, signer);
    const signature = await signer.sign(body);
    if (signature.length === plan.signatureLength) return certificate(body, signer, signature);
  }
  throw new Error('signatures never have the length they should have');
}

/**
 * The plan with padding, serial number and signature length such that the certificate has exactly `wanted` bytes. Where
 * the length field of the signed part (or of all) grows, no content of it gives the size between: only another signature
 * length does, which ECDSA has and RSA and Ed25519 have not.
 */
function padded(plain: Plan, signer: Shape, wanted: number, random: RandomSource): Plan | undefined {
  for (const signatureLength of signer.signatureLengths) {
    for (let length = shortestSerial; length <= longestSerial; length++) {
      const plan = { ...plain, signatureLength, serial: serialNumber(random, length) };
      if (certificateLength(plan, signer) === wanted) return plan;
      const start = wanted - certificateLength({ ...plan, padding: 0 }, signer);
      // Each padding byte adds one byte, and now and then a length field grows too: a few steps find the place.
      for (let padding = start, step = 0; padding >= 0 && step < 8; step++) {
        const excess = certificateLength({ ...plan, padding }, signer) - wanted;
        if (excess === 0) return { ...plan, padding };
        padding -= excess;
      }
    }
  }
  return undefined;
}
