/** What old peers speak: DTLS 1.0, AES-CBC with both orders of MAC, RSA key exchange, P-521; and that none of it is agreed unasked. */
import { describe, expect, it } from 'vitest';
import { emptyBytes, toHex } from '../../src/base/bytes.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createEndpoint, defaultConfig, type EndpointConfig } from '../../src/engine/index.ts';
import { downgradeSentinel } from '../../src/wire/handshake.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, duplicating, losing, mutating, Pair, type PairOptions } from '../support/pair.ts';
import { only13 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const p521 = await credential('ecdsa-p521');
const rsa = await credential('rsa-2048');
const ed25519 = await credential('ed25519');
const weak = { allowWeak: true } as const;
const only10 = { versions: ['1.0'], cipherSuites: [0xc009, 0xc013, 0x0035], ...weak } as const;

const handshake = (options: PairOptions): Pair => {
  const pair = new Pair(options).run();
  expect(pair.agreed, pair.describe()).toBe(true);
  return pair;
};
const connected = (options: PairOptions): Pair => {
  const pair = handshake(options);
  pair.send(pair.client, 'ping');
  pair.send(pair.server, 'pong');
  pair.settle();
  expect([pair.server.data, pair.client.data]).toEqual([['ping'], ['pong']]);
  return pair;
};
/** Both sides with these settings. */
const both = (settings: Partial<EndpointConfig>, more: Partial<PairOptions> = {}): PairOptions => ({
  ...more,
  client: { ...settings, ...more.client },
  server: { credentials: [ecdsa, rsa], ...settings, ...more.server },
});

it('fills datagrams and records without end with AES-CBC as with any suite', () => {
  const settings = { versions: ['1.2'], cipherSuites: [0xc009], ...weak, packing: 'flight' } as const;
  const pair = connected(both(settings));
  pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(16_384), aboveMtu: true });
  pair.settle();
  expect(pair.server.of('data').at(-1)?.bytes.length).toBe(16_384);
  expect(pair.client.failure).toBeUndefined();
});

describe.each([nobleProvider, nodeProvider])('with the backend $name', (provider) => {
  it.each([
    ['1.0', 0xc009],
    ['1.0', 0xc00a],
    ['1.0', 0xc013],
    ['1.0', 0xc014],
    ['1.0', 0x002f],
    ['1.0', 0x0035],
    ['1.2', 0xc009],
    ['1.2', 0xc014],
    ['1.2', 0x0035],
    ['1.2', 0xc023],
    ['1.2', 0xc024],
    ['1.2', 0xc027],
    ['1.2', 0x003c],
    ['1.2', 0x009c],
    ['1.2', 0x009d],
  ] as const)('DTLS %s runs suite 0x%s, with the MAC inside and outside', (version, suite) => {
    for (const encryptThenMac of [true, false]) {
      const settings = { ...weak, versions: [version], cipherSuites: [suite], encryptThenMac };
      const pair = connected(both(settings, { provider }));
      const cbc = suite !== 0x009c && suite !== 0x009d;
      for (const { parameters } of [pair.client, pair.server])
        expect(parameters).toMatchObject({ version, cipherSuite: suite, encryptThenMac: cbc && encryptThenMac });
      const exchanged = suite >= 0xc000;
      expect(pair.sent.some((sent) => carries(sent, HandshakeType.serverKeyExchange))).toBe(exchanged);
      expect(pair.client.parameters?.group !== undefined).toBe(exchanged);
    }
  });

  it.each(['ecdsa-p256', 'rsa-2048'])('DTLS 1.0 takes a client certificate %s', async (spec) => {
    const client = { credentials: [await credential(spec)] };
    const pair = connected(both(only10, { provider, client, server: { clientAuth: 'require' } }));
    expect(pair.server.of('peer-certificate')).toHaveLength(1);
  });
});

it('agrees on P-521, with a key on it', () => {
  const settings = { groups: [25], signatureSchemes: [0x0603], credentials: [p521], clientAuth: 'require' } as const;
  const pair = connected({ client: settings, server: settings });
  expect(pair.client.parameters).toMatchObject({ group: 25, peerSignature: 0x0603 });
  expect(connected({ client: { ...only13, ...settings }, server: { ...only13, ...settings } }).agreed).toBe(true);
});

