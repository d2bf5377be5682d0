/** Session ids and tickets in DTLS 1.2 and 1.0: the abbreviated handshake (RFC 5246 §7.3, RFC 5077, RFC 7627 §5.3). */
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { EndpointConfig, KeptSession, Session12, SessionCache } from '../../src/engine/index.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, duplicating, losing, Pair, type PairOptions } from '../support/pair.ts';

const ecdsa = await credential('ecdsa-p256');
const other = await credential('ecdsa-p256,cn=other');
const tickets = { key: new Uint8Array(32).fill(7), count: 1, lifetimeSeconds: 3600 };
const cache = (): SessionCache => {
  const kept = new Map<string, KeptSession>();
  return { get: (id) => kept.get(id), set: (id, session) => void kept.set(id, session) };
};
const byTicket = { client: { sessionTicket: true }, server: { credentials: [ecdsa], tickets } };
const byId = () => ({ client: {}, server: { credentials: [ecdsa], sessions: cache() } });
type Settings = Pick<PairOptions, 'client' | 'server'>;

const handshake = (options: PairOptions): Pair => {
  const pair = new Pair(options).run();
  expect(pair.agreed, pair.describe()).toBe(true);
  return pair;
};
const run = (options: PairOptions): Pair => {
  const pair = handshake(options);
  pair.send(pair.client, 'ping');
  pair.send(pair.server, 'pong');
  pair.settle();
  expect([pair.server.data, pair.client.data]).toEqual([['ping'], ['pong']]);
  return pair;
};
const sessionsOf = (pair: Pair): readonly Session12[] =>
  pair.client.of('ticket').flatMap(({ ticket }) => (ticket.version === '1.3' ? [] : [ticket]));
/** Settings with a session of an association that went before. */
const again = (settings: Settings, first: Settings = settings): Settings => {
  const resume = sessionsOf(run(first));
  expect(resume).toHaveLength(1);
  return { client: { ...settings.client, resume }, server: { ...settings.server } };
};
const resumed = (pair: Pair): (boolean | undefined)[] => [
  pair.client.parameters?.resumed,
  pair.server.parameters?.resumed,
];

