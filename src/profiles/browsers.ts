/**
 * The browsers, as they were on the wire in November 2026: ClientHellos captured whole (test/fixtures/captures), first
 * flights and retransmissions timed on loopback and between network namespaces, against each other and against silence.
 */
import { inSource, measured, unmeasured } from './figure.ts';
import type { Profile } from './model.ts';

const chromium = 'Chromium 156.0.8078.79, Debian 12, November 2026';
const firefox = 'Firefox ESR 153.7.0, Debian 12, November 2026';
const chromiumHello = `${chromium}: its ClientHello`;
const firefoxHello = `${firefox}: its ClientHello`;

export const chromium156: Profile = {
  id: 'chromium-156',
  title: 'Chromium 156',
  about:
    'DTLS 1.3 with a post-quantum key share, in a ClientHello that takes two datagrams; extensions in random order',
  hello: {
    legacyVersion: 0xfefd,
    sessionIdLength: 0,
    compressionMethods: [0],
    supportedVersions: [0xfefc, 0xfefd],
    keyShares: [0x11ec, 0x001d],
    extensions: [
      'use_srtp',
      { kind: 'psk_key_exchange_modes', body: { ke_modes: [1] } },
      'signature_algorithms',
      'key_share',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      'extended_master_secret',
      'supported_versions',
      'supported_groups',
      { kind: 'renegotiation_info', body: { renegotiated_connection: new Uint8Array(0) } },
      'application_layer_protocol_negotiation',
      'cookie',
    ],
    order: 'shuffled',
  },
  offer: {
    versions: measured(['1.3', '1.2'], chromiumHello),
    cipherSuites: measured(
      [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x002f, 0x0035],
      chromiumHello,
    ),
    groups: measured([0x11ec, 0x001d, 0x0017, 0x0018], chromiumHello),
    signatureSchemes: measured([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201], chromiumHello),
    srtpProfiles: measured([1, 8, 7], chromiumHello),
    alpn: measured([], chromiumHello),
  },
  timers: {
    start: measured(50, `${chromium}: first retransmission on a short path`),
    growth: measured(2, `${chromium}: each retransmission waits twice as long`),
    cap: inSource(60_000, 'BoringSSL ssl/d1_lib.cc, dtls1_double_timeout; none was reached in 45 s of silence'),
    attempts: inSource(12, 'BoringSSL ssl/d1_lib.cc, DTLS1_MAX_TIMEOUTS'),
  },
  datagrams: {
    mtu: measured(1200, `${chromium}: ClientHello as 0+1175 and 1175+238 in 1200 and 263 bytes`),
    mtuSteps: measured([], `${chromium}: every retransmission of the ClientHello has the same sizes`),
    packing: measured('packed', `${chromium}: its server flight of DTLS 1.2 in one datagram of 638 bytes`),
    resendPacking: inSource('packed', 'BoringSSL ssl/d1_both.cc: a retransmission is packed as the first sending'),
    borders: measured('stable', `${chromium}: the same fragments each time, with new record numbers`),
    sharedRecords: inSource(true, 'BoringSSL ssl/d1_both.cc, seal_next_record: one message a record in epoch 0 alone'),
  },
  replayWindow: inSource(256, 'BoringSSL ssl/internal.h, DTLSReplayBitmap'),
  cookie: measured(false, `${chromium} as server: neither HelloVerifyRequest nor HelloRetryRequest`),
  commonName: measured('WebRTC', `${chromium}: the certificate in the capture chromium_janus_srtp`),
  notes: [
    'Its first timer is twice the round trip that ICE measured, at least 50 ms and at most 3 s; 50 ms is what a short path gives.',
    'With the feature WebRtcPqcForDtls off its ClientHello has 191 bytes and fits one datagram.',
    'ALPN and the cookie of a HelloRetryRequest have a place in its list of extensions, and are not in its first ClientHello.',
  ],
};

export const firefox153: Profile = {
  id: 'firefox-153',
  title: 'Firefox ESR 153',
  about:
    'DTLS 1.3 with a post-quantum key share and ALPN, in a ClientHello that takes two datagrams of up to 1408 bytes',
  hello: {
    legacyVersion: 0xfefd,
    sessionIdLength: 0,
    compressionMethods: [0],
    // TLS 1.2's number is no DTLS version: nobody can choose it.
    supportedVersions: [0xfefc, 0xfefd, 0x0303],
    keyShares: [0x11ec, 0x001d],
    extensions: [
      'extended_master_secret',
      { kind: 'renegotiation_info', body: { renegotiated_connection: new Uint8Array(0) } },
      'supported_groups',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      'application_layer_protocol_negotiation',
      {
        kind: 'delegated_credential',
        body: { expected_cert_verify_algorithm: [0x0403, 0x0503, 0x0603, 0x0203] },
      },
      'key_share',
      'supported_versions',
      'signature_algorithms',
      'cookie',
      { kind: 'record_size_limit', body: { record_size_limit: 0x4001 } },
      'use_srtp',
    ],
    order: 'fixed',
  },
  offer: {
    versions: measured(['1.3', '1.2'], firefoxHello),
    cipherSuites: measured(
      [0x1301, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc00a, 0xc009, 0xc013, 0xc014],
      firefoxHello,
    ),
    groups: measured([0x11ec, 0x001d, 0x0017, 0x0018, 0x0100, 0x0101], firefoxHello),
    signatureSchemes: measured(
      [
        0x0403, 0x0503, 0x0603, 0x0203, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0x0402, 0x0502, 0x0602,
        0x0202,
      ],
      firefoxHello,
    ),
    srtpProfiles: measured([7, 8, 1, 2], firefoxHello),
    alpn: measured(['webrtc', 'c-webrtc'], firefoxHello),
  },
  timers: {
    start: measured(50, `${firefox}: first retransmission`),
    growth: measured(2, `${firefox}: each retransmission waits twice as long`),
    cap: measured(10_000, `${firefox}: no retransmission waits longer`),
    attempts: unmeasured,
  },
  datagrams: {
    mtu: measured(1408, `${firefox}: ClientHello as 0+1383 and 1383+78 in 1408 and 103 bytes`),
    mtuSteps: measured(
      [{ fromRetransmission: 3, mtu: 1188 }],
      `${firefox}: from the third retransmission 0+1163 and 1163+298 in 1188 and 323 bytes`,
    ),
    packing: measured('packed', `${firefox}: its server flight of DTLS 1.2 in one datagram of 709 bytes`),
    resendPacking: measured('record', 'NSS: packed at first, one message a datagram when sent again'),
    borders: measured('recut', `${firefox}: new fragments when the size of datagrams steps down`),
    sharedRecords: inSource(
      false,
      'NSS lib/ssl/dtlscon.c, dtls_FragmentHandshake: a record for each fragment of each message',
    ),
  },
  replayWindow: inSource(1024, 'NSS lib/ssl, DTLS_RECVD_RECORDS_WINDOW'),
  cookie: measured(false, `${firefox} as server: neither HelloVerifyRequest nor HelloRetryRequest`),
  notes: [
    'The FFDHE groups, DSA schemes and CBC suites are offered for shape: a peer that picks one ends the run as unsupported.',
    'The place of a HelloRetryRequest’s cookie was read in the source (NSS lib/ssl/ssl3ext.c), not seen.',
    'It keeps a finished handshake for 30 s (DTLS_RETRANSMIT_FINISHED_MS), shorter than 2 MSL.',
  ],
};
