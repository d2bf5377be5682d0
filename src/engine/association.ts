/**
 * One side of an association, whatever its version and role: takes datagrams apart and hands whole messages on, in order;
 * alerts, application data, closing. It knows records, fragments and addresses, and nothing of what a message means: that
 * is the `Handshake`'s, which in turn never sees a datagram.
 *
 * Noise is ignored, with an event that says why (`Ignored`); only what an authenticated or an expected message gets wrong
 * is a failure, and ends the association.
 */
import { concat } from '../base/bytes.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { encode, tryDecode } from '../codec/codec.ts';
import type { Faults } from '../profiles/model.ts';
import { handshakeHeader, handshakeHeaderLength, handshakeTypeName } from '../wire/handshake.ts';
import { alert } from '../wire/record.ts';
import {
  alertDescriptions,
  ContentType,
  contentTypes,
  HandshakeType,
  nameIn,
  numberIn,
  type Version,
  versionNumber,
} from '../wire/registry.ts';
import { ack } from '../wire/unified.ts';
import { Acknowledger } from './acknowledging.ts';
import type { DatagramContents, EndpointConfig, EngineEvent, Environment, Input, Output, PeerAddress } from './api.ts';
import { Doorstep, type FirstHello } from './doorstep.ts';
import { type AnySlice, Epochs, type Opened } from './epochs.ts';
import { alertFor, type DropReason, type Failure, type Ignored, ignored } from './failure.ts';
import { type Flight, Flights } from './flights.ts';
import { type Fragment, fragmentAt, Inbox } from './inbox.ts';
import { LastWord } from './lastWord.ts';
import type { Message, Runner } from './machine.ts';
import { pickyAbout } from './pickiness.ts';
import type { Connected } from './proofs.ts';
import { RecordLayer } from './records.ts';
import type { TranscriptSink } from './transcript.ts';

/** What understands messages: a version in a role. It drives the association by `sendFlight`, `establish` and the like. */
export interface Handshake extends Runner {
  /** Changes our sending keys (RFC 9147 §8); absent where there is no such thing. */
  readonly updateKeys?: ((request: boolean) => void) | undefined;
}

const Level = { warning: 1, fatal: 2 } as const;
const closeNotify = 0;
const userCanceled = 90;
const noRenegotiation = 100;
/** The part of a key's limit behind which it is changed (RFC 9147 §4.5.3). */
const wornOut = 0.75;

const contentName = nameIn(contentTypes, 2);

export class Association {
  readonly config: EndpointConfig;
  readonly env: Environment;
  readonly records: RecordLayer;
  readonly inbox: Inbox;
  /** Who has proved nothing yet. */
  readonly doorstep: Doorstep;
  readonly #flights: Flights;
  readonly #acks: Acknowledger;
  readonly #epochs: Epochs;
  readonly #faults: Faults;
  readonly #picky: ReturnType<typeof pickyAbout>;
  /** What the handshake hashes, for an endpoint that hashes repeats as well. */
  transcript: TranscriptSink | undefined;
  #outputs: Output[] = [];
  #taken = 0;
  #handshake: Handshake | undefined;
  #now = 0 as Instant;

  /** Whom we talk to; a server learns it from the hello that it accepts. */
  #peer: PeerAddress | undefined;
  #connected: Connected | undefined;
  #end: 'closed' | 'failed' | undefined;
  /** What is being taken, which is what was wrong if that ends in a failure. */
  #taking: { readonly epoch: number; readonly seq: number } | undefined;
  #lastWord: LastWord | undefined;
  /** A ChangeCipherSpec has no message_seq: one that overtook its flight waits here for its turn. */
  #earlyChangeCipherSpec = false;
  /** Application data that came before the peer's Finished. */
  #early: Uint8Array[] = [];

