import { describe, expect, it } from 'vitest';
import { axisKinds } from '../../panel/layout/axis.ts';
import type { DatagramRow } from '../../panel/layout/datagramRow.ts';
import { bringsNews } from '../../panel/layout/filter.ts';
import type { FlightRow } from '../../panel/layout/flightRow.ts';
import { type Ladder, ladder } from '../../panel/layout/ladder.ts';
import { rowsInView } from '../../panel/layout/rowsInView.ts';
import type { StunView } from '../../src/analysis/model.ts';
import { handshakeOf, longTalk, lostTo, recoveredLoss } from '../support/handshakes.ts';

const at = { width: 900, axis: 'compressed' } as const;
const datagramRows = (drawn: Ladder): DatagramRow[] => drawn.rows.filter((row) => row.kind === 'datagram');
const heads = (drawn: Ladder): FlightRow[] => drawn.rows.filter((row) => row.kind === 'flight');

describe('the ladder', () => {
  it('gives every datagram one arrow from its sender towards the other lane', () => {
    const handshake = recoveredLoss();
    const drawn = ladder(handshake, at);
    const rows = datagramRows(drawn);
    expect(rows.map((row) => row.packet)).toEqual(handshake.datagrams.map((datagram) => datagram.packet));
    for (const row of rows) {
      expect(row.arrow.x1).toBe(drawn.lanes[row.from].x);
      expect(Math.sign(row.arrow.x2 - row.arrow.x1)).toBe(row.from === 'client' ? 1 : -1);
    }
  });

  it('heads each sending of a flight with its number and what it holds', () => {
    const drawn = ladder(recoveredLoss(), at);
    expect(heads(drawn).map((head) => `${head.from}: ${head.title}: ${head.text}`)).toEqual([
      'client: Flight 1: client_hello',
      'server: Flight 2: hello_verify_request',
      'client: Flight 3: client_hello',
      'server: Flight 4: server_hello, certificate, server_key_exchange, server_hello_done',
      'server: Flight 4 again: 1.005 s after it was first sent',
      'client: Flight 5: client_key_exchange',
      'server: Flight 6: ',
    ]);
  });

  it('says what each record holds, with the byte range when it is a fragment', () => {
    const rows = datagramRows(ladder(recoveredLoss(), at));
    expect(rows[3]?.chips.map((chip) => chip.full)).toEqual(['server_hello', 'certificate 0–150 of 700']);
    expect(rows[11]?.chips.map((chip) => chip.full)).toEqual([
      'client_key_exchange',
      'change_cipher_spec',
      'encrypted handshake 40 B',
    ]);
  });

  it('ends a lost datagram before the other lane, and names the rule in words', () => {
    const drawn = ladder(recoveredLoss(), at);
    const lost = datagramRows(drawn).filter((row) => row.lost);
    expect(lost.map((row) => row.packet)).toEqual([5]);
    expect(lost[0]?.remarks).toEqual(['lost: loss 10%']);
    expect(lost[0]?.arrow.x2).toBeGreaterThan(drawn.lanes.client.x + 10);
    expect(lost[0]?.label).toContain('lost: loss 10%');
  });

  it.each([
    [{ action: { kind: 'truncated', to: 1200, at: 3 } as const, rule: 'truncate' }, 'cut to 1200 B', false],
    [{ action: { kind: 'too-large', mtu: 600 } as const, rule: 'mtu 600' }, 'too large for 600 B', true],
    [{ action: { kind: 'queue-full' } as const, rule: 'rate 225' }, 'lost: queue full (rate 225)', true],
  ])('tells what the link did: %o', (link, text, lost) => {
    const [row] = datagramRows(
      ladder(handshakeOf([{ at: 0, from: 'client', flight: 1, holds: ['client_hello'], link: [link] }]), at),
    );
    expect(row?.remarks).toEqual([text]);
    expect(row?.lost).toBe(lost);
    expect(row?.harmed).toBe(!lost);
  });

  it('never marks recovered loss as what stopped the handshake, and does mark what an error finding names', () => {
    expect(datagramRows(ladder(recoveredLoss(), at)).some((row) => row.stopped)).toBe(false);
    const rows = datagramRows(ladder(recoveredLoss(), { ...at, stopped: new Set([5]) }));
    expect(rows.filter((row) => row.stopped).map((row) => row.packet)).toEqual([5]);
  });

  it('draws resent flights dashed and says so', () => {
    const rows = datagramRows(ladder(recoveredLoss(), at)).filter((row) => row.resent);
    expect(rows.map((row) => row.packet)).toEqual([8, 9, 10, 11]);
    expect(rows.every((row) => row.remarks[0] === 'resent')).toBe(true);
  });

  it('splits the band of a flight that another one interrupts, and numbers neither twice', () => {
    const drawn = ladder(
      handshakeOf([
        { at: 0, from: 'server', flight: 2, holds: ['server_hello'] },
        { at: 1, from: 'client', flight: 1, attempt: 1, holds: ['client_hello'] },
        { at: 2, from: 'server', flight: 2, holds: ['server_hello_done'] },
      ]),
      at,
    );
    expect(heads(drawn).map((head) => head.title)).toEqual(['Flight 2', 'Flight 1 again', 'Flight 2, continued']);
    expect(drawn.bands).toHaveLength(3);
  });

  it('shows only what brought new bytes when asked', () => {
    const rows = datagramRows(ladder(recoveredLoss(), { ...at, keep: bringsNews }));
    expect(rows.map((row) => row.packet)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 12, 13]);
  });

  it('places what our endpoint said after the datagram that caused it', () => {
    const drawn = ladder(
      handshakeOf([{ at: 0, from: 'client', flight: 1, holds: ['client_hello'] }], {
        failures: [
          { at: 63_000, actor: 'client', failure: { fault: 'network', code: 'timed-out', flight: 1, attempts: 6 } },
        ],
      }),
      at,
    );
    const last = drawn.rows.at(-1);
    expect(last).toMatchObject({
      kind: 'event',
      text: 'client gave up: no answer to flight 1 after 6 retransmissions',
      tone: 'bad',
    });
  });

  it('says when only one side of a capture was seen, but not of a run in which nobody answered', () => {
    const hello = [{ at: 0, from: 'client' as const, flight: 1, holds: ['client_hello'] }];
    expect(ladder(handshakeOf(hello, { localRole: undefined }), at).inferred).toBe(
      'only datagrams from the client are here',
    );
    expect(ladder(handshakeOf(hello), at).inferred).toBeUndefined();
  });

  it('draws a handshake without datagrams as an empty picture', () => {
    const drawn = ladder(handshakeOf([]), at);
    expect(drawn.rows).toEqual([]);
    expect(drawn.height).toBeGreaterThan(0);
  });
});

