/** Handshakes whose datagrams do not simply go between two addresses: relays, other ICE pairs, connection IDs, STUN. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { fromHex, utf8 } from '../../src/base/bytes.ts';
import { parseSocketAddress } from '../../src/base/ip.ts';
import { encode } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { handshakeJson } from '../../src/report/json.ts';
import { textLadder } from '../../src/report/text.ts';
import type { Address, DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { channelData } from '../../src/wire/channelData.ts';
import { clientHello, serverHello } from '../../src/wire/handshake.ts';
import { addressBody, messageType, type StunAttribute, stunMessage } from '../../src/wire/stun.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace, onlyHandshake, snapshotOf } from '../support/reading.ts';

const header = captureTrace('good_mutual_srtp', 'without keys').header;
const whole = captureTrace('good_mutual_srtp', 'with keys').events;
const firstHello = whole.find((event) => event.kind === 'datagram');
if (firstHello?.kind !== 'datagram') throw new Error('no datagram');
const { src: client, dst: server } = firstHello;
const unchanged = onlyHandshake({ header, events: whole });

/** The capture with every datagram changed; what `change` answers stands in its place. */
const changed = (change: (event: DatagramEvent, index: number) => readonly TraceEvent[]): readonly TraceEvent[] => {
  let index = 0;
  return whole.flatMap((event) => (event.kind === 'datagram' ? change(event, index++) : [event]));
};

const datagram = (at: number, src: Address, dst: Address, bytes: Uint8Array): DatagramEvent => ({
  kind: 'datagram',
  at,
  packet: 100_000 + at,
  src,
  dst,
  from: undefined,
  bytes,
  length: bytes.length,
  contents: undefined,
});

let transactions = 0;
const stun = (
  method: number,
  cls: 'request' | 'success' | 'indication',
  attributes: readonly StunAttribute[],
  transaction = ++transactions,
): Uint8Array =>
  encode(stunMessage, {
    message_type: messageType(method, cls),
    transaction_id: Uint8Array.from({ length: 12 }, (_, i) => (i === 11 ? transaction & 255 : i)),
    attributes,
  });
const addressOf = (address: Address) => {
  const parsed = parseSocketAddress(address);
  if (!parsed) throw new Error(address);
  return addressBody(parsed);
};
const peerOf = (address: Address): StunAttribute => ({ kind: 'XOR-PEER-ADDRESS', body: addressOf(address) });
const user = (name: string): StunAttribute => ({ kind: 'USERNAME', body: utf8(name) });
/** A check and its answer, between any two addresses. */
const check = (at: number, from: Address, to: Address, name: string, took = 1): TraceEvent[] => {
  const transaction = ++transactions;
  const nominated: StunAttribute = { kind: 'USE-CANDIDATE', body: {} };
  return [
    datagram(at, from, to, stun(1, 'request', [user(name), nominated], transaction)),
    datagram(at + took, to, from, stun(1, 'success', [], transaction)),
  ];
};

const read = (events: readonly TraceEvent[]): Handshake => onlyHandshake({ header, events });
/** All that must not depend on how the datagrams travelled. */
const essence = (handshake: Handshake) => ({
  outcome: diagnose(handshake).outcome,
  messages: handshake.messages.map(({ key, name, total, complete }) => ({ key, name, total, complete })),
  flights: handshake.flights.map(({ from, messages }) => ({ from, messages })),
  retransmissions: handshake.retransmissions,
  opened: handshake.opened,
});

