/**
 * From the bytes of a datagram to its records: where each begins, what it is protected with and opens to, the fragments in
 * it. What closed records must be is inferred here; what all of it means for the handshake is for the reading to say.
 */
import { equal } from '../base/bytes.ts';
import type { Actor, DatagramEvent } from '../trace/model.ts';
import { type ClientHello, handshakeHeaderLength, handshakeTypeName } from '../wire/handshake.ts';
import type { RecordSlice } from '../wire/record.ts';
import { ContentType, HandshakeType, type Version, versionNumber } from '../wire/registry.ts';
import { type CiphertextSlice, ciphertextAt, reconstructEpoch } from '../wire/unified.ts';
import type { CidLengths } from './cids.ts';
import {
  type Buffers,
  datagramBuffer,
  decryptedBuffer,
  type Entry,
  messageBuffer,
  type Reach,
  unmaskedBuffer,
} from './facts.ts';
import { type Item, isBehind } from './flights.ts';
import { protectionFacts, readServerHello } from './hellos.ts';
import type { Messages } from './messages.ts';
import type { RecordView, UnreadReason } from './model.ts';
import type { Opening } from './opening.ts';
import {
  type Content,
  type Draft,
  itemOf,
  nameOf,
  noFragments,
  type PendingFragment,
  type PendingRecord,
  pseudoItem,
} from './pending.ts';
import { readRecords, type Slice, type Split } from './records.ts';
import { likelyContent } from './sealed.ts';
import { copyKey, type Side } from './side.ts';

/** What is known of the handshake so far. */
export interface SoFar {
  readonly messages: Messages;
  readonly sides: Readonly<Record<Actor, Side>>;
  readonly opening: Opening;
  readonly version: Version | undefined;
  readonly clientHello: ClientHello | undefined;
  /** Whether any handshake message or ChangeCipherSpec was seen. */
  readonly sawHandshake: boolean;
}

export class RecordReader {
  readonly #known: SoFar;
  readonly #buffers: Buffers;
  readonly #cids: CidLengths;
  /** The newest epoch of DTLS 1.3 that each side may have reached, by the low bits of what came. */
  readonly #newest: Record<Actor, number> = { client: 3, server: 3 };
  #fragmentsHere = 0;

  constructor(known: SoFar, buffers: Buffers, cids: CidLengths) {
    this.#known = known;
    this.#buffers = buffers;
    this.#cids = cids;
  }

