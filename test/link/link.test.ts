import { describe, expect, it } from 'vitest';
import { instant } from '../../src/base/time.ts';
import { createLink, type Direction, type LinkContents, type LinkEvent, type LinkRule } from '../../src/link/index.ts';

const certificate = 11;

const everywhere = { direction: undefined };
const bytes = (length: number, fill = 0): Uint8Array => new Uint8Array(length).fill(fill);
const fragment = (message: number, offset: number, length: number): LinkContents => ({
  fragments: [{ message, offset, length, total: 3000 }],
});

interface Sent {
  readonly at?: number;
  readonly size?: number;
  readonly direction?: Direction;
  readonly contents?: LinkContents;
}

/** Offers datagrams 1, 2, 3… and gives back what was reported, and what arrived as `packet@time`. */
function through(rules: readonly LinkRule[], sent: readonly Sent[], seed = 1) {
  const link = createLink(rules, seed);
  const events: LinkEvent[] = [];
  sent.forEach(({ at = 0, size = 100, direction = 'out', contents }, i) => {
    events.push(...link.offer({ direction, packet: i + 1, bytes: bytes(size, i), contents }, instant(at)));
  });
  const arrivals = [];
  for (let next = link.next(); next !== undefined; next = link.next()) arrivals.push(...link.take(next));
  return { events, arrivals, order: arrivals.map(({ packet, at }) => `${packet}@${at}`) };
}
const many = (count: number, sent: Sent = {}): Sent[] => Array.from({ length: count }, () => sent);

describe('a link without rules', () => {
  it('delivers at once, in order, and has nothing to report', () => {
    const { events, order } = through([], [{ at: 0 }, { at: 5, direction: 'in' }, { at: 5 }]);
    expect(events).toEqual([]);
    expect(order).toEqual(['1@0', '2@5', '3@5']);
  });

  it('keeps its own copy of the bytes', () => {
    const link = createLink([], 1);
    const buffer = bytes(3, 7);
    link.offer({ direction: 'out', packet: 1, bytes: buffer, contents: undefined }, instant(0));
    buffer.fill(0);
    expect(link.take(instant(0))[0]?.bytes).toEqual(bytes(3, 7));
  });
});

describe('loss', () => {
  const loss = (probability: number, direction?: Direction): LinkRule => ({ kind: 'loss', probability, direction });

  it('comes near its probability', () => {
    const { arrivals, events } = through([loss(0.3)], many(10_000));
    expect(arrivals.length).toBeGreaterThan(6_850);
    expect(arrivals.length).toBeLessThan(7_150);
    expect(events.length + arrivals.length).toBe(10_000);
    expect(events[0]).toMatchObject({ kind: 'lost', rule: 'loss=30%' });
  });

  it('is the same for the same seed and another for another', () => {
    const lostWith = (seed: number) => through([loss(0.3)], many(200), seed).order;
    expect(lostWith(7)).toEqual(lostWith(7));
    expect(lostWith(7)).not.toEqual(lostWith(8));
  });

  it('of all or nothing is exact', () => {
    expect(through([loss(1)], many(100)).order).toEqual([]);
    expect(through([loss(0)], many(100)).arrivals).toHaveLength(100);
  });

  it('strikes the same datagrams when other rules join or the other direction talks', () => {
    const lost = (rules: readonly LinkRule[], sent: readonly Sent[]) =>
      through(rules, sent).events.flatMap((event) => (event.kind === 'lost' ? [event.packet] : []));
    const plain = lost([loss(0.2, 'out')], many(300));
    expect(plain.length).toBeGreaterThan(30);
    const withOthers = lost(
      [
        { kind: 'corrupt', probability: 0.5, ...everywhere },
        { kind: 'delay', ms: 3, jitterMs: 3, ...everywhere },
        { kind: 'duplicate', probability: 0.5, ...everywhere },
        { kind: 'mtu', bytes: 90, notice: false, ...everywhere },
        loss(0.2, 'out'),
      ],
      many(300),
    );
    expect(withOthers).toEqual(plain);
    const interleaved = lost(
      [loss(0.2)],
      [...many(300)].flatMap((sent): Sent[] => [sent, { direction: 'in' }]),
    );
    expect(interleaved.filter((packet) => packet % 2 === 1).map((packet) => (packet + 1) / 2)).toEqual(plain);
  });
});

