/**
 * Real handshakes between other stacks, opened with their key logs: the record layer and the Finished of both sides must
 * come out right. Nothing of capture, analysis or engine is used; frames and messages are read by hand.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, equal, toHex, uintBytes } from '../../src/base/bytes.ts';
import { prfHash, runningTranscript, verifyData } from '../../src/crypto/prf12.ts';
import { type RecordCipher, recordProtection12 } from '../../src/crypto/protection12.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { type RecordSlice, splitDatagram } from '../../src/wire/record.ts';
import { versionOf } from '../../src/wire/registry.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { backends, hex, present, publicFromJwk } from './support.ts';

const folder = join(import.meta.dirname, '../fixtures/captures');
type Side = 'client' | 'server';

/** The UDP payloads of a little-endian pcapng of Ethernet frames with IPv4 without options. */
function datagrams(name: string): { from: Side; bytes: Uint8Array }[] {
  const file = new Uint8Array(readFileSync(join(folder, `${name}.pcapng`)));
  const view = new DataView(file.buffer);
  const out: { from: Side; bytes: Uint8Array }[] = [];
  let clientPort: number | undefined;
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== 6) continue;
    const frame = at + 28;
    const port = view.getUint16(frame + 34);
    clientPort ??= port;
    const length = view.getUint16(frame + 38);
    out.push({ from: port === clientPort ? 'client' : 'server', bytes: file.slice(frame + 42, frame + 34 + length) });
  }
  return out;
}

interface Message {
  readonly from: Side;
  readonly type: number;
  readonly body: Uint8Array;
}

/** Everything a capture says, with the records of epoch 1 opened; a record that does not open fails the test. */
function readHandshake(name: string, provider: CryptoProvider) {
  const master = hex(
    readFileSync(join(folder, `${name}.keylog`), 'utf8').match(/^CLIENT_RANDOM \S+ (\S+)/m)?.[1] ?? '',
  );
  const messages: Message[] = [];
  const application: Uint8Array[] = [];
  const partial = new Map<string, { type: number; body: Uint8Array; seen: Uint8Array }>();
  const next = { client: 0, server: 0 };
  let ciphers: { client: RecordCipher; server: RecordCipher } | undefined;
  let opened = 0;

  const takeHandshake = (from: Side, bytes: Uint8Array): void => {
    const number = (at: number, width: number): number =>
      bytes.subarray(at, at + width).reduce((sum, byte) => 256 * sum + byte, 0);
    const [type, total, seq, offset, length] = [number(0, 1), number(1, 3), number(4, 2), number(6, 3), number(9, 3)];
    const key = `${from} ${seq}`;
    if (seq < next[from]) return;
    const message = partial.get(key) ?? { type, body: new Uint8Array(total), seen: new Uint8Array(total) };
    partial.set(key, message);
    message.body.set(bytes.subarray(12, 12 + length), offset);
    message.seen.fill(1, offset, offset + length);
    // Messages count in the order of their numbers, however late the fragment came that completed them.
    for (;;) {
      const ready = partial.get(`${from} ${next[from]}`);
      if (!ready || ready.seen.includes(0)) return;
      next[from]++;
      messages.push({ from, type: ready.type, body: ready.body });
    }
  };
  const takeRecord = (from: Side, record: RecordSlice): void => {
    let plaintext = record.fragment;
    if (record.epoch > 0) {
      ciphers ??= recordProtection12({ provider, masterSecret: master, ...negotiated(messages) });
      plaintext = present(ciphers[from].unprotect(record, record.fragment));
      opened++;
    }
    if (record.type === 22) takeHandshake(from, plaintext);
    if (record.type === 23) application.push(plaintext);
  };
  for (const { from, bytes } of datagrams(name))
    for (const record of splitDatagram(bytes).records) takeRecord(from, record);
  return { master, messages, application, opened, ...negotiated(messages) };
}

