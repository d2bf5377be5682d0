/**
 * What an alert usually means, given what came before it. Ordered: the reason that fits the message before it comes first.
 * Behind it stand threads of years; where WebRTC differs from the web, WebRTC's reason leads (no PKI, trust by fingerprint).
 */
import type { AlertView, Handshake } from '../analysis/model.ts';
import type { Actor } from '../trace/model.ts';
import type { AlertName } from '../wire/registry.ts';
import { alertDescriptions, groups as groupNames, nameIn } from '../wire/registry.ts';
import { count, list } from './words.ts';

const groupName = nameIn(groupNames);

interface Reason {
  /** RFC names of the last complete message before the alert; absent when it fits after any. */
  readonly after?: readonly string[];
  /** Who sends it for this reason; absent when either may. */
  readonly by?: Actor;
  readonly why: string;
  readonly fix: string;
}

const hello = ['client_hello'];
const serverFlight = ['server_hello', 'certificate', 'server_key_exchange', 'certificate_request', 'server_hello_done'];
const clientFlight = ['certificate', 'client_key_exchange', 'certificate_verify', 'finished'];
const certificates = [...serverFlight, ...clientFlight];

const fingerprint: Reason = {
  after: certificates,
  why: 'the certificate is not the one whose fingerprint signalling announced (several certificates, a rewritten SDP)',
  fix: 'Compare the SHA-256 of the certificate on the wire with a=fingerprint of the SDP that this peer got, for each m-section.',
};
const pki: Reason = {
  why: 'the verifier checks certificates as the web does (authority, dates, name), which WebRTC does not: it trusts the fingerprint',
  fix: 'Let the verifier accept self-signed certificates and compare the fingerprint only (RFC 8827 §6.5).',
};
const signature: Reason = {
  after: ['certificate_verify', 'finished', 'client_key_exchange'],
  why: 'signature or Finished did not verify: the two sides hashed different messages (a retransmitted message hashed twice, a fragment put together wrongly), or certificate and private key do not belong together',
  fix: 'Check that each message_seq is hashed once, as if it had come in one fragment (RFC 6347 §4.2.6), and that the key belongs to the certificate.',
};

