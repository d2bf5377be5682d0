/** Traces for the rules about what was offered and agreed, about certificates, and about paths that let the rest through. */
import { uintBytes } from '../../src/base/bytes.ts';
import type { EndpointConfig } from '../../src/engine/api.ts';
import { withQuirks } from '../../src/scenario/index.ts';
import type { Actor, Trace, TraceEvent } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { traceOfQuirk } from '../support/quirkCases.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace } from '../support/reading.ts';
import { ackOf, Script13 } from '../support/scripted13.ts';
import { answer, check } from '../support/stunMessages.ts';
import { captureAt, captureHeader, configured, type Simulated, simulated } from '../support/traces.ts';
import type { NearMiss, Trigger } from './cases.ts';
import { resentAfterAck, versionRefused } from './cases13.ts';

const capture = (name: string) => (): Trace => captureTrace(name, 'without keys');
const run = (options: Simulated) => (): Trace => simulated(options);
const seenBy = (end: Actor, options: Simulated) => (): Trace => captureAt(simulated(options), end, false);
const seenOf =
  (id: Parameters<typeof traceOfQuirk>[0], having = true, keys = false) =>
  (): Trace =>
    captureAt(traceOfQuirk(id, having), 'client', keys);
/** The same, with events before it. */
const knowing =
  (events: readonly TraceEvent[], trace: () => Trace): (() => Trace) =>
  () => ({ ...trace(), events: [...events, ...trace().events] });
/** The same, recorded at another time. */
const recordedAt =
  (time: string, trace: () => Trace): (() => Trace) =>
  () => ({ header: { ...captureHeader, startedAt: Date.parse(time) }, events: trace().events });

const ecdsa = bundledTestCredential('ecdsa-p256-b');
const rsa = bundledTestCredential('rsa-2048');
const [ecdsaGcm, ecdsaChacha, rsaGcm] = [0xc02b, 0xcca9, 0xc02f];

type Message = readonly [from: Actor, type: number, body: readonly number[] | Uint8Array];
/** A capture of whole messages in the clear, one a datagram, and an alert at the end. */
function refusedAfter(messages: readonly Message[], by: Actor, description: number): Trace {
  const numbers: Record<Actor, number> = { client: 0, server: 0 };
  const addresses = { client: '192.0.2.1:5000', server: '192.0.2.2:4433' };
  const datagrams = messages.map(([from, type, body]): readonly [Actor, Uint8Array] => {
    const number = numbers[from]++;
    return [from, rawRecord({ number, body: rawFragment({ type, seq: number, body }) })];
  });
  const alert = rawRecord({ type: 21, number: numbers[by], body: [2, description] });
  return {
    header: captureHeader,
    events: [...datagrams, [by, alert] as const].map(([from, bytes], i) => ({
      kind: 'datagram',
      at: 10 * i,
      packet: i + 1,
      src: addresses[from],
      dst: addresses[from === 'client' ? 'server' : 'client'],
      from: undefined,
      bytes,
      length: bytes.length,
      contents: undefined,
    })),
  };
}
const extensionBytes = (code: number, body: readonly number[]): number[] => [
  ...uintBytes(code, 2),
  ...uintBytes(body.length, 2),
  ...body,
];
const helloHead = [0xfe, 0xfd, ...new Array<number>(32).fill(5), 0];
/** extended_master_secret, and secp256r1 among the groups: what nobody refuses. */
const usual = [...extensionBytes(23, []), ...extensionBytes(10, [0, 2, 0, 23])];
const clientHello = (suites: readonly number[], extensions: readonly number[]): Message => [
  'client',
  1,
  [
    ...[...helloHead, 0, ...uintBytes(2 * suites.length, 2)],
    ...suites.flatMap((suite) => [...uintBytes(suite, 2)]),
    ...[1, 0, ...uintBytes(extensions.length, 2), ...extensions],
  ],
];
const serverHello = (suite: number, extensions: readonly number[]): Message => [
  'server',
  2,
  [...helloHead, ...uintBytes(suite, 2), 0, ...uintBytes(extensions.length, 2), ...extensions],
];
const leaf = ecdsa.chain[0] ?? new Uint8Array(0);
const certificate: Message = ['server', 11, [...uintBytes(leaf.length + 3, 3), ...uintBytes(leaf.length, 3), ...leaf]];
const srtp = (...profiles: readonly number[]): number[] =>
  extensionBytes(14, [...uintBytes(2 * profiles.length, 2), ...profiles.flatMap((one) => [0, one]), 0]);

