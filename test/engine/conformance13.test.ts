/** What RFC 9147 asks of an endpoint, row by row, where no other test shows it. */
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import { decode, encode, type Infer } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { canRun, createEndpoint, defaultConfig } from '../../src/engine/index.ts';
import { certificateRequest13, encryptedExtensions } from '../../src/wire/handshake.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import {
  carries,
  completed,
  dropping,
  faithful,
  give,
  type LinkRule,
  mutating,
  Pair,
  type PairOptions,
  type Sent,
  started,
} from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';
import { nothingButZeros, openSent, rewriting13, sealFrom13 } from '../support/sealed13.ts';
import { helloWith, only13 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const other = await credential('ecdsa-p256,cn=other');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');
/** An extension that may stand in EncryptedExtensions. */
type EncryptedExtension = Infer<typeof encryptedExtensions>['extensions'][number];

const ends = { client: only13, server: { ...only13, credentials: [ecdsa] } };
const inRecords = {
  client: { ...only13, packing: 'record' },
  server: { ...only13, packing: 'record', credentials: [ecdsa] },
} as const;
const mutual = {
  client: { ...only13, credentials: [ecdsa] },
  server: { ...only13, credentials: [ecdsa], clientAuth: 'require' },
} as const;
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const connected = (options: PairOptions = ends): Pair => completed(options);
/** A handshake of which one encrypted message is changed by somebody who has the keys. */
function resealing(options: PairOptions, message: number, change: (body: Uint8Array) => Uint8Array): Pair {
  const pair: Pair = new Pair({ ...options, link: rewriting13(() => pair, message, change) });
  return pair.run();
}
const late =
  (matches: (sent: Sent) => boolean, afterMs: number): LinkRule =>
  (sent) =>
    matches(sent) ? [{ bytes: sent.bytes, afterMs }] : faithful(sent);
const flipped = (bytes: Uint8Array, at = -1): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
};
const alive = (pair: Pair): void => {
  pair.send(pair.client, 'alive');
  pair.settle();
  expect(pair.server.data.at(-1)).toBe('alive');
};