describe('a handshake through a relay', () => {
  const relay = '198.51.100.9:3478';
  const bind = ++transactions;
  const channel: StunAttribute = { kind: 'CHANNEL-NUMBER', body: { channel: 0x4001, reserved: 0 } };
  const relayed: StunAttribute = { kind: 'XOR-RELAYED-ADDRESS', body: addressOf('198.51.100.9:50000') };
  const opening: readonly TraceEvent[] = [
    datagram(0, relay, client, stun(3, 'success', [relayed])),
    datagram(0, client, relay, stun(9, 'request', [channel, peerOf(server)], bind)),
    datagram(0, relay, client, stun(9, 'success', [], bind)),
  ];
  const between = ({ src }: DatagramEvent): { src: Address; dst: Address } =>
    src === client ? { src, dst: relay } : { src: relay, dst: client };

  it('in ChannelData belongs to the peer that the channel is bound to, and names the relay', () => {
    const events = changed((event) => {
      const bytes = encode(channelData, { channel: 0x4001, data: event.bytes });
      return [{ ...event, ...between(event), bytes, length: bytes.length }];
    });
    const handshake = read([...opening, ...events]);
    expect(essence(handshake)).toEqual(essence(unchanged));
    expect([handshake.client, handshake.server]).toEqual([client, server]);
    expect(handshake.datagrams[0]?.wrapping).toEqual({ form: 'ChannelData', relay, start: 4 });
    const text = textLadder(handshake, diagnose(handshake), { width: 100, colour: false });
    expect(text).toContain(`${relay} relays at 198.51.100.9:50000`);
    expect(text).toContain('a ChannelData adds 4 bytes');
  });

  it('in Send and Data indications does as well, and evidence points into the UDP payload', () => {
    const events = changed((event) => {
      const method = event.src === client ? 6 : 7;
      const bytes = stun(method, 'indication', [peerOf(server), { kind: 'DATA', body: event.bytes }]);
      return [{ ...event, ...between(event), bytes, length: bytes.length }];
    });
    const handshake = read(events);
    expect(essence(handshake)).toEqual(essence(unchanged));
    const [first] = handshake.datagrams;
    expect(first?.wrapping).toMatchObject({ form: 'Send indication', relay, start: 36 });
    const finding = { id: 'x', severity: 'info', title: '', why: '', fix: '', see: '' } as const;
    const evidence = [{ packet: first?.packet ?? 0, start: 1, end: 2 }];
    const json = handshakeJson(handshake, { ...diagnose(handshake), findings: [{ ...finding, evidence }] });
    expect(json.findings[0]?.evidence).toEqual([{ packet: first?.packet, start: 37, end: 38 }]);
  });

  it.each(['Send and Data indications', 'ChannelData'])('between addresses of IPv6 is read in %s as well', (form) => {
    const [ours, lender, theirs] = ['[2001:db8::1]:50001', '[2001:db8:9::9]:3478', '[2001:db8:7::7]:4444'];
    const events = changed((event) => {
      const out = event.src === client;
      const way = out ? { src: ours, dst: lender } : { src: lender, dst: ours };
      const indication = (): Uint8Array =>
        stun(out ? 6 : 7, 'indication', [peerOf(theirs), { kind: 'DATA', body: event.bytes }]);
      const bytes = form === 'ChannelData' ? encode(channelData, { channel: 0x4001, data: event.bytes }) : indication();
      return [{ ...event, ...way, bytes, length: bytes.length }];
    });
    const binding = [
      datagram(0, ours, lender, stun(9, 'request', [channel, peerOf(theirs)], bind)),
      datagram(0, lender, ours, stun(9, 'success', [], bind)),
    ];
    const handshake = read([...binding, ...events]);
    expect(essence(handshake)).toEqual(essence(unchanged));
    expect([handshake.client, handshake.server]).toEqual([ours, theirs]);
    // 20 of the header, 24 of the peer's address, 4 of the attribute with the data.
    expect(handshake.datagrams[0]?.wrapping).toMatchObject({ relay: lender, start: form === 'ChannelData' ? 4 : 48 });
  });

  it('over a channel that was bound before the capture is read between client and relay', () => {
    const events = changed((event) => {
      const bytes = encode(channelData, { channel: 0x4001, data: event.bytes });
      return [{ ...event, ...between(event), bytes, length: bytes.length }];
    });
    expect(essence(read(events))).toEqual(essence(unchanged));
  });

  it('inside STUN bindings is found', () => {
    const events = changed((event) => {
      const bytes = stun(1, 'request', [user('SSSS:CCCC'), { kind: 'unknown', code: 0xc070, body: event.bytes }]);
      return [{ ...event, bytes, length: bytes.length }];
    });
    // Only what begins like a record travels so: nothing else does in this capture.
    expect(essence(read(events))).toEqual(essence(unchanged));
  });
});

