/** What a peer of DTLS 1.3 gets wrong, and how it is told (RFC 8446 §6, RFC 9147 §5). */
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import type { Failure } from '../../src/engine/index.ts';
import { alertDescriptions, HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { faithful, give, type LinkRule, Pair, type PairOptions } from '../support/pair.ts';
import { rawRecord } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';
import { rewriting13, sealFrom13 } from '../support/sealed13.ts';
import { bothVersions, only13 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const rsa = await credential('rsa-2048');
const ends = {
  client: { ...only13, credentials: [ecdsa], srtpProfiles: [7], alpn: ['webrtc'] },
  server: { ...only13, credentials: [ecdsa], srtpProfiles: [7], alpn: ['webrtc'], clientAuth: 'require' },
} as const satisfies PairOptions;

const number = (name: string): number =>
  Number(Object.entries(alertDescriptions).find(([, known]) => known === name)?.[0]);
const run = (options: PairOptions, link: (pair: () => Pair) => LinkRule = () => faithful): Pair => {
  const pair: Pair = new Pair({
    // One record a datagram, so that plain and encrypted ones are apart.
    client: { ...ends.client, ...options.client, packing: 'record' },
    server: { ...ends.server, ...options.server, packing: 'record' },
    link: link(() => pair),
  });
  return pair.run();
};

const set =
  (at: number, ...values: number[]) =>
  (body: Uint8Array): Uint8Array => {
    body.set(values, at < 0 ? body.length + at : at);
    return body;
  };
/** Where a hexadecimal text stands in a body. */
const find = (body: Uint8Array, hex: string): number => {
  const at = toHex(body).indexOf(hex) / 2;
  if (at < 0) throw new Error(`no ${hex} in ${toHex(body)}`);
  return at;
};
/** Replaces bytes of the same number by others. */
const replacing =
  (from: string, ...values: number[]) =>
  (body: Uint8Array): Uint8Array =>
    set(find(body, from), ...values)(body);
/** Appends an extension to the only or last block of extensions, whose length stands at `lengthAt`. */
const extending =
  (lengthAt: number, ...extension: number[]) =>
  (body: Uint8Array): Uint8Array => {
    const length = (body[lengthAt] ?? 0) * 256 + (body[lengthAt + 1] ?? 0) + extension.length;
    return concat(
      body.subarray(0, lengthAt),
      Uint8Array.of(length >> 8, length),
      body.subarray(lengthAt + 2),
      Uint8Array.from(extension),
    );
  };
/** Takes an extension out of a hello; `hex` is all of it. */
const without =
  (lengthAt: number, hex: string) =>
  (body: Uint8Array): Uint8Array => {
    const at = find(body, hex);
    const length = (body[lengthAt] ?? 0) * 256 + (body[lengthAt + 1] ?? 0) - hex.length / 2;
    const out = concat(body.subarray(0, at), body.subarray(at + hex.length / 2));
    return set(lengthAt, length >> 8, length & 255)(out);
  };
const inServerHello = 2 + 32 + 1 + 2 + 1;
const inClientHello = 2 + 32 + 1 + 1 + 2 + 2 * 3 + 2;

type Case = readonly [
  string,
  'client' | 'server',
  number,
  'plain' | 'sealed',
  (body: Uint8Array) => Uint8Array,
  Partial<Failure>,
  string,
];
const { clientHello, serverHello, encryptedExtensions, certificateRequest, certificate, certificateVerify, finished } =
  {
    ...HandshakeType,
    certificateRequest: 13,
  };

const ofServer: readonly Case[] = [
  [
    'a suite that was not offered',
    'client',
    serverHello,
    'plain',
    set(35, 0x13, 0x04),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a suite of DTLS 1.2',
    'client',
    serverHello,
    'plain',
    set(35, 0xc0, 0x2b),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a version that was not offered',
    'client',
    serverHello,
    'plain',
    replacing('002b0002fefc', 0, 0x2b, 0, 2, 0xfe, 0xfd),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a legacy_version of its own',
    'client',
    serverHello,
    'plain',
    set(0, 0xfe, 0xfc),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  ['compression', 'client', serverHello, 'plain', set(37, 1), { code: 'illegal-parameter' }, 'illegal_parameter'],
  [
    'a key share of a group that had none',
    'client',
    serverHello,
    'plain',
    replacing('00330024001d', 0, 0x33, 0, 0x24, 0, 0x17),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a key share of zeros',
    'client',
    serverHello,
    'plain',
    (body) => body.fill(0, find(body, '001d0020') + 4, find(body, '001d0020') + 36),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[57] an extension that was not offered',
    'client',
    serverHello,
    'plain',
    extending(inServerHello, 0, 22, 0, 0),
    { code: 'unsupported-extension', extension: 22 },
    'unsupported_extension',
  ],
  [
    'an extension of another message',
    'client',
    serverHello,
    'plain',
    extending(inServerHello, 0, 16, 0, 4, 0, 2, 1, 0x61),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'an answer to a ticket that was not offered',
    'client',
    serverHello,
    'plain',
    extending(inServerHello, 0, 41, 0, 2, 0, 0),
    { code: 'unsupported-extension' },
    'unsupported_extension',
  ],
  [
    '[57] an EncryptedExtensions with what was not offered',
    'client',
    encryptedExtensions,
    'sealed',
    extending(0, 0, 22, 0, 0),
    { code: 'unsupported-extension' },
    'unsupported_extension',
  ],
  [
    'an EncryptedExtensions with a key share',
    'client',
    encryptedExtensions,
    'sealed',
    extending(0, 0, 51, 0, 0),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'an EncryptedExtensions with early_data',
    'client',
    encryptedExtensions,
    'sealed',
    extending(0, 0, 42, 0, 0),
    { code: 'unsupported-extension' },
    'unsupported_extension',
  ],
  [
    '[10] an SRTP profile that was not offered',
    'client',
    encryptedExtensions,
    'sealed',
    replacing('000e00050002000700', 0, 14, 0, 5, 0, 2, 0, 8),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a protocol that was not offered',
    'client',
    encryptedExtensions,
    'sealed',
    (body) => set(find(body, '776562727463'), 0x58)(body),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[59] a CertificateRequest without signature_algorithms',
    'client',
    certificateRequest,
    'sealed',
    () => Uint8Array.of(0, 0, 4, 0xab, 0xab, 0, 0),
    { code: 'missing-extension', extension: 13 },
    'missing_extension',
  ],
  [
    '[59] a CertificateRequest with empty certificate_authorities',
    'client',
    certificateRequest,
    'sealed',
    extending(1, 0, 47, 0, 2, 0, 0),
    { code: 'malformed' },
    'decode_error',
  ],
  [
    'a CertificateRequest with a context',
    'client',
    certificateRequest,
    'sealed',
    (body) => concat(Uint8Array.of(1, 7), body.subarray(1)),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a Certificate without certificates',
    'client',
    certificate,
    'sealed',
    () => Uint8Array.of(0, 0, 0, 0),
    { code: 'malformed' },
    'decode_error',
  ],
  [
    'a Certificate with a context',
    'client',
    certificate,
    'sealed',
    (body) => concat(Uint8Array.of(1, 7), body.subarray(1)),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a Certificate that is none',
    'client',
    certificate,
    'sealed',
    () => Uint8Array.of(0, 0, 0, 6, 0, 0, 1, 0x30, 0, 0),
    { code: 'bad-certificate' },
    'bad_certificate',
  ],
  [
    '[60] a CertificateVerify by PKCS1',
    'client',
    certificateVerify,
    'sealed',
    set(0, 4, 1),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[60] a CertificateVerify by a scheme of another curve',
    'client',
    certificateVerify,
    'sealed',
    set(0, 5, 3),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[60] a CertificateVerify by a scheme that was not offered',
    'client',
    certificateVerify,
    'sealed',
    set(0, 2, 3),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[60] a CertificateVerify that is wrong',
    'client',
    certificateVerify,
    'sealed',
    (body) => set(-1, (body.at(-1) ?? 0) ^ 1)(body),
    { code: 'bad-signature' },
    'decrypt_error',
  ],
  [
    '[61] a Finished that is wrong',
    'client',
    finished,
    'sealed',
    set(5, 1, 2, 3, 4),
    { code: 'bad-finished' },
    'decrypt_error',
  ],
  [
    '[61] a Finished that is too short',
    'client',
    finished,
    'sealed',
    (body) => body.subarray(0, 12),
    { code: 'malformed' },
    'decode_error',
  ],
];
const ofClient: readonly Case[] = [
  [
    'no supported_groups',
    'server',
    clientHello,
    'plain',
    without(inClientHello, '000a000c000a001d0017001811ec0019'),
    { code: 'missing-extension', extension: 10 },
    'missing_extension',
  ],
  [
    'no signature_algorithms',
    'server',
    clientHello,
    'plain',
    without(inClientHello, '000d0014001204030503080708040805080604010501' + '0601'),
    { code: 'missing-extension', extension: 13 },
    'missing_extension',
  ],
  ['compression alone', 'server', clientHello, 'plain', set(45, 1), { code: 'illegal-parameter' }, 'illegal_parameter'],
  [
    'a key share of a group that it does not offer',
    'server',
    clientHello,
    'plain',
    replacing('001d0020', 0, 0x1e),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a key share of zeros',
    'server',
    clientHello,
    'plain',
    (body) => body.fill(0, find(body, '001d0020') + 4, find(body, '001d0020') + 36),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    '[50] a cookie that nobody gave',
    'server',
    clientHello,
    'plain',
    extending(inClientHello, 0, 44, 0, 3, 0, 1, 7),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a pre_shared_key that is not the last extension',
    'server',
    clientHello,
    'plain',
    extending(
      inClientHello,
      0,
      41,
      0,
      44,
      0,
      7,
      0,
      1,
      1,
      0,
      0,
      0,
      0,
      0,
      33,
      32,
      ...Array(32).fill(0),
      0xab,
      0xab,
      0,
      0,
    ),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'a hello that does not parse',
    'server',
    clientHello,
    'plain',
    (body) => body.subarray(0, 50),
    { code: 'malformed' },
    'decode_error',
  ],
  [
    'a Certificate with a context',
    'server',
    certificate,
    'sealed',
    (body) => concat(Uint8Array.of(1, 7), body.subarray(1)),
    { code: 'illegal-parameter' },
    'illegal_parameter',
  ],
  [
    'no certificate where one is required',
    'server',
    certificate,
    'sealed',
    () => Uint8Array.of(0, 0, 0, 0),
    { code: 'certificate-missing' },
    'certificate_required',
  ],
  [
    '[60] a CertificateVerify that is wrong',
    'server',
    certificateVerify,
    'sealed',
    (body) => set(-1, (body.at(-1) ?? 0) ^ 1)(body),
    { code: 'bad-signature' },
    'decrypt_error',
  ],
  [
    '[61] a Finished that is wrong',
    'server',
    finished,
    'sealed',
    set(5, 1, 2, 3, 4),
    { code: 'bad-finished' },
    'decrypt_error',
  ],
];

describe.each([
  ['a server', ofServer],
  ['a client', ofClient],
] as const)('what %s gets wrong in DTLS 1.3 ends with the alert that the RFCs ask for', (_, cases) => {
  it.each(cases)('%s', (_what, side, message, how, change, failure, alert) => {
    const from = side === 'client' ? 'server' : 'client';
    const pair = run({}, (self) => {
      const link = how === 'plain' ? rewriting(message, change) : rewriting13(self, message, change);
      return (sent) => (sent.from === from ? link(sent) : faithful(sent));
    });
    expect(pair[side].failure).toMatchObject(failure);
    expect(pair[side].alerts).toContain(`sent 2 ${number(alert)}`);
  });
});

describe('what two ends of DTLS 1.3 can’t agree on', () => {
  it.each<[string, PairOptions, Partial<Failure>, string]>([
    [
      'suites',
      { client: { cipherSuites: [0x1301] }, server: { cipherSuites: [0x1302] } },
      { code: 'no-common-suite', offered: [0x1301] },
      'handshake_failure',
    ],
    [
      'groups',
      { client: { groups: [0x1d] }, server: { groups: [0x17] } },
      { code: 'no-common-group', offered: [0x1d] },
      'handshake_failure',
    ],
    [
      'signature schemes',
      { client: { signatureSchemes: [0x0804] } },
      { code: 'no-common-signature' },
      'handshake_failure',
    ],
    [
      'signature schemes, as PKCS1 does not count',
      { client: { signatureSchemes: [0x0401] }, server: { credentials: [rsa], signatureSchemes: [0x0401, 0x0804] } },
      { code: 'no-common-signature' },
      'handshake_failure',
    ],
    ['protocols', { server: { alpn: ['other'] } }, { code: 'no-application-protocol' }, 'no_application_protocol'],
  ])('%s', (_, options, failure, alert) => {
    const pair = run(options);
    expect(pair.server.failure).toMatchObject(failure);
    expect(pair.client.alerts).toEqual([`received 2 ${number(alert)}`]);
  });

  it('what we offered for shape, and the peer picked, is a limit of ours and told to nobody', () => {
    // FFDHE, which no endpoint here can do, asked for by a HelloRetryRequest.
    const link = rewriting(HandshakeType.serverHello, replacing('003300020017', 0, 0x33, 0, 2, 1, 0));
    const pair = run({ client: { groups: [0x1d, 0x17, 0x0100] }, server: { groups: [0x17] } }, () => link);
    expect(pair.client.failure).toEqual({ fault: 'local', code: 'unsupported', what: 'group ffdhe2048' });
    expect(pair.client.alerts).toEqual([]);
    const suite = run({ client: { cipherSuites: [0x1301, 0x1304] } }, () =>
      rewriting(HandshakeType.serverHello, set(35, 0x13, 0x04)),
    );
    expect(suite.client.failure).toMatchObject({ fault: 'local', code: 'unsupported', what: 'TLS_AES_128_CCM_SHA256' });
  });
});

describe('alerts of DTLS 1.3', () => {
  it('go out under the newest keys that the peer can have', () => {
    const pair = run({}, (self) => rewriting13(self, finished, set(5, 1, 2, 3, 4)));
    const last = pair.client.sent.at(-1)?.contents.records[0];
    expect(last).toMatchObject({ epoch: 2, type: 21 });
    expect(pair.server.failure).toMatchObject({ code: 'alert', description: 51 });
  });

  it('in the clear end a handshake as long as the peer has shown no keys, and not after that', () => {
    const pair = new Pair(ends);
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    pair.settle(15);
    give(pair, 'server', rawRecord({ type: 21, number: 9, body: [2, 47] }));
    expect(pair.server.failure).toMatchObject({ code: 'alert', description: 47 });

    const live = run({});
    for (const side of ['client', 'server'] as const) {
      give(live, side, rawRecord({ type: 21, number: 9, body: [2, 47] }));
      expect(live[side].drops.at(-1)).toBe('unauthenticated-alert');
      expect(live[side].endpoint.state).toBe('connected');
    }
  });

  it('end an association whatever their level, but for user_canceled', () => {
    const pair = run({});
    give(pair, 'client', sealFrom13(pair, 'server', 3, 21, Uint8Array.of(1, 90)));
    expect(pair.client.endpoint.state).toBe('connected');
    give(pair, 'client', sealFrom13(pair, 'server', 3, 21, Uint8Array.of(1, 40)));
    expect(pair.client.failure).toMatchObject({ code: 'alert', level: 1, description: 40 });
  });

  it('[84] are repeated when what they were about comes again, a few times', () => {
    let deaf = true;
    const pair: Pair = new Pair({
      ...ends,
      link: (sent) => {
        if (sent.from === 'client' && deaf && sent.contents.flight === 0) return [];
        return rewriting13(
          () => pair,
          certificateVerify,
          (body) => set(-1, (body.at(-1) ?? 0) ^ 1)(body),
        )(sent);
      },
    });
    pair.run(20_000);
    expect(pair.client.alerts.filter((one) => one === 'sent 2 51').length).toBeGreaterThan(2);
    deaf = false;
    pair.settle();
    expect(pair.server.failure).toMatchObject({ code: 'alert', description: 51 });
    expect(pair.client.alerts.length).toBeLessThanOrEqual(11);
  });

  it('[85] of closing end both sides, and what comes later is ignored', () => {
    const pair = run({});
    pair.input(pair.client, { kind: 'close' });
    pair.settle();
    expect([pair.client.endpoint.state, pair.server.endpoint.state]).toEqual(['closed', 'closed']);
    expect(pair.client.alerts).toEqual(['sent 1 0', 'received 1 0']);
    give(pair, 'server', sealFrom13(pair, 'client', 3, 23, Uint8Array.of(1)));
    expect(pair.server.drops.at(-1)).toBe('after-close');
    expect(pair.server.data).toEqual([]);
  });

  it('close a handshake that is under way', () => {
    for (const side of ['client', 'server'] as const) {
      const pair = new Pair({ client: bothVersions, server: { ...bothVersions, credentials: [ecdsa] } });
      pair.input(pair.server, { kind: 'start' });
      pair.input(pair.client, { kind: 'start' });
      pair.settle(15);
      pair.input(pair[side], { kind: 'close' });
      pair.settle();
      expect(pair[side].endpoint.state).toBe('closed');
    }
  });
});
