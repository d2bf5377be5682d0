/** Which datagrams make a handshake, who is client, and what is no DTLS at all. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { payloadKind } from '../../src/analysis/demux.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { outcomeOf } from '../../src/diagnosis/outcome.ts';
import type { DatagramEvent, Trace, TraceEvent } from '../../src/trace/model.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace, onlyHandshake, snapshotOf } from '../support/reading.ts';
import { captureAt, captureHeader, simulated } from '../support/traces.ts';

const datagrams = ({ events }: Trace): DatagramEvent[] => events.filter((event) => event.kind === 'datagram');
const captured = (events: readonly TraceEvent[]): Trace => ({ header: captureHeader, events });
/** The same datagrams, later and under other numbers. */
const later = (events: readonly DatagramEvent[], ms: number, packets: number): DatagramEvent[] =>
  events.map((event) => ({ ...event, at: event.at + ms, packet: event.packet + packets }));

/** Two handshakes between the same addresses, each whole. */
const first = datagrams(captureAt(simulated({ seed: 1, rules: ['delay=5ms'] }), 'client', false));
const second = datagrams(captureAt(simulated({ seed: 2, rules: ['delay=5ms'] }), 'client', false));

const at = (ms: number, packet: number, bytes: readonly number[], src = 'a:1', dst = 'b:2'): DatagramEvent => ({
  kind: 'datagram',
  at: ms,
  packet,
  src,
  dst,
  from: undefined,
  bytes: Uint8Array.from(bytes),
  length: bytes.length,
  contents: undefined,
});
const bytesOf = (length: number, fill = 0xa5): number[] => Array.from({ length }, () => fill);
const u = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256);
const record = (type: number, number: number, body: readonly number[], epoch = 0): number[] => [
  ...rawRecord({ type, number, epoch, body }),
];
const fragment = (type: number, seq: number, total: number, offset: number, body: readonly number[]): number[] => [
  ...rawFragment({ type, seq, total, offset, body }),
];
const message = (type: number, seq: number, body: readonly number[]): number[] =>
  fragment(type, seq, body.length, 0, body);
/** A ClientHello body that only its random tells from others. */
const hello = (random: number): number[] => [0xfe, 0xfd, ...bytesOf(32, random), 0, 0, 0, 2, 0xc0, 0x2b, 1, 0];

const only = (...events: DatagramEvent[]): Handshake => onlyHandshake(captured(events));

describe('two addresses', () => {
  it('have one handshake after the other, told apart by the random', () => {
    const { handshakes } = snapshotOf(captured([...first, ...later(second, 60_000, 100)]));
    expect(handshakes.map(({ id, establishedAt }) => [id, establishedAt !== undefined])).toEqual([
      ['h1', true],
      ['h2', true],
    ]);
    expect(handshakes.map(({ datagrams: own }) => own.length)).toEqual([first.length, second.length]);
  });

  it('begin a new handshake at once when the first hello is given up for another', () => {
    const [abandoned] = first;
    if (!abandoned) throw new Error('no datagram');
    const { handshakes } = snapshotOf(captured([abandoned, ...later(second, 50, 100)]));
    expect(handshakes.map(({ establishedAt }) => establishedAt !== undefined)).toEqual([false, true]);
  });

  it('keep a retransmitted hello, and the round with a cookie, in one handshake', () => {
    expect(onlyHandshake(captureTrace('loss-small', 'without keys')).flights).toHaveLength(6);
    const { flights } = onlyHandshake(captureTrace('hole', 'without keys'));
    expect(flights.map(({ messages }) => messages[0])).toEqual([
      'client_hello',
      'hello_verify_request',
      'client_hello',
    ]);
  });

  it('put a late repetition of an old hello back where it belongs', () => {
    const [old] = first;
    if (!old) throw new Error('no datagram');
    const { handshakes } = snapshotOf(
      captured([...first, ...later(second, 60_000, 100), ...later([old], 120_000, 900)]),
    );
    expect(handshakes).toHaveLength(2);
    expect(handshakes[0]?.datagrams.at(-1)).toMatchObject({ packet: old.packet + 900, attempt: 1, newBytes: 0 });
  });

  it('may swap roles from one handshake to the next', () => {
    const [client, server] = [first[0]?.src, first[0]?.dst];
    const swapped = second.map((event) => ({ ...event, src: event.dst, dst: event.src }));
    const { handshakes } = snapshotOf(captured([...first, ...later(swapped, 60_000, 100)]));
    expect(handshakes.map((handshake) => [handshake.client, handshake.server])).toEqual([
      [client, server],
      [server, client],
    ]);
  });

  it('that both act as client are one association which cannot work', () => {
    const both = only(
      at(0, 1, record(22, 0, message(1, 0, hello(1)))),
      at(1, 2, record(22, 0, message(1, 0, hello(2))), 'b:2', 'a:1'),
    );
    expect(both.flights.map(({ from, messages }) => [from, ...messages])).toEqual([
      ['client', 'client_hello'],
      ['server', 'client_hello'],
    ]);
  });

  it('of another pair never mix', () => {
    const other = first.map((event) => ({ ...event, src: `x${event.src}`, dst: `x${event.dst}` }));
    const mixed = first.flatMap((event, i) => [event, ...later(other.slice(i, i + 1), 0, 1000)]);
    const { handshakes } = snapshotOf(captured(mixed));
    expect(handshakes.map(({ datagrams: own, establishedAt }) => [own.length, establishedAt !== undefined])).toEqual([
      [first.length, true],
      [first.length, true],
    ]);
  });
});