  constructor(config: EndpointConfig, env: Environment) {
    this.config = config;
    this.env = env;
    this.records = new RecordLayer(config.replayWindow, config.lastFlightMs / 2);
    this.#epochs = new Epochs(config, this.records);
    this.#faults = config.faults ?? {};
    this.#picky = pickyAbout(config);
    this.inbox = new Inbox(config.limits, this.#faults.reassembly);
    this.#flights = new Flights({
      config,
      records: this.records,
      // No getter: it would give this object, and with it every association, a hidden class of its own.
      acknowledges: () => this.#epochs.version === '1.3',
      acknowledge: () => this.#acks.acknowledge(),
      transmit: (bytes, contents) => this.#transmit(this.#peer, bytes, contents),
      event: (event) => this.event(event),
      fail: (failure) => this.fail(failure),
    });
    const { records, inbox } = this;
    const flights = this.#flights;
    this.#acks = new Acknowledger(config.acks === 'timed', {
      records,
      inbox,
      flights,
      send: (type, plaintext) => this.#sendRecord(type, plaintext),
    });
    this.doorstep = new Doorstep({
      config,
      records,
      flights,
      step: (message) => this.#step('client_hello', message),
      transmit: (to, bytes, contents) => this.#transmit(to, bytes, contents),
      event: (event) => this.event(event),
    });
    if (config.role === 'client') {
      this.#peer = env.peer;
      this.#epochs.settled = true;
    }
  }

  /** The handshake to run; given once, right after construction. */
  run(handshake: Handshake): void {
    this.#handshake = handshake;
  }

  get state(): string {
    return this.#end ?? this.#running.state;
  }
  get connected(): Connected | undefined {
    return this.#connected;
  }
  /** Bytes kept for a peer that has proved nothing yet. */
  get held(): number {
    let bytes = this.inbox.size + this.doorstep.size + this.#epochs.size;
    for (const { length } of this.#early) bytes += length;
    return bytes;
  }

  get unacknowledged(): boolean {
    return this.#flights.unacknowledged;
  }
  /** The time of the input that is being handled. */
  get now(): Instant {
    return this.#now;
  }

  get #running(): Handshake {
    if (!this.#handshake) throw new Error('an association runs a handshake');
    return this.#handshake;
  }

  handle(input: Input, now: Instant): void {
    const before = this.#now;
    this.#now = now;
    switch (input.kind) {
      case 'sent':
        this.#flights.sent(before, now);
        break;
      case 'start':
        if (this.state === 'idle') this.#step('start');
        else this.#misuse(`start in state ${this.state}`);
        break;
      case 'datagram':
        this.#datagram(input.bytes, input.from);
        break;
      case 'timeout':
        this.#acks.timeout(now);
        this.#flights.timeout(now);
        break;
      case 'send':
        this.#send(input.bytes, input.aboveMtu ?? false);
        break;
      case 'too-big':
        this.#flights.tooBig(input.size, now);
        break;
      case 'mtu':
        this.#flights.mtu = input.size;
        break;
      case 'key-update':
        if (!this.#connected || this.#end || !this.#running.updateKeys)
          this.#misuse(`key-update in state ${this.state}`);
        else this.#running.updateKeys(input.request);
        break;
      case 'close':
        this.#close(Level.warning, closeNotify, 'close');
        break;
      case 'abort':
        this.#close(Level.fatal, input.description, 'abort');
        break;
    }
  }

  poll(): Output {
    const output = this.#outputs[this.#taken];
    if (output) {
      this.#taken++;
      return output;
    }
    this.#outputs = [];
    this.#taken = 0;
    return { kind: 'wait', until: earlier(this.#flights.deadline, this.#acks.deadline) };
  }

  // Datagrams and records ------------------------------------------------------------------------------------------------

  #datagram(bytes: Uint8Array, from: PeerAddress): void {
    if (this.#peer !== undefined && from !== this.#peer) {
      this.drop('other-peer', 0, from);
      return;
    }
    const { records, leftover } = this.#epochs.split(
      this.#faults.receiveBuffer === undefined ? bytes : bytes.subarray(0, this.#faults.receiveBuffer),
    );
    const over = this.#end !== undefined;
    // One bad record does not lose the others (RFC 6347 §4.1.2.7).
    for (const slice of records) this.#note(this.#record(slice, from), slice.start);
    if (this.#epochs.version === '1.3' && !this.#end) this.#acks.datagramRead(this.#now);
    this.#flights.datagramRead(this.#now);
    if (leftover) this.drop(leftover.reason, leftover.start);
    if (leftover?.reason === 'not-dtls' && this.#faults.foreign === 'fatal')
      this.fail({ fault: 'peer', code: 'unexpected-message', got: 'what is no DTLS', expected: [] });
    // RFC 6347 §4.2.7: alerts get lost, so ours is repeated when what it was about comes again; not for ever.
    if (over && this.#lastWord?.again(records, this.records, this.#now))
      this.#sendAlert(Level.fatal, this.#lastWord.description);
  }

  #record(slice: AnySlice, from: PeerAddress): Ignored {
    if (this.#end) return this.#afterEnd(slice);
    if (this.state === 'idle') return ignored('unexpected-content', 'before the start');
    const read = this.#epochs.read(slice, this.#now);
    if (read === 'kept') return undefined;
    if (read === 'worn-out') {
      this.fail({ fault: 'local', code: 'key-worn-out', what: 'more records failed to open than its key allows' });
      return undefined;
    }
    return 'reason' in read ? read : this.#content(read, from);
  }

  #content(record: Opened, from: PeerAddress): Ignored {
    const { type, epoch, plaintext } = record;
    switch (type) {
      case ContentType.handshake:
        return this.#handshakeRecord(record, from);
      case ContentType.changeCipherSpec:
        return this.#changeCipherSpec(epoch, plaintext);
      case ContentType.alert:
        return this.#alert(epoch, plaintext);
      case ContentType.applicationData:
        return this.#applicationData(epoch, plaintext);
      case ContentType.ack:
        return epoch === 0 ? this.#plainAck(plaintext) : this.#ack(epoch, plaintext);
      default:
        return ignored('unexpected-content', contentName(type));
    }
  }

  /** All that still means something is the close_notify that answers ours (RFC 5246 §7.2.1), under the same keys. */
  #afterEnd(slice: AnySlice): Ignored {
    const mayBeAlert =
      slice.form === 'unified' || (slice.type === ContentType.alert && slice.epoch === this.records.readEpoch);
    if (this.#end !== 'closed' || !mayBeAlert) return ignored('after-close');
    const read = slice.form === 'unified' ? this.records.openUnified(slice, this.#now) : this.records.open(slice);
    if (!read.ok) return { reason: read.reason };
    const decoded = 'type' in read && read.type !== ContentType.alert ? undefined : tryDecode(alert, read.plaintext);
    if (!decoded?.ok || decoded.value.description !== closeNotify) return ignored('after-close');
    this.event({ kind: 'alert', direction: 'received', ...decoded.value });
    return undefined;
  }

  // Handshake messages ---------------------------------------------------------------------------------------------------

  #handshakeRecord(record: Opened, from: PeerAddress): Ignored {
    const { plaintext, epoch, number } = record;
    // Several messages may share a record (RFC 6347 §4.2.3).
    for (let at = 0; at < plaintext.length && !this.#end; ) {
      const start = at + handshakeHeaderLength;
      if (start > plaintext.length) return ignored('malformed', 'a handshake header that is cut short');
      const fragment = fragmentAt(plaintext, at, epoch);
      at = start + fragment.length;
      if (at > plaintext.length || fragment.offset + fragment.length > fragment.total)
        return ignored('malformed', `a fragment of ${handshakeTypeName(fragment.type)} outside its message`);
      const why =
        this.#peer === undefined
          ? this.doorstep.take(fragment, number, from, this.#now)
          : this.#fragment(fragment, record);
      this.#note(why, record.start);
      if (this.#faults.reads === 'first-message') break;
    }
    return undefined;
  }

  #fragment(fragment: Fragment, { number, again }: Opened): Ignored {
    const name = handshakeTypeName(fragment.type);
    const { seq, epoch } = fragment;
    const isHelloRequest = fragment.type === HandshakeType.helloRequest;
    // RFC 5246 §7.4.1.1: ignored while a handshake is under way, and not part of it.
    if (isHelloRequest && !this.#connected && epoch === 0) return ignored('unexpected-content', name);
    if (
      this.#connected &&
      this.#epochs.version !== '1.3' &&
      (isHelloRequest || fragment.type === HandshakeType.clientHello)
    ) {
      // A new handshake counts from 0 again, so its beginning is no repeat (RFC 6347 §4.2.2). Answered without reading it.
      if (fragment.offset === 0) this.#step(name, { ...fragment, body: fragment.bytes });
      return undefined;
    }
    if (fragment.type === HandshakeType.keyUpdate && this.#faults.keyUpdate === 'ignored')
      return ignored('unexpected-content', name);
    // The peer has switched keys: what is new in the old epoch is not from it, or not in time. After a KeyUpdate the old keys
    // stay good until the new ones were seen (RFC 9147 §8).
    const oldest = this.#connected && this.#epochs.version === '1.3' ? 3 : this.records.readEpoch;
    if (epoch < oldest && seq >= (this.inbox.next ?? 0)) {
      if (epoch === 0) return ignored('unexpected-content', `${name} in epoch ${epoch}`);
      this.fail({ fault: 'peer', code: 'unexpected-message', got: `${name} in epoch ${epoch}`, expected: [] });
      return undefined;
    }

    const got = this.inbox.accept(fragment);
    switch (got) {
      case 'fresh':
        this.#acks.note(seq, epoch, number);
        this.#flights.heard(fragment, this.#now);
        // BoringSSL takes nothing for an answer before it knows that pieces of one are (RFC 9147 §7.2).
        if (!this.#acks.timed || this.#epochs.version !== undefined) this.#flights.nextBegins();
        this.#deliver();
        return undefined;
      case 'repeated-message':
        // Its numbers begin again, under keys that only a Finished was sent with: none of this handshake.
        if (this.#connected && this.#epochs.version !== '1.3' && epoch > 0 && fragment.type !== HandshakeType.finished)
          return ignored('unexpected-content', `${name} of a renegotiation`);
        this.#acks.note(seq, epoch, number);
        if (!again) this.#flights.heard(fragment, this.#now);
        if (this.#faults.transcript === 'with-repeats' && !this.#connected && fragment.bytes.length === fragment.total)
          this.transcript?.add({ type: fragment.type, seq, body: fragment.bytes.slice() });
        return ignored(got, name);
      case 'conflicting-fragment':
        // Authenticated, it is the peer's doing. In epoch 0 it may be anybody's, and one forged fragment must not end the
        // handshake (RFC 6347 §4.1.2.7): the inbox has begun the message anew.
        if (epoch === 0) {
          this.#deliver();
          return ignored(got, name);
        }
        this.#taking = { epoch, seq };
        this.fail({ fault: 'peer', code: 'illegal-parameter', message: name, what: 'fragments that disagree' });
        return undefined;
      default:
        // What was not kept must not be acknowledged (RFC 9147 §7).
        this.#acks.retract(epoch, number);
        return ignored(got, name);
    }
  }

  /** Hands on every message whose turn has come. */
  #deliver(): void {
    while (!this.#end) {
      if (this.#earlyChangeCipherSpec && this.#running.waitsFor('change_cipher_spec')) {
        this.#earlyChangeCipherSpec = false;
        this.#step('change_cipher_spec');
        continue;
      }
      const message = this.inbox.take();
      if (!message) return;
      this.#step(handshakeTypeName(message.type), message);
    }
  }

  #changeCipherSpec(epoch: number, plaintext: Uint8Array): Ignored {
    const name = 'change_cipher_spec';
    // RFC 9147 §5: DTLS 1.3 has none.
    if (this.#epochs.version === '1.3') return ignored('unexpected-content', name);
    if (plaintext.length !== 1 || plaintext[0] !== 1) return ignored('malformed', name);
    if (this.#peer === undefined || epoch > 0) return ignored('unexpected-content', name);
    if (epoch < this.records.readEpoch || this.#earlyChangeCipherSpec) return ignored('repeated-message', name);
    // It may have overtaken the messages before it. Remembering it changes nothing: keys are switched only in the state
    // whose row says so, where others once switched them at any time.
    this.#earlyChangeCipherSpec = true;
    this.#deliver();
    return undefined;
  }

  /** Lets the handshake take something, and tells where that led. */
  #step(signal: string, message?: Message): void {
    const from = this.state;
    const { readEpoch } = this.records;
    const wasConnected = this.#connected !== undefined;
    this.#taking = message && { epoch: message.epoch, seq: message.seq };
    const failure = (message && this.#picky?.(signal, message)) ?? this.#running.take(signal, message);
    if (failure) this.fail(failure);
    if (this.#end) return;
    if (this.state !== from) this.event({ kind: 'state', from, to: this.state, because: signal });
    if (this.#connected) {
      const early = this.#early;
      this.#early = [];
      for (const bytes of early) this.event({ kind: 'data', bytes });
    }
    if (this.records.readEpoch === readEpoch || wasConnected) return;
    // New keys. What was begun in the old epoch must not be finished in the new one.
    this.inbox.forget();
    // Offsets in a datagram that is long gone say nothing.
    for (const slice of this.#epochs.takeKept()) this.#note(this.#record(slice, this.#peer ?? ''), undefined);
  }

  // For the handshake ----------------------------------------------------------------------------------------------------

  /** From now on this address is the peer: its hello, of this random, is accepted. */
  settle(hello: FirstHello, clientRandom: Uint8Array): void {
    this.#peer = hello.from;
    this.#epochs.settle(clientRandom);
    const { seq, epoch, body } = hello.message;
    this.inbox.anchor(seq + 1);
    this.#flights.heard({ seq, epoch, offset: 0, length: body.length }, this.#now);
    this.doorstep.clear();
  }

  /** The version is agreed: records, keys and timers go by its rules from now on. */
  agree(version: Version): void {
    this.#epochs.agree(version);
    // What stands in records of DTLS 1.3 is the version of 1.2 (RFC 9147 §4).
    this.records.version = versionNumber[version === '1.0' ? '1.0' : '1.2'];
  }

  /** The peer takes so much plaintext in a protected record, and knows what we take (RFC 8449); `undefined` when not agreed. */
  limitRecords(limit: number | undefined): void {
    if (limit === undefined) return;
    this.records.peerLimit = limit;
    this.records.ownLimit = this.config.recordSizeLimit ?? Number.POSITIVE_INFINITY;
  }

  sendFlight(flight: Flight): void {
    // A flight acknowledges what it answers (RFC 9147 §7.1).
    this.#acks.flightSent(flight.answers?.last);
    this.#flights.send(flight, this.#now);
  }

  /** Sends a message after the handshake, once those before it are acknowledged. */
  sendLater(flight: Flight): void {
    this.#acks.messageSent();
    this.#flights.enqueue(flight, this.#now);
  }

  /** Acknowledges what has come of the peer's flight (RFC 9147 §7). */
  acknowledge(): void {
    this.#acks.acknowledge();
  }

  /** The handshake is complete. */
  establish(connected: Connected): void {
    this.#connected = connected;
    this.#epochs.connected = true;
    this.#acks.connected = true;
    // A peer that missed our answer repeats its last flight in the old epoch (RFC 9147 §5.8.1).
    const keepMs = this.#faults.handshakeKeys === 'dropped' ? 0 : this.config.lastFlightMs;
    if (this.#epochs.version === '1.3') this.records.keepRead(2, after(this.#now, keepMs));
    this.#flights.completed(this.#now);
    this.event({ kind: 'connected', parameters: connected.parameters });
  }

  /** Answers an attempt to renegotiate (RFC 5246 §7.2.2; RFC 8827 §6.5 forbids it). */
  refuseRenegotiation(): void {
    this.#sendAlert(Level.warning, noRenegotiation);
  }

  /** Sends a whole handshake message that belongs to no flight of this handshake, under the newest keys. */
  sendAside(type: number, seq: number, body: Uint8Array): void {
    const { length } = body;
    const header = { msg_type: type, length, message_seq: seq, fragment_offset: 0, fragment_length: length };
    this.#sendRecord(ContentType.handshake, concat(encode(handshakeHeader, header), body));
  }

  event(event: EngineEvent): void {
    this.#outputs.push({ kind: 'event', event });
  }

  drop(reason: DropReason, at?: number, detail?: string): void {
    this.#note(ignored(reason, detail), at);
  }

  #note(why: Ignored, at: number | undefined): void {
    if (!why) return;
    const { reason, detail } = why;
    this.event({ kind: 'dropped', reason, ...(at !== undefined && { at }), ...(detail !== undefined && { detail }) });
  }

  fail(failure: Failure): void {
    if (this.#end) return;
    const from = this.state;
    this.#peer ??= this.doorstep.from;
    const name = alertFor(failure);
    const description = name && numberIn(alertDescriptions, name);
    if (description !== undefined && this.#peer !== undefined) {
      this.#sendAlert(Level.fatal, description);
      if (this.#taking) this.#lastWord = new LastWord(description, this.#taking);
    }
    this.event({ kind: 'failed', failure });
    this.#over('failed', from, failure.code);
  }

  // Alerts, data, the end --------------------------------------------------------------------------------------------------

  #alert(epoch: number, plaintext: Uint8Array): Ignored {
    if (this.#peer === undefined) return ignored('unexpected-content', 'alert');
    // Once the peer writes under keys, what is not under them is not the peer's. In DTLS 1.3 the keys are here before the
    // peer has shown that it has them, too: a client that can't take our ServerHello says so in the clear.
    const authentic =
      this.#epochs.version === '1.3' ? epoch > 0 || !this.records.heardProtected : epoch >= this.records.readEpoch;
    if (!authentic) return ignored('unauthenticated-alert');
    const read = tryDecode(alert, plaintext);
    if (!read.ok) {
      if (epoch === 0) return ignored('malformed', 'alert');
      this.fail({ fault: 'peer', code: 'malformed', message: 'alert', at: read.error.at, why: read.error.message });
      return undefined;
    }
    const { level, description } = read.value;
    if (level !== Level.warning && level !== Level.fatal) {
      if (epoch === 0) return ignored('malformed', 'alert');
      this.fail({ fault: 'peer', code: 'illegal-parameter', message: 'alert', what: `level ${level}` });
      return undefined;
    }
    this.event({ kind: 'alert', direction: 'received', level, description });
    if (description === closeNotify) {
      const from = this.state;
      // RFC 5246 §7.2.1: answered with one of our own.
      this.#sendAlert(Level.warning, closeNotify);
      this.event({ kind: 'closed', by: 'peer' });
      this.#over('closed', from, 'close_notify');
    } else if (level === Level.fatal || (this.#epochs.version === '1.3' && description !== userCanceled)) {
      // In epoch 0 anybody could have sent this. Real stacks believe it, and it is how a peer says what is wrong. In DTLS 1.3
      // the level says nothing (RFC 8446 §6).
      this.fail({ fault: 'peer', code: 'alert', level, description });
    }
    return undefined;
  }

  /** An ACK in the clear proves nothing; all it may say is that the peer can read nothing yet (RFC 9147 §7.1). */
  #plainAck(plaintext: Uint8Array): Ignored {
    const read = tryDecode(ack, plaintext);
    if (!read.ok) return ignored('malformed', 'ack');
    if (this.#epochs.version !== '1.3') return ignored('unexpected-content', 'ack, and DTLS 1.3 is not agreed');
    const numbers = read.value.record_numbers;
    // BoringSSL believes it what it says of records in the clear.
    const believed = this.#acks.timed && numbers.every(({ epoch }) => epoch === 0);
    if ((numbers.length > 0 && !believed) || this.records.heardProtected)
      return ignored('unexpected-content', 'ack in the clear');
    if (numbers.length > 0) this.#flights.acknowledged(numbers, this.#now);
    else this.#flights.nudged(this.#now);
    return undefined;
  }

  #ack(epoch: number, plaintext: Uint8Array): Ignored {
    const read = tryDecode(ack, plaintext);
    // Nothing that an ACK says can end an association.
    if (!read.ok) return ignored('malformed', 'ack');
    // In the handshake, whoever could read a record can write in its epoch (RFC 9147 §7); later each side counts by itself.
    const numbers = read.value.record_numbers.filter((record) => epoch >= 3 || record.epoch <= epoch);
    if (numbers.length < read.value.record_numbers.length && numbers.length === 0)
      return ignored('unexpected-content', 'ack of records of a later epoch');
    this.#flights.acknowledged(numbers, this.#now);
    return undefined;
  }

  #applicationData(epoch: number, plaintext: Uint8Array): Ignored {
    if (epoch === 0) return ignored('unexpected-content', 'application data in epoch 0');
    if (this.#epochs.version === '1.3' && epoch < 3) {
      // RFC 9147 §4.2.1; it is authenticated, so it is the peer's doing.
      const expected = ['handshake', 'ack', 'alert'];
      this.fail({ fault: 'peer', code: 'unexpected-message', got: 'application_data', expected });
      return undefined;
    }
    const bytes = plaintext.slice();
    if (this.#connected) {
      this.event({ kind: 'data', bytes });
      return undefined;
    }
    // RFC 6347 §4.2.4: data may overtake the Finished before it, and is not believed before that.
    if (this.#early.length >= this.config.limits.recordsAhead)
      return ignored('over-limit', 'application data before finished');
    this.#early.push(bytes);
    return undefined;
  }

  /** The most that one `send` takes now; `undefined` when there is no association to send in. */
  mostData(aboveMtu: boolean): number | undefined {
    if (!this.#connected || this.#end) return undefined;
    const room = aboveMtu || this.config.packing === 'flight' ? Number.POSITIVE_INFINITY : this.#flights.mtu;
    return this.records.plaintextThatFits(this.records.writeEpoch, room);
  }

  #send(bytes: Uint8Array, aboveMtu: boolean): void {
    const epoch = this.records.writeEpoch;
    const most = this.mostData(aboveMtu);
    if (most === undefined) this.#misuse(`send in state ${this.state}`);
    else if (bytes.length > most) this.#misuse(`send of ${bytes.length} bytes, where a record holds ${most}`);
    else if (!this.records.canWrite(epoch, 2)) this.fail({ fault: 'local', code: 'sequence-exhausted' });
    else {
      this.#sendRecord(ContentType.applicationData, bytes);
      if (this.records.worn(epoch) >= wornOut) this.#running.updateKeys?.(false);
    }
  }

  #sendAlert(level: number, description: number): void {
    if (!this.records.canWrite(this.records.writeEpoch, 1)) return;
    this.#sendRecord(ContentType.alert, encode(alert, { level, description }));
    this.event({ kind: 'alert', direction: 'sent', level, description });
  }

  /** Sends a record that belongs to no flight, in the newest epoch. */
  #sendRecord(type: number, plaintext: Uint8Array): void {
    const epoch = this.records.writeEpoch;
    const { bytes, number } = this.records.seal(epoch, type, plaintext);
    const record = { epoch, sequenceNumber: number, type, fragments: [] };
    this.#transmit(this.#peer, bytes, { flight: 0, attempt: 0, records: [record] });
  }

  #close(level: number, description: number, because: string): void {
    if (this.#end) return;
    const from = this.state;
    // Before the first datagram there is nobody to tell.
    if (this.#peer !== undefined && from !== 'idle') this.#sendAlert(level, description);
    this.event({ kind: 'closed', by: 'us' });
    this.#over('closed', from, because);
  }

  /** A mistake of whoever drives us: said, and nothing else changes. */
  #misuse(what: string): void {
    this.event({ kind: 'failed', failure: { fault: 'local', code: 'misuse', what } });
  }

  #over(end: 'closed' | 'failed', from: string, because: string): void {
    this.#end = end;
    this.#flights.forget();
    this.#acks.forget();
    this.#epochs.takeKept();
    this.#early = [];
    this.inbox.forget();
    this.doorstep.clear();
    this.event({ kind: 'state', from, to: end, because });
  }

  #transmit(to: PeerAddress | undefined, bytes: Uint8Array, contents: DatagramContents): void {
    if (to === undefined) throw new Error('there is nobody to send to');
    this.#outputs.push({ kind: 'transmit', to, bytes, contents });
  }
}
