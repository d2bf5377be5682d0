/**
 * The runner's flags, one row each: what the shim does with it, or why it does not (exit code 89). What the runner knows of
 * BoringSSL and has no effect on the wire is taken and ignored, so that the test behind it can tell something.
 */
/** A certificate to show, with its key; files in PEM. */
export interface CredentialFiles {
  certFile?: string;
  keyFile?: string;
  /** Schemes to sign with, in order; all that the key can make when empty. */
  signingPrefs: number[];
}

/** What one connection is to do and to find, as the flags say. */
export interface Settings {
  port: number;
  ipv6: boolean;
  /** Sent first to a runner that told it; its absence means the older contract. */
  shimId: bigint | undefined;
  server: boolean;
  resumeCount: number;

  // What is offered and taken
  minVersion: number | undefined;
  maxVersion: number | undefined;
  excluded: Set<'1.0' | '1.2' | '1.3'>;
  cipher: string | undefined;
  curves: number[];
  keyShares: number[] | undefined;
  verifyPrefs: number[];
  /** The first is that of the flags before any `-new-x509-credential`. */
  credentials: CredentialFiles[];
  advertiseAlpn: string | undefined;
  selectAlpn: string | undefined;
  declineAlpn: boolean;
  rejectAlpn: boolean;
  srtpProfiles: string | undefined;
  hostName: string | undefined;
  permuteExtensions: boolean;
  noTicket: boolean;
  mtu: number | undefined;
  initialTimeoutMs: number | undefined;
  maxCertList: number | undefined;

  // Trust
  verifyPeer: boolean;
  verifyFail: boolean;
  customVerify: boolean;
  requireAnyClientCertificate: boolean;
  reverifyOnResume: boolean;

  // What to do once connected
  implicitHandshake: boolean;
  shimWritesFirst: boolean;
  shimShutsDown: boolean;
  checkCloseNotify: boolean;
  sendAlert: boolean;
  keyUpdate: boolean;
  keyUpdateBeforeRead: boolean;
  exportKeyingMaterial: number;
  exportLabel: string;
  exportContext: string;
  useExportContext: boolean;
  resumptionDelayS: number;

  // What must be found
  handshakeNeverDone: boolean;
  expectVersion: number | undefined;
  expectCipher: number | undefined;
  expectCurve: number | undefined;
  expectPeerSignature: number | undefined;
  expectAlpn: string;
  expectAdvertisedAlpn: string | undefined;
  expectServerName: string | undefined;
  expectNoServerName: boolean;
  expectExtendedMasterSecret: boolean;
  expectVerifyResult: boolean;
  expectPeerCertFile: string | undefined;
  expectHrr: boolean | undefined;
  expectSessionMiss: boolean;
  expectNoSession: boolean;
  expectPeerVerifyPrefs: number[];
  expectSelectedCredential: number | undefined;
}

export const freshSettings = (): Settings => ({
  port: 0,
  ipv6: false,
  shimId: undefined,
  server: false,
  resumeCount: 0,
  minVersion: undefined,
  maxVersion: undefined,
  excluded: new Set(),
  cipher: undefined,
  curves: [],
  keyShares: undefined,
  verifyPrefs: [],
  credentials: [{ signingPrefs: [] }],
  advertiseAlpn: undefined,
  selectAlpn: undefined,
  declineAlpn: false,
  rejectAlpn: false,
  srtpProfiles: undefined,
  hostName: undefined,
  permuteExtensions: false,
  noTicket: false,
  mtu: undefined,
  initialTimeoutMs: undefined,
  maxCertList: undefined,
  verifyPeer: false,
  verifyFail: false,
  customVerify: false,
  requireAnyClientCertificate: false,
  reverifyOnResume: false,
  implicitHandshake: false,
  shimWritesFirst: false,
  shimShutsDown: false,
  checkCloseNotify: false,
  sendAlert: false,
  keyUpdate: false,
  keyUpdateBeforeRead: false,
  exportKeyingMaterial: 0,
  exportLabel: '',
  exportContext: '',
  useExportContext: false,
  resumptionDelayS: 0,
  handshakeNeverDone: false,
  expectVersion: undefined,
  expectCipher: undefined,
  expectCurve: undefined,
  expectPeerSignature: undefined,
  expectAlpn: '',
  expectAdvertisedAlpn: undefined,
  expectServerName: undefined,
  expectNoServerName: false,
  expectExtendedMasterSecret: false,
  expectVerifyResult: false,
  expectPeerCertFile: undefined,
  expectHrr: undefined,
  expectSessionMiss: false,
  expectNoSession: false,
  expectPeerVerifyPrefs: [],
  expectSelectedCredential: undefined,
});

