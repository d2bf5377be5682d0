import { describe, expect, it } from 'vitest';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, faithful, type LinkRule, Pair, type Sent } from '../support/pair.ts';
import { rawRecords } from '../support/raw.ts';

const ecdsa = await credential('ecdsa-p256');
const server = { credentials: [ecdsa] };

const times = (sent: readonly Sent[], flight: number): number[] => [
  ...new Set(sent.filter(({ contents }) => contents.flight === flight).map(({ at }) => at)),
];
const dropAll: LinkRule = () => [];
const dropFrom =
  (role: 'client' | 'server', flight: number, attempts: number): LinkRule =>
  (sent) =>
    sent.from === role && sent.contents.flight === flight && sent.contents.attempt < attempts ? [] : faithful(sent);

describe('a flight that stays unanswered', () => {
  it('[63] is sent again after 1, 3, 7, 15, 31, 63 and then every 60 seconds, and given up after its attempts', () => {
    const pair = new Pair({ server, link: dropAll }).run();
    expect(times(pair.client.sent, 1)).toEqual(
      [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423].map((seconds) => seconds * 1000),
    );
    expect(pair.client.failure).toEqual({ fault: 'network', code: 'timed-out', flight: 1, attempts: 12 });
    expect(pair.now).toBe(483_000);
  });

  it('follows other settings', () => {
    const retransmission = { start: 50, growth: 1.5, cap: 100, attempts: 3 };
    const pair = new Pair({ client: { retransmission }, server, link: dropAll }).run();
    expect(times(pair.client.sent, 1)).toEqual([0, 50, 125, 225]);
    expect(pair.client.failure).toMatchObject({ code: 'timed-out', attempts: 3 });
  });

  it('is given up at once when no attempts are allowed', () => {
    const retransmission = { start: 1000, growth: 2, cap: 60_000, attempts: 0 };
    const pair = new Pair({ client: { retransmission }, server, link: dropAll }).run();
    expect(pair.client.sent).toHaveLength(1);
    expect(pair.now).toBe(1000);
  });

  it('tells its timer: set, fired, set again', () => {
    const pair = new Pair({ server, link: dropping(0) }).run();
    expect(
      pair.client.of('timer').map(({ action, flight, attempt, durationMs }) => [action, flight, attempt, durationMs]),
    ).toEqual([
      ['set', 1, 0, 1000],
      ['fired', 1, 0, 0],
      ['set', 1, 1, 2000],
      ['cancelled', 1, 1, 0],
      ['set', 3, 0, 2000],
      ['cancelled', 3, 0, 0],
    ]);
  });

  it('says nothing to a peer that never answered', () => {
    const pair = new Pair({ server, link: dropAll }).run();
    expect(pair.client.alerts).toEqual([]);
  });

  it('[65] keeps the longer timeout for the next flight, and the first one again after an exchange without loss', () => {
    // Flight 1 is lost twice, so flight 3 starts at 4 s, and goes through.
    const pair = new Pair({ server, link: dropFrom('client', 1, 2) }).run();
    const started = pair.client.of('timer').filter(({ action, attempt }) => action === 'set' && attempt === 0);
    expect(started.map(({ flight, durationMs }) => [flight, durationMs])).toEqual([
      [1, 1000],
      [3, 4000],
    ]);
    const withCookie = new Pair({ server: { ...server, cookie: true }, link: dropFrom('client', 1, 2) }).run();
    const later = withCookie.client.of('timer').filter(({ action, attempt }) => action === 'set' && attempt === 0);
    expect(later.map(({ flight, durationMs }) => [flight, durationMs])).toEqual([
      [1, 1000],
      [3, 4000],
      [5, 1000],
    ]);
  });

  it('starts anew with every flight where the settings say so', () => {
    const retransmission = { start: 1000, growth: 2, cap: 60_000, attempts: 12, startsAnew: true };
    const pair = new Pair({ client: { retransmission }, server, link: dropFrom('client', 1, 2) }).run();
    const started = pair.client.of('timer').filter(({ action, attempt }) => action === 'set' && attempt === 0);
    expect(started.map(({ flight, durationMs }) => [flight, durationMs])).toEqual([
      [1, 1000],
      [3, 1000],
    ]);
  });

  it('does nothing on a timeout that comes early', () => {
    const pair = new Pair({ server, link: dropAll });
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'timeout' });
    expect(pair.client.sent).toHaveLength(1);
  });
});

