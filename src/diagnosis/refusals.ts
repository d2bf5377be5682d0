/**
 * What a fatal alert was about, where that can be known: the end that sent it tells (a run of ours), the messages show it,
 * or what was offered lacks what everybody needs. One refusal has one cause, and the rule of that name leads; where nothing
 * tells, `alert-explained` lists what it usually is.
 */
import type { AlertView, Handshake } from '../analysis/model.ts';
import type { PacketRange } from '../trace/buffers.ts';
import type { Failure } from '../trace/facts.ts';
import type { Actor } from '../trace/model.ts';
import { nameIn, versions } from '../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import { isOver, refusesRecord } from './alerts.ts';
import { serverRandoms } from './causes.ts';
import { causeText } from './causeText.ts';
import { failureText, numbers, text } from './failures.ts';
import { answerOf, certificateAsked, emptyAuthorities, emptyCertificate, messageOf } from './fields.ts';
import type { Says } from './model.ts';
import {
  extension,
  groupsText,
  hasUsualProfile,
  keyKindOf,
  keyKindOfCertificate,
  oddSchemes,
  profilesText,
  realSuites,
  renegotiationSign,
  schemesText,
  secp256r1,
  suitesText,
} from './negotiation.ts';
import { bothBegan, type Cut, flightOf, storyOf } from './story.ts';
import { capitalised, count, inProse, list, otherSide } from './words.ts';

/** The rules that a refusal can be about. */
export type RefusalId =
  | 'both-active'
  | 'version-mismatch'
  | 'no-common-suite'
  | 'no-common-group'
  | 'certificate-suite-mismatch'
  | 'certificate-request-without-ecdsa'
  | 'empty-client-certificate'
  | 'srtp-not-negotiated'
  | 'no-common-srtp-profile'
  | 'certificate-validity'
  | 'extended-master-secret-missing'
  | 'renegotiation-info-missing'
  | 'empty-certificate-authorities'
  | 'unknown-signature-algorithm'
  | 'signature-mismatch'
  | 'finished-decrypt-failure'
  | 'interleaved-handshakes'
  | 'datagram-truncated';

export interface Refusal {
  readonly id: RefusalId;
  readonly alert: AlertView;
  /** The sender says so; the messages show it; or it is what they suggest. */
  readonly basis: 'told' | 'shown' | 'likely';
  /** The cause as a clause, for verdict and findings. */
  readonly text: string;
}
type Cause = Omit<Refusal, 'alert'>;

const found = new WeakMap<Handshake, { readonly refusal: Refusal | undefined }>();

/** What the alert that ended the handshake was about; undefined where there was none, or another rule knows it. */
export function refusalOf(handshake: Handshake): Refusal | undefined {
  const known = found.get(handshake);
  if (known) return known.refusal;
  const { fatal, mismatch } = storyOf(handshake);
  const cause = fatal && !mismatch ? causeOf(handshake, fatal) : undefined;
  const refusal = fatal && cause && { ...cause, alert: fatal };
  found.set(handshake, { refusal });
  return refusal;
}

/** The refusal, when it is what this rule is about. */
export function refusalAs(handshake: Handshake, id: RefusalId): Refusal | undefined {
  const refusal = refusalOf(handshake);
  return refusal?.id === id ? refusal : undefined;
}

/** "most likely …" where it is not known for sure. */
export const refusalText = ({ basis, text: clause }: Refusal): string =>
  basis === 'likely' ? `most likely ${clause}` : clause;

/** What a rule says of the refusal that it is about. */
export const endedBy = (refusal: Refusal, fix: string, evidence: readonly PacketRange[]): Says => ({
  severity: 'error',
  why: `${capitalised(refusalText(refusal))}: so the ${refusal.alert.from} ended the handshake.`,
  fix,
  evidence: [...evidence, ...(refusal.alert.where ? [refusal.alert.where] : [])],
});

/** AlertDescription (RFC 8446 §6.2, RFC 5246 §7.2). */
const alertOf = {
  unexpectedMessage: 10,
  badRecordMac: 20,
  recordOverflow: 22,
  handshakeFailure: 40,
  badCertificate: 42,
  expired: 45,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  version: 70,
  insufficientSecurity: 71,
  internalError: 80,
} as const;

/** Alerts over bytes that could not be read. */
const unread: ReadonlySet<number> = new Set([
  alertOf.unexpectedMessage,
  alertOf.badRecordMac,
  alertOf.recordOverflow,
  alertOf.illegalParameter,
  alertOf.decodeError,
  alertOf.internalError,
]);

