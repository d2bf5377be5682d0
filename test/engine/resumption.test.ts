/** Tickets and resumption in DTLS 1.3 (RFC 8446 §2.2, §4.2.11, §4.6.1). */
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { EndpointConfig, SessionTicket13 } from '../../src/engine/index.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, duplicating, losing, Pair, type PairOptions } from '../support/pair.ts';
import { rewriting } from '../support/rewriting.ts';
import { only13 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const other = await credential('ecdsa-p256,cn=other');
const tickets = { key: new Uint8Array(32).fill(7), count: 1, lifetimeSeconds: 3600 };
const server = { ...only13, credentials: [ecdsa], tickets };
const hashOf = (leaf: Uint8Array | undefined): Uint8Array => nodeProvider.hash('sha256', leaf ?? new Uint8Array());
const trusting = (leaf: Uint8Array | undefined): Pick<EndpointConfig, 'trust'> => ({
  trust: { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: hashOf(leaf) }] },
});

const run = (options: PairOptions = {}): Pair => {
  const pair = new Pair({
    ...options,
    client: { ...only13, ...options.client },
    server: { ...server, ...options.server },
  }).run();
  expect(pair.agreed, pair.describe()).toBe(true);
  return pair;
};
/** The tickets of an association that went before. */
const earlier = (options: PairOptions = {}): readonly SessionTicket13[] => {
  const got = run(options)
    .client.of('ticket')
    .flatMap(({ ticket }) => (ticket.version === '1.3' ? [ticket] : []));
  expect(got.length).toBeGreaterThan(0);
  return got;
};
const resumed = (pair: Pair): (boolean | undefined)[] => [
  pair.client.parameters?.resumed,
  pair.server.parameters?.resumed,
];

