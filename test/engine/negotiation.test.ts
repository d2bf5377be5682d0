/** Which version two ends agree on, and what a HelloRetryRequest does for those that speak DTLS 1.3. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { EndpointConfig } from '../../src/engine/index.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, faithful, type LinkRule, Pair, type PairOptions, type Sent } from '../support/pair.ts';
import { rawFragments, rawRecords } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';
import { bothVersions, only13, x25519MlKem768 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const rsa = await credential('rsa-2048');
const only12 = { versions: ['1.2'], cipherSuites: [0xc02b, 0xc02f], groups: [0x1d, 0x17] } as const;

const pairOf = (
  client: Partial<EndpointConfig>,
  server: Partial<EndpointConfig>,
  more: Omit<PairOptions, 'client' | 'server'> = {},
): Pair => new Pair({ client, server: { credentials: [ecdsa], ...server }, ...more }).run();

/** Bodies of a message that a side sent in the clear, whole ones. */
const bodies = (sent: readonly Sent[], from: string, message: number): Uint8Array[] =>
  sent
    .filter((one) => one.from === from && carries(one, message))
    .flatMap(({ bytes }) => rawRecords(bytes.subarray(0, plainLength(bytes))))
    .flatMap(({ body, type }) => (type === 22 ? rawFragments(body) : []))
    .filter((fragment) => fragment.type === message && fragment.body.length === fragment.total)
    .map(({ body }) => body);
/** Bytes before the first ciphertext. */
function plainLength(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) >> 5 !== 1)
    at += 13 + (bytes[at + 11] ?? 0) * 256 + (bytes[at + 12] ?? 0);
  return at;
}

describe('one endpoint that speaks both versions', () => {
  it.each([
    ['1.3', bothVersions, bothVersions],
    ['1.3', bothVersions, only13],
    ['1.3', only13, bothVersions],
    ['1.2', bothVersions, only12],
    ['1.2', only12, bothVersions],
    // An order of preference that would have a server give away 1.3 is not followed: see the sentinels.
    ['1.3', bothVersions, { ...bothVersions, versions: ['1.2', '1.3'] as const }],
  ] as const)('agrees on %s: %#', (version, client, server) => {
    const pair = pairOf(client, server);
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.parameters?.version).toBe(version);
    expect(pair.server.parameters?.version).toBe(version);
  });

  it('[52] works with a server of DTLS 1.2 that asks for a cookie', () => {
    const pair = pairOf({ ...bothVersions, groups: [x25519MlKem768, 0x1d, 0x17] }, { ...only12, cookie: true });
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.parameters?.version).toBe('1.2');
  });

  it('speaks the version alone that it has suites and groups for', () => {
    const suites = [0xc02b];
    expect(pairOf({ ...bothVersions, cipherSuites: suites }, bothVersions).client.parameters?.version).toBe('1.2');
    expect(pairOf({ ...bothVersions, groups: [x25519MlKem768] }, bothVersions).server.failure).toMatchObject({
      code: 'no-common-group',
    });
  });

  it.each([0xfefc, 0xfe00, 0xfdff, 0x0101])(
    'takes a client of a version that nobody knows for one of DTLS 1.2: %i',
    (version) => {
      const pair = new Pair({
        client: only12,
        server: { ...only12, credentials: [ecdsa] },
        link: rewriting(HandshakeType.clientHello, (body) =>
          Uint8Array.from([version >> 8, version & 255, ...body.subarray(2)]),
        ),
      }).run(500);
      // What was changed on the way shows in the Finished, and nowhere before.
      expect(pair.server.of('state').map(({ to }) => to)).toContain('awaitFinished');
    },
  );

  it('has nothing in common with a peer of the other version alone', () => {
    const pair = pairOf(only13, only12);
    expect(pair.server.failure).toMatchObject({ code: 'version', offered: [0xfefc], supported: [0xfefd] });
    expect(pairOf(only12, only13).server.failure).toMatchObject({ code: 'version', supported: [0xfefc] });
  });

  it('says what a server of DTLS 1.2 with cookies means to a client of 1.3 alone', () => {
    const pair = pairOf(only13, { ...only12, cookie: true });
    expect(pair.client.failure).toMatchObject({ code: 'version', offered: [0xfefc], supported: [0xfefd] });
  });

  it('offers suites, groups and extensions of its versions alone', () => {
    const suites = [0x1301, 0xc02b];
    const groups = [x25519MlKem768, 0x1d, 0x17];
    const hello = (versions: EndpointConfig['versions']): string => {
      const pair = pairOf({ versions, cipherSuites: suites, groups }, { ...bothVersions, credentials: [ecdsa] });
      expect(pair.agreed, pair.describe()).toBe(true);
      return pair.client.sent.map(({ bytes }) => toHex(bytes)).join('');
    };
    expect(hello(['1.2'])).toContain('0002c02b0100');
    expect(hello(['1.2'])).not.toContain('11ec');
    expect(hello(['1.3'])).toContain('000213010100');
    expect(hello(['1.3', '1.2'])).toContain('00041301c02b0100');
  });
});

