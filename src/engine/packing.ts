/**
 * Cutting a flight into records and datagrams, at the moment it is sent and for the MTU and packing of that moment
 * (RFC 6347 §4.1.1, §4.2.3). What is kept are messages; fragments, records and datagrams live only while they are sent.
 * Pure: a flight and sizes in, a plan out.
 */
import { emptyBytes } from '../base/bytes.ts';
import type { Range } from '../base/ranges.ts';
import { handshakeHeaderLength } from '../wire/handshake.ts';
import { ContentType } from '../wire/registry.ts';
import type { FragmentContents, Packing, RecordContents } from './api.ts';

/** What a flight is made of. The epoch is part of it: a repeat goes out under the keys of the first time (RFC 6347 §4.1). */
export type FlightPart =
  | {
      readonly kind: 'message';
      readonly epoch: number;
      readonly type: number;
      readonly seq: number;
      readonly body: Uint8Array;
      /** The bytes of it that go out: all of them, unless the peer acknowledged others (RFC 9147 §7.2). */
      readonly ranges?: readonly Range[];
    }
  | { readonly kind: 'change_cipher_spec'; readonly epoch: number };

/**
 * A record to be: its number and protection come when it is sealed, and its bytes with them, straight into the datagram
 * (`writePlaintext`): most are too large for an array in V8's heap, and one outside takes longer than to fill it.
 */
export interface PlannedRecord {
  readonly epoch: number;
  readonly type: number;
  /** Bytes of plaintext. */
  readonly length: number;
  readonly fragments: readonly FragmentContents[];
  /** The messages of which these are fragments. */
  readonly bodies: readonly Uint8Array[];
}

/** Sizes that depend on an epoch's protection; `RecordLayer` knows them. */
export interface RecordSizes {
  recordLength(epoch: number, plaintextLength: number): number;
  plaintextThatFits(epoch: number, room: number): number;
}

export interface Cut {
  /** Largest datagram; `flight` packing ignores it. */
  readonly mtu: number;
  readonly packing: Packing;
  /** Largest fragment body. */
  readonly fragment: number | undefined;
  /** Where a message was cut when it was sent first, ascending; fragments keep these borders as far as they fit. */
  readonly borders?: ((seq: number) => readonly number[]) | undefined;
  /** Under keys, messages share records; not where fragments are to be small, which would make records of many. */
  readonly shared?: boolean | undefined;
  /** The same with all fragments; and no datagram has room left while there is more to send. */
  readonly filled?: boolean | undefined;
}

/** A fragment smaller than this is not worth a record of its own while the next datagram has more room. */
const leastFragment = 16;

const changeCipherSpecBody = Uint8Array.of(1);

/**
 * The datagrams of a flight, each a list of records. In the clear every fragment has a record of its own: peers exist that
 * read only the first message of a record. In `packed`, records fill a datagram up to the MTU; in `record` each fragment has
 * a record, and each record a datagram; in `flight` all are in one, whatever its size.
 */