describe('loss in bursts', () => {
  const burst = (share: number, length: number, inside = 1, outside = 0): LinkRule => ({
    kind: 'burst',
    share,
    length,
    inside,
    outside,
    ...everywhere,
  });
  /** Which of so many datagrams were lost. */
  const lossesOf = (rule: LinkRule, count: number, seed = 1): readonly boolean[] => {
    const link = createLink([rule], seed);
    const datagram = { direction: 'out', packet: 1, bytes: bytes(1), contents: undefined } as const;
    return Array.from({ length: count }, (_, i) => {
      const lost = link.offer(datagram, instant(i)).length > 0;
      link.take(instant(i));
      return lost;
    });
  };
  const rate = (lost: readonly boolean[]): number => lost.filter(Boolean).length / lost.length;
  const bursts = (lost: readonly boolean[]): number => lost.filter((one, i) => one && !lost[i - 1]).length;

  it.each([
    [0.05, 4],
    [0.2, 10],
    [0.01, 3],
  ])('has a share of %d in spells of %d on average, over 100,000 datagrams', (share, length) => {
    const lost = lossesOf(burst(share, length), 100_000);
    // Three standard deviations of a chain whose spells are geometric: about sqrt(2 * share * length / n) for the share.
    expect(Math.abs(rate(lost) - share)).toBeLessThan(3 * Math.sqrt((2 * share * length) / 100_000));
    const mean = (rate(lost) * lost.length) / bursts(lost);
    expect(Math.abs(mean - length)).toBeLessThan((3 * length) / Math.sqrt(bursts(lost)));
  });

  it('loses with one probability inside of bad spells and another outside', () => {
    const lost = lossesOf(burst(0.2, 10, 0.5, 0.01), 100_000);
    expect(Math.abs(rate(lost) - (0.2 * 0.5 + 0.8 * 0.01))).toBeLessThan(0.01);
    expect(lossesOf(burst(0.2, 10, 0, 0), 1000).some(Boolean)).toBe(false);
  });

  it('strikes the first datagram as often as any other', () => {
    const first = Array.from({ length: 2000 }, (_, seed) => lossesOf(burst(0.3, 20), 1, seed)[0] === true);
    expect(Math.abs(rate(first) - 0.3)).toBeLessThan(0.04);
  });

  it('is named by its rule, and is the same for the same seed', () => {
    const { events } = through([burst(0.5, 3)], many(20));
    expect(events[0]).toMatchObject({ kind: 'lost', rule: 'burst=50%,length=3' });
    expect(lossesOf(burst(0.3, 4), 500, 7)).toEqual(lossesOf(burst(0.3, 4), 500, 7));
    expect(lossesOf(burst(0.3, 4), 500, 7)).not.toEqual(lossesOf(burst(0.3, 4), 500, 8));
  });
});

describe('delay', () => {
  it('moves every datagram by as much and says when it arrives', () => {
    const { order, events } = through(
      [{ kind: 'delay', ms: 70, jitterMs: 0, direction: 'out' }],
      [{ at: 0 }, { at: 10, direction: 'in' }, { at: 20 }],
    );
    expect(order).toEqual(['2@10', '1@70', '3@90']);
    expect(events).toEqual([
      { packet: 1, rule: 'out:delay=70ms', kind: 'delivered', at: 70 },
      { packet: 3, rule: 'out:delay=70ms', kind: 'delivered', at: 90 },
    ]);
  });

  it('spreads by its jitter but keeps the order of a direction', () => {
    const { arrivals } = through(
      [{ kind: 'delay', ms: 70, jitterMs: 20, ...everywhere }],
      Array.from({ length: 500 }, (_, i) => ({ at: i })),
    );
    const delays = arrivals.map(({ packet, at }) => at - (packet - 1));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...delays)).toBeLessThanOrEqual(90);
    expect(new Set(delays).size).toBeGreaterThan(20);
    expect(arrivals.map(({ packet }) => packet)).toEqual(arrivals.map((_, i) => i + 1));
  });

  it('with more jitter than delay never delivers before sending', () => {
    const { arrivals } = through(
      [{ kind: 'delay', ms: 1, jitterMs: 50, ...everywhere }],
      Array.from({ length: 100 }, (_, i) => ({ at: 1000 * i })),
    );
    for (const { packet, at } of arrivals) expect(at).toBeGreaterThanOrEqual(1000 * (packet - 1));
  });

  it('of two rules adds up', () => {
    const delay: LinkRule = { kind: 'delay', ms: 10, jitterMs: 0, ...everywhere };
    expect(through([delay, delay], [{ at: 0 }]).order).toEqual(['1@20']);
  });
});

