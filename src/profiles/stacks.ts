/**
 * Libraries that gateways are built with. Timers, sizes and habits are what matters here: the offer depends on
 * the application, and is given only where a tool of the library was captured.
 */
import { inSource, measured, unmeasured } from './figure.ts';
import type { Profile, ProfileOffer } from './model.ts';

const openssl = 'OpenSSL 3.0.22, Debian 12, November 2026';
const gnutlsCli = 'GnuTLS 3.7.9, Debian 12, November 2026';
const opensslHello = `${openssl}: the ClientHello of openssl s_client -dtls1_2`;
const gnutlsHello = `${gnutlsCli}: the ClientHello of gnutls-cli --udp`;

export const offerUnmeasured: ProfileOffer = {
  versions: unmeasured,
  cipherSuites: unmeasured,
  groups: unmeasured,
  signatureSchemes: unmeasured,
  srtpProfiles: unmeasured,
  alpn: unmeasured,
};

/** What ClientHellos that offer DTLS 1.2 alone have in common. */
export const hello12 = {
  legacyVersion: 0xfefd,
  sessionIdLength: 0,
  compressionMethods: [0],
  supportedVersions: [],
  keyShares: [],
} as const;

const openssl30: Profile = {
  id: 'openssl-3.0',
  title: 'OpenSSL 3.0',
  about: 'DTLS 1.2 as s_client and s_server speak it: a one-second timer, flights recut and unpacked when sent again',
  hello: {
    ...hello12,
    extensions: [
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0, 1, 2] } },
      'supported_groups',
      'session_ticket',
      'application_layer_protocol_negotiation',
      'use_srtp',
      { kind: 'encrypt_then_mac', body: {} },
      'extended_master_secret',
      'signature_algorithms',
    ],
    order: 'fixed',
  },
  offer: {
    versions: measured(['1.2'], opensslHello),
    cipherSuites: measured(
      [
        0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027,
        0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x00ff,
      ],
      opensslHello,
    ),
    groups: measured([0x001d, 0x0017, 0x001e, 0x0019, 0x0018], opensslHello),
    signatureSchemes: measured(
      [
        0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
        0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602,
      ],
      opensslHello,
    ),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: measured(1000, `${openssl}: s_client against silence, 1.0, 2.0, 4.2, 8.2 and 16.1 s`),
    growth: measured(2, `${openssl}: s_client against silence`),
    cap: inSource(60_000, 'OpenSSL ssl/d1_lib.c, dtls1_double_timeout'),
    attempts: inSource(12, 'OpenSSL include/openssl/dtls1.h, DTLS1_TMO_ALERT_COUNT'),
  },
  datagrams: {
    mtu: unmeasured,
    mtuSteps: unmeasured,
    packing: measured(
      'packed',
      `${openssl}: captures bigchain_mtu300 and loss-small, records of several messages a datagram`,
    ),
    resendPacking: measured(
      'record',
      `${openssl}: capture loss-small, each message in datagrams of its own when sent again`,
    ),
    borders: measured('recut', `${openssl}: capture loss-small, other fragments when sent again`),
    sharedRecords: unmeasured,
  },
  replayWindow: inSource(64, 'OpenSSL ssl/record/dtls1_bitmap.c'),
  cookie: inSource(false, 'OpenSSL: only with DTLSv1_listen or SSL_OP_COOKIE_EXCHANGE'),
  verify: measured(
    { version: 0xfeff, cookieLength: 20 },
    `${openssl}: capture loss-small, the HelloVerifyRequest of s_server; the cookie is the application’s`,
  ),
  notes: [
    'Its MTU is what its BIO answers: some 1472 bytes on Ethernet, and 228 (256 less headers) where a BIO does not answer, as most memory BIOs don’t; --mtu 228 is the latter.',
    'After two timeouts it asks the BIO again for a fallback MTU.',
    'A datagram that ends a flight can be larger than its MTU by the Finished.',
  ],
};