/** Datagrams that the path cut, and of which the side never had the rest. */
const cutsAgainst = (handshake: Handshake, reader: Actor): readonly Cut[] =>
  storyOf(handshake).cuts.filter(
    ({ datagram }) => datagram.from !== reader && flightOf(handshake, datagram)?.complete !== true,
  );

/** Alerts over a message that is not the one which was due, or does not fit what came before. */
const mixed: ReadonlySet<number> = new Set([
  alertOf.unexpectedMessage,
  alertOf.badRecordMac,
  alertOf.illegalParameter,
  alertOf.decryptError,
]);

function causeOf(handshake: Handshake, alert: AlertView): Cause | undefined {
  if (alert.description === alertOf.unexpectedMessage && bothBegan(handshake))
    return { id: 'both-active', basis: 'shown', text: 'both sides sent a ClientHello, as if both were the client' };
  if (alert.description === alertOf.version)
    return handshake.establishedAt === undefined && !refusesRecord(handshake, alert.from)
      ? { id: 'version-mismatch', basis: 'shown', text: versionText(handshake, alert) }
      : undefined;
  const hellos = mixed.has(alert.description) ? serverRandoms(handshake).size : 0;
  // Whatever did not fit then was of another handshake.
  if (hellos > 1)
    return { id: 'interleaved-handshakes', basis: 'shown', text: causeText({ kind: 'interleaved', hellos }) };
  const cut = unread.has(alert.description) ? cutsAgainst(handshake, alert.from) : [];
  const [first] = cut;
  if (first)
    return {
      id: 'datagram-truncated',
      basis: 'likely',
      text: `${count(cut.length, 'datagram')} of the ${first.datagram.from} arrived cut to ${first.to} bytes, and it reads what is left`,
    };
  const own = handshake.failures.find(({ actor }) => actor === alert.from)?.failure;
  // Who says why it gave up is believed, also where that has no rule.
  if (own && own.code !== 'alert' && own.code !== 'timed-out') return toldCause(handshake, alert, own);
  if (alert.description === alertOf.expired)
    return { id: 'certificate-validity', basis: 'shown', text: datesText(handshake, alert) };
  const finished = finishedCause(handshake, alert);
  if (finished) return finished;
  return alert.from === 'client' ? clientCause(handshake, alert) : serverCause(handshake, alert);
}

/** Keys that open a Finished tell whether it fits, and so who has counted other messages than the trace has. */
function finishedCause({ finished, lastMessage, messages }: Handshake, alert: AlertView): Cause | undefined {
  const sender = otherSide(alert.from);
  const fits = finished[sender]?.fits;
  if (!cryptographicAlerts.has(alert.description) || fits === undefined) return undefined;
  if (lastMessage?.from !== sender || lastMessage.name !== 'finished') return undefined;
  const signed = messages.some(({ from, name }) => from === sender && name === 'certificate_verify');
  const clause = fits
    ? `the ${sender}'s Finished is right for the messages in this trace, so that the ${alert.from} has hashed others${signed ? ', or means a signature' : ''}`
    : `the ${sender}'s Finished is not the hash of the messages in this trace: the ${sender} has hashed others`;
  return { id: 'finished-decrypt-failure', basis: 'shown', text: clause };
}

/** bad_record_mac, decryption_failed, decrypt_error. */
export const cryptographicAlerts: ReadonlySet<number> = new Set([20, 21, 51]);

function toldCause(handshake: Handshake, alert: AlertView, failure: Failure): Cause | undefined {
  const told = (id: RefusalId, clause: string = failureText(failure)): Cause => ({ id, basis: 'told', text: clause });
  const [offered, supported] = [numbers(failure['offered']), numbers(failure['supported'])];
  switch (failure.code) {
    case 'no-common-suite':
      return suiteCause(offered, supported);
    case 'no-common-group':
      return told(
        'no-common-group',
        `no group in common: the client offers ${groupsText(offered)}, and the server ${supported.length === 0 ? 'has none of them' : `takes ${groupsText(supported)}`}`,
      );
    case 'no-extended-master-secret':
      return told('extended-master-secret-missing', missingSecretText(handshake, alert.from));
    case 'certificate-missing':
      return noCertificateCause(handshake);
    case 'bad-signature':
      return told(
        'signature-mismatch',
        `the signature in the ${otherSide(alert.from)}'s ${inProse(text(failure['message']))} is wrong`,
      );
    case 'bad-certificate':
      return alert.description === alertOf.expired
        ? told('certificate-validity', datesText(handshake, alert))
        : undefined;
    case 'malformed':
      if (text(failure['why']).includes('signature algorithm'))
        return told('unknown-signature-algorithm', oddListText(handshake, alert.from) ?? failureText(failure));
      return emptyAuthorities(handshake) && text(failure['message']) === 'certificate_request'
        ? told('empty-certificate-authorities', authoritiesText)
        : undefined;
    default:
      return undefined;
  }
}