  /** The records of a datagram; `items` grows by what of them belongs to a flight. */
  read(
    entry: Entry,
    from: Actor,
    reach: Reach,
    items: Item[],
  ): { readonly pending: readonly PendingRecord[]; readonly leftover: Split['leftover'] } {
    this.#fragmentsHere = 0;
    const { slices, leftover } = this.#split(entry.event.bytes, from);
    const pending: PendingRecord[] = [];
    for (const [index, slice] of slices.entries()) {
      if (slice.form === 'plain') pending.push(this.#record(slice, index, entry, from, items, reach));
      else {
        if (!this.#known.opening.ready) this.#learnFrom(pending);
        const alone = slices.every((other) => other === slice || other.form === 'plain');
        pending.push(this.#ciphertext(slice, index, entry, from, items, reach, alone));
      }
    }
    return { pending, leftover };
  }

  /**
   * Whether a datagram of one ciphertext of DTLS 1.3 holds application data and nothing else, as far as that can be told:
   * a closed one whose size fits nothing else is taken for it.
   */
  isData13({ bytes }: DatagramEvent, from: Actor): boolean {
    const { opening, version, clientHello } = this.#known;
    if (version !== '1.3') return false;
    const whole = ciphertextAt(bytes, 0, this.#cids.of(from));
    if (typeof whole !== 'string' && whole.end === bytes.length && opening.isData13(from, whole)) return true;
    const { slices, leftover } = this.#split(bytes, from);
    const [slice] = slices;
    if (!slice || slice.form === 'plain' || slices.length > 1 || leftover) return false;
    const opened = slice.form === 'unified' ? opening.open13(from, slice, clientHello?.random) : 'no-key';
    if (typeof opened === 'object') return opened.record.type === ContentType.applicationData;
    return (slice.firstByte & 3) !== 2 && likelyContent(slice.length, 3, true) === undefined;
  }

  #split(bytes: Uint8Array, from: Actor): Split {
    const { version } = this.#known;
    const is13 = version === undefined ? undefined : version === '1.3';
    const split = readRecords(bytes, { is13, cidLength: this.#cids.of(from) });
    const closed = split.slices.at(-1);
    if (closed?.form !== 'closed') return split;
    const sliceWith = (length: number): CiphertextSlice | undefined => {
      const slice = ciphertextAt(bytes, closed.start, length);
      return typeof slice === 'string' || slice.fragment.length < slice.length ? undefined : slice;
    };
    const cidLength = this.#known.opening.cidLength(from, sliceWith, this.#known.clientHello?.random);
    if (cidLength === undefined) return split;
    this.#cids.guess(from, cidLength);
    return readRecords(bytes, { is13, cidLength });
  }

  /** A ServerHello that stands whole before the first ciphertext of its datagram tells what opens that. */
  #learnFrom(pending: readonly PendingRecord[]): void {
    for (const { fragments, arrives, view } of pending) {
      for (const { message, length, bytes } of fragments) {
        const whole = arrives && view.epoch === 0 && length === message.total && message.from === 'server';
        if (!whole || message.type !== HandshakeType.serverHello) continue;
        const facts = protectionFacts(this.#known.clientHello, readServerHello(bytes));
        if (facts?.version === '1.3') this.#known.opening.learn(facts);
      }
    }
  }

  #ciphertext(
    slice: Exclude<Slice, RecordSlice>,
    index: number,
    entry: Entry,
    from: Actor,
    items: Item[],
    reach: Reach,
    alone: boolean,
  ): PendingRecord {
    const opened =
      slice.form === 'unified' ? this.#known.opening.open13(from, slice, this.#known.clientHello?.random) : 'no-key';
    const epoch = typeof opened === 'object' ? opened.epoch : this.#epochOf(slice, from);
    const view: Draft = {
      index,
      start: slice.start,
      end: slice.end,
      type: slice.firstByte,
      contentType: undefined,
      version: versionNumber['1.3'],
      epoch,
      sequenceNumber: -1,
      length: slice.length,
      cidLength: slice.form === 'unified' ? slice.cid?.length : undefined,
      protection: opened === 'wrong' ? 'undecryptable' : 'encrypted',
      content: undefined,
      fragments: [],
      alert: undefined,
      repeatedNumber: undefined,
    };
    const arrives = slice.end <= reach.intact;
    const pending: PendingRecord = {
      view,
      slice,
      fragments: noFragments,
      arrives,
      finished: 'no',
      believed: true,
      ack: undefined,
    };
    if (typeof opened === 'object') {
      const { sequenceNumber, type, content, inner, header } = opened.record;
      const buffer = decryptedBuffer(entry.ordinal, index);
      const unmasked = unmaskedBuffer(entry.ordinal, index);
      const datagram = datagramBuffer(entry.ordinal);
      const { origins, contents } = this.#buffers;
      const start = slice.end - slice.fragment.length;
      origins.set(buffer, { kind: 'decrypted', from: datagram, start, end: slice.end });
      contents.set(buffer, inner);
      origins.set(unmasked, { kind: 'unmasked', from: datagram, start: slice.start });
      contents.set(unmasked, header);
      Object.assign(view, { sequenceNumber, contentType: type, protection: 'decrypted', unmasked });
      this.#readContent(pending, { bytes: content, buffer, start: 0 }, entry, from, items);
    } else this.#sealed(pending, entry, from, items, alone, opened === 'no-key' || this.#known.opening.opened === 0);
    view.repeatedNumber = this.#repeated(slice, view, from);
    return pending;
  }

  /** What a closed ciphertext may be; `believed` unless a key that opens others does not open it. */
  #sealed(pending: PendingRecord, entry: Entry, from: Actor, items: Item[], alone: boolean, believed: boolean): void {
    const { view } = pending;
    pending.believed = believed;
    if (!believed) return;
    const told = entry.event.contents?.records[view.index];
    if (!told) {
      view.likely = pending.slice.form === 'closed' ? undefined : likelyContent(view.length, view.epoch, alone);
      // With its flight a client has acknowledged the server's: more of epoch 2 is that flight (RFC 9147 §7.1).
      const flightBegun = from === 'client' && view.epoch === 2 && this.#known.sides.client.sealed !== undefined;
      if (flightBegun && view.likely === 'ack') view.likely = 'handshake';
      return;
    }
    view.epoch = told.epoch;
    for (const { message: type, messageSeq, offset, length } of told.fragments) {
      view.likely = 'handshake';
      const key = `${from}/${messageSeq}`;
      const name = handshakeTypeName(type);
      items.push({ key, kind: 'message', type, messageSeq, epoch: told.epoch, name, range: [offset, offset + length] });
      if (type === HandshakeType.finished) pending.finished = 'told';
    }
  }

  /** The epoch of a closed record: the newest that its bits allow (RFC 9147 §4.2.2). */
  #epochOf({ firstByte }: Exclude<Slice, RecordSlice>, from: Actor): number {
    const epoch = reconstructEpoch(firstByte & 3, this.#newest[from] + 1) ?? 0;
    this.#newest[from] = Math.max(this.#newest[from], epoch);
    return epoch;
  }

  #record(slice: RecordSlice, index: number, entry: Entry, from: Actor, items: Item[], reach: Reach): PendingRecord {
    const view: Draft = {
      index,
      start: slice.start,
      end: slice.end,
      type: slice.type,
      contentType: slice.type,
      version: slice.version,
      epoch: slice.epoch,
      sequenceNumber: slice.sequenceNumber,
      length: slice.length,
      cidLength: slice.cid?.length,
      protection: 'plain',
      content: undefined,
      fragments: [],
      alert: undefined,
      repeatedNumber: undefined,
    };
    view.repeatedNumber = this.#repeated(slice, view, from);
    const arrives = slice.end <= reach.intact;
    const pending: PendingRecord = {
      view,
      slice,
      fragments: noFragments,
      arrives,
      finished: 'no',
      believed: true,
      ack: undefined,
    };
    const content = this.#contentOf(slice, index, entry, from);
    if (content) {
      if (slice.epoch > 0) view.protection = 'decrypted';
      this.#readContent(pending, content, entry, from, items);
      return pending;
    }
    view.protection = this.#known.opening.ready && slice.epoch === 1 ? 'undecryptable' : 'encrypted';
    pending.finished = this.#finishedByPlace(slice, index, entry, from);
    if (pending.finished !== 'no') items.push(pseudoItem(from, 'finished'));
    return pending;
  }

  /** What a record holds, in the clear or opened. */
  #readContent(pending: PendingRecord, content: Content, entry: Entry, from: Actor, items: Item[]): void {
    const { view } = pending;
    const { bytes, buffer, start } = content;
    view.content = { buffer, start, end: start + bytes.length };
    switch (view.contentType) {
      case ContentType.handshake:
        pending.fragments = this.#fragments(content, view, entry, from);
        for (const { message, offset, length } of pending.fragments) items.push(itemOf(message, offset, length));
        break;
      case ContentType.changeCipherSpec:
        if (view.epoch === 0) items.push(pseudoItem(from, 'change-cipher-spec'));
        if (bytes.length !== 1) view.unread = { start, reason: 'malformed' };
        break;
      case ContentType.alert: {
        const [level = 0, description = 0] = bytes;
        if (bytes.length === 2) view.alert = { level, description };
        else view.unread = { start, reason: 'malformed' };
        break;
      }
      case ContentType.ack:
        pending.ack = bytes;
        break;
      // A record of nothing but zeros has no type (RFC 8446 §5.4).
      case 0:
        view.unread = { start, reason: 'malformed' };
        break;
      default:
        break;
    }
  }

  #repeated(slice: Slice, view: Draft, from: Actor): RecordView['repeatedNumber'] {
    const key = copyKey(slice, view);
    const before = key === undefined ? undefined : this.#known.sides[from].copies.get(key);
    return before && (equal(before.fragment, slice.fragment) ? 'same-bytes' : 'other-bytes');
  }

