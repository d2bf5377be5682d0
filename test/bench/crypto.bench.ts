/** The raw primitives under a handshake and under its records, on both backends. */
import { generateKeyPairSync } from 'node:crypto';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { hkdfExpandLabel } from '../../src/crypto/hkdf.ts';
import type { PrivateKey } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { prf } from '../../src/crypto/prf12.ts';
import { recordProtection13 } from '../../src/crypto/protection13.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { keySchedule } from '../../src/crypto/schedule13.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { privateFromJwk, publicOf } from '../crypto/support.ts';

const prng = new Prng('bench');
const random = prng.bytes;
const message = prng.bytes(200);
const small = prng.bytes(100);
const large = prng.bytes(1200);
const ephemeral = { x25519: 0x1d, 'P-256': 0x17, 'P-384': 0x18, 'P-521': 0x19, X25519MLKEM768: 0x11ec } as const;

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
      const theirs = provider.respond(group, ours.share, random)?.share ?? random(1);
      return () => ours.agree(theirs);
    });
  }
  row('X25519MLKEM768, respond', (provider) => {
    const { share } = provider.generate(0x11ec, random);
    return () => provider.respond(0x11ec, share, random);
  });
  // The same code on both backends: what of the rows above is ML-KEM.
  row('ML-KEM-768, new key', () => {
    const seed = random(64);
    return () => ml_kem768.keygen(seed);
  });
  row('ML-KEM-768, encapsulate', () => {
    const { publicKey } = ml_kem768.keygen(random(64));
    const seed = random(32);
    return () => ml_kem768.encapsulate(publicKey, seed);
  });
  row('ML-KEM-768, decapsulate', () => {
    const { publicKey, secretKey } = ml_kem768.keygen(random(64));
    const { cipherText } = ml_kem768.encapsulate(publicKey, random(32));
    return () => ml_kem768.decapsulate(cipherText, secretKey);
  });
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
  row('HKDF-Expand-Label, 32 bytes', (provider) => {
    const [secret, context] = [random(32), random(32)];
    return () => hkdfExpandLabel(provider, 'sha256', secret, 'c hs traffic', context, 32);
  });
  row('DTLS 1.3 keys of a secret', (provider) => {
    const schedule = keySchedule(provider, 'sha256');
    const secret = random(32);
    return () => schedule.trafficKeys(secret, { kind: 'aead', aead: 'aes-128-gcm', keyLength: 16 });
  });
  for (const [name, bytes] of [
    ['aes-128-gcm', 16],
    ['chacha20-poly1305', 32],
  ] as const) {
    row(`${name}, number mask`, (provider) => {
      const mask = provider.recordNumberMask(name, prng.bytes(bytes));
      const sample = random(16);
      return () => mask(sample);
    });
  }
  for (const code of [0x1301, 0x1303]) {
    const suite = cipherSuite(code);
    if (!suite) throw new Error('no such suite');
    const cipherOf = (provider: CryptoProvider) =>
      recordProtection13({ provider, suite, secret: new Uint8Array(32), epoch: 3 });
    row(`DTLS 1.3 record ${code.toString(16)}, protect`, (provider) => {
      const cipher = cipherOf(provider);
      let sequenceNumber = 0;
      return () => cipher.protect({ type: 23, sequenceNumber: sequenceNumber++ }, large);
    });
    row(`DTLS 1.3 record ${code.toString(16)}, open`, (provider) => {
      const cipher = cipherOf(provider);
      const record = cipher.protect({ type: 23, sequenceNumber: 7 }, large);
      return () => {
        const [slice] = splitDatagram(record, {}).records;
        if (slice?.form !== 'unified' || !cipher.unprotect(slice, 0)) throw new Error('did not open');
      };
    });
  }
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