describe('rate', () => {
  const rate = (kbps: number, queueBytes: number): LinkRule => ({ kind: 'rate', kbps, queueBytes, ...everywhere });

  it('takes its time for every byte and sends one datagram after the other', () => {
    // 1000 bytes at 80 kbit/s: 100 ms each.
    const sent = [{ size: 1000 }, { size: 1000 }, { size: 500 }];
    expect(through([rate(80, 10_000)], sent).order).toEqual(['1@100', '2@200', '3@250']);
  });

  it('drops what finds the queue full, and says so', () => {
    const { order, events } = through([rate(80, 2000)], many(5, { size: 1000 }));
    // One is being sent, two wait, the rest is too much.
    expect(order).toEqual(['1@100', '2@200', '3@300']);
    expect(events.filter((event) => event.kind === 'queue-full').map(({ packet }) => packet)).toEqual([4, 5]);
  });

  it('has room again when the queue has drained', () => {
    const { order } = through(
      [rate(80, 1000)],
      [
        { at: 0, size: 1000 },
        { at: 0, size: 1000 },
        { at: 50, size: 1000 },
        { at: 101, size: 1000 },
        { at: 5000, size: 1000 },
      ],
    );
    expect(order).toEqual(['1@100', '2@200', '4@300', '5@5100']);
  });

  it('lets a datagram larger than the queue through when the line is free', () => {
    expect(through([rate(80, 0)], [{ size: 3000 }]).order).toEqual(['1@300']);
  });

  it('comes before the delay of the path', () => {
    const delay: LinkRule = { kind: 'delay', ms: 30, jitterMs: 0, ...everywhere };
    expect(through([delay, rate(80, 10_000)], many(2, { size: 1000 })).order).toEqual(['1@130', '2@230']);
  });

  it('has a queue for each direction', () => {
    const { order } = through([rate(80, 10_000)], [{ size: 1000 }, { size: 1000, direction: 'in' }]);
    expect(order).toEqual(['1@100', '2@100']);
  });
});

describe('a queue', () => {
  const rate = (kbps: number, queueBytes: number): LinkRule => ({ kind: 'rate', kbps, queueBytes, ...everywhere });

  it('tells how long a datagram waited, and behind how much', () => {
    // 1000 bytes at 80 kbit/s: 100 ms each. The third waits for the rest of the first and for the second.
    const sent = [{ size: 1000 }, { size: 1000 }, { at: 30, size: 500 }];
    const { events } = through([rate(80, 10_000)], sent);
    expect(events).toMatchObject([
      { packet: 1, kind: 'delivered', at: 100 },
      { packet: 2, kind: 'queued', ms: 100, queue: { bytes: 0, loadBytes: 0, loads: [] }, at: 200 },
      { packet: 3, kind: 'queued', ms: 170, queue: { bytes: 1000, loadBytes: 0, loads: [] }, at: 250 },
    ]);
  });

  it('makes a datagram wait for just the bytes before it, at the rate of the line', () => {
    const sent = Array.from({ length: 300 }, (_, i) => ({ at: (i * 37) % 1000, size: 40 + ((i * 113) % 1200) }));
    sent.sort((a, b) => a.at - b.at);
    const { events } = through([rate(1000, 1e9)], sent);
    let freeAt = 0;
    for (const [i, { at, size }] of sent.entries()) {
      const event = events.find(({ packet }) => packet === i + 1);
      const before = Math.max(0, freeAt - at);
      expect(event?.kind === 'queued' ? event.ms : 0).toBeCloseTo(before, 6);
      freeAt = Math.max(freeAt, at) + (size * 8) / 1000;
      if (event?.kind === 'queued') expect(event.at).toBeCloseTo(freeAt, 6);
    }
    expect(events.filter(({ kind }) => kind === 'queued').length).toBeGreaterThan(200);
  });

  it('tells beside it what else delays a datagram', () => {
    const delay: LinkRule = { kind: 'delay', ms: 30, jitterMs: 0, ...everywhere };
    const { events } = through([delay, rate(80, 10_000)], many(2, { size: 1000 }));
    expect(events.map(({ kind, packet, rule }) => `${packet} ${kind} ${rule}`)).toEqual([
      '1 delivered delay=30ms',
      '2 queued rate=80kbit/s,queue=10KB',
      '2 delivered delay=30ms',
    ]);
  });

  it('that is full says what was in it', () => {
    const { events } = through([rate(80, 2000)], many(4, { size: 1000 }));
    expect(events.at(-1)).toMatchObject({ kind: 'queue-full', queue: { bytes: 2000, loadBytes: 0 } });
  });
});