  #contentOf(slice: RecordSlice, index: number, entry: Entry, from: Actor): Content | undefined {
    const datagram = datagramBuffer(entry.ordinal);
    const start = slice.end - slice.fragment.length;
    if (slice.epoch === 0) return { bytes: slice.fragment, buffer: datagram, start };
    const bytes = this.#known.opening.open12(from, slice);
    if (!bytes) return undefined;
    const buffer = decryptedBuffer(entry.ordinal, index);
    this.#buffers.origins.set(buffer, { kind: 'decrypted', from: datagram, start, end: slice.end });
    this.#buffers.contents.set(buffer, bytes);
    return { bytes, buffer, start: 0 };
  }

  /**
   * Without keys, the first handshake record of epoch 1 is a Finished (RFC 6347 §4.2.4: nothing else of a handshake is
   * sent under the new keys), and so is one of the same length; another length is a renegotiation. Behind a connection ID the
   * type is encrypted (RFC 9146 §4), and the first record has to be it; data may have its length.
   */
  #finishedByPlace(slice: RecordSlice, index: number, entry: Entry, from: Actor): PendingRecord['finished'] {
    const hidden = slice.type === ContentType.tls12Cid;
    if (!(slice.type === ContentType.handshake || hidden) || slice.epoch !== 1) return 'no';
    const told = entry.event.contents?.records[index];
    if (told && told.epoch === 1 && told.fragments.length > 0)
      return told.fragments.some(({ message }) => message === HandshakeType.finished) ? 'told' : 'no';
    const side = this.#known.sides[from];
    if (side.finishedLength !== undefined) return !hidden && side.finishedLength === slice.length ? 'inferred' : 'no';
    const first = this.#known.sawHandshake && side.applicationDataAt === undefined;
    if (first) side.finishedLength = slice.length;
    return first ? 'inferred' : 'no';
  }

  /** Handshake fragments of a record; there may be several (RFC 6347 §4.2.3). */
  #fragments(content: Content, view: Draft, entry: Entry, from: Actor): readonly PendingFragment[] {
    const { bytes } = content;
    const { epoch } = view;
    const fragments: PendingFragment[] = [];
    const stop = (at: number, reason: UnreadReason): readonly PendingFragment[] => {
      view.unread = { start: content.start + at, reason };
      return fragments;
    };
    let at = 0;
    while (at < bytes.length) {
      if (bytes.length - at < handshakeHeaderLength) return stop(at, 'short');
      const u8 = (i: number): number => bytes[at + i] ?? 0;
      const u24 = (i: number): number => (u8(i) * 256 + u8(i + 1)) * 256 + u8(i + 2);
      const [type, total, messageSeq, offset, length] = [u8(0), u24(1), u8(4) * 256 + u8(5), u24(6), u24(9)];
      const start = at + handshakeHeaderLength;
      const end = start + length;
      if (offset + length > total) return stop(at, 'outside-message');
      if (end > bytes.length) return stop(at, 'short');
      const known = this.#known.messages.all.length;
      const buffer = messageBuffer(entry.ordinal, this.#fragmentsHere++);
      const message = this.#known.messages.of(from, epoch, { type, messageSeq, total }, entry.event.at, buffer);
      if (!message) return stop(at, 'over-limit');
      if (this.#known.messages.all.length > known) {
        this.#buffers.origins.set(message.buffer, message.origin);
        this.#buffers.contents.set(message.buffer, message.assembly);
      }
      const body = bytes.subarray(start, end);
      if (type === HandshakeType.serverHello && offset === 0 && !isBehind(message))
        message.name = nameOf(type, offset, body);
      fragments.push({ message, offset, length, start: content.start + start, end: content.start + end, bytes: body });
      at = end;
    }
    return fragments;
  }
}
