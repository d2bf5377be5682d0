/**
 * The backend that works everywhere: @noble for curves, ciphers and hashes, `rsa.ts` for RSA. Nothing here needs `eval`,
 * Node or WebCrypto, and all randomness comes from the caller, so the same seed gives the same bytes. ECDSA nonces are
 * deterministic (RFC 6979). JavaScript arithmetic is not constant in time: this is a diagnostic tool, not a key vault.
 */
import { cbc, gcm } from '@noble/ciphers/aes.js';
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type ECDSA, ecdsa } from '@noble/curves/abstract/weierstrass.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { RandomSource } from '../base/random.ts';
import { aesBlock } from './aesBlock.ts';
import { curveBytes, diffieHellman, type Group, groupOf, isUncompressed } from './groups.ts';
import { x25519MlKem768 } from './hybrid.ts';
import type { CurveName } from './keys.ts';
import type { AeadName, CryptoProvider, HashName } from './provider.ts';
import { decrypt, publicOperation, signPkcs1, signPss, verifyPkcs1, verifyPss } from './rsa.ts';
import { canSignWith, hashLength, schemeForKey, signingScheme, wrongKey } from './schemes.ts';

const hashes = { md5, sha1, sha256, sha384, sha512 } as const;
const ciphers = { 'aes-128-gcm': gcm, 'aes-256-gcm': gcm, 'chacha20-poly1305': chacha20poly1305 } as const;
const curves = { secp256r1: p256, secp384r1: p384, secp521r1: p521 } as const satisfies Record<CurveName, unknown>;

/**
 * Scheme and curve are independent in DTLS 1.2, and RFC 6979 §3.2 makes the nonce with the hash of the message: the ready
 * instances of noble know one hash each.
 */
const ecdsaWith = (curve: CurveName, name: HashName): ECDSA => {
  const slot = `${curve} ${name}`;
  const known = ecdsaInstances.get(slot);
  if (known) return known;
  const made = ecdsa(curves[curve].Point, hashes[name], { lowS: false });
  ecdsaInstances.set(slot, made);
  return made;
};
const ecdsaInstances = new Map<string, ECDSA>();

const hash = (name: HashName, bytes: Uint8Array): Uint8Array => hashes[name](bytes);

/** What noble throws on input from the peer becomes `undefined`; arguments of ours are right by construction. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

const montgomery: Group = diffieHellman((random) => {
  const secret = Uint8Array.from(random(32));
  return {
    share: x25519.getPublicKey(secret),
    // getSharedSecret throws on an all-zero result, as RFC 7748 §6.1 and RFC 8422 §5.11 want it refused.
    agree: (peer) => (peer.length === 32 ? attempt(() => x25519.getSharedSecret(secret, peer)) : undefined),
  };
});

const weierstrass = (name: CurveName): Group => {
  const curve = curves[name];
  return diffieHellman((random) => {
    // Half as many bytes again as the order has, reduced: no value is noticeably likelier than another (FIPS 186-5 A.2.1).
    const secret = curve.utils.randomSecretKey(Uint8Array.from(random(curve.lengths.seed ?? 0)));
    return {
      share: curve.getPublicKey(secret, false),
      // The secret is the X coordinate with its leading zeros (RFC 8422 §5.10).
      agree: (peer) =>
        isUncompressed(peer, name)
          ? attempt(() => curve.getSharedSecret(secret, peer, false).slice(1, 1 + curveBytes[name]))
          : undefined,
    };
  });
};

const groups: ReadonlyMap<number, Group> = new Map([
  [0x0017, weierstrass('secp256r1')],
  [0x0018, weierstrass('secp384r1')],
  [0x0019, weierstrass('secp521r1')],
  [0x001d, montgomery],
  [0x11ec, x25519MlKem768(montgomery)],
]);

/** TLS has no low-s rule: half of all signatures have a high s. */
const signatureForm = { lowS: false, format: 'der' } as const;

export const nobleProvider: CryptoProvider = {
  name: 'noble',
  hash,
  runningHash(name) {
    const running = hashes[name].create();
    return {
      update: (bytes) => {
        running.update(bytes);
      },
      digest: () => running.clone().digest(),
    };
  },
  hmac: (name, key, bytes) => hmac(hashes[name], key, bytes),
  aead: (name: AeadName, key) => ({
    seal: (nonce, additionalData, plaintext) => ciphers[name](key, nonce, additionalData).encrypt(plaintext),
    open: (nonce, additionalData, ciphertext) =>
      ciphertext.length < 16 ? undefined : attempt(() => ciphers[name](key, nonce, additionalData).decrypt(ciphertext)),
  }),
  recordNumberMask(name, key) {
    if (name !== 'chacha20-poly1305') return aesBlock(key);
    const zeros = new Uint8Array(16);
    // The first four bytes are the block counter, little endian, the rest is the nonce.
    return (sample) => {
      const counter = new DataView(sample.buffer, sample.byteOffset).getUint32(0, true);
      return chacha20(key, sample.subarray(4, 16), zeros, undefined, counter);
    };
  },
  cbcEncrypt: (key, iv, plaintext) => cbc(key, iv, { disablePadding: true }).encrypt(plaintext),
  cbcDecrypt: (key, iv, ciphertext) => cbc(key, iv, { disablePadding: true }).decrypt(ciphertext),
  supportsGroup: (group) => groups.has(group),
  generate: (group, random) => groupOf(groups, group).generate(random),
  respond: (group, peerShare, random) => groupOf(groups, group).respond(peerShare, random),
  canSign: canSignWith,
  sign(key, code, message, random: RandomSource) {
    const scheme = signingScheme(key, code);
    if (scheme.kind === 'ecdsa' && key.kind === 'ec')
      return ecdsaWith(key.curve, scheme.hash).sign(message, key.d, signatureForm);
    if (scheme.kind === 'ed25519' && key.kind === 'ed25519') return ed25519.sign(message, key.seed);
    if (scheme.kind === 'rsa-pkcs1' && key.kind === 'rsa') return signPkcs1(hash, scheme.hash, key, message);
    if (scheme.kind === 'rsa-pss' && key.kind === 'rsa')
      return signPss(hash, scheme.hash, key, message, random(hashLength[scheme.hash]));
    return wrongKey(code);
  },
  verify(key, code, message, signature) {
    const scheme = schemeForKey(key, code);
    if (scheme?.kind === 'ecdsa' && key.kind === 'ec') {
      return (
        isUncompressed(key.point, key.curve) &&
        attempt(() => ecdsaWith(key.curve, scheme.hash).verify(signature, message, key.point, signatureForm)) === true
      );
    }
    // Canonical encodings only, as in OpenSSL. Noble multiplies the equation by the cofactor, as RFC 8032 §5.1.7 has it, and
    // OpenSSL does not, as §5.1.7 allows: they can differ only on a signature that its signer built for that.
    if (scheme?.kind === 'ed25519' && key.kind === 'ed25519')
      return attempt(() => ed25519.verify(signature, message, key.key, { zip215: false })) === true;
    if (scheme?.kind === 'rsa-pkcs1' && key.kind === 'rsa')
      return verifyPkcs1(hash, scheme.hash, key, message, signature);
    if (scheme?.kind === 'rsa-pss' && key.kind === 'rsa') return verifyPss(hash, scheme.hash, key, message, signature);
    return false;
  },
  rsaEncrypt: publicOperation,
  rsaDecrypt: decrypt,
};
