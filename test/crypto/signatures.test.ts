/** Signatures: each backend checks what the other made, and both refuse the same wrong, odd and hostile ones. */
import { constants, createHash, generateKeyPairSync, sign as nodeSign, privateEncrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import type { PrivateKey, PublicKey } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { curveOfScheme, isUsableRsa, rsaModulusBits, schemeFits13, schemeUnderKey } from '../../src/crypto/schemes.ts';
import { backends, hex, privateFromJwk, publicFromJwk, publicOf } from './support.ts';

const random = new Prng('signatures').bytes;
const message = utf8('the transcript so far');

const ec = (namedCurve: string): PrivateKey =>
  privateFromJwk(generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }));
const rsaPair = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
/** With the exponent 65537 OpenSSL rounds odd sizes down to whole bytes; with 3 it gives what was asked for. */
const rsa = (modulusLength: number, publicExponent = 3): PrivateKey =>
  privateFromJwk(rsaPair(modulusLength, publicExponent).privateKey.export({ format: 'jwk' }));

const rsa2048 = rsa(2048, 65537);
/** A key whose certificate says RSASSA-PSS: the same numbers, other schemes. */
const pssOnly = (key: PrivateKey): PrivateKey => (key.kind === 'rsa' ? { ...key, pssOnly: true } : key);