describe('what is weak', () => {
  const weakSuites = [0xc009, 0xc013, 0x002f, 0x009c];

  it('is not agreed unless it is allowed, and is said to be what is left', () => {
    const environment = { crypto: nodeProvider, random: (n: number) => new Uint8Array(n), peer: 'peer' };
    for (const settings of [{ versions: ['1.0'] as const }, {}]) {
      const config = { ...defaultConfig('client'), cipherSuites: weakSuites, ...settings };
      expect(() => createEndpoint(config, environment)).toThrow(/allowWeak/);
    }
    for (const code of weakSuites) {
      // A server that is offered nothing else, and a client that offered it for shape.
      const server = new Pair(both({}, { client: { cipherSuites: [code], ...weak } })).run();
      expect(server.server.failure).toMatchObject({ code: 'no-common-suite' });
      const client = new Pair(
        both({}, { client: { cipherSuites: [0xc030, code] }, server: { cipherSuites: [code], ...weak } }),
      );
      expect(client.run().client.failure).toMatchObject({ fault: 'local', code: 'unsupported' });
    }
    const versions = both({ versions: ['1.2', '1.0'] }, { client: { ...only10 } });
    expect(new Pair(versions).run().server.failure).toMatchObject({ code: 'version' });
  });

  it('is not signed with: SHA-1 for a client that names no algorithms or those alone', () => {
    const client = { signatureSchemes: [0x0203, 0x0201] };
    expect(new Pair(both({}, { client })).run().server.failure).toMatchObject({ code: 'no-common-signature' });
    const signed = { allowWeak: true, signingSchemes: [0x0203] };
    expect(connected(both({}, { client, server: signed })).client.parameters?.peerSignature).toBe(0x0203);
  });

  it('does not come before what is not', () => {
    const all = {
      ...weak,
      versions: ['1.3', '1.2', '1.0'],
      cipherSuites: [...defaultConfig('client').cipherSuites, 0x0035],
    } as const;
    expect(connected(both(all)).client.parameters).toMatchObject({ version: '1.3' });
    const older = { server: { versions: ['1.2', '1.0'] } } as const;
    expect(connected(both(all, older)).client.parameters).toMatchObject({ version: '1.2', cipherSuite: 0xc02b });
    expect(connected(both(all, { server: { ...only10 } })).client.parameters).toMatchObject({ version: '1.0' });
  });
});

describe('a downgrade', () => {
  const all = { ...weak, versions: ['1.3', '1.2', '1.0'], cipherSuites: [0x1301, 0xc02b, 0xc009] } as const;

  it('to DTLS 1.0 is written into the random of a server that speaks more (RFC 8446 §4.1.3)', () => {
    const pair = connected(both(only10, { server: { versions: ['1.2', '1.0'], cipherSuites: [0xc02b, 0xc009] } }));
    const hello = pair.server.sent.find((sent) => carries(sent, HandshakeType.serverHello));
    expect(toHex(hello?.bytes ?? emptyBytes)).toContain(toHex(downgradeSentinel['1.0']));
  });

  it.each([
    ['1.3', all.versions, '1.0'],
    ['1.3', all.versions, '1.2'],
    ['1.2', ['1.2', '1.0'], '1.0'],
  ] as const)('from %s is refused by a client that offered it', (_, versions, to) => {
    // The server is made to believe that the client spoke less, and says so.
    const pair = new Pair(both(all, { client: { versions } }));
    const lesser = new Pair(both(all, { client: { versions: [to] } })).run();
    expect(lesser.agreed).toBe(true);
    const answer = lesser.server.sent.find((sent) => carries(sent, HandshakeType.serverHello));
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'datagram', bytes: answer?.bytes ?? new Uint8Array(), from: 'server' });
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
  });
});

describe('DTLS 1.0', () => {
  it('writes feff into every record and both hellos, and a 36-byte digest into RSA signatures', () => {
    const pair = connected(both({ ...only10, cipherSuites: [0xc013] }));
    for (const { bytes } of pair.sent) expect([bytes[1], bytes[2]]).toEqual([0xfe, 0xff]);
    expect(pair.server.parameters).toMatchObject({ version: '1.0', peerSignature: undefined });
  });

  it('survives loss, copies and disorder, with a cookie and certificates of both', () => {
    const options = both(only10, {
      client: { credentials: [rsa], mtu: 400 },
      server: { cookie: true, clientAuth: 'require', mtu: 400 },
    });
    const total = connected(options).sent.length;
    for (let index = 0; index < total; index++) handshake({ ...options, link: dropping(index) });
    for (let seed = 0; seed < 10; seed++) handshake({ ...options, link: losing(0.2, seed) });
    handshake({ ...options, link: duplicating, reversed: true });
  });

  it('has no key for Ed25519, which came later', () => {
    const pair = new Pair(both(only10, { server: { credentials: [ed25519] } })).run();
    expect(pair.server.failure).toMatchObject({ code: 'no-common-suite' });
  });
});

