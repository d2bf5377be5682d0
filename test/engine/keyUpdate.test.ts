/** Keys after the handshake of DTLS 1.3: KeyUpdates in both directions, under loss, and when a key has done its work. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { credential } from '../support/credentials.ts';
import {
  completed,
  duplicating,
  faithful,
  give,
  type LinkRule,
  losing,
  Pair,
  type PairOptions,
} from '../support/pair.ts';
import { acksOf, sealFrom13 } from '../support/sealed13.ts';
import { only13 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const ends = { client: only13, server: { ...only13, credentials: [ecdsa] } };
const connected = (options: PairOptions = ends): Pair => completed(options);
const update = (pair: Pair, side: 'client' | 'server', request = false): void =>
  pair.input(pair[side], { kind: 'key-update', request });
/** Epoch of the last record that a side sent. */
const epochOf = (pair: Pair, side: 'client' | 'server'): number | undefined =>
  pair[side].sent.at(-1)?.contents.records.at(-1)?.epoch;
const talk = (pair: Pair, word: string): void => {
  pair.send(pair.client, word);
  pair.send(pair.server, word);
  pair.settle();
  expect([pair.client.data.at(-1), pair.server.data.at(-1)]).toEqual([word, word]);
};
const labels = (pair: Pair): string[] => pair.server.of('secret').map(({ label }) => label);

describe('a KeyUpdate', () => {
  it.each(['client', 'server'] as const)(
    '[81, 82] of the %s changes its keys once it is acknowledged, and not before',
    (side) => {
      const pair = connected();
      update(pair, side);
      pair.send(pair[side], 'under the old keys');
      expect(epochOf(pair, side)).toBe(3);
      pair.settle();
      pair.send(pair[side], 'under the new keys');
      expect(epochOf(pair, side)).toBe(4);
      pair.settle();
      const peer = side === 'client' ? pair.server : pair.client;
      expect(peer.data).toEqual(['under the old keys', 'under the new keys']);
      // [82] The other direction is as it was.
      pair.send(peer, 'still the old ones');
      expect(epochOf(pair, peer.role)).toBe(3);
      pair.settle();
    },
  );

  it('makes the peer change its keys, too, when it asks for that', () => {
    const pair = connected();
    update(pair, 'client', true);
    pair.settle();
    talk(pair, 'both new');
    expect([epochOf(pair, 'client'), epochOf(pair, 'server')]).toEqual([4, 4]);
  });

  it('tells the key log its secrets, each once, the same on both sides', () => {
    const pair = connected();
    update(pair, 'client', true);
    pair.settle();
    expect(
      labels(pair)
        .filter((label) => label.endsWith('_1'))
        .sort(),
    ).toEqual(['CLIENT_TRAFFIC_SECRET_1', 'SERVER_TRAFFIC_SECRET_1']);
    const told = (side: Pair['client']): string[] =>
      side.of('secret').map(({ label, secret }) => label + toHex(secret));
    expect(told(pair.client).sort()).toEqual(told(pair.server).sort());
  });

  it('[81] waits for the one before it', () => {
    const pair = connected();
    for (let i = 0; i < 5; i++) update(pair, 'client');
    // [81] One is under way; the others that were asked for meanwhile are one more.
    expect(pair.client.sent.filter(({ contents }) => contents.flight > 3)).toHaveLength(1);
    pair.settle();
    talk(pair, 'twice');
    expect(epochOf(pair, 'client')).toBe(5);
  });

  it('waits for the ACK of the client’s Finished', () => {
    const noAcks: LinkRule = (sent) =>
      sent.from === 'server' && sent.contents.flight === 0 && sent.at < 5000 ? [] : faithful(sent);
    const pair = new Pair({ ...ends, link: noAcks });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(100);
    expect(pair.client.endpoint.state).toBe('connected');
    expect(pair.client.endpoint.unacknowledged).toBe(true);
    update(pair, 'client');
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
    pair.settle();
    talk(pair, 'after all');
    expect(epochOf(pair, 'client')).toBe(4);
  });

  it('goes on through eleven of them, past the two bits of epoch that a record shows', () => {
    const pair = connected();
    for (let i = 1; i <= 11; i++) {
      update(pair, i % 2 ? 'client' : 'server', i % 3 === 0);
      pair.settle();
      talk(pair, `round ${i}`);
    }
    expect(epochOf(pair, 'client')).toBeGreaterThan(8);
  });

  it('is sent again until it is acknowledged, under the keys that it ends', () => {
    let dropped = 0;
    const link: LinkRule = (sent) => (sent.contents.flight > 3 && dropped++ < 3 ? [] : faithful(sent));
    const pair = connected({ ...ends, link });
    update(pair, 'client');
    pair.settle();
    const sent = pair.client.sent.filter(({ contents }) => contents.flight > 3);
    expect(sent.map(({ contents }) => [contents.attempt, contents.records[0]?.epoch])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    talk(pair, 'through');
  });

  it('[81] is acknowledged again when its ACK was lost, as the old keys are kept until new ones were seen', () => {
    let losses = 0;
    const link: LinkRule = (sent) => {
      const isAck = sent.from === 'server' && sent.contents.records.some(({ type }) => type === 26);
      return isAck && losses-- > 0 ? [] : faithful(sent);
    };
    const pair = connected({ ...ends, link });
    losses = 2;
    update(pair, 'client');
    pair.settle();
    // Of Finished, and three of the KeyUpdate.
    expect(acksOf(pair, 'server').map(({ of }) => of)).toEqual([['2.0'], ['3.0'], ['3.1'], ['3.2']]);
    talk(pair, 'through');
    expect(epochOf(pair, 'client')).toBe(4);
  });

  it('survives 30 % of loss in both directions, for 200 seeds', () => {
    const retransmission = { start: 1000, growth: 2, cap: 10_000, attempts: 60 };
    for (let seed = 0; seed < 200; seed++) {
      let lossy = true;
      const loss = losing(0.3, seed);
      const pair = new Pair({
        client: { ...ends.client, retransmission },
        server: { ...ends.server, retransmission },
        link: (sent) => (lossy ? loss(sent) : faithful(sent)),
      }).run();
      update(pair, 'client', true);
      update(pair, 'server', true);
      pair.settle();
      update(pair, 'client');
      pair.settle();
      lossy = false;
      talk(pair, `seed ${seed}`);
    }
  });

  it('that comes twice changes keys once', () => {
    const pair = connected({ ...ends, link: duplicating });
    update(pair, 'client', true);
    pair.settle();
    pair.send(pair.client, 'one');
    pair.settle();
    expect(epochOf(pair, 'client')).toBe(4);
  });

  it('that asks for what there is not is illegal', () => {
    const pair = connected();
    const body = Uint8Array.from([24, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 1, 2]);
    give(pair, 'server', sealFrom13(pair, 'client', 3, 22, body));
    expect(pair.server.failure).toMatchObject({ code: 'illegal-parameter', message: 'key_update' });
    expect(pair.server.alerts).toEqual(['sent 2 47']);
  });

  it('is nothing that DTLS 1.2 knows', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    update(pair, 'client');
    expect(pair.client.failure).toMatchObject({ code: 'misuse' });
    expect(pair.client.endpoint.state).toBe('connected');
  });
});