const authoritiesText =
  "the server's CertificateRequest has an empty certificate_authorities extension, which DTLS 1.3 forbids";

/** A server without a suite: because its certificate is of the other kind, or because it has none of those offered. */
function suiteCause(offered: readonly number[], supported: readonly number[]): Cause {
  const [asked, has] = [keyKindOf(offered), keyKindOf(supported)];
  const kinds = { ecdsa: 'ECDSA', rsa: 'RSA' } as const;
  if (supported.length === 0)
    return {
      id: 'certificate-suite-mismatch',
      basis: 'told',
      text: "none of the suites that the server allows fits its certificate's kind of key",
    };
  if (asked && has && asked !== has)
    return {
      id: 'certificate-suite-mismatch',
      basis: 'told',
      text: `the client offers suites for ${kinds[asked]} certificates only, and the server's certificate is ${kinds[has]}`,
    };
  return {
    id: 'no-common-suite',
    basis: 'told',
    text: `no cipher suite in common: the client offers ${suitesText(offered)}, and the server takes ${suitesText(supported)}`,
  };
}

/** The client did not take what the server answered. */
function clientCause(handshake: Handshake, alert: AlertView): Cause | undefined {
  const { offer, version, cipherSuite: chosen } = handshake.parameters;
  const answer = answerOf(handshake);
  const refusesChoice =
    alert.description === alertOf.handshakeFailure || alert.description === alertOf.insufficientSecurity;
  const strictReader = readerAlerts.has(alert.description);
  if (emptyAuthorities(handshake) && (strictReader || refusesChoice))
    return { id: 'empty-certificate-authorities', basis: 'shown', text: authoritiesText };
  const [leaf] = handshake.certificates.server;
  const suite = chosen === undefined ? undefined : cipherSuite(chosen);
  const kind = leaf && keyKindOfCertificate(leaf);
  if (suite && kind && suite.authentication !== 'any' && suite.authentication !== kind)
    return {
      id: 'certificate-suite-mismatch',
      basis: 'shown',
      text: `the server chose ${cipherSuiteName(suite.code)} and sent a certificate with the key ${leaf?.key}`,
    };
  if (!answer || !offer || handshake.finished.client) return undefined;
  const agreed = (code: number): boolean => answer.extensions.includes(code);
  const noSrtp = offer.srtpProfiles.length > 0 && !agreed(extension.srtp);
  const noSecret =
    version !== '1.3' &&
    offer.extensions.includes(extension.extendedMasterSecret) &&
    !agreed(extension.extendedMasterSecret);
  if (alert.description === alertOf.insufficientSecurity && noSrtp) return srtpCause(offer.srtpProfiles, 'shown');
  const noRenegotiation = renegotiationText(handshake);
  // RFC 5746 §3.4 names this alert. Who sent more than it has taken the ServerHello.
  if (
    alert.description === alertOf.handshakeFailure &&
    noRenegotiation &&
    !messageOf(handshake, 'client', 'client_key_exchange')
  )
    return {
      id: 'renegotiation-info-missing',
      basis: noSecret ? 'likely' : 'shown',
      text: `${noRenegotiation}${noSecret ? ', nor extended_master_secret' : ''}`,
    };
  if (refusesChoice && noSecret)
    return { id: 'extended-master-secret-missing', basis: 'shown', text: missingSecretText(handshake, 'client') };
  if (refusesChoice && noSrtp) return srtpCause(offer.srtpProfiles, 'likely');
  const { srtpProfile } = handshake.parameters;
  if (
    alert.description === alertOf.illegalParameter &&
    srtpProfile !== undefined &&
    !offer.srtpProfiles.includes(srtpProfile)
  )
    return {
      id: 'no-common-srtp-profile',
      basis: 'shown',
      text: `the server chose the SRTP profile ${profilesText([srtpProfile])}, and the client offers ${profilesText(offer.srtpProfiles)}`,
    };
  // Before the client's Finished there is one signature of the server in DTLS 1.2, and no Finished of its own.
  if (version !== '1.3' && alert.description === alertOf.decryptError)
    return {
      id: 'signature-mismatch',
      basis: 'shown',
      text: "the signature in the server's ServerKeyExchange does not verify",
    };
  const odd = oddListText(handshake, 'client');
  return strictReader && odd ? { id: 'unknown-signature-algorithm', basis: 'likely', text: odd } : undefined;
}