/** Facts of its source; nobody here has run it. */
const openssl102Source = (where: string): string => `OpenSSL 1.0.2 ${where}`;

const openssl102: Profile = {
  id: 'openssl-1.0.2',
  title: 'OpenSSL 1.0.2',
  about:
    'what gateways of 2015 to 2020 were built with: DTLS 1.2 and 1.0, AES-CBC and RSA key exchange among its suites, and none of the extensions that came later',
  hello: {
    ...hello12,
    extensions: [
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0, 1, 2] } },
      'supported_groups',
      'session_ticket',
      'signature_algorithms',
      // peer_allowed_to_send (RFC 6520 §2).
      { kind: 'unknown', code: 15, body: Uint8Array.of(1) },
      'application_layer_protocol_negotiation',
      'use_srtp',
    ],
    order: 'fixed',
  },
  offer: {
    versions: inSource(['1.2', '1.0'], openssl102Source('ssl/d1_meth.c, DTLS_method')),
    cipherSuites: inSource(
      [
        0xc030, 0xc02c, 0xc028, 0xc024, 0xc014, 0xc00a, 0x00a5, 0x00a3, 0x00a1, 0x009f, 0x006b, 0x006a, 0x0069, 0x0068,
        0x0039, 0x0038, 0x0037, 0x0036, 0x0088, 0x0087, 0x0086, 0x0085, 0xc032, 0xc02e, 0xc02a, 0xc026, 0xc00f, 0xc005,
        0x009d, 0x003d, 0x0035, 0x0084, 0xc02f, 0xc02b, 0xc027, 0xc023, 0xc013, 0xc009, 0x00a4, 0x00a2, 0x00a0, 0x009e,
        0x0067, 0x0040, 0x003f, 0x003e, 0x0033, 0x0032, 0x0031, 0x0030, 0x009a, 0x0099, 0x0098, 0x0097, 0x0045, 0x0044,
        0x0043, 0x0042, 0xc031, 0xc02d, 0xc029, 0xc025, 0xc00e, 0xc004, 0x009c, 0x003c, 0x002f, 0x0096, 0x0041, 0x0007,
        0xc012, 0xc008, 0x0016, 0x0013, 0x0010, 0x000d, 0xc00d, 0xc003, 0x000a, 0x00ff,
      ],
      openssl102Source('ssl/s3_lib.c and SSL_DEFAULT_CIPHER_LIST; DTLS leaves RC4 out'),
    ),
    groups: inSource(
      [23, 25, 28, 27, 24, 26, 22, 14, 13, 11, 12, 9, 10],
      openssl102Source('ssl/t1_lib.c, eccurves_auto'),
    ),
    signatureSchemes: inSource(
      [
        0x0601, 0x0602, 0x0603, 0x0501, 0x0502, 0x0503, 0x0401, 0x0402, 0x0403, 0x0301, 0x0302, 0x0303, 0x0201, 0x0202,
        0x0203,
      ],
      openssl102Source('ssl/t1_lib.c, tls12_sigalgs'),
    ),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: inSource(1000, openssl102Source('ssl/d1_lib.c, dtls1_start_timer')),
    growth: inSource(2, openssl102Source('ssl/d1_lib.c, dtls1_double_timeout')),
    cap: inSource(60_000, openssl102Source('ssl/d1_lib.c, dtls1_double_timeout')),
    attempts: inSource(12, openssl102Source('ssl/dtls1.h, DTLS1_TMO_ALERT_COUNT')),
  },
  datagrams: {
    mtu: unmeasured,
    mtuSteps: unmeasured,
    packing: inSource('packed', openssl102Source('ssl/d1_both.c, dtls1_do_write: records are buffered up to the MTU')),
    resendPacking: inSource('record', openssl102Source('ssl/d1_both.c, dtls1_retransmit_message flushes after each')),
    borders: inSource('recut', openssl102Source('ssl/d1_both.c: fragments are cut for the MTU of the moment')),
    sharedRecords: unmeasured,
  },
  replayWindow: inSource(64, openssl102Source('ssl/d1_pkt.c, dtls1_record_replay_check')),
  cookie: inSource(false, openssl102Source('ssl/d1_srvr.c: only with SSL_OP_COOKIE_EXCHANGE')),
  notes: [
    'It knows neither extended_master_secret nor encrypt_then_mac, and neither X25519 nor ChaCha20.',
    'Without --allow-weak dtlscope speaks its DTLS 1.2 with ECDHE and AES-GCM alone; the rest is offered for shape.',
  ],
};