const renegotiation = extensionBytes(65281, [0]);
/** A ClientHello as OpenSSL's: secure renegotiation by TLS_EMPTY_RENEGOTIATION_INFO_SCSV. */
const signalling = clientHello([ecdsaGcm, 0x00ff], usual);

const noGroup: Simulated = { client: { groups: [24] }, server: { groups: [29] } };
const quirky = (role: Actor, own: Partial<EndpointConfig>, id: Parameters<typeof traceOfQuirk>[0]): EndpointConfig =>
  withQuirks(configured(role, own), [id]);

const description = (sdp: string): TraceEvent => ({
  kind: 'signalling',
  at: 0,
  fact: { kind: 'description', of: 'ours', type: 'offer', sdp },
});
const dataOnly = description('v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n');
const audio = description('v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n');

const setupProblem = (id: string, severity: string): TraceEvent => ({
  kind: 'signalling',
  at: 0,
  fact: { kind: 'problem', id, severity, side: 'answer', line: 9, text: 'The answer says setup:actpass.' },
});

const announced = (hash: string, bytes: number): TraceEvent => ({
  kind: 'fingerprint',
  at: 0,
  of: 'server',
  hash,
  value: new Uint8Array(bytes),
});

/** A client's CertificateVerify that a server of DTLS 1.2 refuses, when the client offers 1.3 as well. */
const wrongVerify = (): Trace =>
  captureAt(
    simulated({
      client: quirky('client', { versions: ['1.3', '1.2'] }, 'wrong-signature'),
      server: { versions: ['1.2'], clientAuth: 'require' },
    }),
    'client',
    false,
  );
/** The same with another alert. */
const wrongVerifyAs = (description: number) => (): Trace => {
  const trace = wrongVerify();
  return {
    ...trace,
    events: trace.events.map((event) => {
      if (event.kind !== 'datagram' || event.bytes[0] !== 21 || event.bytes.length !== 15) return event;
      const bytes = Uint8Array.from(event.bytes);
      bytes[14] = description;
      return { ...event, bytes };
    }),
  };
};

/** The client's hello four times, and ICE checks of it: one before, and one each second until `untilMs`. */
const withStun =
  (untilMs: number, answers = true, rules: readonly string[] = ['out:loss=100%']) =>
  (): Trace => {
    const trace = captureAt(simulated({ rules, timeoutMs: 8000 }), 'client', false);
    const hellos = trace.events.filter((event) => event.kind === 'datagram');
    const [src, dst] = [hellos[0]?.src ?? '', hellos[0]?.dst ?? ''];
    const checks = Array.from({ length: 8 }, (_, i) => 1000 * i + 500)
      .filter((at) => at < untilMs)
      .flatMap((at, i) => [
        check({ at, packet: 0, src, dst, transaction: i + 1 }),
        ...(answers ? [answer({ at: at + 20, packet: 0, src: dst, dst: src, transaction: i + 1 })] : []),
      ]);
    const events = [...hellos, ...checks].sort((a, b) => a.at - b.at).map((event, i) => ({ ...event, packet: i + 1 }));
    return { header: captureHeader, events };
  };

const turn = (fact: Extract<TraceEvent, { readonly kind: 'turn' }>['fact']): TraceEvent => ({
  kind: 'turn',
  at: 0,
  fact,
});
const allocated = turn({
  kind: 'allocated',
  server: '192.0.2.9:3478',
  relayed: '192.0.2.9:50000',
  mapped: undefined,
  lifetimeS: 600,
  software: undefined,
});
const permitted = turn({ kind: 'permitted', peer: '192.0.2.2:4433' });
const peerRefused = turn({
  kind: 'peer-refused',
  peer: '192.0.2.2:4433',
  code: 'forbidden',
  why: 'the relay refused CreatePermission for 192.0.2.2:4433 with 403 Forbidden',
  fix: 'Allow the address in the configuration of the relay.',
});
const unheard = run({ rules: ['out:loss=100%'], timeoutMs: 8000 });

