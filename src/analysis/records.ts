/**
 * The records of one datagram, as the wire format splits it, with what a reader of strangers' captures adds: a bound, a
 * record whose connection ID has a length that nobody told, and the knowledge that a handshake of 1.2 has no ciphertexts
 * of 1.3, however much damaged bytes look like one.
 */

import { type AnyLeftover, type RecordSlice, recordHeaderLength, splitDatagram } from '../wire/record.ts';
import { ContentType } from '../wire/registry.ts';
import { type CiphertextSlice, isUnified } from '../wire/unified.ts';

/** A record that reaches to the datagram's end for all we know: its connection ID has an unknown length (RFC 9147 §9). */
export interface ClosedSlice {
  readonly form: 'closed';
  readonly start: number;
  readonly end: number;
  readonly firstByte: number;
  /** All behind the first byte. */
  readonly length: number;
  readonly fragment: Uint8Array;
}

export type Slice = RecordSlice | CiphertextSlice | ClosedSlice;

/** The shortest ciphertext: record numbers are masked with 16 bytes of it (RFC 9147 §4.2.3). */
const minCiphertext = 16;

/** Most records that are read of one datagram: at 14 bytes each more than any real one holds. */
const maxRecords = 512;

export interface SplitInputs {
  /** Whether 1.3 was agreed; `undefined` while nobody knows, when damaged bytes may look like a ciphertext. */
  readonly is13: boolean | undefined;
  /** As in `splitDatagram`. */
  readonly cidLength: number | undefined;
}

export interface Split {
  readonly slices: readonly Slice[];
  readonly leftover: AnyLeftover | undefined;
}

export function readRecords(bytes: Uint8Array, { is13, cidLength }: SplitInputs): Split {
  const { records, leftover } = splitDatagram(bytes, { cidLength });
  const stop = records.findIndex(
    (record, i) => i >= maxRecords || (record.form === 'unified' && (is13 === false || record.length < minCiphertext)),
  );
  const start = records[stop]?.start;
  if (start !== undefined) return { slices: records.slice(0, stop), leftover: { start, reason: 'not-dtls' } };
  if (!leftover || (leftover.reason !== 'unknown-cid' && !isUnified(bytes[leftover.start] ?? 0)))
    return { slices: records, leftover };
  if (leftover.reason === 'unknown-cid') {
    const closed = closedAt(bytes, leftover.start, is13);
    if (closed) return { slices: [...records, closed], leftover: undefined };
  } else if (is13 === true || (is13 === undefined && records.length > 0)) return { slices: records, leftover };
  // A ciphertext that is cut is noise, where nothing else says that it is one.
  return { slices: records, leftover: { start: leftover.start, reason: 'not-dtls' } };
}

function closedAt(bytes: Uint8Array, start: number, is13: boolean | undefined): Slice | undefined {
  const firstByte = bytes[start] ?? 0;
  if (firstByte === ContentType.tls12Cid) {
    // The header of DTLS 1.2 up to the connection ID, which stands before the length (RFC 9146 §4).
    const u16 = (at: number): number => (bytes[start + at] ?? 0) * 256 + (bytes[start + at + 1] ?? 0);
    const fragment = bytes.subarray(start + recordHeaderLength);
    return {
      form: 'plain',
      start,
      end: bytes.length,
      type: firstByte,
      version: u16(1),
      epoch: u16(3),
      sequenceNumber: (u16(5) * 2 ** 16 + u16(7)) * 2 ** 16 + u16(9),
      length: fragment.length,
      fragment,
    };
  }
  const fragment = bytes.subarray(start + 1);
  if (is13 === false || fragment.length < minCiphertext) return undefined;
  return { form: 'closed', start, end: bytes.length, firstByte, length: fragment.length, fragment };
}
