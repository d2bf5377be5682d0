/** For each rule, traces that make it speak and traces that nearly do. A rule without both fails the meta test. */
import type { Credential } from '../../src/crypto/keys.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { Severity } from '../../src/diagnosis/model.ts';
import type { Trace } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { traceOfQuirk } from '../support/quirkCases.ts';
import { rawRecord } from '../support/raw.ts';
import { captureTrace } from '../support/reading.ts';
import { captureAt, captureHeader, type Simulated, simulated } from '../support/traces.ts';
import {
  acknowledgedHello,
  acksLost,
  answeredHello,
  helloInPieces,
  lastFlightUnanswered,
  neverAcknowledged,
  oneAckLost,
  refusedByClient,
  resentAfterAck,
  unansweredAfterCookie,
  unansweredHello,
  versionRefused,
} from './cases13.ts';
import { negotiationCases } from './casesNegotiation.ts';
import {
  alertAfterStun,
  bothBegin,
  bothBeginWithAlert,
  goneAfterIce,
  helloFirst,
  movedCapture,
  nominated,
  noPath,
  onlyStun,
  provedFirst,
  selectedAgain,
  strangersAfter,
} from './casesPath.ts';
import { stepCases } from './casesSteps.ts';
import { sameLastFlight, timeCases } from './casesTime.ts';

export interface Trigger {
  readonly what: string;
  readonly trace: () => Trace;
  readonly severity: Severity;
  /** What the explanation must say. */
  readonly says: RegExp;
}
export interface NearMiss {
  readonly what: string;
  readonly trace: () => Trace;
}

const capture = (name: string) => (): Trace => captureTrace(name, 'without keys');
const run = (options: Simulated) => (): Trace => simulated(options);
const seenBy = (end: 'client' | 'server', options: Simulated) => (): Trace => captureAt(simulated(options), end, false);
const without = (trace: Trace, datagrams: number): Trace => ({
  header: trace.header,
  events: trace.events.filter(({ kind }) => kind === 'datagram').slice(datagrams),
});
const snapped = (trace: Trace, bytes: number): Trace => ({
  header: captureHeader,
  events: trace.events.map((event) =>
    event.kind === 'datagram' ? { ...event, bytes: event.bytes.subarray(0, bytes) } : event,
  ),
});

/** A Certificate of some 3.7 KB. */
const long: Credential = bundledTestCredential('chain-3700');
/** What simulated servers send for an ECDSA suite. */
const serverLeaf = bundledTestCredential('ecdsa-p256-b').chain[0] ?? new Uint8Array(0);
/** A ClientHello in two datagrams, and ICMP in answer. */
const closedPort = (): Trace => {
  const { header, events } = unansweredHello(1175, 1)();
  const why = 'nobody listens on that port';
  return {
    header,
    events: [
      ...events,
      { kind: 'refused', at: 10, by: '192.0.2.2:4433', why },
      { kind: 'end', at: 11, how: 'done', why },
    ],
  };
};
const wrongFingerprint: Simulated = {
  client: { trust: { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }] } },
};
const cbc = { allowWeak: true, cipherSuites: [0xc009] } as const;
const noGroup: Simulated = { client: { groups: [24] }, server: { groups: [29] } };
const fragments: Simulated = { server: { mtu: 300 } };
/** The client's last flight is one datagram, and from the second repetition on two: the link passes what has no ClientKeyExchange. */
const halfThrough: Simulated = {
  client: { versions: ['1.2'], mtuSteps: [{ fromRetransmission: 2, mtu: 508 }], bordersOnResend: 'stable' },
  server: { clientAuth: 'require' },
  rules: ['out:drop=client_key_exchange'],
  timeoutMs: 15_000,
};
const slow: Simulated = { rules: ['delay=700ms'] };

/** The client's last word is an alert in the clear. */
function refusing({ header, events }: Trace, description: number): Trace {
  const [hello] = events.flatMap((event) => (event.kind === 'datagram' && event.from === 'client' ? [event] : []));
  if (!hello) throw new Error('no ClientHello');
  const packet = 1 + Math.max(...events.map((event) => (event.kind === 'datagram' ? event.packet : 0)));
  const bytes = rawRecord({ type: 21, number: 9, body: [2, description] });
  const kept = events.filter(({ kind, at }) => kind !== 'end' && at < 1200);
  return {
    header,
    events: [...kept, { ...hello, at: 1200, packet, bytes, length: bytes.length, contents: undefined }],
  };
}