describe('a capture that begins late', () => {
  it.each([1, 2])('finds client and server without the first %s datagrams', (missing) => {
    const handshake = onlyHandshake(captured(first.slice(missing)));
    expect([handshake.client, handshake.server]).toEqual([first[0]?.src, first[0]?.dst]);
    expect(diagnose(handshake).findings.map(({ id }) => id)).toContain('incomplete-capture');
  });

  it('says that it guesses when no message tells who is who', () => {
    expect(onlyHandshake(captured(first.slice(3))).inferred).toEqual(expect.arrayContaining(['client', 'server']));
  });

  it('corrects a guess about the roles as soon as a message tells', () => {
    const secret = record(23, 1, bytesOf(40), 1);
    const guessed = only(at(0, 1, secret, 'server:1', 'client:2'));
    expect(guessed).toMatchObject({ client: 'server:1', inferred: expect.arrayContaining(['client', 'server']) });
    const told = only(
      at(0, 1, secret, 'server:1', 'client:2'),
      at(1, 2, record(22, 0, message(14, 4, [])), 'server:1', 'client:2'),
    );
    expect(told).toMatchObject({ client: 'client:2', server: 'server:1', inferred: [] });
    expect(told.datagrams.map(({ from }) => from)).toEqual(['server', 'server']);
  });

  it('takes the repetition of a hello it missed for the same handshake', () => {
    const { flights } = onlyHandshake(captureTrace('loss-small', 'without keys'));
    const whole = datagrams(captureTrace('loss-small', 'without keys'));
    const handshake = onlyHandshake(captured(whole.slice(3)));
    expect(handshake.flights.length).toBe(flights.length - 2);
    expect(outcomeOf(handshake)).toBe('established');
  });

  it('does not call encrypted traffic alone a handshake that went wrong', () => {
    const traffic = [0, 2000, 4000].map((ms, i) => at(ms, i + 1, record(23, i, bytesOf(40), 1)));
    expect(outcomeOf(only(...traffic))).toBe('incomplete-capture');
  });
});