const keys = {
  p256: ec('P-256'),
  p384: ec('P-384'),
  p521: ec('P-521'),
  rsa2048,
  pss2048: pssOnly(rsa2048),
  /** 8k+1 bits: a PSS encoding is then one byte shorter than the modulus. */
  rsa2049: rsa(2049),
  /** Not a whole number of bytes. */
  rsa1027: rsa(1027),
  ed25519: privateFromJwk(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
} as const;

const signable: readonly (readonly [keyof typeof keys, readonly number[]])[] = [
  ['p256', [0x0203, 0x0403, 0x0503, 0x0603]],
  ['p384', [0x0203, 0x0403, 0x0503, 0x0603]],
  ['p521', [0x0203, 0x0403, 0x0503, 0x0603]],
  ['rsa2048', [0x0201, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0xff01]],
  ['pss2048', [0x0809, 0x080a, 0x080b]],
  ['rsa2049', [0x0201, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0xff01]],
  ['rsa1027', [0x0201, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0xff01]],
  ['ed25519', [0x0807]],
];
const allSchemes = [
  0x0201, 0x0203, 0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809,
  0x080a, 0x080b, 0x0202, 0x0000, 0xff01, 0xffff,
];

const everywhere = (key: PublicKey, scheme: number, text: Uint8Array, signature: Uint8Array): boolean[] =>
  backends.map((provider) => provider.verify(key, scheme, text, signature));

describe.each(signable)('%s', (name, schemes) => {
  const key = keys[name];

  it('can sign with exactly its own schemes', () => {
    for (const provider of backends)
      expect(allSchemes.filter((scheme) => provider.canSign(key, scheme))).toEqual(schemes);
  });

  it('makes signatures that both backends accept, and that fit nothing else', () => {
    for (const scheme of schemes) {
      for (const signer of backends) {
        const signature = signer.sign(key, scheme, message, random);
        const what = `0x${scheme.toString(16)} by ${signer.name}`;
        expect(everywhere(publicOf(key), scheme, message, signature), what).toEqual([true, true]);
        expect(everywhere(publicOf(key), scheme, utf8('another'), signature), what).toEqual([false, false]);
        for (const other of allSchemes)
          if (other !== scheme) expect(everywhere(publicOf(key), other, message, signature)).toEqual([false, false]);
      }
    }
  });

  it('refuses a signature with any one byte changed, cut or added', () => {
    const scheme = schemes[0] ?? 0;
    const signature = nobleProvider.sign(key, scheme, message, random);
    // Every byte for P-256 and Ed25519, every ninth for the slow ones.
    const step = signature.length > 75 ? 9 : 1;
    for (let at = 0; at < signature.length; at += step) {
      const changed = signature.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(everywhere(publicOf(key), scheme, message, changed), `byte ${at}`).toEqual([false, false]);
    }
    const lengths = [
      new Uint8Array(0),
      signature.subarray(1),
      signature.subarray(0, -1),
      concat(signature, Uint8Array.of(0)),
      concat(Uint8Array.of(0), signature),
      new Uint8Array(signature.length),
      new Uint8Array(signature.length).fill(0xff),
    ];
    for (const wrong of lengths) expect(everywhere(publicOf(key), scheme, message, wrong)).toEqual([false, false]);
  });
});

it('refuses an RSA signature whose leading zero was left out (RFC 8017 §8.1.2, §8.2.2)', () => {
  for (const scheme of [0x0401, 0x0804]) {
    // One signature in 256 begins with a zero.
    let text = message;
    let signature = nodeProvider.sign(keys.rsa2048, scheme, text, random);
    for (let i = 0; i < 5000 && signature[0] !== 0; i++) {
      text = utf8(`text ${i}`);
      signature = nodeProvider.sign(keys.rsa2048, scheme, text, random);
    }
    expect(signature[0]).toBe(0);
    expect(everywhere(publicOf(keys.rsa2048), scheme, text, signature)).toEqual([true, true]);
    expect(everywhere(publicOf(keys.rsa2048), scheme, text, signature.subarray(1))).toEqual([false, false]);
  }
});

it('makes and checks the SHA-1 and MD5 signatures of DTLS 1.0 as OpenSSL does', () => {
  for (const [name, scheme] of [
    ['p256', 0x0203],
    ['p384', 0x0203],
    ['rsa2048', 0x0201],
  ] as const)
    expect(everywhere(publicOf(keys[name]), scheme, message, signWithNode(keys[name], 'sha1'))).toEqual([true, true]);
  // RFC 4346 §7.4.3: both digests, one behind the other, and no DigestInfo around them.
  const { privateKey } = rsaPair(1024);
  const both = concat(createHash('md5').update(message).digest(), createHash('sha1').update(message).digest());
  const signature = Uint8Array.from(privateEncrypt(privateKey, both));
  const key = privateFromJwk(privateKey.export({ format: 'jwk' }));
  expect(everywhere(publicOf(key), 0xff01, message, signature)).toEqual([true, true]);
  for (const provider of backends) expect(provider.sign(key, 0xff01, message, random)).toEqual(signature);
});

it('draws nothing from the random source but a PSS salt, so that noble repeats itself', () => {
  const draws: number[] = [];
  const counted = (length: number): Uint8Array => {
    draws.push(length);
    return new Uint8Array(length).fill(7);
  };
  for (const [name, schemes] of signable) {
    if (name === 'p521') continue;
    for (const scheme of schemes) {
      const twice = [1, 2].map(() => toHex(nobleProvider.sign(keys[name], scheme, message, counted)));
      expect(twice[0]).toBe(twice[1]);
    }
  }
  expect(draws.slice(0, 6)).toEqual([32, 32, 48, 48, 64, 64]);
});

it('knows the curve that TLS 1.3 ties to an ECDSA scheme', () => {
  expect([0x0403, 0x0503, 0x0603, 0x0203, 0x0804].map(curveOfScheme)).toEqual([
    'secp256r1',
    'secp384r1',
    'secp521r1',
    undefined,
    undefined,
  ]);
});

describe('ECDSA signatures of unusual form', () => {
  const key = keys.p256;
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [r, s] = integersOf(nobleProvider.sign(key, 0x0403, message, random));
  const both = (signature: Uint8Array): boolean[] => everywhere(publicOf(key), 0x0403, message, signature);

  it('are taken with a high and with a low s', () => {
    expect(both(der(r, s))).toEqual([true, true]);
    expect(both(der(r, order - s))).toEqual([true, true]);
  });

  it('are refused when r or s is zero, the order, beyond it, or negative', () => {
    for (const [a, b] of [
      [0n, s],
      [r, 0n],
      [0n, 0n],
      [1n, 0n],
      [order, s],
      [r, order],
      [r, s + order],
      [r + order, s],
    ] as const)
      expect(both(der(a, b)), `${a} ${b}`).toEqual([false, false]);
    const negative = sequence(concat(integer(r), Uint8Array.of(2, 1, 0xff)));
    expect(both(negative)).toEqual([false, false]);
  });

  it('are refused in any encoding but DER', () => {
    const body = concat(integer(r), integer(s));
    const digits = integer(s).subarray(2);
    const raw = concat(bigBytes(r), bigBytes(s));
    const odd: Record<string, Uint8Array> = {
      'long form of a short length': concat(Uint8Array.of(0x30, 0x81, body.length), body),
      'indefinite length': concat(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)),
      'a padded integer': sequence(concat(integer(r), Uint8Array.of(2, digits.length + 1, 0), digits)),
      'an integer in long form': sequence(concat(integer(r), Uint8Array.of(2, 0x81, digits.length), digits)),
      'a third integer': sequence(concat(body, Uint8Array.of(2, 1, 1))),
      'only one integer': sequence(integer(r)),
      'bytes behind the sequence': concat(sequence(body), Uint8Array.of(0)),
      'bytes inside the sequence': sequence(concat(body, Uint8Array.of(5, 0))),
      'a set instead of a sequence': concat(Uint8Array.of(0x31, body.length), body),
      'an octet string instead of an integer': sequence(concat(integer(r), Uint8Array.of(4, digits.length), digits)),
      'an integer of no bytes': sequence(concat(integer(r), Uint8Array.of(2, 0))),
      'a length beyond the end': concat(Uint8Array.of(0x30, body.length + 1), body),
      'a huge length': concat(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), body),
      'r and s as they are (IEEE P1363)': raw,
    };
    for (const [what, signature] of Object.entries(odd)) expect(both(signature), what).toEqual([false, false]);
  });

  it('are refused under a key that is not a point of its curve', () => {
    const point = key.kind === 'ec' ? key.point : new Uint8Array(0);
    const signature = nobleProvider.sign(key, 0x0403, message, random);
    const points = [
      point.map((byte, i) => (i === 64 ? byte ^ 1 : byte)),
      point.map((byte, i) => (i === 0 ? 5 : byte)),
      point.map((byte, i) => (i === 0 ? 6 + ((point[64] ?? 0) & 1) : byte)),
      new Uint8Array(65),
      concat(Uint8Array.of(4), new Uint8Array(64)),
      Uint8Array.of(0),
      new Uint8Array(0),
      concat(Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)),
      concat(point, Uint8Array.of(0)),
    ];
    for (const wrong of points)
      expect(everywhere({ kind: 'ec', curve: 'secp256r1', point: wrong }, 0x0403, message, signature)).toEqual([
        false,
        false,
      ]);
    expect(everywhere({ kind: 'ec', curve: 'secp384r1', point }, 0x0403, message, signature)).toEqual([false, false]);
  });
});