/** A fragment of the client's Certificate is lost, and the server does not wait for it (wolfSSL 5.5). */
function refusedBehindHole(): Trace {
  const { header, events } = simulated({
    rules: ['delay=10ms', 'out:drop=certificate@150#1'],
    client: { mtu: 200 },
    server: { clientAuth: 'request' },
  });
  const kept = events.filter(({ kind, at }) => kind !== 'end' && at < 500);
  const last = kept.findLast((event) => event.kind === 'datagram' && event.from === 'server');
  if (last?.kind !== 'datagram') throw new Error('no datagram of the server');
  const packet = 1 + Math.max(...kept.map((event) => (event.kind === 'datagram' ? event.packet : 0)));
  const bytes = rawRecord({ type: 21, number: 9, body: [2, 10] });
  return { header, events: [...kept, { ...last, at: 500, packet, bytes, length: bytes.length, contents: undefined }] };
}

export const cases: Readonly<
  Record<string, { readonly triggers: readonly Trigger[]; readonly nearMisses: readonly NearMiss[] }>
> = {
  ...negotiationCases,
  ...stepCases,
  ...timeCases,
  'retransmission-normal': {
    triggers: [
      {
        what: 'loss-small',
        trace: capture('loss-small'),
        severity: 'info',
        says: /12 repeated datagrams two brought.*Reassembly error/,
      },
      { what: 'a slow path', trace: seenBy('client', slow), severity: 'info', says: /copes with loss/ },
      {
        what: 'an ACK asks for the rest of a flight',
        trace: resentAfterAck('with keys'),
        severity: 'info',
        says: /After an ACK only what it had not listed was sent again/,
      },
      {
        what: 'closed records of the same sizes come again',
        trace: neverAcknowledged('without keys'),
        severity: 'info',
        says: /is encrypted, and they are known by their sizes alone/,
      },
    ],
    nearMisses: [
      { what: 'nothing is sent twice', trace: capture('good_ecdhe_rsa') },
      { what: 'the network makes copies', trace: seenBy('client', { rules: ['duplicate=100%', 'delay=5ms'] }) },
      { what: 'it does not stop', trace: () => traceOfQuirk('storm-after-finished', true) },
      {
        what: 'datagrams overtake each other',
        trace: seenBy('client', { ...fragments, rules: ['reorder=50%,by=30ms'] }),
      },
    ],
  },
  'fragment-lost': {
    triggers: [
      {
        what: 'loss-small',
        trace: capture('loss-small'),
        severity: 'warning',
        says: /^Bytes 408–655 of the server's Certificate/,
      },
      {
        what: 'lossy_retransmit',
        trace: capture('lossy_retransmit'),
        severity: 'warning',
        says: /^Bytes 461–1008, 2102–2649 and 3743–3746 of the server's Certificate, its ServerKeyExchange and its ServerHelloDone/,
      },
      {
        what: 'the link drops one fragment once',
        trace: run({ ...fragments, rules: ['in:drop=certificate@200#1'] }),
        severity: 'warning',
        says: /The link took one datagram .* by "in:drop=certificate@200#1"/,
      },
      {
        what: 'the link drops one fragment every time',
        trace: run({ ...fragments, rules: ['in:drop=certificate@200'] }),
        severity: 'error',
        says: /never came/,
      },
      {
        what: 'the same, seen by the client',
        trace: seenBy('client', { ...fragments, rules: ['in:drop=certificate@200'] }),
        severity: 'error',
        says: /never came/,
      },
      {
        what: 'the link takes the whole flight, and when it is sent again in pieces all but the last',
        trace: run(halfThrough),
        severity: 'error',
        says: /^The client's Certificate, its ClientKeyExchange and its CertificateVerify did not arrive.*They never came/,
      },
      {
        what: 'an ACK makes the loss good',
        trace: resentAfterAck('with keys'),
        severity: 'warning',
        says: /^Bytes 300–869 of the server's Certificate .*An ACK told which records had arrived/,
      },
    ],
    nearMisses: [
      { what: 'what is encrypted shows no loss', trace: resentAfterAck('without keys') },
      { what: 'many fragments, none lost', trace: capture('bigchain_mtu300') },
      {
        what: 'fragments overtake each other',
        trace: seenBy('client', { ...fragments, rules: ['reorder=50%,by=30ms'] }),
      },
      {
        what: 'the sender sees every byte leave',
        trace: seenBy('server', { ...fragments, rules: ['in:drop=certificate@200#1', 'delay=10ms'] }),
      },
      { what: 'the path drops all that is large', trace: capture('pmtu_blackhole') },
      { what: 'a whole flight is lost', trace: run({ rules: ['in:drop=server_hello#1'] }) },
    ],
  },
  'flight-lost': {
    triggers: [
      {
        what: 'the link drops a flight once',
        trace: run({ rules: ['in:drop=server_hello#1'] }),
        severity: 'warning',
        says: /took all of the server's flight 2/,
      },
      {
        what: 'the link drops a flight every time',
        trace: run({ rules: ['in:loss=100%'] }),
        severity: 'error',
        says: /took away every datagram/,
      },
      {
        what: 'the last flight is lost before the capture',
        trace: seenBy('client', { rules: ['in:drop=finished#1', 'delay=10ms'] }),
        severity: 'warning',
        says: /Record numbers of the server are missing/,
      },
      {
        what: 'the hello that the client repeats is lost, seen by the server',
        trace: seenBy('server', { rules: ['in:drop=server_hello_done#1', 'out:drop=client_hello#2', 'delay=10ms'] }),
        severity: 'warning',
        says: /Record numbers of the client are missing before its answer, which is the first that it sent: what was lost is its own flight, sent again/,
      },
      {
        what: 'a hello is lost, seen by the client',
        trace: seenBy('client', { rules: ['out:drop=client_hello#1', 'delay=10ms'] }),
        severity: 'warning',
        says: /two sendings got one answer/,
      },
      {
        what: 'a flight is lost behind the capture for good',
        trace: seenBy('server', { rules: ['in:loss=100%', 'delay=10ms'] }),
        severity: 'error',
        says: /is whole in this trace, yet the client keeps repeating/,
      },
    ],
    nearMisses: [
      { what: 'the server waits for ICE to choose a pair', trace: nominated('between') },
      { what: 'the link held a part of it back', trace: run({ rules: ['out:delay=1,by=1200ms', 'delay=10ms'] }) },
      { what: 'the path is slower than the timer, seen by the client', trace: seenBy('client', slow) },
      { what: 'the path is slower than the timer, seen by the server', trace: seenBy('server', slow) },
      { what: 'a part of the flight is lost', trace: capture('loss-small') },
      { what: 'what came of it later was not enough', trace: run(halfThrough) },
      { what: 'the server is silent', trace: capture('hole') },
    ],
  },
  'peer-silent': {
    triggers: [
      {
        what: 'nobody answers',
        trace: seenBy('client', { rules: ['out:loss=100%'] }),
        severity: 'error',
        says: /was sent 13 times in .* nothing came back\. The server was never heard/,
      },
      {
        what: 'the server is silent after the last flight of the client',
        trace: seenBy('client', { rules: ['in:drop=finished', 'delay=10ms'], client: { credentials: [] } }),
        severity: 'error',
        says: /flight 3 .*Finished\).* nothing came back\. The server was last heard/,
      },
      {
        what: 'the last flight of DTLS 1.3 is never acknowledged',
        trace: lastFlightUnanswered('with keys'),
        severity: 'error',
        says: /flight 3 .*Finished\) was sent four times in 7 s, and nothing came back/,
      },
      {
        what: 'the same without keys',
        trace: lastFlightUnanswered('without keys'),
        severity: 'error',
        says: /flight 3 \(Encrypted\) was sent four times in 7 s, and nothing came back/,
      },
      {
        what: 'the peer is gone, whatever the size of the hello',
        trace: goneAfterIce,
        severity: 'error',
        says: /The server was never heard\. Then it stopped answering ICE checks as well/,
      },
      {
        what: 'a ClientHello is acknowledged, and that is all',
        trace: acknowledgedHello(1448),
        severity: 'error',
        says: /^The client's flight 1 \(ClientHello\) was sent four times in 7 s, and nothing but ACKs came back\. The server was last heard/,
      },
      {
        what: 'the port is closed, whatever the size of the hello',
        trace: closedPort,
        severity: 'error',
        says: /was sent once, and nothing came back but a refusal: 192\.0\.2\.2:4433: nobody listens on that port\. The server was never heard/,
      },
    ],
    nearMisses: [
      { what: 'a fragmented hello without an answer has its own rule', trace: unansweredHello(1175) },
      { what: 'silence after a cookie has its own rule', trace: capture('hole') },
      { what: 'all is well', trace: capture('good_mutual_srtp') },
      { what: 'our own link took it', trace: run({ rules: ['out:loss=100%'] }) },
      {
        what: 'the capture ends at once',
        trace: () => ({ ...capture('hole')(), events: capture('hole')().events.slice(0, 1) }),
      },
    ],
  },
  'alert-explained': {
    triggers: [
      {
        what: 'a server refuses ChangeCipherSpec behind a hole',
        trace: refusedBehindHole,
        severity: 'error',
        says: /Usually: a part of the flight was missing, and instead of waiting for it the receiver refused/,
      },
      {
        what: 'a server refuses the key of a session ticket',
        trace: versionRefused('server', 51),
        severity: 'error',
        says: /Usually: the binder of a pre-shared key did not verify/,
      },
      {
        what: 'both sides are clients, and it is about that alone',
        trace: bothBeginWithAlert,
        severity: 'error',
        says: /unexpected_message \(10\) after ClientHello, 15 ms after the beginning\. See both-active\.$/,
      },
      {
        what: 'expired_client_cert',
        trace: capture('expired_client_cert'),
        severity: 'error',
        says: /certificate_expired \(45\) after Finished.*valid until 2024-01-01/,
      },
      {
        what: 'no common group, told by our endpoint',
        trace: run(noGroup),
        severity: 'error',
        says: /It says itself: no common group: offered secp384r1/,
      },
      {
        what: 'no common group, captured, where a hello lacks nothing',
        trace: seenBy('client', { server: { groups: [30] } }),
        severity: 'error',
        says: /handshake_failure \(40\) after ClientHello.*Usually: nothing in common/,
      },
      {
        what: 'no common group, captured, where a rule knows it',
        trace: seenBy('client', noGroup),
        severity: 'error',
        says: /handshake_failure \(40\) after ClientHello.*See no-common-group\.$/,
      },
      {
        what: 'a wrong fingerprint, captured',
        trace: seenBy('server', wrongFingerprint),
        severity: 'error',
        says: /bad_certificate \(42\).*fingerprint signalling announced/,
      },
      {
        what: 'the client refuses the flight of a DTLS 1.3 server',
        trace: refusedByClient(71, 'with keys'),
        severity: 'error',
        says: /insufficient_security \(71\) after Finished.*did not agree on use_srtp/,
      },
    ],
    nearMisses: [
      { what: 'both close after the handshake', trace: () => captureTrace('good_ecdhe_rsa', 'with keys') },
      { what: 'encrypted alerts cannot be read', trace: capture('chromium_janus_srtp') },
      { what: 'an alert of DTLS 1.3 is known by its size alone', trace: refusedByClient(71, 'without keys') },
    ],
  },
  'datagram-exceeds-mtu': {
    triggers: [
      {
        what: 'the link refuses a flight',
        trace: run({ rules: ['mtu=400'] }),
        severity: 'error',
        says: /did not fit a path that carries 400 bytes/,
      },
      {
        what: 'OpenSSL goes above its MTU',
        trace: capture('bigchain_mtu300'),
        severity: 'warning',
        says: /cuts its messages at 272 bytes.* datagram 22 has 282/,
      },
      {
        what: 'one record is larger than an Ethernet frame',
        trace: seenBy('client', { server: { mtu: 6000, packing: 'record', credentials: [long] } }),
        severity: 'warning',
        says: /IP must fragment/,
      },
    ],
    nearMisses: [
      { what: 'datagrams of 1300 bytes', trace: capture('good_ecdhe_rsa') },
      { what: 'several records glued together have their own rule', trace: capture('bigchain_unsplit') },
      { what: 'the path carries all', trace: run({ rules: ['mtu=1200'] }) },
      { what: 'fragments of one size, and none above', trace: run(fragments) },
    ],
  },
  'fingerprint-mismatch': {
    triggers: [
      {
        what: 'signalling announced another certificate',
        trace: run(wrongFingerprint),
        severity: 'error',
        says: /announced SHA-256 00:00.* must be torn down/,
      },
      {
        what: 'DTLS itself completed',
        trace: () => {
          const trace = captureTrace('good_mutual_srtp', 'without keys');
          return {
            ...trace,
            events: [
              { kind: 'fingerprint', at: 0, of: 'server', hash: 'sha-256', value: new Uint8Array(32) },
              ...trace.events,
            ],
          };
        },
        severity: 'error',
        says: /although DTLS itself completed/,
      },
    ],
    nearMisses: [
      { what: 'nothing was announced', trace: capture('good_mutual_srtp') },
      {
        what: 'one of two announced fingerprints fits',
        trace: run({
          client: {
            trust: {
              kind: 'fingerprints',
              fingerprints: [
                { hash: 'sha256', value: new Uint8Array(32) },
                { hash: 'sha256', value: nodeProvider.hash('sha256', serverLeaf) },
              ],
            },
          },
        }),
      },
      {
        what: 'the hash is one that nobody knows',
        trace: () => {
          const trace = capture('good_mutual_srtp')();
          return {
            ...trace,
            events: [
              { kind: 'fingerprint', at: 0, of: 'server', hash: 'gost', value: new Uint8Array(32) },
              ...trace.events,
            ],
          };
        },
      },
    ],
  },
  'flight-unsplit': {
    triggers: [
      {
        what: 'bigchain_unsplit',
        trace: capture('bigchain_unsplit'),
        severity: 'warning',
        says: /3505 bytes in datagram 4, 4 records.*Here it arrived/,
      },
      {
        what: 'a glued flight that never gets through, seen by its sender',
        trace: seenBy('server', {
          rules: ['in:loss=100%', 'delay=10ms'],
          server: { packing: 'flight', credentials: [long] },
        }),
        severity: 'error',
        says: /Nothing shows that it ever arrived/,
      },
    ],
    nearMisses: [
      { what: 'a flight of 1300 bytes in one datagram', trace: capture('good_ecdhe_rsa') },
      {
        what: 'one large record alone',
        trace: seenBy('client', { server: { mtu: 6000, packing: 'record', credentials: [long] } }),
      },
    ],
  },
  'cookie-then-silence': {
    triggers: [
      {
        what: 'hole',
        trace: capture('hole'),
        severity: 'error',
        says: /sent four times in 7\.127 s without any answer/,
      },
      {
        what: 'the flight after the cookie never comes, seen by the client',
        // In one datagram each time, as the rule drops that alone.
        trace: seenBy('client', {
          rules: ['in:drop=server_hello', 'delay=10ms'],
          server: { cookie: true, mtuSteps: [] },
        }),
        severity: 'error',
        says: /small datagrams pass both ways/,
      },
    ],
    nearMisses: [
      { what: 'the answer comes', trace: capture('good_ecdhe_rsa') },
      {
        what: 'the answer comes at the second time',
        trace: seenBy('client', { rules: ['in:drop=server_hello#1', 'delay=10ms'], server: { cookie: true } }),
      },
      { what: 'silence without a cookie', trace: seenBy('client', { rules: ['out:loss=100%'] }) },
      {
        what: 'the capture ends at once',
        trace: () => ({ ...capture('hole')(), events: capture('hole')().events.slice(0, 3) }),
      },
    ],
  },
  'large-datagrams-vanish': {
    triggers: [
      {
        what: 'pmtu_blackhole',
        trace: capture('pmtu_blackhole'),
        severity: 'error',
        says: /Bytes 0–3441 of the server's Certificate came in none of three sendings.*up to 330 bytes.*about 1172 bytes/,
      },
    ],
    nearMisses: [
      { what: 'large ones are lost once', trace: capture('lossy_retransmit') },
      {
        what: 'a small one is lost every time',
        trace: seenBy('client', { ...fragments, rules: ['in:drop=certificate@200'] }),
      },
      { what: 'all fragments arrive', trace: capture('bigchain_mtu300') },
    ],
  },
  'datagram-truncated': {
    triggers: [
      {
        what: 'trunc',
        trace: capture('trunc'),
        severity: 'error',
        says: /^Four datagrams of the server ended in the middle of a record, all of just 1200 bytes/,
      },
      {
        what: 'the link cuts',
        trace: run({ rules: ['in:truncate=500'], server: { packing: 'flight' } }),
        severity: 'error',
        says: /all of just 500 bytes/,
      },
      {
        what: 'the receiver takes offence at what is left, as GnuTLS does',
        trace: () =>
          refusing(run({ rules: ['in:truncate=500'], server: { packing: 'flight' }, timeoutMs: 1500 })(), 50),
        severity: 'error',
        says: /all of just 500 bytes/,
      },
      {
        what: 'the link cuts once',
        trace: run({ rules: ['in:truncate=server_hello#1,to=500'], server: { packing: 'flight' } }),
        severity: 'warning',
        says: /^One datagram of the server/,
      },
    ],
    nearMisses: [
      { what: 'the capture cut them (snap length)', trace: () => snapped(capture('good_ecdhe_rsa')(), 200) },
      { what: 'large datagrams are whole', trace: capture('bigchain_unsplit') },
    ],
  },
  'last-flight-lost': {
    triggers: [
      {
        what: 'a server of DTLS 1.2 forgets its last flight',
        trace: () => traceOfQuirk('last-flight-once', true),
        severity: 'error',
        says: /Finished\) was sent five times\. The server was done after the first, and left four repetitions without an answer/,
      },
      {
        what: 'the same, seen by the server',
        trace: () => captureAt(traceOfQuirk('last-flight-once', true), 'server', false),
        severity: 'error',
        says: /left four repetitions without an answer/,
      },
      {
        what: 'the server sends data and acknowledges nothing',
        trace: neverAcknowledged('with keys'),
        severity: 'warning',
        says: /Finished\) was sent four times in 7 s.*Three repetitions got no ACK/,
      },
      {
        what: 'the same without keys',
        trace: neverAcknowledged('without keys'),
        severity: 'warning',
        says: /Three repetitions got no ACK/,
      },
      {
        what: 'each ACK is lost behind the capture',
        trace: acksLost,
        severity: 'warning',
        says: /acknowledged it three times; the ACKs do not arrive/,
      },
    ],
    nearMisses: [
      { what: 'it is repeated under numbers that a replay window drops', trace: sameLastFlight },
      { what: 'one ACK is lost and the next is not', trace: oneAckLost },
      { what: 'the handshake never completed', trace: lastFlightUnanswered('with keys') },
      { what: 'all is well', trace: capture('dtls13_nss_mutual_pq') },
      { what: 'the server of DTLS 1.2 answers each time', trace: run({ rules: ['in:drop=finished', 'delay=10ms'] }) },
      { what: 'DTLS 1.2 has no ACKs', trace: seenBy('client', { rules: ['in:drop=finished#1', 'delay=10ms'] }) },
    ],
  },
  'weak-parameters': {
    triggers: [
      {
        what: 'a capture has DTLS 1.0 with RSA key exchange',
        trace: capture('dtls10_rsa_cbc'),
        severity: 'warning',
        says: /DTLS 1\.0.*RSA key exchange/,
      },
      {
        what: 'our own run was allowed AES-CBC, with its MAC inside',
        trace: run({ client: cbc, server: { ...cbc, encryptThenMac: false } }),
        severity: 'warning',
        says: /^Agreed on: AES-CBC/,
      },
    ],
    nearMisses: [
      { what: 'AES-CBC has its MAC outside', trace: run({ client: cbc, server: cbc }) },
      {
        what: 'weak suites are offered and none is chosen',
        trace: run({ client: { cipherSuites: [0xc02b, 0xc009] } }),
      },
    ],
  },
  'post-quantum-key-share': {
    triggers: [
      {
        what: 'dtls13_nss_mutual_pq',
        trace: capture('dtls13_nss_mutual_pq'),
        severity: 'info',
        says: /has 1448 bytes, 1216 of them the X25519MLKEM768 key share, and needs two datagrams \(1408 and 90 bytes\).*This one did\.$/,
      },
      {
        what: 'nobody answers it',
        trace: unansweredHello(1175),
        severity: 'info',
        says: /needs two datagrams \(1200 and 298 bytes\).*not seen to answer/,
      },
    ],
    nearMisses: [
      { what: 'it fits one datagram', trace: unansweredHello(1448) },
      { what: 'another hello in pieces has no such share', trace: helloInPieces },
      { what: 'the hello is small', trace: capture('good_ecdhe_rsa') },
    ],
  },
  'client-hello-fragmented-unanswered': {
    triggers: [
      {
        what: 'it is sent again and again',
        trace: unansweredHello(1175),
        severity: 'error',
        says: /of 1448 bytes went out in two datagrams \(1200 and 298 bytes\), four times in 7 s, and the server never said a word\. 1216 bytes of it are the X25519MLKEM768/,
      },
      {
        what: 'its pieces are acknowledged, and that is all',
        trace: acknowledgedHello(1175),
        severity: 'error',
        says: /four times in 7 s, and the server acknowledged its pieces, and said nothing else\./,
      },
      {
        what: 'the small hello before the cookie was answered',
        trace: unansweredAfterCookie,
        severity: 'warning',
        says: /was not answered, though a smaller one had been/,
      },
    ],
    nearMisses: [
      { what: 'it comes in one datagram', trace: unansweredHello(1448) },
      { what: 'the peer answers ICE checks no more either', trace: goneAfterIce },
      { what: 'it is answered', trace: answeredHello },
      { what: 'the capture ends at once', trace: unansweredHello(1175, 1) },
      { what: 'a small one is not answered', trace: capture('hole') },
      { what: 'the port is closed', trace: closedPort },
    ],
  },
  'version-mismatch': {
    triggers: [
      {
        what: 'the server allows none of what is offered',
        trace: versionRefused('server', 70, true),
        severity: 'error',
        says: /^The client offers DTLS 1\.3 and DTLS 1\.2\. The server refuses with protocol_version/,
      },
      {
        what: 'the client does not take what the server chose',
        trace: versionRefused('client'),
        severity: 'error',
        says: /The server chose DTLS 1\.0, which the client refuses/,
      },
    ],
    nearMisses: [
      { what: 'the server refuses something else', trace: versionRefused('server', 40) },
      { what: 'a server of 1.2 is fine for a client of 1.3', trace: capture('chromium_janus_srtp') },
      {
        what: 'the server has chosen a version, and falls over a copy of the hello',
        trace: capture('botan_hello_twice'),
      },
    ],
  },
  'incomplete-capture': {
    triggers: [
      {
        what: 'it begins behind the hello',
        trace: () => without(capture('good_ecdhe_rsa')(), 3),
        severity: 'info',
        says: /^The ClientHello is missing/,
      },
      {
        what: 'it has a snap length',
        trace: () => snapped(capture('good_ecdhe_rsa')(), 200),
        severity: 'info',
        says: /snap length/,
      },
      {
        what: 'it ends in the middle',
        trace: () => ({ ...capture('good_ecdhe_rsa')(), events: capture('good_ecdhe_rsa')().events.slice(0, 4) }),
        severity: 'info',
        says: /ends in mid-handshake/,
      },
      {
        what: 'it misses bytes that the other side had',
        trace: () => {
          const trace = capture('bigchain_mtu300')();
          return { ...trace, events: trace.events.filter((event) => event.kind !== 'datagram' || event.packet !== 9) };
        },
        severity: 'info',
        says: /Bytes 1149–1396 of the server's Certificate were never seen, yet the other side went on/,
      },
    ],
    nearMisses: [
      { what: 'it has all', trace: capture('good_ecdhe_rsa') },
      { what: 'the handshake failed, and the capture shows it', trace: capture('hole') },
      { what: 'it is a run of ours', trace: run({ rules: ['in:loss=100%'] }) },
    ],
  },
  'both-passive': {
    triggers: [
      {
        what: 'ICE works in a capture and nobody begins',
        trace: onlyStun(5000),
        severity: 'error',
        says: /^ICE checks between 192\.0\.2\.1:5000 and 192\.0\.2\.2:6000 are answered, and neither side/,
      },
    ],
    nearMisses: [{ what: 'somebody begins', trace: provedFirst }],
  },
  'both-active': {
    triggers: [
      {
        what: 'a ClientHello comes from either side',
        trace: bothBegin,
        severity: 'error',
        says: /both sent a ClientHello/,
      },
      {
        what: 'one of them ends with an alert',
        trace: bothBeginWithAlert,
        severity: 'error',
        says: /both sent a ClientHello/,
      },
    ],
    nearMisses: [{ what: 'one side sends it twice', trace: capture('hole') }],
  },
  'hello-before-ice': {
    triggers: [
      {
        what: 'it goes out before a check is answered',
        trace: helloFirst,
        severity: 'warning',
        says: /before the first ICE check between these addresses was answered/,
      },
    ],
    nearMisses: [
      { what: 'a check was answered before', trace: provedFirst },
      { what: 'no ICE is seen at all', trace: capture('good_ecdhe_rsa') },
    ],
  },
  'ice-no-path': {
    triggers: [
      {
        what: 'private addresses are silent',
        trace: noPath('silent', ['192.168.1.7:4000', '[fd00::7]:4000']),
        severity: 'error',
        says: /^Four ICE checks to two pairs of addresses got no answer.* Tried: 192\.168\.1\.7:4000 and \[fd00::7\]:4000, from 192\.0\.2\.1:5000\.$/,
      },
      {
        what: 'the peer refuses',
        trace: noPath('refused', ['198.51.100.7:4000'], 401),
        severity: 'error',
        says: /^The peer refused our ICE checks with 401/,
      },
    ],
    nearMisses: [
      { what: 'a path was there, and is lost', trace: goneAfterIce },
      { what: 'ICE works, and nothing comes over it', trace: onlyStun(5000) },
    ],
  },
  'hello-before-nomination': {
    triggers: [
      {
        what: 'the answer comes with the choice',
        trace: nominated('between'),
        severity: 'info',
        says: /was first sent 130 ms before ICE chose a pair, and twice in all; the answer came 3 ms after the choice\. The server reads/,
      },
    ],
    nearMisses: [
      { what: 'ICE had chosen before', trace: nominated('first') },
      { what: 'it is answered before ICE chooses', trace: nominated('after') },
      { what: 'no pair is nominated', trace: provedFirst },
    ],
  },
  'dtls-off-path': {
    triggers: [
      {
        what: 'the answers come from a port that no check has proved',
        trace: strangersAfter('192.0.2.2:7000'),
        severity: 'error',
        says: /^Two datagrams of DTLS came from 192\.0\.2\.2:7000, and the path that ICE has proved leads to 192\.0\.2\.2:6000/,
      },
    ],
    nearMisses: [
      { what: 'the address is proved, and they came too early', trace: strangersAfter('192.0.2.2:6000') },
      { what: 'the peer is silent', trace: run({ rules: ['in:loss=100%'] }) },
    ],
  },
  'stun-into-dtls': {
    triggers: [
      {
        what: 'an alert follows a check at once',
        trace: alertAfterStun(false),
        severity: 'error',
        says: /^The client ended the handshake with alert unexpected_message \(10\) 5 ms after a STUN message/,
      },
    ],
    nearMisses: [{ what: 'DTLS came in between', trace: alertAfterStun(true) }],
  },
  'ice-pair-switched': {
    triggers: [
      {
        what: 'ICE selects another pair in between',
        trace: selectedAgain('during'),
        severity: 'info',
        says: /^The addresses changed once while the handshake was under way/,
      },
      {
        what: 'a capture shows the handshake going on between other addresses',
        trace: movedCapture('during'),
        severity: 'info',
        says: /^The addresses changed once while the handshake was under way, first after \d+ ms, to 203\.0\.113\.7:7777 and /,
      },
    ],
    nearMisses: [
      { what: 'it does so when the handshake is over', trace: selectedAgain('after') },
      { what: 'a capture shows nothing of the kind', trace: movedCapture('never') },
    ],
  },
  'fingerprint-match': {
    triggers: [
      {
        what: 'the certificate is the announced one',
        trace: run({
          client: {
            trust: {
              kind: 'fingerprints',
              fingerprints: [{ hash: 'sha256', value: nodeProvider.hash('sha256', serverLeaf) }],
            },
          },
        }),
        severity: 'info',
        says: /^The certificate of the server has the fingerprint/,
      },
    ],
    nearMisses: [
      { what: 'it is another', trace: run(wrongFingerprint) },
      { what: 'none was announced', trace: run({}) },
    ],
  },
};
