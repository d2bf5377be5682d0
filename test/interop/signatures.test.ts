/** The OpenSSL command as an independent twin: it makes keys and signatures that we check, and checks what we made. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { backends, privateFromJwk, publicOf } from '../crypto/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'dtlscope-signatures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' });
};

const random = new Prng('openssl').bytes;
const message = random(300);
const pss = (bytes: number): string[] => ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${bytes}`];

const odd = ['RSA', '-pkeyopt', 'rsa_keygen_bits:2049', '-pkeyopt', 'rsa_keygen_pubexp:3'];

it.each([
  ['ECDSA P-256 with SHA-256', 0x0403, ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-sha256']],
  ['ECDSA P-256 with SHA-384', 0x0503, ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-sha384']],
  ['ECDSA P-384 with SHA-384', 0x0503, ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], ['-sha384']],
  ['ECDSA P-521 with SHA-512', 0x0603, ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], ['-sha512']],
  ['RSA PKCS1 with SHA-256', 0x0401, ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], ['-sha256']],
  ['RSA PKCS1 with SHA-512', 0x0601, ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072'], ['-sha512']],
  ['RSA PSS with SHA-256', 0x0804, ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], ['-sha256', ...pss(32)]],
  // The exponent 3, because OpenSSL rounds odd sizes down to whole bytes with 65537.
  ['RSA PSS with SHA-384, 2049 bits', 0x0805, odd, ['-sha384', ...pss(48)]],
] as const)('agrees with OpenSSL on %s', (_name, scheme, algorithm, digest) => {
  openssl('genpkey', '-algorithm', ...algorithm, '-out', file('key.pem'));
  openssl('pkey', '-in', file('key.pem'), '-pubout', '-out', file('public.pem'));
  writeFileSync(file('message'), message);
  const key = privateFromJwk(createPrivateKey(readFileSync(file('key.pem'))).export({ format: 'jwk' }));

  openssl('dgst', ...digest, '-sign', file('key.pem'), '-out', file('theirs'), file('message'));
  const theirs = new Uint8Array(readFileSync(file('theirs')));
  for (const provider of backends) {
    expect(provider.verify(publicOf(key), scheme, message, theirs)).toBe(true);
    const ours = provider.sign(key, scheme, message, random);
    const accepts = (signature: Uint8Array): boolean => {
      writeFileSync(file('ours'), signature);
      const args = ['dgst', ...digest, '-verify', file('public.pem'), '-signature', file('ours'), file('message')];
      return spawnSync('openssl', args).status === 0;
    };
    expect(accepts(ours), provider.name).toBe(true);
    expect(accepts(ours.map((byte, i) => (i === ours.length - 1 ? byte ^ 1 : byte)))).toBe(false);
  }
});
