import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { keptStun, StunReader } from '../../src/analysis/stun.ts';
import { StunScan } from '../../src/analysis/stunScan.ts';
import { concat } from '../../src/base/bytes.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { ladderRows } from '../../src/report/ladder/rows.ts';
import { stunSummary, stunText } from '../../src/report/stun.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { answer, check, refusal } from '../support/stunMessages.ts';
import { captureHeader, simulated } from '../support/traces.ts';

const [a, b, c] = ['192.0.2.1:5000', '192.0.2.2:6000', '192.0.2.3:7000'];

const scan = new StunScan();
const read = (events: readonly DatagramEvent[], reader = new StunReader()): StunReader => {
  for (const event of events) if (scan.read(event.bytes)) reader.push(event, scan);
  return reader;
};

describe('the STUN of a trace', () => {
  const events = [
    check({ at: 0, packet: 1, src: a, dst: b, transaction: 1 }),
    check({ at: 50, packet: 2, src: a, dst: b, transaction: 1 }),
    answer({ at: 62, packet: 3, src: b, dst: a, transaction: 1 }),
    check({ at: 70, packet: 4, src: a, dst: b, transaction: 2 }, true),
    refusal({ at: 80, packet: 5, src: b, dst: a, transaction: 2 }),
    check({ at: 90, packet: 6, src: b, dst: a, transaction: 3 }),
    check({ at: 95, packet: 7, src: a, dst: c, transaction: 4 }),
  ];

  it('tells checks from answers, and which answer is to what', () => {
    expect(read(events).between(b, a).map(stunText)).toEqual([
      'Binding request: ICE check as controlling, no answer seen',
      'Binding request: ICE check as controlling, sent again (1)',
      'Binding success: answers 2 after 12 ms',
      'Binding request: ICE check as controlling, nominates the pair',
      'Binding error: 401 Unauthenticated, answers 4 after 10 ms',
      'Binding request: ICE check as controlling, no answer seen',
    ]);
  });

  it('is summed up in a line', () => {
    expect(stunSummary({ stun: read(events).all, stunLeftOut: 0 })).toBe(
      '7 datagrams, 4 ICE checks (1 answered), 1 refusal',
    );
    expect(stunSummary({ stun: [], stunLeftOut: 0 })).toBeUndefined();
  });

  it('keeps what it gave out, and gives the same again while nothing comes', () => {
    const reader = read(events.slice(0, 1));
    const before = reader.all;
    const pair = reader.between(a, b);
    expect(reader.all).toBe(before);
    read(events.slice(1), reader);
    expect(before).toHaveLength(1);
    expect(pair[0]?.answeredBy).toBeUndefined();
    expect(reader.between(a, b)).toHaveLength(6);
    expect(reader.between(a, c)).toHaveLength(1);
    expect(reader.between(b, c)).toEqual([]);
  });

  it('takes anything that begins like STUN', () => {
    const cut = events.map((event, i) => ({ ...event, bytes: event.bytes.subarray(0, 20 + i) }));
    const views = read(cut).all;
    expect(views).toHaveLength(events.length);
    expect(views[0]?.fault).toBeDefined();
  });

  it('says what cannot be read of a message that looks like the one before', () => {
    const [bare] = events.slice(2, 3);
    if (!bare) throw new Error('no answer');
    const mapped = (family: number): DatagramEvent => {
      const attribute = Uint8Array.of(0, 0x20, 0, 8, 0, family, 1, 2, 3, 4, 5, 6);
      const bytes = concat(bare.bytes.subarray(0, 20), attribute);
      bytes[3] = 12;
      return { ...bare, bytes, length: bytes.length };
    };
    const views = read([mapped(1), mapped(1), mapped(3)]).all;
    expect(views.map(({ fault }) => fault !== undefined)).toEqual([false, false, true]);
  });

  it('keeps of a long call the first, the last, and what tells something', () => {
    const asked = (i: number) => ({ at: i * 100, packet: 2 * i + 1, src: a, dst: b, transaction: i + 1 });
    const long = Array.from({ length: 300 }, (_, i) => {
      const request = check(asked(i), i >= 150);
      const reply = { ...asked(i), at: i * 100 + 20, packet: 2 * i + 2, src: b, dst: a };
      if (i === 70) return [request];
      return [request, i === 90 ? refusal(reply) : answer(reply)];
    }).flat();
    const reader = read(long);
    const packets = reader.between(a, b).map(({ packet }) => packet);
    const { first, last } = keptStun;
    expect(packets.slice(0, first)).toEqual(long.slice(0, first).map(({ packet }) => packet));
    expect(packets.slice(-last)).toEqual(long.slice(-last).map(({ packet }) => packet));
    // One without answer, one refused, and the first that nominates.
    expect(packets.slice(first, -last)).toEqual([141, 182, 301]);
    expect(reader.leftOut(b, a)).toBe(long.length - first - last - 3);
    expect(stunSummary({ stun: reader.all, stunLeftOut: reader.allLeftOut })).toMatch(
      /^153 datagrams, 77 ICE checks \(75 answered\), 1 refusal; 446 more that went as before are not shown$/,
    );
  });

  it('is bounded, whoever sends: many pairs, or one transaction for all', () => {
    const one = answer({ at: 0, packet: 1, src: a, dst: b, transaction: 1 });
    const crowd = Array.from({ length: 10_100 }, (_, i) => ({ ...one, at: i, packet: i + 1, src: `192.0.2.9:${i}` }));
    expect(read(crowd).all).toHaveLength(10_000);
    const again = check({ at: 0, packet: 1, src: a, dst: b, transaction: 1 });
    const same = Array.from({ length: 1000 }, (_, i) => ({ ...again, at: i, packet: i + 1 }));
    const views = read(same).all;
    expect(views).toHaveLength(keptStun.first + keptStun.telling + keptStun.last);
    expect(views.at(-1)?.attempt).toBe(999);
  });
});

