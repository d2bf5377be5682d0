/** One outcome of the closed set for every end that a handshake can have, and one sentence that an expert would say. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { type Outcome, outcomes } from '../../src/diagnosis/model.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { captureNames } from '../support/fixtures.ts';
import { traceOfQuirk } from '../support/quirkCases.ts';
import { rawRecord } from '../support/raw.ts';
import { captureTrace, onlyHandshake, snapshotOf } from '../support/reading.ts';
import { captureAt, captureHeader, type Simulated, simulated } from '../support/traces.ts';
import { noPath, onlyStun } from './casesPath.ts';
import { sameLastFlight } from './casesTime.ts';

const said = (trace: Trace) => {
  const { outcome, lastMessage, verdict } = diagnose(onlyHandshake(trace));
  return { outcome, lastMessage, verdict };
};
const client = { ...captureHeader, kind: 'run', localRole: 'client' } as const;
const server = { ...client, localRole: 'server' } as const;
const ended = (how: 'done' | 'cancelled' | 'interrupted', why?: string): TraceEvent => ({
  kind: 'end',
  at: 90_000,
  how,
  why,
});

/** What the client of a simulation would have recorded as a run of its own. */
function runOfClient(options: Simulated, more: readonly TraceEvent[] = [ended('done')]): Trace {
  const full = simulated(options);
  const own = full.events.filter(
    (event) => event.kind !== 'end' && !('actor' in event && event.actor === 'server') && event.kind !== 'secret',
  );
  return {
    header: client,
    events: [
      ...own.map((event) =>
        event.kind === 'datagram' && event.from === 'server' ? { ...event, contents: undefined } : event,
      ),
      ...more,
    ],
  };
}
const garbage = (packet: number): TraceEvent => ({
  kind: 'datagram',
  at: packet,
  packet,
  src: 'a:1',
  dst: 'b:2',
  from: undefined,
  bytes: rawRecord({ type: 22, body: [1, 2, 3] }),
  length: 16,
  contents: undefined,
});

const ends: readonly (readonly [Outcome, string, Trace])[] = [
  ['unreadable', 'nothing but fragments that are none', { header: captureHeader, events: [garbage(1), garbage(2)] }],
  [
    'interrupted',
    'the helper went away',
    runOfClient({ rules: ['in:loss=100%'] }, [ended('interrupted', 'the helper exited')]),
  ],
  ['cancelled', 'somebody stopped it', runOfClient({ rules: ['in:loss=100%'] }, [ended('cancelled')])],
  ['established', 'somebody stopped it while it lingered', runOfClient({}, [ended('cancelled')])],
  [
    'fingerprint-mismatch',
    'another certificate came',
    simulated({
      client: { trust: { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }] } },
    }),
  ],
  ['alert-received', 'the server refuses', simulated({ client: { groups: [24] }, server: { groups: [29] } })],
  [
    'alert-sent',
    'the client refuses, as the client tells it',
    runOfClient({ client: { extendedMasterSecret: 'require' }, server: { extendedMasterSecret: 'off' } }),
  ],
  ['established', 'both ends are connected', simulated()],
  [
    'refused',
    'the network says that nobody listens',
    {
      header: client,
      events: [
        ...runOfClient({ rules: ['out:loss=100%'] }, []).events,
        { kind: 'refused', at: 5, by: 'ICMP', why: 'port unreachable' },
        ended('done'),
      ],
    },
  ],
  ['no-ice', 'no check is answered', noPath('silent', ['198.51.100.7:4000'])()],
  [
    'unsupported',
    'our own limit',
    {
      header: client,
      events: [
        ...captureAt(simulated(), 'client', false).events.slice(0, 2),
        {
          kind: 'failed',
          at: 20,
          actor: 'client',
          failure: { fault: 'mismatch', code: 'unsupported', what: 'DTLS 0.9' },
        },
        ended('done'),
      ],
    },
  ],
  ['truncated', 'the path cuts', captureTrace('trunc', 'without keys')],
  ['no-answer', 'nobody is there', captureAt(simulated({ rules: ['out:loss=100%'] }), 'client')],
  [
    'no-answer',
    'the server waits in vain',
    {
      header: server,
      events: [
        { kind: 'state', at: 0, actor: 'server', from: 'start', to: 'awaitHello', because: 'start' },
        ended('done'),
      ],
    },
  ],
  ['stalled', 'the cookie goes unanswered', captureTrace('hole', 'without keys')],
  [
    'incomplete-capture',
    'it ends at once',
    { header: captureHeader, events: captureTrace('hole', 'without keys').events.slice(0, 1) },
  ],
];