/** What the shim does not do. The runner counts such a test as unimplemented. */
export class NotImplemented extends Error {}

type Flag =
  /** Whether an argument follows, what the flag does, and the doing. */
  | { readonly argument: boolean; readonly about: string; readonly set: (to: Settings, text: string) => void }
  | { readonly argument: boolean; readonly missing: string };

const on = (about: string, set: (to: Settings) => void): Flag => ({ argument: false, about, set });
const text = (about: string, set: (to: Settings, value: string) => void): Flag => ({ argument: true, about, set });
const number = (about: string, set: (to: Settings, value: number) => void): Flag => ({
  argument: true,
  about,
  set: (to, value) => {
    if (!/^-?\d+$/.test(value)) throw new Error(`a number is needed, not "${value}"`);
    set(to, Number(value));
  },
});
/** Taken and ignored. */
const idle = (about: string): Flag => ({ argument: false, about, set: () => {} });
const idleText = (about: string): Flag => ({ argument: true, about, set: () => {} });
const no = (missing: string): Flag => ({ argument: false, missing });
const noText = (missing: string): Flag => ({ argument: true, missing });

const last = (to: Settings): CredentialFiles => {
  const found = to.credentials.at(-1);
  if (!found) throw new Error('there is always a credential');
  return found;
};

const noSync = 'how BoringSSL is called: the engine is synchronous either way';
const ocsp = 'OCSP stapling';
const sct = 'signed certificate timestamps';
const early = 'early data (0-RTT)';
const ech = 'Encrypted ClientHello';
const channelId = 'Channel ID';
const npn = 'Next Protocol Negotiation, which is of TLS';
const alps = 'application settings (ALPS)';
const quic = 'QUIC';
const pskSuites = 'PSK cipher suites';
const renegotiation = 'renegotiation, which WebRTC forbids (RFC 8827 §6.5)';
const handshaker = 'a second process that shakes hands: of BoringSSL alone';
const tls = 'of TLS over streams';
const compression = 'certificate compression';
const delegated = 'delegated credentials';
const pake = 'SPAKE2+';
const anchors = 'trust anchor identifiers';
const policy = 'a compliance policy of BoringSSL';
const sessionCache = 'a session cache on the server';
const oldTicket = "the format or key of BoringSSL's tickets";