/** The server did not take the ClientHello, or what the client answered. */
function serverCause(handshake: Handshake, alert: AlertView): Cause | undefined {
  if (alert.afterMessage === 'client_hello') return offerCause(handshake, alert);
  if (emptyCertificate(handshake) && alert.description !== alertOf.decryptError) return noCertificateCause(handshake);
  return firefoxCause(handshake, alert);
}

/** Alerts of those who could not read a message. */
const readerAlerts: ReadonlySet<number> = new Set([
  alertOf.decodeError,
  alertOf.illegalParameter,
  alertOf.internalError,
]);

/** What an offer lacks that most servers need; the server has said nothing but its alert. */
function offerCause(handshake: Handshake, alert: AlertView): Cause | undefined {
  const { offer } = handshake.parameters;
  if (!offer) return undefined;
  const likely = (id: RefusalId, clause: string): Cause => ({ id, basis: 'likely', text: clause });
  const odd = oddListText(handshake, 'server');
  if (readerAlerts.has(alert.description) && odd) return likely('unknown-signature-algorithm', odd);
  const insufficient = alert.description === alertOf.insufficientSecurity;
  if (alert.description !== alertOf.handshakeFailure && !insufficient) return undefined;
  const suites = realSuites(offer.cipherSuites);
  if (!suites.some((code) => cipherSuite(code) !== undefined))
    return likely(
      'no-common-suite',
      `no cipher suite in common: the client offers ${suitesText(suites)}, which no WebRTC stack takes`,
    );
  // pion gives this alert for suites, SRTP and extended_master_secret alike; its words are in its log alone.
  if (insufficient && !hasUsualProfile(offer.srtpProfiles)) return srtpCause(offer.srtpProfiles, 'likely');
  const is13 = offer.versions.includes(0xfefc);
  if (!is13 && !offer.extensions.includes(extension.extendedMasterSecret))
    return likely(
      'extended-master-secret-missing',
      'the client does not offer extended_master_secret, and the server demands it',
    );
  if (offer.extensions.includes(extension.groups) && !offer.groups.includes(secp256r1))
    return likely(
      'no-common-group',
      `no group in common: the client offers ${groupsText(offer.groups)}, and not secp256r1, which every WebRTC stack has`,
    );
  const kind = is13 ? undefined : keyKindOf(suites);
  if (kind)
    return likely(
      'certificate-suite-mismatch',
      `the client offers suites for ${kind === 'rsa' ? 'RSA' : 'ECDSA'} certificates only, and the server's certificate is ${kind === 'rsa' ? 'ECDSA, as WebRTC stacks make them' : 'RSA'}`,
    );
  return is13 || renegotiationSign(offer)
    ? undefined
    : likely(
        'renegotiation-info-missing',
        'the client says nothing of secure renegotiation, and the server demands that it does',
      );
}

/** What a server that was told of secure renegotiation left out; undefined where it did not. */
export function renegotiationText(handshake: Handshake): string | undefined {
  const { offer, version } = handshake.parameters;
  const answer = answerOf(handshake);
  const sign = offer && renegotiationSign(offer);
  return sign && answer && version !== '1.3' && !answer.extensions.includes(extension.renegotiation)
    ? `the client offers secure renegotiation (${sign}), and the server's answer has no renegotiation_info`
    : undefined;
}

function srtpCause(offered: readonly number[], basis: 'shown' | 'likely'): Cause {
  if (offered.length === 0)
    return { id: 'srtp-not-negotiated', basis, text: 'the client offers no use_srtp, and the server demands it' };
  return hasUsualProfile(offered)
    ? {
        id: 'srtp-not-negotiated',
        basis,
        text: `the client offers use_srtp (${profilesText(offered)}), and the server's answer has none`,
      }
    : {
        id: 'no-common-srtp-profile',
        basis,
        text: `the client offers the SRTP profiles ${profilesText(offered)}, and the server takes none of them`,
      };
}

