/** Published vectors, each with its source, on both backends. */
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { PrivateKey } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { AeadName, HashName } from '../../src/crypto/provider.ts';
import { backends, hex, present, publicOf } from './support.ts';

describe.each(backends)('$name', (provider) => {
  it.each<[HashName, string]>([
    // RFC 1321 §A.5 and FIPS 180-4's example "abc".
    ['md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha384', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
    [
      'sha512',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
  ])('hashes "abc" with %s', (name, expected) => {
    expect(toHex(provider.hash(name, utf8('abc')))).toBe(expected);
    const running = provider.runningHash(name);
    running.update(utf8('a'));
    expect(running.digest()).toEqual(provider.hash(name, utf8('a')));
    running.update(utf8('bc'));
    expect(toHex(running.digest())).toBe(expected);
    expect(toHex(running.digest())).toBe(expected);
  });

  it.each<[HashName, string]>([
    // RFC 2202 §2 and §3, RFC 4231 §4.3: test case 2.
    ['md5', '750c783e6ab0b503eaa86e310a5db738'],
    ['sha1', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    ['sha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    ['sha384', 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649'],
    [
      'sha512',
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
  ])('authenticates with HMAC-%s', (name, expected) => {
    expect(toHex(provider.hmac(name, utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(expected);
  });

  it('hashes an HMAC key that is longer than a block first (RFC 4231 §4.7)', () => {
    const text = utf8('Test Using Larger Than Block-Size Key - Hash Key First');
    expect(toHex(provider.hmac('sha256', new Uint8Array(131).fill(0xaa), text))).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    );
  });

  const gcmText =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
  const gcmData = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
  const gcmNonce = 'cafebabefacedbaddecaf888';
  const sunscreen = toHex(
    utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ),
  );
  it.each<[string, AeadName, string, string, string, string, string]>([
    [
      'McGrew and Viega, GCM, test case 4',
      'aes-128-gcm',
      'feffe9928665731c6d6a8f9467308308',
      gcmNonce,
      gcmData,
      gcmText,
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    ],
    [
      'McGrew and Viega, GCM, test case 16',
      'aes-256-gcm',
      'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
      gcmNonce,
      gcmData,
      gcmText,
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    ],
    [
      'RFC 8439 §2.8.2',
      'chacha20-poly1305',
      '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
      '070000004041424344454647',
      '50515253c0c1c2c3c4c5c6c7',
      sunscreen,
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    ],
  ])('seals and opens as %s says', (_source, name, key, nonce, data, plaintext, sealed) => {
    const aead = provider.aead(name, hex(key));
    expect(toHex(aead.seal(hex(nonce), hex(data), hex(plaintext)))).toBe(sealed);
    expect(toHex(present(aead.open(hex(nonce), hex(data), hex(sealed))))).toBe(plaintext);
  });

  it.each([
    // NIST SP 800-38A §F.2.1 and §F.2.5, first two blocks.
    ['2b7e151628aed2a6abf7158809cf4f3c', '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2'],
    [
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d',
    ],
  ])('runs AES-CBC with the key %s', (key, ciphertext) => {
    const iv = hex('000102030405060708090a0b0c0d0e0f');
    const plaintext = hex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
    expect(toHex(provider.cbcEncrypt(hex(key), iv, plaintext))).toBe(ciphertext);
    expect(provider.cbcDecrypt(hex(key), iv, hex(ciphertext))).toEqual(plaintext);
  });

  it.each([
    // RFC 8032 §7.1, tests 1 and 2.
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('signs with the Ed25519 seed %s', (seed, key, message, signature) => {
    const pair: PrivateKey = { kind: 'ed25519', seed: hex(seed), key: hex(key) };
    expect(toHex(provider.sign(pair, 0x0807, hex(message), noRandom))).toBe(signature);
    expect(provider.verify(publicOf(pair), 0x0807, hex(message), hex(signature))).toBe(true);
  });
});

/** RFC 6979 §A.2.5 and §A.2.6: deterministic ECDSA of the message "sample". */
const p256: PrivateKey = {
  kind: 'ec',
  curve: 'secp256r1',
  d: hex('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721'),
  point: hex(
    '0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299',
  ),
};
const p384: PrivateKey = {
  kind: 'ec',
  curve: 'secp384r1',
  d: hex('6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5'),
  point: hex(
    '04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC138015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720',
  ),
};
const deterministic = [
  [
    p256,
    0x0403,
    'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716',
    'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
  ],
  [
    p256,
    0x0503,
    '0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719',
    '4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954',
  ],
  [
    p256,
    0x0603,
    '8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00',
    '2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE',
  ],
  [
    p256,
    0x0203,
    '61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32',
    '6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB',
  ],
  [
    p384,
    0x0503,
    '94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46',
    '99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8',
  ],
] as const;

describe('ECDSA', () => {
  it.each(deterministic)('checks and makes the signatures of RFC 6979 (%#)', (key, scheme, r, s) => {
    const signature = derSignature(hex(r), hex(s));
    for (const provider of backends)
      expect(provider.verify(publicOf(key), scheme, utf8('sample'), signature), provider.name).toBe(true);
    if (nobleProvider.canSign(key, scheme))
      expect(nobleProvider.sign(key, scheme, utf8('sample'), noRandom)).toEqual(signature);
  });
});

describe('key agreement of the noble backend, which takes its keys from the random source', () => {
  const secret = (group: number, seed: string, peer: string): string =>
    toHex(present(nobleProvider.generate(group, () => hex(seed)).agree(hex(peer))));

  it('multiplies as RFC 7748 §5.2 says', () => {
    expect(
      secret(
        0x1d,
        'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
        'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      ),
    ).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
  });

  it('multiplies the base point as the first iteration of RFC 7748 §5.2 says', () => {
    const nine = `09${'00'.repeat(31)}`;
    expect(secret(0x1d, nine, nine)).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
  });

  it("agrees as Bob and Alice do in RFC 7748 §6.1, and gives Bob's share", () => {
    const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
    expect(toHex(nobleProvider.generate(0x1d, () => hex(bob)).share)).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    expect(secret(0x1d, bob, '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });

  it.each([
    [
      'RFC 5903 §8.1',
      0x17,
      'C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433',
      '04DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C37725811805271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3',
      '04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF6356FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB',
      'D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE',
    ],
    [
      'RFC 5903 §8.2',
      0x18,
      '099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF896783AB194',
      '04667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6DE3AC808ACB4BDB4C88732AEE95F41AA9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634573A81C',
      '04E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D0774A3571DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C',
      '11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4D603135569B9E9D09CF5D4A270F59746',
    ],
  ])('agrees on the NIST curves as %s', (_source, group, scalar, share, peer, expected) => {
    // The backend reduces a longer draw to 1..n-1, so the draw that gives d is d - 1.
    const draw = (length: number): Uint8Array =>
      hex((BigInt(`0x${scalar}`) - 1n).toString(16).padStart(2 * length, '0'));
    const key = nobleProvider.generate(group, draw);
    expect(key.share).toEqual(hex(share));
    expect(key.agree(hex(peer))).toEqual(hex(expected));
  });
});

function noRandom(): Uint8Array {
  throw new Error('this must not ask for randomness');
}

/** ECDSA-Sig-Value in DER, by hand: SEQUENCE { INTEGER r, INTEGER s }. */
function derSignature(r: Uint8Array, s: Uint8Array): Uint8Array {
  const integer = (value: Uint8Array): number[] => {
    const digits = [...value];
    while (digits[0] === 0 && digits.length > 1) digits.shift();
    if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
    return [2, digits.length, ...digits];
  };
  const body = [...integer(r), ...integer(s)];
  return Uint8Array.from([0x30, body.length, ...body]);
}