/** Every flag of the runner, older and newest contract. */
export const flags: Readonly<Record<string, Flag>> = {
  '-port': number('the TCP port of the runner', (to, value) => {
    to.port = value;
  }),
  '-ipv6': on('the runner listens on ::1, not on 127.0.0.1', (to) => {
    to.ipv6 = true;
  }),
  '-shim-id': text('the number to send first on each connection', (to, value) => {
    to.shimId = BigInt(value);
  }),
  '-dtls': idle('the protocol; anything else is turned down by `shim`'),
  '-quic': no(quic),
  '-server': on('be the DTLS server', (to) => {
    to.server = true;
  }),
  '-resume-count': number('connect so many times more, and resume', (to, value) => {
    to.resumeCount = value;
  }),
  '-is-handshaker-supported': idle('answered by `shim`: No'),
  '-wait-for-debugger': idle('nothing to wait for'),
  '-write-settings': noText("a corpus for BoringSSL's fuzzers"),

  // Versions, suites, groups, signatures
  '-min-version': number('the oldest version, as it is on the wire', (to, value) => {
    to.minVersion = value;
  }),
  '-max-version': number('the newest version, as it is on the wire', (to, value) => {
    to.maxVersion = value;
  }),
  '-no-tls13': on('not DTLS 1.3', (to) => {
    to.excluded.add('1.3');
  }),
  '-no-tls12': on('not DTLS 1.2', (to) => {
    to.excluded.add('1.2');
  }),
  '-no-tls11': on('not DTLS 1.0, which is TLS 1.1 by another name', (to) => {
    to.excluded.add('1.0');
  }),
  '-no-tls1': on('not DTLS 1.0, as the older contract calls it', (to) => {
    to.excluded.add('1.0');
  }),
  '-fallback-scsv': no('TLS_FALLBACK_SCSV'),
  '-cipher': text("suites of DTLS 1.2 by name, in order; rules of OpenSSL's language are 89", (to, value) => {
    to.cipher = value;
  }),
  '-server-preference': idle("the server's order counts, which here it always does"),
  '-curves': number('a group, in order', (to, value) => {
    to.curves.push(value);
  }),
  '-curves-flags': noText('flags on groups: equal preference, prediction'),
  '-key-shares': number('a group with a key share in the first ClientHello', (to, value) => {
    to.keyShares = [...(to.keyShares ?? []), value];
  }),
  '-no-key-shares': on('no key share in the first ClientHello', (to) => {
    to.keyShares = [];
  }),
  '-server-supported-groups-hint': noText("guessing the server's groups"),
  '-verify-prefs': number('a signature scheme that the peer may use', (to, value) => {
    to.verifyPrefs.push(value);
  }),
  '-signing-prefs': number('a signature scheme to sign with', (to, value) => {
    last(to).signingPrefs.push(value);
  }),
  '-jdk11-workaround': no('what BoringSSL does for a fault of JDK 11'),
  '-enable-grease': no('GREASE'),
  '-permute-extensions': on('extensions of the ClientHello in any order', (to) => {
    to.permuteExtensions = true;
  }),
  '-fips-202205': no(policy),
  '-wpa-202304': no(policy),
  '-cnsa-202407': no(policy),

  // Certificates
  '-new-x509-credential': on('one more credential, which the following flags are about', (to) => {
    to.credentials.push({ signingPrefs: [] });
  }),
  '-new-delegated-credential': no(delegated),
  '-delegated-credential': noText(delegated),
  '-new-spake2plusv1-credential': no(pake),
  '-pake-context': noText(pake),
  '-pake-client-id': noText(pake),
  '-pake-server-id': noText(pake),
  '-pake-password': noText(pake),
  '-wrong-pake-role': no(pake),
  '-cert-file': text('the chain, PEM', (to, value) => {
    last(to).certFile = value;
  }),
  '-key-file': text('its key, PEM', (to, value) => {
    last(to).keyFile = value;
  }),
  '-must-match-issuer': no('credentials by the issuers that the peer names'),
  '-trust-anchor-id': noText(anchors),
  '-requested-trust-anchors': noText(anchors),
  '-expect-peer-match-trust-anchor': no(anchors),
  '-expect-no-peer-match-trust-anchor': no(anchors),
  '-expect-peer-available-trust-anchors': noText(anchors),
  '-trust-cert': noText('verification up to a root: WebRTC has no PKI'),
  '-private-key-delay-ms': noText('a key that takes time: the engine signs at once'),
  '-verify-peer': on("the peer's certificate is asked for and checked", (to) => {
    to.verifyPeer = true;
  }),
  '-verify-fail': on("the peer's certificate is not one that we trust", (to) => {
    to.verifyFail = true;
  }),
  '-use-custom-verify-callback': on('distrust is told as certificate_unknown, not as handshake_failure', (to) => {
    to.customVerify = true;
  }),
  '-require-any-client-certificate': on('a client without certificate is turned down', (to) => {
    to.requireAnyClientCertificate = true;
  }),
  '-reverify-on-resume': on('the certificate of the resumed session is checked again', (to) => {
    to.reverifyOnResume = true;
  }),
  '-use-client-ca-list': noText('certificate_authorities with contents'),
  '-expect-client-ca-list': noText('certificate_authorities with contents'),
  '-expect-certificate-types': noText('certificate_types are read and not told'),
  '-ignore-rsa-key-usage': no('the keyUsage of certificates'),
  '-expect-key-usage-invalid': no('the keyUsage of certificates'),
  '-install-cert-compression-algs': no(compression),
  '-install-one-cert-compression-alg': noText(compression),
  '-max-cert-list': number('the largest Certificate, bytes', (to, value) => {
    to.maxCertList = value;
  }),
  '-retain-only-sha256-client-cert': idle('what is kept of a certificate in a session'),
  '-expect-sha256-client-cert': no('what is kept of a certificate in a session'),
  '-use-old-client-cert-callback': idle(noSync),
  '-fail-cert-callback': no('a callback that fails'),
  '-enable-ocsp-stapling': no(ocsp),
  '-ocsp-response': noText(ocsp),
  '-expect-ocsp-response': noText(ocsp),
  '-use-ocsp-callback': no(ocsp),
  '-set-ocsp-in-callback': no(ocsp),
  '-decline-ocsp-callback': no(ocsp),
  '-fail-ocsp-callback': no(ocsp),
  '-enable-signed-cert-timestamps': no(sct),
  '-signed-cert-timestamps': noText(sct),
  '-expect-signed-cert-timestamps': noText(sct),

  // Extensions
  '-host-name': text('server_name in the ClientHello', (to, value) => {
    to.hostName = value;
  }),
  '-no-server-name-ack': idle('server_name is never answered'),
  '-advertise-alpn': text('protocols that the client offers, as on the wire', (to, value) => {
    to.advertiseAlpn = value;
  }),
  '-select-alpn': text('the protocol that the server picks', (to, value) => {
    to.selectAlpn = value;
  }),
  '-decline-alpn': on('the server answers no ALPN', (to) => {
    to.declineAlpn = true;
  }),
  '-reject-alpn': on("the server speaks none of the client's protocols", (to) => {
    to.rejectAlpn = true;
  }),
  '-select-empty-alpn': no('a callback that picks an empty protocol'),
  '-allow-unknown-alpn-protos': no('taking a protocol that was not offered, against RFC 7301 §3.1'),
  '-srtp-profiles': text('SRTP profiles, by name', (to, value) => {
    to.srtpProfiles = value;
  }),
  '-advertise-npn': noText(npn),
  '-advertise-empty-npn': no(npn),
  '-select-next-proto': noText(npn),
  '-select-empty-next-proto': no(npn),
  '-expect-next-proto': noText(npn),
  '-expect-no-next-proto': idle('never negotiated'),
  '-application-settings': noText(alps),
  '-defer-alps': no(alps),
  '-expect-peer-application-settings': noText(alps),
  '-alps-use-new-codepoint': idleText(alps),
  '-enable-channel-id': no(channelId),
  '-send-channel-id': noText(channelId),
  '-expect-channel-id': noText(channelId),
  '-enable-ech-grease': no(ech),
  '-ech-server-config': noText(ech),
  '-ech-server-key': noText(ech),
  '-ech-is-retry-config': noText(ech),
  '-ech-config-list': noText(ech),
  '-expect-ech-accept': no(ech),
  '-expect-ech-name-override': noText(ech),
  '-expect-no-ech-name-override': no(ech),
  '-expect-ech-retry-configs': noText(ech),
  '-expect-no-ech-retry-configs': no(ech),
  '-fail-early-callback-ech-rewind': no(ech),
  '-quic-transport-params': noText(quic),
  '-expect-quic-transport-params': noText(quic),
  '-quic-use-legacy-codepoint': noText(quic),
  '-quic-early-data-context': noText(quic),

  // Pre-shared keys, tickets, resumption
  '-psk': noText(pskSuites),
  '-psk-identity': noText(pskSuites),
  '-no-ticket': on('the server gives no tickets', (to) => {
    to.noTicket = true;
  }),
  '-use-ticket-callback': idle('who seals tickets: here the engine does'),
  '-use-ticket-aead-callback': idle('who seals tickets: here the engine does'),
  '-renew-ticket': no('asking for a new ticket where the old one is good'),
  '-skip-ticket': no('promising a ticket and giving none'),
  '-ticket-key': noText(oldTicket),
  '-resumption-delay': number('the clock goes on by so many seconds between connections', (to, value) => {
    to.resumptionDelayS = value;
  }),
  '-expect-ticket-age-skew': noText('the skew of ticket ages, which only early data needs'),
  '-expect-ticket-renewal': no('asking for a new ticket where the old one is good'),
  '-expect-session-miss': on('it must not be resumed', (to) => {
    to.expectSessionMiss = true;
  }),
  '-expect-no-session': on('no ticket must come', (to) => {
    to.expectNoSession = true;
  }),
  '-expect-session-id': no(sessionCache),
  '-expect-no-session-id': idle('a server never gives a session id'),
  '-resumption-across-names-enabled': no('resumption across names'),
  '-expect-resumable-across-names': no('resumption across names'),
  '-expect-not-resumable-across-names': no('resumption across names'),
  '-enable-early-data': no(early),
  '-expect-ticket-supports-early-data': no(early),
  '-expect-accept-early-data': no(early),
  '-expect-reject-early-data': no(early),
  '-expect-no-offer-early-data': idle('early data is never offered'),
  '-expect-early-data-reason': noText(early),
  '-early-write-after-message': noText(early),

  // Datagrams and timers
  '-mtu': number('the largest datagram', (to, value) => {
    to.mtu = value;
  }),
  '-initial-timeout-duration-ms': number("the retransmission timer's first value", (to, value) => {
    to.initialTimeoutMs = value;
  }),
  '-max-send-fragment': noText('record sizes of TLS'),
  '-read-size': idleText('records are read whole'),

  // The course of a connection
  '-async': idle(noSync),
  '-implicit-handshake': on('no check before data: BoringSSL shakes hands within its read there', (to) => {
    to.implicitHandshake = true;
  }),
  '-use-early-callback': idle(noSync),
  '-fail-early-callback': no('a callback that fails'),
  '-install-ddos-callback': idle(noSync),
  '-fail-ddos-callback': no('a callback that fails'),
  '-handshake-never-done': on('the handshake must not complete', (to) => {
    to.handshakeNeverDone = true;
  }),
  '-no-op-extra-handshake': idle(noSync),
  '-handshake-twice': idle(noSync),
  '-handoff': no(handshaker),
  '-handshake-hints': no(handshaker),
  '-allow-hint-mismatch': idle(handshaker),
  '-handshaker-resume': no(handshaker),
  '-handshaker-path': idleText(handshaker),
  '-false-start': no('False Start, which WebRTC forbids (RFC 8827 §6.5)'),
  '-allow-false-start-without-alpn': no('False Start, which WebRTC forbids (RFC 8827 §6.5)'),
  '-shim-writes-first': on('"hello" goes out before anything is read', (to) => {
    to.shimWritesFirst = true;
  }),
  '-shim-shuts-down': on('close without reading', (to) => {
    to.shimShutsDown = true;
  }),
  '-check-close-notify': on('close_notify is sent and must come; without it the socket is just closed', (to) => {
    to.checkCloseNotify = true;
  }),
  '-send-alert': on('end with a fatal alert, decompression_failure', (to) => {
    to.sendAlert = true;
  }),
  '-key-update': on('change our keys before each answer', (to) => {
    to.keyUpdate = true;
  }),
  '-key-update-before-read': on('change our keys before each read', (to) => {
    to.keyUpdateBeforeRead = true;
  }),
  '-peek-then-read': idle(noSync),
  '-use-exporter-between-reads': idle('the exporter is there at any time'),
  '-read-with-unfinished-write': no('a write that is half done, as streams have'),
  '-write-different-record-sizes': no(tls),
  '-cbc-record-splitting': no(tls),
  '-partial-write': idle('a datagram is never written in part'),
  '-export-keying-material': number('send so many bytes of keying material', (to, value) => {
    to.exportKeyingMaterial = value;
  }),
  '-export-label': text('with this label', (to, value) => {
    to.exportLabel = value;
  }),
  '-export-context': text('and this context', (to, value) => {
    to.exportContext = value;
  }),
  '-use-export-context': on('which is not the same as none when it is empty', (to) => {
    to.useExportContext = true;
  }),
  '-export-traffic-secrets': no('traffic secrets as data'),
  '-tls-unique': no('tls-unique (RFC 5929)'),
  '-renegotiate-once': no(renegotiation),
  '-renegotiate-freely': no(renegotiation),
  '-renegotiate-ignore': no(renegotiation),
  '-renegotiate-explicit': no(renegotiation),
  '-forbid-renegotiation-after-handshake': no(renegotiation),
  '-expect-total-renegotiations': noText(renegotiation),

  // What must be found
  '-expect-version': number('the version, as it is on the wire', (to, value) => {
    to.expectVersion = value;
  }),
  '-expect-cipher': number('the suite', (to, value) => {
    to.expectCipher = value;
  }),
  '-expect-cipher-aes': number('the suite, where AES is quick', (to, value) => {
    to.expectCipher = value;
  }),
  '-expect-cipher-no-aes': idleText('the suite where AES is slow; ours counts as quick'),
  '-expect-curve-id': number('the group', (to, value) => {
    to.expectCurve = value;
  }),
  '-expect-peer-signature-algorithm': number('what the peer signed with', (to, value) => {
    to.expectPeerSignature = value;
  }),
  '-expect-peer-verify-pref': number('a signature scheme that the peer takes', (to, value) => {
    to.expectPeerVerifyPrefs.push(value);
  }),
  '-expect-alpn': text('the protocol', (to, value) => {
    to.expectAlpn = value;
  }),
  '-expect-advertised-alpn': text('protocols in the ClientHello, as on the wire', (to, value) => {
    to.expectAdvertisedAlpn = value;
  }),
  '-expect-server-name': text('server_name in the ClientHello', (to, value) => {
    to.expectServerName = value;
  }),
  '-expect-no-server-name': on('no server_name in the ClientHello', (to) => {
    to.expectNoServerName = true;
  }),
  '-expect-extended-master-secret': on('extended master secret', (to) => {
    to.expectExtendedMasterSecret = true;
  }),
  '-expect-secure-renegotiation': no('whether renegotiation_info was answered is not told'),
  '-expect-no-secure-renegotiation': no('whether renegotiation_info was answered is not told'),
  '-expect-verify-result': on("the peer's certificate was or was not trusted, as -verify-fail says", (to) => {
    to.expectVerifyResult = true;
  }),
  '-expect-peer-cert-file': text("the peer's chain", (to, value) => {
    to.expectPeerCertFile = value;
  }),
  '-expect-hrr': on('a HelloRetryRequest', (to) => {
    to.expectHrr = true;
  }),
  '-expect-no-hrr': on('no HelloRetryRequest', (to) => {
    to.expectHrr = false;
  }),
  '-expect-selected-credential': number('which of the credentials was shown', (to, value) => {
    to.expectSelectedCredential = value;
  }),
  '-expect-msg-callback': noText("BoringSSL's log of messages"),
};

