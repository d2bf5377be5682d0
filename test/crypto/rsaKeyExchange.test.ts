/** RSA key exchange: each backend reads what the other and OpenSSL wrote, and what is wrong gives no sign of being so. */
import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, equal } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import type { RsaPrivateKey } from '../../src/crypto/keys.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { makePremaster, readPremaster } from '../../src/crypto/rsaKeyExchange.ts';
import { backends, present, privateFromJwk } from './support.ts';

const random = new Prng('premaster').bytes;
const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
const key = privateFromJwk(pair.privateKey.export({ format: 'jwk' })) as RsaPrivateKey;
const version = 0xfefd;

const openSslEncrypts = (block: Uint8Array): Uint8Array =>
  Uint8Array.from(publicEncrypt({ key: pair.publicKey, padding: constants.RSA_NO_PADDING }, block));
const padded = (...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array =>
  concat(...parts.map((one) => Uint8Array.from(one)));

describe.each(backends)('$name', (provider: CryptoProvider) => {
  const read = (encrypted: Uint8Array, said = version): Uint8Array =>
    readPremaster(provider, key, said, encrypted, random);

  it('reads what either backend and OpenSSL encrypted', () => {
    for (const writer of backends) {
      const { premaster, encrypted } = present(makePremaster(writer, key, version, random));
      expect(encrypted).toHaveLength(128);
      expect(premaster.subarray(0, 2)).toEqual(Uint8Array.of(0xfe, 0xfd));
      expect(read(encrypted)).toEqual(premaster);
    }
    const premaster = concat(Uint8Array.of(0xfe, 0xfd), random(46));
    const encrypted = Uint8Array.from(
      publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_PADDING }, premaster),
    );
    expect(read(encrypted)).toEqual(premaster);
  });

  it('puts the version of the hello in, whatever the client wrote (RFC 5246 §7.4.7.1)', () => {
    const { premaster, encrypted } = present(makePremaster(provider, key, 0xfeff, random));
    const got = read(encrypted);
    expect(got.subarray(0, 2)).toEqual(Uint8Array.of(0xfe, 0xfd));
    expect(got.subarray(2)).toEqual(premaster.subarray(2));
  });

  it('gives a random premaster of the right form for every wrong padding, length and number', () => {
    const secret = concat(Uint8Array.of(0xfe, 0xfd), random(46));
    const filler = random(77).map((byte) => byte || 1);
    const wrong: readonly (readonly [string, Uint8Array])[] = [
      ['block type 1', openSslEncrypts(padded([0, 1], filler, [0], secret))],
      ['a first byte that is not 0', openSslEncrypts(padded([1, 2], filler, [0], secret))],
      ['no separator', openSslEncrypts(padded([0, 2], filler, [1], secret))],
      ['an early separator', openSslEncrypts(padded([0, 2], filler.subarray(1), [0, 0], secret))],
      ['a secret that is too short', openSslEncrypts(padded([0, 2], filler, [7, 0], secret.subarray(1)))],
      ['a ciphertext that is too short', new Uint8Array(127).fill(1)],
      ['a ciphertext that is too long', new Uint8Array(129).fill(1)],
      ['none', new Uint8Array(0)],
      ['a ciphertext above the modulus', new Uint8Array(128).fill(0xff)],
    ];
    for (const [what, encrypted] of wrong) {
      const [one, two] = [read(encrypted), read(encrypted)];
      expect(one, what).toHaveLength(48);
      expect(one.subarray(0, 2), what).toEqual(Uint8Array.of(0xfe, 0xfd));
      expect(equal(one.subarray(2), secret.subarray(2)), what).toBe(false);
      // Random each time: neither zeros nor what was decrypted.
      expect(equal(one, two), what).toBe(false);
    }
  });

  it('does not encrypt to a key that is none to calculate with', () => {
    expect(
      makePremaster(provider, { kind: 'rsa', n: new Uint8Array(32).fill(0xff), e: Uint8Array.of(3) }, version, random),
    ).toBe(undefined);
    expect(
      makePremaster(provider, { kind: 'rsa', n: new Uint8Array(128).fill(0xfe), e: Uint8Array.of(3) }, version, random),
    ).toBe(undefined);
  });
});
