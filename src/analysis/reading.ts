/**
 * Reads the datagrams of one handshake in order: records, fragments, messages, flights. What it knows after a datagram
 * depends on the datagrams before it and on nothing else, so a reading that turned out to rest on too little (a key that
 * came later, a role that was guessed wrongly, a datagram that the link reports as lost) is thrown away and made again.
 *
 * What the link took away was sent but did not arrive: it belongs to a flight and to a sending, and brings no bytes.
 */
import { equal } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { BufferId } from '../trace/buffers.ts';
import type { Actor, DatagramEvent, PacketNumber, TraceTime } from '../trace/model.ts';
import { type ClientHello, handshakeHeaderLength, handshakeTypeName, type ServerHello } from '../wire/handshake.ts';
import type { Leftover, RecordSlice } from '../wire/record.ts';
import { ContentType, HandshakeType, type Version, versionNumber } from '../wire/registry.ts';
import {
  type Buffers,
  datagramBuffer,
  decryptedBuffer,
  type Entry,
  messageBuffer,
  type Reach,
  reachOf,
} from './facts.ts';
import { Flights, type Item, type Placed, type RecordNumber } from './flights.ts';
import {
  type Certificates,
  chosenVersion,
  type KeyExchangeFacts,
  protectionFacts,
  readClientHello,
  readServerHello,
  readServerKeyExchange,
} from './hellos.ts';
import { type KeyRing, Opener, type ProtectionFacts } from './keys.ts';
import { type Budget, type Message, Messages } from './messages.ts';
import type {
  AlertView,
  CertificateView,
  DatagramView,
  FragmentView,
  RecordGap,
  RecordView,
  UnreadReason,
} from './model.ts';
import { RecordNumbers } from './recordNumbers.ts';
import { type CiphertextSlice, readRecords } from './records.ts';

/** What all readings of a trace share. */
export interface Shared {
  readonly crypto: CryptoProvider;
  readonly keys: KeyRing;
  readonly certificates: Certificates;
  readonly budget: Budget;
  readonly buffers: Buffers;
}

/**
 * Same bytes under the same record number within so many milliseconds: the network's copy, no retransmission. Stacks that
 * use numbers twice when they repeat a flight wait longer (werift 500 ms); those with short timers take new numbers.
 */
const copyMs = 300;

export interface FinishedSeen {
  readonly at: TraceTime;
  readonly packet: PacketNumber;
  /** Place among all that was read. */
  readonly order: number;
  /** Decrypted, or told by the endpoint that sent it. */
  readonly read: boolean;
}

/** What one side did, beyond its messages. */
export class Side {
  readonly numbers = new RecordNumbers();
  readonly copies = new Map<
    number,
    { readonly fragment: Uint8Array; readonly at: TraceTime; readonly placed: Placed | undefined }
  >();
  changeCipherSpecAt: TraceTime | undefined;
  finished: FinishedSeen | undefined;
  /** Ciphertext length of its encrypted Finished: repetitions have the same. */
  finishedLength: number | undefined;
  /** First application data, and the order of it. */
  applicationDataAt: TraceTime | undefined;
  /** First DTLS 1.3 record of epoch 3: it has finished (RFC 9147 §6.1). */
  epoch3At: TraceTime | undefined;
  chain: readonly CertificateView[] = [];
}

