/**
 * Records of DTLS 1.3 in a pair: reading what its ends sent, and making what they could have sent and would not. Keys come
 * from the secrets that the ends told.
 */
import { concat, uintBytes } from '../../src/base/bytes.ts';
import { decode, encode } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { type HeaderForm, type RecordCipher13, recordProtection13 } from '../../src/crypto/protection13.ts';
import { keySchedule, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { ack } from '../../src/wire/unified.ts';
import { faithful, type LinkRule, type Pair, type Sent } from './pair.ts';
import { rawFragment, rawFragments } from './raw.ts';

type Side = 'client' | 'server';

/** Numbers that no end of a pair comes to by itself, and that leave those that it does come to in the replay window. */
let next = 40;

const suiteOf = (pair: Pair) => {
  const suite = cipherSuite(pair.server.parameters?.cipherSuite ?? 0x1301);
  if (!suite) throw new Error('no suite');
  return suite;
};

/** Those of the usual form that were made: it takes longer to make one than to use it. */
const ciphers = new WeakMap<Uint8Array, RecordCipher13>();

/** What `from` protects its records with in an epoch; the suite is TLS_AES_128_GCM_SHA256 until one is agreed. */
export function cipherOf(pair: Pair, from: Side, epoch: number, form?: HeaderForm): RecordCipher13 {
  const label = trafficSecretLabel(from, epoch);
  const told = [...pair.server.of('secret'), ...pair.client.of('secret')].find((one) => one.label === label);
  if (!told) throw new Error(`nobody told ${label}`);
  const known = form ? undefined : ciphers.get(told.secret);
  if (known) return known;
  const made = recordProtection13({
    provider: nodeProvider,
    suite: suiteOf(pair),
    secret: told.secret,
    epoch,
    ...(form && { form }),
  });
  if (!form) ciphers.set(told.secret, made);
  return made;
}

/** A record as if `from` had sent it. */
export const sealFrom13 = (
  pair: Pair,
  from: Side,
  epoch: number,
  type: number,
  content: Uint8Array,
  more: { readonly number?: number; readonly padding?: number; readonly form?: HeaderForm } = {},
): Uint8Array =>
  cipherOf(pair, from, epoch, more.form).protect(
    { type, sequenceNumber: more.number ?? 40 + (next++ % 24), padding: more.padding ?? 0 },
    content,
  );

/** An ACK of these records. */
export const ackOf = (...records: readonly (readonly [epoch: number, number: number])[]): Uint8Array =>
  encode(ack, { record_numbers: records.map(([epoch, sequence_number]) => ({ epoch, sequence_number })) });

export interface Opened13 {
  readonly epoch: number;
  readonly number: number;
  readonly type: number;
  readonly content: Uint8Array;
}

/** The records of a datagram, opened. */
export function openSent(pair: Pair, sent: Sent): Opened13[] {
  const { records } = splitDatagram(sent.bytes, { cidLength: 0 });
  return records.map((slice, index) => {
    const { epoch = 0, sequenceNumber: number = 0 } = sent.contents.records[index] ?? {};
    if (slice.form === 'plain') return { epoch: slice.epoch, number, type: slice.type, content: slice.fragment };
    const opened = cipherOf(pair, sent.from, epoch).unprotect(slice, number);
    if (!opened || opened.sequenceNumber !== number) throw new Error(`a record of epoch ${epoch} does not open`);
    return { epoch, number, type: opened.type, content: opened.content };
  });
}

/** Every ACK that a side sent: when, in which epoch, and of what ("2.0"). */
export const acksOf = (pair: Pair, side: Side): { at: number; epoch: number; of: string[] }[] =>
  pair[side].sent.flatMap((sent) =>
    openSent(pair, sent)
      .filter(({ type }) => type === 26)
      .map(({ epoch, content }) => ({
        at: sent.at,
        epoch,
        of: decode(ack, content).record_numbers.map((one) => `${one.epoch}.${one.sequence_number}`),
      })),
  );

/** Bytes of handshake messages that a side sent, by attempt: those of the first sending, of the first repeat, and so on. */
export function handshakeBytes(pair: Pair, side: Side, flight: number): number[] {
  const out: number[] = [];
  for (const { contents } of pair[side].sent) {
    if (contents.flight !== flight) continue;
    const bytes = contents.records.reduce((sum, { fragments }) => sum + fragments.reduce((s, f) => s + f.length, 0), 0);
    out[contents.attempt] = (out[contents.attempt] ?? 0) + bytes;
  }
  return out;
}

/**
 * Somebody on the path who has the keys: changes the body of one encrypted message, which like all others in its record is
 * whole, and protects the record again under the same number. `pair` is asked when the first datagram is there.
 */
export function rewriting13(pair: () => Pair, message: number, change: (body: Uint8Array) => Uint8Array): LinkRule {
  return (sent) => {
    if (
      !sent.contents.records.some(
        ({ epoch, fragments }) => epoch > 0 && fragments.some((one) => one.message === message),
      )
    )
      return faithful(sent);
    const { records } = splitDatagram(sent.bytes, { cidLength: 0 });
    const opened = openSent(pair(), sent);
    const parts = records.map((slice, index) => {
      const { epoch = 0, number = 0, type = 0, content = new Uint8Array() } = opened[index] ?? {};
      const fragments = epoch > 0 && type === 22 ? rawFragments(content) : [];
      if (!fragments.some((one) => one.type === message)) return sent.bytes.subarray(slice.start, slice.end);
      const changed = concat(
        ...fragments.map(({ type: kind, seq, body }) =>
          rawFragment({ type: kind, seq, body: kind === message ? change(Uint8Array.from(body)) : body }),
        ),
      );
      return cipherOf(pair(), sent.from, epoch).protect({ type, sequenceNumber: number }, changed);
    });
    return [{ bytes: concat(...parts) }];
  };
}

/** A record under TLS_AES_128_GCM_SHA256 whose plaintext is nothing but zeros, so that it has no content type. */
export function nothingButZeros(pair: Pair, from: 'client' | 'server', epoch: number, number: number): Uint8Array {
  const label = trafficSecretLabel(from, epoch);
  const told = [...pair.server.of('secret'), ...pair.client.of('secret')].find((one) => one.label === label);
  const cipher = cipherSuite(0x1301)?.cipher;
  if (!told || cipher?.kind !== 'aead') throw new Error('no keys');
  const { key, iv, sn } = keySchedule(nodeProvider, 'sha256').trafficKeys(told.secret, cipher);
  const numberBytes = uintBytes(number, 12);
  const nonce = iv.map((byte, i) => byte ^ (numberBytes[i] ?? 0));
  // 001, no connection ID, a number of 16 bits, a length, and the epoch's two bits.
  const header = concat(Uint8Array.of(0x2c | (epoch & 3)), uintBytes(number % 65_536, 2), uintBytes(10 + 16, 2));
  const sealed = nodeProvider.aead(cipher.aead, key).seal(nonce, header, new Uint8Array(10));
  const mask = nodeProvider.recordNumberMask(cipher.aead, sn)(sealed.subarray(0, 16));
  return concat(
    header.map((byte, i) => (i === 1 || i === 2 ? byte ^ (mask[i - 1] ?? 0) : byte)),
    sealed,
  );
}

/** The secret of the epoch after this one. */
export const nextSecret = (pair: Pair, secret: Uint8Array): Uint8Array =>
  keySchedule(nodeProvider, suiteOf(pair).hash).nextTrafficSecret(secret);