describe('the time axis', () => {
  it('folds long pauses by default and writes their length', () => {
    const drawn = ladder(recoveredLoss(), at);
    expect(drawn.rows.filter((row) => row.kind === 'pause').map((row) => row.text)).toEqual(['⋯ 1.005 s ⋯']);
    expect(drawn.axis.text).toMatch(/^Time compressed/);
  });

  it('keeps distances in proportion on the real axis, apart from rows that need room', () => {
    const handshake = handshakeOf(
      [0, 1000, 3000].map((time) => ({ at: time, from: 'client' as const, flight: 1, holds: ['client_hello'] })),
    );
    const [a, b, c] = datagramRows(ladder(handshake, { ...at, axis: 'real' })).map((row) => row.y);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three rows expected');
    expect((c - b) / (b - a)).toBeCloseTo(2, 1);
  });

  it.each(axisKinds)('writes which kind it is (%s), and orders rows by time without overlap', (kind) => {
    for (const handshake of [recoveredLoss(), longTalk(300)]) {
      const drawn = ladder(handshake, { ...at, axis: kind });
      expect(drawn.axis.text.length).toBeGreaterThan(10);
      let bottom = 0;
      for (const row of drawn.rows) {
        expect(row.y).toBeGreaterThanOrEqual(bottom);
        bottom = row.y + row.height;
      }
      expect(bottom).toBeLessThanOrEqual(drawn.height);
    }
  });
});

