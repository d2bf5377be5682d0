/**
 * The chains of both sides as people ask about them: what each certificate is, what it costs on the wire, whether its
 * fingerprint is the announced one, whether each is signed by the next. WebRTC trusts the fingerprint alone (RFC 8122
 * §5), so dates and issuers are information, never a fault.
 */
import type { CertificateView, Handshake, MessageView } from '../../src/analysis/model.ts';
import { unreachable } from '../../src/base/unreachable.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import type { Actor } from '../../src/trace/model.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { chainLinks, type Link } from '../../src/x509/chain.ts';
import { colons, type FingerprintHash, fingerprintOf, formatFingerprint } from '../../src/x509/fingerprint.ts';
import { pem } from '../../src/x509/pem.ts';

export interface ChainView {
  readonly side: Actor;
  readonly certificates: readonly CertificateCard[];
  /** The whole chain, leaf first. */
  readonly pem: string;
  /** "1384 B in the certificate message, 61 % of flight 4 (2270 B in 4 datagrams)". */
  readonly cost: string | undefined;
  /** Announced by signalling or the user against the leaf; empty when nothing was announced. */
  readonly expected: readonly { readonly text: string; readonly matches: boolean | undefined }[];
  /** Why there is nothing to show. */
  readonly absent: string | undefined;
}

export interface CertificateCard {
  readonly title: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** Whether the dates cover the time of the handshake, in words; undefined when they do, or when nobody knows. */
  readonly dates: string | undefined;
  readonly link: { readonly text: string; readonly tone: 'good' | 'warn' | 'quiet' };
  /** As SDP writes them. */
  readonly fingerprints: readonly string[];
  readonly pem: string;
}

const hashes: readonly FingerprintHash[] = ['sha256', 'sha384', 'sha512', 'sha1'];

/** Both sides, server first, as they speak. `startedAt`: wall clock of the trace's time 0, ms since 1970, where known. */
export function certificateViews(
  handshake: Handshake,
  crypto: Pick<CryptoProvider, 'hash' | 'verify'>,
  startedAt: number | undefined,
): ChainView[] {
  return (['server', 'client'] as const).map((side) => chainView(handshake, side, crypto, startedAt));
}

function chainView(
  handshake: Handshake,
  side: Actor,
  crypto: Pick<CryptoProvider, 'hash' | 'verify'>,
  startedAt: number | undefined,
): ChainView {
  const certificates = certificateCards(
    handshake.certificates[side],
    crypto,
    startedAt === undefined ? undefined : startedAt + handshake.startedAt,
  );
  const message = handshake.messages.find((one) => one.from === side && one.message === HandshakeType.certificate);
  return {
    side,
    certificates,
    pem: certificates.map((one) => one.pem).join(''),
    cost: message && costText(handshake, message),
    expected: handshake.fingerprints
      .filter(({ of }) => of === side)
      .map(({ hash, value, matches }) => ({ text: `${hash.replace(/^sha(?=\d)/, 'sha-')} ${colons(value)}`, matches })),
    absent: certificates.length > 0 ? undefined : absentText(handshake, side, message),
  };
}

/** A chain, leaf first. `at`: wall clock of its handshake, ms since 1970, where known. */
export function certificateCards(
  chain: readonly CertificateView[],
  crypto: Pick<CryptoProvider, 'hash' | 'verify'>,
  at: number | undefined,
): CertificateCard[] {
  const links = chainLinks(
    chain.map(({ der }) => der),
    crypto,
  );
  return chain.map((certificate, index): CertificateCard => {
    const { subject, issuer, key, signature, bytes, notBefore, notAfter, der } = certificate;
    return {
      title: index === 0 ? 'Leaf' : `Issuer ${index}`,
      facts: [
        { name: 'Subject', value: orUnknown(subject) },
        {
          name: 'Issuer',
          value: issuer !== undefined && issuer === subject ? 'itself (self-signed)' : orUnknown(issuer),
        },
        { name: 'Key', value: orUnknown(key) },
        { name: 'Signature', value: orUnknown(signature) },
        { name: 'Size', value: `${bytes} B` },
        { name: 'Valid', value: `${orUnknown(notBefore)} to ${orUnknown(notAfter)}` },
      ],
      dates: datesText(notBefore, notAfter, at),
      link: linkText(links[index], index),
      fingerprints: hashes.map((hash) => formatFingerprint(fingerprintOf(der, hash, crypto))),
      pem: pem('CERTIFICATE', der),
    };
  });
}