describe('the outcome', () => {
  it.each(ends)('is %s when %s', (outcome, _, trace) => {
    expect(said(trace).outcome).toBe(outcome);
  });

  it('can be each of the closed set', () => {
    expect(new Set(ends.map(([outcome]) => outcome))).toEqual(new Set(outcomes));
  });

  it('is one sentence whatever the end', () => {
    for (const [, , trace] of ends) expect(said(trace).verdict).toMatch(/^[A-Z][^\n]*[^.]\.$/);
  });
});

describe('verdicts', () => {
  it('of the captures are what an expert would say first', () => {
    const verdicts = Object.fromEntries(
      captureNames.map((name) => [name, said(captureTrace(name, 'with keys')).verdict]),
    );
    expect(verdicts).toMatchInlineSnapshot(`
      {
        "bigchain_mtu300": "Established in 3.7 ms (DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384).",
        "bigchain_unsplit": "Established in 2.7 ms (DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384).",
        "botan_hello_twice": "The server ended the handshake with alert protocol_version (70) after ServerHelloDone, 1.7 ms after its beginning: the server had chosen DTLS 1.2 already, and falls over the version in the record of a ClientHello that came twice.",
        "bouncycastle_cold": "Established in 384 ms (DTLS 1.2, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, both Finished seen but encrypted).",
        "chromium_janus_srtp": "Established in 4.1 ms (DTLS 1.2, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, both Finished seen but encrypted).",
        "dtls10_rsa_cbc": "Established in 2.2 ms (DTLS 1.0, TLS_RSA_WITH_AES_256_CBC_SHA).",
        "dtls13_nss_mutual_pq": "Established in 11 ms (DTLS 1.3, TLS_AES_128_GCM_SHA256).",
        "expired_client_cert": "The server ended the handshake with alert certificate_expired (45) after the client's Finished, 5.9 ms after its beginning: the client's certificate (CN=expired client) was valid until 2024-01-01.",
        "good_ecdhe_rsa": "Established in 1.9 ms (DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256).",
        "good_mutual_srtp": "Established in 2.4 ms (DTLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384).",
        "hole": "Stalled after the client's ClientHello: the client returned the cookie four times in 7.127 s and the server stayed silent.",
        "loss-small": "Established in 1.008 s (DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384); one datagram with bytes 408–655 of the server's Certificate was lost and resent after 1.005 s.",
        "lossy_retransmit": "Established in 1.143 s (DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384); three datagrams with bytes 461–1008, 2102–2649 and 3743–3746 of the server's Certificate, its ServerKeyExchange and its ServerHelloDone were lost and resent after 1.019 s.",
        "pmtu_blackhole": "Stalled after the server's ServerHelloDone: the path swallows datagrams of the server above 330 bytes: bytes 0–3441 of the server's Certificate never came in three sendings, while smaller datagrams did.",
        "trunc": "Truncated after the server's ServerHello: four datagrams of the server arrived cut to 1200 bytes, though its record at byte 1172 needs 251 bytes.",
      }
    `);
  });

  it('of handshakes that fail say where and why', () => {
    expect(Object.fromEntries(ends.map(([, what, trace]) => [what, said(trace).verdict]))).toMatchInlineSnapshot(`
      {
        "another certificate came": "The server's certificate is not the one that signalling announced: it is SHA-256 5A:D8:33:85:58:82:CC:19:…, announced was SHA-256 00:00:00:00:00:00:00:00:….",
        "both ends are connected": "Established in 0 ms (DTLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256).",
        "it ends at once": "Incomplete capture: it ends after the client's ClientHello, 0 ms after the beginning, with nothing to say why.",
        "no check is answered": "No DTLS was possible: two ICE checks to one pair of addresses got no answer, and the peer sent none of its own.",
        "nobody is there": "No answer: the client's flight 1 (ClientHello) was sent 13 times in 423.0 s and nothing came back.",
        "nothing but fragments that are none": "Unreadable: nothing in two datagrams could be read as DTLS records.",
        "our own limit": "Not supported: dtlscope cannot do this: DTLS 0.9.",
        "somebody stopped it": "Stopped after the client's ClientHello.",
        "somebody stopped it while it lingered": "Established in 0 ms (DTLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256).",
        "the client refuses, as the client tells it": "We ended the handshake with alert handshake_failure (40) after the server's ServerHelloDone, 0 ms after its beginning: the client demands extended_master_secret, and the server's answer has none.",
        "the cookie goes unanswered": "Stalled after the client's ClientHello: the client returned the cookie four times in 7.127 s and the server stayed silent.",
        "the helper went away": "Interrupted (the helper exited) after the client's ClientHello.",
        "the network says that nobody listens": "Refused: ICMP: port unreachable; before any handshake message was complete.",
        "the path cuts": "Truncated after the server's ServerHello: four datagrams of the server arrived cut to 1200 bytes, though its record at byte 1172 needs 251 bytes.",
        "the server refuses": "The server ended the handshake with alert handshake_failure (40) after the client's ClientHello, 0 ms after its beginning: no group in common: the client offers secp384r1, and the server takes x25519.",
        "the server waits in vain": "No answer: the server waited and no client came.",
      }
    `);
  });

  it('name the last message that was complete', () => {
    expect(said(captureTrace('hole', 'without keys')).lastMessage).toBe('client_hello');
    expect(said(captureTrace('pmtu_blackhole', 'without keys')).lastMessage).toBe('server_hello_done');
    expect(said(captureTrace('good_ecdhe_rsa', 'without keys')).lastMessage).toBe('finished');
  });
});

