/**
 * The record layer up to DTLS 1.2 (RFC 6347 §4.1): a 13-byte header and a fragment. A datagram holds whole records; a
 * header whose length runs past the datagram's end is not an error of ours but evidence, so `splitDatagram` reports it.
 */
import { type Codec, cite, type Infer, many, named, opaque, struct, u8, u16, u48 } from '../codec/codec.ts';
import { alertDescriptions, contentTypes, nameIn, versions } from './registry.ts';

/** Bytes of a DTLSPlaintext or DTLSCiphertext header. */
export const recordHeaderLength = 13;
/** Largest plaintext fragment (RFC 5246 §6.2.1). */
export const maxPlaintext = 2 ** 14;
/** Largest ciphertext fragment (RFC 5246 §6.2.3). */
export const maxCiphertext = 2 ** 14 + 2048;

export const record = cite(
  'RFC 6347 §4.1',
  struct({
    type: named(u8, nameIn(contentTypes, 2)),
    version: named(u16, nameIn(versions)),
    epoch: u16,
    sequence_number: u48,
    fragment: opaque(0, 0xffff),
  }),
);
export type Record12 = Infer<typeof record>;

/** The header alone, with the length that `fragment` hides above. */
export const recordHeader = cite(
  'RFC 6347 §4.1',
  struct({
    type: cite('RFC 5246 §6.2.1', named(u8, nameIn(contentTypes, 2))),
    version: named(u16, nameIn(versions)),
    epoch: u16,
    sequence_number: u48,
    length: u16,
  }),
);

/** All records of a datagram, for the inspector. */
export const datagram: Codec<Record12[]> = many('record', record);

export const alert = cite(
  'RFC 5246 §7.2',
  struct({
    level: named(u8, nameIn({ 1: 'warning', 2: 'fatal' }, 2)),
    description: named(u8, nameIn(alertDescriptions, 2)),
  }),
);
export const changeCipherSpec = cite(
  'RFC 5246 §7.1',
  struct({ type: named(u8, nameIn({ 1: 'change_cipher_spec' }, 2)) }),
);

/** A record's place in its datagram. `fragment` is a view, and shorter than `length` when the datagram was cut. */
export interface RecordSlice {
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  /** The length that the header declares. */
  readonly length: number;
  readonly fragment: Uint8Array;
}

/** What is left of a datagram behind its last whole record. */
export interface Leftover {
  readonly start: number;
  readonly reason:
    | 'short-header'
    | 'not-dtls'
    /** The header says more bytes than the datagram has: cut on the way, or a record split across datagrams. */
    | 'truncated';
  /** The header that was cut, when there was one. */
  readonly record?: RecordSlice;
}

/** Walks a datagram record by record; never throws, and never reads a byte twice. */
export function splitDatagram(bytes: Uint8Array): {
  readonly records: readonly RecordSlice[];
  readonly leftover?: Leftover;
} {
  const records: RecordSlice[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < recordHeaderLength) return { records, leftover: { start: at, reason: 'short-header' } };
    const slice = recordAt(bytes, at);
    // Only the major version is checked before a version is agreed (RFC 6347 §4.1, RFC 9147 §4). A first byte of
    // 001xxxxx is the unified header of DTLS 1.3 (RFC 9147 §4), never one of these.
    if (slice.type < 20 || slice.type > 31 || slice.version >> 8 !== 0xfe)
      return { records, leftover: { start: at, reason: 'not-dtls' } };
    if (slice.fragment.length < slice.length)
      return { records, leftover: { start: at, reason: 'truncated', record: slice } };
    records.push(slice);
    at = slice.end;
  }
  return { records };
}

function recordAt(bytes: Uint8Array, start: number): RecordSlice {
  const at = (i: number): number => bytes[start + i] ?? 0;
  const length = at(11) * 256 + at(12);
  const end = Math.min(bytes.length, start + recordHeaderLength + length);
  return {
    start,
    end,
    type: at(0),
    version: at(1) * 256 + at(2),
    epoch: at(3) * 256 + at(4),
    sequenceNumber: (at(5) * 256 + at(6)) * 2 ** 32 + (((at(7) * 256 + at(8)) * 256 + at(9)) * 256 + at(10)),
    length,
    fragment: bytes.subarray(start + recordHeaderLength, end),
  };
}
