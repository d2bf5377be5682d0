/**
 * Certificates and keys as people have them: PEM or DER, one file or two, in any order, with other things around. What
 * cannot be used is named for what it is, with the command that turns it into something usable; "invalid PEM" helps nobody.
 */
import { fromBase64, fromUtf8, toHex, utf8 } from '../base/bytes.ts';
import { unreachable } from '../base/unreachable.ts';
import { type Credential, keyName, type PrivateKey } from '../crypto/keys.ts';
import { contextTag, DerError, DerReader, encodingOf, readOid, Tag } from './der.ts';
import { type PemBlock, pem, pemBlocks, textOf } from './pem.ts';
import { privateKeyDer, publicHalf, readPkcs1, readPkcs8, readSec1, samePublicKey } from './privateKey.ts';
import { type Certificate, readCertificate } from './read.ts';

/** Why an import failed, and what to do about it where there is something. */
export interface ImportError {
  readonly why: string;
  /** A command or a sentence. */
  readonly fix?: string;
}
export type Import<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly error: ImportError };

export interface Material {
  /** DER, in the order of the input. */
  readonly certificates: readonly Uint8Array[];
  readonly keys: readonly PrivateKey[];
}

/** More than any chain or key file is, less than what makes a browser stutter. */
const largestInput = 16 * 2 ** 20;

/** All certificates and keys of a text or a file's bytes. Fails on the first thing that is neither and not harmless. */
export function importMaterial(input: string | Uint8Array): Import<Material> {
  if (input.length > largestInput) return failed(`${input.length} bytes are too many for certificates and keys`);
  const bytes = typeof input === 'string' ? utf8(input) : input;
  if (bytes.length === 0) return failed('this is empty');
  if (bytes[0] === Tag.sequence) {
    const found = fromDer(bytes);
    // A text may begin with the digit 0, which is the same byte as a SEQUENCE's tag.
    if (found.ok || !looksLikeText(bytes)) return found;
  }
  const text = typeof input === 'string' ? input : textOf(bytes);
  return /-----(?:BEGIN|END) /.test(text) ? fromPem(text) : fromOtherText(text.trim(), bytes);
}

/** Certificates alone; a key beside them is not an error. */
export function importCertificates(input: string | Uint8Array): Import<{ readonly chain: readonly Uint8Array[] }> {
  const material = importMaterial(input);
  if (!material.ok) return material;
  if (material.certificates.length === 0) return failed(`this is ${describe(material)}, not a certificate`);
  return { ok: true, chain: material.certificates };
}

/** A private key alone; certificates beside it are not an error. */
export function importPrivateKey(input: string | Uint8Array): Import<{ readonly key: PrivateKey }> {
  const material = importMaterial(input);
  if (!material.ok) return material;
  const [key, another] = material.keys;
  if (!key) return failed(`this is ${describe(material)}, not a key`);
  if (another) return failed(`this is ${describe(material)}: which one is meant?`);
  return { ok: true, key };
}

/**
 * A chain with the key of its leaf, from two files or one that holds both. The order of certificates is kept when the
 * key is the first one's (a misordered chain may be what somebody wants to test); else the key's certificate goes first
 * and its issuers follow it.
 */
export function importCredential(
  certificates: string | Uint8Array,
  key?: string | Uint8Array,
): Import<{ readonly credential: Credential }> {
  const first = importMaterial(certificates);
  if (!first.ok) return key === undefined ? first : prefixed('certificate', first.error);
  const second = key === undefined ? undefined : importMaterial(key);
  if (second && !second.ok) return prefixed('key', second.error);

  // Swapped files are accepted: there is no doubt which is which.
  const chain = first.certificates.length > 0 ? first.certificates : (second?.certificates ?? []);
  const keys = second && second.keys.length > 0 ? second.keys : first.keys;
  if (chain.length === 0) return failed(`there is no certificate: ${described('certificate', first, second)}`);
  if (keys.length === 0)
    return failed(
      `there is no private key: ${described('key', second ?? first, second && first)}`,
      second ? undefined : 'give the key as well, or a file that holds both',
    );
  return pair(chain, keys);
}

/** Everything of a credential in one PEM text: the key (PKCS#8), then the chain, leaf first. */
export const credentialToPem = (credential: Credential): string =>
  privateKeyToPem(credential.key) + certificatesToPem(credential.chain);
export const certificatesToPem = (chain: readonly Uint8Array[]): string =>
  chain.map((der) => pem('CERTIFICATE', der)).join('');
export const privateKeyToPem = (key: PrivateKey): string => pem('PRIVATE KEY', privateKeyDer(key));

