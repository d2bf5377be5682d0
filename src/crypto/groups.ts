/**
 * Key agreement as a table of groups. A Diffie-Hellman group gives `newKey` and gets `generate` and `respond` from it
 * (`diffieHellman`); a KEM, which needs the peer's share before it can answer, is a row with a `respond` of its own.
 */
import type { RandomSource } from '../base/random.ts';
import type { CurveName } from './keys.ts';
import type { KeyAgreement } from './provider.ts';

export interface Group {
  readonly generate: (random: RandomSource) => KeyAgreement;
  readonly respond: (
    peerShare: Uint8Array,
    random: RandomSource,
  ) => { readonly share: Uint8Array; readonly secret: Uint8Array } | undefined;
}

/** A group from one operation: make a key that can agree with any share. */
export const diffieHellman = (newKey: (random: RandomSource) => KeyAgreement): Group => ({
  generate: newKey,
  respond: (peerShare, random) => {
    const key = newKey(random);
    const secret = key.agree(peerShare);
    return secret && { share: key.share, secret };
  },
});

/** Whether bytes have the form of an uncompressed point of this curve (RFC 8422 §5.4.1). */
export const isUncompressed = (point: Uint8Array, curve: CurveName): boolean =>
  point.length === 1 + 2 * curveBytes[curve] && point[0] === 4;

/** The row of a group; a group that is not there is a mistake of the caller, who could have asked `supportsGroup`. */
export function groupOf(groups: ReadonlyMap<number, Group>, code: number): Group {
  const group = groups.get(code);
  if (!group) throw new Error(`no group 0x${code.toString(16)} here: ask supportsGroup first`);
  return group;
}

/** Bytes of a coordinate and of a private key. */
export const curveBytes = { secp256r1: 32, secp384r1: 48, secp521r1: 66 } as const satisfies Record<CurveName, number>;
