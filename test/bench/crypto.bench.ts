/** The raw primitives under a handshake and under its records, on both backends. */
import { generateKeyPairSync } from 'node:crypto';
import { concat, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import type { PrivateKey } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { prf } from '../../src/crypto/prf12.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { privateFromJwk, publicOf } from '../crypto/support.ts';

const prng = new Prng('bench');
const random = prng.bytes;
const message = prng.bytes(200);
const small = prng.bytes(100);
const large = prng.bytes(1200);
const ephemeral = { x25519: 0x1d, 'P-256': 0x17, 'P-384': 0x18 } as const;

const ec = (namedCurve: string): PrivateKey =>
  privateFromJwk(generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }));
const rsa = (modulusLength: number): PrivateKey =>
  privateFromJwk(generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }));

/** Prints one line for each primitive: milliseconds an operation, and operations a second, on noble and on node. */
export async function run(print: (line: string) => void): Promise<void> {
  const signers: readonly (readonly [string, PrivateKey, number])[] = [
    ['ECDSA P-256 SHA-256', ec('P-256'), 0x0403],
    ['ECDSA P-384 SHA-384', ec('P-384'), 0x0503],
    ['Ed25519', privateFromJwk(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), 0x0807],
    ['RSA 2048 PKCS1', rsa(2048), 0x0401],
    ['RSA 2048 PSS', rsa(2048), 0x0804],
    ['RSA 4096 PKCS1', rsa(4096), 0x0401],
  ];
  print(`${'operation'.padEnd(32)}${'noble'.padStart(24)}${'node'.padStart(24)}`);
  const row = (name: string, work: (provider: CryptoProvider) => () => unknown): void => {
    const columns = [nobleProvider, nodeProvider].map((provider) => column(measure(work(provider))).padStart(24));
    print(name.padEnd(32) + columns.join(''));
  };

  for (const [name, group] of Object.entries(ephemeral)) {
    row(`${name}, new key`, (provider) => () => provider.generate(group, random));
    row(`${name}, agree`, (provider) => {
      const ours = provider.generate(group, random);
      const theirs = provider.generate(group, random).share;
      return () => ours.agree(theirs);
    });
  }
  for (const [name, key, scheme] of signers) {
    row(`${name}, sign`, (provider) => () => provider.sign(key, scheme, message, random));
    row(`${name}, verify`, (provider) => {
      const signature = provider.sign(key, scheme, message, random);
      const known = publicOf(key);
      return () => provider.verify(known, scheme, message, signature);
    });
  }
  row('ECDSA P-256, verify, new key', (provider) => {
    const [, key, scheme] = signers[0] ?? [];
    if (!key || !scheme) throw new Error('the first signer is missing');
    const signature = provider.sign(key, scheme, message, random);
    return () => provider.verify(publicOf(key), scheme, message, signature);
  });
  row('SHA-256, 200 bytes', (provider) => () => provider.hash('sha256', message));
  row('TLS 1.2 PRF, 48 bytes', (provider) => {
    const secret = random(48);
    const seed = random(64);
    return () => prf(provider, 'sha256', secret, 'master secret', seed, 48);
  });
  const nonce = random(12);
  const data = concat(random(8), utf8('\x16'), random(4));
  for (const [name, bytes] of [
    ['aes-128-gcm', 16],
    ['aes-256-gcm', 32],
    ['chacha20-poly1305', 32],
  ] as const) {
    for (const plaintext of [small, large]) {
      row(`${name}, seal ${plaintext.length} bytes`, (provider) => {
        const aead = provider.aead(name, prng.bytes(bytes));
        return () => aead.seal(nonce, data, plaintext);
      });
    }
    row(`${name}, open ${large.length} bytes`, (provider) => {
      const aead = provider.aead(name, prng.bytes(bytes));
      const sealed = aead.seal(nonce, data, large);
      return () => aead.open(nonce, data, sealed);
    });
  }
}

/** Milliseconds an operation: the median of several batches, after warming up; about a third of a second in all. */
function measure(work: () => unknown): number {
  const timed = (count: number): number => {
    const start = performance.now();
    for (let i = 0; i < count; i++) work();
    return performance.now() - start;
  };
  let count = 1;
  while (timed(count) < 20 && count < 1e6) count *= 2;
  const batches = Array.from({ length: 9 }, () => timed(count) / count).sort((a, b) => a - b);
  return batches[4] ?? 0;
}

const column = (ms: number): string => `${ms.toPrecision(3)} ms ${Math.round(1000 / ms)}/s`;
