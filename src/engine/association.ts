/**
 * One side of an association, whatever its version and role: takes datagrams apart and hands whole messages on, in order;
 * alerts, application data, closing. It knows records, fragments and addresses, and nothing of what a message means: that
 * is the `Handshake`'s, which in turn never sees a datagram.
 *
 * Noise is ignored, with an event that says why (`Ignored`); only what an authenticated or an expected message gets wrong
 * is a failure, and ends the association.
 */
import type { Instant } from '../base/time.ts';
import { encode, tryDecode } from '../codec/codec.ts';
import { handshakeHeader, handshakeHeaderLength, handshakeTypeName } from '../wire/handshake.ts';
import { alert, type RecordSlice, splitDatagram } from '../wire/record.ts';
import { alertDescriptions, ContentType, contentTypes, HandshakeType, nameIn, numberIn } from '../wire/registry.ts';
import type { DatagramContents, EndpointConfig, EngineEvent, Environment, Input, Output, PeerAddress } from './api.ts';
import { alertFor, type DropReason, type Failure } from './failure.ts';
import { type Flight, Flights } from './flights.ts';
import { type Fragment, HelloPool, Inbox } from './inbox.ts';
import type { Message, Signal } from './machine.ts';
import { fragmentRecord } from './packing.ts';
import type { Connected } from './proofs.ts';
import { RecordLayer } from './records.ts';

/** What understands messages: a version in a role. It drives the association by `sendFlight`, `establish` and the like. */
export interface Handshake {
  /** The row of its table. */
  readonly state: string;
  waitsFor(signal: Signal): boolean;
  /** Takes what it waits for, or says what is wrong. `signal` is a `Signal` or the name of an unknown message. */
  take(signal: string, message?: Message): Failure | undefined;
}

/** A ClientHello and where it came from, before anything is proved. */
export interface FirstHello {
  readonly from: PeerAddress;
  readonly message: Message;
  /** The record number it came under: a server's first answers repeat it (RFC 6347 §4.2.1). */
  readonly recordNumber: number;
}

/** Why something was ignored; `undefined` when it was not. */
type Ignored = { readonly reason: DropReason; readonly detail?: string } | undefined;
const ignored = (reason: DropReason, detail?: string): Ignored =>
  detail === undefined ? { reason } : { reason, detail };

const Level = { warning: 1, fatal: 2 } as const;
const closeNotify = 0;
const noRenegotiation = 100;
/** How often a fatal alert is repeated to a peer that goes on (RFC 6347 §4.2.7). */
const mostAlertRepeats = 10;

const contentName = nameIn(contentTypes, 2);

export class Association {
  readonly config: EndpointConfig;
  readonly env: Environment;
  readonly records: RecordLayer;
  readonly inbox: Inbox;
  readonly #flights: Flights;
  readonly #hellos: HelloPool;
  #outputs: Output[] = [];
  #taken = 0;
  #handshake: Handshake | undefined;
  #now = 0 as Instant;

  /** Whom we talk to; a server learns it from the hello that it accepts. */
  #peer: PeerAddress | undefined;
  /** The random of the hello that was accepted, by which a late copy of it is told from a new one. */
  #clientRandom: Uint8Array | undefined;
  /** The hello that is being handled, while nobody is proved yet. */
  #hello: FirstHello | undefined;
  #connected: Connected | undefined;
  #end: 'closed' | 'failed' | undefined;
  /** What is being taken, which is what was wrong if that ends in a failure. */
  #taking: { readonly epoch: number; readonly seq: number } | undefined;
  /** The alert that ended it, what it was about, and how often it was repeated. */
  #lastWord:
    | { readonly description: number; readonly about: { readonly epoch: number; readonly seq: number }; times: number }
    | undefined;
  /** A ChangeCipherSpec has no message_seq: one that overtook its flight waits here for its turn. */
  #earlyChangeCipherSpec = false;
  /** Records of the next epoch, until its keys are here. */
  #ahead: RecordSlice[] = [];
  /** Application data that came before the peer's Finished. */
  #early: Uint8Array[] = [];