describe('a handshake with STUN around it', () => {
  const trace = simulated();
  const dtls = trace.events.filter((event) => event.kind === 'datagram');
  const [first] = dtls;
  if (!first) throw new Error('no datagram');
  const { src, dst } = first;
  const stun = [
    check({ at: -20, packet: 901, src, dst, transaction: 1 }),
    answer({ at: -10, packet: 902, src: dst, dst: src, transaction: 1 }),
    check({ at: -5, packet: 903, src: a, dst: b, transaction: 9 }),
  ];
  const handshakeOf = (events: readonly TraceEvent[]) => {
    const analysis = new Analysis({ crypto: nodeProvider, header: captureHeader });
    for (const event of events) analysis.push(event);
    const [handshake] = analysis.snapshot().handshakes;
    if (!handshake) throw new Error('no handshake');
    return handshake;
  };

  it('has what went between its two addresses, and counts none of it as DTLS', () => {
    const [bare, both] = [handshakeOf(dtls), handshakeOf([...stun, ...dtls])];
    expect(both.stun.map(({ packet }) => packet)).toEqual([901, 902]);
    expect(both.datagrams.length).toBe(bare.datagrams.length);
    expect(both.traffic).toEqual(bare.traffic);
    expect(both.flights).toEqual(bare.flights);
  });

  it('shows it in the ladder only when asked', () => {
    const handshake = handshakeOf([...stun, ...dtls]);
    const rows = (asked: boolean) => ladderRows(handshake, asked).filter((row) => 'packet' in row);
    expect(rows(false)).toEqual([]);
    expect(rows(true)).toMatchObject([
      { packet: 901, text: 'client → server Binding request: ICE check as controlling' },
      { packet: 902, text: 'server → client Binding success: answers 901 after 10 ms' },
    ]);
  });
});
