import { describe, expect, it } from 'vitest';
import { alertFor, type Failure } from '../../src/engine/index.ts';
import { alertDescriptions, HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, faithful, mutating, Pair, type PairOptions, type Sent } from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';
import { sealFrom } from '../support/sealed.ts';

const ecdsa = await credential('ecdsa-p256');
const server = { credentials: [ecdsa] };
const number = (name: string): number | undefined =>
  Number(Object.entries(alertDescriptions).find(([, known]) => known === name)?.[0]);

/** Sets bytes at an offset. */
const set =
  (at: number, ...values: number[]) =>
  (body: Uint8Array): Uint8Array => {
    body.set(values, at);
    return body;
  };
/** Appends an extension to a hello. */
const extend =
  (lengthAt: number, ...extension: number[]) =>
  (body: Uint8Array): Uint8Array => {
    const length = (body[lengthAt] ?? 0) * 256 + (body[lengthAt + 1] ?? 0) + extension.length;
    return Uint8Array.from([
      ...body.subarray(0, lengthAt),
      length >> 8,
      length & 255,
      ...body.subarray(lengthAt + 2),
      ...extension,
    ]);
  };
/** Where the extensions begin in our ServerHello, which has no session id, and in our ClientHello of `suites` suites. */
const inServerHello = 2 + 32 + 1 + 2 + 1;
const inClientHello = (suites: number): number => 2 + 32 + 1 + 1 + 2 + 2 * suites + 2;