const gnutls: Profile = {
  id: 'gnutls',
  title: 'GnuTLS',
  about: 'DTLS 1.2 as gnutls-cli and gnutls-serv 3.7 speak it: one record a datagram, the same fragments each time',
  hello: {
    ...hello12,
    extensions: [
      // status_request for OCSP, without responders and extensions (RFC 6066 §8).
      { kind: 'unknown', code: 5, body: Uint8Array.of(1, 0, 0, 0, 0) },
      'supported_groups',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      'signature_algorithms',
      'use_srtp',
      'application_layer_protocol_negotiation',
      { kind: 'encrypt_then_mac', body: {} },
      'extended_master_secret',
      'session_ticket',
      { kind: 'renegotiation_info', body: { renegotiated_connection: new Uint8Array(0) } },
      { kind: 'record_size_limit', body: { record_size_limit: 0x4000 } },
    ],
    order: 'fixed',
  },
  offer: {
    versions: measured(['1.2'], gnutlsHello),
    cipherSuites: measured(
      [
        0xc02c, 0xcca9, 0xc0ad, 0xc00a, 0xc02b, 0xc0ac, 0xc009, 0xc030, 0xcca8, 0xc014, 0xc02f, 0xc013, 0x009d, 0xc09d,
        0x0035, 0x009c, 0xc09c, 0x002f, 0x009f, 0xccaa, 0xc09f, 0x0039, 0x009e, 0xc09e, 0x0033,
      ],
      gnutlsHello,
    ),
    groups: measured([0x0017, 0x0018, 0x0019, 0x001d, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104], gnutlsHello),
    signatureSchemes: measured(
      [
        0x0401, 0x0809, 0x0804, 0x0403, 0x0807, 0x0501, 0x080a, 0x0805, 0x0503, 0x0808, 0x0601, 0x080b, 0x0806, 0x0603,
        0x0201, 0x0203,
      ],
      gnutlsHello,
    ),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: measured(1000, `${gnutlsCli}: against silence, 1.0, 3.0, 6.0 and 12.0 s`),
    growth: inSource(2, 'GnuTLS lib/dtls.c: the timeout doubles'),
    cap: inSource(60_000, 'GnuTLS lib/dtls.c: the timeout stays below 60 s, and so does the whole handshake'),
    attempts: measured(4, `${gnutlsCli}: gave up with an alert after 46 s`),
  },
  datagrams: {
    mtu: inSource(1200, 'GnuTLS lib/gnutls_int.h, DTLS_DEFAULT_MTU'),
    mtuSteps: measured([], `${gnutlsCli}: gnutls-serv, the same sizes each time`),
    packing: measured('record', `${gnutlsCli}: gnutls-serv, one record a datagram`),
    resendPacking: measured('record', `${gnutlsCli}: gnutls-serv, as at first`),
    borders: measured('stable', `${gnutlsCli}: gnutls-serv, the same fragments when sent again`),
    sharedRecords: unmeasured,
  },
  replayWindow: inSource(64, 'GnuTLS lib/dtls-sw.c'),
  cookie: measured(true, `${gnutlsCli}: gnutls-serv --udp; the library leaves it to the application`),
  notes: ['Its first two waits are 1 s and 3 s; from then on they double.'],
};

