/** ACKs of DTLS 1.3 (RFC 9147 §7): when they are sent, what they make the other side send, and what they can't do. */
import { describe, expect, it } from 'vitest';
import { defaultConfig, type EndpointConfig } from '../../src/engine/index.ts';
import { credential } from '../support/credentials.ts';
import {
  completed,
  dropping,
  faithful,
  give,
  type LinkRule,
  losing,
  Pair,
  type PairOptions,
  type Sent,
} from '../support/pair.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { ackOf, acksOf, handshakeBytes, sealFrom13 } from '../support/sealed13.ts';
import { bothVersions, only13, x25519MlKem768 } from '../support/settings13.ts';

// Signatures of one length, so that the same flight has the same bytes in every run.
const short = await credential('ed25519');
const longChain = await credential('ed25519,chain=3,size=3700');
/** A record for each message, so that there is more to tell apart. By default messages share records: `shared`. */
const apart = { ...only13, sharedRecords: false } as const;
const small: Partial<EndpointConfig> = { ...apart, mtu: 300 };
const ends = { client: apart, server: { ...apart, credentials: [short] } };
const large = { client: small, server: { ...small, credentials: [longChain] } };
const smallShared: Partial<EndpointConfig> = { ...only13, mtu: 300 };
const shared = { client: smallShared, server: { ...smallShared, credentials: [longChain] } };
const either = [
  ['a record for each message', large],
  ['shared records', shared],
] as const;

const run = (options: PairOptions): Pair => completed(options);