describe('RSA signatures of unusual form', () => {
  const pair = rsaPair(2048, 3);
  const key = publicFromJwk(pair.publicKey.export({ format: 'jwk' }));
  const digest = createHash('sha256').update(message).digest();
  const info = hex('3031300d060960864801650304020105000420');
  /** The signature whose encoded message is these 256 bytes. */
  const signed = (encoded: Uint8Array): Uint8Array =>
    privateEncrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, encoded);
  const both = (encoded: Uint8Array): boolean[] => everywhere(key, 0x0401, message, signed(encoded));
  const padded = (tail: Uint8Array, fill = 0xff): Uint8Array =>
    concat(Uint8Array.of(0, 1), new Uint8Array(256 - 3 - tail.length).fill(fill), Uint8Array.of(0), tail);

  it('are taken when they are exactly EMSA-PKCS1-v1_5, also with the exponent 3', () => {
    expect(both(padded(concat(info, digest)))).toEqual([true, true]);
  });

  it('are refused when the encoded message differs anywhere', () => {
    const right = padded(concat(info, digest));
    const short = concat(Uint8Array.of(0, 1), new Uint8Array(8).fill(0xff), Uint8Array.of(0), info, digest);
    const withoutNull = hex('302f300b0609608648016503040201' + '0420');
    const withoutInfo = digest;
    const odd: Record<string, Uint8Array> = {
      // Bleichenbacher's forgery of 2006 against exponent 3.
      'short padding and garbage behind the hash': concat(short, new Uint8Array(256 - short.length).fill(0x5a)),
      'garbage in the parameters': padded(concat(hex('3033300f06096086480165030402010502abcd0420'), digest)),
      'no NULL parameters': padded(concat(withoutNull, digest)),
      'no DigestInfo': padded(withoutInfo),
      'the OID of SHA-384': padded(concat(hex('3031300d060960864801650304020205000420'), digest)),
      'a block type of 2': right.map((byte, i) => (i === 1 ? 2 : byte)),
      'a block type of 0': padded(concat(info, digest), 0).map((byte, i) => (i === 1 ? 0 : byte)),
      'a zero in the padding': right.map((byte, i) => (i === 20 ? 0 : byte)),
      'no separator': right.map((byte, i) => (i === 256 - 52 ? 0xff : byte)),
      'another digest': padded(
        concat(
          info,
          digest.map((byte) => byte ^ 1),
        ),
      ),
    };
    for (const [what, encoded] of Object.entries(odd)) expect(both(encoded), what).toEqual([false, false]);
  });

  it('are refused when the number is not below the modulus, or not as long as it', () => {
    const n = key.kind === 'rsa' ? key.n : new Uint8Array(0);
    // A signature that still has 256 bytes when the modulus is added: the same number modulo n.
    for (let i = 0; ; i++) {
      const text = utf8(`message ${i}`);
      const small = new Uint8Array(nodeSign('sha256', text, pair.privateKey));
      const unreduced = bigBytes(bigOf(small) + bigOf(n), 256);
      if (unreduced.length > 256) continue;
      expect(everywhere(key, 0x0401, text, small)).toEqual([true, true]);
      expect(everywhere(key, 0x0401, text, unreduced)).toEqual([false, false]);
      break;
    }
    const signature = signed(padded(concat(info, digest)));
    for (const wrong of [
      concat(Uint8Array.of(0), signature),
      signature.subarray(1),
      n,
      bigBytes(bigOf(n) - 1n, 256),
      new Uint8Array(256),
      bigBytes(1n, 256),
    ])
      for (const scheme of [0x0401, 0x0804]) expect(everywhere(key, scheme, message, wrong)).toEqual([false, false]);
  });

  it('are taken with leading zero bytes, and only at full length', () => {
    // A signature that starts with a zero byte: one message in 256 has it.
    for (let i = 0; ; i++) {
      const text = utf8(`message ${i}`);
      const signature = new Uint8Array(nodeSign('sha256', text, pair.privateKey));
      if (signature[0] !== 0) continue;
      expect(everywhere(key, 0x0401, text, signature)).toEqual([true, true]);
      expect(everywhere(key, 0x0401, text, signature.subarray(1))).toEqual([false, false]);
      break;
    }
  });

  it('are taken under a modulus that was written with a sign byte', () => {
    const signature = signed(padded(concat(info, digest)));
    if (key.kind !== 'rsa') throw new Error('an RSA key was made');
    const withSign: PublicKey = { kind: 'rsa', n: concat(Uint8Array.of(0), key.n), e: concat(Uint8Array.of(0), key.e) };
    expect(everywhere(withSign, 0x0401, message, signature)).toEqual([true, true]);
  });

  it('are refused as PSS when salt, trailer or top bits are not what RFC 8446 asks for', () => {
    const sized = (saltLength: number): Uint8Array =>
      new Uint8Array(
        nodeSign('sha256', message, { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
      );
    expect(everywhere(key, 0x0804, message, sized(32))).toEqual([true, true]);
    for (const salt of [0, 20, 31, 33, 48])
      expect(everywhere(key, 0x0804, message, sized(salt)), `salt of ${salt}`).toEqual([false, false]);
    const encoded = encodedMessage(key, sized(32));
    const changed = (at: number, bits: number): boolean[] =>
      everywhere(key, 0x0804, message, signed(encoded.map((byte, i) => (i === at ? byte ^ bits : byte))));
    expect(changed(0, 0)).toEqual([true, true]);
    expect(changed(255, 0x01)).toEqual([false, false]);
    expect(changed(200, 0x01)).toEqual([false, false]);
    expect(changed(1, 0x01)).toEqual([false, false]);
    // The byte that holds the 01 between padding and salt.
    expect(changed(256 - 1 - 32 - 32 - 1, 0x01)).toEqual([false, false]);
  });

  it('are refused as PSS with a bit set above the encoded message', () => {
    for (const bits of [2048, 2049]) {
      const wide = rsaPair(bits, 3);
      const wideKey = publicFromJwk(wide.publicKey.export({ format: 'jwk' }));
      const n = wideKey.kind === 'rsa' ? bigOf(wideKey.n) : 0n;
      const options = { key: wide.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      // Salts differ, so sooner or later the encoded message is below the modulus with its top bit set, too.
      for (;;) {
        const encoded = encodedMessage(wideKey, new Uint8Array(nodeSign('sha256', message, options)));
        const higher = bigOf(encoded) | (1n << BigInt(bits - 1));
        if (higher >= n) continue;
        const raw = { key: wide.privateKey, padding: constants.RSA_NO_PADDING };
        const resigned = (value: bigint): Uint8Array => privateEncrypt(raw, bigBytes(value, encoded.length));
        expect(everywhere(wideKey, 0x0804, message, resigned(bigOf(encoded)))).toEqual([true, true]);
        expect(everywhere(wideKey, 0x0804, message, resigned(higher)), `${bits} bits`).toEqual([false, false]);
        break;
      }
    }
  });

  it('are refused under the exponent 1, where the encoded message is its own signature', () => {
    const n = key.kind === 'rsa' ? key.n : new Uint8Array(0);
    const own = padded(concat(info, digest));
    expect(everywhere({ kind: 'rsa', n, e: Uint8Array.of(1) }, 0x0401, message, own)).toEqual([false, false]);
  });

  it('are refused without a long calculation under keys that are none', () => {
    const integers = (n: Uint8Array, e: Uint8Array): PublicKey => ({ kind: 'rsa', n, e });
    const odd = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);
    const n = key.kind === 'rsa' ? key.n : odd(256);
    const e = hex('010001');
    const hostile = [
      integers(new Uint8Array(0), e),
      integers(new Uint8Array(256), e),
      integers(Uint8Array.of(1), e),
      integers(
        n.map((byte, i) => (i === 255 ? byte & 0xfe : byte)),
        e,
      ),
      integers(n, new Uint8Array(0)),
      integers(n, Uint8Array.of(0)),
      integers(n, Uint8Array.of(1)),
      integers(n, Uint8Array.of(2)),
      integers(n, hex('010000')),
      integers(n, odd(256)),
      integers(odd(1025), e),
      integers(odd(2_000_000), e),
      integers(odd(2_000_000), odd(2_000_000)),
    ];
    for (const wrong of hostile) {
      const length = wrong.kind === 'rsa' ? wrong.n.length : 0;
      for (const scheme of [0x0401, 0x0804])
        expect(everywhere(wrong, scheme, message, new Uint8Array(length).fill(0x41))).toEqual([false, false]);
    }
  });
});

it('signs right with an RSA key whose CRT parts are wrong, giving no factor away', () => {
  const key = keys.rsa2048;
  if (key.kind !== 'rsa') throw new Error('an RSA key was made');
  const right = nobleProvider.sign(key, 0x0401, message, random);
  const wrongDp = key.dp.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
  expect(nobleProvider.sign({ ...key, dp: wrongDp }, 0x0401, message, random)).toEqual(right);
  expect(nobleProvider.sign({ ...key, p: new Uint8Array(0) }, 0x0401, message, random)).toEqual(right);
});

it('refuses Ed25519 keys and signatures that are not canonical or of small order', () => {
  const key = publicOf(keys.ed25519);
  const signature = nobleProvider.sign(keys.ed25519, 0x0807, message, random);
  // S + L, the malleability that RFC 8032 §8.4 rules out.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = bigOf(signature.slice(32).reverse());
  const malleable = concat(signature.subarray(0, 32), bigBytes(s + order, 32).reverse());
  expect(everywhere(key, 0x0807, message, malleable)).toEqual([false, false]);
  for (const wrong of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0), new Uint8Array(32).fill(0xff)])
    expect(everywhere({ kind: 'ed25519', key: wrong }, 0x0807, message, signature)).toEqual([false, false]);
  // Under the neutral element, R = 1 and S = 0 fits every message.
  const one = hex(`01${'00'.repeat(31)}`);
  const forged = concat(one, new Uint8Array(32));
  const points = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ];
  // With one of eight messages the forgery fits a point of order 8, so a hundred of them try every point.
  for (const point of points)
    for (let i = 0; i < 100; i++)
      expect(everywhere({ kind: 'ed25519', key: hex(point) }, 0x0807, utf8(`${i}`), forged), `${point} ${i}`).toEqual([
        false,
        false,
      ]);
});

