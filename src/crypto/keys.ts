/** Keys as plain data, so that both backends, x509 and a worker boundary can carry them. */

export type CurveName = 'secp256r1' | 'secp384r1' | 'secp521r1';

export type PublicKey =
  /** `point` is the uncompressed form, 04 || X || Y (RFC 8422 §5.4.1). */
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly point: Uint8Array }
  /** Big-endian integers without sign byte. */
  | {
      readonly kind: 'rsa';
      readonly n: Uint8Array;
      readonly e: Uint8Array;
      /** The key is one of RSASSA-PSS alone (RFC 4055 §1.2): its schemes are rsa_pss_pss_* and no others. */
      readonly pssOnly?: true;
    }
  | { readonly kind: 'ed25519'; readonly key: Uint8Array };

export type PrivateKey =
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly d: Uint8Array; readonly point: Uint8Array }
  | {
      readonly kind: 'rsa';
      readonly n: Uint8Array;
      readonly e: Uint8Array;
      readonly d: Uint8Array;
      readonly p: Uint8Array;
      readonly q: Uint8Array;
      readonly dp: Uint8Array;
      readonly dq: Uint8Array;
      readonly qi: Uint8Array;
      readonly pssOnly?: true;
    }
  | { readonly kind: 'ed25519'; readonly seed: Uint8Array; readonly key: Uint8Array };

export type RsaPublicKey = Extract<PublicKey, { kind: 'rsa' }>;
export type RsaPrivateKey = Extract<PrivateKey, { kind: 'rsa' }>;

/** A certificate chain (DER, leaf first) with the key of its leaf. */
export interface Credential {
  readonly chain: readonly Uint8Array[];
  readonly key: PrivateKey;
}

/** "ECDSA P-256", "RSA 2048", "Ed25519": how people call a key. */
export function keyName(key: PublicKey | PrivateKey): string {
  switch (key.kind) {
    case 'ec':
      return `ECDSA P-${key.curve.slice(4, 7)}`;
    case 'rsa':
      return `RSA ${bitLength(key.n)}`;
    case 'ed25519':
      return 'Ed25519';
  }
}

const bitLength = (n: Uint8Array): number => {
  const first = n.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (n.length - first) * 8 - Math.clz32(n[first] ?? 0) + 24;
};
