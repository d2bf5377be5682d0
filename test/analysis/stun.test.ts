import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { keptStun, StunReader } from '../../src/analysis/stun.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { ladderRows } from '../../src/report/ladder/rows.ts';
import { stunSummary, stunText } from '../../src/report/stun.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { answer, check, refusal } from '../support/stunMessages.ts';
import { captureHeader, simulated } from '../support/traces.ts';

const [a, b, c] = ['192.0.2.1:5000', '192.0.2.2:6000', '192.0.2.3:7000'];

const read = (events: readonly Parameters<StunReader['push']>[0][]): StunReader => {
  const reader = new StunReader();
  for (const event of events) reader.push(event);
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
    expect(stunSummary({ stun: read(events).all })).toBe('7 datagrams, 4 ICE checks (1 answered), 1 refusal');
    expect(stunSummary({ stun: [] })).toBeUndefined();
  });

  it('keeps what it gave out, and gives the same again while nothing comes', () => {
    const reader = read(events.slice(0, 1));
    const before = reader.all;
    const pair = reader.between(a, b);
    expect(reader.all).toBe(before);
    for (const event of events.slice(1)) reader.push(event);
    expect(before).toHaveLength(1);
    expect(pair[0]?.answeredBy).toBeUndefined();
    expect(reader.between(a, b)).toHaveLength(6);
    expect(reader.between(a, c)).toHaveLength(1);
    expect(reader.between(b, c)).toEqual([]);
  });

  it('is bounded, and takes anything that begins like STUN', () => {
    const cut = events.map((event, i) => ({ ...event, bytes: event.bytes.subarray(0, 20 + i) }));
    const many = Array.from({ length: keptStun }, (_, i) =>
      check({ at: i, packet: i + 1, src: a, dst: b, transaction: i }),
    );
    const views = read([...cut, ...many]).all;
    expect(views).toHaveLength(keptStun);
    expect(views[0]?.fault).toBeDefined();
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