describe('load', () => {
  const rate = (kbps: number, queueBytes: number, direction?: Direction): LinkRule => ({
    kind: 'rate',
    kbps,
    queueBytes,
    direction,
  });
  const load = (kbps: number, direction?: Direction, streams = 2): LinkRule => ({
    kind: 'load',
    kbps,
    streams,
    bytes: 1000,
    direction,
  });
  /** One small datagram a second, so that ours hardly matter to the queue. */
  const probes = (count: number): Sent[] => Array.from({ length: count }, (_, i) => ({ at: i * 1000, size: 50 }));
  const delays = (rules: readonly LinkRule[], count: number): number[] =>
    through(rules, probes(count)).arrivals.map(({ packet, at }) => at - (packet - 1) * 1000);
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;

  it('below the rate makes others wait a little, and by no more than its datagrams', () => {
    const quiet = mean(delays([rate(225, 20_000)], 500));
    const busy = mean(delays([rate(225, 20_000), load(100)], 500));
    expect(quiet).toBeCloseTo((50 * 8) / 225, 6);
    expect(busy).toBeGreaterThan(quiet + 3);
    expect(busy).toBeLessThan(quiet + 72);
  });

  it('above the rate keeps the queue full: a whole queue to wait for, and drops in proportion', () => {
    const { arrivals, events } = through(
      [rate(225, 20_000), load(450)],
      Array.from({ length: 2000 }, (_, i) => ({ at: i * 500, size: 1000 })),
    );
    const full = (20_000 * 8) / 225;
    for (const { packet, at } of arrivals) {
      const delay = at - (packet - 1) * 500;
      // What let it in had left room for it, and one datagram of theirs at most is being sent.
      expect(delay).toBeGreaterThan(full - 60);
      expect(delay).toBeLessThan(full + 75);
    }
    // 450 of load and 16 of ours come for 225: half is dropped, and of what is as large as theirs a little more than of all.
    const dropped = events.filter(({ kind }) => kind === 'queue-full').length;
    expect(Math.abs(dropped / 2000 - (1 - 225 / 466))).toBeLessThan(0.1);
    const [first] = events.filter((event) => event.kind === 'queue-full');
    expect(first?.queue?.loads).toEqual(['load=450kbit/s,streams=2,size=1KB']);
    expect(first?.queue?.loadBytes).toBeGreaterThan(15_000);
  });

  it('above the rate leaves room for small datagrams more often than for large ones', () => {
    const lost = (size: number): number =>
      through(
        [rate(225, 20_000), load(450)],
        Array.from({ length: 500 }, (_, i) => ({ at: i * 1000, size })),
      ).events.filter(({ kind }) => kind === 'queue-full').length;
    expect(lost(100)).toBeLessThan(100);
    expect(lost(1200)).toBeGreaterThan(250);
  });

  it('is there from the first datagram on', () => {
    const [first] = delays([rate(225, 20_000), load(450)], 1);
    expect(first ?? 0).toBeGreaterThan(600);
  });

  it('shares the line of its own direction alone', () => {
    const sent: Sent[] = [{ size: 100 }, { size: 100, direction: 'in' }];
    const { order, events } = through([rate(80, 20_000), load(200, 'out')], sent);
    expect(order[0]).toBe('2@10');
    // Ours going out had a full queue before it, or no room in it.
    expect(events.find(({ packet }) => packet === 1)?.kind).toMatch(/^queue/);
  });

  it('is the same for the same seed', () => {
    const rules = [rate(225, 20_000), load(240)];
    expect(through(rules, probes(50), 3).order).toEqual(through(rules, probes(50), 3).order);
    expect(through(rules, probes(50), 3).order).not.toEqual(through(rules, probes(50), 4).order);
  });

  it('of any amount and after any silence costs bounded work', () => {
    const heavy: LinkRule = { kind: 'load', kbps: 100_000, streams: 64, bytes: 100, ...everywhere };
    const { arrivals } = through([rate(150_000, 1e6), heavy], [{ at: 0 }, { at: 3_600_000 }]);
    expect(arrivals).toHaveLength(2);
  });
});

