/** Record protection of DTLS 1.0 and 1.2, for every suite: round trips, refusals, sizes, and layouts built by hand. */
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, toHex, uintBytes, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { keyBlock, prfHash } from '../../src/crypto/prf12.ts';
import { type ProtectedHeader, type RecordCipher, recordProtection12 } from '../../src/crypto/protection12.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { type CipherSuite, cipherSuite, cipherSuites } from '../../src/wire/suites.ts';
import { backends, hex, present } from './support.ts';

const prng = new Prng('protection');
const secrets = { masterSecret: prng.bytes(48), clientRandom: prng.bytes(32), serverRandom: prng.bytes(32) };
const [noble, node] = backends;

const suites = Object.keys(cipherSuites).flatMap((code) => {
  const suite = cipherSuite(Number(code));
  return suite && !suite.versions.includes('1.3') ? [suite] : [];
});
const variants = suites.flatMap((suite) =>
  suite.versions.flatMap((version) =>
    (suite.cipher.kind === 'cbc' ? [false, true] : [false]).map((encryptThenMac) => ({
      name: `${suite.name} in DTLS ${version}${encryptThenMac ? ', encrypt-then-mac' : ''}`,
      suite,
      version: version === '1.0' ? ('1.0' as const) : ('1.2' as const),
      encryptThenMac,
    })),
  ),
);
type Variant = Pick<(typeof variants)[number], 'suite' | 'version' | 'encryptThenMac'>;

const protection = (provider: CryptoProvider, variant: Variant): { client: RecordCipher; server: RecordCipher } =>
  recordProtection12({ provider, ...secrets, ...variant, random: prng.bytes });
const header = (sequenceNumber: number, type = 23, epoch = 1): ProtectedHeader => ({
  type,
  version: 0xfefd,
  epoch,
  sequenceNumber,
});

it('covers every suite that dtlscope knows below DTLS 1.3', () => {
  expect(suites).toHaveLength(25);
  // Eleven AEAD suites, eight CBC suites of both versions and six of 1.2 alone; CBC in both orders.
  expect(variants).toHaveLength(11 + 8 * 4 + 6 * 2);
});