describe.each([
  ['a ticket', () => byTicket],
  ['a session id', byId],
] as const)('%s', (_, settingsOf) => {
  it('resumes in three flights without certificates and key exchange', () => {
    const pair = run(again(settingsOf()));
    expect(resumed(pair)).toEqual([true, true]);
    expect([pair.client.sendings, pair.server.sendings]).toEqual([
      ['1.0', '3.0', '0.0'],
      ['2.0', '0.0'],
    ]);
    for (const type of [HandshakeType.certificate, HandshakeType.serverKeyExchange, HandshakeType.clientKeyExchange])
      expect(pair.sent.some((sent) => carries(sent, type))).toBe(false);
    expect(pair.client.of('state').map(({ to }) => to)).toEqual([
      'awaitServerHello',
      'awaitChangeCipherSpec',
      'awaitFinished',
      'connected',
    ]);
    expect(pair.server.of('state').map(({ to }) => to)).toEqual([
      'awaitClientHello',
      'awaitChangeCipherSpec',
      'awaitFinished',
      'connected',
    ]);
  });

  it('resumes behind a cookie, and under every single loss and heavier ones', () => {
    const settings = again(settingsOf());
    const server = { ...settings.server, cookie: true };
    const total = run({ ...settings, server }).sent.length;
    for (let index = 0; index < total; index++) {
      const pair = handshake({ ...settings, server, link: dropping(index) });
      expect(resumed(pair)).toEqual([true, true]);
    }
    for (let seed = 0; seed < 20; seed++) handshake({ ...settings, server, link: losing(0.25, seed) });
    handshake({ ...settings, server, link: duplicating, reversed: true });
  });

  it('resumes in DTLS 1.0 with AES-CBC', () => {
    const weak = { allowWeak: true, versions: ['1.0'], cipherSuites: [0xc009] } as const;
    const { client, server } = settingsOf();
    const pair = run(again({ client: { ...client, ...weak }, server: { ...server, ...weak } }));
    expect(resumed(pair)).toEqual([true, true]);
    expect(pair.client.parameters).toMatchObject({ version: '1.0', encryptThenMac: true });
  });

  it('is offered beside DTLS 1.3, and taken by a server of 1.2', () => {
    const settings = again(settingsOf());
    const pair = run({ ...settings, client: { ...settings.client, versions: ['1.3', '1.2'] } });
    expect(resumed(pair)).toEqual([true, true]);
    // A server that has learnt 1.3 since then does all of a handshake.
    const newer = run({
      client: { ...settings.client, versions: ['1.3', '1.2'] },
      server: { ...settings.server, versions: ['1.3', '1.2'] },
    });
    expect(newer.client.parameters).toMatchObject({ version: '1.3', resumed: false });
  });

  it('is not taken by a server that does not know it, nor with another suite or version', () => {
    const settings = again(settingsOf());
    const unknown: Partial<EndpointConfig> = {
      credentials: [ecdsa],
      tickets: { ...tickets, key: new Uint8Array(32) },
      sessions: cache(),
    };
    const { server, client } = settings;
    const without = (suites: readonly number[]): PairOptions => ({
      client: { ...client, cipherSuites: suites },
      server: { ...server },
    });
    const used = run(settings).client.parameters?.cipherSuite;
    for (const options of [
      { client: { ...client }, server: unknown },
      { client: { ...client }, server: { ...server, cipherSuites: [0xcca9] } },
      without([0xcca9]),
    ])
      expect(resumed(run(options))).toEqual([false, false]);
    expect(used).not.toBe(0xcca9);
  });

  it('has extended master secret as it had it before, or not at all (RFC 7627 §5.3)', () => {
    const settings = settingsOf();
    const off = { extendedMasterSecret: 'off' } as const;
    const plain = { client: { ...settings.client, ...off }, server: settings.server };
    // Made without it, and offered now: all of a handshake.
    expect(resumed(run(again(settings, plain)))).toEqual([false, false]);
    // Neither then nor now.
    expect(resumed(run(again(plain)))).toEqual([true, true]);
    // Made with it, and not offered now: refused.
    const lost = again(plain, settings);
    expect(new Pair(lost).run().server.failure).toMatchObject({ code: 'no-extended-master-secret' });
  });

  it('is not offered to a server that is not trusted any more, nor too late', () => {
    const settings = again(settingsOf());
    const value = nodeProvider.hash('sha256', other.chain[0] ?? new Uint8Array());
    const trust = { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value }] } as const;
    const hello = (client: Partial<EndpointConfig>, ms = 0): string => {
      const pair = new Pair({ ...settings, client: { ...settings.client, ...client } });
      pair.advance(ms);
      pair.input(pair.client, { kind: 'start' });
      // session_id stands behind record and handshake headers, version and random.
      return Buffer.from(pair.sent[0]?.bytes.subarray(13 + 12 + 34, 13 + 12 + 35) ?? []).toString('hex');
    };
    expect(hello({})).toBe('20');
    expect(hello({ trust })).toBe('00');
    expect(hello({}, 8 * 86_400_000)).toBe('00');
  });

  it('carries who the client was', () => {
    const settings = settingsOf();
    const mutual = {
      client: { ...settings.client, credentials: [ecdsa] },
      server: { ...settings.server, clientAuth: 'require' as const },
    };
    expect(resumed(run(again(mutual)))).toEqual([true, true]);
    // A session of nobody is none for a server that wants somebody.
    expect(resumed(run(again(mutual, settings)))).toEqual([false, false]);
  });
});

it('does not take a session under another suite or version', () => {
  const settings = again(byId());
  const [session] = settings.client?.resume ?? [];
  const sessions: SessionCache = {
    get: () => ({
      version: '1.2',
      suite: 0xcca9,
      masterSecret: new Uint8Array(48),
      extendedMasterSecret: true,
      leafHash: undefined,
    }),
    set: () => {},
  };
  expect(session).toBeDefined();
  const pair = new Pair({ ...settings, server: { credentials: [ecdsa], sessions } }).run(100);
  expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
});

it('fails at Finished when the master secrets differ', () => {
  const sessions: SessionCache = {
    get: () => ({
      version: '1.2',
      suite: 0xc02b,
      masterSecret: new Uint8Array(48),
      extendedMasterSecret: true,
      leafHash: undefined,
    }),
    set: () => {},
  };
  const settings = again(byId());
  const pair = new Pair({ ...settings, server: { credentials: [ecdsa], sessions } }).run(5000);
  expect(pair.agreed).toBe(false);
  expect(pair.client.drops).toContain('bad-mac');
});