it('refuses an Ed25519 signature whose R is the neutral element written in an unreduced way', () => {
  const key = keys.ed25519;
  if (key.kind !== 'ed25519') throw new Error('an Ed25519 key was made');
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const number = (bytes: Uint8Array): bigint => bigOf(Uint8Array.from(bytes).reverse());
  const sha512 = (bytes: Uint8Array): Uint8Array => nobleProvider.hash('sha512', bytes);
  // RFC 8032 §5.1.5: the secret scalar.
  const scalar = sha512(key.seed).slice(0, 32);
  scalar[0] = (scalar[0] ?? 0) & 0xf8;
  scalar[31] = ((scalar[31] ?? 0) & 0x7f) | 0x40;
  // With the nonce 0, R is the neutral element and S = k a (§5.1.6).
  const withR = (r: Uint8Array): Uint8Array => {
    const k = number(sha512(concat(r, key.key, message))) % order;
    return concat(r, bigBytes((k * number(scalar)) % order).reverse());
  };
  const reduced = withR(hex(`01${'00'.repeat(31)}`));
  const unreduced = withR(hex(`ee${'ff'.repeat(30)}7f`));
  expect(everywhere(publicOf(key), 0x0807, message, reduced)).toEqual([true, true]);
  expect(everywhere(publicOf(key), 0x0807, message, unreduced)).toEqual([false, false]);
});

