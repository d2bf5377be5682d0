/**
 * What a handshake costs, counted and not timed: how often it asks a backend for each primitive, and how often the Node
 * backend turns to node:crypto. A number that grows here is time in every handshake; one that shrinks is welcome.
 */
import { describe, expect, it, vi } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { Pair } from '../support/pair.ts';

/** Calls of node:crypto since the last `forget`, by name. */
const calls = vi.hoisted(() => new Map<string, number>());

vi.mock('node:crypto', async (original) => {
  const real = await original<Record<string, unknown>>();
  const counted = (name: string, work: unknown): unknown =>
    typeof work === 'function' && /^[a-z]/.test(name)
      ? (...values: readonly unknown[]) => {
          calls.set(name, (calls.get(name) ?? 0) + 1);
          return (work as (...values: readonly unknown[]) => unknown)(...values);
        }
      : work;
  return Object.fromEntries(Object.entries(real).map(([name, work]) => [name, counted(name, work)]));
});

/** The Node backend, with a note of every call. */
function counting(): { readonly provider: CryptoProvider; readonly counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  const noting =
    <A extends readonly unknown[], R>(name: string, work: (...values: A) => R): ((...values: A) => R) =>
    (...values) => {
      counts[name] = (counts[name] ?? 0) + 1;
      return work(...values);
    };
  const node = nodeProvider;
  const provider: CryptoProvider = {
    ...node,
    hash: noting('hash', node.hash),
    hmac: noting('hmac', node.hmac),
    runningHash: noting('runningHash', (name) => {
      const running = node.runningHash(name);
      return { update: (bytes) => running.update(bytes), digest: noting('digest', () => running.digest()) };
    }),
    aead: noting('aead', (name, key) => {
      const aead = node.aead(name, key);
      return { seal: noting('seal', aead.seal), open: noting('open', aead.open) };
    }),
    recordNumberMask: noting('recordNumberMask', node.recordNumberMask),
    generate: noting('generate', (group, random) => {
      const key = node.generate(group, random);
      return { share: key.share, agree: noting('agree', key.agree) };
    }),
    respond: noting('respond', node.respond),
    sign: noting('sign', node.sign),
    verify: noting('verify', node.verify),
  };
  return { provider, counts };
}

/** HMACs of a key schedule without PSK that are the same in every handshake: early secret, and what is derived from it. */
const once = 2;

/** A mutual handshake without loss, after one that imported the keys. */
function handshake(version: '1.2' | '1.3') {
  const settings = { versions: [version], groups: [0x1d, 0x17], keyShares: [0x1d] };
  const { provider, counts } = counting();
  const shake = (crypto: CryptoProvider): void => {
    const pair = new Pair({
      provider: crypto,
      client: { ...settings, credentials: [bundledTestCredential('ecdsa-p256-a')] },
      server: { ...settings, credentials: [bundledTestCredential('ecdsa-p256-b')], clientAuth: 'require' },
    }).run();
    expect(pair.client.endpoint.state, pair.describe()).toBe('connected');
    expect(pair.server.endpoint.state, pair.describe()).toBe('connected');
  };
  shake(nodeProvider);
  calls.clear();
  shake(provider);
  return { counts, calls: Object.fromEntries(calls) };
}

describe('a mutual handshake of both ends together', () => {
  it('asks for nothing twice in DTLS 1.2', () => {
    expect(handshake('1.2').counts).toEqual({
      // ServerKeyExchange by the server, ClientKeyExchange by the client, who answers a share that is here.
      generate: 1,
      agree: 1,
      respond: 1,
      // ServerKeyExchange and CertificateVerify.
      sign: 2,
      verify: 2,
      runningHash: 2,
      // Each end: the session hash, and the transcripts of both Finished.
      digest: 6,
      // Each end, of two blocks of two HMACs each: master secret and key block; of one block: verify_data, both sides'.
      hmac: 2 * (4 + 4 + 2 + 2),
      // A key for each direction, at each end; one record in each, the Finished.
      aead: 4,
      seal: 2,
      open: 2,
      // The client's certificate, for sessions.
      hash: 1,
    });
  });

  it('asks for nothing twice in DTLS 1.3', () => {
    expect(handshake('1.3').counts).toEqual({
      generate: 1,
      agree: 1,
      respond: 1,
      // CertificateVerify of both, which covers 64 spaces, a label and a digest.
      sign: 2,
      verify: 2,
      runningHash: 2,
      // Each end: after ServerHello; both CertificateVerify, both Finished; after the server's; the client's PSK of a ticket.
      digest: 2 * (1 + 4 + 1) + 1,
      // Each end: handshake, derived, main, as what is before them is the same each time; four traffic secrets, of each that
      // protects a record key, IV and number key; for both Finished the key and the MAC; the exporter secret; the client's
      // resumption secret.
      hmac: 2 * (3 + 4 + 3 * 3 + 4 + 1) + 1 + once,
      // Each end, for both directions of the handshake, and for the server's ACK.
      aead: 6,
      // The client writes, and the server reads, nothing in the second yet.
      recordNumberMask: 6,
      // What is encrypted of each flight fits into a record; and an ACK.
      seal: 3,
      open: 3,
      // The empty transcript, once for a backend; the client's certificate, for tickets.
      hash: 2,
    });
  });

  it('turns to node:crypto no more often than that takes', () => {
    const ends = { createPrivateKey: 2, createPublicKey: 2, diffieHellman: 2, sign: 2, verify: 2 };
    // Each HMAC is two hashes, each digest of a transcript one; each record is a cipher, and the masks of record numbers are
    // none, being made in JavaScript. `generateKeyPairSync` is not here: the job behind it can stop the process for good.
    expect(handshake('1.2').calls).toEqual({ ...ends, hash: 2 * 24 + 6 + 1, createCipheriv: 2, createDecipheriv: 2 });
    expect(handshake('1.3').calls).toEqual({
      ...ends,
      hash: 2 * (43 + once) + 13 + 2,
      createCipheriv: 3,
      createDecipheriv: 3,
    });
  });
});
