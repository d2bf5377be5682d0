import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { recordProtection12 } from '../../src/crypto/protection12.ts';
import { lastRecordNumber, RecordLayer } from '../../src/engine/records.ts';
import { ReplayWindow } from '../../src/engine/replay.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { credential } from '../support/credentials.ts';
import { faithful, Pair } from '../support/pair.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { sealFrom } from '../support/sealed.ts';

const ecdsa = await credential('ecdsa-p256');
const connected = (more: object = {}): Pair => {
  const pair = new Pair({ client: more, server: { credentials: [ecdsa], ...more } }).run();
  expect(pair.agreed).toBe(true);
  return pair;
};
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe('the replay window', () => {
  it('[16] agrees with a list of everything that was seen', () => {
    for (const width of [1, 2, 31, 32, 64, 256, 1024]) {
      const random = new Prng(width);
      const window = new ReplayWindow(width);
      const seen = new Set<number>();
      let highest = -1;
      for (let i = 0; i < 3000; i++) {
        const number = Math.max(
          0,
          highest - 2 * width + random.int(2 * width + (random.int(50) === 0 ? 5 * width : 4)),
        );
        const expected =
          number > highest ? 'new' : number <= highest - width ? 'too-old' : seen.has(number) ? 'seen' : 'new';
        expect(window.look(number), `${number} of ${highest}, width ${width}`).toBe(expected);
        if (random.int(3) > 0) {
          window.mark(number);
          highest = Math.max(highest, number);
          seen.add(number);
        }
      }
    }
  });

  it('holds numbers of 48 bits', () => {
    const window = new ReplayWindow(64);
    window.mark(lastRecordNumber - 1);
    expect(window.look(lastRecordNumber - 1)).toBe('seen');
    expect(window.look(lastRecordNumber)).toBe('new');
    expect(window.look(lastRecordNumber - 2)).toBe('new');
    expect(window.look(lastRecordNumber - 65)).toBe('too-old');
  });
});

describe('an authenticated record', () => {
  it('[16] is read once', () => {
    const pair = connected();
    const bytes = sealFrom(pair, 'client', 23, text('once'), 10);
    for (let i = 0; i < 3; i++) pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    expect(pair.server.data).toEqual(['once']);
    expect(pair.server.drops.slice(-2)).toEqual(['replayed', 'replayed']);
  });

  it('[16] may be late by as many numbers as the window is wide, and no more', () => {
    for (const replayWindow of [32, 64, 256]) {
      const pair = connected({ replayWindow });
      for (const number of [1000, 1000 - replayWindow + 1, 1000 - replayWindow])
        pair.input(pair.server, {
          kind: 'datagram',
          bytes: sealFrom(pair, 'client', 23, text(String(1000 - number)), number),
          from: 'client',
        });
      expect(pair.server.data).toEqual(['0', String(replayWindow - 1)]);
      expect(pair.server.drops.at(-1)).toBe('replayed');
    }
  });

  it('[14, 16] alone moves the window: a forged one with a large number does not', () => {
    const pair = connected();
    const forged = sealFrom(pair, 'client', 23, text('forged'), 2 ** 40);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    pair.input(pair.server, { kind: 'datagram', bytes: forged, from: 'client' });
    pair.send(pair.client, 'real');
    pair.settle();
    expect(pair.server.drops).toEqual(['bad-mac']);
    expect(pair.server.data).toEqual(['real']);
  });

  it('has the version that was agreed', () => {
    const pair = connected();
    const bytes = sealFrom(pair, 'client', 23, text('x'), 10);
    bytes[2] = 0xff;
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    expect(pair.server.drops).toEqual(['wrong-version']);
  });

  it('[14, 20, 21] of another epoch, an unknown type or no size at all is ignored, with the reason', () => {
    const pair = connected();
    const give = (bytes: Uint8Array): string | undefined => {
      pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
      return pair.server.drops.at(-1);
    };
    expect(give(rawRecord({ type: 23, epoch: 2, body: new Uint8Array(40) }))).toBe('unknown-epoch');
    expect(give(rawRecord({ type: 23, epoch: 0, body: new Uint8Array(40) }))).toBe('unknown-epoch');
    expect(give(sealFrom(pair, 'client', 24, text('x')))).toBe('unexpected-content');
    expect(give(sealFrom(pair, 'client', 20, Uint8Array.of(1)))).toBe('unexpected-content');
    expect(give(rawRecord({ type: 23, epoch: 1, number: 50, body: new Uint8Array(2 ** 14 + 2049) }))).toBe('oversized');
    expect(give(sealFrom(pair, 'client', 23, new Uint8Array(2 ** 14 + 1)))).toBe('oversized');
    expect(give(rawRecord({ type: 23, epoch: 1, number: 51, body: [] }))).toBe('bad-mac');
    expect(give(Uint8Array.of(23, 0xfe))).toBe('short-header');
    expect(give(new Uint8Array(20))).toBe('not-dtls');
    expect(give(rawRecord({ type: 23, epoch: 1, body: [1, 2, 3] }).subarray(0, 15))).toBe('truncated');
    expect(pair.agreed).toBe(true);
  });

  it('[39, 40] with handshake fragments that disagree is the doing of the peer, and ends the association', () => {
    const pair = connected();
    const seq = 7;
    const parts = [
      rawFragment({ type: 20, seq, total: 12, body: [1, 2, 3] }),
      rawFragment({ type: 20, seq, total: 12, body: [1, 2, 4] }),
    ];
    for (const part of parts)
      pair.input(pair.server, { kind: 'datagram', bytes: sealFrom(pair, 'client', 22, part), from: 'client' });
    expect(pair.server.failure).toEqual({
      fault: 'peer',
      code: 'illegal-parameter',
      message: 'finished',
      what: 'fragments that disagree',
    });
  });
});

