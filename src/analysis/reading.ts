/**
 * Reads the datagrams of one handshake in order: records, fragments, messages, flights. What it knows after a datagram
 * depends on the datagrams before it and on nothing else, so a reading that turned out to rest on too little (a key that
 * came later, a role that was guessed wrongly, a datagram that the link reports as lost) is thrown away and made again.
 *
 * What the link took away was sent but did not arrive: it belongs to a flight and to a sending, and brings no bytes.
 */
import type { CryptoProvider } from '../crypto/provider.ts';
import type { BufferId } from '../trace/buffers.ts';
import type { Actor, DatagramEvent, PacketNumber } from '../trace/model.ts';
import { findExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  type EncryptedExtensions,
  type HelloRetryRequest,
  handshakeTypeName,
  type ServerHello,
} from '../wire/handshake.ts';
import { ContentType, HandshakeType, type Version } from '../wire/registry.ts';
import { readAck } from './acks.ts';
import { CidLengths } from './cids.ts';
import { type Buffers, datagramBuffer, type Entry, reachOf } from './facts.ts';
import { type FinishedFits, finishedFits, noFits } from './finished.ts';
import { Flights, type Item, isBehind, type Placed } from './flights.ts';
import {
  type Certificates,
  chosenVersion,
  type KeyExchangeFacts,
  type Negotiation,
  protectionFacts,
  readClientHello,
  readEncryptedExtensions,
  readHelloRetryRequest,
  readServerHello,
  readServerKeyExchange,
  readVerifyScheme,
} from './hellos.ts';
import type { KeyRing, ProtectionFacts } from './keys.ts';
import { type Budget, type Message, Messages } from './messages.ts';
import type { AlertView, DatagramView, FragmentView, LastMessage, RecordGap, RecordView } from './model.ts';
import { Opening } from './opening.ts';
import type { PeekedMessage } from './peek.ts';
import { numberKey, type PendingFragment, type PendingRecord, recordNumbersOf, viewOf } from './pending.ts';
import { RecordReader, type SoFar } from './recordReader.ts';
import { likelyAcknowledged } from './sealed.ts';
import { copyKey, Side } from './side.ts';

/** What all readings of a trace share. */
export interface Shared {
  readonly crypto: CryptoProvider;
  readonly keys: KeyRing;
  readonly certificates: Certificates;
  readonly budget: Budget;
  readonly buffers: Buffers;
  /** Copy what is kept of datagrams: their bytes lie in something large that is to go away. */
  readonly detach: boolean;
}

/**
 * Same bytes under the same record number within so many milliseconds: the network's copy, no retransmission. Stacks that
 * use numbers twice when they repeat a flight wait longer (werift 500 ms); those with short timers take new numbers.
 */
const copyMs = 300;

export class Reading implements Negotiation, SoFar {
  readonly messages: Messages;
  readonly flights = new Flights();
  readonly views: DatagramView[] = [];
  readonly alerts: AlertView[] = [];
  readonly sides: Readonly<Record<Actor, Side>> = { client: new Side(), server: new Side() };
  /** The ClientHello with the highest message_seq. */
  clientHello: ClientHello | undefined;
  serverHello: ServerHello | undefined;
  helloRetryRequest: HelloRetryRequest | undefined;
  encryptedExtensions: EncryptedExtensions | undefined;
  /** In DTLS 1.3 the server's signature alone: its group stands in the hellos. */
  keyExchange: KeyExchangeFacts | undefined;
  helloVerifyRequest = false;
  lastMessage: LastMessage | undefined;
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
  readonly opening: Opening;
  /** Guessed by size that an alert was among the closed records. */
  guessedAlerts = false;

  readonly #shared: Shared;
  readonly #cids = new CidLengths();
  readonly #records: RecordReader;
  /** What was found with so many messages complete. */
  #fits: { readonly of: number; readonly fits: FinishedFits } | undefined;
  #clientHelloSeq = -1;
  #order = 0;

  /** `known` is what an earlier reading of the same datagrams found out about the record protection. */
  constructor(shared: Shared, known: ProtectionFacts | undefined) {
    this.#shared = shared;
    this.messages = new Messages(shared.budget);
    this.opening = new Opening(shared.crypto, shared.keys, known);
    this.#records = new RecordReader(this, shared.buffers, this.#cids);
  }

  get version(): Version | undefined {
    const hello = this.serverHello ?? this.helloRetryRequest;
    // Records that open prove their version as well.
    return hello ? chosenVersion(hello) : this.opening.facts?.version;
  }

  get protection(): ProtectionFacts | undefined {
    return protectionFacts(this.clientHello, this.serverHello) ?? this.opening.facts;
  }