describe('[53] the downgrade sentinel', () => {
  it('ends the random of a server that speaks 1.3 and was not offered it', () => {
    const pair = pairOf(only12, bothVersions);
    const [hello] = bodies(pair.server.sent, 'server', HandshakeType.serverHello);
    expect(toHex(hello?.subarray(26, 34) ?? new Uint8Array())).toBe('444f574e47524401');
    const plain = pairOf(only12, only12);
    const [other] = bodies(plain.server.sent, 'server', HandshakeType.serverHello);
    expect(toHex(other?.subarray(26, 34) ?? new Uint8Array())).not.toBe('444f574e47524401');
  });

  it('tells a client that somebody took 1.3 out of its hello', () => {
    // fefc becomes TLS 1.2's number: the server sees an offer of DTLS 1.2 alone.
    const strip = rewriting(HandshakeType.clientHello, (body) => {
      const at = toHex(body).indexOf('002b000504fefcfefd') / 2;
      expect(at).toBeGreaterThan(0);
      body.set([0x03, 0x03], at + 5);
      return body;
    });
    const pair = pairOf(bothVersions, bothVersions, { link: strip });
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
    expect(pair.client.alerts).toContain('sent 2 47');
  });
});

describe('a HelloRetryRequest', () => {
  const otherGroup = { ...only13, groups: [0x1d, 0x17] };

  it('asks for a share of a group that the client offered without one', () => {
    const pair = pairOf(otherGroup, { ...only13, groups: [0x17] });
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.parameters?.group).toBe(0x17);
    expect(pair.client.sendings).toEqual(['1.0', '3.0', '5.0']);
    expect(pair.server.sendings).toEqual(['2.0', '4.0', '0.0']);
  });

  it('is not needed where any share fits, whatever we like best', () => {
    const pair = pairOf({ ...only13, groups: [0x1d, 0x17] }, { ...only13, groups: [0x17, 0x1d] });
    expect(pair.client.parameters?.group).toBe(0x1d);
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
  });

  it('[50] is what proves an address in DTLS 1.3, and carries a cookie', () => {
    const pair = pairOf(only13, { ...only13, cookie: true });
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.server.sent.some((one) => carries(one, HandshakeType.helloVerifyRequest))).toBe(false);
    expect(pair.client.sendings).toEqual(['1.0', '3.0', '5.0']);
  });

  it('can ask for both at once', () => {
    const pair = pairOf(otherGroup, { ...only13, groups: [0x17], cookie: true });
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.client.parameters?.group).toBe(0x17);
  });

  it('lets a client that offers 1.2 as well finish either', () => {
    expect(pairOf(bothVersions, { ...bothVersions, cookie: true }).client.parameters?.version).toBe('1.3');
    expect(pairOf(only12, { ...bothVersions, cookie: true }).client.parameters?.version).toBe('1.2');
  });

  it('works with a hello of two datagrams, of which the server keeps a piece for a moment and says so', () => {
    const pair = pairOf({ ...only13, groups: [x25519MlKem768, 0x1d] }, { ...only13, cookie: true });
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.server.of('unverified-hello').length).toBeGreaterThan(0);
    expect(pair.server.endpoint.held).toBe(0);
  });

  it('works with mutual authentication and every suite', () => {
    for (const suite of [0x1301, 0x1302, 0x1303]) {
      const pair = pairOf(
        { ...otherGroup, cipherSuites: [suite], credentials: [rsa] },
        { ...only13, groups: [0x17], cookie: true, clientAuth: 'require' },
      );
      expect(pair.agreed, pair.describe()).toBe(true);
      expect(pair.server.parameters).toMatchObject({ cipherSuite: suite, peerSignature: 0x0804 });
    }
  });

  it('[54] is never three times as long as the hello that it answers', () => {
    const pair = pairOf(
      { ...only13, groups: [0x1d, 0x17] },
      { ...only13, cipherSuites: [0x1302], groups: [0x17], cookie: true },
    );
    const [hello] = pair.client.sent;
    const [retry] = pair.server.sent;
    expect(retry?.bytes.length).toBeLessThan(3 * (hello?.bytes.length ?? 0));
  });

  it('comes again to a client that sends its first hello again', () => {
    // The retry is lost, with and without a state for it.
    for (const cookie of [true, false]) {
      const pair = pairOf(otherGroup, { ...only13, groups: [0x17], cookie }, { link: dropping(1) });
      expect(pair.agreed, pair.describe()).toBe(true);
    }
  });

  it('leaves nothing behind for an address that proves nothing', () => {
    const deaf: LinkRule = (sent) => (sent.from === 'server' ? [] : faithful(sent));
    const pair = new Pair({ client: only13, server: { ...only13, credentials: [ecdsa], cookie: true }, link: deaf });
    pair.run(20_000);
    expect(pair.server.endpoint.state).toBe('awaitClientHello');
    expect(pair.server.endpoint.held).toBe(0);
    const answers = pair.server.sent.map(({ bytes }) => toHex(bytes.subarray(11)));
    expect(answers.length).toBeGreaterThan(3);
    expect(new Set(answers).size).toBe(1);
  });

  it('[50] with a cookie that is not the server’s is answered by illegal_parameter, and ends nothing', () => {
    const forge = rewriting(HandshakeType.clientHello, (body) => {
      const at = toHex(body).indexOf('002c00') / 2;
      if (at > 0) body[at + 10] = (body[at + 10] ?? 0) ^ 1;
      return body;
    });
    let forging = true;
    const link: LinkRule = (sent) => (forging ? forge(sent) : faithful(sent));
    const server = { ...only13, credentials: [ecdsa], cookie: true };
    const pair = new Pair({ client: only13, server, link }).run();
    expect(pair.client.failure).toMatchObject({ code: 'alert', description: 47 });
    expect(pair.server.endpoint.state).toBe('awaitClientHello');
    expect(pair.server.drops).toContain('bad-cookie');
    forging = false;
  });

  it('[50] of which there is a second one is unexpected', () => {
    let answer: Uint8Array | undefined;
    const twice: LinkRule = (sent) => {
      if (sent.from === 'client') return faithful(sent);
      // The first answer again, as the answer to the second hello: with its number.
      answer ??= Uint8Array.from(sent.bytes);
      const copy = Uint8Array.from(answer);
      if (sent.contents.flight === 4) copy[13 + 5] = 1;
      return sent.contents.flight === 4 ? [{ bytes: copy }] : faithful(sent);
    };
    const pair = pairOf(otherGroup, { ...only13, groups: [0x17] }, { link: twice });
    expect(pair.client.failure).toEqual({
      fault: 'peer',
      code: 'unexpected-message',
      got: 'hello_retry_request',
      expected: ['server_hello'],
    });
  });

  it.each([
    ['for a group that was not offered', 0x19, 'was not offered'],
    ['for a group of which there was a share', 0x1d, 'is there already'],
  ])('[58] %s is illegal', (_, group, what) => {
    const link = rewriting(HandshakeType.serverHello, (body) => {
      const at = toHex(body).indexOf('003300020017') / 2;
      if (at > 0) body.set([0, group], at + 4);
      return body;
    });
    const pair = pairOf(otherGroup, { ...only13, groups: [0x17] }, { link });
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'hello_retry_request' });
    expect(JSON.stringify(pair.client.failure)).toContain(what);
  });

  it('[58] is answered by the same hello but for what it asked', () => {
    const other = rewriting(HandshakeType.clientHello, (body) => {
      // The second hello: its suites in another order.
      if (toHex(body).includes('003300470045')) body.set([0x13, 0x03, 0x13, 0x02, 0x13, 0x01], 2 + 32 + 1 + 1 + 2);
      return body;
    });
    const pair = pairOf(otherGroup, { ...only13, groups: [0x17] }, { link: other });
    expect(pair.server.failure).toMatchObject({ code: 'illegal-parameter', message: 'client_hello' });
  });
});