const failed = (why: string, fix?: string): { readonly ok: false; readonly error: ImportError } => ({
  ok: false,
  error: { why, ...(fix !== undefined && { fix }) },
});
const prefixed = (what: string, error: ImportError): { readonly ok: false; readonly error: ImportError } =>
  failed(`${what}: ${error.why}`, error.fix);

const counted = (n: number, what: string): string => (n === 1 ? `a ${what}` : `${n} ${what}s`);
function describe(material: Material): string {
  const parts: string[] = [];
  if (material.certificates.length > 0) parts.push(counted(material.certificates.length, 'certificate'));
  if (material.keys.length > 0) parts.push(counted(material.keys.length, 'private key'));
  return parts.join(' and ');
}
const described = (what: string, material: Material, other: Material | undefined): string =>
  other
    ? `the file given as ${what} is ${describe(material)}, the other is ${describe(other)}`
    : `this is ${describe(material)}`;

function pair(chain: readonly Uint8Array[], keys: readonly PrivateKey[]): Import<{ readonly credential: Credential }> {
  const certificates: Certificate[] = [];
  for (const [index, der] of chain.entries()) {
    const read = readCertificate(der);
    if (!read.ok) return failed(`certificate ${index + 1} of ${chain.length} cannot be read: ${read.error.why}`);
    certificates.push(read.certificate);
  }
  for (const [index, certificate] of certificates.entries()) {
    const { publicKey } = certificate;
    const key = publicKey && keys.find((candidate) => samePublicKey(publicHalf(candidate), publicKey));
    if (!key) continue;
    return { ok: true, credential: { chain: index === 0 ? chain : fromLeaf(certificates, index), key } };
  }
  const [leaf] = certificates;
  const names = keys.map(keyName).join(', ');
  const certified = leaf?.keyName ?? '';
  const where = chain.length === 1 ? 'this certificate' : 'any of these certificates';
  return failed(
    names === certified
      ? `the key does not belong to ${where}: both are ${names}, but ${leaf?.subject || 'the certificate'} is for another key`
      : `the key does not belong to ${where}: ${leaf?.subject || 'the certificate'} is for ${certified}, the key is ${names}`,
    'give the key that the certificate was made with, or have dtlscope make both',
  );
}

/** The chain from `leaf` to its issuers, then whatever is left in the order given. */
function fromLeaf(certificates: readonly Certificate[], leaf: number): Uint8Array[] {
  const left = [...certificates];
  const out: Uint8Array[] = [];
  let [next] = left.splice(leaf, 1);
  while (next) {
    out.push(next.der);
    const issuer = toKey(next.issuerRaw);
    const at = left.findIndex((candidate) => toKey(candidate.subjectRaw) === issuer);
    next = at < 0 ? undefined : left.splice(at, 1)[0];
  }
  return [...out, ...left.map((certificate) => certificate.der)];
}
const toKey = (name: Uint8Array): string => name.join();

/** What a DER encoding is, by its outline. */
type Kind =
  | 'certificate'
  | 'pkcs8'
  | 'sec1'
  | 'pkcs1'
  | 'encrypted-key'
  | 'public-key'
  | 'rsa-public-key'
  | 'request'
  | 'crl'
  | 'pkcs12'
  | 'pkcs7'
  | 'dsa-key'
  | 'not-der'
  | 'unknown';

const NEWKEY = 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem';

/** Why a kind that holds neither a certificate nor a usable key is of no use. */
function refusal(kind: Exclude<Kind, 'certificate' | 'pkcs8' | 'sec1' | 'pkcs1'>): {
  readonly ok: false;
  readonly error: ImportError;
} {
  switch (kind) {
    case 'encrypted-key':
      return failed(
        'this key is encrypted',
        'decrypt it with `openssl pkey -in KEY -out key.pem` (it asks for the pass phrase)',
      );
    case 'public-key':
    case 'rsa-public-key':
      return failed('this is a public key', 'give the private key that belongs to it');
    case 'request':
      return failed(
        'this is a certificate request',
        'have it signed, or sign it with its own key: `openssl x509 -req -in REQUEST -signkey KEY -days 30 -out cert.pem`',
      );
    case 'crl':
      return failed('this is a certificate revocation list', 'give the certificate itself');
    case 'pkcs12':
      return failed(
        'this is a PKCS#12 file (.p12, .pfx)',
        'export it with `openssl pkcs12 -in FILE -nodes -out both.pem`',
      );
    case 'pkcs7':
      return failed(
        'this is a PKCS#7 file (.p7b), which never holds a key',
        'take the certificates out with `openssl pkcs7 -inform DER -in FILE -print_certs -out chain.pem` (`-inform PEM` when it is text)',
      );
    case 'dsa-key':
      return failed('this is a DSA key, which DTLS 1.2 in WebRTC does not use', `make another one: \`${NEWKEY}\``);
    case 'not-der':
      return failed(
        'this is neither PEM nor DER',
        'PEM begins with "-----BEGIN CERTIFICATE-----" or "-----BEGIN PRIVATE KEY-----"',
      );
    case 'unknown':
      return failed('this is DER, but neither a certificate nor a private key');
    default:
      return unreachable(kind);
  }
}