interface PendingFragment {
  readonly message: Message;
  readonly offset: number;
  readonly length: number;
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}
/** A record's view while it is being made. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<RecordView, 'fragments'>> & { readonly fragments: FragmentView[] };
interface PendingRecord {
  readonly view: Draft;
  readonly slice: RecordSlice | CiphertextSlice;
  fragments: readonly PendingFragment[];
  readonly arrives: boolean;
  finished: 'no' | 'inferred' | 'told';
}
const noFragments: readonly PendingFragment[] = [];

export class Reading {
  readonly messages: Messages;
  readonly flights = new Flights();
  readonly views: DatagramView[] = [];
  readonly alerts: AlertView[] = [];
  readonly sides: Readonly<Record<Actor, Side>> = { client: new Side(), server: new Side() };
  /** The ClientHello with the highest message_seq. */
  clientHello: ClientHello | undefined;
  serverHello: ServerHello | undefined;
  keyExchange: KeyExchangeFacts | undefined;
  helloVerifyRequest = false;
  lastMessage: { readonly from: Actor; readonly message: number; readonly at: TraceTime } | undefined;
  /** Bytes that a message lacked when its flight was sent again for the first time, by message. */
  readonly lackedAtResend = new Map<Message, readonly (readonly [number, number])[]>();
  /** What the link took away and had not arrived before: ranges of messages. */
  readonly taken: {
    readonly message: Message;
    readonly start: number;
    readonly end: number;
    readonly packet: PacketNumber;
  }[] = [];
  /** Datagrams that the capture's snap length cut. */
  snapped = false;
  opened = 0;
  failedToOpen = 0;
  /** Encrypted records were met before what opens them was known. */
  #wantsAgain = false;

  readonly #shared: Shared;
  #opener: Opener | undefined;
  #openerFor: ProtectionFacts | undefined;
  #clientHelloSeq = -1;
  #order = 0;
  #fragmentsHere = 0;

  /** `known` is what an earlier reading of the same datagrams found out about the record protection. */
  constructor(shared: Shared, known: ProtectionFacts | undefined) {
    this.#shared = shared;
    this.messages = new Messages(shared.budget);
    this.#takeKeys(known);
  }

  get version(): Version | undefined {
    return this.serverHello && chosenVersion(this.serverHello);
  }

  get protection(): ProtectionFacts | undefined {
    return protectionFacts(this.clientHello, this.serverHello) ?? this.#openerFor;
  }

  /** Reading the same datagrams again, with what is known now, would open more. */
  get wouldOpenMore(): boolean {
    return this.#wantsAgain && this.#openerOf(this.protection) !== undefined;
  }

  get keyState(): 'none' | 'decrypts' | 'wrong' | 'unused' {
    if (this.opened > 0) return 'decrypts';
    if (this.failedToOpen > 0) return 'wrong';
    const { clientHello } = this;
    return clientHello && this.#shared.keys.get(clientHello.random) ? 'unused' : 'none';
  }

  get recordGaps(): readonly RecordGap[] {
    const of = (from: Actor): RecordGap[] => this.sides[from].numbers.gaps.map((gap) => ({ from, ...gap }));
    return [...of('client'), ...of('server')].sort((a, b) => a.at - b.at);
  }

  /** Whether any handshake message or ChangeCipherSpec was seen. */
  get sawHandshake(): boolean {
    return this.flights.all.length > 0;
  }

  push(entry: Entry, from: Actor): void {
    const { event } = entry;
    const reach = reachOf(entry.link);
    const buffer = datagramBuffer(entry.ordinal);
    this.#fragmentsHere = 0;
    this.#shared.buffers.origins.set(buffer, { kind: 'datagram', packet: event.packet });
    this.#shared.buffers.contents.set(buffer, event.bytes);
    if (event.length > event.bytes.length) this.snapped = true;

    const { slices, leftover } = readRecords(event.bytes, this.version === undefined || this.version === '1.3');
    const items: Item[] = [];
    const pending = slices.map((slice, index) =>
      'firstByte' in slice
        ? this.#ciphertext(slice, index, from, items, reach)
        : this.#record(slice, index, entry, from, items, reach),
    );
    const placed = this.#place(event, from, pending, items);
    for (const record of pending) this.#noteNumber(record, event, from, placed);
    const records = pending.map((record) => this.#absorb(record, entry, from, buffer, placed));
    this.views.push(viewOf(entry, from, reach, buffer, records, leftover, placed));
  }

  /** Remembers a record's number, and what a lower or missing one would mean. */
  #noteNumber(
    { slice, view, fragments }: PendingRecord,
    event: DatagramEvent,
    from: Actor,
    placed: Placed | undefined,
  ) {
    if ('firstByte' in slice || slice.epoch > 15) return;
    const { copies, numbers } = this.sides[from];
    const key = numberKey(slice);
    const before = copies.get(key);
    if (!before) copies.set(key, { fragment: slice.fragment, at: event.at, placed });
    else if (view.repeatedNumber === 'other-bytes' || event.at - before.at > copyMs) numbers.reused = true;
    if (before || slice.epoch > 0) return;
    // A server's HelloVerifyRequest and first ServerHello have the number of the ClientHello (RFC 6347 §4.2.1).
    const answersHello = fragments.some(
      ({ message: { type } }) => type === HandshakeType.helloVerifyRequest || type === HandshakeType.serverHello,
    );
    if (from === 'server' && answersHello && this.sides.client.copies.has(key)) numbers.expect(slice.sequenceNumber);
    numbers.add(slice.sequenceNumber, event);
  }

  /** The view of a datagram whose link events grew, when that changes nothing else. */
  relink(index: number, entry: Entry): void {
    const view = this.views[index];
    if (!view) return;
    const { delivered, deliveredAt } = reachOf(entry.link);
    this.views[index] = { ...view, link: [...entry.link], delivered: delivered ?? entry.assumed, deliveredAt };
  }

  release(): void {
    this.messages.release();
  }

  #takeKeys(facts: ProtectionFacts | undefined): void {
    this.#openerFor = facts;
    this.#opener = this.#openerOf(facts);
  }

  #openerOf(facts: ProtectionFacts | undefined): Opener | undefined {
    if (!facts || this.#shared.keys.empty) return undefined;
    const secret = this.#shared.keys.get(facts.clientRandom)?.get('CLIENT_RANDOM');
    return secret && Opener.of(this.#shared.crypto, facts, secret);
  }

  #ciphertext(slice: CiphertextSlice, index: number, from: Actor, items: Item[], reach: Reach): PendingRecord {
    // Epochs 0 to 3 are all that a handshake in WebRTC uses (RFC 9147 §6.1): 2 is the handshake's, 3 the application's.
    if (slice.epochBits === 2 && slice.end <= reach.intact) {
      const n = this.#order++;
      const common = { key: `${from}/ciphertext`, type: -1, messageSeq: 0, name: 'encrypted' } as const;
      items.push({ ...common, kind: 'ciphertext', range: [n, n + 1] });
    }
    const view: Draft = {
      index,
      start: slice.start,
      end: slice.end,
      type: slice.firstByte,
      version: versionNumber['1.3'],
      epoch: slice.epochBits,
      sequenceNumber: -1,
      length: slice.length,
      protection: 'encrypted',
      content: undefined,
      fragments: [],
      alert: undefined,
      repeatedNumber: undefined,
    };
    return { view, slice, fragments: noFragments, arrives: slice.end <= reach.intact, finished: 'no' };
  }

  #record(slice: RecordSlice, index: number, entry: Entry, from: Actor, items: Item[], reach: Reach): PendingRecord {
    const before = slice.epoch > 15 ? undefined : this.sides[from].copies.get(numberKey(slice));
    const view: Draft = {
      index,
      start: slice.start,
      end: slice.end,
      type: slice.type,
      version: slice.version,
      epoch: slice.epoch,
      sequenceNumber: slice.sequenceNumber,
      length: slice.length,
      protection: 'plain',
      content: undefined,
      fragments: [],
      alert: undefined,
      repeatedNumber: before && (equal(before.fragment, slice.fragment) ? 'same-bytes' : 'other-bytes'),
    };
    const arrives = slice.end <= reach.intact;
    const pending: PendingRecord = { view, slice, fragments: noFragments, arrives, finished: 'no' };
    const content = this.#contentOf(slice, index, entry, from);
    if (!content) {
      view.protection = this.#opener && slice.epoch === 1 ? 'undecryptable' : 'encrypted';
      pending.finished = this.#finishedByPlace(slice, index, entry, from);
      if (pending.finished !== 'no') items.push(pseudoItem(from, 'finished'));
      return pending;
    }
    const { bytes, buffer, start } = content;
    view.content = { buffer, start, end: start + bytes.length };
    if (slice.epoch > 0) view.protection = 'decrypted';
    switch (slice.type) {
      case ContentType.handshake:
        pending.fragments = this.#fragments(content, view, entry, from);
        for (const { message, offset, length } of pending.fragments) items.push(itemOf(message, offset, length));
        break;
      case ContentType.changeCipherSpec:
        if (slice.epoch === 0) items.push(pseudoItem(from, 'change-cipher-spec'));
        if (bytes.length !== 1) view.unread = { start, reason: 'malformed' };
        break;
      case ContentType.alert: {
        const [level = 0, description = 0] = bytes;
        if (bytes.length === 2) view.alert = { level, description };
        else view.unread = { start, reason: 'malformed' };
        break;
      }
      default:
        break;
    }
    return pending;
  }

  #contentOf(
    slice: RecordSlice,
    index: number,
    entry: Entry,
    from: Actor,
  ): { readonly bytes: Uint8Array; readonly buffer: BufferId; readonly start: number } | undefined {
    const datagram = datagramBuffer(entry.ordinal);
    const start = slice.end - slice.fragment.length;
    if (slice.epoch === 0) return { bytes: slice.fragment, buffer: datagram, start };
    if (!this.#opener) this.#wantsAgain = true;
    if (!this.#opener || slice.epoch !== 1) return undefined;
    const bytes = this.#opener.open(from, slice);
    if (!bytes) {
      this.failedToOpen++;
      return undefined;
    }
    this.opened++;
    const buffer = decryptedBuffer(entry.ordinal, index);
    this.#shared.buffers.origins.set(buffer, { kind: 'decrypted', from: datagram, start, end: slice.end });
    this.#shared.buffers.contents.set(buffer, bytes);
    return { bytes, buffer, start: 0 };
  }

  /**
   * Without keys, the first handshake record of epoch 1 is a Finished (RFC 6347 §4.2.4: nothing else of a handshake is
   * sent under the new keys), and so is one of the same length; another length is a renegotiation.
   */
  #finishedByPlace(slice: RecordSlice, index: number, entry: Entry, from: Actor): PendingRecord['finished'] {
    if (slice.type !== ContentType.handshake || slice.epoch !== 1) return 'no';
    const told = entry.event.contents?.records[index];
    if (told && told.epoch === 1 && told.fragments.length > 0)
      return told.fragments.some(({ message }) => message === HandshakeType.finished) ? 'told' : 'no';
    const side = this.sides[from];
    if (side.finishedLength !== undefined) return side.finishedLength === slice.length ? 'inferred' : 'no';
    const first = this.sawHandshake && side.applicationDataAt === undefined;
    if (first) side.finishedLength = slice.length;
    return first ? 'inferred' : 'no';
  }

  /** Handshake fragments of a record; there may be several (RFC 6347 §4.2.3). */
  #fragments(
    content: { readonly bytes: Uint8Array; readonly buffer: BufferId; readonly start: number },
    view: Draft,
    entry: Entry,
    from: Actor,
  ): readonly PendingFragment[] {
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
      const known = this.messages.all.length;
      const buffer = messageBuffer(entry.ordinal, this.#fragmentsHere++);
      const message = this.messages.of(from, epoch, { type, messageSeq, total }, entry.event.at, buffer);
      if (!message) return stop(at, 'over-limit');
      if (this.messages.all.length > known) {
        this.#shared.buffers.origins.set(message.buffer, message.origin);
        this.#shared.buffers.contents.set(message.buffer, message.assembly);
      }
      const body = bytes.subarray(start, end);
      fragments.push({ message, offset, length, start: content.start + start, end: content.start + end, bytes: body });
      at = end;
    }
    return fragments;
  }

  #place(event: DatagramEvent, from: Actor, pending: readonly PendingRecord[], items: Item[]): Placed | undefined {
    if (items.length === 0) return undefined;
    const original = event.contents ? undefined : this.#originalOf(event, from, pending);
    if (original) {
      this.flights.placeCopy(event.packet, original);
      return original;
    }
    const number = recordNumberOf(pending);
    const placed = this.flights.place(from, event.at, event.packet, items, number, event.contents?.attempt);
    if (placed?.began && placed.flight.sendings.length === 2) this.#noteWhatLacked(placed);
    for (const { fragments } of pending) {
      for (const { message } of fragments) message.noteSending(placed?.sending.attempt ?? 0);
    }
    return placed;
  }

  /** The datagram that this one is a copy of. */
  #originalOf(event: DatagramEvent, from: Actor, pending: readonly PendingRecord[]): Placed | undefined {
    let placed: Placed | undefined;
    for (const { view, slice } of pending) {
      if ('firstByte' in slice || view.repeatedNumber !== 'same-bytes') return undefined;
      const before = this.sides[from].copies.get(numberKey(slice));
      if (!before || event.at - before.at > copyMs) return undefined;
      placed ??= before.placed;
    }
    return placed;
  }

  /** A flight is being sent again: what of it had not been seen by now was not seen at its first sending. */
  #noteWhatLacked({ flight }: Placed): void {
    for (const message of this.messages.all) {
      if (!flight.items.has(message.key) || message.arrivals.length === 0 || message.assembly.complete) continue;
      this.lackedAtResend.set(message, message.assembly.missing);
    }
  }

  /** Takes what a record brings into messages, sides and alerts. */
  #absorb(record: PendingRecord, entry: Entry, from: Actor, buffer: BufferId, placed: Placed | undefined): RecordView {
    const { event } = entry;
    const { slice, arrives, view } = record;
    const side = this.sides[from];
    for (const pending of record.fragments)
      view.fragments.push(this.#absorbFragment(pending, record, entry, from, placed));
    if (!arrives) {
      // What an endpoint of ours said counts even when it got lost.
      if (view.type === ContentType.alert && event.contents) this.#alert(record, event, from, buffer);
      return view;
    }
    const order = this.#order++;
    if ('firstByte' in slice) {
      if (slice.epochBits === 3) side.epoch3At ??= event.at;
      return view;
    }
    if (record.finished !== 'no') this.#finish(from, event, order, record.finished === 'told');
    if (slice.type === ContentType.changeCipherSpec && slice.epoch === 0) side.changeCipherSpecAt ??= event.at;
    if (slice.type === ContentType.applicationData && slice.epoch > 0) side.applicationDataAt ??= event.at;
    if (slice.type === ContentType.alert) this.#alert(record, event, from, buffer);
    return view;
  }

  #absorbFragment(
    pending: PendingFragment,
    record: PendingRecord,
    entry: Entry,
    from: Actor,
    placed: Placed | undefined,
  ): FragmentView {
    const { message, offset, length, start, end } = pending;
    const { event } = entry;
    const { at, packet } = event;
    let newBytes = 0;
    if (record.arrives) {
      const wasComplete = message.completeAt !== undefined;
      const from_ = record.view.content?.buffer ?? datagramBuffer(entry.ordinal);
      const effect = message.add(offset, pending.bytes, at, packet, from_, start);
      newBytes = effect?.fresh.reduce((sum, [low, high]) => sum + high - low, 0) ?? 0;
      if (placed && placed.sending.attempt === 0 && placed.flight.sendings.length > 1)
        this.#cameLate(message, offset, end - start);
      if (!wasComplete && message.completeAt !== undefined) this.#completed(message, event, from);
    } else if (!message.assembly.have.covers(offset, offset + length) || message.total === 0) {
      this.taken.push({ message, start: offset, end: offset + length, packet });
    }
    const { type, seq, total, key, sendings } = message;
    const occurrence = placed && sendings.has(placed.sending.attempt) ? sendings.size - 1 : sendings.size;
    return { messageKey: key, message: type, messageSeq: seq, offset, length, total, start, end, newBytes, occurrence };
  }

  /** A datagram of the first sending arrived after the second had begun: it was slow, not lost. */
  #cameLate(message: Message, offset: number, length: number): void {
    const lacked = this.lackedAtResend.get(message);
    if (!lacked) return;
    const left = lacked.flatMap(([start, end]): [number, number][] => [
      [start, Math.min(end, offset)],
      [Math.max(start, offset + length), end],
    ]);
    this.lackedAtResend.set(
      message,
      left.filter(([start, end]) => start < end),
    );
  }

  #completed(message: Message, event: DatagramEvent, from: Actor): void {
    const { body } = message.assembly;
    this.lastMessage = { from, message: message.type, at: event.at };
    switch (message.type) {
      case HandshakeType.clientHello:
        if (from === 'client' && message.epoch === 0 && message.seq > this.#clientHelloSeq) {
          this.clientHello = readClientHello(body) ?? this.clientHello;
          this.#clientHelloSeq = message.seq;
        }
        break;
      case HandshakeType.serverHello:
        if (from === 'server' && message.epoch === 0) {
          this.serverHello = readServerHello(body) ?? this.serverHello;
          if (!this.#opener) this.#takeKeys(protectionFacts(this.clientHello, this.serverHello));
        }
        break;
      case HandshakeType.helloVerifyRequest:
        this.helloVerifyRequest = true;
        break;
      case HandshakeType.certificate:
        if (message.epoch === 0) this.sides[from].chain = this.#shared.certificates.chain(body);
        break;
      case HandshakeType.serverKeyExchange:
        this.keyExchange ??= readServerKeyExchange(body, this.serverHello);
        break;
      case HandshakeType.finished:
        this.#finish(from, event, this.#order++, true);
        break;
      default:
        break;
    }
  }

  #finish(from: Actor, event: DatagramEvent, order: number, read: boolean): void {
    if (this.sides[from].finished) return;
    this.sides[from].finished = { at: event.at, packet: event.packet, order, read };
    this.lastMessage = { from, message: HandshakeType.finished, at: event.at };
  }

  #alert({ view, slice }: PendingRecord, event: DatagramEvent, from: Actor, buffer: BufferId): void {
    if (view.unread) return;
    const { client, server } = this.sides;
    // A repeated alert (the offending record came again, RFC 9147 §5.10) is listed once.
    const alert = view.alert ?? { level: 0, description: 0 };
    const readable = view.alert !== undefined;
    const same = this.alerts.some(
      (known) =>
        known.from === from &&
        known.level === alert.level &&
        known.description === alert.description &&
        known.readable === readable,
    );
    if (same || 'firstByte' in slice) return;
    const content = view.content?.buffer === buffer ? view.content : undefined;
    this.alerts.push({
      at: event.at,
      from,
      level: alert.level,
      description: alert.description,
      afterMessage: this.lastMessage && handshakeTypeName(this.lastMessage.message),
      where: { packet: event.packet, start: content?.start ?? slice.start, end: content?.end ?? slice.end },
      readable,
      beforeFinished: !client.finished || !server.finished,
    });
  }
}

