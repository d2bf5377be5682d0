/**
 * Libraries of small devices. The offer is that of the library as Debian builds it; devices leave much of it out.
 */
import { inSource, measured, unmeasured } from './figure.ts';
import type { Profile, ProfileDatagrams, ProfileTimers } from './model.ts';
import { hello12, offerUnmeasured } from './stacks.ts';

const mbedtls228 = 'Mbed TLS 2.28.3, Debian 12, November 2026';
const mbedtlsHello = `${mbedtls228}: the ClientHello of its client with tickets and an SRTP profile`;

const mbedtlsTimers: ProfileTimers = {
  start: measured(1000, `${mbedtls228}: its client against silence, 1.0, 2.0, 4.0, 8.0, 16.0 and 32.0 s`),
  growth: measured(2, `${mbedtls228}: its client against silence`),
  cap: inSource(60_000, 'Mbed TLS ssl.h, MBEDTLS_SSL_DTLS_TIMEOUT_DFL_MAX'),
  attempts: inSource(6, 'Mbed TLS ssl_msg.c: gives up once it has waited the cap: 1, 2, 4, 8, 16, 32, 60 s'),
};

const mbedtlsDatagrams: ProfileDatagrams = {
  mtu: unmeasured,
  mtuSteps: measured(
    [{ fromRetransmission: 2, mtu: 508 }],
    `${mbedtls228}: a flight of 6865 bytes, in datagrams of 508 bytes when its timer ran out the second time`,
  ),
  packing: measured('packed', `${mbedtls228}: the five messages of its flight in one datagram`),
  resendPacking: measured('packed', `${mbedtls228}: as at first`),
  borders: measured('stable', `${mbedtls228}: its server with an MTU of 400, the same fragments when sent again`),
  sharedRecords: unmeasured,
};

const mbedtlsHabits = {
  timers: mbedtlsTimers,
  datagrams: mbedtlsDatagrams,
  replayWindow: inSource(64, 'Mbed TLS ssl_msg.c: a window of 64 bits'),
  cookie: inSource(true, 'Mbed TLS: HelloVerifyRequest by default as server (MBEDTLS_SSL_DTLS_HELLO_VERIFY)'),
  verify: measured(
    { version: 0xfefd, cookieLength: 32 },
    `${mbedtls228}: as server; to a client of DTLS 1.0 it says 0xfeff`,
  ),
} as const;

const ownMtu =
  'It has no MTU of its own unless the application sets one: whole messages go in one datagram, up to its buffer of 16 KiB.';

const mbedtls3: Profile = {
  id: 'mbedtls',
  title: 'Mbed TLS 3',
  about: 'a library of small devices: DTLS 1.2, 508 bytes a datagram from the second retransmission on',
  extensionOrder: inSource(
    [0, 16, 10, 13, 11, 54, 1, 22, 23, 14, 35],
    'Mbed TLS 3 ssl_client.c and ssl_tls12_client.c: those of every version first',
  ),
  offer: {
    ...offerUnmeasured,
    versions: inSource(['1.2'], 'Mbed TLS 3.6'),
  },
  ...mbedtlsHabits,
  notes: [ownMtu, 'Before version 3.6.6 it could not put a fragmented ClientHello together.'],
};

