/**
 * X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): ML-KEM-768 of FIPS 203 with X25519. Both backends take ML-KEM from noble, as
 * Node 20 has none. Here, unlike in the other hybrids of that draft, the part of ML-KEM comes first everywhere: in both
 * shares and in the secret.
 */
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { Group } from './groups.ts';

/** Bytes of an encapsulation key, which a client sends, and of a ciphertext, which a server sends (FIPS 203 §8). */
const keyLength = 1184;
const ciphertextLength = 1088;
const seedLength = 64;
const messageLength = 32;

/** The group, on a backend's X25519. `draw` gives the bytes that ML-KEM needs from the caller's source or a better one. */
export const x25519MlKem768 = (
  x25519: Group,
  draw: (random: RandomSource) => RandomSource = (random) => random,
): Group => ({
  generate(random) {
    const kem = ml_kem768.keygen(Uint8Array.from(draw(random)(seedLength)));
    const curve = x25519.generate(random);
    return {
      share: concat(kem.publicKey, curve.share),
      agree(peer) {
        const secret = curve.agree(peer.subarray(ciphertextLength));
        // A ciphertext of the right length always decapsulates: a wrong one to a secret that nobody else has (§6.3).
        return secret && concat(ml_kem768.decapsulate(peer.subarray(0, ciphertextLength), kem.secretKey), secret);
      },
    };
  },
  respond(peer, random) {
    const curve = x25519.respond(peer.subarray(keyLength), random);
    const kem = curve && encapsulate(peer.subarray(0, keyLength), Uint8Array.from(draw(random)(messageLength)));
    return kem && { share: concat(kem.cipherText, curve.share), secret: concat(kem.sharedSecret, curve.secret) };
  },
});

/** `undefined` for a key with a coefficient beyond the modulus (FIPS 203 §7.2), which noble throws on. */
function encapsulate(key: Uint8Array, message: Uint8Array) {
  try {
    return ml_kem768.encapsulate(key, message);
  } catch {
    return undefined;
  }
}
