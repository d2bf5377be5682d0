/**
 * The records of one datagram: headers of DTLS 1.0 to 1.2 and the unified header of 1.3, whichever comes. A ciphertext of
 * 1.3 is never taken for a plaintext record, nor the other way round: the top three bits of its first byte tell.
 */

import { type Leftover, type RecordSlice, recordHeaderLength, splitDatagram } from '../wire/record.ts';
import {
  isUnified,
  type CiphertextSlice as UnifiedSlice,
  ciphertextAt as unifiedAt,
  unifiedBits,
} from '../wire/unified.ts';

/** A DTLS 1.3 ciphertext (RFC 9147 §4): opaque but for the low bits of its epoch. */
export type CiphertextSlice = Pick<UnifiedSlice, 'start' | 'end' | 'firstByte' | 'epochBits' | 'length'>;
/** Told apart by `firstByte`. */
export type Slice = RecordSlice | CiphertextSlice;

/** The shortest ciphertext: record numbers are masked with 16 bytes of it (RFC 9147 §4.2.3). */
const minCiphertext = 16;

/** Most records that are read of one datagram: at 14 bytes each more than any real one holds. */
const maxRecords = 512;

export function readRecords(
  bytes: Uint8Array,
  allowCiphertext: boolean,
): { readonly slices: readonly Slice[]; readonly leftover: Leftover | undefined } {
  const slices: Slice[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { records, leftover } = splitDatagram(at === 0 ? bytes : bytes.subarray(at));
    for (const record of records) {
      if (slices.length >= maxRecords) return { slices, leftover: { start: at + record.start, reason: 'not-dtls' } };
      // A connection ID of unknown length stands in the header (RFC 9146 §4): the rest of the datagram stays closed.
      if (record.type === 25) {
        const start = at + record.start;
        const fragment = bytes.subarray(start + recordHeaderLength);
        slices.push({ ...record, start, end: bytes.length, length: fragment.length, fragment });
        return { slices, leftover: undefined };
      }
      slices.push(at === 0 ? record : { ...record, start: at + record.start, end: at + record.end });
    }
    if (!leftover) break;
    const start = at + leftover.start;
    const ciphertext = allowCiphertext ? ciphertextAt(bytes, start) : undefined;
    if (!ciphertext || slices.length >= maxRecords) return { slices, leftover: moved(leftover, at) };
    slices.push(ciphertext);
    at = ciphertext.end;
  }
  return { slices, leftover: undefined };
}

const moved = (leftover: Leftover, by: number): Leftover => ({
  ...leftover,
  start: leftover.start + by,
  ...(leftover.record && {
    record: { ...leftover.record, start: leftover.record.start + by, end: leftover.record.end + by },
  }),
});

/**
 * Nobody has told whether a connection ID was agreed, so a record that has one stays closed to the datagram's end, and one
 * that is cut or too short is none.
 */
function ciphertextAt(bytes: Uint8Array, start: number): CiphertextSlice | undefined {
  const firstByte = bytes[start] ?? 0;
  if (!isUnified(firstByte)) return undefined;
  const read = unifiedAt(bytes, start, undefined);
  const left = bytes.length - start - 1;
  if (read === 'unknown-cid' && left >= minCiphertext)
    return { start, end: bytes.length, firstByte, epochBits: firstByte & unifiedBits.epoch, length: left };
  return typeof read === 'string' || read.length < minCiphertext || read.fragment.length < read.length
    ? undefined
    : read;
}