/** The client can open the ServerHello alone: each round its ACK lists one more record of epoch 0. */
function onlyHelloAcks(alsoEpoch2: boolean): Trace {
  const script = new Script13();
  script.hellos(0, 1000);
  const flight = script.flight('server');
  const sealed = script.send(21, 'server', flight);
  for (const [round, at] of [1020, 3020, 7020].entries()) {
    const seen = Array.from({ length: round + 2 }, (_, i) => [0, i] as const);
    script.send(at - 500, 'client', [ackOf(alsoEpoch2 ? [...seen, ...sealed.slice(0, 1)] : seen, 2)]);
    for (const part of script.message('server', 2, 1000)) script.send(at, 'server', [part]);
    script.send(at + 1, 'server', flight);
  }
  return script.trace('with keys');
}

/** A CertificateRequest of DTLS 1.3 with an empty list of authorities, after which the capture ends. */
function emptyAuthoritiesAlone(): Trace {
  const script = new Script13();
  script.hellos(0, 1000);
  const body = [0, ...uintBytes(14, 2), ...extensionBytes(13, [0, 2, 4, 3]), ...extensionBytes(47, [0, 0])];
  script.send(21, 'server', [...script.message('server', 8), ...script.made('server', 13, 2, Uint8Array.from(body))]);
  return script.trace('with keys');
}

export const negotiationCases: Readonly<
  Record<string, { readonly triggers: readonly Trigger[]; readonly nearMisses: readonly NearMiss[] }>