const reasons: Partial<Record<AlertName, readonly Reason[]>> = {
  close_notify: [
    {
      why: 'the application closed the connection before the handshake was done: its own time limit, a changed fingerprint, or a stopped transport',
      fix: 'Look at what the application waits for, and for how long.',
    },
  ],
  unexpected_message: [
    {
      after: hello,
      why: 'both sides act as DTLS client, or the peer still has an older association on these addresses',
      fix: 'Check a=setup in offer and answer: exactly one side is active (RFC 8842 §5.3).',
    },
    {
      why: 'a message came out of order for its state machine: a repeated message taken for a new one, or another protocol (STUN) fed into the DTLS stack',
      fix: 'Let only first bytes 20 to 63 reach DTLS (RFC 7983), and drop messages with an old message_seq (RFC 6347 §4.2.2).',
    },
  ],
  bad_record_mac: [
    {
      after: ['finished', 'client_key_exchange', 'certificate_verify'],
      why: 'the two sides derived different keys: extended_master_secret applied on one side only, or another transcript',
      fix: 'Compare the master secret of both key logs, and whether both applied RFC 7627.',
    },
    {
      why: 'a record was changed on the way, or protected with other keys',
      fix: 'Such records should be dropped, not answered (RFC 6347 §4.1.2.7).',
    },
  ],
  decryption_failed: [
    {
      why: 'an old stack answered a record that it could not open',
      fix: 'Such records should be dropped, not answered (RFC 6347 §4.1.2.7).',
    },
  ],
  record_overflow: [
    {
      why: 'a record was longer than allowed',
      fix: 'Check record_size_limit and max_fragment_length, and that fragments stay below 2^14 bytes.',
    },
  ],
  handshake_failure: [
    {
      after: hello,
      why: 'nothing in common: no cipher suite that fits the certificate type (an RSA suite with an ECDSA certificate or the reverse), no common group (P-256 missing), or extended_master_secret demanded and not offered',
      fix: 'Compare the suites, groups and signature algorithms of the ClientHello with what the server is set up for; WebRTC demands TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 with P-256 (RFC 8827 §6.5).',
    },
    {
      after: serverFlight,
      why: 'the client does not accept what the server chose, or the server demands a client certificate that it did not get',
      fix: 'Check the chosen suite and group, extended_master_secret, and certificate_types in the CertificateRequest (ecdsa_sign must be there).',
    },
    {
      after: clientFlight,
      why: 'the server demands a client certificate and got none, or none it can use',
      fix: 'Let certificate_types contain ecdsa_sign (64): Chrome sends an empty Certificate without it.',
    },
  ],
  bad_certificate: [
    fingerprint,
    {
      after: certificates,
      why: 'the certificate could not be read, or its signature is wrong',
      fix: 'Send the certificate with another tool and look at it.',
    },
  ],
  unsupported_certificate: [
    {
      why: 'the key type or size, or the signature algorithm of the certificate is not accepted',
      fix: 'Use ECDSA P-256 with SHA-256, or RSA 2048.',
    },
  ],
  certificate_revoked: [pki],
  certificate_expired: [
    {
      why: 'the verifier checks dates, and the certificate is outside its validity; WebRTC stacks ignore dates and trust the fingerprint',
      fix: 'Renew the certificate, or let the verifier compare the fingerprint only (RFC 8827 §6.5).',
    },
  ],
  certificate_unknown: [fingerprint, pki],
  illegal_parameter: [
    {
      after: hello,
      why: 'the ClientHello (or its second round after a cookie) holds a value that the server forbids, or differs from the first',
      fix: 'After HelloVerifyRequest the same random, session_id, suites and compression methods must come again (RFC 6347 §4.2.1).',
    },
    {
      why: 'a field holds a value that does not fit what was negotiated',
      fix: 'Look at the message before the alert, field by field.',
    },
  ],
  unknown_ca: [pki, fingerprint],
  access_denied: [
    {
      why: 'the certificate is valid, but policy refuses it',
      fix: 'Look at the access rules of whoever sent the alert.',
    },
  ],
  decode_error: [
    {
      after: hello,
      why: 'the server could not parse the ClientHello: often one that is fragmented, or an extension that its parser does not know',
      fix: 'Try a small ClientHello (without post-quantum key share); unknown extensions must be ignored.',
    },
    {
      why: 'a message could not be parsed: a fragment put together wrongly, or several messages in one record of which only the first is read',
      fix: 'Try one message a record and no fragmentation, to see which of the two it is.',
    },
  ],
  decrypt_error: [
    {
      after: hello,
      why: 'the binder of a pre-shared key did not verify: the two sides derive another key from the session ticket (wolfSSL 5.5 does so with the label "tls13 " in place of "dtls13")',
      fix: 'Let the client begin without the session: turn session tickets off at one side, or update the library.',
    },
    signature,
    { why: 'a signature did not verify', fix: signature.fix },
  ],
  protocol_version: [
    {
      after: hello,
      why: 'the server supports none of the versions that the client offers',
      fix: 'Let both sides do DTLS 1.2; old gateways that speak DTLS 1.0 only need a newer TLS library.',
    },
    {
      after: serverFlight,
      by: 'client',
      why: 'the client refuses the version that the server chose (browsers refuse DTLS 1.0)',
      fix: 'Let the server do DTLS 1.2 or newer.',
    },
    {
      after: certificates,
      by: 'server',
      why: 'a record has another version in its header than the server has chosen, as that of a ClientHello which comes again',
      fix: 'Let the server drop such a record in silence (RFC 6347 §4.1.2.7); Botan does not. Where it asks for a cookie, fewer copies of the hello come so late.',
    },
  ],
  insufficient_security: [
    {
      after: serverFlight,
      why: 'the server did not agree on use_srtp, or chose a suite that the client thinks too weak',
      fix: 'Negotiate use_srtp always, even without media (RFC 8827 §6.5).',
    },
    { why: 'the suites on offer are too weak for the server', fix: 'Offer ECDHE with AEAD suites.' },
  ],
  internal_error: [
    {
      why: 'something failed inside the peer that has no alert of its own: a missing certificate or key, no memory, a time limit',
      fix: "Read the peer's log at this moment: the reason is there and nowhere else.",
    },
  ],
  inappropriate_fallback: [
    {
      why: 'the client retried with a lower version than it can (RFC 7507)',
      fix: 'Find out why its first attempt failed.',
    },
  ],
  user_canceled: [{ why: 'the application gave up', fix: 'Look at what the application waits for, and for how long.' }],
  missing_extension: [
    {
      why: 'an extension that is mandatory was not sent',
      fix: 'Check supported_groups, signature_algorithms and key_share (RFC 8446 §9.2).',
    },
  ],
  unsupported_extension: [
    {
      after: serverFlight,
      why: 'the server answered with an extension that the client had not offered',
      fix: 'Let the server answer offered extensions only (RFC 5246 §7.4.1.4).',
    },
  ],
  unrecognized_name: [
    { why: 'the server has no certificate for the server_name', fix: 'Leave server_name out, or configure the name.' },
  ],
  unknown_psk_identity: [{ why: 'the server does not know the pre-shared key', fix: 'Compare identities and keys.' }],
  certificate_required: [
    { why: 'the server demands a client certificate and got none', fix: 'Give the client a certificate.' },
  ],
  no_application_protocol: [
    { why: 'no ALPN protocol in common', fix: 'Offer the protocol of RFC 8833 ("webrtc", "c-webrtc"), or none.' },
  ],
  no_renegotiation: [
    {
      why: 'the peer does not renegotiate, as WebRTC demands (RFC 8827 §6.5)',
      fix: 'Begin a new association instead.',
    },
  ],
};