function fromDer(bytes: Uint8Array): Import<Material> {
  const kind = kindOf(bytes);
  switch (kind) {
    case 'certificate': {
      const read = readCertificate(bytes);
      return read.ok
        ? { ok: true, certificates: [bytes], keys: [] }
        : failed(`this certificate cannot be read: ${read.error.why} (byte ${read.error.at ?? 0})`);
    }
    case 'pkcs8':
      return privateKey(bytes, readPkcs8);
    case 'sec1':
      return privateKey(bytes, readSec1);
    case 'pkcs1':
      return privateKey(bytes, readPkcs1);
    case 'not-der':
      return failed(`this begins like DER, but is not: ${whyNotDer(bytes)}`);
    default:
      return refusal(kind);
  }
}

function privateKey(bytes: Uint8Array, read: (bytes: Uint8Array) => PrivateKey): Import<Material> {
  try {
    return { ok: true, certificates: [], keys: [read(bytes)] };
  } catch (error) {
    if (error instanceof DerError) return failed(`this private key cannot be used: ${error.message}`);
    throw error;
  }
}

function kindOf(bytes: Uint8Array): Kind {
  try {
    return outlineOf(bytes);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    // These two are often written with indefinite lengths, which is BER.
    const start = toHex(bytes.subarray(0, 13));
    if (start.startsWith('3080020103')) return 'pkcs12';
    return start === '308006092a864886f70d010702' ? 'pkcs7' : 'not-der';
  }
}

