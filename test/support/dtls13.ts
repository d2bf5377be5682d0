/**
 * Real DTLS 1.3 handshakes, opened with their key logs: every record, every message. The walk is by hand over what
 * `splitDatagram` and `recordProtection13` give; nothing of engine or analysis takes part.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/base/bytes.ts';
import { decode } from '../../src/codec/codec.ts';
import { type OpenedRecord, type RecordCipher13, recordProtection13 } from '../../src/crypto/protection13.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { keySchedule, type Side, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import { serverHelloOrRetry } from '../../src/wire/handshake.ts';
import { type RecordSlice, splitDatagram } from '../../src/wire/record.ts';
import { type CipherSuite, cipherSuite } from '../../src/wire/suites.ts';
import { type CiphertextSlice, reconstructEpoch } from '../../src/wire/unified.ts';
import { loadCapture } from './fixtures.ts';

export interface Recording {
  readonly datagrams: readonly { readonly from: Side; readonly bytes: Uint8Array }[];
  /** Secrets by their labels in the key log. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** What each end exported for SRTP. */
  readonly exported: ReadonlyMap<string, Uint8Array>;
}

export const recordings = ['dtls13_nss_mutual_pq', 'retry_aes256', 'psk_chacha20'] as const;
export type RecordingName = (typeof recordings)[number];

export function recordingOf(name: RecordingName): Recording {
  if (name === 'dtls13_nss_mutual_pq') return captureOf(name);
  const path = fileURLToPath(new URL(`../fixtures/dtls13/${name}.txt`, import.meta.url));
  const datagrams: { from: Side; bytes: Uint8Array }[] = [];
  const secrets = new Map<string, Uint8Array>();
  const exported = new Map<string, Uint8Array>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const [what = '', ...words] = line.split(' ');
    const bytes = fromHex(words.at(-1) ?? '') ?? new Uint8Array(0);
    if (what === 'client' || what === 'server') datagrams.push({ from: what, bytes });
    else if (what.startsWith('exporter-')) exported.set(what.slice(9), bytes);
    else secrets.set(what, bytes);
  }
  return { datagrams, secrets, exported };
}

function captureOf(name: string): Recording {
  const { events, secrets } = loadCapture(name);
  const datagrams = events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));
  const client = datagrams[0]?.src;
  return {
    // The first datagram is the client's.
    datagrams: datagrams.map(({ src, bytes }) => ({ from: src === client ? 'client' : 'server', bytes })),
    secrets: new Map(
      secrets.flatMap((event) => (event.kind === 'secret' ? [[event.label, event.secret] as const] : [])),
    ),
    exported: new Map(),
  };
}

export interface Message13 {
  readonly from: Side;
  readonly epoch: number;
  readonly seq: number;
  readonly type: number;
  readonly body: Uint8Array;
}

export interface Opened {
  readonly from: Side;
  readonly epoch: number;
  readonly slice: CiphertextSlice;
  /** `undefined` when it did not open. */
  readonly record: OpenedRecord | undefined;
}

export interface Reading13 extends Recording {
  readonly suite: CipherSuite;
  /** In the order in which they were complete. */
  readonly messages: readonly Message13[];
  /** All ciphertexts, in order. */
  readonly opened: readonly Opened[];
  readonly plain: readonly { readonly from: Side; readonly slice: RecordSlice }[];
  /** The traffic secrets that follow from KeyUpdates, by side and epoch ("client 4"), with those of the key log. */
  readonly traffic: ReadonlyMap<string, Uint8Array>;
}

export function readRecording(name: RecordingName, provider: CryptoProvider): Reading13 {
  const recording = recordingOf(name);
  const messages: Message13[] = [];
  const opened: Opened[] = [];
  const plain: { from: Side; slice: RecordSlice }[] = [];
  const parts = new Map<string, { body: Uint8Array; have: number }>();
  const ciphers = new Map<string, { cipher: RecordCipher13; next: number }>();
  const traffic = new Map<string, Uint8Array>();
  for (const side of ['client', 'server'] as const)
    for (const epoch of [2, 3]) {
      const secret = recording.secrets.get(trafficSecretLabel(side, epoch) ?? '');
      if (secret) traffic.set(`${side} ${epoch}`, secret);
    }
  /** The newest epoch that each side may write in. */
  const newest = { client: 3, server: 3 };
  let suite: CipherSuite | undefined;

  const complete = (message: Message13): void => {
    messages.push(message);
    const { from, type, epoch, body } = message;
    if (type === 2) suite = cipherSuite(decode(serverHelloOrRetry, body).cipher_suite);
    const secret = traffic.get(`${from} ${epoch}`);
    if (type !== 24 || !suite || !secret) return;
    newest[from] = epoch + 1;
    traffic.set(`${from} ${epoch + 1}`, keySchedule(provider, suite.hash).nextTrafficSecret(secret));
  };
  const fragments = (from: Side, epoch: number, bytes: Uint8Array): void => {
    const uint = (at: number, width: number): number =>
      bytes.subarray(at, at + width).reduce((sum, byte) => 256 * sum + byte, 0);
    for (let at = 0; at < bytes.length; ) {
      const [type, total, seq] = [uint(at, 1), uint(at + 1, 3), uint(at + 4, 2)];
      const [offset, length] = [uint(at + 6, 3), uint(at + 9, 3)];
      const part = parts.get(`${from} ${seq}`) ?? { body: new Uint8Array(total), have: 0 };
      parts.set(`${from} ${seq}`, part);
      // Nothing was lost and no fragment sent twice before its message was complete: bytes may simply be counted.
      if (part.have < total) {
        part.body.set(bytes.subarray(at + 12, at + 12 + length), offset);
        part.have += length;
        if (part.have === total) complete({ from, epoch, seq, type, body: part.body });
      }
      at += 12 + length;
    }
  };
  const cipherOf = (from: Side, epoch: number): { cipher: RecordCipher13; next: number } | undefined => {
    const slot = `${from} ${epoch}`;
    const known = ciphers.get(slot);
    const secret = traffic.get(slot);
    if (known || !secret || !suite) return known;
    const made = { cipher: recordProtection13({ provider, suite, secret, epoch }), next: 0 };
    ciphers.set(slot, made);
    return made;
  };

  for (const { from, bytes } of recording.datagrams) {
    const { records, leftover } = splitDatagram(bytes, { cidLength: 0 });
    if (leftover) throw new Error(`left over at ${leftover.start}: ${leftover.reason}`);
    for (const slice of records) {
      if (slice.form === 'plain') {
        plain.push({ from, slice });
        if (slice.type === 22) fragments(from, 0, slice.fragment);
        continue;
      }
      const epoch = reconstructEpoch(slice.epochBits, newest[from]) ?? 0;
      const keyed = cipherOf(from, epoch);
      const record = keyed?.cipher.unprotect(slice, keyed.next);
      opened.push({ from, epoch, slice, record });
      if (!keyed || !record) continue;
      keyed.next = Math.max(keyed.next, record.sequenceNumber + 1);
      if (record.type === 22) fragments(from, epoch, record.content);
    }
  }
  if (!suite) throw new Error(`no ServerHello in ${name}`);
  return { ...recording, suite, messages, opened, plain, traffic };
}