const mbedtls2: Profile = {
  id: 'mbedtls-2.28',
  title: 'Mbed TLS 2.28',
  about: 'the version that many devices stay with: the habits of version 3, another ClientHello',
  hello: {
    ...hello12,
    extensions: [
      'signature_algorithms',
      'supported_groups',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      { kind: 'encrypt_then_mac', body: {} },
      'extended_master_secret',
      'use_srtp',
      'session_ticket',
    ],
    order: 'fixed',
  },
  offer: {
    versions: measured(['1.2'], mbedtlsHello),
    cipherSuites: measured(
      [
        0xcca8, 0xcca9, 0xccaa, 0xc02c, 0xc030, 0x009f, 0xc0ad, 0xc09f, 0xc024, 0xc028, 0x006b, 0xc00a, 0xc014, 0x0039,
        0xc0af, 0xc0a3, 0xc087, 0xc08b, 0xc07d, 0xc073, 0xc077, 0x00c4, 0x0088, 0xc02b, 0xc02f, 0x009e, 0xc0ac, 0xc09e,
        0xc023, 0xc027, 0x0067, 0xc009, 0xc013, 0x0033, 0xc0ae, 0xc0a2, 0xc086, 0xc08a, 0xc07c, 0xc072, 0xc076, 0x00be,
        0x0045, 0x009d, 0xc09d, 0x003d, 0x0035, 0xc032, 0xc02a, 0xc00f, 0xc02e, 0xc026, 0xc005, 0xc0a1, 0xc07b, 0x00c0,
        0x0084, 0xc08d, 0xc079, 0xc089, 0xc075, 0x009c, 0xc09c, 0x003c, 0x002f, 0xc031, 0xc029, 0xc00e, 0xc02d, 0xc025,
        0xc004, 0xc0a0, 0xc07a, 0x00ba, 0x0041, 0xc08c, 0xc078, 0xc088, 0xc074, 0x00ff,
      ],
      mbedtlsHello,
    ),
    groups: measured(
      [0x0019, 0x001c, 0x0018, 0x001b, 0x0017, 0x0016, 0x001a, 0x0015, 0x0014, 0x0013, 0x0012, 0x001d, 0x001e],
      mbedtlsHello,
    ),
    signatureSchemes: measured([0x0603, 0x0601, 0x0503, 0x0501, 0x0403, 0x0401, 0x0303, 0x0301], mbedtlsHello),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  ...mbedtlsHabits,
  notes: [
    ownMtu,
    'The record of its first ClientHello has version 0xfeff.',
    'With a session ticket it makes another session_id for the hello that returns a cookie.',
    'It can not put a fragmented ClientHello together.',
  ],
};

const wolfssl5 = 'wolfSSL 5.5.4, Debian 12, November 2026';
const wolfsslHello = `${wolfssl5}: the ClientHello of its client with tickets`;

const wolfssl: Profile = {
  id: 'wolfssl-5.5',
  title: 'wolfSSL 5.5',
  about: 'a library of small devices: DTLS 1.2 as Debian builds it, a one-second timer, 1400 bytes a datagram',
  hello: {
    ...hello12,
    extensions: [
      'signature_algorithms',
      { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
      'supported_groups',
      { kind: 'encrypt_then_mac', body: {} },
      'session_ticket',
      'extended_master_secret',
    ],
    order: 'fixed',
  },
  offer: {
    versions: measured(['1.2'], wolfsslHello),
    cipherSuites: measured(
      [
        0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0x00ab, 0x0034, 0x00a7, 0x00aa, 0xcca9, 0xcca8, 0xccaa, 0xc027,
        0xc023, 0xc028, 0xc024, 0xc00a, 0xc009, 0xc008, 0xc014, 0xc013, 0xc012, 0xc0ac, 0xc0ae, 0xc0af, 0x006b, 0x0067,
        0x0039, 0x0033, 0x0016, 0xcc14, 0xcc13, 0xcc15, 0xc006, 0x00b3, 0x00b2, 0xc0a6, 0xc0a7, 0xccab, 0xccac, 0xccad,
        0xc037, 0xd001, 0x00b5, 0xc03a, 0x00b4, 0x0045, 0x0088, 0x00be, 0x00c4,
      ],
      wolfsslHello,
    ),
    groups: measured(
      [0x0019, 0x001c, 0x0018, 0x001b, 0x001e, 0x0017, 0x0016, 0x001a, 0x001d, 0x0015, 0x0014, 0x0101, 0x0100],
      wolfsslHello,
    ),
    signatureSchemes: measured(
      [
        0x0603, 0x0503, 0x0403, 0x0203, 0x0807, 0x0808, 0x0806, 0x080b, 0x0805, 0x080a, 0x0804, 0x0809, 0x0601, 0x0501,
        0x0401, 0x0301, 0x0201,
      ],
      wolfsslHello,
    ),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: measured(1000, `${wolfssl5}: its client against silence, 1.0, 2.0, 4.0, 8.0, 16.0 and 32.0 s`),
    growth: measured(2, `${wolfssl5}: its client against silence`),
    cap: inSource(64_000, 'wolfSSL wolfssl/internal.h, DTLS_TIMEOUT_MAX'),
    attempts: unmeasured,
  },
  datagrams: {
    mtu: measured(1400, `${wolfssl5}: its Certificate of 6012 bytes, in datagrams of 1400`),
    mtuSteps: measured([], `${wolfssl5}: the same sizes each time`),
    packing: measured('packed', `${wolfssl5}: the five messages of its flight in one datagram`),
    resendPacking: measured('packed', `${wolfssl5}: as at first`),
    borders: measured('stable', `${wolfssl5}: the same fragments each time`),
    sharedRecords: unmeasured,
  },
  replayWindow: inSource(
    64,
    'wolfSSL wolfssl/internal.h, 0x0603, 0x0503, 0x0403, 0x0203, 0x0807, 0x0808, 0x0806, 0x080b, 0x0805, 0x080a, 0x0804, 0x0809, 0x0601, 0x0501, 0x0401, 0x0301, 0x0201SL_DTLS_WINDOW_WORDS: two of 32 bits',
  ),
  cookie: measured(true, `${wolfssl5}: HelloVerifyRequest as server`),
  verify: measured({ version: 0xfeff, cookieLength: 32 }, `${wolfssl5}: its HelloVerifyRequest`),
  notes: [
    'A message that has to be cut begins a datagram of its own, even where the one before has room.',
    'Debian builds it without use_srtp.',
    'It can not put a fragmented ClientHello together, and takes no ChangeCipherSpec that overtook what stands before it.',
  ],
};

export const devices: readonly Profile[] = [mbedtls3, mbedtls2, wolfssl];