function whyNotDer(bytes: Uint8Array): string {
  try {
    const whole = new DerReader(bytes);
    whole.enter(Tag.sequence, 'the whole');
    whole.finish('the whole');
    return 'what is inside it is cut off';
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

/** Tells DER encodings apart by their first elements. Throws `DerError`. */
function outlineOf(bytes: Uint8Array): Kind {
  const whole = new DerReader(bytes);
  const r = whole.enter(Tag.sequence, 'input');
  whole.finish('input');
  const first = r.any('first element');
  const second = r.peek;
  if (first.tag === Tag.integer) {
    const version = encodingOf(first).join();
    if (version === '2,1,1' && second === Tag.octetString) return 'sec1';
    if (version === '2,1,3' && second === Tag.sequence) return 'pkcs12';
    if (second === Tag.sequence) return 'pkcs8';
    if (second !== Tag.integer) return 'unknown';
    let integers = 1;
    while (r.peek === Tag.integer) {
      r.any('integer');
      integers++;
    }
    return integers === 9 || !r.done
      ? 'pkcs1'
      : integers === 2
        ? 'rsa-public-key'
        : integers === 6
          ? 'dsa-key'
          : 'unknown';
  }
  if (first.tag === Tag.oid) return readOid(first).startsWith('1.2.840.113549.1.7.') ? 'pkcs7' : 'unknown';
  if (first.tag !== Tag.sequence) return 'unknown';
  const inner = DerReader.into(first);
  if (inner.peek === Tag.oid) {
    if (second === Tag.octetString) return 'encrypted-key';
    return second === Tag.bitString ? 'public-key' : 'unknown';
  }
  if (second !== Tag.sequence) return 'unknown';
  // Something signed: certificates say their serial number before the algorithm, requests have none, lists have dates.
  const tagged = inner.optional(contextTag(0), 'version');
  const number = inner.optional(Tag.integer, 'number');
  if (tagged) return 'certificate';
  const tags: number[] = [];
  for (let i = 0; i < 3 && !inner.done; i++) tags.push(inner.any('element').tag);
  if (tags[2] === Tag.utcTime || tags[2] === Tag.generalizedTime) return 'crl';
  if (!number) return 'unknown';
  return tags[2] === contextTag(0) || inner.done ? 'request' : 'certificate';
}

/** Blocks that stand beside keys and certificates and change nothing. */
const harmless = new Set(['EC PARAMETERS', 'DH PARAMETERS', 'X9.42 DH PARAMETERS', 'DSA PARAMETERS']);

function fromPem(text: string): Import<Material> {
  const { blocks, faults } = pemBlocks(text);
  const [fault] = faults;
  if (fault)
    return failed(
      `the ${fault.label} block on line ${fault.line} ${fault.why}`,
      'paste it again, whole, with its BEGIN and END lines',
    );
  const certificates: Uint8Array[] = [];
  const keys: PrivateKey[] = [];
  for (const block of blocks) {
    if (harmless.has(block.label)) continue;
    const found = fromBlock(block);
    if (!found.ok)
      return blocks.length === 1 ? found : prefixed(`block ${block.label} on line ${block.line}`, found.error);
    certificates.push(...found.certificates);
    keys.push(...found.keys);
  }
  if (certificates.length + keys.length > 0) return { ok: true, certificates, keys };
  const [only] = blocks;
  return only
    ? failed(`this holds only ${only.label}, neither a certificate nor a key`)
    : failed('there is an END line without its BEGIN line', 'paste it again, whole, with its BEGIN and END lines');
}

function fromBlock(block: PemBlock): Import<Material> {
  if (block.headers.some((header) => /^Proc-Type:.*ENCRYPTED/i.test(header))) return refusal('encrypted-key');
  switch (block.label) {
    case 'OPENSSH PRIVATE KEY':
      return failed(
        'this is an OpenSSH private key',
        'convert a copy of it with `ssh-keygen -p -N "" -m PKCS8 -f COPY` (it rewrites the file)',
      );
    case 'PGP PRIVATE KEY BLOCK':
    case 'PGP PUBLIC KEY BLOCK':
      return failed('this is an OpenPGP key, which TLS cannot use');
    case 'TRUSTED CERTIFICATE':
      // OpenSSL's own format: a certificate, and trust settings behind it.
      return fromDer(firstElement(block.der));
    default:
      break;
  }
  const found = fromDer(block.der);
  const kind = found.ok ? (found.keys.length > 0 ? 'key' : 'certificate') : undefined;
  if (kind === 'certificate' && block.label.endsWith('PRIVATE KEY'))
    return failed(`the block says ${block.label}, but what is in it is DER of a certificate, not a key`);
  if (kind === 'key' && block.label.endsWith('CERTIFICATE'))
    return failed(`the block says ${block.label}, but what is in it is DER of a private key, not a certificate`);
  if (!found.ok && kindOf(block.der) === 'not-der')
    return failed(`the ${block.label} block is not DER: part of it is missing or was changed`);
  return found;
}

function firstElement(der: Uint8Array): Uint8Array {
  try {
    return encodingOf(new DerReader(der).any('certificate'));
  } catch (error) {
    if (error instanceof DerError) return der;
    throw error;
  }
}

/** Texts that people take for PEM, and binary files that are no DER. */
function fromOtherText(text: string, bytes: Uint8Array): Import<Material> {
  // Java keystores: FEEDFEED (JKS), CECECECE (JCEKS).
  const magic = bytes.subarray(0, 4).join();
  if (magic === '254,237,254,237' || magic === '206,206,206,206')
    return failed(
      'this is a Java keystore',
      'export it with `keytool -importkeystore -srckeystore FILE -destkeystore out.p12 -deststoretype PKCS12`, then `openssl pkcs12 -in out.p12 -nodes -out both.pem`',
    );
  if (/^\{[\s\S]*"kty"\s*:/.test(text.slice(0, 4096)))
    return failed('this is a JSON Web Key', 'give the key as PEM (PKCS#8), "-----BEGIN PRIVATE KEY-----"');
  if (/^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) AAAA/.test(text))
    return failed('this is an OpenSSH public key', 'give a certificate, or the private key as PEM');
  if (/^PuTTY-User-Key-File/.test(text))
    return failed(
      'this is a PuTTY key',
      'export it with `puttygen FILE -O private-openssh -o KEY`, then `ssh-keygen -p -N "" -m PKCS8 -f KEY`',
    );
  const der = text.length > 40 ? fromBase64(text) : undefined;
  if (der?.[0] === Tag.sequence) return fromDer(der);
  if (/^\S{1,255}\.(?:pem|crt|cer|key|der|p12|pfx)$/i.test(text))
    return failed(`this is the name of a file (${text}), not what is in it`);
  return refusal('not-der');
}

/** Whether the first bytes are printable text. */
const looksLikeText = (bytes: Uint8Array): boolean => /^[\x20-\x7e\s]*$/.test(fromUtf8(bytes.subarray(0, 64)));
