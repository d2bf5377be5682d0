/**
 * Who chooses what: the server its suite, group, credential and signature scheme from what the client offers (RFC 5246
 * §7.4.1.3, RFC 8422 §5), the client its credential from what a CertificateRequest takes (RFC 5246 §7.4.4). Unknown numbers
 * are stepped over. When nothing fits, the failure says what was lacking, which is what people come to read.
 */
import type { Credential, CurveName, PrivateKey, PublicKey } from '../crypto/keys.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { curveOfScheme, scheme10, schemeFits13, signatureScheme } from '../crypto/schemes.ts';
import type { CertificateRequest12 } from '../wire/handshake.ts';
import { type CipherSuite, cipherSuite } from '../wire/suites.ts';
import type { EndpointConfig, OldVersion } from './api.ts';
import { isHybrid, isWeakScheme, mayRun } from './config.ts';
import type { Failure } from './failure.ts';

const curveGroups: Readonly<Record<CurveName, number>> = { secp256r1: 23, secp384r1: 24, secp521r1: 25 };

/** TLS ClientCertificateType (RFC 8422 §5.5; Ed25519 goes by ecdsa_sign too). */
const certificateType = { rsa: 1, ec: 64, ed25519: 64 } as const;

/**
 * Whether a key can authenticate a suite: RSA ones take RSA keys, ECDSA ones also Ed25519, but for DTLS 1.0 (RFC 8422 §2). A
 * key for RSASSA-PSS alone can neither decrypt nor sign as DTLS 1.0 does (RFC 8446 §4.2.3).
 */
export const keyFits = (key: PublicKey | PrivateKey, suite: CipherSuite, version: OldVersion): boolean => {
  if (suite.authentication === 'rsa')
    return key.kind === 'rsa' && !(key.pssOnly && (suite.keyExchange === 'rsa' || version === '1.0'));
  return key.kind === 'ec' || (key.kind === 'ed25519' && version !== '1.0');
};

/** What DTLS 1.0 signs with this key, where no scheme is named; `undefined` for a key that it does not know. */
export const impliedScheme = (key: PublicKey | PrivateKey): number | undefined =>
  key.kind === 'ed25519' || (key.kind === 'rsa' && key.pssOnly) ? undefined : scheme10[key.kind];

const signingSchemes = (config: EndpointConfig): readonly number[] => {
  const schemes = config.signingSchemes ?? config.signatureSchemes;
  return config.allowWeak ? schemes : schemes.filter((scheme) => !isWeakScheme(scheme));
};

/**
 * The first of our schemes that the peer takes and the key can make. In DTLS 1.2 an ECDSA scheme is not tied to a curve
 * (RFC 5246 §7.4.1.4.1), but the one that belongs to the key's curve comes first: some peers insist on it.
 */
function chooseScheme(
  provider: CryptoProvider,
  ours: readonly number[],
  peers: readonly number[],
  key: PrivateKey,
): number | undefined {
  const possible = ours.filter((scheme) => peers.includes(scheme) && provider.canSign(key, scheme));
  const tied = key.kind === 'ec' ? possible.find((scheme) => curveOfScheme(scheme) === key.curve) : undefined;
  return tied ?? possible[0];
}

/** What a client's hello offers, as far as the choice depends on it; `undefined` where the extension is absent. */
export interface Offer {
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[] | undefined;
  readonly signatureSchemes: readonly number[] | undefined;
}

export interface Choice {
  readonly suite: CipherSuite;
  readonly credential: Credential;
  /** What ServerKeyExchange holds; there is none in RSA key exchange (RFC 5246 §7.4.3). */
  readonly signed: { readonly group: number; readonly scheme: number } | undefined;
}

/** Without signature_algorithms a client takes SHA-1 only (RFC 5246 §7.4.1.4.1). */
const schemesByDefault: readonly number[] = [0x0201, 0x0203];

/** The server's choice, in its own order of preference. */
export function chooseForServer(
  config: EndpointConfig,
  provider: CryptoProvider,
  version: OldVersion,
  offer: Offer,
): Choice | { readonly refused: Failure } {
  const runnable = config.cipherSuites.filter((code) => mayRun(config, code, version));
  const credentials = config.credentials;
  const fitting = (suite: CipherSuite): readonly Credential[] =>
    credentials.filter((credential) => keyFits(credential.key, suite, version));
  const common = runnable
    .filter((code) => offer.cipherSuites.includes(code))
    .map((code) => cipherSuite(code))
    .filter((suite): suite is CipherSuite => suite !== undefined && fitting(suite).length > 0);
  if (common.length === 0) {
    const supported = runnable.filter((code) => {
      const suite = cipherSuite(code);
      return suite !== undefined && fitting(suite).length > 0;
    });
    return { refused: { fault: 'mismatch', code: 'no-common-suite', offered: offer.cipherSuites, supported } };
  }

  // RFC 8422 §5.1: without the extension the server may use any group.
  const supported = config.groups.filter((group) => provider.supportsGroup(group) && !isHybrid(group));
  const group = supported.find((candidate) => offer.groups?.includes(candidate) ?? true);
  if (group === undefined && common.every((suite) => suite.keyExchange !== 'rsa'))
    return { refused: { fault: 'mismatch', code: 'no-common-group', offered: offer.groups ?? [], supported } };

  const schemes = offer.signatureSchemes ?? schemesByDefault;
  for (const suite of common)
    for (const credential of fitting(suite)) {
      const { key } = credential;
      if (suite.keyExchange === 'rsa') return { suite, credential, signed: undefined };
      if (group === undefined) continue;
      // RFC 8422 §5.1: the curve of the certificate's key must be one the client knows, too.
      if (key.kind === 'ec' && offer.groups && !offer.groups.includes(curveGroups[key.curve])) continue;
      const scheme =
        version === '1.0' ? impliedScheme(key) : chooseScheme(provider, signingSchemes(config), schemes, key);
      if (scheme !== undefined) return { suite, credential, signed: { group, scheme } };
    }
  return { refused: { fault: 'mismatch', code: 'no-common-signature', offered: schemes } };
}