it('has RSA keys of just the sizes that the tests are about', () => {
  const bits = (key: PrivateKey): number => (key.kind === 'rsa' ? rsaModulusBits(key.n) : 0);
  expect([keys.rsa2048, keys.rsa2049, keys.rsa1027].map(bits)).toEqual([2048, 2049, 1027]);
});

it('measures a modulus by its bits, whatever zeros stand before it', () => {
  expect(rsaModulusBits(hex('0000'))).toBe(0);
  expect(rsaModulusBits(hex('01'))).toBe(1);
  expect(rsaModulusBits(hex('00ff00'))).toBe(16);
  expect(isUsableRsa({ n: new Uint8Array(64).fill(0xff), e: hex('03') })).toBe(true);
  const n = new Uint8Array(256).fill(0xff);
  const even = n.map((byte, i) => (i === 255 ? 0xfe : byte));
  for (const e of ['03', '010001', 'ffffffffffffffff']) expect(isUsableRsa({ n, e: hex(e) }), e).toBe(true);
  for (const e of ['', '00', '01', '02', '010000', '010000000000000001'])
    expect(isUsableRsa({ n, e: hex(e) }), e).toBe(false);
  expect(isUsableRsa({ n: even, e: hex('03') })).toBe(false);
  expect(isUsableRsa({ n: new Uint8Array(63).fill(0xff), e: hex('03') })).toBe(false);
  expect(isUsableRsa({ n: new Uint8Array(1024).fill(0xff), e: hex('03') })).toBe(true);
  expect(isUsableRsa({ n: new Uint8Array(1025).fill(0xff), e: hex('03') })).toBe(false);
});