const nss: Profile = {
  id: 'nss',
  title: 'NSS',
  about: 'Mozilla’s library by itself: a 50 ms timer, and smaller datagrams at every third timeout',
  offer: {
    ...offerUnmeasured,
    versions: inSource(['1.3', '1.2'], 'NSS 3.110'),
    signatureSchemes: measured(
      [
        0x0403, 0x0503, 0x0603, 0x0203, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0x0402, 0x0502, 0x0602,
        0x0202,
      ],
      'NSS 3.125, capture dtls13_nss_mutual_pq: the ClientHello of a program without settings of its own',
    ),
  },
  timers: {
    start: inSource(50, 'NSS lib/ssl/sslimpl.h, DTLS_RETRANSMIT_INITIAL_MS'),
    growth: inSource(2, 'NSS lib/ssl/dtlscon.c, dtls_RetransmitTimerExpiredCb'),
    cap: inSource(10_000, 'NSS lib/ssl/sslimpl.h, DTLS_RETRANSMIT_MAX_MS'),
    attempts: unmeasured,
  },
  datagrams: {
    mtu: inSource(1472, 'NSS lib/ssl/dtlscon.c, COMMON_MTU_VALUES'),
    mtuSteps: inSource(
      [
        { fromRetransmission: 3, mtu: 1252 },
        { fromRetransmission: 6, mtu: 548 },
        { fromRetransmission: 9, mtu: 228 },
      ],
      'NSS lib/ssl/dtlscon.c: one step down COMMON_MTU_VALUES at every third timeout',
    ),
    packing: measured('packed', 'NSS: records fill a datagram at first'),
    resendPacking: measured('record', 'NSS: one message a datagram when sent again'),
    borders: inSource('recut', 'NSS lib/ssl/dtlscon.c: fragments are cut at each sending'),
    sharedRecords: measured(
      false,
      'NSS 3.125, capture with keys: both ends of DTLS 1.3, each message in records of its own',
    ),
  },
  replayWindow: inSource(1024, 'NSS lib/ssl, DTLS_RECVD_RECORDS_WINDOW'),
  cookie: inSource(
    false,
    'NSS: no HelloVerifyRequest as server, and HelloRetryRequest with a cookie only when asked for',
  ),
  notes: [
    'On the wire its datagrams are up to 64 bytes smaller than these sizes: it keeps room for protection that the first flight does not have.',
  ],
};

const boringssl: Profile = {
  id: 'boringssl',
  title: 'BoringSSL',
  about: 'Google’s library without libwebrtc’s settings: a 400 ms timer and an MTU of 1472',
  offer: {
    ...offerUnmeasured,
    versions: inSource(['1.3', '1.2'], 'BoringSSL: DTLS 1.3 by default since February 2026'),
    groups: inSource([0x11ec, 0x001d, 0x0017, 0x0018], 'BoringSSL: its default groups'),
    signatureSchemes: inSource(
      [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201],
      'BoringSSL ssl/extensions.cc: the schemes that it verifies',
    ),
  },
  timers: {
    start: inSource(400, 'BoringSSL ssl/internal.h, initial_timeout_duration_ms'),
    growth: inSource(2, 'BoringSSL ssl/d1_lib.cc, dtls1_double_timeout'),
    cap: inSource(60_000, 'BoringSSL ssl/d1_lib.cc, dtls1_double_timeout'),
    attempts: inSource(12, 'BoringSSL ssl/d1_lib.cc, DTLS1_MAX_TIMEOUTS'),
  },
  datagrams: {
    mtu: inSource(1472, 'BoringSSL ssl/d1_both.cc, kDefaultMTU'),
    mtuSteps: unmeasured,
    packing: inSource('packed', 'BoringSSL ssl/d1_both.cc: records fill a datagram'),
    resendPacking: inSource('packed', 'BoringSSL ssl/d1_both.cc: a retransmission is packed as the first sending'),
    borders: unmeasured,
    sharedRecords: inSource(true, 'BoringSSL ssl/d1_both.cc, seal_next_record: one message a record in epoch 0 alone'),
  },
  replayWindow: inSource(256, 'BoringSSL ssl/internal.h, DTLSReplayBitmap'),
  cookie: inSource(false, 'BoringSSL: no HelloVerifyRequest as server'),
  notes: ['After two timeouts it takes the fallback MTU of its BIO, if the BIO has one.'],
};