describe('a capture of ICE alone', () => {
  it('is no answer once it has gone on for a while, and nothing before', () => {
    const [handshake] = snapshotOf(onlyStun(5000)()).handshakes;
    if (!handshake) throw new Error('nothing to say');
    const { outcome, verdict } = diagnose(handshake);
    expect(outcome).toBe('no-answer');
    expect(verdict).toBe(
      'No DTLS at all: ICE checks between 192.0.2.1:5000 and 192.0.2.2:6000 are answered, and in 5 s neither side sent a ClientHello, as when both are passive.',
    );
    expect(snapshotOf(onlyStun(500)()).handshakes).toEqual([]);
  });

  it('answers that are all too large for the path are told by that', () => {
    const { outcome, verdict } = said(
      simulated({
        rules: ['in:mtu=400', 'delay=10ms'],
        server: { packing: 'flight', retransmission: { start: 1000, growth: 2, cap: 60_000, attempts: 3 } },
        timeoutMs: 20_000,
      }),
    );
    expect(outcome).toBe('no-answer');
    expect(verdict).toMatch(
      /^No answer came through: \w+ datagrams of up to \d+ bytes did not fit the path of 400 bytes\.$/,
    );
  });

  it('a repetition that nothing but the order made necessary is not put down to loss', () => {
    expect(said(traceOfQuirk('in-order-only', true)).verdict).toMatch(
      /; the server's flight 2 .* arrived whole but not in order, and the client waited for it to be sent again\.$/,
    );
  });

  it('repetitions of a hasty timer are not put down to loss, and are no flights of their own', () => {
    expect(said(traceOfQuirk('rto-below-rtt', true)).verdict).toMatch(
      /; four flights were sent again, eight times in all, though nothing was lost, as the client's timer of 10 ms is shorter than the 60 ms that an answer takes\.$/,
    );
  });

  it('a version that is refused once one was chosen is put down to a record, not to the offer', () => {
    expect(said(captureTrace('botan_hello_twice', 'without keys')).verdict).toMatch(
      /alert protocol_version \(70\) .*: the server had chosen DTLS 1\.2 already, and falls over the version in the record of a ClientHello that came twice\.$/,
    );
  });

  it('two clients are told of before all that comes of it', () => {
    const { outcome, verdict } = said(traceOfQuirk('both-active', true));
    expect(outcome).toBe('stalled');
    expect(verdict).toBe(
      "Stalled after the client's ClientHello: both sides sent a ClientHello, as if both were the client, and neither takes what it gets.",
    );
  });

  it('a flight that only replays is told of before the silence that it meets', () => {
    expect(said(sameLastFlight())).toMatchObject({
      outcome: 'stalled',
      verdict:
        "Stalled after the client's Finished: the client's flight 3 (ClientKeyExchange to Finished) was sent five times and holds records under numbers that were used before, which a replay window drops.",
    });
  });
});

describe('a run of ours', () => {
  it('that goes away is what it had waited for, and not that it left', () => {
    const options: Simulated = { rules: ['in:drop=certificate'], timeoutMs: 4000 };
    const stayed = runOfClient(options);
    const last = stayed.events.findLast((event) => event.kind === 'datagram' && event.from === 'client');
    if (last?.kind !== 'datagram') throw new Error('nothing of the client');
    const bytes = rawRecord({ type: 21, number: 9, body: [2, 90] });
    const goodbye: TraceEvent = { ...last, at: 4000, packet: 99, contents: undefined, bytes, length: bytes.length };
    const left = runOfClient(options, [goodbye, ended('done')]);
    const { outcome, verdict } = said(left);
    expect(outcome).toBe('stalled');
    expect(verdict).toBe(said(stayed).verdict);
    expect(diagnose(onlyHandshake(left)).findings.map(({ id }) => id)).not.toContain('alert-explained');
    // Of a peer that does so, or in a capture, the alert is what ended it.
    expect(said({ ...left, header: server }).outcome).toBe('alert-received');
    expect(said({ ...left, header: captureHeader }).outcome).toBe('alert-sent');
  });
});
