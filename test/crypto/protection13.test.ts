/** Record protection of DTLS 1.3: masks against published vectors, layouts built by hand, round trips and refusals. */
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { decode } from '../../src/codec/codec.ts';
import { type HeaderForm, type RecordCipher13, recordProtection13 } from '../../src/crypto/protection13.ts';
import type { AeadName, CryptoProvider } from '../../src/crypto/provider.ts';
import { keySchedule } from '../../src/crypto/schedule13.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { type CiphertextSlice, innerPlaintext, unifiedHeader } from '../../src/wire/unified.ts';
import { backends, hex, present } from './support.ts';

const prng = new Prng('protection13');
const [noble, node] = backends;
const suites = [0x1301, 0x1302, 0x1303].map((code) => present(cipherSuite(code)));
const secretOf = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => 7 * i + 1);

const cipherFor = (
  provider: CryptoProvider,
  suite: (typeof suites)[number],
  form: HeaderForm = {},
  epoch = 2,
): RecordCipher13 =>
  recordProtection13({ provider, suite, epoch, form, secret: secretOf(suite.hash === 'sha256' ? 32 : 48) });

/** The one ciphertext of a datagram. */
function sliceOf(bytes: Uint8Array, cidLength = 0): CiphertextSlice {
  const { records, leftover } = splitDatagram(bytes, { cidLength });
  const [slice] = records;
  if (leftover || records.length !== 1 || slice?.form !== 'unified')
    throw new Error(`not one ciphertext: ${leftover?.reason}`);
  return slice;
}

describe.each(backends)('the mask on $name', (provider) => {
  it.each<[AeadName, string, string, string]>([
    // RFC 9001 §A.2, §A.3 and §A.5: QUIC's header protection is the same primitive.
    ['aes-128-gcm', '9f50449e04a0e810283a1e9933adedd2', 'd1b1c98dd7689fb8ec11d242b123dc9b', '437b9aec36'],
    ['aes-128-gcm', 'c206b8d9b9f0f37644430b490eeaa314', '2cd0991cd25b0aac406a5816b6394100', '2ec0d8356a'],
    [
      'chacha20-poly1305',
      '25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4',
      '5e5cd55c41f69080575d7999c25a5bfb',
      'aefefe7d03',
    ],
    // FIPS 197 §C.3, as AES-256 has no vector there.
    [
      'aes-256-gcm',
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      '00112233445566778899aabbccddeeff',
      '8ea2b7ca516745bfeafc49904b496089',
    ],
  ])('[28] of %s is the published one', (name, key, sample, expected) => {
    const mask = provider.recordNumberMask(name, hex(key));
    expect(toHex(mask(hex(sample))).slice(0, expected.length)).toBe(expected);
    // From any place of a larger buffer, and again from the same object.
    for (let shift = 0; shift < 9; shift++) {
      const buffer = concat(new Uint8Array(shift).fill(1), hex(sample), new Uint8Array(3));
      expect(toHex(mask(buffer.subarray(shift, shift + 16))).slice(0, expected.length)).toBe(expected);
    }
  });
});

it('makes the same masks on both backends', () => {
  for (const name of ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const) {
    const key = prng.bytes(name === 'aes-128-gcm' ? 16 : 32);
    const masks = backends.map((provider) => provider.recordNumberMask(name, key));
    for (let i = 0; i < 200; i++) {
      const sample = prng.bytes(16);
      const [one, other] = masks.map((mask) => toHex(mask(sample)));
      expect(one).toBe(other);
      expect(one).toHaveLength(32);
    }
  }
});

const forms: readonly (HeaderForm & { readonly name: string })[] = [
  { name: '16-bit number, length' },
  { name: '8-bit number, length', numberLength: 1 },
  { name: '16-bit number', withLength: false },
  { name: '8-bit number', numberLength: 1, withLength: false },
  { name: 'connection ID, 16-bit number, length', cid: hex('c0ffee') },
  { name: 'connection ID, 8-bit number', cid: hex('01'), numberLength: 1, withLength: false },
  { name: 'a connection ID of no bytes', cid: new Uint8Array(0) },
];

