/** What the RFCs ask of an endpoint of DTLS 1.2, row by row, where no other test shows it. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { canRun, createEndpoint, defaultConfig } from '../../src/engine/index.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { credential } from '../support/credentials.ts';
import {
  carries,
  completed,
  faithful,
  give,
  type LinkRule,
  mutating,
  Pair,
  type PairOptions,
  started,
} from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';
import { rewriting } from '../support/rewriting.ts';
import { sealFrom } from '../support/sealed.ts';

const ecdsa = await credential('ecdsa-p256');
const rsa = await credential('rsa-2048');
const server = { credentials: [ecdsa] };
const inRecords = { client: { packing: 'record' }, server: { ...server, packing: 'record' } } as const;
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const connected = (options: PairOptions = { server }): Pair => completed(options);
/** Of the registry of IANA: TLS_RSA, ECDHE_ECDSA and ECDHE_RSA with NULL, and with RC4_128. */
const withNull = [0x0001, 0x0002, 0x003b, 0xc006, 0xc010];
const withRc4 = [0x0004, 0x0005, 0xc007, 0xc011];
const environment = { crypto: nodeProvider, random: (n: number) => new Uint8Array(n), peer: 'peer' };
const refuses = (codes: readonly number[]): void => {
  for (const code of codes) expect(canRun(code)).toBe(false);
  expect(() => createEndpoint({ ...defaultConfig('client'), cipherSuites: codes }, environment)).toThrow(RangeError);
  // A server that is offered nothing else.
  const pair = new Pair({ client: { cipherSuites: [...codes, 0xc030] }, server }).run();
  expect(pair.server.failure).toMatchObject({ code: 'no-common-suite' });
};

describe('what WebRTC asks for', () => {
  it('[7] works: ECDHE_ECDSA with AES_128_GCM_SHA256 on P-256, and SRTP_AES128_CM_HMAC_SHA1_80', () => {
    const only = { cipherSuites: [0xc02b], groups: [0x17], srtpProfiles: [1] };
    const pair = connected({ client: only, server: { ...only, credentials: [ecdsa] } });
    expect(pair.client.parameters).toMatchObject({ version: '1.2', cipherSuite: 0xc02b, group: 0x17, srtpProfile: 1 });
    expect(pair.client.endpoint.srtpKeys()).toEqual(pair.server.endpoint.srtpKeys());
    for (const role of ['client', 'server'] as const) expect(defaultConfig(role).cipherSuites).toContain(0xc02b);
  });

  it('[8] is refused: suites without encryption', () => {
    refuses(withNull);
  });

  it('[8] is refused: data before the Finished of the peer', () => {
    // The client has sent its own Finished and could encrypt.
    const pair = started({ ...inRecords, link: (sent) => (sent.contents.flight === 4 ? [] : faithful(sent)) }, 100);
    expect(pair.client.sendings).toEqual(['1.0', '3.0']);
    const count = pair.client.sent.length;
    pair.send(pair.client, 'too early');
    expect(pair.client.failure).toMatchObject({ code: 'misuse' });
    expect(pair.client.sent).toHaveLength(count);
  });

  it('[8, 10] is refused: an MKI of the server; and we never have one', () => {
    const both = { client: { srtpProfiles: [1] }, server: { ...server, srtpProfiles: [1] } };
    const withoutMki = '000e00050002000100';
    for (const message of [HandshakeType.clientHello, HandshakeType.serverHello] as const) {
      const sent = connected(both).sent.find((one) => carries(one, message));
      expect(toHex(sent?.bytes ?? new Uint8Array())).toContain(withoutMki);
    }
    const link = rewriting(HandshakeType.serverHello, (body) => {
      const hex = toHex(body);
      expect(hex.endsWith(withoutMki)).toBe(true);
      const longer = Uint8Array.from(Buffer.from(hex.replace(withoutMki, '000e0006000200010107'), 'hex'));
      longer[39] = (longer[39] ?? 0) + 1;
      return longer;
    });
    const pair = new Pair({ ...both, link }).run();
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
    expect(JSON.stringify(pair.client.failure)).toContain('MKI');
  });

  it('[10] is answered without an MKI, whatever the client has', () => {
    const link = rewriting(HandshakeType.clientHello, (body) => {
      const hex = toHex(body);
      const longer = Uint8Array.from(Buffer.from(hex.replace('000e00050002000100', '000e0006000200010107'), 'hex'));
      const lengthAt = 2 + 32 + 1 + 1 + 2 + 2 * ((body[37] ?? 0) / 2) + 2;
      longer[lengthAt + 1] = (longer[lengthAt + 1] ?? 0) + 1;
      return longer;
    });
    const pair = new Pair({ client: { srtpProfiles: [1] }, server: { ...server, srtpProfiles: [1] }, link }).run();
    const hello = pair.server.sent.find((one) => carries(one, HandshakeType.serverHello));
    expect(toHex(hello?.bytes ?? new Uint8Array())).toContain('000e00050002000100');
  });

  it('[9] is preferred: forward secrecy, and of that what has an AEAD', () => {
    for (const role of ['client', 'server'] as const)
      for (const code of defaultConfig(role).cipherSuites) {
        const suite = cipherSuite(code);
        expect(suite?.cipher.kind).toBe('aead');
        expect(suite?.versions.includes('1.3') || suite?.keyExchange === 'ecdhe').toBe(true);
      }
    // A client that likes key transport and CBC best.
    const cipherSuites = [0x002f, 0x009c, 0xc013, 0xc02f];
    const pair = connected({ client: { cipherSuites }, server: { credentials: [rsa] } });
    expect(pair.server.parameters?.cipherSuite).toBe(0xc02f);
  });

  it('[25] is not there: any suite with RC4', () => {
    refuses(withRc4);
  });
});

