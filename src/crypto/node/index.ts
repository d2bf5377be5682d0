/**
 * The backend on node:crypto, for the terminal and for tests: five to thirty times as fast as noble for
 * signatures and key agreement (`npm run bench crypto`). OpenSSL draws keys, ECDSA nonces and PSS salts from its own
 * generator, so the `random` parameters go unused and two runs differ; simulation, which must repeat, takes noble.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import { aesBlock } from '../aesBlock.ts';
import { curveBytes, diffieHellman, type Group, groupOf, isUncompressed } from '../groups.ts';
import { x25519MlKem768 } from '../hybrid.ts';
import type { CurveName, PrivateKey, PublicKey } from '../keys.ts';
import type { AeadName, CryptoProvider, HashName } from '../provider.ts';
import {
  canSignWith,
  hashLength,
  isUsableRsa,
  rsaModulusBits,
  type SignatureScheme,
  schemeForKey,
  signingScheme,
} from '../schemes.ts';
import { attempt, base64url, plain } from './bytes.ts';
import { hash, hmac, runningHash } from './digest.ts';
import { draw } from './random.ts';
import { x25519 } from './x25519.ts';

const weierstrass = (name: CurveName, opensslName: string): Group =>
  diffieHellman(() => {
    const key = createECDH(opensslName);
    return {
      share: plain(key.generateKeys()),
      agree: (peer) => (isUncompressed(peer, name) ? attempt(() => plain(key.computeSecret(peer))) : undefined),
    };
  });

const groups: ReadonlyMap<number, Group> = new Map([
  [0x0017, weierstrass('secp256r1', 'prime256v1')],
  [0x0018, weierstrass('secp384r1', 'secp384r1')],
  [0x0019, weierstrass('secp521r1', 'secp521r1')],
  [0x001d, x25519],
  [0x11ec, x25519MlKem768(x25519, () => draw)],
]);

const jwkCurves = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' } as const;

function publicJwk(key: PublicKey): JsonWebKey {
  switch (key.kind) {
    case 'ec': {
      const size = curveBytes[key.curve];
      return {
        kty: 'EC',
        crv: jwkCurves[key.curve],
        x: base64url(key.point.subarray(1, 1 + size)),
        y: base64url(key.point.subarray(1 + size)),
      };
    }
    case 'rsa':
      return { kty: 'RSA', n: base64url(key.n), e: base64url(key.e) };
    case 'ed25519':
      return { kty: 'OKP', crv: 'Ed25519', x: base64url(key.key) };
  }
}

function privateJwk(key: PrivateKey): JsonWebKey {
  switch (key.kind) {
    case 'ec':
      return { ...publicJwk(key), d: base64url(key.d) };
    case 'rsa':
      return {
        ...publicJwk(key),
        d: base64url(key.d),
        p: base64url(key.p),
        q: base64url(key.q),
        dp: base64url(key.dp),
        dq: base64url(key.dq),
        qi: base64url(key.qi),
      };
    case 'ed25519':
      return { ...publicJwk(key), d: base64url(key.seed) };
  }
}

const privateKeys = new WeakMap<PrivateKey, KeyObject>();

function privateKeyObject(key: PrivateKey): KeyObject {
  const known = privateKeys.get(key);
  if (known) return known;
  const made = createPrivateKey({ format: 'jwk', key: privateJwk(key) });
  privateKeys.set(key, made);
  return made;
}

/**
 * Points that were imported last, oldest first. Node checks more of a point than a curve without cofactor needs, and takes
 * as long for it as for a signature; who probes one gateway again and again meets the same key each time.
 */
const points = new Map<string, KeyObject>();
const mostPoints = 32;

/** `undefined` for a key that is none, such as a point off its curve. */
function publicKeyObject(key: PublicKey): KeyObject | undefined {
  const importKey = (): KeyObject | undefined => attempt(() => createPublicKey({ format: 'jwk', key: publicJwk(key) }));
  if (key.kind !== 'ec') return importKey();
  const { point, curve } = key;
  if (!isUncompressed(point, curve)) return undefined;
  // The length of an uncompressed point tells the curve.
  const name = Buffer.from(point.buffer, point.byteOffset, point.length).toString('latin1');
  const known = points.get(name);
  if (known) return known;
  const made = importKey();
  if (!made) return undefined;
  for (const oldest of points.keys()) {
    if (points.size < mostPoints) break;
    points.delete(oldest);
  }
  points.set(name, made);
  return made;
}