describe('records', () => {
  it('[12] lie whole in datagrams that the path carries, and begin them', () => {
    const small = { ...only13, mtu: 300, credentials: [longChain] };
    const pair = connected({ client: small, server: { ...small, clientAuth: 'require' } });
    for (const sent of pair.sent) {
      expect(sent.bytes.length).toBeLessThanOrEqual(300);
      const { records, leftover } = splitDatagram(sent.bytes, { cidLength: 0 });
      expect(leftover).toBeUndefined();
      expect(records).toHaveLength(sent.contents.records.length);
    }
    expect(pair.sent.some(({ contents }) => contents.records.length > 1)).toBe(true);
  });

  it('[14, 15, 31] that are bad are dropped, without a word, and without the others of their datagram', () => {
    const pair = connected();
    const count = pair.sent.length;
    const bad = [
      flipped(sealFrom13(pair, 'client', 3, 23, text('forged'), { number: 20 })),
      nothingButZeros(pair, 'client', 3, 21),
      // Too short to have the sample from which its mask is made.
      Uint8Array.from([0x2f, 0, 22, 0, 4, 1, 2, 3, 4]),
    ];
    const good = sealFrom13(pair, 'client', 3, 23, text('good'), { number: 23 });
    give(pair, 'server', concat(...bad, good, Uint8Array.of(99)));
    expect(pair.server.drops).toEqual(['bad-mac', 'malformed', 'bad-mac', 'short-header']);
    expect(pair.server.data).toEqual(['good']);
    expect(pair.sent).toHaveLength(count);
    alive(pair);
  });

  it('[16] are read once in their epoch, as far back as the window goes, and only good ones move it', () => {
    const pair = connected({ client: only13, server: { ...ends.server, replayWindow: 64 } });
    const record = (number: number): Uint8Array => sealFrom13(pair, 'client', 3, 23, text(String(number)), { number });
    for (const number of [1000, 1000, 937, 936, 999, 937]) give(pair, 'server', record(number));
    expect(pair.server.data).toEqual(['1000', '937', '999']);
    expect(pair.server.drops).toEqual(['replayed', 'replayed', 'replayed']);
    give(pair, 'server', flipped(record(1900)));
    give(pair, 'server', record(998));
    expect(pair.server.data.at(-1)).toBe('998');
  });

  it('[16] are counted anew in each epoch', () => {
    const pair = connected();
    pair.send(pair.client, 'epoch 3');
    pair.input(pair.client, { kind: 'key-update', request: false });
    pair.settle();
    pair.send(pair.client, 'epoch 4');
    pair.settle();
    const numbers = pair.client.sent.slice(-3).map(({ contents }) => contents.records[0]);
    expect(numbers.map((one) => [one?.epoch, one?.sequenceNumber])).toEqual([
      [3, 0],
      [3, 1],
      [4, 0],
    ]);
    expect(pair.server.data).toEqual(['epoch 3', 'epoch 4']);
  });

  it('[17] are opened before anybody looks whether they were read before', () => {
    const pair = connected();
    const bytes = sealFrom13(pair, 'client', 3, 23, text('once'), { number: 10 });
    for (const one of [bytes, flipped(bytes), bytes]) give(pair, 'server', one);
    expect(pair.server.drops).toEqual(['bad-mac', 'replayed']);
  });

  it('[20] of more than 2^14 bytes, or 2^14+256 under keys, are dropped', () => {
    const pair = connected();
    give(pair, 'server', sealFrom13(pair, 'client', 3, 23, new Uint8Array(2 ** 14), { number: 10 }));
    give(pair, 'server', sealFrom13(pair, 'client', 3, 23, new Uint8Array(2 ** 14 + 1), { number: 11 }));
    const long = sealFrom13(pair, 'client', 3, 23, text('x'), { number: 12, padding: 2 ** 14 + 256 - 17 });
    give(pair, 'server', sealFrom13(pair, 'client', 3, 23, text('x'), { number: 13, padding: 2 ** 14 + 256 - 18 }));
    give(pair, 'server', long);
    expect(pair.server.of('data').map(({ bytes }) => bytes.length)).toEqual([2 ** 14, 1]);
    expect(pair.server.drops).toEqual(['oversized', 'oversized']);
  });

  it('[21] of the keys before a KeyUpdate are read until a segment lifetime after the new ones were seen', () => {
    const pair = connected();
    const old = (number: number): Uint8Array => sealFrom13(pair, 'client', 3, 23, text(`${number}`), { number });
    const [soon, within, after] = [old(30), old(31), old(32)];
    pair.input(pair.client, { kind: 'key-update', request: false });
    pair.settle();
    give(pair, 'server', soon);
    alive(pair);
    pair.advance(119_000);
    give(pair, 'server', within);
    pair.advance(2000);
    give(pair, 'server', after);
    expect(pair.server.data).toEqual(['30', 'alive', '31']);
    expect(pair.server.drops.at(-1)).toBe('unknown-epoch');
  });

  it('[22] under keys that are not here yet wait for the ServerHello, and nothing is sent again', () => {
    const link = late((sent) => carries(sent, HandshakeType.serverHello), 300);
    const pair = connected({ ...inRecords, link });
    expect(pair.sent.some(({ contents }) => contents.attempt > 0)).toBe(false);
    expect(pair.client.endpoint.held).toBe(0);
  });

  it('[27] may have short numbers and no length, and no connection ID where none was agreed', () => {
    const pair = connected();
    const record = (word: string, number: number, form: object): Uint8Array =>
      sealFrom13(pair, 'client', 3, 23, text(word), { number, form });
    give(
      pair,
      'server',
      concat(record('short', 10, { numberLength: 1 }), record('last', 11, { withLength: false, numberLength: 1 })),
    );
    give(pair, 'server', record('bare', 12, { withLength: false }));
    expect(pair.server.data).toEqual(['short', 'last', 'bare']);
    expect(pair.server.drops).toEqual([]);
  });

  it('[88] with a connection ID are dropped, in both forms, as none is ever agreed', () => {
    const pair = connected();
    give(pair, 'server', sealFrom13(pair, 'client', 3, 23, text('x'), { number: 10, form: { cid: Uint8Array.of(7) } }));
    give(pair, 'server', rawRecord({ type: 25, epoch: 1, body: new Uint8Array(40) }));
    expect(pair.server.drops).toEqual(['unexpected-cid', 'unexpected-cid']);
    const offered = pair.client.sent.map(({ bytes }) => toHex(bytes)).join('');
    expect(offered).not.toContain('00360001');
    alive(pair);
  });

  it('[32] in the clear say DTLS 1.2, the first hello DTLS 1.0, and whatever they say is not looked at', () => {
    const retry = { client: only13, server: { ...only13, groups: [0x17], credentials: [ecdsa] } };
    const plain = (pair: Pair, from: string): number[] =>
      pair.sent.flatMap(({ bytes, from: sender }) =>
        splitDatagram(bytes, { cidLength: 0 }).records.flatMap((slice) =>
          sender === from && slice.form === 'plain' ? [slice.version] : [],
        ),
      );
    const pair = connected(retry);
    expect([plain(pair, 'client'), plain(pair, 'server')]).toEqual([
      [0xfeff, 0xfefd],
      [0xfefd, 0xfefd],
    ]);
    for (const minor of [0xff, 0xfc, 0x00]) {
      const link: LinkRule = (sent) => {
        const bytes = Uint8Array.from(sent.bytes);
        if (bytes[0] === 22) bytes[2] = minor;
        return [{ bytes }];
      };
      connected({ ...retry, link });
    }
  });

  it('[34] are never under a suite with AES_128_CCM_8', () => {
    expect(canRun(0x1305)).toBe(false);
    const environment = { crypto: nodeProvider, random: (n: number) => new Uint8Array(n), peer: 'peer' };
    const config = { ...defaultConfig('client'), ...only13, cipherSuites: [0x1305] };
    expect(() => createEndpoint(config, environment)).toThrow(RangeError);
    const pair = new Pair({ client: { ...only13, cipherSuites: [0x1305, 0x1302] }, server: ends.server }).run();
    expect(pair.server.parameters?.cipherSuite).toBe(0x1302);
  });

  it('[82] of no epoch that has keys are dropped', () => {
    const pair = connected();
    // Early data, and the epoch after the next KeyUpdate.
    for (const bits of [1, 0]) {
      const bytes = sealFrom13(pair, 'client', 3, 23, text('x'), { number: 10 });
      bytes[0] = ((bytes[0] ?? 0) & 0xfc) | bits;
      give(pair, 'server', bytes);
    }
    expect(pair.server.drops).toEqual(['unknown-epoch', 'unknown-epoch']);
    expect(pair.server.data).toEqual([]);
    alive(pair);
  });

  it('[89] of an address that is not the peer’s change nothing, also when they open', () => {
    const pair = connected();
    const bytes = sealFrom13(pair, 'client', 3, 23, text('from elsewhere'), { number: 10 });
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'elsewhere' });
    expect(pair.server.drops).toEqual(['other-peer']);
    pair.send(pair.server, 'still to the client');
    expect(pair.server.sent.at(-1)?.to).toBe('client');
  });
});

