/**
 * The DTLS 1.3 capture, opened with its key log: every record, every message. The walk is by hand over what `splitDatagram`
 * and `recordProtection13` give; nothing of engine or analysis takes part.
 */
import { toHex } from '../../src/base/bytes.ts';
import { decode } from '../../src/codec/codec.ts';
import { type OpenedRecord, type RecordCipher13, recordProtection13 } from '../../src/crypto/protection13.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { type Side, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import { serverHello } from '../../src/wire/handshake.ts';
import { type RecordSlice, splitDatagram } from '../../src/wire/record.ts';
import { type CipherSuite, cipherSuite } from '../../src/wire/suites.ts';
import { type CiphertextSlice, reconstructEpoch } from '../../src/wire/unified.ts';
import { loadCapture } from './fixtures.ts';

export const capture13 = 'dtls13_nss_mutual_pq';

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

export interface Reading13 {
  readonly suite: CipherSuite;
  /** Secrets by their labels. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  readonly messages: readonly Message13[];
  /** All ciphertexts, in order. */
  readonly opened: readonly Opened[];
  readonly plain: readonly { readonly from: Side; readonly slice: RecordSlice }[];
}

/** Payloads in order, with who sent them: the first one is the client's. */
export function datagrams13(): { readonly from: Side; readonly bytes: Uint8Array }[] {
  const events = loadCapture(capture13).events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));
  const client = events[0]?.src;
  return events.map(({ src, bytes }) => ({ from: src === client ? 'client' : 'server', bytes }));
}

export function secrets13(): ReadonlyMap<string, Uint8Array> {
  return new Map(
    loadCapture(capture13).secrets.flatMap((event) =>
      event.kind === 'secret' ? [[event.label, event.secret] as const] : [],
    ),
  );
}

export function readCapture13(provider: CryptoProvider): Reading13 {
  const secrets = secrets13();
  const messages: Message13[] = [];
  const opened: Opened[] = [];
  const plain: { from: Side; slice: RecordSlice }[] = [];
  const parts = new Map<string, { type: number; body: Uint8Array; have: number }>();
  const ciphers = new Map<string, { cipher: RecordCipher13; next: number }>();
  const newest = { client: 0, server: 0 };
  let suite: CipherSuite | undefined;

  const fragments = (from: Side, epoch: number, bytes: Uint8Array): void => {
    const uint = (at: number, width: number): number =>
      bytes.subarray(at, at + width).reduce((sum, byte) => 256 * sum + byte, 0);
    for (let at = 0; at < bytes.length; ) {
      const [type, total, seq] = [uint(at, 1), uint(at + 1, 3), uint(at + 4, 2)];
      const [offset, length] = [uint(at + 6, 3), uint(at + 9, 3)];
      const key = `${from} ${seq}`;
      const part = parts.get(key) ?? { type, body: new Uint8Array(total), have: 0 };
      parts.set(key, part);
      part.body.set(bytes.subarray(at + 12, at + 12 + length), offset);
      // Nothing was lost or sent twice in this capture: bytes may simply be counted.
      part.have += length;
      if (part.have === total) {
        messages.push({ from, epoch, seq, type, body: part.body });
        if (type === 2) suite = cipherSuite(decode(serverHello, part.body).cipher_suite);
      }
      at += 12 + length;
    }
  };
  const cipherOf = (from: Side, epoch: number): { cipher: RecordCipher13; next: number } | undefined => {
    const slot = `${from} ${epoch}`;
    const known = ciphers.get(slot);
    const secret = secrets.get(trafficSecretLabel(from, epoch) ?? '');
    if (known || !secret || !suite) return known;
    const made = { cipher: recordProtection13({ provider, suite, secret, epoch }), next: 0 };
    ciphers.set(slot, made);
    return made;
  };

  for (const { from, bytes } of datagrams13()) {
    const { records, leftover } = splitDatagram(bytes, { cidLength: 0 });
    if (leftover) throw new Error(`left over at ${leftover.start}: ${leftover.reason}`);
    for (const slice of records) {
      if (slice.form === 'plain') {
        plain.push({ from, slice });
        if (slice.type === 22) fragments(from, 0, slice.fragment);
        continue;
      }
      // Nobody went beyond epoch 3 here, so that the two bits are the epoch.
      const epoch = reconstructEpoch(slice.epochBits, Math.max(newest[from], slice.epochBits)) ?? 0;
      newest[from] = Math.max(newest[from], epoch);
      const keyed = cipherOf(from, epoch);
      const record = keyed?.cipher.unprotect(slice, keyed.next);
      opened.push({ from, epoch, slice, record });
      if (!keyed || !record) continue;
      keyed.next = Math.max(keyed.next, record.sequenceNumber + 1);
      if (record.type === 22) fragments(from, epoch, record.content);
    }
  }
  if (!suite) throw new Error(`no ServerHello among ${messages.map(({ body }) => toHex(body)).join()}`);
  return { suite, secrets, messages, opened, plain };
}
