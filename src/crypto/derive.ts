/** The public half of a private key: what a key file may leave out. Not on the engine's path. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { CurveName } from './keys.ts';

const curves = { secp256r1: p256, secp384r1: p384, secp521r1: p521 } as const;

/** The uncompressed point of a private scalar; `undefined` when the scalar is not in 1..order-1. */
export function publicPoint(curve: CurveName, d: Uint8Array): Uint8Array | undefined {
  const { utils, getPublicKey } = curves[curve];
  return utils.isValidSecretKey(d) ? getPublicKey(d, false) : undefined;
}

/** The public key of a 32-byte Ed25519 seed (RFC 8032 §5.1.5). */
export const ed25519PublicKey = (seed: Uint8Array): Uint8Array => ed25519.getPublicKey(seed);

/** Signs with an Ed25519 seed, where WebCrypto cannot (RFC 8032 §5.1.6). */
export const ed25519Sign = (seed: Uint8Array, message: Uint8Array): Uint8Array => ed25519.sign(message, seed);
