/**
 * Ciphertext records of DTLS 1.3 (RFC 9147 §4): the unified header 001CSLEE, what it leaves out and how that is rebuilt,
 * and what is inside once a record was opened. The header says neither how long a connection ID is nor all of epoch and
 * number: the first is known from the handshake, the others from the records before. Numbers are masked on the wire
 * (§4.2.3); nothing here takes a mask away, so a number read from a datagram is a masked one.
 */
import { type Codec, cite, labelled, many, named, opaque, rest, struct, u8, u16, u48, vector } from '../codec/codec.ts';
import { contentTypes, nameIn } from './registry.ts';

/** The last record number and the last epoch (RFC 9147 §4.2.1 and §8): neither may go beyond. */
export const lastNumber = 2 ** 48 - 1;

/** Bits of the first byte: connection ID, 16-bit number, length, two of the epoch. The top three are 001. */
export const unifiedBits = { fixed: 0x20, cid: 0x10, number16: 0x08, length: 0x04, epoch: 0x03 } as const;

/** Whether a record's first byte is that of a unified header (RFC 9147 §4.1). */
export const isUnified = (firstByte: number): boolean => firstByte >> 5 === 1;

/** A ciphertext's place in its datagram. All byte strings are views. */
export interface CiphertextSlice {
  readonly form: 'unified';
  readonly start: number;
  readonly end: number;
  readonly firstByte: number;
  /** The two low bits of the epoch: `reconstructEpoch`. */
  readonly epochBits: number;
  /** `undefined` when the record has none. */
  readonly cid: Uint8Array | undefined;
  readonly numberLength: 1 | 2;
  /** Whether the header says how long the record is; without, it reaches to the datagram's end. */
  readonly hasLength: boolean;
  /** The whole header as it came, its number masked. */
  readonly header: Uint8Array;
  /** Bytes of the encrypted record as declared; what is there may be less when the datagram was cut. */
  readonly length: number;
  /** encrypted_record, shorter than `length` when the datagram was cut. */
  readonly fragment: Uint8Array;
}

/**
 * The ciphertext that starts at `start`, whose first byte `isUnified`; or why there is none. `cidLength` as agreed, 0 when
 * none was, `undefined` when nobody knows: then a record with a connection ID can't be read (RFC 9147 §9).
 */
export function ciphertextAt(
  bytes: Uint8Array,
  start: number,
  cidLength: number | undefined,
): CiphertextSlice | 'short-header' | 'unknown-cid' | 'unexpected-cid' {
  const firstByte = bytes[start] ?? 0;
  const hasCid = (firstByte & unifiedBits.cid) !== 0;
  if (hasCid && cidLength === undefined) return 'unknown-cid';
  if (hasCid && cidLength === 0) return 'unexpected-cid';
  const numberLength = firstByte & unifiedBits.number16 ? 2 : 1;
  const hasLength = (firstByte & unifiedBits.length) !== 0;
  const numberAt = start + 1 + (hasCid ? (cidLength ?? 0) : 0);
  const bodyAt = numberAt + numberLength + (hasLength ? 2 : 0);
  if (bodyAt > bytes.length) return 'short-header';
  const length = hasLength ? (bytes[bodyAt - 2] ?? 0) * 256 + (bytes[bodyAt - 1] ?? 0) : bytes.length - bodyAt;
  const end = Math.min(bytes.length, bodyAt + length);
  return {
    form: 'unified',
    start,
    end,
    firstByte,
    epochBits: firstByte & unifiedBits.epoch,
    cid: hasCid ? bytes.subarray(start + 1, numberAt) : undefined,
    numberLength,
    hasLength,
    header: bytes.subarray(start, bodyAt),
    length,
    fragment: bytes.subarray(bodyAt, end),
  };
}

/**
 * The number whose low bits (one or two bytes, unmasked) stand in a header: the one nearest to `expected`, which is one
 * more than the highest number that was deprotected in this epoch, 0 at its start (RFC 9147 §4.2.2). Of two that are
 * equally near it is the later one.
 */
export function reconstructNumber(low: number, numberLength: 1 | 2, expected: number): number {
  const window = 2 ** (8 * numberLength);
  const near = expected - (expected % window) + low;
  if (near <= expected - window / 2 && near + window <= lastNumber) return near + window;
  if ((near > expected + window / 2 || near > lastNumber) && near >= window) return near - window;
  return near;
}

/**
 * The epoch whose two low bits stand in a header: the most recent one that matches, `newest` or before (RFC 9147 §4.2.2).
 * `undefined` when there is none yet: a record of an epoch to come.
 */
export function reconstructEpoch(epochBits: number, newest: number): number | undefined {
  const epoch = newest - ((newest - epochBits) & 3);
  return epoch >= 0 ? epoch : undefined;
}

const firstByteText = (byte: number): string =>
  [
    `epoch ..${(byte & unifiedBits.epoch).toString(2).padStart(2, '0')}`,
    byte & unifiedBits.number16 ? '16-bit number' : '8-bit number',
    byte & unifiedBits.length ? 'with length' : 'no length',
    ...(byte & unifiedBits.cid ? ['connection ID'] : []),
  ].join(', ');

const firstByteCodec: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = r.uint(1);
    if (!isUnified(value)) r.fail('bad-value', 'the first bits are not 001', at);
    return value;
  },
  write: (w, value) => w.uint(value, 1),
  label: firstByteText,
};