function signWithNode(key: PrivateKey, hash: string): Uint8Array {
  const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const jwk =
    key.kind === 'ec'
      ? {
          kty: 'EC',
          crv: key.curve === 'secp256r1' ? 'P-256' : 'P-384',
          x: encode(key.point.subarray(1, (key.point.length + 1) / 2)),
          y: encode(key.point.subarray((key.point.length + 1) / 2)),
          d: encode(key.d),
        }
      : key.kind === 'rsa'
        ? {
            kty: 'RSA',
            ...{ n: encode(key.n), e: encode(key.e), d: encode(key.d), p: encode(key.p), q: encode(key.q) },
            ...{ dp: encode(key.dp), dq: encode(key.dq), qi: encode(key.qi) },
          }
        : {};
  return new Uint8Array(nodeSign(hash, message, { key: jwk, format: 'jwk' }));
}

/** RSAVP1 by hand. */
function encodedMessage(key: PublicKey, signature: Uint8Array): Uint8Array {
  if (key.kind !== 'rsa') throw new Error('not an RSA key');
  const n = bigOf(key.n);
  const value = bigOf(signature);
  let result = 1n;
  for (const bit of bigOf(key.e).toString(2)) result = (result * result * (bit === '1' ? value : 1n)) % n;
  return bigBytes(result, key.n.length);
}