describe('a flight of which part arrives', () => {
  const chained = { packing: 'record', ...server } as const;

  it('[66] is left to its sender to repeat, while our own is not sent again', () => {
    // The ServerHello arrives, the Certificate does not; one more repeat of the hello would be noise.
    const pair = new Pair({ server: chained, link: dropping(2) }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
    expect(pair.server.sendings).toEqual(['2.0', '2.1', '4.0']);
    expect(pair.server.sent.find(({ contents }) => contents.attempt === 1)?.at).toBe(1010);
  });

  it('is asked for after all when its sender never repeats', () => {
    const deaf = { start: 1_000_000, growth: 1, cap: 1_000_000, attempts: 1 };
    const pair = new Pair({ server: { ...chained, retransmission: deaf }, link: dropping(2) }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.sendings).toEqual(['1.0', '1.1', '3.0']);
  });

  it('is asked for by our own timer when it is the last, which nobody repeats by itself', () => {
    const pair = new Pair({
      client: { packing: 'record' },
      server: chained,
      link: (sent) =>
        sent.contents.flight === 4 && sent.contents.attempt === 0 && carries(sent, HandshakeType.finished)
          ? []
          : faithful(sent),
    }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.sendings).toEqual(['1.0', '3.0', '3.1']);
    expect(times(pair.client.sent, 3)).toEqual([20, 1020]);
  });
});

describe('a repeat by the peer', () => {
  it('of what our flight answered makes us send it again, once for each repeat', () => {
    const slow = { start: 30_000, growth: 2, cap: 60_000, attempts: 5 };
    const pair = new Pair({
      client: { packing: 'record', retransmission: slow },
      server: { ...server, packing: 'record' },
      // Flight 3 is lost twice; the server repeats its flight of five datagrams at 1 and 3 s.
      link: dropFrom('client', 3, 2),
    }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.server.sendings).toEqual(['2.0', '2.1', '2.2', '4.0']);
    expect(pair.client.sendings).toEqual(['1.0', '3.0', '3.1', '3.2']);
    expect(times(pair.client.sent, 3)).toEqual([20, 1020, 3020]);
  });

  it('is left to the timer where the settings say so, but for the last flight', () => {
    const retransmission = { start: 5000, growth: 2, cap: 60_000, attempts: 12 };
    const deaf = { ...server, retransmission, faults: { neverAgain: ['repeat'] as const } };
    // The server's flight is lost, and the client asks again before the server's timer fires.
    const early = new Pair({ server: deaf, link: dropFrom('server', 2, 1) }).run(4000);
    expect(early.server.sendings).toEqual(['2.0']);
    early.settle();
    expect(early.agreed).toBe(true);
    const last = new Pair({ server: deaf, link: dropFrom('server', 4, 1) }).run(4000);
    expect(last.server.sendings).toEqual(['2.0', '4.0', '4.1']);
    expect(last.agreed).toBe(true);
  });

  it('[70] of the last flight it sent makes a server send its own last flight again', () => {
    const pair = new Pair({ server, link: dropFrom('server', 4, 3) }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.server.sendings).toEqual(['2.0', '4.0', '4.1', '4.2', '4.3']);
    expect(times(pair.server.sent, 4)).toEqual([30, 1030, 3030, 7030]);
  });

  it('[70] is answered for two MSL after the handshake, and after that no more', () => {
    for (const [lastFlightMs, answered] of [
      [3500, true],
      [900, false],
    ] as const) {
      const retransmission = { start: 1000, growth: 2, cap: 60_000, attempts: 2 };
      const pair = new Pair({
        client: { retransmission },
        server: { ...server, lastFlightMs },
        link: dropFrom('server', 4, 2),
      }).run();
      expect(pair.agreed).toBe(answered);
      expect(pair.server.sendings.filter((sending) => sending.startsWith('4')).length).toBe(answered ? 3 : 1);
    }
  });

  it('is not answered by a client that is done: no storm', () => {
    // The server's timer is shorter than the round trip, so it repeats everything it can.
    const hasty = { start: 50, growth: 2, cap: 60_000, attempts: 10 };
    const pair = new Pair({ server: { ...server, retransmission: hasty }, latencyMs: 400 }).run();
    expect(pair.agreed).toBe(true);
    // 4 repeats of flight 2 before flight 3 arrives, each answered once; each of those answered once by flight 4.
    expect(pair.server.sendings.filter((sending) => sending.startsWith('2'))).toHaveLength(5);
    expect(pair.client.sendings.filter((sending) => sending.startsWith('3')).length).toBeLessThanOrEqual(5);
    expect(pair.server.sendings.filter((sending) => sending.startsWith('4')).length).toBeLessThanOrEqual(5);
  });

  it('made by the network, under a record number that was read before, is none', () => {
    const twice: LinkRule = (sent) => [{ bytes: sent.bytes }, { bytes: sent.bytes, afterMs: 35 }];
    const pair = new Pair({ server, link: twice }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.sent.filter(({ contents }) => contents.attempt > 0)).toEqual([]);
  });

  it('after the end of the handshake counts only when it is authenticated', () => {
    const pair = new Pair({ client: { packing: 'record' }, server: { ...server, packing: 'record' } }).run();
    const keyExchange = pair.client.sent.find((sent) => carries(sent, HandshakeType.clientKeyExchange));
    const before = pair.server.sent.length;
    const forged = Uint8Array.from(keyExchange?.bytes ?? []);
    forged[10] = 99;
    pair.input(pair.server, { kind: 'datagram', bytes: forged, from: 'client' });
    expect(pair.server.sent).toHaveLength(before);
    expect(pair.server.drops.at(-1)).toBe('repeated-message');
  });
});

describe('every sending', () => {
  it('[73] has record numbers of its own, each used once in its epoch, and the epochs of the first time', () => {
    const pair = new Pair({
      client: { credentials: [ecdsa], packing: 'record' },
      server: { ...server, clientAuth: 'require', packing: 'record' },
      link: (sent) => (sent.contents.attempt < 2 ? [] : faithful(sent)),
    }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    for (const side of [pair.client, pair.server]) {
      const numbers = side.sent.flatMap(({ bytes }) =>
        rawRecords(bytes).map(({ epoch, number }) => `${epoch}:${number}`),
      );
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(side.sent.some(({ contents }) => contents.attempt > 1)).toBe(true);
      for (const { contents } of side.sent)
        for (const { epoch, fragments } of contents.records)
          for (const { message } of fragments) expect(epoch).toBe(message === HandshakeType.finished ? 1 : 0);
    }
  });

  it('says truly what it holds', () => {
    const pair = new Pair({ client: { mtu: 200 }, server: { ...server, mtu: 200, cookie: true } }).run();
    for (const { bytes, contents } of pair.sent)
      expect(rawRecords(bytes).map(({ type, epoch, number }) => [type, epoch, number])).toEqual(
        contents.records.map(({ type, epoch, sequenceNumber }) => [type, epoch, sequenceNumber]),
      );
  });
});

describe('a path that is narrower than we thought', () => {
  it('[68] makes the flight be cut anew at once, and everything after it', () => {
    const pair = new Pair({ server: { ...server, mtu: 1400 } });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(15);
    expect(Math.max(...pair.server.sent.map(({ bytes }) => bytes.length))).toBeGreaterThan(300);
    const before = pair.server.sent.length;
    pair.input(pair.server, { kind: 'too-big', size: 300 });
    const again = pair.server.sent.slice(before);
    expect(again.length).toBeGreaterThan(1);
    expect(again.every(({ bytes, contents }) => bytes.length <= 300 && contents.attempt === 1)).toBe(true);
    pair.settle();
    expect(pair.agreed).toBe(true);
  });

  it('that somebody has found out counts for what is sent from then on, and may be larger', () => {
    const lost = new Pair({ server, link: () => [] });
    lost.input(lost.server, { kind: 'start' });
    lost.input(lost.client, { kind: 'start' });
    const [hello] = lost.sent;
    lost.input(lost.client, { kind: 'mtu', size: 100 });
    expect(lost.sent).toHaveLength(1);
    lost.settle(1500);
    expect(Math.max(...lost.sent.slice(1).map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(100);
    const small = lost.sent.length;
    lost.input(lost.client, { kind: 'mtu', size: 1400 });
    lost.settle(2500);
    expect(lost.sent.slice(small).map(({ bytes }) => bytes.length)).toEqual([hello?.bytes.length]);
  });

  it('is nothing new when everything fits already, or when the size is larger than the MTU', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'too-big', size: 1000 });
    pair.input(pair.client, { kind: 'too-big', size: 5000 });
    expect(pair.client.sent).toHaveLength(1);
  });

  it('is none of the business of `flight` packing', () => {
    const pair = new Pair({ server: { ...server, packing: 'flight' } });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(15);
    const before = pair.server.sent.length;
    pair.input(pair.server, { kind: 'too-big', size: 300 });
    expect(pair.server.sent).toHaveLength(before);
  });
});

describe('repeated silence', () => {
  const hello = { groups: [0x11ec, 0x1d, 0x17], versions: ['1.3', '1.2'] } as const;
  const sizes = (pair: Pair): number[][] => {
    const out: number[][] = [];
    for (const { bytes, contents } of pair.client.sent) {
      const sizes = out[contents.attempt] ?? [];
      sizes.push(bytes.length);
      out[contents.attempt] = sizes;
    }
    return out;
  };

  it('[67] makes datagrams smaller from the second repeat on, and for all that follows', () => {
    const pair = new Pair({ client: hello, server, link: dropAll }).run(20_000);
    const [first, second, ...more] = sizes(pair);
    expect(Math.max(...(first ?? []))).toBe(1200);
    expect(second).toEqual(first);
    expect(more.length).toBeGreaterThan(1);
    for (const sizes of more) expect(Math.max(...sizes)).toBe(548);
  });

  it('[67] gets a large hello through a path that drops large datagrams without a word', () => {
    const narrow: LinkRule = (sent) => (sent.bytes.length > 1000 ? [] : faithful(sent));
    const both = { ...hello, cipherSuites: [0x1301] };
    const pair = new Pair({ client: both, server: { ...server, ...both }, link: narrow }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    const stubborn = { ...both, mtuSteps: [] };
    expect(new Pair({ client: stubborn, server: { ...server, ...both }, link: narrow }).run().agreed).toBe(false);
  });

  it('follows other steps, never raises the MTU, and never goes below what carries anything', () => {
    const mtuSteps = [
      { fromRetransmission: 1, mtu: 300 },
      { fromRetransmission: 2, mtu: 1400 },
      { fromRetransmission: 3, mtu: 10 },
    ];
    const pair = new Pair({ client: { ...hello, mtuSteps }, server, link: dropAll }).run(20_000);
    expect(
      sizes(pair)
        .map((one) => Math.max(...one))
        .slice(0, 4),
    ).toEqual([1200, 300, 300, 64]);
  });
});