describe('a handshake that goes on between other addresses', () => {
  const elsewhere = '203.0.113.77:60000';
  const moved = (event: DatagramEvent): DatagramEvent => ({
    ...event,
    src: event.src === client ? elsewhere : event.src,
    dst: event.dst === client ? elsewhere : event.dst,
  });

  it('of the same ICE session stays one handshake, and the move is said', () => {
    const events = changed((event, i) => [i < 4 ? event : moved(event)]);
    const handshake = read([
      ...check(0, client, server, 'SSSS:CCCC', 30),
      ...check(0, server, client, 'CCCC:SSSS'),
      ...check(1, elsewhere, server, 'SSSS:CCCC', 30),
      ...events,
    ]);
    expect(essence(handshake)).toEqual(essence(unchanged));
    expect(handshake.moves).toMatchObject([{ client: elsewhere, server, by: 'ICE' }]);
    const chosen = handshake.path.flatMap(({ fact }) => (fact.kind === 'selected' ? [fact.base] : []));
    expect(chosen).toContain(elsewhere);
    expect(handshake.estimates.roundTrip.server).toMatchObject({ by: 'DTLS' });
  });

  it('is known by its next message and record numbers where there is no STUN', () => {
    const events = changed((event, i) => [i < 4 ? event : moved(event)]);
    const handshake = read(events);
    expect(essence(handshake)).toEqual(essence(unchanged));
    expect(handshake.moves).toMatchObject([{ client: elsewhere, by: 'address' }]);
  });

  it('is two handshakes when every datagram was captured on both sides of a NAT', () => {
    const { handshakes } = snapshotOf({
      header,
      events: changed((event) => [event, { ...moved(event), packet: event.packet + 1000 }]),
    });
    expect(handshakes.map(essence)).toEqual([essence(unchanged), essence(unchanged)]);
  });

  it('is found by its connection ID', () => {
    const random = new Uint8Array(32).fill(7);
    const cid = fromHex('c0ffee01') ?? new Uint8Array(0);
    const hello = encode(clientHello, {
      client_version: 0xfefd,
      random,
      session_id: new Uint8Array(0),
      cookie: new Uint8Array(0),
      cipher_suites: [0xc02b],
      compression_methods: [0],
      extensions: [{ kind: 'connection_id', body: { cid: Uint8Array.of(9) } }],
    });
    const answer = encode(serverHello, {
      server_version: 0xfefd,
      random,
      session_id: new Uint8Array(0),
      cipher_suite: 0xc02b,
      compression_method: 0,
      extensions: [{ kind: 'connection_id', body: { cid } }],
    });
    const sealed = Uint8Array.of(25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, ...cid, 0, 24, ...new Uint8Array(24));
    const handshake = read([
      datagram(1, client, server, rawRecord({ number: 0, body: rawFragment({ type: 1, seq: 0, body: hello }) })),
      datagram(2, server, client, rawRecord({ number: 0, body: rawFragment({ type: 2, seq: 0, body: answer }) })),
      datagram(3, '203.0.113.5:1', server, sealed),
    ]);
    expect(handshake.moves).toMatchObject([{ client: '203.0.113.5:1', server, by: 'connection ID' }]);
    expect(handshake.traffic.client.datagrams).toBe(2);
  });
});

describe('what belongs to a flow', () => {
  const refusal = (src: Address, dst: Address): TraceEvent => ({
    kind: 'refused',
    at: 5,
    by: '10.9.9.9',
    why: 'port unreachable',
    src,
    dst,
  });
  const hello = whole.filter((event) => event.kind === 'datagram').slice(0, 1);

  it('is told to its handshake, and to no other', () => {
    expect(read([...hello, refusal(client, server)]).refused).toHaveLength(1);
    expect(diagnose(read([...hello, refusal(client, server)])).outcome).toBe('refused');
    expect(read([...hello, refusal(client, '192.0.2.99:1')]).refused).toEqual([]);
  });

  it('begins no handshake of its own', () => {
    const analysis = new Analysis({ crypto: nodeProvider, header });
    analysis.push(refusal(client, server));
    expect(analysis.snapshot().handshakes).toEqual([]);
  });
});

it('tells a capture at the client from one at the server by who answers sooner', () => {
  const at = (delay: { client: number; server: number }): Handshake => {
    // Each flight reaches the capture after its sender's way, and its answer after the other's.
    let now = 0;
    let last: Address | undefined;
    return read(
      changed((event) => {
        if (last !== undefined && event.src !== last) now += event.src === client ? delay.client : delay.server;
        last = event.src;
        return [
          {
            ...event,
            src: event.src === client ? '192.0.2.1:1' : event.src,
            dst: event.dst === client ? '192.0.2.1:1' : event.dst,
            at: now,
          },
        ];
      }),
    );
  };
  expect(at({ client: 0.2, server: 40 }).estimates.vantage).toMatchObject({ at: 'client' });
  expect(at({ client: 40, server: 1 }).estimates.vantage).toMatchObject({ at: 'server' });
  expect(at({ client: 40, server: 30 }).estimates.vantage).toMatchObject({ at: 'between' });
  expect(at({ client: 1, server: 1 }).estimates.vantage).toBeUndefined();
});

it('estimates the rate of a slow path from how its flights come spread out, and of a fast one nothing', () => {
  const { header: from, events } = captureTrace('bigchain_mtu300', 'without keys');
  const paced = (bitsPerMs: number): Handshake => {
    let free = 0;
    return onlyHandshake({
      header: from,
      events: events.map((event) => {
        if (event.kind !== 'datagram') return event;
        free = Math.max(free, event.at) + ((event.length + 28) * 8) / bitsPerMs;
        return { ...event, at: free };
      }),
    });
  };
  const slow = paced(225).estimates.rate;
  expect(slow?.from).toBe('server');
  expect(slow?.bitsPerSecond).toBeGreaterThan(215_000);
  expect(slow?.bitsPerSecond).toBeLessThan(235_000);
  expect(paced(100_000).estimates.rate).toBeUndefined();
});