describe('an ACK is sent', () => {
  it('[75, 77] for the last flight of the client alone, when nothing goes wrong', () => {
    const pair = run(ends);
    expect(acksOf(pair, 'client')).toEqual([]);
    // [77] In the highest epoch, of the record of epoch 2 that held Finished.
    expect(acksOf(pair, 'server')).toEqual([{ at: 30, epoch: 3, of: ['2.0'] }]);
  });

  it.each(either)(
    '[76] at once when a gap shows, and once for it; only what is missing is sent again: %s',
    (_, large) => {
      // The fourth datagram of the server's flight.
      const pair = run({ ...large, link: (sent) => (sent.from === 'server' && sent.nth === 3 ? [] : faithful(sent)) });
      const acks = acksOf(pair, 'client').filter(({ of }) => of.length < 17);
      expect(acks).toMatchObject([{ at: 20, epoch: 2 }]);
      const lost = pair.server.sent[3];
      for (const record of numbersOf(lost)) expect(acks[0]?.of).not.toContain(record);
      expect(handshakeBytes(pair, 'server', 2)[1]).toBe(bytesOf(lost));
      expect(pair.server.sent.filter(({ contents }) => contents.attempt > 0)).toHaveLength(1);
      // Long before any timer: the gap was seen after 20 ms.
      expect(pair.now).toBeLessThan(1000);
    },
  );

  it.each(either)('[76] a quarter of the timeout after a flight has begun and not ended: %s', (_, large) => {
    const whole = run(large);
    const tail = whole.server.sent.filter(({ contents }) => contents.flight === 2).at(-1);
    const pair = run({ ...large, link: dropping(tail?.index ?? -1) });
    // One that is full goes out at once: more numbers do not fit into a datagram of 300 bytes.
    const acks = acksOf(pair, 'client');
    expect(acks.at(-1)).toMatchObject({ at: 20 + 250, epoch: 2 });
    for (const ack of acks.slice(0, -1)) expect(ack).toMatchObject({ at: 20, epoch: 2, of: { length: 17 } });
    expect(handshakeBytes(pair, 'server', 2)[1]).toBe(bytesOf(tail));
    expect(pair.now).toBeLessThan(1000);
  });

  it.each(either)('[76] by a server for a flight of the client that stays incomplete: %s', (_, { client: small }) => {
    const mutual = {
      client: { ...small, credentials: [longChain] },
      server: { ...small, credentials: [short], clientAuth: 'require' as const },
    };
    const whole = run(mutual);
    const tail = whole.client.sent.filter(({ contents }) => contents.flight === 3).at(-1);
    const pair = run({ ...mutual, link: dropping(tail?.index ?? -1) });
    const [told] = acksOf(pair, 'server');
    expect(told?.of.length).toBeGreaterThan(5);
    expect(handshakeBytes(pair, 'client', 3)[1]).toBe(bytesOf(tail));
  });

  it('again when it was lost itself', () => {
    const whole = run(large);
    const tail = whole.server.sent.filter(({ contents }) => contents.flight === 2).at(-1);
    let acks = 0;
    const link: LinkRule = (sent) => {
      const isAck = sent.from === 'client' && sent.contents.records.some(({ type }) => type === 26);
      return sent.index === tail?.index || (isAck && acks++ === 0) ? [] : faithful(sent);
    };
    const pair = run({ ...large, link });
    expect(acksOf(pair, 'client').length).toBeGreaterThan(1);
  });

  it('[74] for nothing that could not be kept', () => {
    const limits = { ...defaultConfig('client').limits, messagesAhead: 0 };
    const pair = run({ client: { ...apart, limits }, server: large.server, reversed: true });
    // The client keeps no message ahead of its turn, so each round of repeats brings it one message further.
    expect(pair.client.drops).toContain('too-far-ahead');
    const seqs = new Map(
      pair.server.sent.flatMap(({ contents }) =>
        contents.records.map((one) => [`${one.epoch}.${one.sequenceNumber}`, one.fragments[0]?.messageSeq ?? -1]),
      ),
    );
    const told = acksOf(pair, 'client').map(({ of }) => Math.max(...of.map((record) => seqs.get(record) ?? -1)));
    // Not Finished, the fifth, which came first.
    expect(told[0]).toBeLessThan(4);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('for every message after the handshake, and again when that is repeated', () => {
    let dropped = 0;
    const tickets = { key: new Uint8Array(32), count: 2, lifetimeSeconds: 60 };
    const link: LinkRule = (sent) => {
      const isAck = sent.from === 'client' && sent.contents.records.some(({ type }) => type === 26);
      return isAck && dropped++ === 0 ? [] : faithful(sent);
    };
    const pair = run({ ...ends, server: { ...ends.server, tickets }, link });
    expect(pair.client.of('ticket')).toHaveLength(2);
    expect(acksOf(pair, 'client').map(({ of }) => of)).toEqual([
      ['3.1', '3.2'],
      ['3.3', '3.4'],
    ]);
    expect(pair.server.endpoint.unacknowledged).toBe(false);
  });

  it('[71] by a server to every repeat of the client’s last flight, for two MSL and no longer', () => {
    const deaf: LinkRule = (sent) => (sent.from === 'server' && isAckOnly(sent) ? [] : faithful(sent));
    const repeats = (lastFlightMs: number): { sent: number; acked: string[][]; drops: string[] } => {
      const pair = new Pair({ ...ends, server: { ...ends.server, lastFlightMs }, link: deaf }).run(100_000);
      const sent = pair.client.sent.filter(({ contents }) => contents.flight === 3).length;
      return { sent, acked: acksOf(pair, 'server').map(({ of }) => of), drops: pair.server.drops };
    };
    // After 1, 3, 7, 15, 31 and 63 seconds.
    const long = repeats(240_000);
    expect(long.acked).toEqual(Array.from({ length: 7 }, (_, i) => [`2.${i}`]));
    expect(long.sent).toBe(7);
    // From one repeat to the next no more than 5 s: the one after 15 s is too late.
    const short = repeats(5000);
    expect(short.acked).toEqual([['2.0'], ['2.1'], ['2.2'], ['2.3']]);
    expect(short.drops).toEqual([
      'repeated-message',
      'repeated-message',
      'repeated-message',
      ...Array(3).fill('unknown-epoch'),
    ]);
  });
});

describe('an ACK makes the other side', () => {
  it('[78] repeat by its timer only what nobody acknowledged', () => {
    const whole = run(large);
    const flight = whole.server.sent.filter(({ contents }) => contents.flight === 2);
    const tail = flight.at(-1);
    // The tail is lost twice: with the flight, and when the ACK asks for it; then no ACK comes any more.
    let acks = 0;
    const link: LinkRule = (sent) => {
      if (sent.from === 'server' && sent.contents.records.some(({ fragments }) => same(fragments, tail)))
        return sent.contents.attempt < 2 ? [] : faithful(sent);
      return sent.from === 'client' && isAckOnly(sent) && acks++ > 1 ? [] : faithful(sent);
    };
    const pair = run({ ...large, link });
    expect(handshakeBytes(pair, 'server', 2).slice(1)).toEqual([bytesOf(tail), bytesOf(tail)]);
  });

  it('[78] stop its timer, when it has all of the flight', () => {
    const pair = run(ends);
    expect(pair.client.of('timer').at(-1)).toMatchObject({ action: 'cancelled', flight: 3 });
    expect(pair.client.endpoint.unacknowledged).toBe(false);
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
  });

  it('[66, 79] take its flight for acknowledged by any part of the next one', () => {
    const mutual = {
      client: { ...small, credentials: [longChain] },
      server: { ...small, credentials: [short], clientAuth: 'require' as const },
    };
    // Nothing but the first datagram of the client's flight arrives, ever, nor any ACK.
    const link: LinkRule = (sent) =>
      sent.from === 'client' && sent.contents.flight === 3 && sent.nth > 1 ? [] : isAckOnly(sent) ? [] : faithful(sent);
    const pair = new Pair({ ...mutual, link }).run(30_000);
    expect(pair.server.endpoint.state).toBe('awaitCertificate');
    expect(pair.server.sendings.filter((sending) => sending.startsWith('2.'))).toEqual(['2.0']);
    // It asks for the rest instead.
    expect(acksOf(pair, 'server').length).toBeGreaterThan(3);
  });

  it('send nothing again, when it is of records that were never sent', () => {
    const pair = started(large);
    const count = pair.server.sent.length;
    give(pair, 'server', sealFrom13(pair, 'client', 2, 26, ackOf([2, 500], [0, 77], [2 ** 40, 1])));
    expect(pair.server.sent).toHaveLength(count);
    expect(pair.settle().agreed).toBe(true);
  });

  it('[77] send nothing again, when it is of a later epoch than its own', () => {
    const pair = started(large);
    const count = pair.server.sent.length;
    give(pair, 'server', rawRecord({ type: 26, body: ackOf([2, 1]) }));
    give(pair, 'server', sealFrom13(pair, 'client', 2, 26, ackOf([3, 0])));
    expect(pair.server.sent).toHaveLength(count);
    expect(pair.server.drops).toEqual(['unexpected-content', 'unexpected-content']);
    expect(pair.settle().agreed).toBe(true);
  });

  it('[73] send its flight again once, when it is empty', () => {
    const pair = started(large);
    const first = pair.server.sent.length;
    // In the clear, as a client sends it that lacks the ServerHello: anybody could.
    for (let i = 0; i < 5; i++) give(pair, 'server', rawRecord({ type: 26, number: 10 + i, body: ackOf() }));
    expect(pair.server.sent).toHaveLength(2 * first);
    expect(pair.settle().agreed).toBe(true);
    // [73] Under the keys of the first time, with new numbers.
    const numbers = pair.server.sent
      .slice(0, 2 * first)
      .flatMap(({ contents }) => contents.records.map((one) => `${one.epoch}.${one.sequenceNumber}`));
    expect(new Set(numbers).size).toBe(numbers.length);
    const epochs = (from: number, to: number): number[] =>
      pair.server.sent.slice(from, to).flatMap(({ contents }) => contents.records.map(({ epoch }) => epoch));
    expect(epochs(first, 2 * first)).toEqual(epochs(0, first));
  });
});

describe('an ACK never does any harm', () => {
  it('[80] before DTLS 1.3 is agreed', () => {
    for (const config of [only13, bothVersions]) {
      const pair = new Pair({ client: config, server: { ...bothVersions, credentials: [short] } });
      pair.input(pair.server, { kind: 'start' });
      pair.input(pair.client, { kind: 'start' });
      for (const body of [ackOf(), ackOf([0, 0]), Uint8Array.of(0, 7)])
        give(pair, 'client', rawRecord({ type: 26, body }));
      give(pair, 'server', rawRecord({ type: 26, body: ackOf() }));
      expect(pair.client.sent).toHaveLength(1);
      expect(pair.settle().agreed, pair.describe()).toBe(true);
    }
  });

  it('in DTLS 1.2', () => {
    const pair = run({ client: bothVersions, server: { credentials: [short] } });
    expect(pair.client.parameters?.version).toBe('1.2');
    give(pair, 'client', rawRecord({ type: 26, body: ackOf([0, 0]) }));
    expect(pair.client.endpoint.state).toBe('connected');
  });

  it.each([
    ['that is malformed', Uint8Array.of(0, 16, 1)],
    ['of nothing', ackOf()],
    ['of everything', ackOf(...Array.from({ length: 100 }, (_, i) => [i % 4, i] as const))],
  ])('to a live association: one %s', (_, body) => {
    const pair = run(ends);
    const count = pair.sent.length;
    for (const side of ['client', 'server'] as const)
      give(pair, side, sealFrom13(pair, side === 'client' ? 'server' : 'client', 3, 26, body));
    expect(pair.sent).toHaveLength(count);
    pair.send(pair.client, 'alive');
    pair.settle();
    expect(pair.server.data).toEqual(['alive']);
  });
});

/** Both have started, and the server has answered; nothing of that has arrived yet. */
function started(options: PairOptions): Pair {
  const pair = new Pair(options);
  pair.input(pair.server, { kind: 'start' });
  pair.input(pair.client, { kind: 'start' });
  return pair.settle(15);
}
const numbersOf = (sent: Sent | undefined): string[] =>
  (sent?.contents.records ?? []).map(({ epoch, sequenceNumber }) => `${epoch}.${sequenceNumber}`);
/** Bytes of handshake messages in a datagram. */
const bytesOf = (sent: Sent | undefined): number =>
  (sent?.contents.records ?? []).flatMap(({ fragments }) => fragments).reduce((sum, { length }) => sum + length, 0);
const isAckOnly = (sent: Pick<Sent, 'contents'>): boolean => sent.contents.records.every(({ type }) => type === 26);
const same = (fragments: readonly { messageSeq: number; offset: number }[], tail: Sent | undefined): boolean =>
  (tail?.contents.records ?? []).some((record) =>
    record.fragments.some((one) => fragments.some((f) => f.messageSeq === one.messageSeq && f.offset === one.offset)),
  );

describe('an ACK that waits for its timer, as BoringSSL has it', () => {
  const timed = {
    acks: 'timed',
    retransmission: { ...defaultConfig('client').retransmission, startsAnew: true },
  } as const;
  const bothTimed = {
    client: { ...large.client, ...timed },
    server: { ...large.server, ...timed },
  };

  it('goes out a quarter of the timeout after the first piece, once, in ascending order, and of all that came', () => {
    const pair = run({
      ...bothTimed,
      link: (sent) => (sent.from === 'server' && sent.nth === 3 ? [] : faithful(sent)),
    });
    const acks = acksOf(pair, 'client');
    expect(acks.map(({ at, epoch }) => [at, epoch])).toEqual([[20 + 250, 2]]);
    // As many of the newest as a datagram of 300 bytes holds.
    const told = acks[0]?.of ?? [];
    expect(told).toHaveLength(17);
    const byNumber = (record: string): number => Number(record.split('.')[1]);
    expect(told.map(byNumber)).toEqual(told.map(byNumber).sort((a, b) => a - b));
    for (const record of numbersOf(pair.server.sent[3])) expect(told).not.toContain(record);
    // What it lacks goes out when the server's own timer fires, and nothing else does.
    const again = pair.server.sent.filter(({ contents }) => contents.attempt > 0);
    expect(new Set(again.map(({ at }) => at))).toEqual(new Set([10 + 1000]));
    expect(again.length).toBeLessThan(4);
  });

  it('tells of messages after the handshake together, and leaves no timer running', () => {
    const tickets = { key: new Uint8Array(32), count: 2, lifetimeSeconds: 60 };
    const pair = run({ ...bothTimed, server: { ...bothTimed.server, tickets } });
    expect(acksOf(pair, 'client').map(({ of }) => of)).toEqual([['3.1', '3.2']]);
    expect(acksOf(pair, 'client')[0]?.at).toBe(pair.client.of('ticket').length > 0 ? pair.now - 10 : undefined);
    expect(acksOf(pair, 'server').map(({ of }) => of)).toEqual([['2.0']]);
    for (const side of [pair.client, pair.server])
      expect(side.endpoint.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('is all that a half of a flight leads to: no timer runs any more', () => {
    const pair = new Pair({
      ...bothTimed,
      link: (sent) => (sent.from === 'server' && sent.nth > 4 ? [] : faithful(sent)),
    });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(900);
    expect(acksOf(pair, 'client')).toHaveLength(1);
    expect(pair.client.endpoint.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('in the clear is believed of what was in the clear', () => {
    const pair = new Pair({ ...bothTimed, link: (sent) => (sent.from === 'server' ? [] : faithful(sent)) });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(500);
    give(pair, 'server', rawRecord({ type: 26, number: 77, body: [...ackOf([0, 0])] }));
    pair.settle(600);
    const again = pair.server.sent
      .filter(({ contents }) => contents.attempt === 1)
      .flatMap(({ contents }) => contents.records);
    expect(again.length).toBeGreaterThan(5);
    expect(again.every(({ epoch }) => epoch === 2)).toBe(true);
  });

  it('in the clear spares a client what it needs not repeat of its second hello', () => {
    const hello = { ...only13, ...timed, mtu: 300, groups: [x25519MlKem768], keyShares: [] };
    const pair = new Pair({
      client: hello,
      server: { ...only13, groups: [x25519MlKem768], credentials: [short] },
      link: (sent) => (sent.from === 'client' && sent.contents.flight === 3 ? [] : faithful(sent)),
    });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(500);
    const first = pair.client.sent.filter(({ contents }) => contents.flight === 3);
    expect(first.length).toBeGreaterThan(4);
    give(
      pair,
      'client',
      rawRecord({ type: 26, number: 77, body: [...ackOf([0, first[0]?.contents.records[0]?.sequenceNumber ?? 0])] }),
    );
    pair.settle(1000);
    const again = pair.client.sent.filter(({ contents }) => contents.flight === 3 && contents.attempt === 1);
    expect(again[0]?.contents.records[0]?.fragments[0]?.offset).toBe(
      first[1]?.contents.records[0]?.fragments[0]?.offset,
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('carries a handshake through loss, too: seed %i', (seed) => {
    run({ ...bothTimed, link: losing(0.15, seed) });
  });
});

describe('a record of which a part could not be kept', () => {
  it.each([
    ['first', [9, 0]],
    ['last', [0, 9]],
  ] as const)('is not acknowledged, when that came %s', (_, order) => {
    const pair = run(ends);
    const next =
      1 +
      Math.max(
        ...pair.server.sent.flatMap(({ contents }) =>
          contents.records.flatMap(({ fragments }) => fragments.map(({ messageSeq }) => messageSeq)),
        ),
      );
    const body = new Uint8Array(40);
    const halves = order.map((ahead) =>
      rawFragment({ type: 4, seq: next + ahead * 100, total: 80, offset: 0, body: [...body] }),
    );
    const before = acksOf(pair, 'client').length;
    give(pair, 'client', sealFrom13(pair, 'server', 3, 22, Uint8Array.from(halves.flatMap((half) => [...half]))));
    expect(pair.client.drops.at(-1)).toBe('too-far-ahead');
    expect(acksOf(pair, 'client').slice(before)).toEqual([]);
  });
});

describe('a new message in the epoch of the handshake', () => {
  it('is the peer’s fault when the handshake is over', () => {
    const pair = run(ends);
    const extra = rawFragment({ type: 20, seq: 2, body: [1, 2, 3] });
    give(pair, 'server', sealFrom13(pair, 'client', 2, 22, Uint8Array.from(extra)));
    expect(pair.server.failure).toMatchObject({ fault: 'peer', code: 'unexpected-message' });
  });
});
