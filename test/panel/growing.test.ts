/** Pictures of a handshake that grows: the same as if it had been there at once, at the cost of what is new. */
import { describe, expect, it } from 'vitest';
import { axisKinds } from '../../panel/layout/axis.ts';
import { bringsNews, keeper, parseFilter } from '../../panel/layout/filter.ts';
import { keptOf } from '../../panel/layout/kept.ts';
import { type Ladder, LadderLayout, type LadderOptions, ladder, type Row } from '../../panel/layout/ladder.ts';
import { type Packing, PackingLayout, type PackingRow, packing } from '../../panel/layout/packing.ts';
import { FirstSendings } from '../../panel/layout/sendings.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { handshakeOf, longTalk, recoveredLoss } from '../support/handshakes.ts';
import { captureTrace } from '../support/reading.ts';

const at: LadderOptions = { width: 900, axis: 'compressed' };

/** Everything that a row shows, which it makes when asked. */
function shownOf(row: Row): unknown {
  switch (row.kind) {
    case 'datagram': {
      const { packet, place, from, flight, firstSent, y, height, time, size, chips, arrow, label, remark } = row;
      const { resent, lost, harmed, stopped, remarks, remarkAt } = row;
      const more = { time, size, chips, arrow, label, remark, resent, lost, harmed, stopped, remarks, remarkAt };
      return { packet, place, from, flight, firstSent, y, height, ...more };
    }
    case 'flight': {
      const { key, flight, from, title, text, full, resent, y, height } = row;
      return { key, flight, from, title, text, full, resent, y, height };
    }
    default:
      return row;
  }
}
const pictureOf = ({ rows, rowOf: _, ...rest }: Ladder): unknown => ({ ...rest, rows: rows.map(shownOf) });

/** The readings of a trace, one after each so many events. */
function* readings(events: readonly TraceEvent[], every: number): Generator<Handshake> {
  const analysis = new Analysis({ crypto: nodeProvider });
  for (const [i, event] of events.entries()) {
    analysis.push(event);
    const handshake = i % every === 0 || i === events.length - 1 ? analysis.snapshot().handshakes[0] : undefined;
    if (handshake) yield handshake;
  }
}

/** The first datagrams of a handshake, as a reading of that moment. */
const upTo = (handshake: Handshake, count: number): Handshake => ({
  ...handshake,
  datagrams: handshake.datagrams.slice(0, count),
});

describe('a ladder that grows', () => {
  const lossy = captureTrace('lossy_retransmit', 'without keys');

  it.each(axisKinds)('is the one that would be drawn at once (time %s)', (axis) => {
    const layout = new LadderLayout();
    for (const handshake of readings(lossy.events, 1)) {
      const options = { ...at, axis };
      expect(pictureOf(layout.of(handshake, options))).toEqual(pictureOf(ladder(handshake, options)));
    }
  });

  it('is so when keys come last and everything is read again', () => {
    const { events } = captureTrace('lossy_retransmit', 'with keys');
    const late = [...events.filter(({ kind }) => kind !== 'secret'), ...events.filter(({ kind }) => kind === 'secret')];
    const layout = new LadderLayout();
    for (const handshake of readings(late, 5))
      expect(pictureOf(layout.of(handshake, at))).toEqual(pictureOf(ladder(handshake, at)));
  });

  it('is so when the link tells later what it did, and when an error finding names other datagrams', () => {
    const layout = new LadderLayout();
    const whole = recoveredLoss();
    for (let count = 1; count <= whole.datagrams.length; count++) {
      const early = upTo(whole, count);
      const told: Handshake = {
        ...early,
        datagrams: early.datagrams.map((datagram, i) => (i === count - 1 ? { ...datagram, link: [] } : datagram)),
      };
      const options = { ...at, stopped: new Set([count - 1, 3]) };
      expect(pictureOf(layout.of(told, options))).toEqual(pictureOf(ladder(told, options)));
    }
  });

  it('is so for what our endpoint says, datagrams out of order, and choices that change on the way', () => {
    const layout = new LadderLayout();
    const whole = handshakeOf(
      [0, 30, 10, 400, 35, 500].map((time, i) => ({
        at: time,
        from: i % 2 === 0 ? ('client' as const) : ('server' as const),
        flight: (i % 2) + 1,
        attempt: i > 3 ? 1 : 0,
        holds: i % 2 === 0 ? ['client_hello'] : ['server_hello', 'certificate 0-200/700', 'server_hello_done'],
      })),
    );
    const failures = [
      { at: 36, actor: 'client' as const, failure: { fault: 'network', code: 'timed-out' } as const },
    ] as unknown as Handshake['failures'];
    for (let round = 0; round < 3; round++)
      for (let count = 0; count <= whole.datagrams.length; count++) {
        const handshake = { ...upTo(whole, count), failures: count > 2 ? failures : [] };
        for (const options of [
          at,
          { ...at, keep: bringsNews },
          { ...at, width: 340 },
          { ...at, axis: 'real' as const },
        ])
          expect(pictureOf(layout.of(handshake, options))).toEqual(pictureOf(ladder(handshake, options)));
      }
  });

  it('makes rows for what is new, and keeps those that stood', () => {
    const layout = new LadderLayout();
    const whole = longTalk(5000);
    const before = layout.of(upTo(whole, 4990), at);
    const made = layout.rowsMade;
    const after = layout.of(upTo(whole, 4991), at);
    expect(layout.rowsMade - made).toBeLessThan(5);
    expect(after.rows.length).toBeGreaterThan(before.rows.length);
    expect(after.rows.slice(0, before.rows.length).every((row, i) => row === before.rows[i])).toBe(true);
  });

  it('makes few rows again when the link tells of a datagram that was drawn', () => {
    const layout = new LadderLayout();
    const whole = longTalk(5000);
    layout.of(whole, at);
    const made = layout.rowsMade;
    const datagrams = whole.datagrams.map((datagram, i) => (i === 4980 ? { ...datagram, delivered: false } : datagram));
    expect(layout.of({ ...whole, datagrams }, at).rowOf(datagrams[4980]?.packet)?.lost).toBe(true);
    expect(layout.rowsMade - made).toBeLessThan(150);
  });

  it('is right wherever the link tells something of it', () => {
    const layout = new LadderLayout();
    const whole = longTalk(200);
    layout.of(whole, at);
    for (const place of [199, 97, 96, 64, 31, 0]) {
      const datagrams = whole.datagrams.map((one, i) => (i === place ? { ...one, delivered: false, flight: 9 } : one));
      const told = { ...whole, datagrams };
      expect(pictureOf(layout.of(told, at))).toEqual(pictureOf(ladder(told, at)));
    }
  });

  it('does not change a picture that was given away', () => {
    const layout = new LadderLayout();
    const whole = recoveredLoss();
    const given = Array.from(whole.datagrams, (_, i) => layout.of(upTo(whole, i + 1), at));
    given.forEach((picture, i) => {
      expect(pictureOf(picture)).toEqual(pictureOf(ladder(upTo(whole, i + 1), at)));
    });
  });
});