describe('payloads', () => {
  it.each([
    ['stun', [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...bytesOf(12)]],
    ['other', [0, 1, 0, 0, ...bytesOf(16)]],
    ['zrtp', [16, ...bytesOf(12)]],
    ['dtls', [22, 0xfe, 0xfd, 0, 0]],
    ['dtls', [22, 0xfe, 0xff, ...bytesOf(40)]],
    ['other', [22, 3, 3, ...bytesOf(40)]],
    ['dtls-1.3-ciphertext', [0x2f, 0xfe, 0xfd, ...bytesOf(40)]],
    ['turn-channel', [64, 0, 0, 4]],
    ['rtp', [128, 96, 0, 1]],
    ['rtcp', [128, 200, 0, 1]],
    ['other', [192, 0]],
    ['other', []],
  ] as const)('are %s', (kind, bytes) => {
    expect(payloadKind(Uint8Array.from(bytes))).toBe(kind);
  });

  it('that are no DTLS are counted, not kept', () => {
    const rtp = Array.from({ length: 500 }, (_, i) => at(i, i + 1, [128, 96, ...bytesOf(60)]));
    expect(snapshotOf(captured(rtp))).toMatchObject({ handshakes: [], unrelated: { rtp: 500 } });
  });

  it('between the addresses of a handshake belong to it even when damaged', () => {
    const handshake = only(at(0, 1, record(22, 0, message(1, 0, hello(1)))), at(1, 2, [22, 1, 2, 3], 'b:2', 'a:1'));
    expect(handshake.datagrams[1]).toMatchObject({ records: [], leftover: { start: 0, reason: 'short-header' } });
  });

  it('of DTLS 1.3 are ciphertext with two bits of epoch, whatever the next bytes look like', () => {
    // 0x2e: 16-bit number, length, epoch bits 2. The masked number happens to read as a DTLS 1.2 version.
    const body = bytesOf(24);
    const sealed = [0x2e, 0xfe, 0xfd, ...u(body.length, 2), ...body];
    const handshake = only(
      at(0, 1, record(22, 0, message(1, 0, hello(1)))),
      at(1, 2, [...sealed, ...sealed], 'b:2', 'a:1'),
    );
    const expected = { type: 0x2e, epoch: 2, sequenceNumber: -1, protection: 'encrypted', length: 24, fragments: [] };
    expect(handshake.datagrams[1]).toMatchObject({ records: [expected, expected], leftover: undefined });
  });

  it('of 1.3 in a handshake that agreed on 1.2 are not read as anything', () => {
    const sealed = [0x2e, 1, 2, ...u(24, 2), ...bytesOf(24)];
    const damaged = captured([...first, at(900, 900, sealed, first[0]?.src, first[0]?.dst)]);
    expect(onlyHandshake(damaged).datagrams.at(-1)).toMatchObject({ records: [], leftover: { reason: 'not-dtls' } });
  });
});

describe('records', () => {
  it('may hold several messages', () => {
    const two = record(22, 0, [...message(2, 0, bytesOf(40)), ...message(14, 1, [])]);
    expect(only(at(0, 1, two, 'b:2', 'a:1')).messages.map(({ key, complete }) => [key, complete])).toEqual([
      ['server/0', true],
      ['server/1', true],
    ]);
  });

  it.each([
    ['short', [...message(14, 0, []), 1, 2, 3], 12],
    ['short', fragment(11, 0, 100, 0, bytesOf(50)).slice(0, 40), 0],
    ['outside-message', fragment(11, 0, 10, 5, bytesOf(10)), 0],
    ['over-limit', fragment(11, 0, 2 ** 24 - 1, 0, bytesOf(10)), 0],
  ] as const)('that cannot be used say why: %s', (reason, body, start) => {
    const [datagram] = only(at(0, 1, record(22, 0, body), 'b:2', 'a:1')).datagrams;
    expect(datagram?.records[0]?.unread).toEqual({ reason, start: 13 + start });
  });

  it('under a number that came before are marked, and tell a copy from another record', () => {
    const certificate = record(22, 7, fragment(11, 1, 100, 0, bytesOf(50)));
    const other = record(22, 7, fragment(11, 1, 100, 50, bytesOf(50)));
    const { datagrams: read, retransmissions } = only(
      at(0, 1, certificate, 'b:2', 'a:1'),
      at(3, 2, certificate, 'b:2', 'a:1'),
      at(6, 3, other, 'b:2', 'a:1'),
    );
    expect(read.map(({ records }) => records[0]?.repeatedNumber)).toEqual([undefined, 'same-bytes', 'other-bytes']);
    expect(read.map(({ attempt, newBytes }) => [attempt, newBytes])).toEqual([
      [0, 50],
      [0, 0],
      [0, 50],
    ]);
    expect(retransmissions.server).toBe(0);
  });

  it('of a message that changes its bytes are kept as a conflict, and the first bytes stay', () => {
    const { messages } = only(
      at(0, 1, record(22, 0, message(11, 1, bytesOf(50, 1))), 'b:2', 'a:1'),
      at(1000, 2, record(22, 1, message(11, 1, [...bytesOf(40, 1), ...bytesOf(10, 2)])), 'b:2', 'a:1'),
    );
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ conflicts: [[40, 50]], duplicateBytes: 50, sendings: 2 });
    expect(messages[0]?.body.every((byte) => byte === 1)).toBe(true);
  });

  it('of another message under the same number make a message of its own', () => {
    const { messages } = only(
      at(0, 1, record(22, 0, message(11, 1, bytesOf(50))), 'b:2', 'a:1'),
      at(1, 2, record(22, 1, message(12, 1, bytesOf(20))), 'b:2', 'a:1'),
    );
    expect(messages.map(({ key }) => key)).toEqual(['server/1', 'server/1+1']);
  });

  it('cut by the snap length are not missing', () => {
    const whole = datagrams(captureTrace('loss-small', 'without keys'));
    const handshake = onlyHandshake(captured(whole.map((event) => ({ ...event, bytes: event.bytes.subarray(0, 96) }))));
    expect(handshake).toMatchObject({ snapped: true, lost: [] });
    expect(outcomeOf(handshake)).not.toBe('truncated');
    expect(diagnose(handshake).findings.map(({ id }) => id)).toContain('incomplete-capture');
  });
});

