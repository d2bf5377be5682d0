import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { credential } from '../support/credentials.ts';
import { Pair } from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';

const ecdsa = await credential('ecdsa-p256');
const ecdsa384 = await credential('ecdsa-p384');
const rsa = await credential('rsa-2048');
const ed25519 = await credential('ed25519');

describe('a handshake', () => {
  it('[55] takes four flights and agrees on keys', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
    expect(pair.server.sendings).toEqual(['2.0', '4.0']);
  });

  it('takes six flights with a cookie', () => {
    const pair = new Pair({ server: { credentials: [ecdsa], cookie: true } }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.client.sendings).toEqual(['1.0', '3.0', '5.0']);
    expect(pair.server.sendings).toEqual(['2.0', '4.0', '6.0']);
  });

  it('ends with application data both ways', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    pair.send(pair.client, 'ping');
    pair.send(pair.server, 'pong');
    pair.settle();
    expect(pair.server.data).toEqual(['ping']);
    expect(pair.client.data).toEqual(['pong']);
  });

  it('goes through the states of the tables, in order', () => {
    const pair = new Pair({
      client: { credentials: [ecdsa], sessionTicket: true },
      server: { credentials: [ecdsa], clientAuth: 'require' },
    }).run();
    expect(pair.client.of('state').map(({ to }) => to)).toEqual([
      'awaitServerHello',
      'awaitCertificate',
      'awaitServerKeyExchange',
      'awaitCertificateRequest',
      'awaitServerHelloDone',
      'awaitChangeCipherSpec',
      'awaitFinished',
      'connected',
    ]);
    expect(pair.server.of('state').map(({ to }) => to)).toEqual([
      'awaitClientHello',
      'awaitCertificate',
      'awaitClientKeyExchange',
      'awaitCertificateVerify',
      'awaitChangeCipherSpec',
      'awaitFinished',
      'connected',
    ]);
  });

  const suites = { ecdsa: [0xc02b, 0xc02c, 0xcca9], rsa: [0xc02f, 0xc030, 0xcca8] } as const;
  for (const [kind, own] of [
    ['ecdsa', ecdsa],
    ['rsa', rsa],
  ] as const)
    for (const suite of suites[kind])
      for (const group of [29, 23, 24])
        it(`completes with ${cipherSuite(suite)?.name} over group ${group}, both sides authenticated`, () => {
          const only = { cipherSuites: [suite], groups: [group], credentials: [own] };
          // The curve of a certificate's key counts as a group, too (RFC 8422 §5.1).
          const client = { ...only, groups: group === 23 ? [23] : [group, 23] };
          const pair = new Pair({ client, server: { ...only, clientAuth: 'require' } }).run();
          expect(pair.agreed, pair.describe()).toBe(true);
          expect(pair.client.parameters).toMatchObject({ cipherSuite: suite, group, version: '1.2' });
          expect(pair.server.parameters).toMatchObject({ cipherSuite: suite, group, version: '1.2' });
          pair.send(pair.client, 'hello');
          pair.settle();
          expect(pair.server.data).toEqual(['hello']);
        });

  for (const [name, own, scheme] of [
    ['ECDSA P-256 with SHA-256', ecdsa, 0x0403],
    ['ECDSA P-256 with SHA-384', ecdsa, 0x0503],
    ['ECDSA P-384 with SHA-256', ecdsa384, 0x0403],
    ['ECDSA P-384 with SHA-384', ecdsa384, 0x0503],
    ['Ed25519', ed25519, 0x0807],
    ['RSA PSS with SHA-256', rsa, 0x0804],
    ['RSA PSS with SHA-384', rsa, 0x0805],
    ['RSA PSS with SHA-512', rsa, 0x0806],
    ['RSA PKCS1 with SHA-256', rsa, 0x0401],
    ['RSA PKCS1 with SHA-384', rsa, 0x0501],
    ['RSA PKCS1 with SHA-512', rsa, 0x0601],
  ] as const)
    it(`signs and verifies with ${name}, on both sides`, () => {
      const both = { credentials: [own], signatureSchemes: [scheme] };
      const pair = new Pair({ client: both, server: { ...both, clientAuth: 'require' } }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      expect(pair.client.parameters?.peerSignature).toBe(scheme);
      expect(pair.server.parameters?.peerSignature).toBe(scheme);
    });

  for (const [client, server, agreed] of [
    ['offer', 'offer', true],
    ['off', 'offer', false],
    ['offer', 'off', false],
    ['require', 'require', true],
  ] as const)
    it(`[56] ${agreed ? 'uses' : 'does without'} the extended master secret when client says ${client} and server ${server}`, () => {
      const pair = new Pair({
        client: { extendedMasterSecret: client },
        server: { extendedMasterSecret: server, credentials: [ecdsa] },
      }).run();
      expect(pair.agreed).toBe(true);
      expect(pair.client.parameters?.extendedMasterSecret).toBe(agreed);
      expect(pair.server.parameters?.extendedMasterSecret).toBe(agreed);
    });

  it('agrees on the first protocol of the server that the client names', () => {
    const pair = new Pair({
      client: { alpn: ['webrtc', 'c-webrtc'] },
      server: { alpn: ['c-webrtc', 'webrtc'], credentials: [ecdsa] },
    }).run();
    expect(pair.client.parameters?.alpn).toBe('c-webrtc');
    expect(pair.server.parameters?.alpn).toBe('c-webrtc');
  });

  it('goes without a protocol when the server names none', () => {
    const pair = new Pair({ client: { alpn: ['webrtc'] }, server: { credentials: [ecdsa] } }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.client.parameters?.alpn).toBeUndefined();
  });

  it('tells both key logs the same secret', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    const [ours] = pair.client.of('secret');
    const [theirs] = pair.server.of('secret');
    expect(ours?.label).toBe('CLIENT_RANDOM');
    expect(ours?.secret).toHaveLength(48);
    expect(ours).toEqual(theirs);
  });

  it('runs on the noble backend and, seeded, gives the same bytes again', () => {
    const bytes = (): string[] => {
      const random = new Prng('simulation').bytes;
      const pair = new Pair({ provider: nobleProvider, random, server: { credentials: [ecdsa] } }).run();
      expect(pair.agreed).toBe(true);
      return pair.sent.map((sent) => toHex(sent.bytes));
    };
    expect(bytes()).toEqual(bytes());
  });
});