const numberKey = (slice: RecordSlice): number => slice.epoch * 2 ** 48 + slice.sequenceNumber;

const itemOf = (message: Message, offset: number, length: number): Item => ({
  key: message.key,
  kind: 'message',
  type: message.type,
  messageSeq: message.seq,
  name: handshakeTypeName(message.type),
  range: [offset, offset + length],
});

const pseudoItem = (from: Actor, kind: 'change-cipher-spec' | 'finished'): Item => ({
  key: `${from}/${kind}`,
  kind,
  type: kind === 'finished' ? HandshakeType.finished : -1,
  messageSeq: 0,
  name: kind === 'finished' ? 'finished' : 'change_cipher_spec',
  range: [0, 1],
});

/** The numbers of a datagram's first epoch, where they can place it. */
function recordNumberOf(pending: readonly PendingRecord[]): RecordNumber | undefined {
  let number: RecordNumber | undefined;
  for (const { slice, view } of pending) {
    if ('firstByte' in slice) continue;
    if (number && slice.epoch !== number.epoch) break;
    const { epoch, sequenceNumber } = slice;
    number = {
      epoch,
      first: Math.min(number?.first ?? sequenceNumber, sequenceNumber),
      last: Math.max(number?.last ?? sequenceNumber, sequenceNumber),
      reused: (number?.reused ?? false) || view.repeatedNumber !== undefined,
    };
  }
  return number;
}

function viewOf(
  entry: Entry,
  from: Actor,
  reach: Reach,
  buffer: BufferId,
  records: readonly RecordView[],
  leftover: Leftover | undefined,
  placed: Placed | undefined,
): DatagramView {
  const { packet, at, length, bytes } = entry.event;
  let newBytes = 0;
  for (const record of records) for (const fragment of record.fragments) newBytes += fragment.newBytes;
  return {
    packet,
    at,
    from,
    size: length,
    bytes,
    buffer,
    records,
    leftover: leftover && {
      start: leftover.start,
      reason: length > bytes.length ? 'snap-length' : leftover.reason,
      declared: declaredBytes(leftover),
    },
    flight: placed?.flight.number,
    attempt: placed?.sending.attempt ?? 0,
    link: [...entry.link],
    delivered: reach.delivered ?? entry.assumed,
    deliveredAt: reach.deliveredAt,
    newBytes,
  };
}

/** Bytes that the cut record would have had, its header included. */
const declaredBytes = ({ record }: Leftover): number | undefined => record && record.length + 13;