  constructor(config: EndpointConfig, env: Environment) {
    this.config = config;
    this.env = env;
    this.records = new RecordLayer(config.replayWindow);
    this.inbox = new Inbox(config.limits);
    this.#hellos = new HelloPool(config.limits);
    this.#flights = new Flights({
      config,
      records: this.records,
      transmit: (bytes, contents) => this.#transmit(this.#peer, bytes, contents),
      event: (event) => this.event(event),
      fail: (failure) => this.fail(failure),
    });
    if (config.role === 'client') this.#peer = env.peer;
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
    let bytes = this.inbox.size + this.#hellos.size;
    for (const { length } of this.#ahead) bytes += length;
    for (const { length } of this.#early) bytes += length;
    return bytes;
  }

  get #running(): Handshake {
    if (!this.#handshake) throw new Error('an association runs a handshake');
    return this.#handshake;
  }

  handle(input: Input, now: Instant): void {
    this.#now = now;
    switch (input.kind) {
      case 'start':
        if (this.state === 'idle') this.#step('start');
        else this.#misuse(`start in state ${this.state}`);
        break;
      case 'datagram':
        this.#datagram(input.bytes, input.from);
        break;
      case 'timeout':
        this.#flights.timeout(now);
        break;
      case 'send':
        this.#send(input.bytes);
        break;
      case 'too-big':
        this.#flights.tooBig(input.size, now);
        break;
      case 'close':
        this.#close();
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
    return { kind: 'wait', until: this.#flights.deadline };
  }

  // Datagrams and records ------------------------------------------------------------------------------------------------

  #datagram(bytes: Uint8Array, from: PeerAddress): void {
    if (this.#peer !== undefined && from !== this.#peer) {
      this.drop('other-peer', 0, from);
      return;
    }
    const { records, leftover } = splitDatagram(bytes);
    const over = this.#end !== undefined;
    // One bad record does not lose the others (RFC 6347 §4.1.2.7).
    for (const slice of records) this.#note(this.#record(slice, from), slice.start);
    this.#flights.datagramRead(this.#now);
    if (leftover) this.drop(leftover.reason, leftover.start);
    if (over) this.#repeatLastWord(records);
  }

  #record(slice: RecordSlice, from: PeerAddress): Ignored {
    if (this.#end) return this.#afterEnd(slice);
    if (this.state === 'idle') return ignored('unexpected-content', 'before the start');
    const { readEpoch } = this.records;
    if (slice.epoch > readEpoch) return this.#keepForLater(slice);
    // Older epochs are listened to until the handshake ends (RFC 6347 §4.1); after that, only to say what was ignored.
    if (slice.epoch < readEpoch && this.#connected) return this.#oldEpoch(slice);
    const read = this.records.open(slice);
    if (!read.ok) return read;
    switch (slice.type) {
      case ContentType.handshake:
        return this.#handshakeRecord(slice, read.plaintext, read.again, from);
      case ContentType.changeCipherSpec:
        return this.#changeCipherSpec(slice, read.plaintext);
      case ContentType.alert:
        return this.#alert(slice, read.plaintext);
      case ContentType.applicationData:
        return this.#applicationData(slice, read.plaintext);
      default:
        return ignored('unexpected-content', contentName(slice.type));
    }
  }

  /** All that still means something is the close_notify that answers ours (RFC 5246 §7.2.1), under the same keys. */
  #afterEnd(slice: RecordSlice): Ignored {
    if (this.#end !== 'closed' || slice.type !== ContentType.alert || slice.epoch !== this.records.readEpoch)
      return ignored('after-close');
    const read = this.records.open(slice);
    if (!read.ok) return read;
    const decoded = tryDecode(alert, read.plaintext);
    if (!decoded.ok || decoded.value.description !== closeNotify) return ignored('after-close');
    this.event({ kind: 'alert', direction: 'received', ...decoded.value });
    return undefined;
  }

  #keepForLater(slice: RecordSlice): Ignored {
    // Only the very next epoch, and only while its keys are being made (RFC 6347 §4.1).
    if (slice.epoch !== this.records.readEpoch + 1 || this.#connected || this.#peer === undefined)
      return ignored('unknown-epoch', `epoch ${slice.epoch}`);
    if (this.#ahead.length >= this.config.limits.recordsAhead)
      return ignored('over-limit', 'records of the next epoch');
    this.#ahead.push({ ...slice, fragment: slice.fragment.slice() });
    return undefined;
  }

  #oldEpoch(slice: RecordSlice): Ignored {
    switch (slice.type) {
      case ContentType.alert:
        return ignored('unauthenticated-alert');
      case ContentType.changeCipherSpec:
        return ignored('repeated-message', 'change_cipher_spec');
      case ContentType.handshake: {
        const head = tryDecode(handshakeHeader, headOf(slice.fragment));
        if (!head.ok) return ignored('malformed', 'a handshake header that is cut short');
        // RFC 6347 §4.2.8: a client that has lost everything may begin anew, and must prove that it can read at this
        // address before the old association goes. That takes a second handshake beside this one, which is not there:
        // the hello is ignored, by name, and the association stays as it is.
        return head.value.msg_type === HandshakeType.clientHello && !this.#isOurHello(slice.fragment)
          ? ignored('unexpected-content', 'a new client_hello on a live association (RFC 6347 §4.2.8)')
          : ignored('repeated-message', handshakeTypeName(head.value.msg_type));
      }
      default:
        return ignored('unknown-epoch', `epoch ${slice.epoch}`);
    }
  }

  /** Whether a ClientHello is a late copy of the one that this association began with, by its random. */
  #isOurHello(fragment: Uint8Array): boolean {
    const random = fragment.subarray(handshakeHeaderLength + 2, handshakeHeaderLength + 34);
    const ours = this.#clientRandom;
    return ours !== undefined && random.every((byte, i) => byte === ours[i]);
  }

  // Handshake messages ---------------------------------------------------------------------------------------------------

  #handshakeRecord(slice: RecordSlice, plaintext: Uint8Array, again: boolean, from: PeerAddress): Ignored {
    // Several messages may share a record (RFC 6347 §4.2.3).
    for (let at = 0; at < plaintext.length && !this.#end; ) {
      const rest = plaintext.subarray(at);
      const head = tryDecode(handshakeHeader, headOf(rest));
      if (!head.ok) return ignored('malformed', 'a handshake header that is cut short');
      const { msg_type, length, message_seq, fragment_offset, fragment_length } = head.value;
      at += handshakeHeaderLength + fragment_length;
      if (at > plaintext.length || fragment_offset + fragment_length > length)
        return ignored('malformed', `a fragment of ${handshakeTypeName(msg_type)} outside its message`);
      const fragment: Fragment = {
        type: msg_type,
        seq: message_seq,
        epoch: slice.epoch,
        total: length,
        offset: fragment_offset,
        bytes: rest.subarray(handshakeHeaderLength, handshakeHeaderLength + fragment_length),
      };
      const why =
        this.#peer === undefined
          ? this.#helloFragment(fragment, slice.sequenceNumber, from)
          : this.#fragment(fragment, again);
      this.#note(why, slice.start);
    }
    return undefined;
  }

  /** Before anybody is proved only ClientHellos count (RFC 6347 §4.2.1). */
  #helloFragment(fragment: Fragment, recordNumber: number, from: PeerAddress): Ignored {
    if (fragment.type !== HandshakeType.clientHello)
      return ignored('unexpected-content', handshakeTypeName(fragment.type));
    const { got, message } = this.#hellos.accept(from, fragment, this.#now);
    if (message) {
      this.#hello = { from, message, recordNumber };
      this.#step('client_hello', message);
      this.#hello = undefined;
      return undefined;
    }
    if (got !== 'fresh') return ignored(got, 'client_hello');
    this.event({ kind: 'unverified-hello', from, bytes: this.#hellos.size, total: fragment.total });
    return undefined;
  }

  #fragment(fragment: Fragment, again: boolean): Ignored {
    const name = handshakeTypeName(fragment.type);
    const isHelloRequest = fragment.type === HandshakeType.helloRequest;
    // RFC 5246 §7.4.1.1: ignored while a handshake is under way, and not part of it.
    if (isHelloRequest && !this.#connected) return ignored('unexpected-content', name);
    if (this.#connected && (isHelloRequest || fragment.type === HandshakeType.clientHello)) {
      // A new handshake counts from 0 again, so its beginning is no repeat (RFC 6347 §4.2.2). Answered without reading it.
      if (fragment.offset === 0) this.#step(name, { ...fragment, body: fragment.bytes });
      return undefined;
    }
    // The peer has switched keys: what is new in the old epoch is not from it, or not in time.
    if (fragment.epoch < this.records.readEpoch && fragment.seq >= (this.inbox.next ?? 0))
      return ignored('unexpected-content', `${name} in epoch ${fragment.epoch}`);

    const got = this.inbox.accept(fragment);
    const heard = { ...fragment, length: fragment.bytes.length };
    switch (got) {
      case 'fresh':
        this.#flights.heard(heard, this.#now);
        this.#flights.nextBegins();
        this.#deliver();
        return undefined;
      case 'repeated-message':
        if (!again) this.#flights.heard(heard, this.#now);
        return ignored(got, name);
      case 'conflicting-fragment':
        // Authenticated, it is the peer's doing. In epoch 0 it may be anybody's, and one forged fragment must not end the
        // handshake (RFC 6347 §4.1.2.7): the inbox has begun the message anew.
        if (fragment.epoch === 0) {
          this.#deliver();
          return ignored(got, name);
        }
        this.#taking = { epoch: fragment.epoch, seq: fragment.seq };
        this.fail({ fault: 'peer', code: 'illegal-parameter', message: name, what: 'fragments that disagree' });
        return undefined;
      default:
        return ignored(got, name);
    }
  }

  /** Hands on every message whose turn has come. */
  #deliver(): void {
    while (!this.#end) {
      if (this.#earlyChangeCipherSpec && this.#running.waitsFor('change_cipher_spec')) {
        this.#earlyChangeCipherSpec = false;
        this.#switchKeys();
        continue;
      }
      const message = this.inbox.take();
      if (!message) return;
      this.#step(handshakeTypeName(message.type), message);
    }
  }

  #changeCipherSpec(slice: RecordSlice, plaintext: Uint8Array): Ignored {
    const name = 'change_cipher_spec';
    if (plaintext.length !== 1 || plaintext[0] !== 1) return ignored('malformed', name);
    if (this.#peer === undefined || slice.epoch > 0) return ignored('unexpected-content', name);
    if (slice.epoch < this.records.readEpoch || this.#earlyChangeCipherSpec) return ignored('repeated-message', name);
    // It may have overtaken the messages before it. Remembering it changes nothing: keys are switched only in the state
    // whose row says so, where others once switched them at any time.
    this.#earlyChangeCipherSpec = true;
    this.#deliver();
    return undefined;
  }

  #switchKeys(): void {
    this.#step('change_cipher_spec');
    // What was begun in the old epoch must not be finished in the new one.
    this.inbox.forget();
    const waiting = this.#ahead;
    this.#ahead = [];
    // Offsets in a datagram that is long gone say nothing.
    for (const slice of waiting) this.#note(this.#record(slice, this.#peer ?? ''), undefined);
  }

  /** Lets the handshake take something, and tells where that led. */
  #step(signal: string, message?: Message): void {
    const from = this.state;
    this.#taking = message && { epoch: message.epoch, seq: message.seq };
    const failure = this.#running.take(signal, message);
    if (failure) this.fail(failure);
    if (this.#end) return;
    if (this.state !== from) this.event({ kind: 'state', from, to: this.state, because: signal });
    if (this.#connected) {
      const early = this.#early;
      this.#early = [];
      for (const bytes of early) this.event({ kind: 'data', bytes });
    }
  }

  // For the handshake ----------------------------------------------------------------------------------------------------

  /** The hello that is being handled, while no peer is proved. */
  get firstHello(): FirstHello {
    if (!this.#hello) throw new Error('there is no first hello');
    return this.#hello;
  }

  /** From now on this address is the peer: its hello, of this random, is accepted. */
  settle(hello: FirstHello, clientRandom: Uint8Array): void {
    this.#peer = hello.from;
    this.#clientRandom = clientRandom;
    const { seq, epoch, body } = hello.message;
    this.inbox.anchor(seq + 1);
    this.#flights.heard({ seq, epoch, offset: 0, length: body.length }, this.#now);
    this.#hellos.clear();
  }

  sendFlight(flight: Flight): void {
    this.#flights.send(flight, this.#now);
  }

  /** Sends one handshake message to somebody for whom nothing is kept, under the numbers of what it answers. */
  sendStateless(hello: FirstHello, flight: number, type: number, body: Uint8Array): void {
    const { plaintext, fragments } = fragmentRecord({ epoch: 0, type, seq: hello.message.seq, body }, 0, body.length);
    const number = hello.recordNumber;
    const record = { epoch: 0, sequenceNumber: number, type: ContentType.handshake, fragments };
    const bytes = this.records.sealStateless(record.type, number, plaintext);
    this.#transmit(hello.from, bytes, { flight, attempt: 0, records: [record] });
  }

  /** The handshake is complete. */
  establish(connected: Connected): void {
    this.#connected = connected;
    this.#flights.completed();
    this.event({ kind: 'connected', parameters: connected.parameters });
  }

  /** Answers an attempt to renegotiate (RFC 5246 §7.2.2; RFC 8827 §6.5 forbids it). */
  refuseRenegotiation(): void {
    this.#sendAlert(Level.warning, noRenegotiation);
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
    this.#peer ??= this.#hello?.from;
    const name = alertFor(failure);
    const description = name && numberIn(alertDescriptions, name);
    if (description !== undefined && this.#peer !== undefined) {
      this.#sendAlert(Level.fatal, description);
      if (this.#taking) this.#lastWord = { description, about: this.#taking, times: 0 };
    }
    this.event({ kind: 'failed', failure });
    this.#over('failed', from, failure.code);
  }

  // Alerts, data, the end --------------------------------------------------------------------------------------------------

  #alert(slice: RecordSlice, plaintext: Uint8Array): Ignored {
    if (this.#peer === undefined) return ignored('unexpected-content', 'alert');
    // Once the peer writes under keys, what is not under them is not the peer's.
    if (slice.epoch < this.records.readEpoch) return ignored('unauthenticated-alert');
    const read = tryDecode(alert, plaintext);
    if (!read.ok || (read.value.level !== Level.warning && read.value.level !== Level.fatal))
      return ignored('malformed', 'alert');
    const { level, description } = read.value;
    this.event({ kind: 'alert', direction: 'received', level, description });
    if (description === closeNotify) {
      const from = this.state;
      // RFC 5246 §7.2.1: answered with one of our own.
      this.#sendAlert(Level.warning, closeNotify);
      this.event({ kind: 'closed', by: 'peer' });
      this.#over('closed', from, 'close_notify');
    } else if (level === Level.fatal) {
      // In epoch 0 anybody could have sent this. Real stacks believe it, and it is how a peer says what is wrong.
      this.fail({ fault: 'peer', code: 'alert', level, description });
    }
    return undefined;
  }

  #applicationData(slice: RecordSlice, plaintext: Uint8Array): Ignored {
    if (slice.epoch === 0) return ignored('unexpected-content', 'application data in epoch 0');
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

  #send(bytes: Uint8Array): void {
    const epoch = this.records.writeEpoch;
    const room = this.config.packing === 'flight' ? Number.POSITIVE_INFINITY : this.#flights.mtu;
    const most = this.records.plaintextThatFits(epoch, room);
    if (!this.#connected || this.#end) this.#misuse(`send in state ${this.state}`);
    else if (bytes.length > most) this.#misuse(`send of ${bytes.length} bytes, where a record holds ${most}`);
    else if (!this.records.canWrite(epoch, 2)) this.fail({ fault: 'local', code: 'sequence-exhausted' });
    else this.#sendRecord(ContentType.applicationData, bytes);
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

  #close(): void {
    if (this.#end) return;
    const from = this.state;
    // Before the first datagram there is nobody to tell.
    if (this.#peer !== undefined && from !== 'idle') this.#sendAlert(Level.warning, closeNotify);
    this.event({ kind: 'closed', by: 'us' });
    this.#over('closed', from, 'close');
  }

  /** A mistake of whoever drives us: said, and nothing else changes. */
  #misuse(what: string): void {
    this.event({ kind: 'failed', failure: { fault: 'local', code: 'misuse', what } });
  }

  #over(end: 'closed' | 'failed', from: string, because: string): void {
    this.#end = end;
    this.#flights.forget();
    this.#ahead = [];
    this.#early = [];
    this.inbox.forget();
    this.#hellos.clear();
    this.event({ kind: 'state', from, to: end, because });
  }

  /** RFC 6347 §4.2.7: alerts get lost, so ours is repeated when what it was about comes again; not for ever. */
  #repeatLastWord(records: readonly RecordSlice[]): void {
    const word = this.#lastWord;
    if (!word || word.times >= mostAlertRepeats) return;
    const again = records.some(({ type, epoch, fragment }) => {
      if (type !== ContentType.handshake || epoch !== word.about.epoch) return false;
      const head = epoch === 0 ? tryDecode(handshakeHeader, headOf(fragment)) : undefined;
      return head ? head.ok && head.value.message_seq <= word.about.seq : true;
    });
    if (!again) return;
    word.times++;
    this.#sendAlert(Level.fatal, word.description);
  }

  #transmit(to: PeerAddress | undefined, bytes: Uint8Array, contents: DatagramContents): void {
    if (to === undefined) throw new Error('there is nobody to send to');
    this.#outputs.push({ kind: 'transmit', to, bytes, contents });
  }
}

const headOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, handshakeHeaderLength);
