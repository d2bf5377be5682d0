/** DTLS 1.3 in memory, when nothing goes wrong: what is agreed, and that both ends agree on it. */
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import { decode } from '../../src/codec/codec.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { EndpointConfig } from '../../src/engine/index.ts';
import { findExtension } from '../../src/wire/extensions.ts';
import { clientHello } from '../../src/wire/handshake.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { Pair, type PairOptions } from '../support/pair.ts';
import { rawRecords } from '../support/raw.ts';
import { helloWith, only13, x25519MlKem768 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const server = { ...only13, credentials: [ecdsa] };

const run = (options: PairOptions = {}): Pair => {
  const pair = new Pair({
    ...options,
    client: { ...only13, ...options.client },
    server: { ...server, ...options.server },
  }).run();
  expect(pair.agreed, pair.describe()).toBe(true);
  return pair;
};
const both = (config: Partial<EndpointConfig>): PairOptions => ({ client: config, server: config });

describe('a DTLS 1.3 handshake completes', () => {
  it.each([
    ['TLS_AES_128_GCM_SHA256', 0x1301],
    ['TLS_AES_256_GCM_SHA384', 0x1302],
    ['TLS_CHACHA20_POLY1305_SHA256', 0x1303],
  ])('with %s, and data goes both ways', (_, suite) => {
    const pair = run({ client: { cipherSuites: [suite] } });
    expect(pair.client.parameters).toMatchObject({ version: '1.3', cipherSuite: suite, resumed: false });
    pair.send(pair.client, 'to the server');
    pair.send(pair.server, 'to the client');
    pair.settle();
    expect([pair.client.data, pair.server.data]).toEqual([['to the client'], ['to the server']]);
  });

  it.each([
    ['X25519MLKEM768', x25519MlKem768],
    ['x25519', 0x1d],
    ['secp256r1', 0x17],
    ['secp384r1', 0x18],
    ['secp521r1', 0x19],
  ])('with %s', (_, group) => {
    const pair = run(both({ groups: [group] }));
    expect(pair.server.parameters?.group).toBe(group);
  });

  it.each([
    ['ecdsa-p256', 0x0403],
    ['ecdsa-p384', 0x0503],
    ['ed25519', 0x0807],
    ['rsa-2048', 0x0804],
  ])('with certificates of kind %s on both sides', async (spec, scheme) => {
    const credentials = [await credential(spec)];
    const signatureSchemes = [0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401];
    const pair = run({
      client: { credentials, signatureSchemes },
      server: { credentials, signatureSchemes, clientAuth: 'require' },
    });
    expect(pair.client.parameters?.peerSignature).toBe(scheme);
    expect(pair.server.parameters?.peerSignature).toBe(scheme);
    expect(pair.server.of('peer-certificate')).toHaveLength(1);
  });

  it('without a client certificate, when the server only asks for one', () => {
    const pair = run({ server: { clientAuth: 'request' } });
    expect(pair.server.of('peer-certificate')).toEqual([]);
    expect(pair.server.parameters?.peerSignature).toBeUndefined();
  });

  it('on the backend that works everywhere, and between the two', () => {
    run({ provider: nobleProvider });
    run({ provider: nodeProvider });
  });

  it('with ALPN, SRTP and the same SRTP keys on both sides', () => {
    const pair = run(both({ alpn: ['webrtc', 'c-webrtc'], srtpProfiles: [8, 7, 1] }));
    expect(pair.client.parameters).toMatchObject({ alpn: 'webrtc', srtpProfile: 8 });
    expect(pair.client.endpoint.srtpKeys()).toEqual(pair.server.endpoint.srtpKeys());
    expect(pair.client.endpoint.srtpKeys()?.clientKey).toHaveLength(32);
  });
});

describe('what both ends tell', () => {
  it('is the same to the key log, under the labels of NSS', () => {
    const pair = run();
    const lines = (side: Pair['client']): string[] =>
      side.of('secret').map(({ label, secret }) => `${label} ${toHex(secret)}`);
    expect(lines(pair.client).sort()).toEqual(lines(pair.server).sort());
    expect(
      pair.client
        .of('secret')
        .map(({ label }) => label)
        .sort(),
    ).toEqual([
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      'CLIENT_TRAFFIC_SECRET_0',
      'EXPORTER_SECRET',
      'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_TRAFFIC_SECRET_0',
    ]);
    const randoms = new Set(pair.client.of('secret').map(({ clientRandom }) => toHex(clientRandom)));
    expect(randoms.size).toBe(1);
  });

  it('of keying material depends on label, context and length', () => {
    const { client } = run();
    const out = (label: string, context?: Uint8Array, length = 32): string =>
      toHex(client.endpoint.exportKeyingMaterial(label, context, length) ?? new Uint8Array());
    expect(out('EXPORTER-a')).not.toBe(out('EXPORTER-b'));
    expect(out('EXPORTER-a')).not.toBe(out('EXPORTER-a', Uint8Array.of(1)));
    // RFC 8446 §7.5: no context is an empty one.
    expect(out('EXPORTER-a')).toBe(out('EXPORTER-a', new Uint8Array()));
    expect(out('EXPORTER-a', undefined, 48)).toHaveLength(96);
  });

  it('are the states of their tables', () => {
    const pair = run({ client: { credentials: [ecdsa] }, server: { clientAuth: 'require' } });
    const path = (side: Pair['client']): string[] => side.of('state').map(({ because, to }) => `${because} ${to}`);
    expect(path(pair.client)).toEqual([
      'start awaitServerHello',
      'server_hello awaitEncryptedExtensions',
      'encrypted_extensions awaitCertificateRequest',
      'certificate_request awaitCertificate',
      'certificate awaitCertificateVerify',
      'certificate_verify awaitFinished',
      'finished connected',
    ]);
    expect(path(pair.server)).toEqual([
      'start awaitClientHello',
      'client_hello awaitCertificate',
      'certificate awaitCertificateVerify',
      'certificate_verify awaitFinished',
      'finished connected',
    ]);
  });

  it('[82] is what each datagram holds, also where it is encrypted', () => {
    const pair = run();
    const held = pair.server.sent.flatMap(({ contents }) =>
      contents.records.map(({ epoch, type, fragments }) => [epoch, type, ...fragments.map(({ message }) => message)]),
    );
    expect(held).toEqual([
      [0, 22, HandshakeType.serverHello],
      [
        2,
        22,
        HandshakeType.encryptedExtensions,
        HandshakeType.certificate,
        HandshakeType.certificateVerify,
        HandshakeType.finished,
      ],
      [3, 26],
    ]);
  });
});

describe('a hello of our own', () => {
  const shares = (config: Partial<EndpointConfig>): number[] => {
    const pair = new Pair({ client: { ...only13, ...config }, server });
    pair.input(pair.client, { kind: 'start' });
    return sharesOf(pair);
  };
  const sharesOf = (pair: Pair): number[] => {
    const body = concat(
      ...pair.client.sent.flatMap(({ bytes }) => rawRecords(bytes)).map((one) => one.body.subarray(12)),
    );
    const { extensions } = decode(clientHello, body);
    return findExtension(extensions, 'key_share')?.client_shares.map(({ group }) => group) ?? [];
  };

  it('has a key share of its first group, with that of x25519 beside a hybrid, or those that were asked for', () => {
    expect(shares({ groups: [0x17, 0x1d] })).toEqual([0x17]);
    expect(shares({ groups: [x25519MlKem768, 0x17, 0x1d] })).toEqual([x25519MlKem768, 0x1d]);
    expect(shares({ groups: [x25519MlKem768, 0x17] })).toEqual([x25519MlKem768]);
    expect(shares({ groups: [0x1d, 0x17, 0x18], keyShares: [0x18, 0x17] })).toEqual([0x18, 0x17]);
    // A group that is offered for shape has no share that anybody could make.
    expect(shares({ groups: [0x0100, 0x1d], keyShares: [0x0100, 0x1d] })).toEqual([0x1d]);
  });
});

describe('early data (0-RTT)', () => {
  it('that a client offers is not taken, and the handshake goes on without it', () => {
    run({ client: { hello: helloWith({ kind: 'early_data', body: {} }) } });
  });

  it('that comes anyway is refused by name', () => {
    const pair = new Pair({ client: only13, server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(15);
    const bytes = Uint8Array.from([0x2d, 0, 0, 0, 20, ...new Uint8Array(20)]);
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    expect(pair.server.of('dropped')).toMatchObject([
      { reason: 'unexpected-content', detail: 'early data (0-RTT), which is never agreed' },
    ]);
    expect(pair.settle().agreed).toBe(true);
  });
});

describe('a path that turns out narrower', () => {
  it('[68] has a flight of DTLS 1.3 cut anew, at once', () => {
    for (const side of ['client', 'server'] as const) {
      const pair = new Pair({
        client: { ...only13, groups: [x25519MlKem768] },
        server: { ...server, groups: [x25519MlKem768] },
      });
      pair.input(pair.server, { kind: 'start' });
      pair.input(pair.client, { kind: 'start' });
      pair.settle(15);
      pair.input(pair[side], { kind: 'too-big', size: 300 });
      expect(pair.settle().agreed, pair.describe()).toBe(true);
      const after = pair[side].sent.filter(({ contents }) => contents.attempt > 0);
      expect(Math.max(0, ...after.map(({ bytes }) => bytes.length))).toBe(300);
    }
  });
});