describe('what a peer gets wrong ends with the alert that the RFCs ask for', () => {
  const cases: readonly (readonly [string, 'client' | 'server', PairOptions, Partial<Failure>, string])[] = [
    [
      'a ServerHello of DTLS 1.0',
      'client',
      { link: rewriting(HandshakeType.serverHello, set(0, 0xfe, 0xff)) },
      { code: 'version', offered: [0xfefd], supported: [0xfeff] },
      'protocol_version',
    ],
    [
      'a ClientHello of DTLS 1.0',
      'server',
      { link: rewriting(HandshakeType.clientHello, set(0, 0xfe, 0xff)) },
      { code: 'version', offered: [0xfeff], supported: [0xfefd] },
      'protocol_version',
    ],
    [
      'a suite that was not offered',
      'client',
      { link: rewriting(HandshakeType.serverHello, set(35, 0x00, 0x2f)) },
      { code: 'illegal-parameter', message: 'server_hello' },
      'illegal_parameter',
    ],
    [
      'compression',
      'client',
      { link: rewriting(HandshakeType.serverHello, set(37, 1)) },
      { code: 'illegal-parameter', message: 'server_hello' },
      'illegal_parameter',
    ],
    [
      '[57] an extension that was not offered',
      'client',
      { link: rewriting(HandshakeType.serverHello, extend(inServerHello, 0, 35, 0, 0)) },
      { code: 'unsupported-extension', extension: 35 },
      'unsupported_extension',
    ],
    [
      '[57] an unknown extension that was not offered',
      'client',
      { link: rewriting(HandshakeType.serverHello, extend(inServerHello, 0xab, 0xab, 0, 0)) },
      { code: 'unsupported-extension', extension: 0xabab },
      'unsupported_extension',
    ],
    [
      '[57] an extension twice in a ServerHello',
      'client',
      { link: rewriting(HandshakeType.serverHello, extend(inServerHello, 0, 23, 0, 0)) },
      { code: 'malformed', message: 'server_hello' },
      'decode_error',
    ],
    [
      '[57] an extension twice that was not even offered',
      'client',
      { link: rewriting(HandshakeType.serverHello, extend(inServerHello, 0xab, 0xab, 0, 0, 0xab, 0xab, 0, 0)) },
      { code: 'malformed', message: 'server_hello' },
      'decode_error',
    ],
    [
      '[57] an extension twice in a ClientHello',
      'server',
      { link: rewriting(HandshakeType.clientHello, extend(inClientHello(6), 0, 23, 0, 0)) },
      { code: 'malformed', message: 'client_hello' },
      'decode_error',
    ],
    [
      'a renegotiation_info with something in it',
      'client',
      {
        client: { extendedMasterSecret: 'off' },
        // Ours is the first extension: ff01 0001 00.
        link: rewriting(HandshakeType.serverHello, (body) => {
          const at = inServerHello + 2;
          expect([...body.subarray(at, at + 5)]).toEqual([0xff, 1, 0, 1, 0]);
          const changed = [...body.subarray(0, at), 0xff, 1, 0, 2, 1, 7, ...body.subarray(at + 5)];
          const length = (changed[inServerHello + 1] ?? 0) + 1;
          changed[inServerHello + 1] = length;
          return Uint8Array.from(changed);
        }),
      },
      { code: 'unsupported' },
      'handshake_failure',
    ],
    [
      '[56] no extended master secret, where the client requires one',
      'client',
      { client: { extendedMasterSecret: 'require' }, server: { extendedMasterSecret: 'off' } },
      { code: 'no-extended-master-secret' },
      'handshake_failure',
    ],
    [
      '[56] no extended master secret, where the server requires one',
      'server',
      { client: { extendedMasterSecret: 'off' }, server: { extendedMasterSecret: 'require' } },
      { code: 'no-extended-master-secret' },
      'handshake_failure',
    ],
    [
      'no protocol in common',
      'server',
      { client: { alpn: ['a'] }, server: { alpn: ['b'] } },
      { code: 'no-application-protocol', offered: ['a'] },
      'no_application_protocol',
    ],
    [
      'a group that was not offered',
      'client',
      { link: rewriting(HandshakeType.serverKeyExchange, set(1, 0, 25)) },
      { code: 'illegal-parameter', message: 'server_key_exchange' },
      'illegal_parameter',
    ],
    [
      'a signature scheme that was not offered',
      'client',
      { link: rewriting(HandshakeType.serverKeyExchange, set(4 + 32, 2, 3)) },
      { code: 'illegal-parameter', message: 'server_key_exchange' },
      'illegal_parameter',
    ],
    [
      'a signature that is wrong',
      'client',
      {
        link: rewriting(HandshakeType.serverKeyExchange, (body) => set(body.length - 1, (body.at(-1) ?? 0) ^ 1)(body)),
      },
      { code: 'bad-signature', message: 'server_key_exchange' },
      'decrypt_error',
    ],
    [
      'a key share of zeros',
      'server',
      { link: rewriting(HandshakeType.clientKeyExchange, (body) => body.fill(0, 1)) },
      { code: 'illegal-parameter', message: 'client_key_exchange' },
      'illegal_parameter',
    ],
    [
      'a point that is not on the curve',
      'server',
      {
        client: { groups: [23] },
        link: rewriting(HandshakeType.clientKeyExchange, (body) => body.fill(7, 2)),
      },
      { code: 'illegal-parameter', message: 'client_key_exchange' },
      'illegal_parameter',
    ],
    [
      'a message that does not parse',
      'client',
      { link: rewriting(HandshakeType.serverKeyExchange, (body) => body.subarray(0, 20)) },
      { code: 'malformed', message: 'server_key_exchange' },
      'decode_error',
    ],
    [
      'a ServerHelloDone with a body',
      'client',
      { link: rewriting(HandshakeType.serverHelloDone, () => Uint8Array.of(1)) },
      { code: 'malformed', message: 'server_hello_done' },
      'decode_error',
    ],
    [
      'an empty certificate chain of a server',
      'client',
      { link: rewriting(HandshakeType.certificate, () => Uint8Array.of(0, 0, 0)) },
      { code: 'bad-certificate' },
      'bad_certificate',
    ],
    [
      'only compressed points',
      'server',
      // The only extension with one format: 000b 0002 01 00.
      {
        link: rewriting(HandshakeType.clientHello, (body) => {
          const at = Buffer.from(body).indexOf(Buffer.from('000b00020100', 'hex'));
          expect(at).toBeGreaterThan(0);
          return set(at + 5, 1)(body);
        }),
      },
      { code: 'illegal-parameter', message: 'client_hello' },
      'illegal_parameter',
    ],
  ];
  it.each(cases)('%s', (_, who, options, failure, alert) => {
    const pair = new Pair({ ...options, server: { ...server, ...options.server } }).run();
    expect(pair[who].failure).toMatchObject(failure);
    expect(pair[who].alerts).toEqual([`sent 2 ${number(alert)}`]);
    const other = who === 'client' ? pair.server : pair.client;
    expect(other.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: number(alert) });
    expect(pair.client.endpoint.state).toBe('failed');
    expect(pair.server.endpoint.state).toBe('failed');
  });

  it('a message that nobody waits for, with what was waited for', () => {
    // A ClientKeyExchange in place of the Certificate.
    const pair = new Pair({
      server,
      link: (sent) => {
        if (!carries(sent, HandshakeType.certificate)) return faithful(sent);
        const records = rawRecords(sent.bytes).map((record) => {
          const [fragment] = rawFragments(record.body);
          if (fragment?.type !== HandshakeType.certificate) return rawRecord(record);
          return rawRecord({ ...record, body: rawFragment({ type: 16, seq: fragment.seq, body: [1, 2] }) });
        });
        return records.map((bytes) => ({ bytes }));
      },
    }).run();
    expect(pair.client.failure).toEqual({
      fault: 'peer',
      code: 'unexpected-message',
      got: 'client_key_exchange',
      expected: ['certificate'],
    });
    expect(pair.client.alerts).toEqual(['sent 2 10']);
  });

  it('a message that nobody knows', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(12);
    const bytes = rawRecord({ number: 9, body: rawFragment({ type: 99, seq: 1, body: [] }) });
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    expect(pair.server.failure).toMatchObject({ code: 'unexpected-message', expected: ['client_key_exchange'] });
  });

  it('has a name for the alert of every failure', () => {
    const quiet: readonly Failure['code'][] = ['alert', 'timed-out', 'misuse'];
    for (const code of quiet) expect(alertFor({ code } as Failure)).toBeUndefined();
    expect(alertFor({ code: 'sequence-exhausted' } as Failure)).toBe('internal_error');
  });
});