/** What a server of DTLS 1.3 chooses before it looks at credentials (RFC 8446 §4.1.1). */
export interface Choice13 {
  readonly suite: CipherSuite;
  readonly group: number;
  /** The client's share of the group; without it the client is to be asked for one. */
  readonly share: Uint8Array | undefined;
}

/** Suite and group, each in our order of preference; a group whose share is here goes before one that costs a round trip. */
export function chooseForServer13(
  config: EndpointConfig,
  provider: CryptoProvider,
  offer: {
    readonly cipherSuites: readonly number[];
    readonly groups: readonly number[];
    readonly shares: readonly { readonly group: number; readonly key_exchange: Uint8Array }[];
  },
  /** The suite that must be taken where it can be: that of a ticket, or of a HelloRetryRequest. */
  preferred: number | undefined,
): Choice13 | { readonly refused: Failure } {
  const runnable = config.cipherSuites.filter((code) => mayRun(config, code, '1.3'));
  const common = runnable.filter((code) => offer.cipherSuites.includes(code));
  const suite = cipherSuite((common.includes(preferred ?? -1) ? preferred : common[0]) ?? -1);
  if (!suite)
    return {
      refused: { fault: 'mismatch', code: 'no-common-suite', offered: offer.cipherSuites, supported: runnable },
    };
  const supported = config.groups.filter((group) => provider.supportsGroup(group));
  const possible = supported.filter((group) => offer.groups.includes(group));
  const shareOf = (group: number): Uint8Array | undefined =>
    offer.shares.find((entry) => entry.group === group)?.key_exchange;
  const group = possible.find((candidate) => shareOf(candidate) !== undefined) ?? possible[0];
  if (group === undefined)
    return { refused: { fault: 'mismatch', code: 'no-common-group', offered: offer.groups, supported } };
  return { suite, group, share: shareOf(group) };
}

/** The first credential, and scheme, that the peer takes in a CertificateVerify of DTLS 1.3 (RFC 8446 §4.4.2.2, §4.4.3). */
export function chooseCredential13(
  config: EndpointConfig,
  provider: CryptoProvider,
  schemes: readonly number[],
): { readonly credential: Credential; readonly scheme: number } | undefined {
  for (const credential of config.credentials) {
    const { key } = credential;
    const scheme = signingSchemes(config).find(
      (code) => schemes.includes(code) && schemeFits13(key, code) && provider.canSign(key, code),
    );
    if (scheme !== undefined) return { credential, scheme };
  }
  return undefined;
}

/** A CertificateRequest; before DTLS 1.2 it names no signature algorithms (RFC 4346 §7.4.4). */
export type Asked = Pick<CertificateRequest12, 'certificate_types'> & Partial<CertificateRequest12>;

/** The client's answer to a CertificateRequest; `undefined` means an empty Certificate (RFC 5246 §7.4.6). */
export function chooseForClient(
  config: EndpointConfig,
  provider: CryptoProvider,
  request: Asked,
): { readonly credential: Credential; readonly scheme: number } | undefined {
  for (const credential of config.credentials) {
    if (!request.certificate_types.includes(certificateType[credential.key.kind])) continue;
    const theirs = request.supported_signature_algorithms;
    const scheme = theirs
      ? chooseScheme(provider, signingSchemes(config), theirs, credential.key)
      : impliedScheme(credential.key);
    if (scheme !== undefined) return { credential, scheme };
  }
  return undefined;
}

/** What a server that takes these schemes puts into certificate_types. */
export function certificateTypesFor(schemes: readonly number[]): number[] {
  const kinds = schemes.map((scheme) => signatureScheme(scheme)?.kind);
  const types: number[] = [];
  if (kinds.some((kind) => kind === 'ecdsa' || kind === 'ed25519')) types.push(certificateType.ec);
  if (kinds.some((kind) => kind === 'rsa-pkcs1' || kind === 'rsa-pss')) types.push(certificateType.rsa);
  // The vector must not be empty (RFC 5246 §7.4.4).
  return types.length > 0 ? types : [certificateType.ec];
}
