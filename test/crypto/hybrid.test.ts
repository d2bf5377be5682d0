/** X25519MLKEM768 and the ML-KEM in it. That groups.test.ts holds both backends together is not repeated. */
import { shake128 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { backends, present } from './support.ts';

const group = 0x11ec;
const random = new Prng('hybrid').bytes;

it('has the ML-KEM-768 of FIPS 203: key generation, encapsulation, decapsulation and implicit rejection', () => {
  // The accumulated vector of Go's crypto/mlkem (TestAccumulated, a hundred keys), in the form that C2SP/CCTV gave it: the
  // inputs are SHAKE128 of nothing, and all outputs go through another SHAKE128.
  const input = shake128.create();
  const output = shake128.create();
  for (let i = 0; i < 100; i++) {
    const { publicKey, secretKey } = ml_kem768.keygen(input.xof(64));
    output.update(publicKey);
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, input.xof(32));
    output.update(cipherText).update(sharedSecret);
    expect(ml_kem768.decapsulate(cipherText, secretKey)).toEqual(sharedSecret);
    output.update(ml_kem768.decapsulate(input.xof(1088), secretKey));
  }
  expect(toHex(output.xof(32))).toBe('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415');
});

it('puts the part of ML-KEM first in both shares and in the secret', () => {
  const seeds: Uint8Array[] = [];
  const noting = (length: number): Uint8Array => {
    const bytes = random(length);
    seeds.push(Uint8Array.from(bytes));
    return bytes;
  };
  const ours = nobleProvider.generate(group, noting);
  const kem = ml_kem768.keygen(present(seeds[0]));
  expect(ours.share.subarray(0, 1184)).toEqual(kem.publicKey);
  const answer = present(nobleProvider.respond(group, ours.share, random));
  const kemSecret = ml_kem768.decapsulate(answer.share.subarray(0, 1088), kem.secretKey);
  expect(answer.secret.subarray(0, 32)).toEqual(kemSecret);
  // The other half is X25519 by itself, of the same keys.
  let draws = 0;
  const curveOnly = nobleProvider.generate(0x1d, () => present(seeds[1 + draws++]));
  expect(ours.share.subarray(1184)).toEqual(curveOnly.share);
  expect(answer.secret.subarray(32)).toEqual(curveOnly.agree(answer.share.subarray(1088)));
});

describe.each(backends)('$name', (provider) => {
  it('refuses an encapsulation key with a coefficient beyond the modulus (FIPS 203 §7.2)', () => {
    const { share } = provider.generate(group, random);
    // Twelve bits a coefficient: 0xfff is more than 3328.
    const wrong = share.map((byte, i) => (i < 2 ? 0xff : byte));
    expect(provider.respond(group, wrong, random)).toBeUndefined();
    expect(provider.respond(group, share, random)).toBeDefined();
  });

  it('refuses a part of X25519 that gives no secret', () => {
    const ours = provider.generate(group, random);
    const answer = present(provider.respond(group, ours.share, random));
    expect(provider.respond(group, concat(ours.share.subarray(0, 1184), new Uint8Array(32)), random)).toBeUndefined();
    expect(ours.agree(concat(answer.share.subarray(0, 1088), new Uint8Array(32)))).toBeUndefined();
  });

  it('gives another secret, and no error, for a ciphertext that was changed', () => {
    const ours = provider.generate(group, random);
    const answer = present(provider.respond(group, ours.share, random));
    const secret = present(ours.agree(answer.share.map((byte, i) => (i === 7 ? byte ^ 1 : byte))));
    expect(secret).toHaveLength(64);
    expect(secret.subarray(0, 32)).not.toEqual(answer.secret.subarray(0, 32));
    expect(secret.subarray(32)).toEqual(answer.secret.subarray(32));
  });
});