describe('what is unknown is stepped over', () => {
  it('suites, groups, schemes, extensions and GREASE in a ClientHello', () => {
    const pair = new Pair({
      client: {
        cipherSuites: [0x0a0a, 0x1301, 0xfafa, 0xc02b, 0x00ff],
        groups: [0x1a1a, 0x11ec, 29, 23],
        signatureSchemes: [0x0402, 0x0202, 0x2a2a, 0x0904, 0x0403],
        srtpProfiles: [0x00ee, 7],
        alpn: ['\u{1f980}', 'webrtc'],
      },
      server: { ...server, srtpProfiles: [7], alpn: ['webrtc'] },
      link: faithful,
    }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.server.parameters).toMatchObject({ group: 29, srtpProfile: 7, alpn: 'webrtc' });
  });

  it('unknown extensions of a ClientHello do not change what is agreed, but count in the transcript', () => {
    // An on-path change of the hello: the server goes on, and Finished shows it.
    const pair = new Pair({
      server,
      link: rewriting(HandshakeType.clientHello, extend(inClientHello(6), 0x7a, 0x7a, 0, 1, 0)),
    }).run();
    expect(pair.server.failure ?? pair.client.failure).toBeDefined();
    expect(pair.server.of('dropped').map(({ reason }) => reason)).not.toContain('malformed');
    expect(pair.client.of('peer-certificate')).toHaveLength(1);
  });

  it('unknown certificate types, schemes and authorities in a CertificateRequest', () => {
    const pair = new Pair({
      client: { credentials: [ecdsa] },
      server: { ...server, clientAuth: 'require', signatureSchemes: [0x2a2a, 0x0402, 0x0403, 0xeeee] },
    }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
  });
});

describe('an alert that comes in', () => {
  const alert = (level: number, description: number, more: { epoch?: number; number?: number } = {}): Uint8Array =>
    rawRecord({ type: 21, number: 500, body: [level, description], ...more });
  const midway = (): Pair => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    return pair;
  };

  it('fatal and in epoch 0 ends a handshake', () => {
    const pair = midway();
    pair.input(pair.client, { kind: 'datagram', bytes: alert(2, 40), from: 'server' });
    expect(pair.client.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: 40 });
    expect(pair.client.alerts).toEqual(['received 2 40']);
    expect(pair.client.endpoint.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('of warning level is told, and nothing else', () => {
    const pair = midway();
    pair.input(pair.client, { kind: 'datagram', bytes: alert(1, 90), from: 'server' });
    pair.settle();
    expect(pair.client.alerts).toEqual(['received 1 90']);
    expect(pair.agreed).toBe(true);
  });

  it('in epoch 0 is ignored once there are keys', () => {
    const pair = new Pair({ server }).run();
    for (const side of [pair.client, pair.server]) {
      const from = side === pair.client ? 'server' : 'client';
      pair.input(side, { kind: 'datagram', bytes: alert(2, 40), from });
      pair.input(side, { kind: 'datagram', bytes: alert(1, 0), from });
      expect(side.drops.slice(-2)).toEqual(['unauthenticated-alert', 'unauthenticated-alert']);
    }
    expect(pair.agreed).toBe(true);
  });

  it('that is none is ignored', () => {
    const pair = midway();
    for (const body of [[], [2], [2, 40, 0], [3, 40], [0, 0]])
      pair.input(pair.client, { kind: 'datagram', bytes: rawRecord({ type: 21, body }), from: 'server' });
    expect(pair.client.drops).toEqual(Array(5).fill('malformed'));
    expect(pair.client.endpoint.state).toBe('awaitServerHello');
  });

  it.each([
    ['of no level that there is', [0x42, 10], { code: 'illegal-parameter', message: 'alert' }, 'sent 2 47'],
    ['that is too short', [2], { code: 'malformed', message: 'alert' }, 'sent 2 50'],
    ['that is two', [1, 0, 1, 0], { code: 'malformed', message: 'alert' }, 'sent 2 50'],
  ])('under keys and %s is the peer’s fault', (_, body, failure, answer) => {
    const pair = new Pair({ server }).run();
    const bytes = sealFrom(pair, 'server', 21, Uint8Array.from(body));
    pair.input(pair.client, { kind: 'datagram', bytes, from: 'server' });
    expect(pair.client.failure).toMatchObject(failure);
    expect(pair.client.alerts).toEqual([answer]);
  });

  it('before a server knows its client is ignored', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.server, { kind: 'datagram', bytes: alert(2, 40), from: 'client' });
    expect(pair.server.drops).toEqual(['unexpected-content']);
  });
});