describe('messages', () => {
  it('[35] are numbered from 0, one after the other, also after a HelloRetryRequest', () => {
    const pair = connected({ ...mutual, server: { ...mutual.server, groups: [0x17], cookie: true } });
    for (const side of [pair.client, pair.server]) {
      const seqs = side.sent.flatMap(({ contents }) =>
        contents.records.flatMap(({ fragments }) => fragments.map(({ messageSeq }) => messageSeq)),
      );
      expect(seqs).toEqual(seqs.map((_, i) => i));
    }
  });

  it('[37] are cut into fragments that cover them and do not overlap', () => {
    const small = { ...only13, mtu: 300, credentials: [longChain] };
    const pair = connected({ client: small, server: { ...small, clientAuth: 'require' } });
    for (const side of [pair.client, pair.server]) {
      const reached = new Map<number, { end: number; total: number }>();
      for (const { contents } of side.sent)
        for (const { messageSeq, offset, length, total } of contents.records.flatMap(({ fragments }) => fragments)) {
          expect(offset).toBe(reached.get(messageSeq)?.end ?? 0);
          reached.set(messageSeq, { end: offset + length, total });
        }
      for (const { end, total } of reached.values()) expect(end).toBe(total);
    }
  });

  it('[19, 39] are sent again with the same bytes and message_seq, in records with other numbers', () => {
    // Of one size, so that messages are cut alike.
    const mtuSteps = [] as const;
    const pair = connected({
      client: { ...mutual.client, mtuSteps },
      server: { ...mutual.server, mtuSteps },
      link: (sent) => (sent.contents.flight > 0 && sent.contents.attempt < 2 ? [] : faithful(sent)),
    });
    for (const [side, flight] of [
      ['client', 1],
      ['server', 2],
      ['client', 3],
    ] as const) {
      const sendings = [0, 1, 2].map((attempt) =>
        pair[side].sent
          .filter(({ contents }) => contents.flight === flight && contents.attempt === attempt)
          .flatMap((sent) => openSent(pair, sent))
          .filter(({ type }) => type === 22),
      );
      const messages = sendings.map((records) => records.map(({ epoch, content }) => `${epoch} ${toHex(content)}`));
      expect(messages[0]?.length).toBeGreaterThan(0);
      expect(messages[1]).toEqual(messages[0]);
      expect(messages[2]).toEqual(messages[0]);
      const numbers = sendings.flat().map(({ epoch, number }) => `${epoch}.${number}`);
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  it('[39, 40] of which fragments disagree under keys are illegal', () => {
    const finished = { type: 20, seq: 1, total: 32 };
    for (const second of [
      { ...finished, body: [1, 2, 4] },
      { ...finished, total: 33, body: [1, 2, 3] },
      { ...finished, type: 11, body: [1, 2, 3] },
    ]) {
      const pair = started(ends, 15);
      for (const part of [{ ...finished, body: [1, 2, 3] }, second])
        give(pair, 'server', sealFrom13(pair, 'client', 2, 22, rawFragment(part)));
      expect(pair.server.failure).toMatchObject({ code: 'illegal-parameter', what: 'fragments that disagree' });
      expect(pair.server.alerts).toEqual(['sent 2 47']);
    }
  });

  it('[44] never come with a ChangeCipherSpec, and one that comes is nothing', () => {
    const pair = started(mutual, 15);
    const change = rawRecord({ type: 20, number: 40, body: [1] });
    // The client does not know the version yet.
    for (const side of ['client', 'server'] as const) give(pair, side, change);
    expect(pair.server.drops).toEqual(['unexpected-content']);
    expect(pair.settle().agreed, pair.describe()).toBe(true);
    give(pair, 'client', change);
    expect(pair.client.drops).toEqual(['repeated-message']);
    expect(pair.sent.flatMap(({ contents }) => contents.records).filter(({ type }) => type === 20)).toEqual([]);
    alive(pair);
  });

  it('[45] of Finished may be overtaken by data, which waits for it', () => {
    const link = late((sent) => sent.from === 'client' && carries(sent, HandshakeType.finished), 500);
    const pair = started({ ...ends, link }, 100);
    expect(pair.client.endpoint.state).toBe('connected');
    pair.send(pair.client, 'first');
    pair.settle(100);
    expect(pair.server.endpoint.state).toBe('awaitFinished');
    expect(pair.server.data).toEqual([]);
    pair.settle();
    expect(pair.server.data).toEqual(['first']);
    const kinds = pair.server.events.map(({ kind }) => kind);
    expect(kinds.indexOf('data')).toBeGreaterThan(kinds.indexOf('connected'));
  });
});

describe('hellos and what follows them', () => {
  it('[4] a certificate of which the fingerprint is another ends it, on either side', () => {
    const value = nodeProvider.hash('sha256', other.chain[0] ?? new Uint8Array());
    const trust = { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value }] } as const;
    const wrongServer = new Pair({ client: { ...only13, trust }, server: ends.server }).run();
    expect(wrongServer.client.failure).toMatchObject({ code: 'fingerprint-mismatch' });
    expect(wrongServer.client.alerts).toEqual(['sent 2 42']);
    const wrongClient = new Pair({ client: mutual.client, server: { ...mutual.server, trust } }).run();
    expect(wrongClient.server.failure).toMatchObject({ code: 'fingerprint-mismatch' });
    expect(wrongClient.server.parameters).toBeUndefined();
  });

  it('[51] a session id is not echoed, neither by ServerHello nor by HelloRetryRequest', () => {
    const hello = {
      legacyVersion: 0xfefd,
      sessionIdLength: 32,
      compressionMethods: [0],
      supportedVersions: [0xfefc],
      keyShares: [0x1d],
      extensions: ['supported_groups', 'signature_algorithms', 'supported_versions', 'key_share'],
      order: 'fixed',
    } as const;
    const pair = connected({ client: { ...only13, hello }, server: { ...inRecords.server, cookie: true } });
    const plain = (from: string): Uint8Array[] =>
      pair.sent.flatMap((sent) =>
        sent.from === from && sent.contents.records[0]?.epoch === 0
          ? rawRecords(sent.bytes).flatMap(({ body }) => rawFragments(body).map((one) => one.body))
          : [],
      );
    expect(plain('client').map((body) => body[34])).toEqual([32, 32]);
    expect(plain('server').map((body) => body[34])).toEqual([0, 0]);
  });

  it('[57, 84] an unknown extension that was not asked for is refused, and that is said once while its flight goes on', () => {
    const pair = resealing(inRecords, HandshakeType.encryptedExtensions, (body) => {
      const { extensions } = decode(encryptedExtensions, body);
      const unknown = { kind: 'unknown', code: 0xabab, body: new Uint8Array() } as const;
      return encode(encryptedExtensions, { extensions: [...extensions, unknown] });
    });
    expect(pair.client.failure).toMatchObject({ code: 'unsupported-extension', extension: 0xabab });
    // Certificate, CertificateVerify and Finished came after it, each in a datagram of its own.
    expect(pair.client.drops).toEqual(['after-close', 'after-close', 'after-close']);
    expect(pair.client.alerts).toEqual(['sent 2 110']);
  });

  it('[57] an extension twice can not be read, in EncryptedExtensions and in either hello', () => {
    const alpn: EncryptedExtension = {
      kind: 'application_layer_protocol_negotiation',
      body: { protocol_name_list: [text('a')] },
    };
    const offering = { ...inRecords, client: { ...inRecords.client, alpn: ['a'] } };
    const twice = resealing(offering, HandshakeType.encryptedExtensions, () =>
      encode(encryptedExtensions, { extensions: [alpn, alpn] }),
    );
    expect(twice.client.failure).toMatchObject({ code: 'malformed', message: 'encrypted_extensions' });
    // supported_versions once more, at the end.
    const again = (extension: readonly number[], lengthAt: (body: Uint8Array) => number) => (body: Uint8Array) => {
      const at = lengthAt(body);
      const length = (body[at] ?? 0) * 256 + (body[at + 1] ?? 0) + extension.length;
      return Uint8Array.from([
        ...body.subarray(0, at),
        length >> 8,
        length & 255,
        ...body.subarray(at + 2),
        ...extension,
      ]);
    };
    const server = rewriting(
      HandshakeType.serverHello,
      again([0, 43, 0, 2, 0xfe, 0xfc], () => 38),
    );
    expect(new Pair({ ...inRecords, link: server }).run().client.failure).toMatchObject({
      code: 'malformed',
      message: 'server_hello',
    });
    const client = rewriting(
      HandshakeType.clientHello,
      again([0, 43, 0, 3, 2, 0xfe, 0xfc], (body) => 38 + 256 * (body[36] ?? 0) + (body[37] ?? 0) + 2),
    );
    expect(new Pair({ ...inRecords, link: client }).run().server.failure).toMatchObject({
      code: 'malformed',
      message: 'client_hello',
    });
  });

  it('[59] a CertificateRequest of ours has signature_algorithms and no authorities', () => {
    const pair = connected(mutual);
    const [request] = pair.server.sent
      .flatMap((sent) => openSent(pair, sent))
      .flatMap(({ epoch, type, content }) => (epoch > 0 && type === 22 ? rawFragments(content) : []))
      .filter(({ type }) => type === HandshakeType.certificateRequest);
    const { extensions } = decode(certificateRequest13, request?.body ?? new Uint8Array());
    expect(extensions.map(({ kind }) => kind)).toEqual(['signature_algorithms']);
  });

  it('[62] a record_size_limit below 64 is illegal', () => {
    const hello = helloWith({ kind: 'record_size_limit', body: { record_size_limit: 0x4001 } });
    const answering = (record_size_limit: number): Pair =>
      resealing({ ...ends, client: { ...only13, hello } }, HandshakeType.encryptedExtensions, () =>
        encode(encryptedExtensions, { extensions: [{ kind: 'record_size_limit', body: { record_size_limit } }] }),
      );
    expect(answering(63).client.failure).toMatchObject({ code: 'illegal-parameter', message: 'encrypted_extensions' });
    // The change is seen all the same, but later.
    expect(answering(64).client.failure).toMatchObject({ code: 'bad-signature', message: 'certificate_verify' });
  });
});

describe('time, alerts and the end', () => {
  it('[64] a hello that stays unanswered goes out after 1, 3, 7, 15, 31, 63 s and then every 60 s', () => {
    const pair = new Pair({ ...ends, link: () => [] }).run();
    const seconds = pair.client.sent.map(({ at }) => at / 1000);
    expect(seconds.slice(0, 10)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    const start = 400;
    const retransmission = { ...defaultConfig('client').retransmission, start };
    const webrtc = new Pair({ client: { ...only13, retransmission }, server: ends.server, link: () => [] }).run(5000);
    expect(webrtc.client.sent.map(({ at }) => at)).toEqual([0, 400, 1200, 2800]);
  });

  it('[65] the timeout of a flight that was lost is kept for the next one', () => {
    const pair = connected({ ...ends, link: dropping(0) });
    const started = pair.client.of('timer').filter(({ action, attempt }) => action === 'set' && attempt === 0);
    expect(started.map(({ flight, durationMs }) => [flight, durationMs])).toEqual([
      [1, 1000],
      [3, 2000],
    ]);
  });

  it('[83] data in the clear is dropped, and data under the keys of the handshake ends it', () => {
    const pair = started(ends, 15);
    give(pair, 'client', rawRecord({ type: 23, number: 30, body: text('plain') }));
    give(pair, 'server', rawRecord({ type: 23, number: 30, body: text('plain') }));
    expect([pair.client.drops, pair.server.drops]).toEqual([['unexpected-content'], ['unexpected-content']]);
    give(pair, 'server', sealFrom13(pair, 'client', 2, 23, text('epoch 2')));
    expect(pair.server.failure).toMatchObject({ code: 'unexpected-message', got: 'application_data' });
    expect(pair.server.alerts).toEqual(['sent 2 10']);
    expect([pair.client.data, pair.server.data]).toEqual([[], []]);
    const after = connected();
    give(after, 'server', rawRecord({ type: 23, number: 30, body: text('plain') }));
    expect(after.server.data).toEqual([]);
    alive(after);
  });

  it('[83] alerts and messages in the clear count for nothing, once something came under keys', () => {
    const link = late((sent) => sent.from === 'server' && carries(sent, HandshakeType.finished), 200);
    const pair = started({ ...inRecords, link }, 100);
    expect(pair.client.endpoint.state).toBe('awaitFinished');
    const forgeries = [
      rawRecord({ type: 21, number: 30, body: [2, 40] }),
      rawRecord({ number: 31, body: rawFragment({ type: 20, seq: 4, body: new Uint8Array(32) }) }),
    ];
    for (const bytes of forgeries) give(pair, 'client', bytes);
    expect(pair.client.drops).toEqual(['unauthenticated-alert', 'unexpected-content']);
    expect(pair.settle().agreed, pair.describe()).toBe(true);
    for (const bytes of forgeries) for (const side of ['client', 'server'] as const) give(pair, side, bytes);
    expect(pair.client.failure ?? pair.server.failure).toBeUndefined();
    alive(pair);
  });

  it('[84] a fatal alert is said again to a client that goes on as if it had not heard it', () => {
    let lost = 0;
    const isAlert = (sent: Sent): boolean => sent.contents.records.some(({ type }) => type === 21);
    const link = mutating(
      (sent) => sent.from === 'server' && isAlert(sent) && lost++ < 2,
      () => undefined,
    );
    const pair = new Pair({ client: only13, server: mutual.server, link }).run();
    expect(pair.server.failure).toMatchObject({ code: 'certificate-missing' });
    expect(pair.server.sent.filter(isAlert)).toHaveLength(3);
    expect(pair.client.failure ?? pair.client.of('failed')[0]).toMatchObject({ code: 'alert', description: 116 });
  });

  it('[85] what comes after close_notify goes unheard', () => {
    const pair = connected();
    pair.input(pair.server, { kind: 'close' });
    pair.settle();
    expect(pair.client.of('closed')).toEqual([{ kind: 'closed', by: 'peer' }]);
    give(pair, 'client', sealFrom13(pair, 'server', 3, 23, text('late'), { number: 50 }));
    expect(pair.client.data).toEqual([]);
    expect(pair.client.drops.at(-1)).toBe('after-close');
  });

  it('[87] a peer of which nothing but bad ciphertexts comes is given up', () => {
    const link: LinkRule = (sent) =>
      sent.from === 'server' && !carries(sent, HandshakeType.serverHello)
        ? [{ bytes: flipped(sent.bytes) }]
        : faithful(sent);
    const pair = new Pair({ ...inRecords, link }).run();
    expect(pair.client.drops).toContain('bad-mac');
    expect(pair.client.failure).toMatchObject({ fault: 'network', code: 'timed-out' });
    expect(pair.server.failure).toMatchObject({ fault: 'network', code: 'timed-out' });
  });
});
