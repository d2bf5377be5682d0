/**
 * Cutting a flight into records and datagrams, at the moment it is sent and for the MTU and packing of that moment
 * (RFC 6347 §4.1.1, §4.2.3). What is kept are messages; fragments, records and datagrams live only while they are sent.
 * Pure: a flight and sizes in, a plan out.
 */
import { concat } from '../base/bytes.ts';
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

/** A record to be: its number and protection come when it is sealed. */
export interface PlannedRecord {
  readonly epoch: number;
  readonly type: number;
  readonly plaintext: Uint8Array;
  readonly fragments: readonly FragmentContents[];
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
    used += sizes.recordLength(record.epoch, record.plaintext.length);
    if (cut.packing === 'record') close();
  };
  const largest = cut.fragment ?? Number.POSITIVE_INFINITY;
  const least = cut.filled ? 1 : leastFragment;
  const shares = cut.filled || (cut.shared && cut.fragment === undefined);
  /** The record that a fragment may go into, and how much of a message fits there. */
  const shared = (epoch: number): { readonly record: PlannedRecord; readonly fits: number } | undefined => {
    const record = open.at(-1);
    if (!shares || epoch === 0 || record?.epoch !== epoch || record.fragments.length === 0) return undefined;
    const around = room() + sizes.recordLength(epoch, record.plaintext.length);
    return { record, fits: sizes.plaintextThatFits(epoch, around) - record.plaintext.length - handshakeHeaderLength };
  };
  const join = (into: PlannedRecord, more: PlannedRecord): void => {
    open.pop();
    used -= sizes.recordLength(into.epoch, into.plaintext.length);
    const plaintext = concat(into.plaintext, more.plaintext);
    const { epoch, type } = into;
    add({ epoch, type, plaintext, fragments: [...into.fragments, ...more.fragments] });
  };

  for (const part of parts) {
    if (part.kind === 'change_cipher_spec') {
      if (sizes.plaintextThatFits(part.epoch, room()) < changeCipherSpecBody.length) close();
      add({
        epoch: part.epoch,
        type: ContentType.changeCipherSpec,
        plaintext: changeCipherSpecBody,
        fragments: [],
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
 * The sealed records of a flight in datagrams that end where the MTU does, against RFC 6347 §4.1.1. A record counts to the
 * datagram in which it begins.
 */
export function cutAnywhere(
  records: readonly Uint8Array[],
  contents: readonly RecordContents[],
  mtu: number,
): { readonly bytes: Uint8Array; readonly records: readonly RecordContents[] }[] {
  const whole = concat(...records);
  const datagrams = Array.from({ length: Math.ceil(whole.length / mtu) }, (_, i) => ({
    bytes: whole.slice(i * mtu, (i + 1) * mtu),
    records: [] as RecordContents[],
  }));
  let at = 0;
  contents.forEach((record, i) => {
    datagrams[Math.floor(at / mtu)]?.records.push(record);
    at += records[i]?.length ?? 0;
  });
  return datagrams;
}

/** A record that holds [offset, offset + length) of a message. */
export function fragmentRecord(
  part: Omit<Extract<FlightPart, { kind: 'message' }>, 'kind'>,
  offset: number,
  length: number,
): PlannedRecord {
  const total = part.body.length;
  const plaintext = new Uint8Array(handshakeHeaderLength + length);
  writeHandshakeHeader(plaintext, part.type, total, part.seq, offset, length);
  plaintext.set(part.body.subarray(offset, offset + length), handshakeHeaderLength);
  return {
    epoch: part.epoch,
    type: ContentType.handshake,
    plaintext,
    fragments: [{ message: part.type, messageSeq: part.seq, offset, length, total }],
  };
}

/** The 12 bytes of `handshakeHeader` (RFC 6347 §4.2.2), written straight: every record that we send begins with them. */
export function writeHandshakeHeader(
  into: Uint8Array,
  type: number,
  total: number,
  seq: number,
  offset: number,
  length: number,
): void {
  into[0] = type;
  into[1] = total >> 16;
  into[2] = total >> 8;
  into[3] = total;
  into[4] = seq >> 8;
  into[5] = seq;
  into[6] = offset >> 16;
  into[7] = offset >> 8;
  into[8] = offset;
  into[9] = length >> 16;
  into[10] = length >> 8;
  into[11] = length;
}