describe('duplicate, reorder, corrupt', () => {
  it('duplicates by delivering twice, and reports the copy', () => {
    const { order, events } = through([{ kind: 'duplicate', probability: 1, ...everywhere }], many(2));
    expect(order).toEqual(['1@0', '1@0', '2@0', '2@0']);
    expect(events.map(({ kind, packet }) => `${kind} ${packet}`)).toEqual(['duplicated 1', 'duplicated 2']);
  });

  it('sends a copy through the queue as any other datagram', () => {
    const { order } = through(
      [
        { kind: 'duplicate', probability: 1, ...everywhere },
        { kind: 'rate', kbps: 8, queueBytes: 150, ...everywhere },
      ],
      many(2),
    );
    // The copy of 1 waits behind it; 2 and its copy find the queue full.
    expect(order).toEqual(['1@100', '1@200']);
  });

  it('reorders by holding one back so that later ones overtake it', () => {
    const { order, events } = through(
      [{ kind: 'reorder', probability: 0.2, ms: 10, ...everywhere }],
      Array.from({ length: 100 }, (_, i) => ({ at: i })),
    );
    const held = events.map(({ packet }) => packet);
    expect(events.every(({ kind }) => kind === 'held-back')).toBe(true);
    expect(held.length).toBeGreaterThan(8);
    for (const packet of held) expect(order).toContain(`${packet}@${packet - 1 + 10}`);
    expect(order).not.toEqual([...order].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)));
  });

  it('corrupts exactly one byte', () => {
    const { arrivals, events } = through([{ kind: 'corrupt', probability: 1, ...everywhere }], many(200));
    for (const arrival of arrivals)
      expect(arrival.bytes.filter((byte) => byte !== (arrival.packet - 1) % 256)).toHaveLength(1);
    expect(events).toHaveLength(200);
    expect(events[0]).toMatchObject({ kind: 'corrupted', packet: 1, at: 0 });
  });
});

describe('size limits', () => {
  it('mtu drops what is larger and passes what fits', () => {
    const { order, events } = through(
      [{ kind: 'mtu', bytes: 1200, notice: false, direction: 'in' }],
      [
        { size: 1200, direction: 'in' },
        { size: 1201, direction: 'in' },
        { size: 1500, direction: 'out' },
      ],
    );
    expect(order).toEqual(['1@0', '3@0']);
    expect(events).toEqual([{ packet: 2, rule: 'in:mtu=1200', kind: 'too-large', mtu: 1200 }]);
  });

  it('mtu with a notice tells the sender, when the word has come back', () => {
    const rules: LinkRule[] = [
      { kind: 'mtu', bytes: 1200, notice: true, direction: 'out' },
      { kind: 'delay', ms: 40, jitterMs: 0, ...everywhere },
    ];
    const link = createLink(rules, 1);
    const events = link.offer({ direction: 'out', packet: 1, bytes: bytes(1300), contents: undefined }, instant(5));
    expect(events).toEqual([{ packet: 1, rule: 'out:mtu=1200,notice', kind: 'too-large', mtu: 1200, toldAt: 45 }]);
    expect(link.next()).toBe(45);
    expect(link.notices(instant(44))).toEqual([]);
    expect(link.notices(instant(45))).toEqual([{ direction: 'out', packet: 1, size: 1200, at: 45 }]);
    expect(link.next()).toBeUndefined();
  });

  it('truncate cuts what is larger', () => {
    const { arrivals, events } = through(
      [{ kind: 'truncate', bytes: 1600, ...everywhere }],
      [{ size: 1600 }, { size: 2000 }],
    );
    expect(arrivals.map((arrival) => arrival.bytes.length)).toEqual([1600, 1600]);
    expect(events).toEqual([{ packet: 2, rule: 'truncate=1600', kind: 'truncated', to: 1600, at: 0 }]);
  });

  it('mtu looks at the size before truncation', () => {
    const { order } = through(
      [
        { kind: 'truncate', bytes: 100, ...everywhere },
        { kind: 'mtu', bytes: 150, notice: false, ...everywhere },
      ],
      [{ size: 200 }],
    );
    expect(order).toEqual([]);
  });
});