export function cutFlight(parts: readonly FlightPart[], sizes: RecordSizes, cut: Cut): PlannedRecord[][] {
  const datagrams: PlannedRecord[][] = [];
  let open: PlannedRecord[] = [];
  let used = 0;
  const close = (): void => {
    if (open.length > 0) datagrams.push(open);
    open = [];
    used = 0;
  };
  const room = (): number => (cut.packing === 'flight' ? Number.POSITIVE_INFINITY : cut.mtu - used);
  const add = (record: PlannedRecord): void => {
    open.push(record);
    used += sizes.recordLength(record.epoch, record.length);
    if (cut.packing === 'record') close();
  };
  const largest = cut.fragment ?? Number.POSITIVE_INFINITY;
  const least = cut.filled ? 1 : leastFragment;
  const shares = cut.filled || (cut.shared && cut.fragment === undefined);
  /** The record that a fragment may go into, and how much of a message fits there. */
  const shared = (epoch: number): { readonly record: PlannedRecord; readonly fits: number } | undefined => {
    const record = open.at(-1);
    if (!shares || epoch === 0 || record?.epoch !== epoch || record.fragments.length === 0) return undefined;
    const around = room() + sizes.recordLength(epoch, record.length);
    return { record, fits: sizes.plaintextThatFits(epoch, around) - record.length - handshakeHeaderLength };
  };
  const join = (into: PlannedRecord, more: PlannedRecord): void => {
    open.pop();
    used -= sizes.recordLength(into.epoch, into.length);
    add({
      epoch: into.epoch,
      type: into.type,
      length: into.length + more.length,
      fragments: [...into.fragments, ...more.fragments],
      bodies: [...into.bodies, ...more.bodies],
    });
  };

  for (const part of parts) {
    if (part.kind === 'change_cipher_spec') {
      if (sizes.plaintextThatFits(part.epoch, room()) < changeCipherSpecBody.length) close();
      add({
        epoch: part.epoch,
        type: ContentType.changeCipherSpec,
        length: changeCipherSpecBody.length,
        fragments: [],
        bodies: [],
      });
      continue;
    }
    const borders = cut.borders?.(part.seq);
    for (const [start, to] of part.ranges ?? [[0, part.body.length]]) {
      const end = Math.min(to, part.body.length);
      // At least one fragment, also of a message without a body.
      for (let offset = start; ; ) {
        const left = Math.min(end, borders?.find((border) => border > offset) ?? end) - offset;
        const before = shared(part.epoch);
        const joins = before !== undefined && before.fits >= Math.min(left, 1);
        const space = joins ? before.fits : sizes.plaintextThatFits(part.epoch, room()) - handshakeHeaderLength;
        const fits = Math.min(largest, space);
        if (used > 0 && fits < Math.min(left, borders ? left : least, largest)) {
          close();
          continue;
        }
        const length = Math.min(left, fits);
        if (length < Math.min(left, 1)) throw new Error(`an MTU of ${cut.mtu} carries nothing in epoch ${part.epoch}`);
        const record = fragmentRecord(part, offset, length);
        if (joins) join(before.record, record);
        else add(record);
        offset += length;
        if (offset >= end) break;
      }
    }
  }
  close();
  return datagrams;
}

/**
 * The sealed records of a flight, one behind the other in `bytes`, in datagrams that end where the MTU does, against RFC 6347
 * §4.1.1. A record counts to the datagram in which it begins, `starts` says where that is.
 */
export function cutAnywhere(
  bytes: Uint8Array,
  starts: readonly number[],
  contents: readonly RecordContents[],
  mtu: number,
): { readonly bytes: Uint8Array; readonly records: readonly RecordContents[] }[] {
  const datagrams = Array.from({ length: Math.ceil(bytes.length / mtu) }, (_, i) => ({
    bytes: bytes.slice(i * mtu, (i + 1) * mtu),
    records: [] as RecordContents[],
  }));
  contents.forEach((record, i) => {
    datagrams[Math.floor((starts[i] ?? 0) / mtu)]?.records.push(record);
  });
  return datagrams;
}

/** A record that holds [offset, offset + length) of a message. */
function fragmentRecord(part: Extract<FlightPart, { kind: 'message' }>, offset: number, length: number): PlannedRecord {
  const { epoch, type, seq, body } = part;
  return {
    epoch,
    type: ContentType.handshake,
    length: handshakeHeaderLength + length,
    fragments: [{ message: type, messageSeq: seq, offset, length, total: body.length }],
    bodies: [body],
  };
}

/** Puts a record's plaintext into `into`, from `start` on; there are `record.length` bytes of room. */
export function writePlaintext(record: PlannedRecord, into: Uint8Array, start: number): void {
  if (record.type === ContentType.changeCipherSpec) into.set(changeCipherSpecBody, start);
  let at = start;
  for (const [i, { message, messageSeq, offset, length, total }] of record.fragments.entries()) {
    writeHandshakeHeader(into, at, message, total, messageSeq, offset, length);
    at += handshakeHeaderLength;
    const body = record.bodies[i] ?? emptyBytes;
    into.set(length === body.length ? body : body.subarray(offset, offset + length), at);
    at += length;
  }
}

/** The 12 bytes of `handshakeHeader` (RFC 6347 §4.2.2), written straight: every record that we send begins with them. */
export function writeHandshakeHeader(
  into: Uint8Array,
  at: number,
  type: number,
  total: number,
  seq: number,
  offset: number,
  length: number,
): void {
  into[at] = type;
  into[at + 1] = total >> 16;
  into[at + 2] = total >> 8;
  into[at + 3] = total;
  into[at + 4] = seq >> 8;
  into[at + 5] = seq;
  into[at + 6] = offset >> 16;
  into[at + 7] = offset >> 8;
  into[at + 8] = offset;
  into[at + 9] = length >> 16;
  into[at + 10] = length >> 8;
  into[at + 11] = length;
}