describe('AES-CBC records', () => {
  it.each([true, false])(
    'that were changed anywhere are dropped alike, whatever is wrong (encrypt-then-MAC: %s)',
    (encryptThenMac) => {
      const pair = connected(both({ ...only10, encryptThenMac }));
      pair.send(pair.client, 'the next record');
      const sent = pair.client.sent.at(-1);
      const record = sent?.bytes ?? new Uint8Array();
      const before = pair.server.of('dropped').length;
      const changed = [
        ...Array.from({ length: record.length - 13 }, (_, i) =>
          record.map((byte, at) => (at === i + 13 ? byte ^ 1 : byte)),
        ),
        ...Array.from({ length: record.length - 13 }, (_, i) => {
          const cut = record.slice(0, 13 + i);
          new DataView(cut.buffer).setUint16(11, i);
          return cut;
        }),
      ];
      for (const bytes of changed) pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
      expect(new Set(pair.server.drops.slice(before))).toEqual(new Set(['bad-mac']));
      expect(pair.server.drops.slice(before)).toHaveLength(changed.length);
      pair.settle();
      expect(pair.server.data).toEqual(['ping', 'the next record']);
    },
  );
});

describe('RSA key exchange', () => {
  const settings = { ...weak, cipherSuites: [0x009c] };

  it('fails at Finished and nowhere else when the secret was changed on the way (RFC 5246 §7.4.7.1)', () => {
    const change = (bytes: Uint8Array): Uint8Array => {
      // In the middle of the ciphertext, which nothing protects.
      bytes[150] = (bytes[150] ?? 0) ^ 1;
      return bytes;
    };
    const link = mutating((sent) => carries(sent, HandshakeType.clientKeyExchange), change);
    const pair = new Pair(both(settings, { link })).run(60_000);
    expect(pair.server.alerts).toEqual([]);
    expect(new Set(pair.server.drops)).toContain('bad-mac');
    expect(pair.server.endpoint.state).toBe('awaitFinished');
  });

  it('needs an RSA key that may decrypt', async () => {
    const pss = await credential('rsa-pss-2048').catch(() => undefined);
    const credentials = pss ? [ecdsa, pss] : [ecdsa];
    const pair = new Pair(both(settings, { server: { credentials } })).run();
    expect(pair.server.failure).toMatchObject({ code: 'no-common-suite' });
  });
});

describe('record_size_limit (RFC 8449)', () => {
  it.each(['1.2', '1.3'] as const)('bounds what each side writes under keys in DTLS %s', (version) => {
    const versions = { versions: [version], credentials: [rsa], clientAuth: 'require' } as const;
    const pair = connected({
      client: { ...versions, recordSizeLimit: 100 },
      server: { ...versions, recordSizeLimit: 200 },
    });
    const over = version === '1.3' ? 22 : 37;
    const longest = (side: 'client' | 'server'): number =>
      Math.max(
        ...pair[side].sent.flatMap(({ bytes, contents }) =>
          contents.records.every(({ epoch }) => epoch > 0) ? bytes.length : 0,
        ),
      );
    for (const [side, limit] of [
      ['client', 200],
      ['server', 100],
    ] as const) {
      const most = limit - (version === '1.3' ? 1 : 0);
      pair.input(pair[side], { kind: 'send', bytes: new Uint8Array(most + 1) });
      expect(pair[side].failure).toMatchObject({ code: 'misuse' });
      pair.input(pair[side], { kind: 'send', bytes: new Uint8Array(most) });
      if (version === '1.2') expect(longest(side)).toBe(limit + over);
    }
    pair.settle();
    expect(pair.server.of('data').at(-1)?.bytes).toHaveLength(version === '1.3' ? 199 : 200);
  });

  it.each(['1.2', '1.3'] as const)('is dropped where a peer does not keep to it in DTLS %s', (version) => {
    // The client says 100 and the server never hears it.
    const pair = new Pair({
      client: { versions: [version] },
      server: { versions: [version], credentials: [ecdsa], recordSizeLimit: 100 },
    });
    const limited = new Pair({
      client: { versions: [version], recordSizeLimit: 64 },
      server: { versions: [version], credentials: [ecdsa] },
    });
    pair.run();
    expect(pair.agreed, pair.describe()).toBe(true);
    limited.run();
    expect(limited.agreed, limited.describe()).toBe(true);
    // Without the extension in the hello nothing was agreed.
    pair.send(pair.client, 'x'.repeat(150));
    pair.settle();
    expect(pair.server.data).toEqual(['x'.repeat(150)]);
  });
});