/** The subject of a hostile certificate may be empty. */
const orUnknown = (text: string | undefined): string =>
  text === undefined ? 'not readable' : text === '' ? 'empty' : text;

function datesText(
  notBefore: string | undefined,
  notAfter: string | undefined,
  at: number | undefined,
): string | undefined {
  if (at === undefined) return undefined;
  const trust = 'WebRTC trusts the fingerprint, not the dates.';
  const [from, to] = [notBefore, notAfter].map((text) => (text === undefined ? Number.NaN : Date.parse(text)));
  if (to !== undefined && to < at) return `Expired when this handshake was made. ${trust}`;
  if (from !== undefined && from > at) return `Not valid yet when this handshake was made. ${trust}`;
  return undefined;
}

function linkText(link: Link | undefined, index: number): CertificateCard['link'] {
  if (!link) return { text: 'not checked', tone: 'quiet' };
  switch (link.kind) {
    case 'verified':
      return link.by === index
        ? { text: 'signed by its own key: the signature is right', tone: 'good' }
        : { text: 'signed by the next certificate: the signature is right', tone: 'good' };
    case 'bad-signature':
      return {
        text: `the signature does not verify under ${link.by === index ? 'its own key' : 'the next certificate'}`,
        tone: 'warn',
      };
    case 'issuer-not-next':
      return { text: 'its issuer is not in the chain', tone: 'quiet' };
    case 'unsupported':
      return { text: `signature not checked: ${link.what} is not computed here`, tone: 'quiet' };
    case 'unreadable':
      return { text: `not readable: ${link.why}`, tone: 'warn' };
    default:
      return unreachable(link);
  }
}

/** What the certificates cost: of the flight's first sending, as payload bytes. */
function costText(handshake: Handshake, message: MessageView): string | undefined {
  const holder = handshake.datagrams.find(({ records }) =>
    records.some(({ fragments }) => fragments.some(({ messageKey }) => messageKey === message.key)),
  );
  const size = `${message.total} B in the certificate message`;
  if (holder?.flight === undefined) return size;
  const flight = handshake.datagrams.filter((one) => one.flight === holder.flight && one.attempt === 0);
  const bytes = flight.reduce((sum, one) => sum + one.size, 0);
  // A capture that saw a part of the flight can't tell the share.
  if (bytes < message.total) return `${size}; of flight ${holder.flight} only ${bytes} B were seen`;
  const share = Math.round((message.total / bytes) * 100);
  return `${size}, ${share} % of flight ${holder.flight} (${bytes} B in ${flight.length} ${flight.length === 1 ? 'datagram' : 'datagrams'})`;
}

function absentText(handshake: Handshake, side: Actor, message: MessageView | undefined): string {
  if (message?.complete && message.total <= 4) return `The ${side} answered with an empty certificate message.`;
  if (message && !message.complete) return `The ${side}’s certificate message was never complete.`;
  if (message) return `The ${side}’s certificate message can’t be read.`;
  if (handshake.parameters.version === '1.3')
    return 'In DTLS 1.3 certificates are encrypted, and no key has opened them.';
  const asked = handshake.messages.some((one) => one.message === HandshakeType.certificateRequest);
  if (side === 'client' && !asked && handshake.certificates.server.length > 0)
    return 'The server did not ask for the client’s certificate.';
  return `No certificate of the ${side} was seen.`;
}