/** The settings of the first connection and of those that resume. `-on-retry-…` is about early data, and not looked at. */
export interface Plan {
  readonly initial: Settings;
  readonly resumed: Settings;
}

/** Reads the command line. Throws `NotImplemented` for what is not there, and an `Error` for what makes no sense. */
export function parseFlags(args: readonly string[]): Plan {
  const plan: Plan = { initial: freshSettings(), resumed: freshSettings() };
  const missing: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const given = args[i] ?? '';
    const { name, about } = target(given);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag) throw new NotImplemented(`unknown flag ${given}`);
    const value = flag.argument ? args[++i] : '';
    if (given.startsWith('-on-handshaker-')) continue;
    if (value === undefined) throw new Error(`${given}: an argument is needed`);
    if ('missing' in flag) {
      missing.push(`${name}: ${flag.missing}`);
      continue;
    }
    try {
      for (const each of about) if (each !== 'retry') flag.set(plan[each], value);
    } catch (error) {
      throw new Error(`${given}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (missing.length > 0) throw new NotImplemented(missing.join('; '));
  return plan;
}

type About = keyof Plan | 'retry';

/** The flag behind prefixes that say which connection it is about. */
function target(given: string): { readonly name: string; readonly about: readonly About[] } {
  // There is no second process: `-on-shim-` says nothing, and what is for that one is passed over.
  const name = given.replace(/^-on-(?:shim|handshaker)-/, '-');
  const prefixed: readonly (readonly [string, readonly About[]])[] = [
    ['-on-initial-', ['initial']],
    ['-on-resume-', ['resumed']],
    ['-on-retry-', ['retry']],
  ];
  for (const [prefix, about] of prefixed)
    if (name.startsWith(prefix)) return { name: `-${name.slice(prefix.length)}`, about };
  return { name, about: ['initial', 'resumed'] };
}
