/**
 * HKDF against RFC 5869, and the key schedule against the traces of RFC 8448, which have the label prefix of TLS; the
 * prefix of DTLS is proved on a real handshake in capture13.test.ts.
 */
import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, emptyBytes, toHex, uintBytes, utf8 } from '../../src/base/bytes.ts';
import { hkdfExpand, hkdfExpandLabel, hkdfExtract } from '../../src/crypto/hkdf.ts';
import { aeadLimits, keySchedule, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import {
  certificateVerifyContent,
  messageHash,
  transcriptMessage,
  truncatedHello,
} from '../../src/crypto/transcript13.ts';
import { backends, hex } from './support.ts';

const counting = (from: number, to: number): Uint8Array => Uint8Array.from({ length: to - from }, (_, i) => from + i);
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe.each(backends)('$name', (provider) => {
  it.each([
    // RFC 5869 §A.1, §A.2 and §A.3.
    {
      ikm: filled(22, 0x0b),
      salt: counting(0, 13),
      info: counting(0xf0, 0xfa),
      prk: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      ikm: counting(0, 80),
      salt: counting(0x60, 0xb0),
      info: counting(0xb0, 0x100),
      prk: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
      okm: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      ikm: filled(22, 0x0b),
      salt: emptyBytes,
      info: emptyBytes,
      prk: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('extracts and expands as RFC 5869 has it', ({ ikm, salt, info, prk, okm }) => {
    const extracted = hkdfExtract(provider, 'sha256', salt, ikm);
    expect(toHex(extracted)).toBe(prk);
    expect(toHex(hkdfExpand(provider, 'sha256', extracted, info, okm.length / 2))).toBe(okm);
  });

  it('expands to any length as node:crypto does, and no further than 255 blocks', () => {
    for (const hash of ['sha256', 'sha384'] as const) {
      const key = filled(48, 7);
      const salt = filled(5, 1);
      const prk = hkdfExtract(provider, hash, salt, key);
      for (const length of [0, 1, 31, 32, 33, 47, 48, 49, 96, 97, 1000]) {
        const expected = new Uint8Array(hkdfSync(hash, key, salt, utf8('info'), length));
        expect(hkdfExpand(provider, hash, prk, utf8('info'), length)).toEqual(expected);
      }
      const size = hash === 'sha256' ? 32 : 48;
      expect(hkdfExpand(provider, hash, prk, emptyBytes, 255 * size)).toHaveLength(255 * size);
      expect(() => hkdfExpand(provider, hash, prk, emptyBytes, 255 * size + 1)).toThrow(RangeError);
    }
  });

  it('[33] lays HkdfLabel out with length, prefixed label and context, and "dtls13" without a space (RFC 9147 §5.9)', () => {
    const secret = filled(32, 3);
    const context = filled(10, 9);
    const info = concat(uintBytes(44, 2), Uint8Array.of(12), utf8('dtls13foobar'), Uint8Array.of(10), context);
    expect(hkdfExpandLabel(provider, 'sha256', secret, 'foobar', context, 44)).toEqual(
      hkdfExpand(provider, 'sha256', secret, info, 44),
    );
    expect(() => hkdfExpandLabel(provider, 'sha256', secret, 'x'.repeat(250), context, 4)).toThrow(RangeError);
    expect(() => hkdfExpandLabel(provider, 'sha256', secret, 'x', filled(256, 0), 4)).toThrow(RangeError);
  });

  describe('against the traces of RFC 8448', () => {
    const schedule = keySchedule(provider, 'sha256', 'tls13 ');
    const aes = { kind: 'aead', aead: 'aes-128-gcm', keyLength: 16 } as const;
    // §3: Transcript-Hashes up to ServerHello, of the very messages, then up to the server's and the client's Finished.
    const hellos = concat(
      transcriptMessage(
        1,
        hex(
          '0303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c00024001',
        ),
      ),
      transcriptMessage(
        2,
        hex(
          '0303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304',
        ),
      ),
    );
    const serverHello = provider.hash('sha256', hellos);
    const early = schedule.earlySecret();
    const handshake = schedule.handshakeSecret(
      early,
      hex('8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d'),
    );
    const main = schedule.mainSecret(handshake);
    const serverFinished = hex('9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13');
    const clientFinished = hex('209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d');

    it('hashes the hellos to the transcript of §3', () => {
      expect(toHex(serverHello)).toBe('860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8');
    });

    it('gives the secrets of §3, one from the other', () => {
      expect({
        early: toHex(early),
        handshake: toHex(handshake),
        main: toHex(main),
        clientHandshake: toHex(schedule.handshakeTrafficSecret(handshake, 'client', serverHello)),
        serverHandshake: toHex(schedule.handshakeTrafficSecret(handshake, 'server', serverHello)),
        client: toHex(schedule.applicationTrafficSecret(main, 'client', serverFinished)),
        server: toHex(schedule.applicationTrafficSecret(main, 'server', serverFinished)),
        exporter: toHex(schedule.exporterSecret(main, serverFinished)),
        resumption: toHex(schedule.resumptionSecret(main, clientFinished)),
      }).toEqual({
        early: '33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a',
        handshake: '1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac',
        main: '18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919',
        clientHandshake: 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
        serverHandshake: 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
        client: '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
        server: 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
        exporter: 'fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50',
        resumption: '7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c',
      });
    });

    it('gives the write keys of §3', () => {
      const keys = schedule.trafficKeys(schedule.handshakeTrafficSecret(handshake, 'server', serverHello), aes);
      expect(toHex(keys.key)).toBe('3fce516009c21727d0f2e4e86ee403bc');
      expect(toHex(keys.iv)).toBe('5d313eb2671276ee13000b30');
      const own = schedule.trafficKeys(schedule.applicationTrafficSecret(main, 'client', serverFinished), aes);
      expect(toHex(own.key)).toBe('17422dda596ed5d9acd890e3c63f5051');
      expect(toHex(own.iv)).toBe('5b78923dee08579033e523d9');
    });

    it('gives the verify_data of the client, whose transcript ends with the Finished of the server', () => {
      const base = schedule.handshakeTrafficSecret(handshake, 'client', serverHello);
      expect(toHex(schedule.verifyData(base, serverFinished))).toBe(
        'a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
      );
    });

    it('gives the PSK of the ticket, and the binder with which §4 resumes', () => {
      const psk = schedule.resumptionPsk(schedule.resumptionSecret(main, clientFinished), hex('0000'));
      expect(toHex(psk)).toBe('4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3');
      const resumed = schedule.earlySecret(psk);
      expect(toHex(resumed)).toBe('9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c');
      const binderKey = schedule.binderKey(resumed, 'resumption');
      expect(toHex(binderKey)).toBe('69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256');
      const prefix = hex('63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14');
      expect(toHex(schedule.verifyData(binderKey, prefix))).toBe(
        '3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d',
      );
      // Other PSKs have another label.
      expect(schedule.binderKey(resumed, 'external')).not.toEqual(binderKey);
    });
  });

  it('puts labels and transcripts where RFC 8446 §7 has them, with either hash', () => {
    for (const hash of ['sha256', 'sha384'] as const) {
      const schedule = keySchedule(provider, hash);
      const size = hash === 'sha256' ? 32 : 48;
      expect(schedule.length).toBe(size);
      const secret = filled(size, 5);
      const transcript = filled(size, 6);
      const label = (name: string, context: Uint8Array, length = size): Uint8Array =>
        hkdfExpandLabel(provider, hash, secret, name, context, length);
      expect(schedule.clientEarlyTrafficSecret(secret, transcript)).toEqual(label('c e traffic', transcript));
      expect(schedule.earlyExporterSecret(secret, transcript)).toEqual(label('e exp master', transcript));
      expect(schedule.handshakeTrafficSecret(secret, 'client', transcript)).toEqual(label('c hs traffic', transcript));
      expect(schedule.handshakeTrafficSecret(secret, 'server', transcript)).toEqual(label('s hs traffic', transcript));
      expect(schedule.nextTrafficSecret(secret)).toEqual(label('traffic upd', emptyBytes));
      expect(schedule.verifyData(secret, transcript)).toEqual(
        provider.hmac(hash, label('finished', emptyBytes), transcript),
      );
      const keys = schedule.trafficKeys(secret, { kind: 'aead', aead: 'aes-256-gcm', keyLength: 32 });
      expect(keys).toEqual({
        key: label('key', emptyBytes, 32),
        iv: label('iv', emptyBytes, 12),
        sn: label('sn', emptyBytes, 32),
      });
    }
  });

  it('takes no PSK as one of zeros, and no key exchange as a shared secret of zeros', () => {
    const schedule = keySchedule(provider, 'sha384');
    expect(schedule.earlySecret()).toEqual(schedule.earlySecret(filled(48, 0)));
    const early = schedule.earlySecret(filled(48, 1));
    expect(schedule.handshakeSecret(early)).toEqual(schedule.handshakeSecret(early, filled(48, 0)));
  });

  it('exports keying material in the two steps of RFC 8446 §7.5, for SRTP without context', () => {
    const schedule = keySchedule(provider, 'sha256');
    const exporter = filled(32, 8);
    const name = 'EXTRACTOR-dtls_srtp';
    const emptyHash = provider.hash('sha256', emptyBytes);
    const derived = hkdfExpandLabel(provider, 'sha256', exporter, name, emptyHash, 32);
    expect(schedule.exportKeyingMaterial(exporter, name, 60)).toEqual(
      hkdfExpandLabel(provider, 'sha256', derived, 'exporter', emptyHash, 60),
    );
    expect(schedule.exportKeyingMaterial(exporter, name, 60, utf8('c'))).toEqual(
      hkdfExpandLabel(provider, 'sha256', derived, 'exporter', provider.hash('sha256', utf8('c')), 60),
    );
    // Unlike RFC 5705, no context and an empty one are the same.
    expect(schedule.exportKeyingMaterial(exporter, name, 60, emptyBytes)).toEqual(
      schedule.exportKeyingMaterial(exporter, name, 60),
    );
  });

  it('[42] hashes messages under the header of TLS, and a hello that was answered by a retry as its hash', () => {
    const body = filled(70_000, 2);
    expect(toHex(transcriptMessage(1, body).subarray(0, 6))).toBe('010111700202');
    const hashed = messageHash(provider, 'sha256', body);
    expect(toHex(hashed.subarray(0, 4))).toBe('fe000020');
    expect(hashed.subarray(4)).toEqual(provider.hash('sha256', transcriptMessage(1, body)));
    expect(messageHash(provider, 'sha384', body)).toHaveLength(52);
  });
});

it('[60] signs 64 spaces, a context of its own for each side, a zero and the transcript hash (RFC 8446 §4.4.3)', () => {
  // The example that the section gives, for a server and a transcript hash of 32 bytes of 01.
  expect(toHex(certificateVerifyContent('server', filled(32, 1)))).toBe(
    `${'20'.repeat(64)}${toHex(utf8('TLS 1.3, server CertificateVerify'))}00${'01'.repeat(32)}`,
  );
  expect(toHex(certificateVerifyContent('client', emptyBytes).subarray(64))).toBe(
    `${toHex(utf8('TLS 1.3, client CertificateVerify'))}00`,
  );
});

it('cuts the binders off a hello, and leaves the length of the whole in its header', () => {
  expect(toHex(truncatedHello(hex('0102030405aabb'), 2))).toBe('010000070102030405');
});

it('names traffic secrets as key logs do', () => {
  const label = (epoch: number): (string | undefined)[] => [
    trafficSecretLabel('client', epoch),
    trafficSecretLabel('server', epoch),
  ];
  expect([0, 1, 2, 3, 4, 20].map(label)).toEqual([
    [undefined, undefined],
    ['CLIENT_EARLY_TRAFFIC_SECRET', undefined],
    ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
    ['CLIENT_TRAFFIC_SECRET_0', 'SERVER_TRAFFIC_SECRET_0'],
    ['CLIENT_TRAFFIC_SECRET_1', 'SERVER_TRAFFIC_SECRET_1'],
    ['CLIENT_TRAFFIC_SECRET_17', 'SERVER_TRAFFIC_SECRET_17'],
  ]);
});

it('[34] limits AES-GCM to 2^24.5 records, and every AEAD to 2^36 forgeries (RFC 9147 §4.5.3)', () => {
  expect(Math.log2(aeadLimits['aes-128-gcm'].encrypted)).toBeCloseTo(24.5, 5);
  expect(aeadLimits['aes-256-gcm']).toEqual(aeadLimits['aes-128-gcm']);
  expect(aeadLimits['chacha20-poly1305'].encrypted).toBe(2 ** 48 - 1);
  expect(new Set(Object.values(aeadLimits).map(({ failed }) => failed))).toEqual(new Set([2 ** 36]));
});