describe.each(suites)('$name', (suite) => {
  it.each(forms)('opens on either backend what the other sealed: $name', (form) => {
    for (const [from, to] of [
      [noble, node],
      [node, noble],
    ] as const) {
      const writer = cipherFor(from, suite, form);
      const reader = cipherFor(to, suite);
      let sequenceNumber = 0;
      for (const length of [0, 1, 2, 15, 16, 17, 100, 1200]) {
        const content = prng.bytes(length);
        const record = writer.protect({ type: 22, sequenceNumber }, content);
        expect(record).toHaveLength(writer.recordLength(length));
        expect(record.length - length).toBe(writer.overhead);
        const slice = sliceOf(record, form.cid?.length ?? 0);
        expect(slice.cid).toEqual(form.cid?.length ? form.cid : undefined);
        expect(slice.epochBits).toBe(2);
        expect(slice.hasLength).toBe(form.withLength ?? true);
        const opened = present(reader.unprotect(slice, sequenceNumber));
        expect(opened).toMatchObject({ type: 22, sequenceNumber });
        expect(opened.content).toEqual(content);
        sequenceNumber += 50;
      }
    }
  });

  it('refuses a record of which any byte was changed, cut or added', () => {
    const content = utf8('handshake bytes that nobody may change');
    for (const form of [{}, { cid: hex('abcd'), numberLength: 1 }] as const) {
      const record = cipherFor(node, suite, form).protect({ type: 22, sequenceNumber: 5 }, content);
      const cidLength = form.cid?.length ?? 0;
      for (const provider of backends) {
        const reader = cipherFor(provider, suite);
        const opens = (bytes: Uint8Array): boolean => {
          // A changed first byte may make anything of a datagram; what is no ciphertext any more can't open as one.
          const [slice] = splitDatagram(bytes, { cidLength }).records;
          return slice?.form === 'unified' && reader.unprotect(slice, 5) !== undefined;
        };
        expect(opens(record)).toBe(true);
        for (let at = 0; at < record.length; at++)
          expect(opens(record.map((byte, i) => (i === at ? byte ^ 0x04 : byte)))).toBe(false);
        for (let length = 0; length < record.length; length++) expect(opens(record.subarray(0, length))).toBe(false);
        // With a length in the header, more bytes are another record.
        const long = sliceOf(record, cidLength);
        const longer = { ...long, fragment: concat(long.fragment, hex('00')), length: long.length + 1 };
        expect(reader.unprotect(longer, 5)).toBeUndefined();
      }
    }
  });

  it('refuses records of another epoch, number or connection ID', () => {
    const content = utf8('x');
    const writer = cipherFor(node, suite, { cid: hex('01') });
    const record = writer.protect({ type: 23, sequenceNumber: 300 }, content);
    const slice = sliceOf(record, 1);
    for (const provider of backends) {
      expect(cipherFor(provider, suite).unprotect(slice, 300)?.sequenceNumber).toBe(300);
      expect(cipherFor(provider, suite, {}, 3).unprotect(slice, 300)).toBeUndefined();
      // The nearest number with these low bits is another one.
      expect(cipherFor(provider, suite).unprotect(slice, 300 + 0x8001)).toBeUndefined();
      const otherCid = sliceOf(
        record.map((byte, i) => (i === 1 ? 2 : byte)),
        1,
      );
      expect(cipherFor(provider, suite).unprotect(otherCid, 300)).toBeUndefined();
    }
  });

  it('keeps its number through more than 2^32 records and up to the last', () => {
    const writer = cipherFor(noble, suite);
    const reader = cipherFor(node, suite);
    for (const sequenceNumber of [0, 255, 256, 0xffff, 0x1_0000, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, 2 ** 48 - 1]) {
      const record = writer.protect({ type: 23, sequenceNumber }, utf8('at the end'));
      for (const expected of [sequenceNumber, sequenceNumber - 1000, sequenceNumber + 1000])
        expect(reader.unprotect(sliceOf(record), Math.max(0, expected))?.sequenceNumber).toBe(sequenceNumber);
    }
    expect(() => writer.protect({ type: 23, sequenceNumber: 2 ** 48 }, utf8(''))).toThrow(RangeError);
  });

  it('fills a given room and never more', () => {
    const cipher = cipherFor(node, suite);
    for (let room = 0; room < 80; room++) {
      const most = cipher.contentThatFits(room);
      if (most > 0) expect(cipher.recordLength(most)).toBe(room);
      expect(cipher.recordLength(most + 1)).toBeGreaterThan(room);
    }
  });

  it('[31] pads with zeros, which the reader takes away', () => {
    const record = cipherFor(noble, suite).protect({ type: 21, sequenceNumber: 1, padding: 40 }, hex('0228'));
    const opened = present(cipherFor(node, suite).unprotect(sliceOf(record), 0));
    expect(opened.content).toEqual(hex('0228'));
    expect(decode(innerPlaintext, opened.inner)).toEqual({ content: hex('0228'), type: 21, zeros: 40 });
    // Content may end with zeros of its own.
    const own = cipherFor(noble, suite).protect({ type: 23, sequenceNumber: 2 }, hex('01000000'));
    expect(cipherFor(node, suite).unprotect(sliceOf(own), 0)?.content).toEqual(hex('01000000'));
  });

  it('tells the last byte inside without opening the record, where the cipher lets it', () => {
    for (const provider of backends) {
      for (const form of forms) {
        const writer = cipherFor(node, suite, form);
        const reader = cipherFor(provider, suite);
        for (const [sequenceNumber, length] of [0, 1, 14, 15, 16, 17, 31, 32, 333, 1200, 4080, 16_384].entries()) {
          for (const padding of [0, 1, 20]) {
            const record = writer.protect({ type: 23, sequenceNumber, padding }, prng.bytes(length));
            const slice = sliceOf(record, form.cid?.length ?? 0);
            const opened = present(reader.unprotect(slice, sequenceNumber));
            expect(reader.peek(slice, sequenceNumber)).toEqual(
              suite.code === 0x1303 ? undefined : { sequenceNumber, lastByte: opened.inner.at(-1) },
            );
          }
        }
      }
    }
  });

  it('[28] gives rubbish of any length back as undefined', () => {
    for (const provider of backends) {
      const reader = cipherFor(provider, suite);
      for (let length = 0; length < 60; length++) {
        const slice = sliceOf(concat(hex('2a0000'), prng.bytes(length)));
        expect(reader.unprotect(slice, 0)).toBeUndefined();
        expect(reader.unmask(slice) === undefined).toBe(slice.fragment.length < 16);
        expect(reader.peek(slice, 0) === undefined).toBe(suite.code === 0x1303 || slice.fragment.length < 17);
      }
    }
  });
});

