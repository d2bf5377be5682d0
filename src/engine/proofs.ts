/**
 * Proofs: values that only the function that made the check can make. The connected state takes them, so that code which
 * skips a check does not compile. A brand is a compile-time thing; at run time a proof is an empty object.
 */
import { equalConstantTime, toHex } from '../base/bytes.ts';
import type { PublicKey } from '../crypto/keys.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig, Parameters, PeerTrust } from './api.ts';
import type { Failure } from './failure.ts';

declare const proof: unique symbol;

/** The peer's Finished is the one that this handshake must give. */
export interface FinishedVerified {
  readonly [proof]: 'finished';
}
/** The peer holds the private key of the certificate it showed. */
export interface SignatureVerified {
  readonly [proof]: 'signature';
}
/** The certificate is one that signalling announced, or the user asked for no such check. */
export interface PeerTrusted {
  readonly [proof]: 'trusted';
}
/** The client showed no certificate, and the settings allow that. */
export interface AnonymityAllowed {
  readonly [proof]: 'anonymous';
}

/** RFC 5246 §7.4.9. */
export const verifyFinished = (expected: Uint8Array, got: Uint8Array): FinishedVerified | undefined =>
  equalConstantTime(expected, got) ? ({} as FinishedVerified) : undefined;

/** RFC 5246 §7.4.3 (ServerKeyExchange) and §7.4.8 (CertificateVerify). */
export const verifySignature = (
  provider: CryptoProvider,
  key: PublicKey,
  scheme: number,
  message: Uint8Array,
  signature: Uint8Array,
): SignatureVerified | undefined =>
  provider.verify(key, scheme, message, signature) ? ({} as SignatureVerified) : undefined;

/** Whether the leaf certificate is one of those announced (RFC 8122 §5): any one match suffices. */
export function checkTrust(
  provider: CryptoProvider,
  trust: PeerTrust,
  leaf: Uint8Array,
): { readonly trusted: PeerTrusted; readonly matched: boolean | undefined } | { readonly mismatch: Failure } {
  if (trust.kind === 'any') return { trusted: {} as PeerTrusted, matched: undefined };
  for (const { hash, value } of trust.fingerprints)
    if (equalConstantTime(provider.hash(hash, leaf), value)) return { trusted: {} as PeerTrusted, matched: true };
  const spell = (hash: string, value: Uint8Array): string => `${hash} ${toHex(value)}`;
  const shown = trust.fingerprints[0]?.hash ?? 'sha256';
  return {
    mismatch: {
      fault: 'peer',
      code: 'fingerprint-mismatch',
      expected: trust.fingerprints.map(({ hash, value }) => spell(hash, value)),
      got: spell(shown, provider.hash(shown, leaf)),
      ...(trust.alert && { alert: trust.alert }),
    },
  };
}

/** Whether a client may go without a certificate: not when one is required, nor when its fingerprint is to be checked. */
export const checkAnonymity = (config: EndpointConfig): AnonymityAllowed | undefined =>
  config.clientAuth !== 'require' && config.trust.kind === 'any' ? ({} as AnonymityAllowed) : undefined;

/** The peer has the key of a ticket, and who had it when the ticket was made may be the peer now. */
export interface ResumptionAllowed {
  readonly [proof]: 'resumed';
}
/**
 * Whether a ticket may be used: the peer that it was made with is somebody whom the settings still let in. `leafHash` is the SHA-256 of its certificate, `undefined` when it showed none.
 */
export function checkResumption(
  config: EndpointConfig,
  leafHash: Uint8Array | undefined,
): ResumptionAllowed | undefined {
  const { trust, clientAuth, role } = config;
  if (leafHash === undefined)
    return role === 'server' && clientAuth !== 'require' && trust.kind === 'any'
      ? ({} as ResumptionAllowed)
      : undefined;
  const known =
    trust.kind === 'any' ||
    trust.fingerprints.some(({ hash, value }) => hash === 'sha256' && equalConstantTime(value, leafHash));
  return known ? ({} as ResumptionAllowed) : undefined;
}

/** What is known of who the peer is. */
export type PeerProof =
  | { readonly signature: SignatureVerified; readonly trusted: PeerTrusted }
  /** RSA key exchange: nobody but the owner of the key could read what its Finished is made from (RFC 5246 §7.4.7.1). */
  | { readonly finished: FinishedVerified; readonly trusted: PeerTrusted }
  | { readonly anonymous: AnonymityAllowed }
  | { readonly resumed: ResumptionAllowed };

/** A completed handshake. Cannot be made without the proofs. */
export interface Connected {
  readonly finished: FinishedVerified;
  readonly peer: PeerProof;
  readonly parameters: Parameters;
  /** Keying material for applications (RFC 5705). */
  readonly export: (label: string, context: Uint8Array | undefined, length: number) => Uint8Array;
}