describe('scripts', () => {
  const script = (
    action: Extract<LinkRule, { kind: 'script' }>['action'],
    match: Partial<Extract<LinkRule, { kind: 'script' }>['match']>,
    direction?: Direction,
  ): LinkRule => ({
    kind: 'script',
    action,
    match: { nth: undefined, message: undefined, byte: undefined, ...match },
    direction,
  });
  const drop = { kind: 'drop' } as const;

  it('drop the nth datagram of their direction', () => {
    const sent: Sent[] = [{}, { direction: 'in' }, {}, { direction: 'in' }, {}];
    const { order, events } = through([script(drop, { nth: [2] }, 'out')], sent);
    expect(order).toEqual(['1@0', '2@0', '4@0', '5@0']);
    expect(events).toEqual([{ packet: 3, rule: 'out:drop=2', kind: 'lost' }]);
  });

  it('without a direction count each direction by itself', () => {
    const sent: Sent[] = [{}, { direction: 'in' }, {}, { direction: 'in' }];
    expect(through([script(drop, { nth: [2] })], sent).order).toEqual(['1@0', '2@0']);
  });

  it('find a message in the nth datagram that carries some of it', () => {
    const rule = script(drop, { nth: [2], message: 'certificate' });
    const { order, events } = through(
      [rule],
      [
        { contents: fragment(2, 0, 80) },
        { contents: fragment(certificate, 0, 500) },
        { contents: fragment(12, 0, 300) },
        { contents: fragment(certificate, 500, 500) },
        { contents: fragment(certificate, 1000, 500) },
      ],
    );
    expect(order).toEqual(['1@0', '2@0', '3@0', '5@0']);
    expect(events[0]?.rule).toBe('drop=certificate#2');
  });

  it('find the fragment that holds a byte, at every sending', () => {
    const rule = script(drop, { message: 'certificate', byte: 500 });
    const sent = [
      { contents: fragment(certificate, 0, 500) },
      { contents: fragment(certificate, 500, 500) },
      { contents: fragment(certificate, 499, 2) },
      { contents: fragment(certificate, 501, 500) },
    ];
    expect(through([rule], sent).order).toEqual(['1@0', '4@0']);
  });

  it('know nothing of datagrams whose contents nobody told them', () => {
    expect(through([script(drop, { message: 'certificate' })], many(3)).order).toHaveLength(3);
  });

  it('duplicate, delay and truncate as told', () => {
    const { order, arrivals, events } = through(
      [
        script({ kind: 'duplicate' }, { nth: [1] }),
        script({ kind: 'delay', ms: 500 }, { nth: [2] }),
        script({ kind: 'truncate', bytes: 60 }, { nth: [3] }),
      ],
      many(3),
    );
    expect(order).toEqual(['1@0', '1@0', '3@0', '2@500']);
    expect(arrivals.find(({ packet }) => packet === 3)?.bytes).toHaveLength(60);
    expect(events).toEqual([
      { packet: 1, rule: 'duplicate=1', kind: 'duplicated', at: 0 },
      { packet: 2, rule: 'delay=2,by=500ms', kind: 'held-back', at: 500 },
      { packet: 3, rule: 'truncate=3,to=60', kind: 'truncated', to: 60, at: 0 },
    ]);
  });
});

describe('many datagrams', () => {
  it('are bounded: the link reports what it can not hold', () => {
    const { events, arrivals } = through([{ kind: 'delay', ms: 1000, jitterMs: 0, ...everywhere }], many(10_050));
    expect(arrivals).toHaveLength(10_000);
    expect(events.filter((event) => event.kind === 'queue-full')).toHaveLength(50);
  });

  it('arrive only when they are due', () => {
    const link = createLink([{ kind: 'delay', ms: 10, jitterMs: 0, ...everywhere }], 1);
    link.offer({ direction: 'out', packet: 1, bytes: bytes(1), contents: undefined }, instant(100));
    expect(link.take(instant(109))).toEqual([]);
    expect(link.next()).toBe(110);
    expect(link.take(instant(110))).toHaveLength(1);
    expect(link.next()).toBeUndefined();
  });
});