it.each([
  { code: 0x1301, openssl: 'aes-128-gcm', ecb: 'aes-128-ecb' },
  { code: 0x1302, openssl: 'aes-256-gcm', ecb: 'aes-256-ecb' },
  { code: 0x1303, openssl: 'chacha20-poly1305', ecb: undefined },
] as const)('[28, 30] lays $openssl records out as RFC 9147 §4 says, byte for byte', ({ code, openssl, ecb }) => {
  const suite = present(cipherSuite(code));
  const secret = secretOf(suite.hash === 'sha256' ? 32 : 48);
  if (suite.cipher.kind !== 'aead') throw new Error('no AEAD');
  const keys = keySchedule(node, suite.hash).trafficKeys(secret, suite.cipher);
  const content = utf8('finished');
  const sequenceNumber = 0x0a0b0c0d0e;
  // 001 C=0 S=1 L=1 EE=01 for epoch 5; the length is that of content, type and tag.
  const header = hex('2d 0d0e 0019');
  const nonce = keys.iv.map((byte, i) => byte ^ (hex('0000000000000000000000000a0b0c0d0e'.slice(-24))[i] ?? 0));
  const cipher = createCipheriv(openssl as 'aes-128-gcm', keys.key, nonce, { authTagLength: 16 });
  cipher.setAAD(header, { plaintextLength: 9 });
  const sealed = concat(cipher.update(concat(content, Uint8Array.of(22))), cipher.final(), cipher.getAuthTag());
  const sample = sealed.subarray(0, 16);
  const mask = ecb
    ? createCipheriv(ecb, keys.sn, null).update(sample)
    : createCipheriv('chacha20', keys.sn, sample).update(new Uint8Array(2));
  const masked = header.map((byte, i) => (i === 1 || i === 2 ? byte ^ (mask[i - 1] ?? 0) : byte));
  for (const provider of backends) {
    const ours = recordProtection13({ provider, suite, secret, epoch: 5 });
    const record = ours.protect({ type: 22, sequenceNumber }, content);
    expect(toHex(record)).toBe(toHex(concat(masked, sealed)));
    const unmasked = present(ours.unmask(sliceOf(record)));
    expect(toHex(unmasked.header)).toBe(toHex(header));
    expect(unmasked.low).toBe(0x0d0e);
    expect(decode(unifiedHeader(), unmasked.header)).toMatchObject({ sequence_number: 0x0d0e, length: 25 });
  }
});

it('[31] opens a record of nothing but zeros as one without a type', () => {
  const suite = present(cipherSuite(0x1301));
  if (suite.cipher.kind !== 'aead') throw new Error('no AEAD');
  const secret = secretOf(32);
  const keys = keySchedule(node, 'sha256').trafficKeys(secret, suite.cipher);
  const header = hex('2e 0000 001a');
  const sealed = node.aead('aes-128-gcm', keys.key).seal(keys.iv, header, new Uint8Array(10));
  const mask = node.recordNumberMask('aes-128-gcm', keys.sn)(sealed.subarray(0, 16));
  const record = concat(
    header.map((byte, i) => (i === 1 || i === 2 ? byte ^ (mask[i - 1] ?? 0) : byte)),
    sealed,
  );
  for (const provider of backends) {
    const opened = recordProtection13({ provider, suite, secret, epoch: 2 }).unprotect(sliceOf(record), 0);
    expect(opened).toMatchObject({ type: 0, sequenceNumber: 0 });
    expect(opened?.content).toHaveLength(0);
  }
  const ours = recordProtection13({ provider: node, suite, secret, epoch: 2 });
  expect(() => ours.protect({ type: 0, sequenceNumber: 0 }, new Uint8Array(0))).toThrow('content type');
});

it('is not for suites of DTLS 1.2 without AEAD', () => {
  const suite = present(cipherSuite(0xc014));
  expect(() => recordProtection13({ provider: node, suite, secret: secretOf(32), epoch: 2 })).toThrow('TLS 1.3');
});