export interface UnifiedHeader {
  readonly first_byte: number;
  readonly connection_id: Uint8Array | undefined;
  /** Its low bits, masked or not: as in the bytes that were read. */
  readonly sequence_number: number;
  readonly length: number | undefined;
}

/** The unified header, its C, S and L bits followed. `cidLength` as in `ciphertextAt`. */
export const unifiedHeader = (cidLength?: number): Codec<UnifiedHeader> =>
  cite('RFC 9147 §4', {
    read(r) {
      const start = r.pos;
      const first_byte = r.field('first_byte', firstByteCodec);
      const hasCid = (first_byte & unifiedBits.cid) !== 0;
      if (hasCid && cidLength === undefined) r.fail('bad-value', 'a connection ID of unknown length', start);
      if (hasCid && cidLength === 0) r.fail('bad-value', 'a connection ID, and none was agreed', start);
      return {
        first_byte,
        connection_id: hasCid ? r.field('connection_id', fixed(cidLength ?? 0)) : undefined,
        sequence_number: r.field('sequence_number', first_byte & unifiedBits.number16 ? u16 : u8),
        length: first_byte & unifiedBits.length ? r.field('length', u16) : undefined,
      };
    },
    write(w, value) {
      firstByteCodec.write(w, value.first_byte);
      if (value.connection_id) w.put(value.connection_id);
      w.uint(value.sequence_number, value.first_byte & unifiedBits.number16 ? 2 : 1);
      if (value.length !== undefined) w.uint(value.length, 2);
    },
  });

const fixed = (length: number): Codec<Uint8Array> => ({ read: (r) => r.take(length), write: (w, v) => w.put(v) });

export interface Ciphertext {
  readonly unified_header: UnifiedHeader;
  readonly encrypted_record: Uint8Array;
}

/** DTLSCiphertext. Without a length it takes all that is left, which only the last record of a datagram may do. */
export const ciphertext = (cidLength?: number): Codec<Ciphertext> => {
  const header = unifiedHeader(cidLength);
  return cite('RFC 9147 §4', {
    read(r) {
      const unified_header = r.field('unified_header', header);
      const body = (): Uint8Array => r.field('encrypted_record', rest);
      const { length } = unified_header;
      return { unified_header, encrypted_record: length === undefined ? body() : r.within(length, body) };
    },
    write(w, { unified_header, encrypted_record }) {
      if (unified_header.length !== undefined && unified_header.length !== encrypted_record.length)
        throw new RangeError(`length ${unified_header.length} on ${encrypted_record.length} bytes`);
      header.write(w, unified_header);
      w.put(encrypted_record);
    },
    label: ({ encrypted_record }) => `${encrypted_record.length} bytes`,
  });
};

/** What an opened record holds (RFC 9147 §4, RFC 8446 §5.2). */
export interface InnerPlaintext {
  readonly content: Uint8Array;
  readonly type: number;
  /** How many zero bytes stand behind the type. */
  readonly zeros: number;
}

/**
 * Where the content type stands: the last byte that is not zero (RFC 8446 §5.4). -1 when all are: such a record has no
 * type, and its receiver answers unexpected_message or drops it.
 */
export function innerTypeAt(inner: Uint8Array): number {
  let at = inner.length - 1;
  while (at >= 0 && inner[at] === 0) at--;
  return at;
}

const typeCodec = named(u8, nameIn(contentTypes, 2));
const zeros: Codec<number> = {
  read: (r) => r.take(r.left).length,
  write: (w, count) => w.put(new Uint8Array(count)),
  label: (count) => `${count} bytes of padding`,
};

/** DTLSInnerPlaintext: content, its type, and zeros. */
export const innerPlaintext: Codec<InnerPlaintext> = cite('RFC 8446 §5.2', {
  read(r) {
    const length = innerTypeAt(r.bytes.subarray(r.pos, r.limit));
    if (length < 0) r.fail('bad-value', 'no content type: nothing but zeros');
    return {
      content: r.field('content', fixed(length)),
      type: r.field('type', typeCodec),
      zeros: r.field('zeros', zeros),
    };
  },
  write(w, { content, type, zeros: count }) {
    if (type === 0) throw new RangeError('0 is not a content type');
    w.put(content);
    typeCodec.write(w, type);
    zeros.write(w, count);
  },
});

/** A uint64 of which the first two bytes must be zero: neither epochs nor record numbers go beyond 2^48-1. */
const u64: Codec<number> = {
  read(r) {
    const at = r.pos;
    const high = r.uint(2);
    const low = u48.read(r);
    if (high !== 0) r.fail('bad-value', 'beyond 2^48-1', at);
    return low;
  },
  write(w, value) {
    w.uint(0, 2);
    u48.write(w, value);
  },
};

/** ACK: the records that were processed or buffered, of any epoch (RFC 9147 §7). */
export const ack = cite(
  'RFC 9147 §7',
  struct({
    record_numbers: vector(
      0,
      0xffff,
      many(
        'record_number',
        labelled(
          struct({ epoch: u64, sequence_number: u64 }),
          ({ epoch, sequence_number }) => `${epoch}/${sequence_number}`,
        ),
      ),
    ),
  }),
);

/** A record of DTLS 1.2 with a connection ID, content type tls12_cid (RFC 9146 §4). */
export const cidRecord = (cidLength: number) =>
  cite(
    'RFC 9146 §4',
    struct({
      type: typeCodec,
      version: u16,
      epoch: u16,
      sequence_number: u48,
      cid: fixed(cidLength),
      fragment: opaque(0, 0xffff),
    }),
  );