/** What the two hellos agreed on. */
function negotiated(messages: readonly Message[]) {
  const clientHello = present(messages.filter((message) => message.type === 1).at(-1)).body;
  const hello = present(messages.find((message) => message.type === 2)).body;
  const at = 35 + (hello[34] ?? 0);
  const version = versionOf(256 * (hello[0] ?? 0) + (hello[1] ?? 0));
  if (version !== '1.0' && version !== '1.2') throw new Error(`not for this test: ${version}`);
  const extensions: number[] = [];
  for (let i = at + 5; i < hello.length; i += 4 + 256 * (hello[i + 2] ?? 0) + (hello[i + 3] ?? 0))
    extensions.push(256 * (hello[i] ?? 0) + (hello[i + 1] ?? 0));
  return {
    version,
    suite: present(cipherSuite(256 * (hello[at] ?? 0) + (hello[at + 1] ?? 0))),
    clientRandom: clientHello.subarray(2, 34),
    serverRandom: hello.subarray(2, 34),
    encryptThenMac: extensions.includes(22),
  } as const;
}

/** verify_data that a side's Finished must hold, from all messages before it (RFC 6347 §4.2.6: as if never fragmented). */
function expectedFinished(provider: CryptoProvider, read: ReturnType<typeof readHandshake>, side: Side): Uint8Array {
  const hash = prfHash(read.version, read.suite);
  const transcript = runningTranscript(provider, hash);
  const seq = { client: 0, server: 0 };
  const cookie = read.messages.some((message) => message.type === 3);
  for (const message of read.messages) {
    const number = seq[message.from]++;
    // HelloVerifyRequest and the hello before it are not part of the handshake (RFC 6347 §4.2.1).
    if (message.type === 3 || (message.type === 1 && number === 0 && cookie)) continue;
    if (message.type === 20 && message.from === side) break;
    const length = uintBytes(message.body.length, 3);
    transcript.update(
      concat(Uint8Array.of(message.type), length, uintBytes(number, 2), uintBytes(0, 3), length, message.body),
    );
  }
  return verifyData(provider, hash, read.master, side, transcript.digest());
}

const captures = [
  ['good_ecdhe_rsa', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  ['good_mutual_srtp', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  ['bigchain_mtu300', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['bigchain_unsplit', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['lossy_retransmit', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['loss-small', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['dtls10_rsa_cbc', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
] as const;

describe.each(captures)('%s', (name, suite) => {
  it.each(backends)('opens with its key log and proves both Finished on $name', (provider) => {
    const read = readHandshake(name, provider);
    expect(read.suite.name).toBe(suite);
    expect(read.opened).toBeGreaterThan(1);
    for (const side of ['client', 'server'] as const) {
      const finished = present(read.messages.find((message) => message.type === 20 && message.from === side));
      expect(toHex(finished.body), side).toBe(toHex(expectedFinished(provider, read, side)));
    }
  });

  it('stays shut with another master secret', () => {
    const read = readHandshake(name, backends[1]);
    const wrong = recordProtection12({
      ...read,
      provider: backends[1],
      masterSecret: read.master.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
    });
    for (const { from, bytes } of datagrams(name))
      for (const record of splitDatagram(bytes).records)
        if (record.epoch > 0) expect(wrong[from].unprotect(record, record.fragment)).toBeUndefined();
  });
});

it('checks the signatures that the peers of real captures made', () => {
  let signatures = 0;
  for (const [name] of captures) {
    const read = readHandshake(name, backends[1]);
    const keyExchange = read.messages.find((message) => message.type === 12)?.body;
    const certificate = read.messages.find((message) => message.type === 11 && message.from === 'server')?.body;
    if (!keyExchange || !certificate) continue;
    const leafLength = 65536 * (certificate[3] ?? 0) + 256 * (certificate[4] ?? 0) + (certificate[5] ?? 0);
    const leaf = new X509Certificate(certificate.subarray(6, 6 + leafLength));
    const key = publicFromJwk(leaf.publicKey.export({ format: 'jwk' }));
    // curve_type, named_curve, point (RFC 8422 §5.4), then scheme and signature.
    const end = 4 + (keyExchange[3] ?? 0);
    const scheme = 256 * (keyExchange[end] ?? 0) + (keyExchange[end + 1] ?? 0);
    const signature = keyExchange.subarray(end + 4);
    const signed = concat(read.clientRandom, read.serverRandom, keyExchange.subarray(0, end));
    const changed = signed.map((byte, i) => (i === 70 ? byte ^ 1 : byte));
    expect(equal(signed, changed)).toBe(false);
    for (const provider of backends) {
      expect(provider.verify(key, scheme, signed, signature), `${name} on ${provider.name}`).toBe(true);
      expect(provider.verify(key, scheme, changed, signature)).toBe(false);
    }
    signatures++;
  }
  expect(signatures).toBe(6);
});