function integersOf(signature: Uint8Array): [bigint, bigint] {
  const rLength = signature[3] ?? 0;
  return [bigOf(signature.subarray(4, 4 + rLength)), bigOf(signature.subarray(6 + rLength))];
}
function integer(value: bigint): Uint8Array {
  const digits = bigBytes(value, 1);
  const signed = (digits[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), digits) : digits;
  return concat(Uint8Array.of(2, signed.length), signed);
}
function sequence(body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x30, body.length), body);
}
function der(r: bigint, s: bigint): Uint8Array {
  return sequence(concat(integer(r), integer(s)));
}
function bigOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes) || '0'}`);
}
/** At least `length` bytes, big endian. */
function bigBytes(value: bigint, length = 32): Uint8Array {
  const digits = value.toString(16);
  const even = digits.length + (digits.length % 2);
  return fromHex(digits.padStart(Math.max(2 * length, even), '0')) ?? new Uint8Array(0);
}

describe('the schemes of DTLS 1.3 (RFC 8446 §4.2.3)', () => {
  it.each<[keyof typeof keys, readonly number[]]>([
    ['p256', [0x0403]],
    ['p384', [0x0503]],
    ['p521', [0x0603]],
    ['rsa2048', [0x0804, 0x0805, 0x0806]],
    ['pss2048', [0x0809, 0x080a, 0x080b]],
    ['rsa1027', [0x0804, 0x0805]],
    ['ed25519', [0x0807]],
  ])('[60] for %s tie ECDSA to its curve, and know neither PKCS1 nor SHA-1', (name, expected) => {
    const key = keys[name];
    expect(allSchemes.filter((scheme) => schemeFits13(key, scheme))).toEqual(expected);
    expect(allSchemes.filter((scheme) => schemeFits13(publicOf(key), scheme))).toEqual(expected);
  });

  it('call a PSS signature in a certificate by the kind of the key that made it', () => {
    const under = (name: keyof typeof keys): number[] =>
      [0x0401, 0x0804, 0x0805, 0x0806, 0x0403].map((scheme) => schemeUnderKey(publicOf(keys[name]), scheme));
    expect(under('rsa2048')).toEqual([0x0401, 0x0804, 0x0805, 0x0806, 0x0403]);
    expect(under('pss2048')).toEqual([0x0401, 0x0809, 0x080a, 0x080b, 0x0403]);
    expect(under('p256')).toEqual([0x0401, 0x0804, 0x0805, 0x0806, 0x0403]);
  });
});
