import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createEndpoint, defaultConfig } from '../../src/engine/index.ts';
import { credential } from '../support/credentials.ts';
import { faithful, Pair, type Sent } from '../support/pair.ts';
import { rawRecords } from '../support/raw.ts';
import { only13 } from '../support/settings13.ts';

const longChain = await credential('ecdsa-p256,chain=3,size=3700');
const ecdsa = await credential('ecdsa-p256');

describe('packed', () => {
  it('[13] fills datagrams up to the MTU, all but the last of a flight', () => {
    const pair = new Pair({ server: { mtu: 300, credentials: [longChain] } }).run();
    const flight = pair.server.sent.filter(({ contents }) => contents.flight === 2).map(({ bytes }) => bytes.length);
    // Where less than a small fragment fits, the rest of the datagram stays empty.
    for (const size of flight.slice(0, -1)) expect(size).toBeGreaterThan(300 - 13 - 12 - 16);
    expect(flight.length).toBeLessThanOrEqual(Math.ceil((3700 + 700) / (300 - 25 - 16)));
  });

  it('[12, 44] puts what is small together: ChangeCipherSpec and Finished share a datagram', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    expect(pair.sent.map(({ bytes }) => rawRecords(bytes).map(({ type }) => type))).toEqual([
      [22],
      [22, 22, 22, 22],
      [22, 20, 22],
      [20, 22],
    ]);
  });
});

describe('filled', () => {
  const both = { ...only13, filledRecords: true } as const;
  const flightOf = (pair: Pair): readonly Sent[] => pair.server.sent.filter(({ contents }) => contents.flight === 2);

  it.each([300, 301, 512, 1200])(
    'lets messages share records under keys, and leaves no byte of a datagram of %i',
    (mtu) => {
      const pair = new Pair({ client: both, server: { ...both, mtu, credentials: [longChain] } }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      const flight = flightOf(pair);
      for (const { contents } of flight) {
        const epochs = contents.records.map(({ epoch }) => epoch);
        expect(new Set(epochs).size).toBe(epochs.length);
      }
      for (const { bytes } of flight.slice(0, -1)) expect(bytes.length).toBe(mtu);
      // EncryptedExtensions and the beginning of the Certificate are together.
      const first = flight.flatMap(({ contents }) => contents.records).find(({ epoch }) => epoch === 2);
      expect(first?.fragments.map(({ message }) => message).slice(0, 2)).toEqual([8, 11]);
    },
  );

  it('leaves records in the clear alone, each with one fragment', () => {
    const pair = new Pair({
      client: { filledRecords: true },
      server: { filledRecords: true, mtu: 300, credentials: [longChain] },
    }).run();
    expect(pair.agreed).toBe(true);
    for (const { contents } of pair.sent)
      for (const { fragments } of contents.records) expect(fragments.length).toBeLessThan(2);
    for (const { bytes } of flightOf(pair).slice(0, -1)) expect(bytes.length).toBe(300);
  });

  it('goes with repeats, of which only what is missing is sent', () => {
    for (const lost of [1, 2, 3, 5]) {
      const pair = new Pair({
        client: both,
        server: { ...both, mtu: 300, credentials: [longChain] },
        link: (sent) => (sent.from === 'server' && sent.nth === lost ? [] : faithful(sent)),
      }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      const again = pair.server.sent.filter(({ contents }) => contents.flight === 2 && contents.attempt > 0);
      expect(again.flatMap(({ bytes }) => [...bytes]).length).toBeLessThan(700);
    }
  });
});

describe('record', () => {
  it('sends every record in a datagram of its own', () => {
    const both = { packing: 'record', mtu: 300 } as const;
    const pair = new Pair({ client: both, server: { ...both, credentials: [longChain] } }).run();
    for (const { bytes } of pair.sent) expect(rawRecords(bytes)).toHaveLength(1);
  });
});

describe('flight', () => {
  it('sends a whole flight in one datagram, whatever the MTU', () => {
    const both = { packing: 'flight', mtu: 300 } as const;
    const pair = new Pair({ client: both, server: { ...both, credentials: [longChain] } }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.sent).toHaveLength(4);
    expect(pair.server.largest).toBeGreaterThan(3700);
  });
});

describe('application data', () => {
  it('[13] that a datagram does not hold is refused, and the association lives on', () => {
    const pair = new Pair({ client: { mtu: 100 }, server: { credentials: [ecdsa] } }).run();
    pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(64) });
    expect(pair.client.failure).toMatchObject({ fault: 'local', code: 'misuse' });
    pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(63) });
    pair.settle();
    expect(pair.server.of('data').map(({ bytes }) => bytes.length)).toEqual([63]);
    expect(pair.client.largest).toBeLessThanOrEqual(100);
  });

  it('goes out whole where IP is to cut it, up to what a record holds', () => {
    const pair = new Pair({ client: { mtu: 100 }, server: { credentials: [ecdsa] } }).run();
    pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(16_385), aboveMtu: true });
    expect(pair.client.failure).toMatchObject({ fault: 'local', code: 'misuse' });
    pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(16_384), aboveMtu: true });
    pair.settle();
    expect(pair.server.of('data').map(({ bytes }) => bytes.length)).toEqual([16_384]);
  });
});

describe('settings that nothing could work with', () => {
  const environment = { crypto: nodeProvider, random: (n: number) => new Uint8Array(n), peer: 'peer' };
  const client = { ...defaultConfig('client'), versions: ['1.2'] as const };
  it.each([
    ['an MTU of 63', { ...client, mtu: 63 }, /mtu/],
    ['an MTU of a fraction', { ...client, mtu: 100.5 }, /mtu/],
    ['a fragment of nothing', { ...client, fragment: 0 }, /fragment/],
    ['no suite of a version', { ...client, versions: ['1.0'] as const }, /cipherSuites/],
    ['suites that nobody can run', { ...client, cipherSuites: [0x0033] }, /cipherSuites/],
    ['suites that are weak', { ...client, cipherSuites: [0x002f] }, /allowWeak/],
    ['a record size below the least', { ...client, recordSizeLimit: 63 }, /recordSizeLimit/],
    ['no group', { ...client, groups: [] }, /groups/],
    ['a shrinking timer', { ...client, retransmission: { ...client.retransmission, growth: 0.5 } }, /growth/],
    ['a server without a certificate', defaultConfig('server'), /credentials/],
    [
      'fingerprints of a client that is not asked for its certificate',
      {
        ...defaultConfig('server'),
        credentials: [ecdsa],
        trust: { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }] },
      } as const,
      /clientAuth/,
    ],
  ])('are refused by name: %s', (_, config, message) => {
    expect(() => createEndpoint(config, environment)).toThrow(RangeError);
    expect(() => createEndpoint(config, environment)).toThrow(message);
  });
});