/** The version that Debian 12 has. pion/webrtc 4 has pion/dtls v3, which nobody here has run. */
const pion2 = 'pion/dtls 2.2.6, Debian 12, November 2026';
const pionHello = `${pion2}: the ClientHello of its client with SRTP profiles`;

const pion: Profile = {
  id: 'pion',
  title: 'pion',
  about: 'the Go library behind many SFUs: DTLS 1.2, a one-second timer, an MTU that counts bodies only',
  hello: {
    ...hello12,
    extensions: [
      'signature_algorithms',
      { kind: 'renegotiation_info', body: { renegotiated_connection: new Uint8Array(0) } },
      'supported_groups',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      'use_srtp',
      'extended_master_secret',
      'application_layer_protocol_negotiation',
    ],
    order: 'fixed',
  },
  extensionOrder: inSource(
    [13, 0xff01, 50, 10, 11, 14, 23, 0, 16, 54],
    'pion/dtls v3 flight1handler.go: signature_algorithms first',
  ),
  offer: {
    versions: measured(['1.2'], pionHello),
    cipherSuites: measured([0xc02b, 0xc02f, 0xc00a, 0xc014, 0xc02c, 0xc030], pionHello),
    groups: measured([0x001d, 0x0017, 0x0018], pionHello),
    signatureSchemes: measured([0x0403, 0x0503, 0x0603, 0x0401, 0x0501, 0x0601, 0x0807], pionHello),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: measured(1000, `${pion2}: its client against silence, and its server without an answer`),
    growth: inSource(2, 'pion/dtls v3: back-off doubles the interval, unless it is switched off'),
    cap: inSource(60_000, 'pion/dtls v3: the interval is at most a minute'),
    attempts: unmeasured,
  },
  datagrams: {
    mtu: measured(1200, `${pion2}: its Certificate of 6012 bytes in fragments of 1200`),
    mtuSteps: measured([], `${pion2}: the same sizes each time`),
    packing: measured('packed', `${pion2}: its server flight in one datagram of 735 bytes`),
    resendPacking: measured('packed', `${pion2}: its server flight in one datagram each time`),
    borders: measured('stable', `${pion2}: the same fragments each time, with new record numbers`),
    sharedRecords: unmeasured,
  },
  replayWindow: inSource(64, 'pion/dtls conn.go, defaultReplayProtectionWindow'),
  cookie: measured(true, `${pion2}: HelloVerifyRequest; not with InsecureSkipVerifyHello`),
  verify: measured({ version: 0xfefd, cookieLength: 20 }, `${pion2}: its HelloVerifyRequest`),
  commonName: inSource('WebRTC', 'pion/webrtc constants.go, generatedCertificateOrigin'),
  notes: [
    'It counts fragment bodies only, so that a datagram can be up to 25 bytes larger than its MTU: 1225 bytes were measured.',
    'Version 2.2.6 has no back-off: it repeats itself each second (FlightInterval) until the application gives up, 20 times in 20 s.',
    'As client, 2.2.6 answers a ServerHello that was overtaken with internal_error; with a session store it never completes a full handshake whose session id comes in a flight of several datagrams.',
    'As server, 2.2.6 asks for the cookie once more for each datagram of a second ClientHello in fragments, until that is whole; it puts no fragments together whose borders have moved; and with a session store its key log names a resumed session by the server’s random.',
  ],
};

export const stacks: readonly Profile[] = [openssl30, openssl102, gnutls, nss, boringssl, pion];