/** Everything that a block shows, which it makes when asked. */
function packedOf(row: PackingRow): unknown {
  if (row.kind !== 'datagram') return row;
  const { key, packet, target, lost, strips, past, text, targets, label, y, height } = row;
  return { key, packet, target, lost, strips, past, text, targets, label, y, height };
}
const packedPicture = ({ rows, rowOf: _, ...rest }: Packing): unknown => ({ ...rest, rows: rows.map(packedOf) });

describe('a packing that grows', () => {
  it.each([
    ['whole', undefined],
    ['only what is new', bringsNews],
  ])('is the one that would be drawn at once (%s)', (_, keep) => {
    const layout = new PackingLayout();
    for (const handshake of readings(captureTrace('lossy_retransmit', 'with keys').events, 1)) {
      const options = { width: 900, mtu: 500, keep };
      expect(packedPicture(layout.of(handshake, options))).toEqual(packedPicture(packing(handshake, options)));
    }
  });

  it('is so when the link tells later what it took, and the room becomes another', () => {
    const layout = new PackingLayout();
    const whole = recoveredLoss();
    for (let count = 1; count <= whole.datagrams.length; count++) {
      const datagrams = whole.datagrams
        .slice(0, count)
        .map((datagram, i) => (i === count - 1 ? { ...datagram, delivered: undefined, link: [] } : datagram));
      for (const options of [{ width: 900 }, { width: 400 }]) {
        const told = { ...whole, datagrams };
        expect(packedPicture(layout.of(told, options))).toEqual(packedPicture(packing(told, options)));
      }
    }
  });

  it('keeps the blocks that did not move', () => {
    const layout = new PackingLayout();
    const whole = longTalk(500);
    const before = layout.of(upTo(whole, 499), { width: 900 });
    const after = layout.of(whole, { width: 900 });
    const moved = before.rows.findIndex((row, i) => row !== after.rows[i] && row.kind === 'datagram');
    const added = after.rows.findIndex((row) => row.kind === 'datagram' && row.packet === 500);
    expect(added).toBeGreaterThan(0);
    expect(moved === -1 || moved >= added).toBe(true);
  });
});

describe('a filter over a handshake that grows', () => {
  it('asks each datagram once, however many views and readings there are', () => {
    let asked = 0;
    const keep = (): boolean => ++asked % 2 === 0;
    const whole = longTalk(300);
    const ladders = new LadderLayout();
    const packings = new PackingLayout();
    for (const count of [200, 250, 300]) {
      const handshake = upTo(whole, count);
      const { packets } = ladders.of(handshake, { ...at, keep });
      packings.of(handshake, { width: 900, keep });
      expect(keptOf(handshake.datagrams, keep).map(({ packet }) => packet)).toEqual(packets);
    }
    expect(asked).toBe(300);
  });

  it('asks those again of which the link tells something, and gives away what stays', () => {
    const whole = longTalk(20);
    const before = keptOf(whole.datagrams, lostOnly);
    const datagrams = whole.datagrams.map((datagram, i) => (i === 15 ? { ...datagram, delivered: false } : datagram));
    expect(keptOf(datagrams, lostOnly)).toEqual([datagrams[15]]);
    expect(before).toEqual([]);
  });

  it('is one question for all that read the same text', () => {
    const read = () => {
      const parsed = parseFilter('type:certificate side:server');
      return parsed.ok ? keeper(parsed.filter, false) : undefined;
    };
    expect(read()).toBeDefined();
    expect(read()).toBe(read());
  });
});
const lostOnly = ({ delivered }: { readonly delivered: boolean | undefined }): boolean => delivered === false;

describe('the first sendings of a handshake that grows', () => {
  it('are the same as of the whole, after each datagram', () => {
    const growing = new FirstSendings();
    for (const handshake of readings(captureTrace('lossy_retransmit', 'without keys').events, 1))
      expect(new Map(growing.of(handshake))).toEqual(new FirstSendings().of(handshake));
  });

  it('are those of another handshake when there is another', () => {
    const growing = new FirstSendings();
    growing.of(recoveredLoss());
    const other = upTo(recoveredLoss(), 9);
    expect(new Map(growing.of(other))).toEqual(new FirstSendings().of(other));
  });
});