describe('[34] the limits of a key', () => {
  const aeadLimits = { 'aes-128-gcm': { encrypted: 40, failed: 20 } };

  it('make its owner change it in good time', () => {
    const pair = connected({ ...ends, client: { ...ends.client, aeadLimits } });
    for (let i = 0; i < 400; i++) {
      pair.send(pair.client, `${i}`);
      pair.settle();
    }
    expect(pair.server.data).toHaveLength(400);
    expect(pair.client.failure).toBeUndefined();
    expect(epochOf(pair, 'client')).toBeGreaterThan(8);
  });

  it('end the association rather than being passed, when the peer acknowledges no update', () => {
    const pair = connected({ ...ends, client: { ...ends.client, aeadLimits } });
    for (let i = 0; i < 50; i++) pair.send(pair.client, `${i}`);
    expect(pair.client.of('failed').map(({ failure }) => failure.code)).toContain('sequence-exhausted');
    const numbers = pair.client.sent.flatMap(({ contents }) => contents.records).filter(({ epoch }) => epoch === 3);
    expect(numbers.length).toBeLessThanOrEqual(40);
  });

  it('end it when too many records fail to open', () => {
    const pair = connected({ ...ends, server: { ...ends.server, aeadLimits } });
    for (let i = 0; i < 19; i++) {
      const forged = sealFrom13(pair, 'client', 3, 23, Uint8Array.of(1, 2, 3));
      forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
      give(pair, 'server', forged);
    }
    expect(pair.server.failure).toBeUndefined();
    const last = sealFrom13(pair, 'client', 3, 23, Uint8Array.of(1));
    last[8] = (last[8] ?? 0) ^ 1;
    give(pair, 'server', last);
    expect(pair.server.failure).toMatchObject({ fault: 'local', code: 'key-worn-out' });
  });
});
