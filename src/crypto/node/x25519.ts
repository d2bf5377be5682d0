/**
 * X25519 on node:crypto. A key pair of ours is made from 32 random bytes and not by `generateKeyPairSync`: in Node 20 the
 * job behind that holds the lock of its key when it is collected, so a collection in the middle of `export` of the same key
 * stops the process for good; once in some five thousand handshakes it did. From bytes it is also a quarter cheaper.
 */
import {
  diffieHellman as agreeKeys,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { diffieHellman, type Group } from '../groups.ts';
import type { KeyAgreement } from '../provider.ts';
import { attempt, base64url, fromBase64url, plain } from './bytes.ts';
import { draw } from './random.ts';

const keyLength = 32;
/** A JWK must have a public half (RFC 8037 §2). Node 20 and 22 make it from the private half whatever stands here. */
const anyX = base64url(new Uint8Array(keyLength));

const privateKeyOf = (bytes: Uint8Array): KeyObject =>
  createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: anyX, d: base64url(bytes) } });

function agreement(privateKey: KeyObject, share: Uint8Array): KeyAgreement {
  return {
    share,
    // OpenSSL fails on an all-zero result, as RFC 7748 §6.1 and RFC 8422 §5.11 want it refused.
    agree: (peer) =>
      peer.length === keyLength
        ? attempt(() =>
            plain(
              agreeKeys({
                privateKey,
                publicKey: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: base64url(peer) } }),
              }),
            ),
          )
        : undefined,
  };
}

/** A key pair from random bytes of the system's generator. */
export function keyFromBytes(): KeyAgreement {
  const privateKey = privateKeyOf(draw(keyLength));
  const { x = '' } = privateKey.export({ format: 'jwk' });
  return agreement(privateKey, fromBase64url(x));
}

/** The same where Node holds a private JWK against its public half (Node 26): both halves are encoded by the job itself. */
export function keyFromPair(): KeyAgreement {
  const { privateKey, publicKey } = generateKeyPairSync('x25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const key = createPrivateKey({ format: 'der', type: 'pkcs8', key: privateKey });
  return agreement(key, plain(publicKey.subarray(-keyLength)));
}

let newKey: (() => KeyAgreement) | undefined;

export const x25519: Group = diffieHellman(() => {
  newKey ??= attempt(() => privateKeyOf(new Uint8Array(keyLength).fill(1))) ? keyFromBytes : keyFromPair;
  return newKey();
});
