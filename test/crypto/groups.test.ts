/** Key agreement: the backends with each other, and shares that a hostile peer may send. */
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { keyFromBytes, keyFromPair } from '../../src/crypto/node/x25519.ts';
import { backends, hex, present } from './support.ts';

const groups = [
  { group: 0x17, name: 'secp256r1', share: 65, answer: 65, secret: 32 },
  { group: 0x18, name: 'secp384r1', share: 97, answer: 97, secret: 48 },
  { group: 0x19, name: 'secp521r1', share: 133, answer: 133, secret: 66 },
  { group: 0x1d, name: 'x25519', share: 32, answer: 32, secret: 32 },
  { group: 0x11ec, name: 'X25519MLKEM768', share: 1216, answer: 1120, secret: 64 },
] as const;

const random = new Prng('groups').bytes;

describe.each(groups)('$name', ({ group, share, answer: answerLength, secret }) => {
  it('gives both sides the same secret, whichever backends they use', () => {
    for (const ours of backends) {
      for (const theirs of backends) {
        for (let i = 0; i < 5; i++) {
          const key = ours.generate(group, random);
          const answer = present(theirs.respond(group, key.share, random));
          expect(key.share).toHaveLength(share);
          expect(answer.share).toHaveLength(answerLength);
          expect(answer.secret).toHaveLength(secret);
          expect(key.agree(answer.share)).toEqual(answer.secret);
        }
      }
    }
  });

  it('makes another key each time, and the same one from the same seed on noble', () => {
    for (const provider of backends)
      expect(provider.generate(group, random).share).not.toEqual(provider.generate(group, random).share);
    const seeded = (): Uint8Array => nobleProvider.generate(group, new Prng(7).bytes).share;
    expect(seeded()).toEqual(seeded());
  });

  it('refuses a share of any other length', () => {
    for (const provider of backends) {
      const key = provider.generate(group, random);
      const asked = nodeProvider.generate(group, random).share;
      const answered = present(nodeProvider.respond(group, key.share, random)).share;
      const wrong = (right: Uint8Array): Uint8Array[] => [
        new Uint8Array(0),
        Uint8Array.of(0),
        Uint8Array.of(4),
        right.subarray(1),
        right.subarray(0, right.length - 1),
        concat(right, Uint8Array.of(0)),
        concat(Uint8Array.of(0), right),
      ];
      for (const bytes of wrong(answered))
        expect(key.agree(bytes), `${bytes.length} bytes on ${provider.name}`).toBeUndefined();
      for (const bytes of wrong(asked))
        expect(provider.respond(group, bytes, random), `${bytes.length} bytes on ${provider.name}`).toBeUndefined();
    }
  });
});

describe.each(backends)('$name', (provider) => {
  it('says which groups it has, and calls it a mistake to use another', () => {
    for (const { group } of groups) expect(provider.supportsGroup(group)).toBe(true);
    for (const group of [0, 0x0016, 0x001e, 0xffff]) {
      expect(provider.supportsGroup(group)).toBe(false);
      expect(() => provider.generate(group, random)).toThrow('supportsGroup');
    }
  });

  it.each([
    ['secp256r1', 0x17, 32, 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'],
    [
      'secp384r1',
      0x18,
      48,
      'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
    ],
  ])('refuses what is not a point of %s in uncompressed form', (_name, group, size, prime) => {
    const key = provider.generate(group, random);
    const point = nodeProvider.generate(group, random).share;
    expect(key.agree(point)).toBeDefined();
    const changed = (at: number, change: (byte: number) => number): Uint8Array =>
      point.map((byte, i) => (i === at ? change(byte) : byte));
    const x = point.subarray(1, 1 + size);
    const hostile: Record<string, Uint8Array> = {
      'off the curve by one bit of y': changed(2 * size, (byte) => byte ^ 1),
      'off the curve by one bit of x': changed(size, (byte) => byte ^ 1),
      'all zero': new Uint8Array(1 + 2 * size),
      'zero coordinates': concat(Uint8Array.of(4), new Uint8Array(2 * size)),
      'coordinates all ones': concat(Uint8Array.of(4), new Uint8Array(2 * size).fill(0xff)),
      'the point at infinity': Uint8Array.of(0),
      compressed: concat(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1)), x),
      'hybrid form': changed(0, () => 6 + ((point.at(-1) ?? 0) & 1)),
      'a form that does not exist': changed(0, () => 5),
      'x not reduced': concat(Uint8Array.of(4), hex(prime), point.subarray(1 + size)),
      'y not reduced': concat(Uint8Array.of(4), x, hex(prime)),
    };
    for (const [what, bytes] of Object.entries(hostile)) expect(key.agree(bytes), what).toBeUndefined();
  });

  it('refuses the points of small order that give x25519 an all-zero secret (RFC 7748 §6.1)', () => {
    const key = provider.generate(0x1d, random);
    const smallOrder = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      // The top bit is to be ignored (RFC 7748 §5), so these are the same points.
      '0000000000000000000000000000000000000000000000000000000000000080',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    ];
    for (const point of smallOrder) expect(key.agree(hex(point)), point).toBeUndefined();
  });
});

it('agrees on the same x25519 secret for shares that are not reduced or have the top bit set', () => {
  const seed = new Prng('odd shares').bytes;
  const theirs = nobleProvider.generate(0x1d, seed);
  const ours = nodeProvider.generate(0x1d, seed);
  const topBit = theirs.share.map((byte, i) => (i === 31 ? byte | 0x80 : byte));
  expect(ours.agree(topBit)).toEqual(theirs.agree(ours.share));
  // 2^255 - 19 + 9, which RFC 7748 §5 says to accept as 9.
  const nine = hex(`09${'00'.repeat(31)}`);
  const unreduced = hex(`f6${'ff'.repeat(30)}7f`);
  for (const provider of backends) {
    const key = provider.generate(0x1d, seed);
    expect(key.agree(unreduced)).toEqual(present(key.agree(nine)));
  }
});

it('makes x25519 keys in both ways that versions of Node call for, another each time', () => {
  for (const makeKey of [keyFromBytes, keyFromPair]) {
    const ours = makeKey();
    const theirs = nobleProvider.generate(0x1d, random);
    expect(ours.share).toHaveLength(32);
    expect(ours.agree(theirs.share)).toEqual(present(theirs.agree(ours.share)));
    expect(makeKey().share).not.toEqual(ours.share);
  }
});
