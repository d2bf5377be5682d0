/**
 * The records of one datagram: headers of DTLS 1.0 to 1.2 and the unified header of 1.3, whichever comes. A ciphertext of
 * 1.3 is never taken for a plaintext record, nor the other way round: the top three bits of its first byte tell.
 */
import { type Leftover, type RecordSlice, recordHeaderLength, splitDatagram } from '../wire/record.ts';

/** A DTLS 1.3 ciphertext (RFC 9147 §4): opaque but for the low bits of its epoch. */
export interface CiphertextSlice {
  readonly start: number;
  readonly end: number;
  readonly firstByte: number;
  readonly epochBits: number;
  /** Bytes behind the header. */
  readonly length: number;
}
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

/** 001CSLEE, connection ID, 8 or 16 bits of number, length or none (RFC 9147 §4). */
function ciphertextAt(bytes: Uint8Array, start: number): CiphertextSlice | undefined {
  const firstByte = bytes[start] ?? 0;
  if (firstByte >> 5 !== 1) return undefined;
  const hasConnectionId = (firstByte & 0x10) !== 0;
  const numberLength = firstByte & 0x08 ? 2 : 1;
  const hasLength = (firstByte & 0x04) !== 0;
  let header = 1 + numberLength;
  let length = bytes.length - start - header;
  if (hasLength && !hasConnectionId) {
    length = (bytes[start + header] ?? 0) * 256 + (bytes[start + header + 1] ?? 0);
    header += 2;
  }
  const end = start + header + length;
  if (length < minCiphertext || end > bytes.length) return undefined;
  return { start, end, firstByte, epochBits: firstByte & 3, length };
}