describe('records', () => {
  it('[17] that were read before are known by their number, without being opened', () => {
    const pair = connected();
    const bytes = sealFrom(pair, 'client', 23, text('once'), 10);
    give(pair, 'server', bytes);
    const broken = Uint8Array.from(bytes);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    give(pair, 'server', broken);
    expect(pair.server.drops).toEqual(['replayed']);
  });

  it('[23] of epoch 0 may have any minor version, and the first hello has that of DTLS 1.0', () => {
    const versions = (pair: Pair): number[][] =>
      pair.sent.map(({ bytes }) => [...new Set(rawRecords(bytes).map(({ version }) => version))]);
    expect(versions(connected())).toEqual([[0xfeff], [0xfefd], [0xfefd], [0xfefd]]);
    const saying =
      (major: number, minor: number): LinkRule =>
      (sent) => [
        {
          bytes: Uint8Array.from(
            rawRecords(sent.bytes).flatMap((record) => [
              ...rawRecord(record.epoch === 0 ? { ...record, version: major * 256 + minor } : record),
            ]),
          ),
        },
      ];
    for (const minor of [0xff, 0xfe, 0xfd, 0x00]) connected({ server, link: saying(0xfe, minor) });
    const other = started({ server, link: saying(0x03, 0x01) }, 900);
    expect(other.server.drops).toEqual(['not-dtls']);
    expect(other.server.sent).toEqual([]);
  });

  it('[1] are none where the first byte is that of another protocol, or of none', () => {
    const pair = connected();
    const count = pair.sent.length;
    const others = Array.from({ length: 256 }, (_, first) => first).filter((first) => first < 20 || first > 63);
    for (const first of others) give(pair, 'server', new Uint8Array(40).fill(0xfe).fill(first, 0, 1));
    expect(pair.server.drops).toEqual(others.map(() => 'not-dtls'));
    expect(pair.sent).toHaveLength(count);
    expect(pair.agreed).toBe(true);
  });

  it('[14] that are bad make nobody say anything', () => {
    const pair = connected();
    const count = pair.sent.length;
    const forged = sealFrom(pair, 'client', 23, text('x'), 30);
    forged[20] = (forged[20] ?? 0) ^ 1;
    for (const bytes of [forged, new Uint8Array(30), forged.subarray(0, 9)]) give(pair, 'server', bytes);
    expect(pair.server.drops).toEqual(['bad-mac', 'not-dtls', 'short-header']);
    expect(pair.sent).toHaveLength(count);
    expect(pair.agreed).toBe(true);
  });

  it('[89] of an address that is not the peer’s change nothing, also when they open', () => {
    const pair = connected();
    const bytes = sealFrom(pair, 'client', 23, text('from elsewhere'));
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'elsewhere' });
    expect(pair.server.drops).toEqual(['other-peer']);
    expect(pair.server.data).toEqual([]);
    pair.send(pair.server, 'still to the client');
    expect(pair.server.sent.at(-1)?.to).toBe('client');
  });
});