> = {
  'no-common-suite': {
    triggers: [
      {
        what: 'the lists do not meet, told by our endpoint',
        trace: run({ client: { cipherSuites: [ecdsaGcm] }, server: { cipherSuites: [ecdsaChacha] } }),
        severity: 'error',
        says: /^No cipher suite in common: the client offers TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, and the server takes TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\./,
      },
      {
        what: 'a captured hello has suites that nobody takes',
        trace: () => refusedAfter([clientHello([0x0005, 0x00ff], usual)], 'server', 40),
        severity: 'error',
        says: /^Most likely no cipher suite in common: the client offers TLS_RSA_WITH_RC4_128_SHA|^Most likely no cipher suite in common: the client offers/,
      },
    ],
    nearMisses: [
      { what: 'the alert is another one', trace: () => refusedAfter([clientHello([0x0005], usual)], 'server', 80) },
      { what: 'there is a suite that everybody has', trace: versionRefused('server', 40) },
      { what: 'there is one in common', trace: run({ client: { cipherSuites: [ecdsaGcm] } }) },
    ],
  },
  'no-common-group': {
    triggers: [
      {
        what: 'the lists do not meet, told by our endpoint',
        trace: run(noGroup),
        severity: 'error',
        says: /^No group in common: the client offers secp384r1, and the server takes x25519/,
      },
      {
        what: 'a captured hello lacks secp256r1',
        trace: seenBy('client', noGroup),
        severity: 'error',
        says: /^Most likely no group in common: the client offers secp384r1, and not secp256r1/,
      },
      {
        what: 'the server is set up without secp256r1',
        trace: () => traceOfQuirk('no-common-group', true),
        severity: 'error',
        says: /secp256r1 is on offer.* the server is set up without it/,
      },
    ],
    nearMisses: [
      { what: 'a capture does not tell what the server dislikes', trace: seenOf('no-common-group') },
      { what: 'the server answers', trace: run({ client: { groups: [24] }, server: { groups: [24] } }) },
    ],
  },
  'certificate-suite-mismatch': {
    triggers: [
      {
        what: 'the server allows no suite for its certificate',
        trace: () => traceOfQuirk('suite-for-other-key', true),
        severity: 'error',
        says: /^None of the suites that the server allows fits its certificate/,
      },
      {
        what: 'the client offers suites for RSA alone, told by our endpoint',
        trace: run({ client: { cipherSuites: [rsaGcm] }, server: { credentials: [ecdsa] } }),
        severity: 'error',
        says: /offers suites for RSA certificates only, and the server's certificate is ECDSA/,
      },
      {
        what: 'the same, captured',
        trace: seenBy('client', { client: { cipherSuites: [rsaGcm] }, server: { credentials: [ecdsa] } }),
        severity: 'error',
        says: /^Most likely the client offers suites for RSA certificates only/,
      },
      {
        what: 'the server sends a certificate that its suite does not go with',
        trace: () =>
          refusedAfter([clientHello([ecdsaGcm, rsaGcm], usual), serverHello(rsaGcm, usual), certificate], 'client', 47),
        severity: 'error',
        says: /^The server chose TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and sent a certificate with the key ECDSA P-256/,
      },
    ],
    nearMisses: [
      { what: 'suites for both are on offer, and a capture tells no more', trace: seenOf('suite-for-other-key') },
      {
        what: 'the client refuses a certificate that fits',
        trace: () =>
          refusedAfter(
            [clientHello([ecdsaGcm, rsaGcm], usual), serverHello(ecdsaGcm, usual), certificate],
            'client',
            47,
          ),
      },
      {
        what: 'an RSA suite goes with the RSA certificate',
        trace: run({ client: { cipherSuites: [rsaGcm] }, server: { credentials: [rsa] } }),
      },
    ],
  },
  'certificate-request-without-ecdsa': {
    triggers: [
      {
        what: 'the client shows none, and the server goes on',
        trace: seenOf('no-ecdsa-sign'),
        severity: 'warning',
        says: /takes rsa_sign only, and not ecdsa_sign\. So the client sent an empty Certificate, as Chromium/,
      },
      {
        what: 'the server ends the handshake for it',
        trace: () =>
          captureAt(
            simulated({ server: quirky('server', { clientAuth: 'require' }, 'no-ecdsa-sign') }),
            'client',
            false,
          ),
        severity: 'error',
        says: /sent an empty Certificate, and the server ended the handshake with handshake_failure \(40\)/,
      },
    ],
    nearMisses: [
      { what: 'ecdsa_sign is there', trace: seenOf('no-ecdsa-sign', false) },
      {
        what: 'the client has an RSA certificate',
        trace: run({
          client: { credentials: [rsa] },
          server: quirky('server', { clientAuth: 'require' }, 'no-ecdsa-sign'),
        }),
      },
      { what: 'DTLS 1.3 has no certificate_types', trace: () => captureTrace('dtls13_nss_mutual_pq', 'with keys') },
    ],
  },
  'empty-client-certificate': {
    triggers: [
      {
        what: 'the server goes on',
        trace: seenOf('empty-certificate'),
        severity: 'warning',
        says: /^The server asked for a certificate, and the client answered with an empty list\. The server went on/,
      },
      {
        what: 'the server ends the handshake for it',
        trace: seenBy('client', { client: { credentials: [] }, server: { clientAuth: 'require' } }),
        severity: 'error',
        says: /ended the handshake with handshake_failure \(40\)/,
      },
      {
        what: 'the same in DTLS 1.3, with keys',
        trace: () =>
          captureAt(
            simulated({
              client: { versions: ['1.3'], credentials: [] },
              server: { versions: ['1.3'], clientAuth: 'require' },
            }),
            'client',
          ),
        severity: 'error',
        says: /ended the handshake with certificate_required \(116\)/,
      },
    ],
    nearMisses: [
      { what: 'the client shows one', trace: seenOf('empty-certificate', false) },
      { what: 'it was asked for none', trace: run({ client: { credentials: [] }, server: { clientAuth: 'none' } }) },
    ],
  },
  'srtp-not-negotiated': {
    triggers: [
      {
        what: 'the server leaves use_srtp out',
        trace: seenOf('no-use-srtp'),
        severity: 'warning',
        says: /offers use_srtp \(SRTP_AEAD_AES_128_GCM and SRTP_AES128_CM_HMAC_SHA1_80\), and the server's answer has none.*audio and video have no keys/,
      },
      {
        what: 'the same where only data flows',
        trace: knowing([dataOnly], seenOf('no-use-srtp')),
        severity: 'info',
        says: /Only data flows here/,
      },
      {
        what: 'the client ends the handshake for it',
        trace: () =>
          refusedAfter(
            [clientHello([ecdsaGcm], [...usual, ...srtp(7, 1)]), serverHello(ecdsaGcm, usual), certificate],
            'client',
            71,
          ),
        severity: 'error',
        says: /^The client offers use_srtp .*and the server's answer has none\. .*so the client ended the handshake/,
      },
      {
        what: 'the server demands it and the client does not offer it',
        trace: () => refusedAfter([clientHello([ecdsaGcm], usual)], 'server', 71),
        severity: 'error',
        says: /^Most likely the client offers no use_srtp, and the server demands it/,
      },
      {
        what: 'audio was signalled and the client does not offer it',
        trace: knowing([audio], seenBy('client', { client: { srtpProfiles: [] } })),
        severity: 'warning',
        says: /has no use_srtp, although audio or video is to flow/,
      },
    ],
    nearMisses: [
      { what: 'a profile is agreed', trace: capture('good_mutual_srtp') },
      { what: 'nobody speaks of media', trace: seenBy('client', { client: { srtpProfiles: [] } }) },
      { what: 'only an odd profile is offered', trace: seenOf('no-common-srtp') },
      {
        what: 'the answer of DTLS 1.3 is closed',
        trace: seenBy('client', {
          client: { versions: ['1.3'] },
          server: { versions: ['1.3'], srtpProfiles: [] },
        }),
      },
    ],
  },
  'no-common-srtp-profile': {
    triggers: [
      {
        what: 'the client offers one without encryption alone',
        trace: seenOf('no-common-srtp'),
        severity: 'warning',
        says: /use_srtp with SRTP_NULL_HMAC_SHA1_80 only/,
      },
      {
        what: 'the server ends the handshake for it',
        trace: () => refusedAfter([clientHello([ecdsaGcm], [...usual, ...srtp(5)])], 'server', 71),
        severity: 'error',
        says: /^Most likely the client offers the SRTP profiles SRTP_NULL_HMAC_SHA1_80, and the server takes none/,
      },
      {
        what: 'the server chooses one that was not offered',
        trace: () =>
          refusedAfter(
            [clientHello([ecdsaGcm], [...usual, ...srtp(7)]), serverHello(ecdsaGcm, [...usual, ...srtp(1)])],
            'client',
            47,
          ),
        severity: 'error',
        says: /^The server chose the SRTP profile SRTP_AES128_CM_HMAC_SHA1_80, and the client offers SRTP_AEAD_AES_128_GCM/,
      },
    ],
    nearMisses: [
      { what: 'a usual one is on offer', trace: seenOf('no-use-srtp') },
      { what: 'one is agreed', trace: capture('good_mutual_srtp') },
    ],
  },
  'certificate-validity': {
    triggers: [
      {
        what: 'expired_client_cert',
        trace: capture('expired_client_cert'),
        severity: 'error',
        says: /certificate_expired \(45\).*was valid until 2024-01-01, \d+ days before this handshake\. The server checks certificates as the web does/,
      },
      {
        what: 'the certificate is not expired at all',
        trace: recordedAt('2026-11-01', seenOf('certificate-expired')),
        severity: 'error',
        says: /is valid from 2020-01-01 until 2049-12-31, so its clock is wrong/,
      },
      {
        what: 'nobody minds',
        trace: recordedAt('2060-01-01', seenBy('client', {})),
        severity: 'info',
        says: /was valid until 2049-12-31, 365\d days before this handshake\. .*does no harm/,
      },
      {
        what: 'it is from the future, and the handshake ended for something else',
        trace: recordedAt(
          '2000-01-01',
          seenBy('client', { client: { extendedMasterSecret: 'require' }, server: { extendedMasterSecret: 'off' } }),
        ),
        severity: 'info',
        says: /is valid from 2020-01-01, 7305 days after this handshake\. .*is not what stopped the handshake/,
      },
    ],
    nearMisses: [
      { what: 'it is within its dates', trace: recordedAt('2026-11-01', seenBy('client', {})) },
      { what: 'nobody knows when it was', trace: seenBy('client', {}) },
    ],
  },
  'extended-master-secret-missing': {
    triggers: [
      {
        what: 'the server leaves it out',
        trace: seenOf('no-ems'),
        severity: 'warning',
        says: /^The client offers extended_master_secret, and the server's answer has none/,
      },
      {
        what: 'the client does not offer it',
        trace: seenBy('client', { client: { extendedMasterSecret: 'off' } }),
        severity: 'warning',
        says: /^The client does not offer extended_master_secret/,
      },
      {
        what: 'the client ends the handshake for it',
        trace: seenOf('ems-required'),
        severity: 'error',
        says: /^The client demands extended_master_secret, and the server's answer has none: so the client ended/,
      },
      {
        what: 'the server ends the handshake for it',
        trace: seenBy('client', {
          client: { extendedMasterSecret: 'off' },
          server: { extendedMasterSecret: 'require' },
        }),
        severity: 'error',
        says: /^Most likely the client does not offer extended_master_secret, and the server demands it/,
      },
    ],
    nearMisses: [
      { what: 'it is agreed', trace: capture('good_ecdhe_rsa') },
      { what: 'DTLS 1.3 needs none', trace: () => captureTrace('dtls13_nss_mutual_pq', 'with keys') },
    ],
  },
  'renegotiation-info-missing': {
    triggers: [
      {
        what: 'a client of OpenSSL 3, which signals by cipher suite, ends the handshake for it',
        trace: () => refusedAfter([signalling, serverHello(ecdsaGcm, usual)], 'client', 40),
        severity: 'error',
        says: /^The client offers secure renegotiation \(TLS_EMPTY_RENEGOTIATION_INFO_SCSV among its cipher suites\), and the server's answer has no renegotiation_info: so the client ended/,
      },
      {
        what: 'the client signals by extension, and has the whole flight',
        trace: () =>
          refusedAfter(
            [clientHello([ecdsaGcm], [...usual, ...renegotiation]), serverHello(ecdsaGcm, usual), certificate],
            'client',
            40,
          ),
        severity: 'error',
        says: /^The client offers secure renegotiation \(renegotiation_info\)/,
      },
      {
        what: 'the answer has no extended master secret either',
        trace: () =>
          refusedAfter(
            [clientHello([ecdsaGcm, 0x00ff], usual), serverHello(ecdsaGcm, extensionBytes(10, [0, 2, 0, 23]))],
            'client',
            40,
          ),
        severity: 'error',
        says: /^Most likely the client offers .*has no renegotiation_info, nor extended_master_secret/,
      },
      {
        what: 'the server refuses a client that signals nothing, and nothing else explains it',
        trace: () => refusedAfter([clientHello([ecdsaGcm, rsaGcm], usual)], 'server', 40),
        severity: 'error',
        says: /^Most likely the client says nothing of secure renegotiation, and the server demands/,
      },
      {
        what: 'the handshake ends over something else',
        trace: () => refusedAfter([signalling, serverHello(ecdsaGcm, usual), certificate], 'client', 42),
        severity: 'warning',
        says: /has no renegotiation_info: clients of OpenSSL 3/,
      },
    ],
    nearMisses: [
      {
        what: 'the server answers it, and the client refuses all the same',
        trace: () => refusedAfter([signalling, serverHello(ecdsaGcm, [...usual, ...renegotiation])], 'client', 40),
      },
      {
        what: 'nobody signals',
        trace: () => refusedAfter([clientHello([ecdsaGcm], usual), serverHello(ecdsaGcm, usual)], 'client', 40),
      },
      {
        what: 'a client that signals is refused',
        trace: () => refusedAfter([clientHello([ecdsaGcm, rsaGcm, 0x00ff], usual)], 'server', 40),
      },
      { what: 'it is agreed', trace: capture('good_ecdhe_rsa') },
      { what: 'DTLS 1.3 has none', trace: () => captureTrace('dtls13_nss_mutual_pq', 'with keys') },
    ],
  },
  'only-server-hello-acknowledged': {
    triggers: [
      {
        what: 'the labels of TLS are used, and the rest is closed',
        trace: seenOf('tls13-labels'),
        severity: 'error',
        says: /answered with ACKs alone \(40, 56, 104, 152 bytes\), of the ServerHello and of nothing behind it/,
      },
      {
        what: 'the ACKs can be read',
        trace: () => onlyHelloAcks(false),
        severity: 'error',
        says: /was sent four times in .* ACKs alone/,
      },
    ],
    nearMisses: [
      { what: 'an ACK names a record of epoch 2', trace: () => onlyHelloAcks(true) },
      { what: 'an ACK asks for the rest of a flight', trace: resentAfterAck('without keys') },
      { what: 'the labels are right', trace: seenOf('tls13-labels', false) },
    ],
  },
  'empty-certificate-authorities': {
    triggers: [
      {
        what: 'the client ends the handshake for it',
        trace: seenOf('empty-authorities', true, true),
        severity: 'error',
        says: /with no name in it, which DTLS 1\.3 forbids\. The client ended the handshake with decode_error \(50\)/,
      },
      {
        what: 'nobody has minded yet',
        trace: emptyAuthoritiesAlone,
        severity: 'warning',
        says: /This client let it pass; Chromium ends the handshake/,
      },
    ],
    nearMisses: [
      { what: 'it is left out', trace: seenOf('empty-authorities', false, true) },
      { what: 'it cannot be read', trace: seenOf('empty-authorities') },
      { what: 'the list of a CertificateRequest of DTLS 1.2 may be empty', trace: capture('good_mutual_srtp') },
    ],
  },
  'unknown-signature-algorithm': {
    triggers: [
      {
        what: 'our endpoint says so',
        trace: () => traceOfQuirk('unknown-sigalg-fatal', true),
        severity: 'error',
        says: /^The server falls over a signature algorithm in the ClientHello that it does not know: dsa_sha256/,
      },
      {
        what: 'a captured server answers with decode_error',
        trace: seenOf('unknown-sigalg-fatal'),
        severity: 'error',
        says: /^Most likely the server falls over .*dsa_sha256/,
      },
    ],
    nearMisses: [
      { what: 'the server steps over it', trace: seenOf('unknown-sigalg-fatal', false) },
      { what: 'the list has usual ones only', trace: versionRefused('server', 50) },
    ],
  },
  'signature-mismatch': {
    triggers: [
      {
        what: 'our endpoint says so',
        trace: () => traceOfQuirk('wrong-signature', true),
        severity: 'error',
        says: /^The signature in the server's ServerKeyExchange is wrong, so the client ended the handshake with decrypt_error/,
      },
      {
        what: 'a captured client answers with decrypt_error',
        trace: seenOf('wrong-signature'),
        severity: 'error',
        says: /^The signature in the server's ServerKeyExchange does not verify/,
      },
      {
        what: 'a client that offers DTLS 1.3 signs wrongly in 1.2',
        trace: wrongVerify,
        severity: 'error',
        says: /^Most likely the signature in the client's CertificateVerify does not verify.*Firefox 150/,
      },
      {
        what: 'the server calls it bad_certificate, as pion does',
        trace: wrongVerifyAs(42),
        severity: 'warning',
        says: /Firefox 150 signs wrongly.*as it fits a wrong fingerprint/,
      },
    ],
    nearMisses: [
      { what: 'Finished is wrong, and no signature', trace: () => traceOfQuirk('wrong-finished', true) },
      { what: 'the server refuses the client for something else', trace: wrongVerifyAs(40) },
      { what: 'all verifies', trace: seenOf('wrong-signature', false) },
    ],
  },
  'client-hello-filtered': {
    triggers: [
      {
        what: 'ICE checks are answered all the time',
        trace: withStun(8000),
        severity: 'info',
        says: /was sent four times without any answer, while seven STUN requests .* were answered/,
      },
    ],
    nearMisses: [
      { what: 'ICE checks are answered no more', trace: withStun(400) },
      { what: 'ICE checks are not answered', trace: withStun(8000, false) },
      { what: 'the server answers', trace: withStun(8000, true, ['delay=10ms']) },
    ],
  },
  'fingerprint-unusable': {
    triggers: [
      {
        what: 'the hash is one that nobody knows',
        trace: knowing([announced('gost', 32)], capture('good_mutual_srtp')),
        severity: 'warning',
        says: /"gost" of the server, a hash that nobody knows/,
      },
      {
        what: 'the hash is md5',
        trace: knowing([announced('md5', 16)], capture('good_mutual_srtp')),
        severity: 'warning',
        says: /md5 of the server, which is forbidden/,
      },
      {
        what: 'bytes are missing',
        trace: knowing([announced('sha-256', 20)], capture('hole')),
        severity: 'warning',
        says: /sha-256 of the server with 20 bytes in place of 32/,
      },
    ],
    nearMisses: [
      { what: 'it has the length of its hash', trace: knowing([announced('SHA-256', 32)], capture('hole')) },
      { what: 'nothing was announced', trace: capture('good_mutual_srtp') },
    ],
  },
  'setup-ambiguous': {
    triggers: [
      {
        what: 'an answer says actpass, and nothing came of it',
        trace: knowing([setupProblem('answer-actpass', 'error')], unheard),
        severity: 'warning',
        says: /^The answer says setup:actpass\. When nobody began, or both did, this is why/,
      },
      {
        what: 'the two sides agreed all the same',
        trace: knowing([setupProblem('no-setup', 'warning')], run({})),
        severity: 'warning',
        says: /agreed all the same/,
      },
    ],
    nearMisses: [
      { what: 'the problem is another one', trace: knowing([setupProblem('tcp-only', 'error')], unheard) },
      { what: 'it is only worth knowing', trace: knowing([setupProblem('no-setup', 'info')], unheard) },
    ],
  },
  'turn-permission-missing': {
    triggers: [
      {
        what: 'the relay refuses the peer',
        trace: knowing([allocated, peerRefused], unheard),
        severity: 'warning',
        says: /went to the relay 192\.0\.2\.9:3478 .*403 Forbidden/,
      },
      {
        what: 'that is what ended the run',
        trace: knowing([allocated, peerRefused, { kind: 'refused', at: 1, by: 'TURN', why: '403 Forbidden' }], unheard),
        severity: 'error',
        says: /The relay gave no permission/,
      },
      {
        what: 'nobody asked for a permission',
        trace: knowing([allocated], unheard),
        severity: 'warning',
        says: /No permission for the server was ever given/,
      },
    ],
    nearMisses: [
      { what: 'there is one', trace: knowing([allocated, permitted], unheard) },
      { what: 'there is no relay', trace: unheard },
      { what: 'the peer is heard', trace: knowing([allocated, peerRefused], run({})) },
    ],
  },
  'one-record-per-datagram': {
    triggers: [
      {
        what: 'the server sends record by record',
        trace: seenOf('record-per-datagram'),
        severity: 'info',
        says: /flight 2 .* went out in four datagrams with one record each, \d+ bytes in all, which fit into one/,
      },
      {
        what: 'and one of them is lost',
        trace: run({
          server: quirky('server', {}, 'record-per-datagram'),
          rules: ['in:drop=server_key_exchange#1', 'delay=10ms'],
        }),
        severity: 'warning',
        says: /each loss costs a timer, as it did here/,
      },
    ],
    nearMisses: [
      { what: 'the flight is packed', trace: seenOf('record-per-datagram', false) },
      { what: 'each datagram is full', trace: seenBy('client', { server: { mtu: 228 } }) },
      { what: 'OpenSSL cuts at its MTU', trace: capture('bigchain_mtu300') },
      {
        what: 'a request for a cookie answers each of many hellos',
        trace: run({ server: quirky('server', { cookie: true }, 'cookie-renewed'), rules: ['delay=700ms'] }),
      },
    ],
  },
};
