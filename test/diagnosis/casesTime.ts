/** Traces for the rules about time, fragments, records and cookies: `cases.ts` says what they are for. */
import type { EndpointConfig, Role } from '../../src/engine/api.ts';
import { type QuirkId, withQuirks } from '../../src/scenario/index.ts';
import type { Actor, Trace, TraceEvent } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { traceOfQuirk } from '../support/quirkCases.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace } from '../support/reading.ts';
import { only13 } from '../support/settings13.ts';
import { captureAt, captureHeader, configured, type Simulated, simulated } from '../support/traces.ts';
import type { NearMiss, Trigger } from './cases.ts';

const capture = (name: string) => (): Trace => captureTrace(name, 'without keys');
const quirk = (id: QuirkId) => (): Trace => traceOfQuirk(id, true);
const quirkAt = (end: Actor, id: QuirkId) => (): Trace => captureAt(traceOfQuirk(id, true), end, false);
const plainAt = (end: Actor, id: QuirkId) => (): Trace => captureAt(traceOfQuirk(id, false), end, false);
const seenBy = (end: Actor, options: Simulated) => (): Trace => captureAt(simulated(options), end, false);
const having = (role: Role, ids: readonly QuirkId[], more: Partial<EndpointConfig> = {}): EndpointConfig =>
  withQuirks(configured(role, more), ids);

/** One bit of the first ServerHello's random is another, as if the two ends had seen other messages than the trace has. */
const altered = ({ header, events }: Trace): Trace => ({
  header,
  events: events.map((event) => {
    if (event.kind !== 'datagram' || event.bytes[13] !== 11) return event;
    const bytes = Uint8Array.from(event.bytes);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    return { ...event, bytes };
  }),
});

/** A Certificate of some 3.7 KB. */
const long = bundledTestCredential('chain-3700');
const chain: Partial<EndpointConfig> = { credentials: [long], mtu: 600 };
/** The server sends its flight; the client does not say a word, and both ends are watched for long. */
const clientWithoutTimer: Simulated = {
  rules: ['delay=10ms', 'out:drop=client_key_exchange#1'],
  client: having('client', ['no-retransmission']),
  timeoutMs: 20_000,
};

/** The server's last flight is lost, and the client asks for it with the very datagrams that the server has seen. */
export const sameLastFlight = (): Trace =>
  simulated({
    rules: ['delay=10ms', 'in:drop=finished#1'],
    client: having('client', ['same-record-numbers']),
    timeoutMs: 20_000,
  });

/** The client's timer is a twelfth of the round trip, and each of its hellos begins another handshake at the server. */
const answeredAnew: Simulated = {
  rules: ['delay=300ms'],
  client: { retransmission: { start: 50, growth: 2, cap: 60_000, attempts: 9 } },
  server: having('server', ['hello-answered-anew'], { clientAuth: 'request' }),
};

/**
 * A client with a session ticket of Mbed TLS 2.28: each of its hellos has another session_id. The server gives each the cookie of
 * its own, or has one cookie for all of them and goes on.
 */
const otherHellos = (server: 'binds it' | 'takes it'): Trace => {
  const session = (n: number): number[] => [4, n, n, n, n];
  const cookieFor = (n: number): number[] => new Array<number>(20).fill(server === 'binds it' ? n : 7);
  const hello = (n: number): number[] => [
    ...[0xfe, 0xfd, ...new Array<number>(32).fill(5), ...session(n)],
    ...(n === 0 ? [0] : [20, ...cookieFor(n - 1)]),
    ...[0, 2, 0xc0, 0x2b, 1, 0],
  ];
  const datagram = (at: number, from: Actor, type: number, number: number, body: readonly number[]): TraceEvent => {
    const bytes = rawRecord({ number, body: rawFragment({ type, seq: number, body }) });
    const [src, dst] = from === 'client' ? ['192.0.2.1:5', '192.0.2.2:6'] : ['192.0.2.2:6', '192.0.2.1:5'];
    const [packet, length] = [at, bytes.length];
    return { kind: 'datagram', at, packet, src, dst, from: undefined, bytes, length, contents: undefined };
  };
  const rounds = server === 'binds it' ? [0, 1, 2, 3, 4] : [0];
  const events = rounds.flatMap((n) => [
    datagram(10 * n + 1, 'client', 1, n, hello(n)),
    datagram(10 * n + 2, 'server', 3, n, [0xfe, 0xff, 20, ...cookieFor(n)]),
  ]);
  if (server === 'takes it') {
    const chosen = [0xfe, 0xfd, ...new Array<number>(32).fill(6), 0, 0xc0, 0x2b, 0];
    events.push(datagram(11, 'client', 1, 1, hello(1)), datagram(12, 'server', 2, 1, chosen));
  }
  return { header: captureHeader, events };
};