describe('long traffic', () => {
  it('is counted, and only its beginning is kept', () => {
    const data = Array.from({ length: 1000 }, (_, i) =>
      at(1000 + i, 1000 + i, record(23, i, bytesOf(40), 1), first[0]?.src, first[0]?.dst),
    );
    const handshake = onlyHandshake(captured([...first, ...data]));
    expect(handshake.traffic.client).toMatchObject({ applicationData: 1000, lastApplicationDataAt: 1999 });
    expect(handshake.datagrams.length).toBeLessThan(first.length + 100);
    expect(handshake.endedAt).toBe(1999);
  });
});

describe('facts of an endpoint', () => {
  it('make a handshake even when no datagram was ever seen', () => {
    const trace: Trace = {
      header: { ...captureHeader, kind: 'run', localRole: 'server' },
      events: [
        { kind: 'state', at: 0, actor: 'server', from: 'start', to: 'awaitHello', because: 'start' },
        { kind: 'end', at: 5000, how: 'done', why: 'the time was up' },
      ],
    };
    expect(outcomeOf(onlyHandshake(trace))).toBe('no-answer');
  });

  it('that came before the first datagram belong to its handshake', () => {
    const trace = simulated();
    const { handshakes } = snapshotOf(trace);
    expect(handshakes).toHaveLength(1);
    expect(handshakes[0]?.states[0]?.at).toBe(0);
    expect(handshakes[0]).toMatchObject({ ours: ['client', 'server'], localRole: undefined });
  });

  it('about a datagram may come before it', () => {
    const events = simulated({ rules: ['in:drop=server_hello#1'] }).events;
    const link = events.filter((event) => event.kind === 'link');
    const early: Trace = {
      header: { ...captureHeader, kind: 'simulation' },
      events: [...link, ...events.filter((event) => event.kind !== 'link')],
    };
    const of = (trace: Trace) => onlyHandshake(trace).lost.map(({ bytes, evidence }) => [bytes, evidence]);
    expect(of(early)).toEqual(of({ ...early, events }));
    expect(of(early).length).toBeGreaterThan(0);
  });

  it('that took a repetition of what was there already took nothing, be the message empty or not', () => {
    // ServerHelloDone has no body; both sendings of the flight are record by record.
    const rules = [
      'in:drop=certificate#1',
      'in:drop=server_hello_done#2',
      'in:drop=server_key_exchange#2',
      'delay=10ms',
    ];
    const { lost } = onlyHandshake(simulated({ rules, server: { packing: 'record' } }));
    expect(lost.map(({ message, evidence }) => [message, evidence])).toEqual([[11, 'link']]);
  });

  it('name alerts that the trace cannot read', () => {
    const trace = simulated();
    const alerts = onlyHandshake({ ...trace, events: trace.events.filter(({ kind }) => kind !== 'secret') }).alerts;
    expect(alerts).toMatchObject([
      { from: 'client', description: 0, readable: true },
      { from: 'server', description: 0, readable: true },
    ]);
    const blind = captureAt(trace, 'client', false);
    expect(onlyHandshake(blind).alerts.map(({ readable }) => readable)).toEqual([false, false]);
  });

  it('are pushed one by one into an analysis that knows no header', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (const event of simulated().events) analysis.push(event);
    expect(analysis.snapshot().handshakes[0]).toMatchObject({ ours: ['client', 'server'], localRole: undefined });
  });
});