/** A client that shows no certificate may have been asked for one that it can't have. */
function noCertificateCause(handshake: Handshake): Cause {
  const asked = certificateAsked(handshake);
  return asked?.types && !asked.types.includes(ecdsaSign)
    ? {
        id: 'certificate-request-without-ecdsa',
        basis: 'shown',
        text: "the client showed no certificate, as the server's CertificateRequest does not name ecdsa_sign",
      }
    : {
        id: 'empty-client-certificate',
        basis: 'shown',
        text: 'the server demands a certificate of the client, and it showed none',
      };
}
/** ClientCertificateType ecdsa_sign (RFC 8422 §5.5). */
export const ecdsaSign = 64;

/**
 * A client that offers DTLS 1.3 and is answered with 1.2 signed, and the server dislikes it: Firefox 150 against pion
 * (Firefox bug 2033783). bad_certificate is as well what a wrong fingerprint gives, so that must be ruled out.
 */
function firefoxCause(handshake: Handshake, { description }: AlertView): Cause | undefined {
  const { version, offer } = handshake.parameters;
  if (version !== '1.2' || !offer?.versions.includes(0xfefc) || !messageOf(handshake, 'client', 'certificate_verify'))
    return undefined;
  const fits = handshake.fingerprints.some(({ of, matches }) => of === 'client' && matches === true);
  const about = description === alertOf.decryptError || (description === alertOf.badCertificate && fits);
  return about
    ? {
        id: 'signature-mismatch',
        basis: 'likely',
        text: "the signature in the client's CertificateVerify does not verify",
      }
    : undefined;
}

/** What a reader that is too strict falls over: a rare algorithm in the list that it got. */
function oddListText(handshake: Handshake, reader: Actor): string | undefined {
  const [where, schemes] =
    reader === 'server'
      ? ['the ClientHello', handshake.parameters.offer?.signatureSchemes]
      : ["the server's CertificateRequest", certificateAsked(handshake)?.signatureSchemes];
  const odd = oddSchemes(schemes ?? []);
  return odd.length === 0
    ? undefined
    : `the ${reader} falls over ${odd.length === 1 ? 'a signature algorithm' : 'signature algorithms'} in ${where} that it does not know: ${schemesText(odd)}`;
}

function missingSecretText({ parameters: { offer } }: Handshake, by: Actor): string {
  if (by === 'server') return 'the server demands extended_master_secret, and the client does not offer it';
  return offer?.extensions.includes(extension.extendedMasterSecret)
    ? "the client demands extended_master_secret, and the server's answer has none"
    : 'extended_master_secret is demanded and was not agreed';
}

/** Versions offered that mean something for DTLS: some clients list those of TLS too. */
export const offeredVersions = ({ parameters: { offer } }: Handshake): readonly string[] =>
  (offer?.versions ?? []).map(nameIn(versions)).filter((name) => name.startsWith('DTLS'));

/** The client gave up on a HelloVerifyRequest, whose version says nothing of the one that is agreed on. */
export const refusesVerify = ({ lastMessage }: Handshake, by: Actor): boolean =>
  by === 'client' && lastMessage?.name === 'hello_verify_request';

function versionText(handshake: Handshake, { from }: AlertView): string {
  const offered = list(offeredVersions(handshake)) || 'versions that were not seen';
  const { version } = handshake.parameters;
  if (from === 'server') return `the client offers ${offered}, and the server allows none of it`;
  if (refusesVerify(handshake, from))
    return 'it takes the version in the HelloVerifyRequest (DTLS 1.0, whatever comes later) for the chosen one';
  return `the client offers ${offered}, and the server chose ${version === undefined ? 'another version' : `DTLS ${version}`}`;
}

function datesText(handshake: Handshake, { from }: AlertView): string {
  const blamed = otherSide(from);
  const [leaf] = handshake.certificates[blamed];
  const name = `the ${blamed}'s certificate (${leaf?.subject || 'no name'})`;
  if (!leaf?.notAfter) return `the ${from} holds ${name} to be expired`;
  const until = leaf.notAfter.slice(0, 10);
  return isOver(leaf.notAfter, handshake)
    ? `${name} was valid until ${until}`
    : `it holds ${name} to be expired, which is valid until ${until}`;
}