describe('a client with a ticket', () => {
  it('resumes without certificates, and gets a ticket for the next time', () => {
    const pair = run({ client: { resume: earlier() } });
    expect(resumed(pair)).toEqual([true, true]);
    expect(pair.client.of('peer-certificate')).toEqual([]);
    expect(pair.sent.some((sent) => carries(sent, HandshakeType.certificate))).toBe(false);
    pair.send(pair.client, 'hello again');
    pair.settle();
    expect(pair.server.data).toEqual(['hello again']);
    const next = pair.client.of('ticket').map(({ ticket }) => ticket);
    expect(resumed(run({ client: { resume: next } }))).toEqual([true, true]);
  });

  it.each([0x1301, 0x1302, 0x1303])('resumes with suite 0x%s', (suite) => {
    const client = { cipherSuites: [suite] };
    expect(resumed(run({ client: { ...client, resume: earlier({ client }) } }))).toEqual([true, true]);
  });

  it('resumes with another suite of the same hash', () => {
    const resume = earlier({ client: { cipherSuites: [0x1301] } });
    const pair = run({ client: { resume }, server: { cipherSuites: [0x1303, 0x1302] } });
    expect(resumed(pair)).toEqual([true, true]);
    expect(pair.client.parameters?.cipherSuite).toBe(0x1303);
  });

  it('does all of a handshake where no suite has its hash', () => {
    const resume = earlier({ client: { cipherSuites: [0x1301] } });
    expect(resumed(run({ client: { resume }, server: { cipherSuites: [0x1302] } }))).toEqual([false, false]);
  });

  it('resumes through a HelloRetryRequest, with and without a cookie', () => {
    const resume = earlier();
    expect(resumed(run({ client: { resume }, server: { cookie: true } }))).toEqual([true, true]);
    expect(resumed(run({ client: { resume }, server: { groups: [0x17] } }))).toEqual([true, true]);
  });

  it('resumes under loss', () => {
    const resume = earlier();
    for (let index = 0; index < 4; index++)
      expect(resumed(run({ client: { resume }, link: dropping(index) }))).toEqual([true, true]);
    const retransmission = { start: 1000, growth: 2, cap: 10_000, attempts: 60 };
    for (let seed = 0; seed < 100; seed++)
      run({ client: { resume, retransmission }, server: { retransmission }, link: losing(0.3, seed) });
  });

  it('is told of a ticket once, however often that comes', () => {
    expect(run({ link: duplicating }).client.of('ticket')).toHaveLength(1);
  });

  it('may offer several, of which the server takes the first that it knows', () => {
    const [good] = earlier();
    if (!good) throw new Error('no ticket');
    const strange = { ...good, identity: Uint8Array.of(1, 2, 3) };
    expect(resumed(run({ client: { resume: [strange, good] } }))).toEqual([true, true]);
    expect(resumed(run({ client: { resume: [strange] } }))).toEqual([false, false]);
  });

  it('leaves out one that is too old, and one of a server that is not trusted any more', () => {
    const [good] = earlier();
    if (!good) throw new Error('no ticket');
    const offers = (client: Partial<EndpointConfig>, credentials = [ecdsa]): boolean => {
      const pair = new Pair({ client: { ...only13, ...client }, server: { ...server, credentials } }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      return pair.client.parameters?.resumed ?? false;
    };
    expect(offers({ resume: [{ ...good, receivedAt: -3_600_001 as typeof good.receivedAt }] })).toBe(false);
    expect(offers({ resume: [good], ...trusting(ecdsa.chain[0]) })).toBe(true);
    expect(offers({ resume: [good], ...trusting(other.chain[0]) }, [other])).toBe(false);
  });
});

describe('a server with tickets', () => {
  it('takes none of another key, none that was changed, none that is too old', () => {
    const [good] = earlier();
    if (!good) throw new Error('no ticket');
    expect(
      resumed(run({ client: { resume: [good] }, server: { tickets: { ...tickets, key: new Uint8Array(32) } } })),
    ).toEqual([false, false]);
    const changed = Uint8Array.from(good.identity);
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(resumed(run({ client: { resume: [{ ...good, identity: changed }] } }))).toEqual([false, false]);
    const pair = new Pair({ client: { ...only13, resume: [{ ...good, lifetimeSeconds: 1e6 }] }, server });
    pair.settle();
    pair.input(pair.server, { kind: 'start' });
    pair.advance(3_700_000);
    pair.input(pair.client, { kind: 'start' });
    pair.settle();
    expect(resumed(pair)).toEqual([false, false]);
  });

  it('refuses a binder that does not fit its ticket', () => {
    const [good] = earlier();
    if (!good) throw new Error('no ticket');
    const pair = new Pair({ client: { ...only13, resume: [{ ...good, psk: new Uint8Array(32) }] }, server }).run();
    expect(pair.server.failure).toMatchObject({ code: 'bad-signature' });
    expect(pair.server.alerts).toEqual(['sent 2 51']);
  });

  it('refuses a hello that was changed under its binder', () => {
    const resume = earlier();
    const link = rewriting(HandshakeType.clientHello, (body) => {
      body[10] = (body[10] ?? 0) ^ 1;
      return body;
    });
    const pair = new Pair({ client: { ...only13, resume }, server, link }).run();
    expect(pair.server.failure).toMatchObject({ code: 'bad-signature' });
  });

  it('resumes with a client whose certificate is still the one to be expected, and no other', () => {
    const mutual = { client: { credentials: [ecdsa] }, server: { clientAuth: 'require' as const } };
    const resume = earlier(mutual);
    const again = (more: Partial<EndpointConfig>): (boolean | undefined)[] =>
      resumed(run({ client: { credentials: [ecdsa], resume }, server: { clientAuth: 'require', ...more } }));
    expect(again({})).toEqual([true, true]);
    expect(again(trusting(ecdsa.chain[0]))).toEqual([true, true]);
    const pair = new Pair({
      client: { ...only13, credentials: [ecdsa], resume },
      server: { ...server, clientAuth: 'require', ...trusting(other.chain[0]) },
    }).run();
    // All of a handshake, and that shows the wrong certificate.
    expect(pair.server.failure).toMatchObject({ code: 'fingerprint-mismatch' });
    // A ticket of nobody in particular does not do where a certificate is required.
    const anonymous = earlier();
    expect(
      resumed(run({ client: { credentials: [ecdsa], resume: anonymous }, server: { clientAuth: 'require' } })),
    ).toEqual([false, false]);
  });

  it('gives none to a client that could not use it, and none when it is not told to', () => {
    expect(run({ server: { tickets: { ...tickets, count: 0 } } }).client.of('ticket')).toEqual([]);
    const { tickets: _, ...without } = server;
    const pair = new Pair({ client: only13, server: without }).run();
    expect(pair.client.of('ticket')).toEqual([]);
  });

  it('gives all its tickets at once', () => {
    const pair = run({ server: { tickets: { ...tickets, count: 3 } } });
    expect(pair.client.of('ticket')).toHaveLength(3);
    const carrying = pair.server.sent.filter((sent) => carries(sent, HandshakeType.newSessionTicket));
    expect(carrying).toHaveLength(1);
    expect(carrying[0]?.contents.records.flatMap(({ fragments }) => fragments)).toHaveLength(3);
  });

  it('lets go of a ticket that nobody acknowledges, and stays as it was', () => {
    const pair = new Pair({
      client: only13,
      server,
      link: (sent) => (sent.from === 'server' && sent.contents.flight > 3 ? [] : [{ bytes: sent.bytes }]),
    }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.server.failure).toBeUndefined();
  });
});