describe('room', () => {
  it.each([320, 480, 559, 560, 900, 1600])('keeps every chip and arrow between the lanes at %i px', (width) => {
    const drawn = ladder(recoveredLoss(), { width, axis: 'compressed' });
    expect(drawn.lanes.server.x).toBeLessThan(width);
    for (const row of datagramRows(drawn)) {
      for (const chip of row.chips) {
        expect(chip.x).toBeGreaterThanOrEqual(drawn.lanes.client.x);
        expect(chip.x + chip.width).toBeLessThanOrEqual(drawn.lanes.server.x);
        expect(chip.y + chip.height).toBeLessThanOrEqual(row.y + row.height);
      }
    }
  });

  it('wraps chips that do not fit beside each other, and they do not touch', () => {
    const [row] = datagramRows(
      ladder(
        handshakeOf([
          {
            at: 0,
            from: 'server',
            flight: 2,
            holds: ['server_hello', 'certificate', 'server_key_exchange', 'server_hello_done'],
          },
        ]),
        { width: 340, axis: 'compressed' },
      ),
    );
    const chips = row?.chips ?? [];
    expect(new Set(chips.map((chip) => chip.y)).size).toBeGreaterThan(1);
    for (const [i, a] of chips.entries())
      for (const b of chips.slice(i + 1)) expect(a.y + a.height <= b.y || a.x + a.width <= b.x).toBe(true);
  });

  it('shortens a chip that is wider than the lanes are apart, and keeps its whole text', () => {
    const [row] = datagramRows(
      ladder(handshakeOf([{ at: 0, from: 'client', holds: ['certificate 100000-200000/16000000'] }]), {
        width: 320,
        axis: 'ordinal',
      }),
    );
    expect(row?.chips[0]?.text.endsWith('…')).toBe(true);
    expect(row?.chips[0]?.full).toBe('certificate 100000–200000 of 16000000');
  });
});

describe('a long ladder', () => {
  it('is drawn in windows that miss nothing in view', () => {
    const drawn = ladder(longTalk(5000), at);
    const { start, end } = rowsInView(drawn.rows, 20_000, 20_600, 0);
    const visible = drawn.rows.filter((row) => row.y + row.height > 20_000 && row.y < 20_600);
    expect(drawn.rows.slice(start, end)).toEqual(visible);
    expect(end - start).toBeLessThan(60);
  });

  it('has an empty window beyond its end', () => {
    const { rows, height } = ladder(recoveredLoss(), at);
    const { start, end } = rowsInView(rows, height + 5000, height + 6000);
    expect(end - start).toBe(0);
  });

  it('tells the rows of a lossy flight apart in words alone', () => {
    const said = [
      { at: 0, from: 'client' as const, flight: 1, holds: ['client_hello'], ...lostTo('drop 1st') },
      { at: 50, from: 'client' as const, flight: 1, attempt: 1, holds: ['client_hello'], ...lostTo('drop 1st') },
      { at: 150, from: 'client' as const, flight: 1, attempt: 2, holds: ['client_hello'] },
    ];
    expect(datagramRows(ladder(handshakeOf(said), at)).map((row) => row.label)).toEqual([
      '0.0 ms, client_hello, 100 B, lost: drop 1st, datagram 1, client to server, flight 1',
      '50.0 ms, client_hello, 100 B, resent; first sent as datagra…, datagram 2, client to server, flight 1, resent; first sent as datagram 1; lost: drop 1st',
      '150.0 ms, client_hello, 100 B, resent (2nd time); first sent…, datagram 3, client to server, flight 1, resent (2nd time); first sent as datagram 1',
    ]);
  });
});

describe('STUN in the ladder', () => {
  const stun = recoveredLoss();
  const view: StunView = {
    ...{ packet: 900, at: -5, src: stun.server, dst: stun.client, size: 88, method: 1, class: 'request' },
    ...{ transaction: '00', attempt: 0, username: 'a:b', role: 'controlling', useCandidate: true, error: undefined },
    ...{ fault: undefined, answers: undefined, afterMs: undefined, answeredBy: 901 },
  };
  const handshake = { ...stun, stun: [view] };

  it('is not there unless asked for, and moves nothing', () => {
    expect(ladder(handshake, at).rows).toEqual(ladder(stun, at).rows);
  });

  it('is a quiet line for each message, before the first flight', () => {
    const { rows, packets } = ladder(handshake, { ...at, stun: true });
    expect(rows[0]).toMatchObject({
      ...{ kind: 'event', tone: 'quiet', actor: 'server', time: '-5.0 ms' },
      text: 'server → client Binding request: ICE check as controlling, nominates the pair',
    });
    expect(packets).not.toContain(900);
  });
});