/** The arguments that `sign` and `verify` of node:crypto take for a scheme; OpenSSL knows MD5 with SHA-1 as one digest. */
const digestOf = (scheme: SignatureScheme): HashName | 'md5-sha1' | null =>
  scheme.kind === 'ed25519' ? null : scheme.hash;
const keyInput = (key: KeyObject, scheme: SignatureScheme) =>
  scheme.kind === 'rsa-pss'
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashLength[scheme.hash] }
    : { key };

const tagLength = 16;

export const nodeProvider: CryptoProvider = {
  name: 'node',
  hash,
  runningHash,
  hmac,
  aead: (name: AeadName, key) => ({
    seal(nonce, additionalData, plaintext) {
      const cipher = sealer(name, key, nonce);
      cipher.setAAD(additionalData, { plaintextLength: plaintext.length });
      const out = new Uint8Array(plaintext.length + tagLength);
      out.set(cipher.update(plaintext));
      cipher.final();
      out.set(cipher.getAuthTag(), plaintext.length);
      return out;
    },
    open(nonce, additionalData, ciphertext) {
      const length = ciphertext.length - tagLength;
      if (length < 0) return undefined;
      const cipher = opener(name, key, nonce);
      cipher.setAAD(additionalData, { plaintextLength: length });
      cipher.setAuthTag(ciphertext.subarray(length));
      const plaintext = plain(cipher.update(ciphertext.subarray(0, length)));
      return attempt(() => cipher.final()) && plaintext;
    },
  }),
  recordNumberMask(name, key) {
    // The first four bytes are the block counter, the rest is the nonce: just what OpenSSL calls ChaCha20's IV.
    if (name === 'chacha20-poly1305')
      return (sample) => plain(createCipheriv('chacha20', key, sample).update(new Uint8Array(16)));
    return aesBlock(key);
  },
  cbcEncrypt(key, iv, plaintext) {
    const cipher = createCipheriv(cbcName(key), key, iv).setAutoPadding(false);
    const out = plain(cipher.update(plaintext));
    cipher.final();
    return out;
  },
  cbcDecrypt(key, iv, ciphertext) {
    const cipher = createDecipheriv(cbcName(key), key, iv).setAutoPadding(false);
    const out = plain(cipher.update(ciphertext));
    cipher.final();
    return out;
  },
  supportsGroup: (group) => groups.has(group),
  generate: (group, random) => groupOf(groups, group).generate(random),
  respond: (group, peerShare, random) => groupOf(groups, group).respond(peerShare, random),
  canSign: canSignWith,
  sign(key, code, message) {
    const scheme = signingScheme(key, code);
    return plain(sign(digestOf(scheme), message, keyInput(privateKeyObject(key), scheme)));
  },
  verify(key, code, message, signature) {
    const scheme = schemeForKey(key, code);
    const object = scheme && publicKeyObject(key);
    if (!scheme || !object) return false;
    // RFC 8017 §8.1.2, §8.2.2: of the modulus' length. OpenSSL takes one whose leading zeros were left out.
    if (key.kind === 'rsa' && signature.length !== Math.ceil(rsaModulusBits(key.n) / 8)) return false;
    return attempt(() => verify(digestOf(scheme), message, keyInput(object, scheme), signature)) === true;
  },
  rsaEncrypt(key, block) {
    const object = isUsableRsa(key) ? publicKeyObject(key) : undefined;
    return object && attempt(() => plain(publicEncrypt({ key: object, padding: constants.RSA_NO_PADDING }, block)));
  },
  rsaDecrypt(key, block) {
    if (!isUsableRsa(key)) return undefined;
    const padding = constants.RSA_NO_PADDING;
    return attempt(() => plain(privateDecrypt({ key: privateKeyObject(key), padding }, block)));
  },
};

const cbcName = (key: Uint8Array): string => (key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc');
const sealer = (name: AeadName, key: Uint8Array, nonce: Uint8Array) =>
  name === 'chacha20-poly1305'
    ? createCipheriv(name, key, nonce, { authTagLength: tagLength })
    : createCipheriv(name, key, nonce);
const opener = (name: AeadName, key: Uint8Array, nonce: Uint8Array) =>
  name === 'chacha20-poly1305'
    ? createDecipheriv(name, key, nonce, { authTagLength: tagLength })
    : createDecipheriv(name, key, nonce, { authTagLength: tagLength });
