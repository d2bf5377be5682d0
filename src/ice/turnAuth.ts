/**
 * Long-term credentials (RFC 8489 §9.2): what a server's challenge was, and what it makes of our next request. The
 * stronger form is taken when the server offers it (SHA-256, hidden user name); when its nonce promises that and its
 * attributes do not keep the promise, somebody may have weakened the answer, and nothing more is said.
 */
import { fromBase64, fromUtf8, utf8 } from '../base/bytes.ts';
import { find, type PasswordAlgorithm, type StunAttribute } from '../wire/stun.ts';
import { longTermKey, type Proof, type StunCrypto, userHash } from '../wire/stunIntegrity.ts';
import type { TurnCredentials } from './turnModel.ts';

const md5 = 1;
const sha256 = 2;
/** "Nonce cookie", then 24 bits of security features in base64 (RFC 8489 §9.2). */
const nonceCookie = 'obMatJos2';

export interface Challenge {
  readonly realm: string;
  readonly nonce: Uint8Array;
  readonly key: Uint8Array;
  /** Attributes that go into every request, in front of its proof. */
  readonly attributes: readonly StunAttribute[];
  readonly proof: NonNullable<Proof['integrity']>;
}

export type Challenged =
  | { readonly ok: true; readonly challenge: Challenge }
  /** No realm or nonce; features promised and not kept; no password algorithm that we know. */
  | { readonly ok: false; readonly why: 'no-challenge' | 'weakened' };

/** What a 401 or 438 answer asks for. A 438 may leave the realm out, which then is the one of before. */
export function challengeOf(
  attributes: readonly StunAttribute[],
  credentials: TurnCredentials,
  crypto: StunCrypto,
  before: Challenge | undefined,
): Challenged {
  const nonce = find(attributes, 'NONCE');
  const realmBytes = find(attributes, 'REALM');
  const realm = realmBytes === undefined ? before?.realm : fromUtf8(realmBytes);
  if (nonce === undefined || realm === undefined) return { ok: false, why: 'no-challenge' };

  const features = featuresOf(nonce);
  const offered = find(attributes, 'PASSWORD-ALGORITHMS')?.algorithms;
  if (features.passwordAlgorithms && offered === undefined) return { ok: false, why: 'weakened' };
  const chosen = offered && choose(offered);
  if (offered && !chosen) return { ok: false, why: 'weakened' };

  const strong = chosen?.algorithm === sha256;
  const key = longTermKey(crypto, strong ? 'sha256' : 'md5', { ...credentials, realm });
  const name: StunAttribute = features.anonymous
    ? { kind: 'USERHASH', body: { hash: userHash(crypto, credentials.username, realm) } }
    : { kind: 'USERNAME', body: utf8(credentials.username) };
  return {
    ok: true,
    challenge: {
      realm,
      nonce,
      key,
      attributes: [
        name,
        { kind: 'REALM', body: realmBytes ?? utf8(realm) },
        { kind: 'NONCE', body: nonce },
        // The server compares its list with what we saw of it (RFC 8489 §9.2.5).
        ...(offered && chosen
          ? ([
              { kind: 'PASSWORD-ALGORITHMS', body: { algorithms: [...offered] } },
              { kind: 'PASSWORD-ALGORITHM', body: chosen },
            ] satisfies StunAttribute[])
          : []),
      ],
      // A server that offers algorithms wants SHA-256 integrity, whichever key it is made with (RFC 8489 §9.2.5).
      proof: { key, hashes: offered ? ['sha256'] : ['sha1'], crypto },
    },
  };
}

const choose = (offered: readonly PasswordAlgorithm[]): PasswordAlgorithm | undefined =>
  offered.find(({ algorithm }) => algorithm === sha256) ?? offered.find(({ algorithm }) => algorithm === md5);

function featuresOf(nonce: Uint8Array): { readonly passwordAlgorithms: boolean; readonly anonymous: boolean } {
  const text = fromUtf8(nonce.subarray(0, nonceCookie.length + 4));
  const bits = text.startsWith(nonceCookie) ? fromBase64(text.slice(nonceCookie.length)) : undefined;
  const [first = 0] = bits?.length === 3 ? bits : [];
  return { passwordAlgorithms: (first & 0x80) !== 0, anonymous: (first & 0x40) !== 0 };
}