describe('closing', () => {
  it('tells the peer, who answers, and both are closed', () => {
    const pair = new Pair({ server }).run();
    pair.input(pair.client, { kind: 'close' });
    pair.settle();
    expect(pair.client.of('closed')).toEqual([{ kind: 'closed', by: 'us' }]);
    expect(pair.server.of('closed')).toEqual([{ kind: 'closed', by: 'peer' }]);
    expect(pair.server.alerts).toEqual(['received 1 0', 'sent 1 0']);
    expect([pair.client.endpoint.state, pair.server.endpoint.state]).toEqual(['closed', 'closed']);
    // The answer to our close_notify is expected, and no noise.
    expect(pair.client.drops).toEqual([]);
    expect(pair.client.alerts).toEqual(['sent 1 0', 'received 1 0']);
  });

  it('in the middle of a handshake tells the peer, too, and stops the timer', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'close' });
    pair.settle();
    expect(pair.client.endpoint.state).toBe('closed');
    expect(pair.server.endpoint.state).toBe('closed');
    expect(pair.now).toBeLessThan(1000);
  });

  it('before the start tells nobody', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'close' });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.server, { kind: 'close' });
    expect(pair.sent).toEqual([]);
    pair.input(pair.client, { kind: 'start' });
    expect(pair.client.failure).toMatchObject({ code: 'misuse' });
    expect(pair.sent).toEqual([]);
  });

  it('with a fatal alert says which, and asks for no answer', () => {
    const pair = new Pair({ server }).run();
    pair.input(pair.client, { kind: 'abort', description: 30 });
    pair.settle();
    expect(pair.client.alerts).toEqual(['sent 2 30']);
    expect(pair.client.of('closed')).toEqual([{ kind: 'closed', by: 'us' }]);
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: 30 });
    expect(pair.server.alerts).toEqual(['received 2 30']);
  });

  it('twice is once', () => {
    const pair = new Pair({ server }).run();
    pair.input(pair.client, { kind: 'close' });
    pair.input(pair.client, { kind: 'close' });
    expect(pair.client.of('closed')).toHaveLength(1);
  });

  it('makes what comes later be ignored', () => {
    const pair = new Pair({ server }).run();
    pair.input(pair.client, { kind: 'close' });
    pair.send(pair.server, 'late');
    pair.settle();
    expect(pair.client.data).toEqual([]);
    expect(pair.client.drops).toContain('after-close');
  });
});

