/** The key schedule of DTLS 1.0 and 1.2 against published vectors; captures.test.ts checks it against real handshakes. */
import { describe, expect, it } from 'vitest';
import { concat, emptyBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import {
  exportKeyingMaterial,
  extendedMasterSecret,
  keyBlock,
  masterSecret,
  prf,
  prfHash,
  runningTranscript,
  verifyData,
} from '../../src/crypto/prf12.ts';
import { backends, hex } from './support.ts';

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe.each(backends)('$name', (provider) => {
  // https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/ (test vectors for the TLS 1.2 PRF).
  it('expands with P_SHA256', () => {
    const out = prf(
      provider,
      'sha256',
      hex('9bbe436ba940f017b17652849a71db35'),
      'test label',
      hex('a0ba9f936cda311827a6f796ffd5198c'),
      100,
    );
    expect(toHex(out)).toBe(
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    );
  });

  it('expands with P_SHA384', () => {
    const out = prf(
      provider,
      'sha384',
      hex('b80b733d6ceefcdc71566ea48e5567df'),
      'test label',
      hex('cd665cf6a8447dd6ff8b27555edb7465'),
      148,
    );
    expect(toHex(out)).toBe(
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
    );
  });

  // The vector for the TLS 1.0 PRF that its authors circulated on the ietf-tls list in 1998 and GnuTLS carries.
  it('expands with P_MD5 and P_SHA-1 for DTLS 1.0', () => {
    const out = prf(provider, 'md5-sha1', filled(48, 0xab), 'PRF Testvector', filled(64, 0xcd), 104);
    expect(toHex(out)).toBe(
      'd3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4ebd31e602353776c408aafb74cbc85eff69255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f1afbc655a8c9a013',
    );
  });

  it('lets the halves of an odd secret share their middle byte (RFC 2246 §5)', () => {
    const secret = hex('0102030405');
    const half = (name: 'md5' | 'sha1', key: string): Uint8Array => {
      const seed = concat(utf8('x'), hex('aa'));
      const first = provider.hmac(name, hex(key), seed);
      return provider.hmac(name, hex(key), concat(first, seed)).subarray(0, 16);
    };
    const sha1 = half('sha1', '030405');
    const expected = half('md5', '010203').map((byte, i) => byte ^ (sha1[i] ?? 0));
    expect(prf(provider, 'md5-sha1', secret, 'x', hex('aa'), 16)).toEqual(expected);
  });

  it('puts label, randoms and session hash where the RFCs put them', () => {
    const [client, server, secret] = [filled(32, 1), filled(32, 2), filled(48, 3)];
    const direct = (label: string, seed: Uint8Array, length: number): Uint8Array =>
      prf(provider, 'sha256', secret, label, seed, length);
    expect(masterSecret(provider, 'sha256', secret, client, server)).toEqual(
      direct('master secret', concat(client, server), 48),
    );
    expect(extendedMasterSecret(provider, 'sha256', secret, filled(32, 4))).toEqual(
      direct('extended master secret', filled(32, 4), 48),
    );
    expect(keyBlock(provider, 'sha256', secret, client, server, 104)).toEqual(
      direct('key expansion', concat(server, client), 104),
    );
    expect(verifyData(provider, 'sha256', secret, 'server', filled(32, 5))).toEqual(
      direct('server finished', filled(32, 5), 12),
    );
    const exported = (context?: Uint8Array): Uint8Array =>
      exportKeyingMaterial(provider, 'sha256', secret, 'EXTRACTOR-dtls_srtp', client, server, 60, context);
    const randoms = concat(client, server);
    expect(exported()).toEqual(direct('EXTRACTOR-dtls_srtp', randoms, 60));
    expect(exported(emptyBytes)).toEqual(direct('EXTRACTOR-dtls_srtp', concat(randoms, hex('0000')), 60));
    expect(exported(hex('c0ffee'))).toEqual(direct('EXTRACTOR-dtls_srtp', concat(randoms, hex('0003c0ffee')), 60));
  });

  it('hashes the transcript of DTLS 1.0 with MD5 and SHA-1 side by side', () => {
    const transcript = runningTranscript(provider, 'md5-sha1');
    transcript.update(utf8('ab'));
    transcript.update(utf8('c'));
    expect(toHex(transcript.digest())).toBe('900150983cd24fb0d6963f7d28e17f72a9993e364706816aba3e25717850c26c9cd0d89d');
  });
});

it('takes the PRF of the suite in 1.2 and always MD5 with SHA-1 in 1.0', () => {
  expect(prfHash('1.2', { hash: 'sha384' })).toBe('sha384');
  expect(prfHash('1.0', { hash: 'sha384' })).toBe('md5-sha1');
});