  /** Reading the same datagrams again, with what is known now, would open more. */
  get wouldOpenMore(): boolean {
    return this.opening.wouldOpenMore(this.protection);
  }

  get keyState(): 'none' | 'decrypts' | 'wrong' | 'unused' {
    if (this.opening.opened > 0) return 'decrypts';
    if (this.opening.failed > 0) return 'wrong';
    const { clientHello } = this;
    return clientHello && this.#shared.keys.get(clientHello.random) ? 'unused' : 'none';
  }

  /** Of each side's Finished, where keys have opened it. */
  get finishedFits(): FinishedFits {
    const { client, server } = this.sides;
    const { facts } = this.opening;
    const secrets = facts && this.#shared.keys.get(facts.clientRandom);
    if (!secrets || !(client.finished?.read || server.finished?.read)) return noFits;
    const known = this.#fits;
    const { length } = this.messages.all.filter(({ assembly }) => assembly.complete);
    if (known?.of === length) return known.fits;
    const fits = finishedFits(this.#shared.crypto, this.messages.all, facts, secrets);
    this.#fits = { of: length, fits };
    return fits;
  }

  get recordGaps(): readonly RecordGap[] {
    // Records behind a snap length were there, and nobody saw their numbers.
    if (this.snapped) return [];
    const of = (from: Actor): RecordGap[] => this.sides[from].gaps.map((gap) => ({ from, ...gap }));
    return [...of('client'), ...of('server')].sort((a, b) => a.at - b.at);
  }

  /** Connection IDs that its records may carry, once both hellos are known. */
  get connectionIds(): readonly Uint8Array[] {
    const { clientHello: client, serverHello: server } = this;
    if (!client || !server) return [];
    const theirs = findExtension(client.extensions, 'connection_id')?.cid;
    const ours = findExtension(server.extensions, 'connection_id')?.cid;
    return theirs && ours ? [theirs, ours].filter(({ length }) => length > 0) : [];
  }

  /** Whether a message of epoch 0 goes on where this side was: the next one, or a part of one that was begun. */
  continuesWith(from: Actor, { type, total, messageSeq, recordNumber }: PeekedMessage): boolean {
    if (this.sides.client.finished && this.sides.server.finished) return false;
    if (!this.sides[from].numbers[0].follows(recordNumber)) return false;
    let newest = -1;
    for (const message of this.messages.all) {
      if (message.from !== from || message.epoch !== 0) continue;
      if (message.seq === messageSeq) return message.type === type && message.total === total;
      newest = Math.max(newest, message.seq);
    }
    return messageSeq === newest + 1;
  }

  /** What was opened of a record. */
  readonly contentOf = (buffer: BufferId): Uint8Array | undefined => {
    const content = this.#shared.buffers.contents.get(buffer);
    return content instanceof Uint8Array ? content : undefined;
  };

  /** Whether any handshake message or ChangeCipherSpec was seen. */
  get sawHandshake(): boolean {
    return this.flights.all.length > 0;
  }

  push(entry: Entry, from: Actor): void {
    const { event } = entry;
    const reach = reachOf(entry.link);
    const buffer = datagramBuffer(entry.ordinal);
    this.#shared.buffers.origins.set(buffer, { kind: 'datagram', packet: event.packet });
    this.#shared.buffers.contents.set(buffer, event.bytes);
    if (event.length > event.bytes.length) this.snapped = true;

    const items: Item[] = [];
    const { pending, leftover } = this.#records.read(entry, from, reach, items);
    this.#addSealed(pending, event, from, items);
    const placed = this.#place(event, from, pending, items);
    for (const record of pending) this.#noteNumber(record, event, from, placed);
    const records = pending.map((record) => this.#absorb(record, entry, from, buffer, placed));
    this.views.push(viewOf(entry, from, reach, buffer, records, leftover, placed));
  }

  /** Whether a datagram holds application data of DTLS 1.3 and nothing else, as far as that can be told. */
  isData13(event: DatagramEvent, from: Actor): boolean {
    return this.#records.isData13(event, from);
  }

  /** Closed handshake records of epoch 2 as items, so that they have a flight. */
  #addSealed(pending: readonly PendingRecord[], event: DatagramEvent, from: Actor, items: Item[]): void {
    if (event.contents || !pending.some(({ view }) => view.likely === 'handshake')) return;
    const sealed = pending.filter(({ view, arrives }) => view.likely === 'handshake' && arrives);
    if (sealed.length === 0) return;
    if (sealed.some(({ view }) => view.repeatedNumber === 'same-bytes')) return;
    const side = this.sides[from];
    const repeats = pending.some(({ fragments }) =>
      fragments.some(
        ({ message, offset, length }) => length > 0 && message.assembly.have.covers(offset, offset + length),
      ),
    );
    const other = from === 'client' ? 'server' : 'client';
    const sizes = sealed.map(({ view }) => view.length);
    const [asked, acknowledged] = [this.flights.lastResend(other), this.flights.lastAcknowledgement(other)];
    items.push(...side.sealedFlight.take(from, sizes, event.at, repeats, asked, acknowledged));
  }

  /** Remembers a record's number, and what a lower or missing one would mean. */
  #noteNumber(
    { slice, view, fragments }: PendingRecord,
    event: DatagramEvent,
    from: Actor,
    placed: Placed | undefined,
  ): void {
    const { copies, numbers } = this.sides[from];
    const key = copyKey(slice, view);
    if (key === undefined) return;
    const { epoch, sequenceNumber } = view;
    const known = copies.get(key);
    if (!known) {
      const { packet, at } = event;
      copies.set(key, { fragment: slice.fragment, at, placed, packet, index: view.index, fragments: view.fragments });
    } else if ((epoch === 0 || epoch === 2) && (view.repeatedNumber === 'other-bytes' || event.at - known.at > copyMs))
      numbers[epoch].reused = true;
    if (known || sequenceNumber < 0) return;
    if (epoch === 2 && slice.form === 'unified') numbers[2].add(sequenceNumber, event);
    if (epoch > 0) return;
    // A server's HelloVerifyRequest and first ServerHello have the number of the ClientHello (RFC 6347 §4.2.1).
    const answersHello = fragments.some(
      ({ message: { type } }) => type === HandshakeType.helloVerifyRequest || type === HandshakeType.serverHello,
    );
    if (from === 'server' && answersHello && this.sides.client.copies.has(key)) numbers[0].expect(sequenceNumber);
    numbers[0].add(sequenceNumber, event);
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

  #place(event: DatagramEvent, from: Actor, pending: readonly PendingRecord[], items: Item[]): Placed | undefined {
    const original = event.contents ? undefined : this.#originalOf(event, from, pending);
    if (original) {
      this.flights.placeCopy(event.packet, original);
      return original;
    }
    if (items.length === 0) return undefined;
    const numbers = recordNumbersOf(pending);
    const placed = this.flights.place(from, event.at, event.packet, items, numbers, event.contents?.attempt);
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
      const key = copyKey(slice, view);
      if (key === undefined || view.repeatedNumber !== 'same-bytes') return undefined;
      const before = this.sides[from].copies.get(key);
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
    if (record.ack) this.#acknowledge(record, record.ack, event, from);
    if (!arrives) {
      // What an endpoint of ours said counts even when it got lost.
      if (view.contentType === ContentType.alert && event.contents) this.#alert(record, event, from, buffer);
      return view;
    }
    const order = this.#order++;
    if (record.finished !== 'no') this.#finish(from, event, order, record.finished === 'told');
    if (slice.form === 'plain') {
      if (slice.type === ContentType.changeCipherSpec && slice.epoch === 0) side.changeCipherSpecAt ??= event.at;
      if (slice.type === ContentType.applicationData && slice.epoch > 0) side.applicationDataAt ??= event.at;
    } else this.#noteCiphertext(record, event, from, order);
    if (view.contentType === ContentType.alert || view.likely === 'alert') this.#alert(record, event, from, buffer);
    return view;
  }

