import { describe, expect, it } from 'vitest';
import { concat } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { type Fragment, HelloPool, Inbox } from '../../src/engine/inbox.ts';
import { defaultConfig } from '../../src/engine/index.ts';
import { cutFlight, type FlightPart } from '../../src/engine/packing.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { faithful, type LinkRule, Pair } from '../support/pair.ts';
import { type RawFragment, rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';

const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');
const { limits } = defaultConfig('client');

/** Puts messages of epoch 0 together again from all datagrams, by hand; the first sending of each byte wins. */
function reassembled(datagrams: readonly Uint8Array[]): Map<number, { type: number; body: Uint8Array; seen: number }> {
  const messages = new Map<number, { type: number; body: Uint8Array; seen: number }>();
  for (const datagram of datagrams)
    for (const record of rawRecords(datagram)) {
      if (record.type !== 22 || record.epoch !== 0) continue;
      for (const { type, total, seq, offset, body } of rawFragments(record.body)) {
        const message = messages.get(seq) ?? { type, body: new Uint8Array(total), seen: 0 };
        expect([message.type, message.body.length]).toEqual([type, total]);
        message.body.set(body, offset);
        message.seen += body.length;
        messages.set(seq, message);
      }
    }
  return messages;
}

describe('what is sent', () => {
  for (const mtu of [64, 100, 228, 300, 576, 1200, 1472])
    for (const packing of ['packed', 'record'] as const)
      it(`[12, 37] never exceeds an MTU of ${mtu} (${packing}), and is whole when put together by hand`, () => {
        const both = { mtu, packing, credentials: [longChain] };
        const pair = new Pair({ client: both, server: { ...both, clientAuth: 'require', cookie: true } }).run();
        expect(pair.agreed, pair.describe()).toBe(true);
        pair.send(pair.client, 'x');
        pair.input(pair.client, { kind: 'close' });
        pair.settle();
        for (const { bytes } of pair.sent) expect(bytes.length).toBeLessThanOrEqual(mtu);
        for (const { seen, body } of reassembled(pair.server.sent.map(({ bytes }) => bytes)).values())
          expect(seen).toBe(body.length);
        // HelloVerifyRequest, ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone.
        expect([...reassembled(pair.server.sent.map(({ bytes }) => bytes))].map(([, { type }]) => type)).toEqual([
          3, 2, 11, 12, 13, 14,
        ]);
      });

  it('is cut at the fragment cap, where that is smaller than what the MTU allows', () => {
    const pair = new Pair({ server: { fragment: 100, credentials: [longChain] } }).run();
    expect(pair.agreed).toBe(true);
    const lengths = pair.server.sent.flatMap(({ contents }) =>
      contents.records.flatMap(({ fragments }) => fragments.map(({ length }) => length)),
    );
    expect(Math.max(...lengths)).toBe(100);
    expect(lengths.length).toBeGreaterThan(38);
  });

  it('may be cut into single bytes', () => {
    const pair = new Pair({ client: { fragment: 1 }, server: { fragment: 1, credentials: [ecdsa] } }).run();
    expect(pair.agreed).toBe(true);
  });
});

describe('what is received', () => {
  /** Cuts every handshake record of epoch 0 anew, with borders and overlaps of a generator, and shuffles the pieces. */
  const recut =
    (random: Prng, overlap: number): LinkRule =>
    (sent) => {
      const pieces: Uint8Array[] = [];
      let number = sent.index * 1000;
      for (const record of rawRecords(sent.bytes)) {
        if (record.type !== 22 || record.epoch !== 0) {
          pieces.push(rawRecord({ ...record, number: record.epoch === 0 ? number++ : record.number }));
          continue;
        }
        for (const fragment of rawFragments(record.body))
          for (const piece of cutRandomly(fragment, random, overlap))
            pieces.push(rawRecord({ ...record, number: number++, body: rawFragment(piece) }));
      }
      for (let i = pieces.length - 1; i > 0; i--) {
        const j = random.int(i + 1);
        [pieces[i], pieces[j]] = [pieces[j] ?? new Uint8Array(), pieces[i] ?? new Uint8Array()];
      }
      return pieces.map((bytes) => ({ bytes }));
    };
  function cutRandomly(fragment: RawFragment, random: Prng, overlap: number): RawFragment[] {
    const pieces: RawFragment[] = [];
    for (let at = 0; at < fragment.body.length; ) {
      const end = Math.min(fragment.body.length, at + 1 + random.int(60));
      const from = Math.max(0, at - random.int(overlap + 1));
      pieces.push({ ...fragment, offset: fragment.offset + from, body: fragment.body.subarray(from, end) });
      at = end;
    }
    return pieces.length > 0 ? pieces : [fragment];
  }

  it('[38] may come in pieces with any borders and overlaps and in any order', () => {
    for (let seed = 0; seed < 60; seed++) {
      const pair = new Pair({
        client: { credentials: [ecdsa] },
        server: { credentials: [longChain], clientAuth: 'require' },
        link: recut(new Prng(seed), seed % 3 === 0 ? 0 : 40),
      }).run();
      expect(pair.agreed, `seed ${seed}: ${pair.describe()}`).toBe(true);
    }
  });

  it('[43] may hold several messages in one record', () => {
    const together: LinkRule = (sent) => {
      const records = rawRecords(sent.bytes);
      const plain = records.filter(({ type, epoch }) => type === 22 && epoch === 0);
      const [first] = plain;
      if (!first || sent.from !== 'server') return faithful(sent);
      return [{ bytes: rawRecord({ ...first, body: concat(...plain.map(({ body }) => body)) }) }];
    };
    // Everything of flight 2 in one record; flight 4 has no plaintext handshake message.
    const pair = new Pair({ server: { credentials: [ecdsa] }, link: together }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.drops).toEqual([]);
  });

  it('[15] keeps the records of a datagram that follow a bad one', () => {
    const pair = new Pair({
      server: { credentials: [ecdsa] },
      link: (sent) =>
        sent.from === 'server'
          ? [
              {
                bytes: concat(rawRecord({ type: 22, number: 77, body: [1, 2, 3] }), sent.bytes, Uint8Array.of(22, 254)),
              },
            ]
          : faithful(sent),
    }).run();
    expect(pair.agreed).toBe(true);
    const behind = 13 + 3 + (pair.server.sent[0]?.bytes.length ?? 0);
    expect(pair.client.of('dropped').slice(0, 2)).toEqual([
      { kind: 'dropped', reason: 'malformed', at: 0, detail: 'a handshake header that is cut short' },
      { kind: 'dropped', reason: 'short-header', at: behind },
    ]);
  });
});

describe('the inbox', () => {
  const fragment = (more: Partial<Fragment>): Fragment => ({
    type: HandshakeType.certificate,
    seq: 0,
    epoch: 0,
    total: 10,
    length: 10,
    offset: 0,
    bytes: Uint8Array.of(1, 2, 3, 4, 5),
    ...more,
  });
  const anchored = (): Inbox => {
    const inbox = new Inbox(limits);
    inbox.anchor(0);
    return inbox;
  };

  it('[35, 36] hands messages out in sequence', () => {
    const inbox = anchored();
    const whole = { total: 5 };
    expect(inbox.accept(fragment({ ...whole, seq: 2 }))).toBe('fresh');
    expect(inbox.accept(fragment({ ...whole, seq: 1 }))).toBe('fresh');
    expect(inbox.take()).toBeUndefined();
    expect(inbox.accept(fragment({ ...whole, seq: 0 }))).toBe('fresh');
    expect([inbox.take(), inbox.take(), inbox.take()].map((message) => message?.seq)).toEqual([0, 1, 2]);
    expect(inbox.accept(fragment({ ...whole, seq: 1 }))).toBe('repeated-message');
  });

  it('[43] takes a message without a body', () => {
    const inbox = anchored();
    expect(inbox.accept(fragment({ total: 0, bytes: new Uint8Array() }))).toBe('fresh');
    expect(inbox.take()?.body).toHaveLength(0);
  });

  it('keeps a message that came whole and is not taken before more comes, and tells what is said of it', () => {
    const whole = { total: 5 };
    const inbox = anchored();
    inbox.accept(fragment({ ...whole }));
    expect(inbox.size).toBe(5);
    expect(inbox.accept(fragment({ ...whole }))).toBe('repeated-message');
    inbox.accept(fragment({ ...whole, seq: 1 }));
    expect([inbox.take(), inbox.take()].map((message) => message?.seq)).toEqual([0, 1]);

    inbox.accept(fragment({ ...whole, seq: 2 }));
    expect(inbox.accept(fragment({ ...whole, seq: 2, bytes: Uint8Array.of(1, 2, 3, 4, 6) }))).toBe(
      'conflicting-fragment',
    );
    expect(inbox.take()?.body).toEqual(Uint8Array.of(1, 2, 3, 4, 6));

    inbox.accept(fragment({ ...whole, seq: 3 }));
    inbox.anchor(4);
    expect([inbox.take(), inbox.size]).toEqual([undefined, 0]);
    inbox.accept(fragment({ ...whole, seq: 4 }));
    inbox.forget();
    expect([inbox.take(), inbox.size]).toEqual([undefined, 0]);
  });

  it('[40] begins a message anew with a fragment that contradicts the ones before: type, length, epoch or bytes', () => {
    for (const other of [
      { type: HandshakeType.finished },
      { total: 11 },
      { epoch: 1 },
      { bytes: Uint8Array.of(1, 2, 3, 4, 6) },
    ]) {
      const inbox = anchored();
      inbox.accept(fragment({}));
      expect(inbox.accept(fragment({}))).toBe('repeated-message');
      expect(inbox.accept(fragment(other))).toBe('conflicting-fragment');
      expect(inbox.size).toBe(5);
      expect(inbox.accept(fragment({}))).toBe('conflicting-fragment');
      expect(inbox.accept(fragment({ offset: 5, bytes: Uint8Array.of(6, 7, 8, 9, 10) }))).toBe('fresh');
      expect(inbox.take()?.body).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    }
  });

  it('[36, 40] is bounded in messages, in bytes and in holes', () => {
    const inbox = anchored();
    expect(inbox.accept(fragment({ seq: limits.messagesAhead + 1 }))).toBe('too-far-ahead');
    expect(inbox.accept(fragment({ seq: limits.messagesAhead }))).toBe('fresh');
    expect(inbox.accept(fragment({ total: limits.messageBytes + 1 }))).toBe('over-limit');
    let last = '';
    for (let i = 0; i < 3000; i++)
      last = inbox.accept(fragment({ total: 60_000, offset: 2 * i, bytes: Uint8Array.of(1) }));
    expect(last).toBe('over-limit');
    expect(inbox.size).toBeLessThan(1100);
  });

  it('begins with whatever number the first hello has, and with nothing else', () => {
    const inbox = new Inbox(limits);
    inbox.accept(fragment({ seq: 4, total: 5 }));
    expect(inbox.take()).toBeUndefined();
    inbox.accept(fragment({ seq: 3, total: 5, type: HandshakeType.serverHello }));
    expect(inbox.take()?.seq).toBe(3);
    inbox.anchor(4);
    expect(inbox.take()?.seq).toBe(4);
  });
});

describe('the pool of unverified hellos', () => {
  const part = (offset: number, seq = 0): Fragment => ({
    type: HandshakeType.clientHello,
    seq,
    epoch: 0,
    total: 10,
    length: 5,
    offset,
    bytes: Uint8Array.of(offset, 2, 3, 4, 5),
  });

  it('keeps one hello for each of a few addresses, and drops the oldest for a new one', () => {
    const pool = new HelloPool({ ...limits, unverifiedHellos: 2 });
    for (const from of ['a', 'b', 'c']) pool.accept(from, part(0), 0);
    expect(pool.size).toBe(10);
    expect(pool.accept('a', part(5), 1).message).toBeUndefined();
    expect(pool.accept('c', part(5), 1).message?.body).toHaveLength(10);
  });

  it('forgets after a while, and when the client goes on to another hello', () => {
    const pool = new HelloPool(limits);
    pool.accept('a', part(0), 0);
    expect(pool.accept('a', part(5), 10_001).message).toBeUndefined();
    pool.accept('b', part(0, 0), 20_000);
    pool.accept('b', part(0, 1), 20_001);
    expect(pool.accept('b', part(5, 1), 20_002).message?.seq).toBe(1);
    expect(pool.size).toBe(0);
  });
});

describe('cutting a flight', () => {
  const sizes = {
    recordLength: (epoch: number, length: number) => 13 + length + (epoch > 0 ? 24 : 0),
    plaintextThatFits: (epoch: number, room: number) => Math.min(16384, room - 13 - (epoch > 0 ? 24 : 0)),
  };
  const random = new Prng('cut');
  const flight = (): FlightPart[] =>
    Array.from({ length: 1 + random.int(6) }, (_, seq) =>
      random.int(5) === 0
        ? { kind: 'change_cipher_spec', epoch: 0 }
        : { kind: 'message', epoch: random.int(2), type: 11, seq, body: random.bytes(random.int(4) * random.int(700)) },
    );

  it('[37] loses nothing, repeats nothing, keeps the order and never exceeds the MTU', () => {
    for (let i = 0; i < 400; i++) {
      const parts = flight();
      const cut = {
        mtu: 64 + random.int(1500),
        packing: random.int(2) ? ('packed' as const) : ('record' as const),
        fragment: random.int(3) ? undefined : 1 + random.int(300),
      };
      const datagrams = cutFlight(parts, sizes, cut);
      let expectedNext = 0;
      const bodies = new Map<number, number>();
      for (const records of datagrams) {
        const size = records.reduce((sum, { epoch, length }) => sum + sizes.recordLength(epoch, length), 0);
        expect(size).toBeLessThanOrEqual(cut.mtu);
        expect(records.length).toBeGreaterThan(0);
        if (cut.packing === 'record') expect(records).toHaveLength(1);
        for (const { fragments } of records)
          for (const { messageSeq, offset, length } of fragments) {
            expect(messageSeq).toBeGreaterThanOrEqual(expectedNext);
            expectedNext = messageSeq;
            expect(offset).toBe(bodies.get(messageSeq) ?? 0);
            expect(length).toBeLessThanOrEqual(cut.fragment ?? 16384);
            bodies.set(messageSeq, offset + length);
          }
      }
      for (const part of parts) if (part.kind === 'message') expect(bodies.get(part.seq)).toBe(part.body.length);
      const changes = datagrams.flat().filter(({ type }) => type === 20).length;
      expect(changes).toBe(parts.filter(({ kind }) => kind === 'change_cipher_spec').length);
    }
  });
});