/** Reasons for an alert, those that fit what came before first; one is always there. */
export function reasonsFor(alert: AlertView, handshake: Handshake): readonly Reason[] {
  const after = comesAfter(alert, handshake);
  const name = alertDescriptions[alert.description as keyof typeof alertDescriptions];
  const known = (name !== undefined && reasons[name]) || [];
  const fits = (reason: Reason): boolean =>
    after !== undefined && (reason.after?.includes(after) ?? false) && (reason.by ?? alert.from) === alert.from;
  if (name === 'unexpected_message' && refusesEarlyChangeCipherSpec(alert, handshake)) return [tooEarly, ...known];
  const sorted = [...known.filter(fits), ...known.filter(({ after }) => after === undefined)];
  if (sorted.length > 0) return sorted;
  if (known.length > 0) return known;
  return [{ why: 'this alert has no usual reason in WebRTC', fix: "Read the peer's log at this moment." }];
}

const tooEarly: Reason = {
  why: 'a part of the flight was missing, and instead of waiting for it the receiver refused the ChangeCipherSpec behind it (wolfSSL 5.5 does)',
  fix: 'Let that side drop a ChangeCipherSpec that comes before its turn and wait for the repetition (RFC 6347 §4.2.4). Until then a larger MTU of the other side, or a smaller certificate, makes it less likely: a flight in one datagram has no holes.',
};

/** Whether a flight with ChangeCipherSpec came with a hole before it. */
const refusesEarlyChangeCipherSpec = ({ from, at }: AlertView, { flights, lost, parameters }: Handshake): boolean =>
  parameters.version !== '1.3' &&
  flights.some(
    (flight) => flight.from !== from && flight.sentAt < at && flight.messages.includes('change_cipher_spec'),
  ) &&
  lost.some((hole) => hole.from !== from && (hole.recoveredAt === undefined || hole.recoveredAt > at));

/** In DTLS 1.3 the server's flight ends with Finished, and the client that refuses it has not sent its own. */
function comesAfter({ from, at, afterMessage }: AlertView, { parameters, finished }: Handshake): string | undefined {
  const answersServer = from === 'client' && (finished.client === undefined || at < finished.client.at);
  const hellos = afterMessage === 'client_hello' || afterMessage === 'server_hello';
  return parameters.version === '1.3' && answersServer && afterMessage !== undefined && !hellos
    ? 'server_hello_done'
    : afterMessage;
}

/** What this handshake adds to the table: facts that point at one of the reasons. */
export function factsFor(alert: AlertView, handshake: Handshake): string | undefined {
  const blamed = alert.from === 'client' ? 'server' : 'client';
  const leaf = handshake.certificates[blamed][0];
  const name = alertDescriptions[alert.description as keyof typeof alertDescriptions];
  if (name === 'certificate_expired' && leaf?.notAfter)
    return `the ${blamed}'s certificate (${leaf.subject || 'no name'}) ${isOver(leaf.notAfter, handshake) ? 'was' : 'is'} valid until ${leaf.notAfter.slice(0, 10)}`;
  if (name === 'handshake_failure' && alert.afterMessage === 'client_hello' && handshake.parameters.offer) {
    const { cipherSuites, groups } = handshake.parameters.offer;
    const few = groups.slice(0, 4).map(groupName);
    const more = groups.length > few.length ? [`${groups.length - few.length} more`] : [];
    return `the ClientHello offers ${count(cipherSuites.length, 'suite')} and the ${groups.length === 1 ? 'group' : 'groups'} ${list([...few, ...more]) || 'none'}`;
  }
  if (name === 'protocol_version' && refusesRecord(handshake, alert.from)) return recordVersionText(handshake);
  if (leaf && certificateAlerts.has(alert.description))
    return `the ${blamed}'s certificate is ${leaf.subject || 'without name'}, ${leaf.key ?? 'unknown key'}`;
  return undefined;
}
/**
 * A server that has chosen a version has no quarrel with the offer any more. What it means then is the version in a record's
 * header, which only a ClientHello may have another one in (RFC 6347 §4.2.1): Botan ends the handshake when that comes twice.
 */
export const refusesRecord = ({ flights }: Handshake, by: Actor): boolean =>
  by === 'server' && flights.some(({ from, messages }) => from === 'server' && messages.includes('server_hello'));

function recordVersionText({ datagrams, parameters: { version } }: Handshake): string {
  const pieces = datagrams.flatMap(({ from, records }) =>
    from === 'client'
      ? records.flatMap(({ fragments }) => fragments.filter(({ name }) => name === 'client_hello'))
      : [],
  );
  const twice = new Set(pieces.map(({ messageKey, offset }) => `${messageKey} ${offset}`)).size < pieces.length;
  const chosen = `the server had chosen ${version === undefined ? 'a version' : `DTLS ${version}`} already`;
  return twice
    ? `${chosen}, and falls over the version in the record of a ClientHello that came twice`
    : `${chosen}, so that it refuses the version in a record's header, and not the offer`;
}

/** By the clock of the recording; where it has none, nobody knows. */
export const isOver = (notAfter: string, { wallClock }: Handshake): boolean =>
  wallClock !== undefined && Date.parse(notAfter) < wallClock;
const certificateAlerts: ReadonlySet<number> = new Set([42, 43, 44, 46, 48]);