describe.each(variants)('$name', (variant) => {
  it('opens on either backend what the other sealed, at every length around a block', () => {
    for (const [from, to] of [
      [noble, node],
      [node, noble],
    ] as const) {
      const writer = protection(from, variant);
      const reader = protection(to, variant);
      for (const length of [0, 1, 11, 12, 15, 16, 17, 31, 32, 33, 100, 255, 256, 1400]) {
        const plaintext = prng.bytes(length);
        for (const side of ['client', 'server'] as const) {
          const sealed = writer[side].protect(header(length), plaintext);
          expect(sealed).toHaveLength(writer[side].protectedLength(length));
          expect(sealed.length - length).toBeLessThanOrEqual(writer[side].overhead);
          expect(reader[side].unprotect(header(length), sealed)).toEqual(plaintext);
          const other = side === 'client' ? 'server' : 'client';
          expect(reader[other].unprotect(header(length), sealed)).toBeUndefined();
        }
      }
    }
  });

  it('fills a given room and never more', () => {
    const { client } = protection(node, variant);
    for (let room = 0; room < 200; room++) {
      const most = client.plaintextThatFits(room);
      if (most > 0) expect(client.protectedLength(most)).toBeLessThanOrEqual(room);
      expect(client.protectedLength(most + 1)).toBeGreaterThan(room);
    }
    expect(client.plaintextThatFits(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it('refuses a record whose header or any byte was changed, cut or added', () => {
    const writer = protection(node, variant).client;
    const plaintext = utf8('handshake bytes that nobody may change');
    const right = header(5);
    const sealed = writer.protect(right, plaintext);
    for (const provider of backends) {
      const reader = protection(provider, variant).client;
      expect(reader.unprotect(right, sealed)).toEqual(plaintext);
      for (const wrong of [header(6), header(5, 22), header(5, 23, 2), { ...right, version: 0xfeff }])
        expect(reader.unprotect(wrong, sealed)).toBeUndefined();
      for (let at = 0; at < sealed.length; at++)
        expect(
          reader.unprotect(
            right,
            sealed.map((byte, i) => (i === at ? byte ^ 0x80 : byte)),
          ),
        ).toBeUndefined();
      for (let length = 0; length < sealed.length; length++)
        expect(reader.unprotect(right, sealed.subarray(0, length))).toBeUndefined();
      for (const added of [1, 16, 32])
        expect(reader.unprotect(right, concat(sealed, new Uint8Array(added)))).toBeUndefined();
    }
  });
});

it('gives random bytes of any length back as undefined', () => {
  for (const variant of variants) {
    for (const provider of backends) {
      const { client } = protection(provider, variant);
      for (let length = 0; length < 130; length += 3)
        expect(client.unprotect(header(length), prng.bytes(length))).toBeUndefined();
    }
  }
});

const suiteOf = (code: number): CipherSuite => present(cipherSuite(code));
const blockOf = (variant: Variant, length: number): Uint8Array => {
  const { masterSecret, clientRandom, serverRandom } = secrets;
  return keyBlock(node, prfHash(variant.version, variant.suite), masterSecret, clientRandom, serverRandom, length);
};

it('[24] lays an AES-GCM record out as RFC 5288 §3 and RFC 6347 §4.1.2.1 say', () => {
  const variant = { suite: suiteOf(0xc02b), version: '1.2', encryptThenMac: false } as const;
  const block = blockOf(variant, 40);
  const at = { ...header(0x010203040506, 22, 0x0a0b) };
  const sealed = protection(noble, variant).server.protect(at, utf8('finished'));
  const explicit = hex('0a0b010203040506');
  expect(sealed.subarray(0, 8)).toEqual(explicit);
  // Server write key and salt come second: keys at 0 and 16, salts at 32 and 36.
  const cipher = createCipheriv('aes-128-gcm', block.subarray(16, 32), concat(block.subarray(36, 40), explicit));
  cipher.setAAD(concat(explicit, hex('16fefd0008')));
  const expected = concat(cipher.update(utf8('finished')), cipher.final(), cipher.getAuthTag());
  expect(toHex(sealed.subarray(8))).toBe(toHex(expected));
});

it('reads whatever explicit nonce a peer of AES-GCM chose', () => {
  const variant = { suite: suiteOf(0xc030), version: '1.2', encryptThenMac: false } as const;
  const block = blockOf(variant, 72);
  const nonce = hex('ffeeddccbbaa9988');
  const cipher = createCipheriv('aes-256-gcm', block.subarray(0, 32), concat(block.subarray(64, 68), nonce));
  cipher.setAAD(hex('000100000000000017fefd0002'));
  const sealed = concat(nonce, cipher.update(utf8('hi')), cipher.final(), cipher.getAuthTag());
  for (const provider of backends)
    expect(protection(provider, variant).client.unprotect(header(0), sealed)).toEqual(utf8('hi'));
});

it('[24] makes the ChaCha20-Poly1305 nonce from IV, epoch and sequence number (RFC 7905 §2)', () => {
  const variant = { suite: suiteOf(0xcca9), version: '1.2', encryptThenMac: false } as const;
  const block = blockOf(variant, 88);
  const iv = block.subarray(64, 76);
  const sequence = hex('0001000000abcdef');
  const nonce = iv.map((byte, i) => byte ^ (i < 4 ? 0 : (sequence[i - 4] ?? 0)));
  const cipher = createCipheriv('chacha20-poly1305', block.subarray(0, 32), nonce, { authTagLength: 16 });
  cipher.setAAD(concat(sequence, hex('17fefd0003')), { plaintextLength: 3 });
  const expected = concat(cipher.update(utf8('abc')), cipher.final(), cipher.getAuthTag());
  expect(protection(noble, variant).client.protect(header(0xabcdef), utf8('abc'))).toEqual(expected);
});

describe('AES-CBC records made by hand', () => {
  const variant = { suite: suiteOf(0xc014), version: '1.0', encryptThenMac: false } as const;
  const block = blockOf(variant, 2 * (20 + 32));
  const iv = prng.bytes(16);
  const at: ProtectedHeader = { type: 22, version: 0xfeff, epoch: 1, sequenceNumber: 0 };
  const encrypt = (plaintext: Uint8Array): Uint8Array => {
    const cipher = createCipheriv('aes-256-cbc', block.subarray(40, 72), iv).setAutoPadding(false);
    return concat(iv, cipher.update(plaintext), cipher.final());
  };
  const mac = (content: Uint8Array): Uint8Array =>
    createHmac('sha1', block.subarray(0, 20))
      .update(concat(hex('0001000000000000'), Uint8Array.of(22), hex('feff'), uintBytes(content.length, 2), content))
      .digest();
  const content = utf8('twelve bytes');
  const open = (padding: Uint8Array): string[] =>
    backends.map((provider) => {
      const opened = protection(provider, variant).client.unprotect(
        at,
        encrypt(concat(content, mac(content), padding)),
      );
      return opened ? toHex(opened) : 'refused';
    });

  it('open with the least padding and with the most', () => {
    const padding = (last: number): Uint8Array => new Uint8Array(last + 1).fill(last);
    // 12 + 20 bytes fill two blocks, so padding of 16, 32 .. 256 bytes is well formed.
    expect(open(padding(15))).toEqual([toHex(content), toHex(content)]);
    expect(open(padding(255))).toEqual([toHex(content), toHex(content)]);
  });

  it('do not open with padding that is not all the same, too long, or absent', () => {
    const odd = new Uint8Array(16).fill(15);
    odd[0] = 14;
    expect(open(odd)).toEqual(['refused', 'refused']);
    const zero = new Uint8Array(16).fill(15);
    zero[15] = 0;
    expect(open(zero)).toEqual(['refused', 'refused']);
    expect(open(new Uint8Array(16).fill(255))).toEqual(['refused', 'refused']);
    expect(open(new Uint8Array(0))).toEqual(['refused', 'refused']);
  });

  it('hold the most padding there can be, and still no content', () => {
    const empty = new Uint8Array(0);
    const record = encrypt(concat(mac(empty), new Uint8Array(236).fill(235)));
    for (const provider of backends) expect(protection(provider, variant).client.unprotect(at, record)).toEqual(empty);
  });

  it('need a random source to be written, and none to be read', () => {
    const { client } = recordProtection12({ provider: noble, ...secrets, ...variant });
    expect(client.unprotect(at, encrypt(concat(content, mac(content), new Uint8Array(16).fill(15))))).toEqual(content);
    expect(() => client.protect(at, content)).toThrow('random source');
  });
});