describe('a browser', () => {
  it.each(['chromium', 'firefox'])('that sends the hello of %s is answered with what both know', (browser) => {
    const body = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'captures', `${browser}-clienthello.bin`));
    for (const [own, suites] of [
      [ecdsa, [0xc02b, 0xcca9, 0xc02c]],
      [rsa, [0xc02f, 0xcca8, 0xc030]],
    ] as const) {
      const pair = new Pair({
        server: { credentials: [own], srtpProfiles: [7, 1], alpn: ['webrtc'], clientAuth: 'require' },
      });
      pair.input(pair.server, { kind: 'start' });
      // In two datagrams, as the browser sends it.
      for (const [offset, end] of [
        [0, 1100],
        [1100, body.length],
      ] as const) {
        const part = rawFragment({ type: 1, seq: 0, total: body.length, offset, body: body.subarray(offset, end) });
        const bytes = rawRecord({ version: 0xfeff, number: offset, body: part });
        pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
      }
      expect(pair.server.endpoint.state, JSON.stringify(pair.server.failure)).toBe('awaitCertificate');
      const [hello] = pair.server.sent
        .flatMap(({ bytes }) => rawRecords(bytes))
        .flatMap((record) => rawFragments(record.body));
      expect(suites).toContain((hello?.body[35] ?? 0) * 256 + (hello?.body[36] ?? 0));
    }
  });
});

describe('the transcript', () => {
  it('covers every byte of every handshake message: one changed byte, and nobody is connected', () => {
    const both = { credentials: [ecdsa], retransmission: { start: 1000, growth: 2, cap: 60_000, attempts: 2 } };
    const options = { client: both, server: { ...both, clientAuth: 'require' } } as const;
    const lengths = new Map<number, number>();
    for (const { contents } of new Pair(options).run().sent)
      for (const { epoch, fragments } of contents.records)
        for (const { message, total } of fragments) if (epoch === 0) lengths.set(message, total);
    let tried = 0;
    // Certificates are long, and alike in the middle.
    for (const [message, length] of lengths)
      for (let at = 0; at < length - 2; at += message === HandshakeType.certificate ? 7 : 1) {
        const flip = (body: Uint8Array): Uint8Array => body.fill((body[at] ?? 0) ^ 1, at, at + 1);
        const pair = new Pair({ ...options, link: rewriting(message, flip) }).run();
        tried++;
        expect(pair.server.endpoint.state, `byte ${at} of message ${message}`).not.toBe('connected');
        expect(pair.client.endpoint.state, `byte ${at} of message ${message}`).not.toBe('connected');
      }
    expect(tried).toBeGreaterThan(400);
  });
});
