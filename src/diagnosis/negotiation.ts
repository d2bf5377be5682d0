/** What was offered and agreed, in words and as questions: suites and the keys they need, SRTP, signature algorithms. */
import type { CertificateView, Handshake } from '../analysis/model.ts';
import { extensionTypes, groups, nameIn, numberIn, signatureSchemes, srtpProfiles } from '../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import { answerOf } from './fields.ts';
import { fewText } from './words.ts';

const extensionNumber = (name: (typeof extensionTypes)[keyof typeof extensionTypes]): number =>
  numberIn(extensionTypes, name) ?? -1;
export const extension = {
  groups: extensionNumber('supported_groups'),
  signatures: extensionNumber('signature_algorithms'),
  srtp: extensionNumber('use_srtp'),
  extendedMasterSecret: extensionNumber('extended_master_secret'),
  renegotiation: extensionNumber('renegotiation_info'),
} as const;

export const groupsText = (numbers: readonly number[]): string => fewText(numbers.map(nameIn(groups)));
export const profilesText = (numbers: readonly number[]): string => fewText(numbers.map(nameIn(srtpProfiles)));
export const schemesText = (numbers: readonly number[]): string => fewText(numbers.map(nameIn(signatureSchemes)));
export const suitesText = (numbers: readonly number[]): string => fewText(realSuites(numbers).map(cipherSuiteName));

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, which says what an empty renegotiation_info says (RFC 5746 §3.3). */
const renegotiationSuite = 0x00ff;

/** How a ClientHello says that the client knows secure renegotiation, if it does. */
export const renegotiationSign = ({
  cipherSuites,
  extensions,
}: NonNullable<Handshake['parameters']['offer']>): string | undefined =>
  extensions.includes(extension.renegotiation)
    ? 'renegotiation_info'
    : cipherSuites.includes(renegotiationSuite)
      ? 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV among its cipher suites'
      : undefined;

/** Without the values that only signal something (RFC 5746 §3.3, RFC 7507 §3, RFC 8701 §2). */
export const realSuites = (numbers: readonly number[]): readonly number[] =>
  numbers.filter((code) => code !== renegotiationSuite && code !== 0x5600 && (code & 0x0f0f) !== 0x0a0a);

/** The kind of certificate that suites of DTLS 1.2 need, when all of those that are known need the same. */
export function keyKindOf(numbers: readonly number[]): 'ecdsa' | 'rsa' | undefined {
  const kinds = new Set(numbers.flatMap((code) => cipherSuite(code)?.authentication ?? []));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== 'any' ? kind : undefined;
}

/** Ed25519 goes with the ECDSA suites (RFC 8422 §5.10). */
export const keyKindOfCertificate = ({ key }: CertificateView): 'ecdsa' | 'rsa' | undefined =>
  key === undefined ? undefined : key.startsWith('RSA') ? 'rsa' : /^(ECDSA|Ed25519)/i.test(key) ? 'ecdsa' : undefined;

/** P-256 is what every WebRTC stack must have (RFC 8827 §6.5). */
export const secp256r1 = numberIn(groups, 'secp256r1') ?? -1;

/** Profiles that WebRTC stacks have: SRTP_AES128_CM_HMAC_SHA1_80, which all must have (RFC 8827 §6.5), and AES-GCM. */
const usualProfiles: ReadonlySet<number> = new Set([1, 7, 8]);

export interface SrtpFacts {
  readonly offered: readonly number[];
  /** `undefined`: agreed on none. */
  readonly agreed: number | undefined;
  /** Every WebRTC stack has one of those offered. */
  readonly usual: boolean;
}

/** What the hellos say of SRTP; undefined while the answer of the server was not seen. */
export function srtpFacts(handshake: Handshake): SrtpFacts | undefined {
  const { offer, srtpProfile } = handshake.parameters;
  const answer = answerOf(handshake);
  if (!offer || !answer) return undefined;
  const agreed = answer.extensions.includes(extension.srtp) ? srtpProfile : undefined;
  return { offered: offer.srtpProfiles, agreed, usual: hasUsualProfile(offer.srtpProfiles) };
}

export const hasUsualProfile = (profiles: readonly number[]): boolean =>
  profiles.some((profile) => usualProfiles.has(profile));

/** Whether audio or video was to flow: `undefined` where neither signalling nor data tells. */
export function mediaWanted({ path, sctp, traffic }: Handshake): boolean | undefined {
  if (traffic.client.media + traffic.server.media > 0) return true;
  const descriptions = path.flatMap(({ kind, fact }) =>
    kind === 'signalling' && fact.kind === 'description' ? [fact.sdp] : [],
  );
  // A port of 0 is a section that was refused (RFC 9429 §5.3.1).
  if (descriptions.some((sdp) => /^m=(audio|video) [1-9]/m.test(sdp))) return true;
  if (descriptions.length > 0) return false;
  return sctp.length > 0 ? false : undefined;
}

/**
 * Of a list of signature algorithms those that strict parsers fall over: DSA and SHA-224 (RFC 5246 §7.4.1.4.1), values
 * that have no name, and those that only keep peers from being strict (RFC 8701 §2).
 */
export const oddSchemes = (schemes: readonly number[]): readonly number[] =>
  schemes.filter((scheme) => !Object.hasOwn(signatureSchemes, scheme) || (scheme & 0xff) === 2 || scheme >> 8 === 3);

/** Whether an established handshake gives no keys for media that may come, or for none but data; `undefined` where it gives them. */
export function srtpLacking(handshake: Handshake): 'media' | 'data-alone' | undefined {
  const srtp = srtpFacts(handshake);
  if (!srtp || srtp.agreed !== undefined || handshake.establishedAt === undefined) return undefined;
  const wanted = mediaWanted(handshake);
  if (srtp.offered.length === 0) return wanted === true ? 'media' : undefined;
  if (!srtp.usual || answerOf(handshake)?.extensions.includes(extension.srtp)) return undefined;
  return wanted === false ? 'data-alone' : 'media';
}
