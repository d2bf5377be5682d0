/**
 * Records and the datagrams that hold them. Up to DTLS 1.2, and for what DTLS 1.3 sends in the clear, a record is a 13-byte
 * header and a fragment (RFC 6347 §4.1); ciphertexts of 1.3 are in `unified.ts`, and one datagram may hold both. A header
 * whose length runs past the datagram's end is not an error of ours but evidence, so `splitDatagram` reports it.
 */
import { type Codec, cite, type Infer, many, named, opaque, struct, u8, u16, u48 } from '../codec/codec.ts';
import { alertName, ContentType, contentTypes, nameIn, versions } from './registry.ts';
import { type Ciphertext, type CiphertextSlice, cidRecord, ciphertext, ciphertextAt, isUnified } from './unified.ts';

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

/** All records of a datagram up to DTLS 1.2, for the inspector. */
export const datagram: Codec<Record12[]> = many('record', record);

/** One record of a datagram in which ciphertexts of DTLS 1.3 may stand. */
export type AnyRecord =
  | { readonly kind: 'record'; readonly body: Record12 }
  | { readonly kind: 'cid-record'; readonly body: Infer<ReturnType<typeof cidRecord>> }
  | { readonly kind: 'ciphertext'; readonly body: Ciphertext };

/** All records of a datagram of any version, for the inspector. `cidLength` as in `splitDatagram`. */
export function anyDatagram(cidLength?: number): Codec<AnyRecord[]> {
  const codecs = {
    record,
    'cid-record': cidRecord(cidLength ?? 0),
    ciphertext: ciphertext(cidLength),
  } as const satisfies Record<AnyRecord['kind'], Codec<unknown>>;
  const kindOf = (first: number): AnyRecord['kind'] =>
    isUnified(first) ? 'ciphertext' : first === ContentType.tls12Cid && cidLength ? 'cid-record' : 'record';
  return many<AnyRecord>('record', {
    read(r) {
      const kind = kindOf(r.bytes[r.pos] ?? 0);
      return { kind, body: codecs[kind].read(r) } as AnyRecord;
    },
    write(w, { kind, body }) {
      (codecs[kind] as Codec<unknown>).write(w, body);
    },
    label: ({ kind }) => (kind === 'ciphertext' ? 'DTLSCiphertext' : undefined),
  });
}

export const alert = cite(
  'RFC 5246 §7.2',
  struct({
    level: named(u8, nameIn({ 1: 'warning', 2: 'fatal' }, 2)),
    description: named(u8, alertName),
  }),
);
export const changeCipherSpec = cite(
  'RFC 5246 §7.1',
  struct({ type: named(u8, nameIn({ 1: 'change_cipher_spec' }, 2)) }),
);

/** A record's place in its datagram. `fragment` is a view, and shorter than `length` when the datagram was cut. */
export interface RecordSlice {
  /** With the 13-byte header, encrypted or not. */
  readonly form: 'plain';
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  /** Of a tls12_cid record, when its length is known (RFC 9146 §4). */
  readonly cid?: Uint8Array;
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

/** What is left of a datagram that was split with the rules of DTLS 1.3. */
export interface AnyLeftover {
  readonly start: number;
  readonly reason:
    | Leftover['reason']
    /** A connection ID, and nobody said how long it is: where the record ends can't be known. */
    | 'unknown-cid'
    /** A connection ID where none was agreed (RFC 9147 §9). */
    | 'unexpected-cid';
  readonly record?: RecordSlice | CiphertextSlice;
}

/** How records are read once DTLS 1.3, or a connection ID, may be there. */
export interface SplitRules {
  /** Bytes of the connection ID that this side of the association receives; 0 for none agreed; absent for unknown. */
  readonly cidLength?: number | undefined;
}

/**
 * Walks a datagram record by record; never throws, and never reads a byte twice. Without rules it knows DTLS up to 1.2, to
 * which a ciphertext of 1.3 is `not-dtls`; with them it tells all records apart by their first byte (RFC 9147 §4.1).
 */
export function splitDatagram(bytes: Uint8Array): {
  readonly records: readonly RecordSlice[];
  readonly leftover?: Leftover;
};
export function splitDatagram(
  bytes: Uint8Array,
  rules: SplitRules,
): { readonly records: readonly (RecordSlice | CiphertextSlice)[]; readonly leftover?: AnyLeftover };
export function splitDatagram(
  bytes: Uint8Array,
  rules?: SplitRules,
): { readonly records: readonly (RecordSlice | CiphertextSlice)[]; readonly leftover?: AnyLeftover } {
  const records: (RecordSlice | CiphertextSlice)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const slice =
      rules && isUnified(bytes[at] ?? 0) ? ciphertextAt(bytes, at, rules.cidLength) : recordAt(bytes, at, rules);
    if (typeof slice === 'string') return { records, leftover: { start: at, reason: slice } };
    if (slice.fragment.length < slice.length)
      return { records, leftover: { start: at, reason: 'truncated', record: slice } };
    records.push(slice);
    at = slice.end;
  }
  return { records };
}

function recordAt(
  bytes: Uint8Array,
  start: number,
  rules: SplitRules | undefined,
): RecordSlice | 'short-header' | 'not-dtls' | 'unknown-cid' | 'unexpected-cid' {
  if (bytes.length - start < recordHeaderLength) return 'short-header';
  const at = (i: number): number => bytes[start + i] ?? 0;
  const type = at(0);
  const version = at(1) * 256 + at(2);
  // Only the major version is checked before a version is agreed (RFC 6347 §4.1, RFC 9147 §4). A first byte of
  // 001xxxxx is the unified header of DTLS 1.3 (RFC 9147 §4), never one of these.
  if (type < 20 || type > 31 || version >> 8 !== 0xfe) return 'not-dtls';
  let cid: Uint8Array | undefined;
  if (rules && type === ContentType.tls12Cid) {
    const { cidLength } = rules;
    if (!cidLength) return cidLength === undefined ? 'unknown-cid' : 'unexpected-cid';
    if (bytes.length - start < recordHeaderLength + cidLength) return 'short-header';
    cid = bytes.subarray(start + 11, start + 11 + cidLength);
  }
  const bodyAt = recordHeaderLength + (cid?.length ?? 0);
  const length = at(bodyAt - 2) * 256 + at(bodyAt - 1);
  const end = Math.min(bytes.length, start + bodyAt + length);
  return {
    form: 'plain',
    start,
    end,
    type,
    version,
    epoch: at(3) * 256 + at(4),
    sequenceNumber: (at(5) * 256 + at(6)) * 2 ** 32 + (((at(7) * 256 + at(8)) * 256 + at(9)) * 256 + at(10)),
    length,
    fragment: bytes.subarray(start + bodyAt, end),
    // Last: V8 makes a slow object of what is added behind a spread.
    ...(cid && { cid }),
  };
}