  /** What a ciphertext of DTLS 1.3 says of how far its sender has come. */
  #noteCiphertext(
    { view, slice, believed }: PendingRecord,
    { at, packet }: DatagramEvent,
    from: Actor,
    order: number,
  ): void {
    const side = this.sides[from];
    const other: Actor = from === 'client' ? 'server' : 'client';
    if (view.epoch === 2 && view.likely === 'handshake') side.sealed = { at, packet, order, read: false };
    // The client's flight answers the whole of the server's (RFC 8446 §2).
    const answers = view.likely === 'handshake' || view.contentType === ContentType.handshake;
    if (from === 'client' && view.epoch === 2 && answers) this.#finishSealed('server');
    if (view.likely === 'ack') this.flights.noteLikelyAcknowledgement(from, at);
    const opened = view.protection === 'decrypted';
    const isAlert = opened ? view.contentType === ContentType.alert : view.likely === 'alert';
    // Whoever answers what came in epoch 3 has opened it, and so has taken the last flight.
    if (isAlert && view.epoch >= 3) {
      side.closedAt ??= at;
      if (from === 'server' && this.sides.client.closedAt !== undefined && view.alert?.level !== 2) {
        this.#finishSealed('client');
        if (this.sides.client.finished) side.confirmedAt ??= at;
      }
    }
    if (view.epoch < 3 || isAlert || !believed || slice.form === 'closed') return;
    if (view.contentType === ContentType.applicationData) side.applicationDataAt ??= at;
    if (from === 'client') this.#finishSealed('server');
    if (from === 'client' || this.sides.client.sealed) this.#finishSealed('client');
    side.epoch3At ??= at;
    // A server may send in epoch 3 before it has heard anything of the client's last flight, and may acknowledge a part.
    const partial = opened
      ? view.contentType === ContentType.ack
      : view.likely === 'ack' && !this.sides[other].sealedFlight.acknowledgedBy(likelyAcknowledged(view.length));
    if (!partial && this.sides[other].finished) side.confirmedAt ??= at;
  }

  /** A side has sent its Finished, in the last of the closed records of its flight. */
  #finishSealed(from: Actor): void {
    const side = this.sides[from];
    const { sealed } = side;
    if (side.finished || !sealed) return;
    side.finished = sealed;
    const type = HandshakeType.finished;
    if (!this.lastMessage || this.lastMessage.at <= sealed.at)
      this.lastMessage = { from, message: type, name: handshakeTypeName(type), at: sealed.at };
  }

  /** Books the records that an ACK lists. */
  #acknowledge({ view, arrives }: PendingRecord, content: Uint8Array, { at }: DatagramEvent, from: Actor): void {
    const other: Actor = from === 'client' ? 'server' : 'client';
    const listed = readAck(content, (epoch, sequenceNumber) =>
      this.sides[other].copies.get(numberKey({ epoch, sequenceNumber }) ?? -1),
    );
    if (!listed) {
      view.unread = { start: view.content?.start ?? 0, reason: 'malformed' };
      return;
    }
    view.ack = listed;
    if (!arrives) return;
    for (const { messageKey, offset, length } of listed.flatMap(({ fragments }) => fragments)) {
      this.messages.get(messageKey)?.acknowledge(offset, offset + length);
      this.flights.noteAcknowledged(messageKey, at);
    }
    // What is only buffered is acknowledged as well: no message of the flight may be missing (RFC 9147 §7.1).
    const has = ({ epoch, from: sender, total, acknowledged }: Message): boolean =>
      sender === from || epoch !== 2 || acknowledged.covers(0, total);
    if (this.sides[other].finished?.read && this.messages.all.every(has)) this.sides[from].confirmedAt ??= at;
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
    } else if (
      message.total === 0 ? message.arrivals.length === 0 : !message.assembly.have.covers(offset, offset + length)
    ) {
      this.taken.push({ message, start: offset, end: offset + length, packet });
    }
    const { type, seq, total, key, name, sendings } = message;
    const occurrence = placed && sendings.has(placed.sending.attempt) ? sendings.size - 1 : sendings.size;
    return {
      messageKey: key,
      message: type,
      name,
      messageSeq: seq,
      offset,
      length,
      total,
      start,
      end,
      newBytes,
      occurrence,
    };
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
    const is13 = this.version === '1.3';
    if (!isBehind(message)) this.lastMessage = { from, message: message.type, name: message.name, at: event.at };
    switch (message.type) {
      case HandshakeType.clientHello:
        if (from === 'client' && message.epoch === 0 && message.seq > this.#clientHelloSeq) {
          this.clientHello = readClientHello(body) ?? this.clientHello;
          this.#clientHelloSeq = message.seq;
        }
        break;
      case HandshakeType.serverHello:
        if (from === 'server' && message.epoch === 0) {
          this.helloRetryRequest ??= readHelloRetryRequest(body);
          this.serverHello = readServerHello(body) ?? this.serverHello;
          if (!this.opening.ready) this.opening.learn(protectionFacts(this.clientHello, this.serverHello));
          this.#cids.learn(this.clientHello, this.serverHello);
        }
        break;
      case HandshakeType.helloVerifyRequest:
        this.helloVerifyRequest = true;
        break;
      case HandshakeType.encryptedExtensions:
        if (from === 'server') this.encryptedExtensions ??= readEncryptedExtensions(body);
        break;
      case HandshakeType.certificate:
        if (message.epoch === 0 || is13) this.sides[from].chain = this.#shared.certificates.chain(body, is13);
        break;
      case HandshakeType.certificateVerify:
        if (is13 && from === 'server') this.keyExchange ??= { group: undefined, signature: readVerifyScheme(body) };
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
    const message = HandshakeType.finished;
    this.lastMessage = { from, message, name: handshakeTypeName(message), at: event.at };
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
    if (same) return;
    if (view.likely === 'alert') this.guessedAlerts = true;
    const content = view.content?.buffer === buffer ? view.content : undefined;
    this.alerts.push({
      at: event.at,
      from,
      level: alert.level,
      description: alert.description,
      afterMessage: this.lastMessage?.name,
      where: { packet: event.packet, start: content?.start ?? slice.start, end: content?.end ?? slice.end },
      readable,
      beforeFinished: !client.finished || !server.finished,
    });
  }
}