describe('messages', () => {
  it('[35] are numbered from 0, one after the other', () => {
    const pair = connected({ client: { credentials: [ecdsa] }, server: { ...server, clientAuth: 'require' } });
    for (const side of [pair.client, pair.server]) {
      const seqs = side.sent.flatMap(({ contents }) =>
        contents.records.flatMap(({ fragments }) => fragments.map(({ messageSeq }) => messageSeq)),
      );
      expect(seqs).toEqual(seqs.map((_, i) => i));
    }
  });

  it('[19, 39] are sent again with the same bytes and message_seq, in records with other numbers', () => {
    const pair = connected({
      client: { mtu: 300 },
      server: { ...server, mtu: 300 },
      link: (sent) => (sent.contents.attempt < 2 ? [] : faithful(sent)),
    });
    for (const [side, flight] of [
      ['client', 1],
      ['server', 2],
    ] as const) {
      const sendings = [0, 1, 2].map((attempt) =>
        pair[side].sent
          .filter(({ contents }) => contents.flight === flight && contents.attempt === attempt)
          .flatMap(({ bytes }) => rawRecords(bytes)),
      );
      const messages = sendings.map((records) =>
        records
          .flatMap(({ body }) => rawFragments(body))
          .map(({ seq, type, offset, body }) => [seq, type, offset, toHex(body)]),
      );
      expect(messages[0]?.length).toBeGreaterThan(0);
      expect(messages[1]).toEqual(messages[0]);
      expect(messages[2]).toEqual(messages[0]);
      const numbers = sendings.flat().map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  it('[40] do not have fragments that reach beyond them', () => {
    const pair = started({ server }, 12);
    const outside = [
      { total: 10, offset: 8, body: [1, 2, 3] },
      { total: 2 ** 24 - 1, offset: 2 ** 24 - 1, body: [1] },
    ];
    for (const [i, part] of outside.entries())
      give(pair, 'server', rawRecord({ number: 50 + i, body: rawFragment({ type: 16, seq: 1, ...part }) }));
    const short = rawFragment({ type: 16, seq: 1, total: 10, body: [1, 2], length: 5 });
    give(pair, 'server', rawRecord({ number: 60, body: short }));
    expect(pair.server.drops).toEqual(['malformed', 'malformed', 'malformed']);
    expect(pair.settle().agreed, pair.describe()).toBe(true);
  });

  it('[61] of Finished are compared with the transcript', () => {
    // The server's own never arrives.
    const link: LinkRule = (sent) =>
      sent.from === 'server' && carries(sent, HandshakeType.finished) ? [] : faithful(sent);
    const pair = started({ ...inRecords, link }, 100);
    expect(pair.client.endpoint.state).toBe('awaitFinished');
    give(pair, 'client', sealFrom(pair, 'server', 22, rawFragment({ type: 20, seq: 4, body: new Uint8Array(12) })));
    expect(pair.client.failure).toMatchObject({ fault: 'peer', code: 'bad-finished' });
    expect(pair.client.alerts).toEqual(['sent 2 51']);
  });

  it('[62] with a record_size_limit below 64 are illegal', () => {
    const hello = {
      legacyVersion: 0xfefd,
      sessionIdLength: 0,
      compressionMethods: [0],
      supportedVersions: [],
      keyShares: [],
      extensions: [
        'supported_groups',
        'signature_algorithms',
        { kind: 'record_size_limit', body: { record_size_limit: 0x4001 } },
      ],
      order: 'fixed',
    } as const;
    const answering = (limit: number): Pair => {
      const link = rewriting(HandshakeType.serverHello, (body) => {
        // The extensions of the answer: this one alone.
        return Uint8Array.from([...body.subarray(0, 38), 0, 6, 0, 28, 0, 2, 0, limit]);
      });
      return new Pair({ client: { hello, extendedMasterSecret: 'off' }, server, link }).run();
    };
    expect(answering(63).client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
    expect(JSON.stringify(answering(64).client.failure ?? '')).not.toContain('record_size_limit');
  });
});

describe('time and silence', () => {
  it('[67] make the records smaller where the settings say at which retransmission', () => {
    const pair = connected({
      server: { ...server, mtuSteps: [{ fromRetransmission: 2, mtu: 300 }] },
      link: (sent) =>
        sent.from === 'server' && sent.contents.flight === 2 && sent.contents.attempt < 2 ? [] : faithful(sent),
    });
    const largest = [0, 1, 2].map((attempt) =>
      Math.max(
        ...pair.server.sent
          .filter(({ contents }) => contents.flight === 2 && contents.attempt === attempt)
          .map(({ bytes }) => bytes.length),
      ),
    );
    expect(largest[0]).toBeGreaterThan(300);
    expect(largest[1]).toBe(largest[0]);
    expect(largest[2]).toBeLessThanOrEqual(300);
  });

  it('[87] end a handshake in which nothing but bad records of the peer arrives', () => {
    const spoil = (bytes: Uint8Array): Uint8Array => bytes.fill((bytes.at(-1) ?? 0) ^ 1, -1);
    const pair = new Pair({ server, link: mutating(({ contents }) => contents.flight === 4, spoil) }).run();
    expect(pair.client.drops).toContain('bad-mac');
    expect(pair.client.failure).toMatchObject({ fault: 'network', code: 'timed-out' });
  });

  it('[85] after close_notify make data go unheard, whatever its number', () => {
    const pair = connected();
    pair.input(pair.server, { kind: 'close' });
    pair.settle();
    expect(pair.client.of('closed')).toEqual([{ kind: 'closed', by: 'peer' }]);
    give(pair, 'client', sealFrom(pair, 'server', 23, text('late'), 50));
    expect(pair.client.data).toEqual([]);
    expect(pair.client.drops.at(-1)).toBe('after-close');
  });
});