describe('[51] a ClientHello of DTLS 1.3', () => {
  it('has the version of 1.2, an empty cookie and supported_versions, and the server echoes no session id', () => {
    const pair = pairOf(only13, only13);
    const [hello] = bodies(pair.client.sent, 'client', HandshakeType.clientHello);
    const [answer] = bodies(pair.server.sent, 'server', HandshakeType.serverHello);
    expect(toHex(hello?.subarray(0, 2) ?? new Uint8Array())).toBe('fefd');
    expect([hello?.[34], hello?.[35]]).toEqual([0, 0]);
    expect(toHex(hello ?? new Uint8Array())).toContain('002b000302fefc');
    expect(toHex(answer?.subarray(0, 2) ?? new Uint8Array())).toBe('fefd');
    expect(answer?.[34]).toBe(0);
    expect(toHex(answer ?? new Uint8Array())).toContain('002b0002fefc');
  });

  it('with a legacy cookie is refused', () => {
    const link = rewriting(HandshakeType.clientHello, (body) =>
      Uint8Array.from([...body.subarray(0, 35), 2, 7, 7, ...body.subarray(36)]),
    );
    expect(pairOf(only13, only13, { link }).server.failure).toMatchObject({
      code: 'illegal-parameter',
      what: 'legacy_cookie is not empty',
    });
  });
});
