import { describe, expect, it } from 'vitest';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, faithful, type LinkRule, Pair, type Sent } from '../support/pair.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { sealFrom } from '../support/sealed.ts';

const ecdsa = await credential('ecdsa-p256');
const inRecords = {
  client: { packing: 'record', credentials: [ecdsa] },
  server: { packing: 'record', credentials: [ecdsa] },
} as const;
const late =
  (matches: (sent: Sent) => boolean, afterMs: number): LinkRule =>
  (sent) =>
    matches(sent) ? [{ bytes: sent.bytes, afterMs }] : faithful(sent);
const isChange = (sent: Sent): boolean => sent.contents.records.some(({ type }) => type === 20);

describe('what overtakes', () => {
  for (const message of ['serverHello', 'certificate', 'serverKeyExchange', 'clientKeyExchange'] as const)
    it(`[36] a ${message} waits for it, without anything being sent again`, () => {
      const pair = new Pair({ ...inRecords, link: late((sent) => carries(sent, HandshakeType[message]), 300) }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      expect(pair.sent.some(({ contents }) => contents.attempt > 0)).toBe(false);
    });

  it('[22] a ChangeCipherSpec waits for it: Finished is kept until the keys are here', () => {
    const pair = new Pair({ ...inRecords, link: late(isChange, 300) }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.sent.some(({ contents }) => contents.attempt > 0)).toBe(false);
  });

  it('a ClientKeyExchange does not switch keys: an early ChangeCipherSpec only waits', () => {
    const pair = new Pair(inRecords);
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    const change = rawRecord({ type: 20, number: 30, body: [1] });
    pair.settle(12);
    pair.input(pair.server, { kind: 'datagram', bytes: change, from: 'client' });
    pair.input(pair.server, { kind: 'datagram', bytes: change, from: 'client' });
    expect(pair.server.endpoint.state).toBe('awaitClientKeyExchange');
    expect(pair.server.drops).toEqual(['repeated-message']);
    pair.settle();
    expect(pair.agreed, pair.describe()).toBe(true);
  });

  it('[45] a Finished is application data that is kept, and given out when the Finished has come', () => {
    const pair = new Pair({
      server: { credentials: [ecdsa] },
      link: late((sent) => sent.from === 'server' && sent.contents.flight === 4, 500),
    });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(100);
    expect(pair.client.endpoint.state).toBe('awaitChangeCipherSpec');
    pair.send(pair.server, 'first');
    pair.send(pair.server, 'second');
    pair.settle(200);
    expect(pair.client.data).toEqual([]);
    pair.settle();
    expect(pair.client.data).toEqual(['first', 'second']);
    const kinds = pair.client.events.map(({ kind }) => kind);
    expect(kinds.indexOf('data')).toBeGreaterThan(kinds.indexOf('connected'));
  });
});

describe('what is kept for later', () => {
  const midway = (): Pair => {
    const pair = new Pair({ server: { credentials: [ecdsa] }, link: late((sent) => sent.contents.flight === 4, 500) });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(100);
    return pair;
  };

  it('[22] is no more than so many records of the next epoch', () => {
    const pair = midway();
    for (let i = 0; i < 40; i++)
      pair.input(pair.client, {
        kind: 'datagram',
        bytes: rawRecord({ type: 23, epoch: 1, number: 100 + i, body: [i] }),
        from: 'server',
      });
    expect(pair.client.drops).toEqual(Array(8).fill('over-limit'));
    expect(pair.client.endpoint.held).toBe(32);
    pair.settle();
    // Those that were kept turn out to be forged.
    expect(pair.client.drops.filter((reason) => reason === 'bad-mac')).toHaveLength(32);
    expect(pair.client.endpoint.held).toBe(0);
  });

  it('is nothing of the epoch after the next', () => {
    const pair = midway();
    pair.input(pair.client, { kind: 'datagram', bytes: rawRecord({ type: 23, epoch: 2, body: [1] }), from: 'server' });
    expect(pair.client.drops).toEqual(['unknown-epoch']);
  });

  it('[45] is no more than so much application data before Finished', () => {
    const pair = midway();
    // The change arrives alone, so that there are keys and no Finished.
    pair.input(pair.client, {
      kind: 'datagram',
      bytes: rawRecord({ type: 20, number: 90, body: [1] }),
      from: 'server',
    });
    expect(pair.client.endpoint.state).toBe('awaitFinished');
    for (let i = 0; i < 40; i++)
      pair.input(pair.client, {
        kind: 'datagram',
        bytes: sealFrom(pair, 'server', 23, Uint8Array.of(65), 1 + i),
        from: 'server',
      });
    expect(pair.client.drops).toEqual(Array(8).fill('over-limit'));
    pair.settle();
    expect(pair.client.data).toHaveLength(32);
  });
});

describe('between ChangeCipherSpec and Finished', () => {
  /** A client whose server has switched keys and whose Finished is on its way, half a second long. */
  const waiting = (): Pair => {
    const pair = new Pair({
      client: { packing: 'record' },
      server: { packing: 'record', credentials: [ecdsa] },
      link: late((sent) => sent.from === 'server' && carries(sent, HandshakeType.finished), 500),
    });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(100);
    expect(pair.client.endpoint.state).toBe('awaitFinished');
    return pair;
  };
  const give = (pair: Pair, bytes: Uint8Array): void =>
    pair.input(pair.client, { kind: 'datagram', bytes, from: 'server' });

  it('nothing in the old epoch is believed: no alert, no Finished, no part of one', () => {
    const pair = waiting();
    give(pair, rawRecord({ type: 21, number: 80, body: [2, 40] }));
    give(pair, rawRecord({ number: 81, body: rawFragment({ type: 20, seq: 4, body: new Uint8Array(12) }) }));
    give(pair, rawRecord({ number: 82, body: rawFragment({ type: 20, seq: 4, total: 12, body: [1] }) }));
    expect(pair.client.drops).toEqual(['unauthenticated-alert', 'unexpected-content', 'unexpected-content']);
    pair.settle();
    expect(pair.agreed, pair.describe()).toBe(true);
  });

  it('nothing that began in the old epoch is continued', () => {
    const pair = new Pair({
      server: { credentials: [ecdsa] },
      link: late((sent) => sent.contents.flight === 4, 500),
    });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(100);
    give(pair, rawRecord({ number: 81, body: rawFragment({ type: 20, seq: 4, total: 12, body: [1] }) }));
    pair.settle();
    expect(pair.agreed, pair.describe()).toBe(true);
  });
});

describe('a new ClientHello on a live association', () => {
  it('[86] is ignored by name, and a late copy of the old one is told from it', () => {
    const pair = new Pair({ server: { credentials: [ecdsa], cookie: true } }).run();
    const other = new Pair({ server: { credentials: [ecdsa] } }).run();
    const hello = (from: Pair, nth: number): Uint8Array => from.client.sent[nth]?.bytes ?? new Uint8Array();
    for (const bytes of [hello(other, 0), hello(pair, 1)])
      pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    expect(pair.server.of('dropped').map(({ reason, detail }) => [reason, detail])).toEqual([
      ['unexpected-content', 'a new client_hello on a live association (RFC 6347 §4.2.8)'],
      ['repeated-message', 'client_hello'],
    ]);
    pair.send(pair.client, 'alive');
    pair.settle();
    expect(pair.server.data).toEqual(['alive']);
  });
});
