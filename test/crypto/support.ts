/** Both backends, and the few conversions that the crypto tests share. */
import { fromHex } from '../../src/base/bytes.ts';
import type { PrivateKey, PublicKey } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';

export const backends = [nobleProvider, nodeProvider] as const;

/** Hexadecimal digits, which must be right. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

/** What must be there. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected a value');
  return value;
}

/** The public half of a private key. */
export function publicOf(key: PrivateKey): PublicKey {
  switch (key.kind) {
    case 'ec':
      return { kind: 'ec', curve: key.curve, point: key.point };
    case 'rsa':
      return { kind: 'rsa', n: key.n, e: key.e, ...(key.pssOnly && { pssOnly: key.pssOnly }) };
    case 'ed25519':
      return { kind: 'ed25519', key: key.key };
  }
}

const curveNames: Readonly<Record<string, 'secp256r1' | 'secp384r1' | 'secp521r1'>> = {
  'P-256': 'secp256r1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};
const part = (text: string | undefined): Uint8Array => Uint8Array.from(Buffer.from(present(text), 'base64url'));

/** A public key from JSON Web Key members, as node:crypto exports them. */
export function publicFromJwk(jwk: JsonWebKey): PublicKey {
  if (jwk.kty === 'RSA') return { kind: 'rsa', n: part(jwk.n), e: part(jwk.e) };
  if (jwk.kty === 'OKP') return { kind: 'ed25519', key: part(jwk.x) };
  const point = Uint8Array.from([4, ...part(jwk.x), ...part(jwk.y)]);
  return { kind: 'ec', curve: present(curveNames[jwk.crv ?? '']), point };
}

/** A private key from JSON Web Key members. */
export function privateFromJwk(jwk: JsonWebKey): PrivateKey {
  const key = publicFromJwk(jwk);
  switch (key.kind) {
    case 'ec':
      return { ...key, d: part(jwk.d) };
    case 'ed25519':
      return { ...key, seed: part(jwk.d) };
    case 'rsa':
      return {
        ...key,
        d: part(jwk.d),
        p: part(jwk.p),
        q: part(jwk.q),
        dp: part(jwk.dp),
        dq: part(jwk.dq),
        qi: part(jwk.qi),
      };
  }
}