describe('a plaintext record', () => {
  it('[14, 20] that is too large, or not of a handshake, is ignored', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    for (const bytes of [
      rawRecord({ number: 90, body: new Uint8Array(2 ** 14 + 1) }),
      rawRecord({ number: 91, type: 23, body: [1] }),
      rawRecord({ number: 92, type: 20, body: [2] }),
      rawRecord({ number: 93, type: 26, body: [0, 0] }),
    ])
      pair.input(pair.client, { kind: 'datagram', bytes, from: 'server' });
    expect(pair.client.drops).toEqual(['oversized', 'unexpected-content', 'malformed', 'unexpected-content']);
    pair.settle();
    expect(pair.agreed).toBe(true);
  });

  it('with a fragment that contradicts the others costs a retransmission, and not the handshake', () => {
    const certificate = { type: 11, seq: 1, total: 400 };
    for (const [afterMs, forged] of [
      [1, { ...certificate, total: 9, body: [9] }],
      [1, { ...certificate, offset: 200, body: [9] }],
      [15, { ...certificate, total: 9, body: [9] }],
      [15, { ...certificate, type: 12, body: [9] }],
    ] as const) {
      const pair = new Pair({
        server: { credentials: [ecdsa], mtu: 200 },
        link: (sent) =>
          sent.index === 1
            ? [{ bytes: sent.bytes }, { bytes: rawRecord({ number: 70, body: rawFragment(forged) }), afterMs }]
            : [{ bytes: sent.bytes, afterMs: sent.contents.flight === 2 ? 20 : 10 }],
      }).run();
      expect(pair.client.drops).toContain('conflicting-fragment');
      expect(pair.agreed, pair.describe()).toBe(true);
    }
  });

  it('repeated under the same number is no replay: only what is authenticated moves the window', () => {
    const pair = new Pair({
      server: { credentials: [ecdsa] },
      // The hello is forged under a huge number first.
      link: (sent) =>
        sent.index === 1
          ? [{ bytes: rawRecord({ number: 2 ** 47, body: [0] }) }, { bytes: sent.bytes, afterMs: 11 }]
          : faithful(sent),
    }).run();
    expect(pair.agreed).toBe(true);
  });
});

describe('record numbers', () => {
  const suite = cipherSuite(0xc02b);
  if (!suite) throw new Error('the suite is known');
  const random = new Prng('keys');
  const { client } = recordProtection12({
    provider: nodeProvider,
    suite,
    version: '1.2',
    masterSecret: random.bytes(48),
    clientRandom: random.bytes(32),
    serverRandom: random.bytes(32),
    encryptThenMac: false,
  });

  it('[18] end at 2^48-1 and never wrap', () => {
    const records = new RecordLayer(64);
    records.openWrite(1, client, lastRecordNumber - 1);
    expect(records.canWrite(1, 2)).toBe(true);
    expect(records.seal(1, 23, text('a')).number).toBe(lastRecordNumber - 1);
    expect(records.canWrite(1, 2)).toBe(false);
    const { bytes, number } = records.seal(1, 23, text('b'));
    expect(number).toBe(lastRecordNumber);
    expect(splitDatagram(bytes).records[0]?.sequenceNumber).toBe(lastRecordNumber);
    expect(records.canWrite(1, 1)).toBe(false);
    expect(() => records.seal(1, 23, text('c'))).toThrow();
  });

  it('[18] that run out end the association with an alert under the last one', () => {
    // A server goes on from the number of the hello with the cookie; one near the end leaves no room for its flight.
    const pair = new Pair({
      server: { credentials: [ecdsa], cookie: true },
      link: (sent) => {
        if (sent.contents.flight !== 3) return faithful(sent);
        const bytes = Uint8Array.from(sent.bytes);
        bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xfd], 5);
        return [{ bytes }];
      },
    }).run();
    expect(pair.server.failure).toEqual({ fault: 'local', code: 'sequence-exhausted' });
    expect(pair.client.failure).toMatchObject({ code: 'alert', description: 80 });
  });
});