export const timeCases: Readonly<
  Record<string, { readonly triggers: readonly Trigger[]; readonly nearMisses: readonly NearMiss[] }>
> = {
  'peer-never-retransmits': {
    triggers: [
      {
        what: 'nothing drives the timer of the client',
        trace: quirk('no-retransmission'),
        severity: 'error',
        says: /^The client sent its flight 1 \(ClientHello\) once and never again, and set no timer for it.*That one sending was lost/,
      },
      {
        what: 'the last flight of a client is lost, seen by the client',
        trace: seenBy('client', clientWithoutTimer),
        severity: 'error',
        says: /^The client sent its flight 3 \(ClientKeyExchange to Finished\) once and never again, though the server repeated its own/,
      },
      {
        what: 'a HelloVerifyRequest is sent once, seen by the server',
        trace: quirkAt('server', 'cookie-once'),
        severity: 'error',
        says: /flight 2 \(HelloVerifyRequest\) once and never again, though the client repeated its own four times in 15\.0 s/,
      },
    ],
    nearMisses: [
      { what: 'both sides repeat', trace: capture('lossy_retransmit') },
      { what: 'the server is silent, and the client repeats', trace: capture('hole') },
      { what: 'the capture ends at once', trace: quirkAt('client', 'no-retransmission') },
      {
        what: 'our endpoint has a timer that is long',
        trace: () =>
          simulated({
            rules: ['out:drop=1'],
            client: { retransmission: { start: 9000, growth: 2, cap: 60_000, attempts: 3 } },
            timeoutMs: 5000,
          }),
      },
    ],
  },
  'cookie-not-stable': {
    triggers: [
      {
        what: 'each hello gets another, and the path is slow',
        trace: quirk('cookie-renewed'),
        severity: 'error',
        says: /with 21 different cookies.*turns in a circle/,
      },
      {
        what: 'the same, seen by the client',
        trace: quirkAt('client', 'cookie-renewed'),
        severity: 'error',
        says: /different cookies/,
      },
      {
        what: 'one of them is taken',
        trace: () =>
          simulated({
            rules: ['in:drop=1', 'delay=10ms'],
            server: having('server', ['cookie-renewed']),
          }),
        severity: 'warning',
        says: /two HelloVerifyRequests with two different cookies.*Here one of them was taken/,
      },
    ],
    nearMisses: [
      { what: 'the path is slow and the cookie the same', trace: plainAt('client', 'cookie-renewed') },
      { what: 'it is the hello that changes', trace: () => otherHellos('binds it') },
      { what: 'one cookie is asked for', trace: capture('good_ecdhe_rsa') },
    ],
  },
  'hello-changed-after-cookie': {
    triggers: [
      {
        what: 'no cookie fits the hello that it comes back in',
        trace: () => otherHellos('binds it'),
        severity: 'error',
        says: /^The client's hellos before and after the cookie differ in session_id, which it has to repeat\. The server takes none/,
      },
      {
        what: 'the server does not mind',
        trace: () => otherHellos('takes it'),
        severity: 'info',
        says: /this one was not seen to mind/,
      },
    ],
    nearMisses: [
      { what: 'the hello stays, and the cookie changes', trace: quirk('cookie-renewed') },
      { what: 'all is well', trace: capture('good_ecdhe_rsa') },
    ],
  },
  'record-split-across-datagrams': {
    triggers: [
      {
        what: 'the server cuts at the MTU',
        trace: quirk('record-cut'),
        severity: 'error',
        says: /^Four records of the server run over.*byte 89 of datagram 2 declares 3737 bytes.*211 are there, and the rest is in the next 12 datagrams/,
      },
      {
        what: 'the same, seen by the client',
        trace: quirkAt('client', 'record-cut'),
        severity: 'error',
        says: /run over the end/,
      },
    ],
    nearMisses: [
      { what: 'the path cuts datagrams', trace: capture('trunc') },
      {
        what: 'the link cuts one',
        trace: () => simulated({ rules: ['in:truncate=500'], server: { packing: 'flight' } }),
      },
      { what: 'many fragments', trace: capture('bigchain_mtu300') },
    ],
  },
  'tiny-fragments': {
    triggers: [
      {
        what: 'the floor of OpenSSL',
        trace: quirk('tiny-fragments'),
        severity: 'warning',
        says: /takes 20 datagrams of up to 228 bytes; at 1200 bytes each, 4 would do.*OpenSSL cuts at 228.*82 % of the handshakes, and 4 in 96 %/,
      },
      {
        what: 'bigchain_mtu300',
        trace: capture('bigchain_mtu300'),
        severity: 'info',
        says: /of up to 2\d\d bytes/,
      },
    ],
    nearMisses: [
      { what: 'fragments of 548 bytes', trace: capture('lossy_retransmit') },
      { what: 'each record has a datagram', trace: quirk('record-per-datagram') },
      { what: 'many small messages that are whole', trace: quirk('cookie-renewed') },
    ],
  },
  'no-pmtu-backoff': {
    triggers: [
      {
        what: 'the path is narrower, and says so',
        trace: quirk('no-pmtu-backoff'),
        severity: 'warning',
        says: /was sent eight times without success, and its largest datagram had 1400 bytes each time\. The path carries 1000\./,
      },
      {
        what: 'the MTU is not heeded',
        trace: quirk('mtu-ignored'),
        severity: 'warning',
        says: /1397 bytes each time/,
      },
      {
        what: 'the same, seen by the server',
        trace: quirkAt('server', 'no-pmtu-backoff'),
        severity: 'warning',
        says: /The server never tried smaller ones/,
      },
    ],
    nearMisses: [
      { what: 'the server backs off', trace: plainAt('server', 'no-pmtu-backoff') },
      { what: 'three sendings are too few to tell', trace: capture('pmtu_blackhole') },
      { what: 'small datagrams are not answered', trace: capture('hole') },
    ],
  },
  'refragmented-retransmission': {
    triggers: [
      {
        what: 'the receiver needs the same borders',
        trace: quirk('stable-borders-only'),
        severity: 'error',
        says: /not always cut in the same places\. Every byte of it arrived, and the client never went on/,
      },
      {
        what: 'it may be that, seen by the server',
        trace: quirkAt('server', 'stable-borders-only'),
        severity: 'warning',
        says: /would do just this/,
      },
      {
        what: 'the receiver takes it',
        trace: quirk('refragmented-resend'),
        severity: 'info',
        says: /put it together all the same/,
      },
      {
        what: 'nobody answers a hello that is cut in two ways',
        trace: () =>
          captureAt(
            simulated({
              rules: ['in:loss=100%'],
              client: { mtu: 120, mtuSteps: [{ fromRetransmission: 1, mtu: 100 }] },
            }),
            'client',
            false,
          ),
        severity: 'info',
        says: /Nothing shows that the server put it together/,
      },
      {
        what: 'the receiver answers each time, and is not heard',
        trace: () =>
          captureAt(
            simulated({
              rules: ['out:drop=finished', 'delay=10ms'],
              server: { mtu: 400, mtuSteps: [{ fromRetransmission: 1, mtu: 300 }] },
              timeoutMs: 20_000,
            }),
            'client',
            false,
          ),
        severity: 'info',
        says: /The client put it together all the same/,
      },
      {
        what: 'OpenSSL packs less when it repeats (lossy_retransmit)',
        trace: capture('lossy_retransmit'),
        severity: 'info',
        says: /^The server's flight 4 .* was sent twice/,
      },
    ],
    nearMisses: [
      { what: 'the borders stay', trace: plainAt('client', 'refragmented-resend') },
      { what: 'good_ecdhe_rsa', trace: capture('good_ecdhe_rsa') },
      { what: 'a part comes again after an ACK', trace: quirk('tls13-labels') },
      {
        what: 'both sides are clients, and the hello needs two datagrams',
        trace: () =>
          simulated({
            rules: ['delay=10ms'],
            client: { mtu: 120, mtuSteps: [{ fromRetransmission: 1, mtu: 100 }] },
            server: having('server', ['both-active'], {
              mtu: 120,
              mtuSteps: [{ fromRetransmission: 1, mtu: 100 }],
            }),
            timeoutMs: 20_000,
          }),
      },
    ],
  },
  'record-number-reused': {
    triggers: [
      {
        what: 'the same datagram comes again',
        trace: quirk('same-record-numbers'),
        severity: 'warning',
        says: /such as number 0 of epoch 0: the very same datagram was sent again/,
      },
      {
        what: 'all fragments of a message have one number',
        trace: quirkAt('client', 'number-per-message'),
        severity: 'warning',
        says: /^Three records of the server.*such as number 1 of epoch 0, with other bytes/,
      },
      {
        what: 'the ServerHello has the number of the HelloVerifyRequest',
        trace: quirkAt('client', 'number-after-cookie'),
        severity: 'warning',
        says: /number 0 of epoch 0, which the request for the cookie had/,
      },
      {
        what: 'the last flight of a client does, which the server drops as a replay',
        trace: sameLastFlight,
        severity: 'error',
        says: /^12 records of the client .* the server does not get past them/,
      },
    ],
    nearMisses: [
      { what: 'the network makes copies', trace: seenBy('client', { rules: ['duplicate=100%', 'delay=5ms'] }) },
      { what: 'every record is new', trace: capture('lossy_retransmit') },
      { what: 'a cookie is asked for', trace: capture('good_ecdhe_rsa') },
    ],
  },
  'retransmission-storm': {
    triggers: [
      {
        what: 'the last flights answer each other',
        trace: quirkAt('client', 'storm-after-finished'),
        severity: 'warning',
        says: /64 times in .*times a second.*neither stops/,
      },
      {
        what: 'a timer fires at once',
        trace: quirk('timer-at-once'),
        severity: 'warning',
        says: /100 times in 5 s, up to 20 times a second\. The timer of the client fires at once/,
      },
    ],
    nearMisses: [
      { what: 'one repetition', trace: capture('loss-small') },
      { what: 'twelve in seven minutes', trace: seenBy('client', { rules: ['out:loss=100%'] }) },
      { what: 'a timer that begins with 10 ms and doubles', trace: quirk('rto-below-rtt') },
    ],
  },
  'rto-below-rtt': {
    triggers: [
      {
        what: 'the timer is 10 ms and the way there and back 60',
        trace: quirk('rto-below-rtt'),
        severity: 'warning',
        says: /^The client's flight 1 \(ClientHello\) was sent again after 10 ms, before an answer could be there: .* is answered 60 ms after/,
      },
      {
        what: 'the path is slow, seen by the client',
        trace: seenBy('client', { rules: ['delay=700ms'] }),
        severity: 'warning',
        says: /sent again after 1 s, .*: it is answered 1\.4 s after/,
      },
      {
        what: 'the path is slow, seen by the server',
        trace: seenBy('server', { rules: ['delay=700ms'] }),
        severity: 'warning',
        says: /is answered 1\.4 s after/,
      },
    ],
    nearMisses: [
      { what: 'the path is slow, and the timer slower', trace: seenBy('client', { rules: ['delay=400ms'] }) },
      { what: 'a hello is lost', trace: seenBy('client', { rules: ['out:drop=client_hello#1', 'delay=10ms'] }) },
      { what: 'one loss', trace: capture('lossy_retransmit') },
      {
        // A flight with a hole, and later the last flight: each costs a timer of the same length.
        what: 'a loss each way keeps the rhythm of a slow answer',
        trace: () =>
          simulated({ rules: ['delay=10ms', 'in:drop=certificate@1500#1', 'in:drop=finished#1'], server: chain }),
      },
    ],
  },
  'stale-association': {
    triggers: [
      {
        what: 'the client begins anew',
        trace: quirk('begins-anew'),
        severity: 'error',
        says: /after the last datagram of h1, which is established, a new ClientHello comes from the same address\. It was sent twice/,
      },
      {
        what: 'the server becomes the client, seen by the client',
        trace: quirkAt('client', 'role-switch'),
        severity: 'error',
        says: /from its server, which is the client now/,
      },
    ],
    nearMisses: [
      { what: 'nobody was there before', trace: seenBy('client', { rules: ['out:loss=100%'] }) },
      { what: 'the new one is answered', trace: twice },
      { what: 'one handshake', trace: capture('good_mutual_srtp') },
    ],
  },
  'interleaved-handshakes': {
    triggers: [
      {
        what: 'each hello begins another handshake',
        trace: quirk('hello-answered-anew'),
        severity: 'error',
        says: /one ClientHello, sent two times, with two ServerHellos of different randoms.*no Finished fits/,
      },
      {
        what: 'the same, seen by the client',
        trace: quirkAt('client', 'hello-answered-anew'),
        severity: 'error',
        says: /different randoms/,
      },
      {
        what: 'the server refuses what the client signed in another of them',
        trace: () => simulated(answeredAnew),
        severity: 'error',
        says: /different randoms: each time it began anew\. The client goes on with one of them/,
      },
    ],
    nearMisses: [
      { what: 'the same hello is sent again', trace: plainAt('client', 'hello-answered-anew') },
      { what: 'a handshake after another', trace: twice },
      { what: 'lossy_retransmit', trace: capture('lossy_retransmit') },
    ],
  },
  'slow-link': {
    triggers: [
      {
        what: '225 kbit/s towards the client',
        trace: seenBy('client', { rules: ['in:rate=225kbit/s', 'delay=10ms'], server: chain }),
        severity: 'info',
        says: /^What the server sends comes at about 2[23]\d kbit\/s.*No timer fired/,
      },
      {
        what: '30 kbit/s, where the timer fires',
        trace: seenBy('client', { rules: ['in:rate=30kbit/s', 'delay=10ms'], server: chain }),
        severity: 'warning',
        says: /about 3\d kbit\/s.*sent again/,
      },
    ],
    nearMisses: [
      { what: 'a fast path', trace: seenBy('client', { rules: ['in:rate=2Mbit/s', 'delay=10ms'], server: chain }) },
      { what: 'a fast path in the field', trace: capture('bigchain_mtu300') },
      { what: 'a sender that takes its time for each message', trace: capture('bouncycastle_cold') },
    ],
  },
  'alert-unreadable': {
    triggers: [
      {
        what: 'a wrong Finished of DTLS 1.2 is refused, seen without keys',
        trace: quirkAt('client', 'wrong-finished'),
        severity: 'info',
        says: /^The \w+ sent an encrypted alert after the \w+'s Finished, .* It may say goodbye, or refuse/,
      },
      {
        what: 'one of DTLS 1.3',
        trace: seenBy('client', { client: only13, server: { ...only13, faults: { says: ['wrong-finished'] } } }),
        severity: 'info',
        says: /^The client sent a record of the size of an alert after the server's ServerHello/,
      },
    ],
    nearMisses: [
      { what: 'keys open the alert', trace: () => captureTrace('good_mutual_srtp', 'with keys') },
      { what: 'data came before the goodbye', trace: capture('good_ecdhe_rsa') },
      { what: 'the goodbye comes a second later', trace: seenBy('client', { rules: ['delay=10ms'] }) },
      { what: 'the alert is in the clear', trace: capture('expired_client_cert') },
    ],
  },
  'finished-decrypt-failure': {
    triggers: [
      {
        what: 'Finished has one bit wrong',
        trace: quirk('wrong-finished'),
        severity: 'error',
        says: /with decrypt_error \(51\), right after Finished: it says itself that Finished does not fit/,
      },
      {
        what: 'a message is hashed twice',
        trace: quirk('hashed-twice'),
        severity: 'error',
        says: /Flights had been repeated before/,
      },
      {
        what: 'the keys are wrong, and nobody says a word',
        trace: quirk('wrong-keys'),
        severity: 'error',
        says: /drops it without a word.*It says itself that the record protection/,
      },
      {
        what: 'the same, seen by the server',
        trace: quirkAt('server', 'wrong-keys'),
        severity: 'error',
        says: /drops it without a word/,
      },
      {
        what: 'the same, seen by the client, with a key log of the other side',
        trace: () =>
          captureAt(
            simulated({ client: { faults: { keys: 'wrong' } }, rules: ['delay=20ms'], timeoutMs: 20_000 }),
            'client',
          ),
        severity: 'error',
        says: /the secrets of the key log, which are this handshake's, do not open it/,
      },
      {
        what: 'keys show a Finished that does not fit, and nobody minds',
        trace: () => altered(captureTrace('good_mutual_srtp', 'with keys')),
        severity: 'warning',
        says: /^The client's Finished is not the hash of the messages in this trace, and the server went on all the same/,
      },
    ],
    nearMisses: [
      { what: 'keys show that Finished fits', trace: () => captureTrace('loss-small', 'with keys') },
      { what: 'a signature is wrong', trace: quirk('wrong-signature') },
      { what: 'the alert after Finished is about a certificate', trace: capture('expired_client_cert') },
      { what: 'the last flight is lost behind the capture', trace: quirkAt('client', 'wrong-keys') },
      { what: 'all is well', trace: capture('good_mutual_srtp') },
    ],
  },
  'junk-on-timeout': {
    triggers: [
      {
        what: 'the flight is lost and junk comes in its place',
        trace: quirk('junk-on-timeout'),
        severity: 'error',
        says: /^Two datagrams of the server hold a handshake record that is part of no message, the first 1 s after/,
      },
      {
        what: 'the same, seen by the client',
        trace: quirkAt('client', 'junk-on-timeout'),
        severity: 'error',
        says: /part of no message/,
      },
    ],
    nearMisses: [
      { what: 'the timer repeats the flight', trace: capture('loss-small') },
      { what: 'records are cut', trace: capture('trunc') },
    ],
  },
  'reordering-stalls': {
    triggers: [
      {
        what: 'the client takes fragments in order only',
        trace: quirk('in-order-only'),
        severity: 'warning',
        says: /reached the client whole, but not in the order.*only after it was sent again, 1 s later/,
      },
      {
        what: 'the same, seen by the client',
        trace: quirkAt('client', 'in-order-only'),
        severity: 'warning',
        says: /drops what comes before its turn/,
      },
      {
        what: 'nothing is sent again',
        trace: () =>
          simulated({
            rules: ['delay=10ms', 'in:delay=certificate@0,by=100ms'],
            client: having('client', ['in-order-only']),
            server: chain,
            // Nobody sends it again in time.
            timeoutMs: 900,
          }),
        severity: 'error',
        says: /never went on/,
      },
    ],
    nearMisses: [
      { what: 'the client keeps what comes early', trace: plainAt('client', 'in-order-only') },
      { what: 'a fragment was lost', trace: capture('loss-small') },
    ],
  },
  'several-messages-in-record': {
    triggers: [
      {
        what: 'the client reads the first message only',
        trace: quirk('first-message-only'),
        severity: 'error',
        says: /reached the client whole, with up to four messages in one record/,
      },
    ],
    nearMisses: [
      { what: 'the client reads all', trace: () => traceOfQuirk('first-message-only', false) },
      { what: 'the keys are wrong as well', trace: quirk('tls13-labels') },
      { what: 'all is well', trace: capture('dtls13_nss_mutual_pq') },
    ],
  },
  'version-from-first-fragment': {
    triggers: [
      {
        what: 'the server looks at the first fragment',
        trace: quirk('version-from-first-fragment'),
        severity: 'info',
        says: /ends at byte \d+ of its ClientHello, and the first fragment holds \d+ bytes.*from here the two look the same/,
      },
    ],
    nearMisses: [
      { what: 'the server puts it together', trace: () => traceOfQuirk('version-from-first-fragment', false) },
      { what: 'a server of 1.2 and a hello of one datagram', trace: capture('chromium_janus_srtp') },
    ],
  },
};

/** A client that begins anew, and a server that takes it: two handshakes between the same addresses. */
function twice(): Trace {
  const first = captureAt(simulated(), 'client', false).events;
  const other = captureAt(simulated({ seed: 2, server: { credentials: [long] } }), 'client', false).events;
  const end = Math.max(...first.map(({ at }) => at)) + 100;
  const events = [...first, ...other.map((event) => ({ ...event, at: event.at + end }))];
  return {
    ...captureAt(simulated(), 'client', false),
    events: events.map((event, i) => (event.kind === 'datagram' ? { ...event, packet: i + 1 } : event)),
  };
}