describe('a fatal alert of ours', () => {
  it('[84] is repeated to a peer that goes on with its handshake, and not for ever', () => {
    // The client never hears why its certificate is refused.
    const isAlert = (sent: Sent): boolean => sent.contents.records.some(({ type }) => type === 21);
    const pair = new Pair({
      client: { retransmission: { start: 1000, growth: 1, cap: 1000, attempts: 40 } },
      server: { ...server, clientAuth: 'require' },
      link: mutating(
        (sent) => sent.from === 'server' && isAlert(sent),
        () => undefined,
      ),
    }).run();
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'certificate-missing' });
    expect(pair.server.sent.filter(isAlert)).toHaveLength(11);
    expect(pair.client.failure).toMatchObject({ code: 'timed-out' });
  });

  it('[84] reaches the peer when its first copy is lost', () => {
    let lost = 0;
    const pair = new Pair({
      server: { ...server, clientAuth: 'require' },
      link: mutating(
        (sent) => sent.contents.records.some(({ type }) => type === 21) && lost++ === 0,
        () => undefined,
      ),
    }).run();
    expect(pair.client.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: 40 });
  });
});

describe('misuse', () => {
  it('is told and changes nothing: sending too early, starting twice', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'send', bytes: new Uint8Array(3) });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.send(pair.client, 'early');
    pair.settle();
    expect(pair.client.of('failed').map(({ failure }) => failure.code)).toEqual(['misuse', 'misuse', 'misuse']);
    expect(pair.agreed).toBe(true);
    expect(pair.server.data).toEqual([]);
  });
});

describe('renegotiation', () => {
  it('[8] is refused with a warning, and the association lives on', () => {
    // Two endpoints of ours never ask for it, so the request is sealed with the keys of the pair itself.
    const pair = new Pair({ server }).run();
    const ask = (side: 'client' | 'server', type: number): Uint8Array =>
      sealFrom(pair, side, 22, rawFragment({ type, seq: 0, body: type === 1 ? [1, 2, 3] : [] }));
    pair.input(pair.server, { kind: 'datagram', bytes: ask('client', 1), from: 'client' });
    pair.input(pair.client, { kind: 'datagram', bytes: ask('server', 0), from: 'server' });
    expect(pair.server.alerts).toEqual(['sent 1 100']);
    expect(pair.client.alerts).toEqual(['sent 1 100']);
    pair.settle();
    pair.send(pair.client, 'still here');
    pair.settle();
    expect(pair.server.data).toEqual(['still here']);
  });

  it('is asked for by a client that is told to, with what proves that it is the same one', () => {
    const pair = new Pair({ client: { versions: ['1.2'], faults: { afterFinished: 'renegotiates' } }, server }).run();
    expect(pair.client.alerts).toEqual(['received 1 100']);
    expect(pair.agreed).toBe(true);
    pair.send(pair.client, 'still here');
    pair.settle();
    expect(pair.server.data).toEqual(['still here']);
  });
});
