/**
 * One side of an association, whatever its version and role: takes datagrams apart and hands whole messages on, in order;
 * sends flights and sends them again; alerts, closing, application data. It knows records, fragments and time, and nothing
 * of what a message means: that is the `Handshake`'s, which in turn never sees a datagram.
 *
 * Noise is dropped, with an event that says why; only what an authenticated or expected message gets wrong is a failure.
 */
import { concat } from '../base/bytes.ts';
import type { Instant } from '../base/time.ts';
import { encode, tryDecode } from '../codec/codec.ts';
import { handshakeHeader, handshakeHeaderLength, handshakeTypeName } from '../wire/handshake.ts';
import { alert, type RecordSlice, splitDatagram } from '../wire/record.ts';
import { alertDescriptions, ContentType, contentTypes, HandshakeType, nameIn, numberIn } from '../wire/registry.ts';
import type {
  DatagramContents,
  EndpointConfig,
  EngineEvent,
  Environment,
  Input,
  Output,
  PeerAddress,
  RecordContents,
} from './api.ts';
import { leastMtu } from './config.ts';
import { alertFor, type DropReason, type Failure } from './failure.ts';
import { type Fragment, HelloPool, Inbox } from './inbox.ts';
import type { Message, Signal } from './machine.ts';
import { cutFlight, type FlightPart } from './packing.ts';
import type { Connected } from './proofs.ts';
import { RecordLayer } from './records.ts';
import { RepeatWatch } from './repeats.ts';
import { RetransmissionTimer } from './timer.ts';

/** What understands messages: a version in a role. It drives the association by `sendFlight`, `establish` and the like. */
export interface Handshake {
  /** The row of its table. */
  readonly state: string;
  waitsFor(signal: Signal): boolean;
  /** Takes what it waits for, or says what is wrong. `signal` is a `Signal` or the name of an unknown message. */
  take(signal: string, message?: Message): Failure | undefined;
}

/** What comes after a flight of ours: a flight of the peer, which repeats it; the peer's last one, which it does not; nothing. */
export type Awaited = 'flight' | 'last-flight' | 'nothing';

interface SentFlight {
  readonly number: number;
  readonly parts: readonly FlightPart[];
  readonly awaited: Awaited;
  /** Retransmissions so far. */
  attempt: number;
  /** Largest datagram of the last sending. */
  largest: number;
  /** When a last flight is forgotten. */
  readonly until: number | undefined;
  readonly repeats: RepeatWatch | undefined;
}

/** A ClientHello and where it came from, before anything is proved. */
export interface FirstHello {
  readonly from: PeerAddress;
  readonly message: Message;
  /** The record number it came under: a server's first answers repeat it (RFC 6347 §4.2.1). */
  readonly recordNumber: number;
}

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
  readonly #timer: RetransmissionTimer;
  readonly #hellos: HelloPool;
  readonly #outputs: Output[] = [];
  #outputsTaken = 0;
  #handshake: Handshake | undefined;
  #now = 0 as Instant;
  #mtu: number;

  /** Whom we talk to; a server learns it from the hello that it accepts. */
  #peer: PeerAddress | undefined;
  /** The hello that is being handled, while nobody is proved yet. */
  #hello: FirstHello | undefined;
  #flight: SentFlight | undefined;
  #connected: Connected | undefined;
  #end: 'closed' | 'failed' | undefined;
  /** Alert sent at the end, for those who go on talking, and how often that was said. */
  #lastWord: { readonly level: number; readonly description: number; times: number } | undefined;
  /** A ChangeCipherSpec has no message_seq: one that overtook its flight waits here for its turn. */
  #earlyChangeCipherSpec = false;
  /** Records of the next epoch, until its keys are here. */
  #ahead: RecordSlice[] = [];
  /** What is read now came in a datagram before this one, so offsets mean nothing. */
  #fromEarlierDatagrams = false;
  /** Application data that came before the peer's Finished. */
  #early: Uint8Array[] = [];

  constructor(config: EndpointConfig, env: Environment) {
    this.config = config;
    this.env = env;
    this.records = new RecordLayer(config.replayWindow);
    this.inbox = new Inbox(config.limits);
    this.#hellos = new HelloPool(config.limits);
    this.#timer = new RetransmissionTimer(config.retransmission);
    this.#mtu = config.mtu;
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
  /** Bytes kept for a peer that has proved nothing yet, for tests that count them. */
  get held(): number {
    const lengths = (list: readonly { readonly length: number }[]): number =>
      list.reduce((sum, { length }) => sum + length, 0);
    return this.inbox.size + this.#hellos.size + lengths(this.#ahead) + lengths(this.#early);
  }

  get #running(): Handshake {
    if (!this.#handshake) throw new Error('an association runs a handshake');
    return this.#handshake;
  }

  // --- in ---------------------------------------------------------------------------------------------------------------

  handle(input: Input, now: Instant): void {
    this.#now = now;
    switch (input.kind) {
      case 'start':
        if (this.state !== 'idle') return this.#misuse(`start in state ${this.state}`);
        return this.#step('start');
      case 'datagram':
        return this.#datagram(input.bytes, input.from);
      case 'timeout':
        return this.#timeout();
      case 'send':
        return this.#send(input.bytes);
      case 'too-big':
        return this.#tooBig(input.size);
      case 'close':
        return this.#close();
    }
  }

  #datagram(bytes: Uint8Array, from: PeerAddress): void {
    if (this.#peer !== undefined && from !== this.#peer) return this.drop('other-peer', 0, from);
    if (this.state === 'idle') return this.drop('unexpected-content', 0, 'before the start');
    const { records, leftover } = splitDatagram(bytes);
    // One bad record does not lose the others (RFC 6347 §4.1.2.7).
    if (this.#end) this.#afterTheEnd(records);
    else for (const slice of records) this.#record(slice, from);
    if (leftover) this.drop(leftover.reason, leftover.start);
  }

  #record(slice: RecordSlice, from: PeerAddress): void {
    if (this.#end) return this.drop('after-close', slice.start);
    const { readEpoch } = this.records;
    if (slice.epoch > readEpoch) return this.#keepForLater(slice);
    // Older epochs are listened to until the handshake ends (RFC 6347 §4.1), and after that only to say what was ignored.
    if (slice.epoch < readEpoch && this.#connected) return this.#oldEpoch(slice);
    const read = this.records.open(slice);
    if (!read.ok) return this.drop(read.reason, slice.start, read.detail);
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
        return this.drop('unexpected-content', slice.start, contentName(slice.type));
    }
  }

  #keepForLater(slice: RecordSlice): void {
    // Only the very next epoch, and only while its keys are being made (RFC 6347 §4.1).
    if (slice.epoch !== this.records.readEpoch + 1 || this.#connected || this.#peer === undefined)
      return this.drop('unknown-epoch', slice.start, `epoch ${slice.epoch}`);
    if (this.#ahead.length >= this.config.limits.recordsAhead)
      return this.drop('over-limit', slice.start, 'records of the next epoch');
    this.#ahead.push({ ...slice, fragment: slice.fragment.slice() });
  }

  #oldEpoch(slice: RecordSlice): void {
    const first = slice.type === ContentType.handshake && tryDecode(handshakeHeader, headOf(slice.fragment));
    // RFC 6347 §4.2.8: a client that has lost everything may begin anew, and must then prove that it can read at this
    // address before the old association goes. That takes a second handshake beside this one, which is not there: the
    // hello is ignored, by name, and the association stays as it is. A repeat of the hello that began it is just late.
    if (first && first.ok && first.value.msg_type === HandshakeType.clientHello && this.config.role === 'server')
      return first.value.message_seq < (this.inbox.next ?? 0) && !this.#isNewHello(slice)
        ? this.drop('repeated-message', slice.start, 'client_hello')
        : this.drop('unexpected-content', slice.start, 'a new client_hello on a live association (RFC 6347 §4.2.8)');
    if (slice.type === ContentType.alert) return this.drop('unauthenticated-alert', slice.start);
    if (first && first.ok) return this.drop('repeated-message', slice.start, handshakeTypeName(first.value.msg_type));
    this.drop(slice.type === ContentType.changeCipherSpec ? 'repeated-message' : 'unknown-epoch', slice.start);
  }

  /** Whether a ClientHello has another random than the one that this association began with. */
  #isNewHello(slice: RecordSlice): boolean {
    const random = slice.fragment.subarray(handshakeHeaderLength + 2, handshakeHeaderLength + 34);
    const known = this.#clientRandom;
    return known !== undefined && random.length === 32 && random.some((byte, i) => byte !== known[i]);
  }
  #clientRandom: Uint8Array | undefined;

  // --- handshake messages -----------------------------------------------------------------------------------------------

  #handshakeRecord(slice: RecordSlice, plaintext: Uint8Array, again: boolean, from: PeerAddress): void {
    // Several messages may share a record (RFC 6347 §4.2.3).
    for (let at = 0; at < plaintext.length && !this.#end; ) {
      const rest = plaintext.subarray(at);
      const head = tryDecode(handshakeHeader, headOf(rest));
      if (!head.ok) return this.drop('malformed', slice.start, 'a handshake header that is cut short');
      const { msg_type, length, message_seq, fragment_offset, fragment_length } = head.value;
      const bytes = rest.subarray(handshakeHeaderLength, handshakeHeaderLength + fragment_length);
      if (bytes.length < fragment_length || fragment_offset + fragment_length > length)
        return this.drop('malformed', slice.start, `a fragment of ${handshakeTypeName(msg_type)} outside its message`);
      at += handshakeHeaderLength + fragment_length;
      const fragment: Fragment = {
        type: msg_type,
        seq: message_seq,
        epoch: slice.epoch,
        total: length,
        offset: fragment_offset,
        bytes,
      };
      if (this.#peer === undefined) this.#helloFragment(fragment, slice, from);
      else this.#fragment(fragment, slice, again);
    }
  }

  /** Before anybody is proved only ClientHellos count (RFC 6347 §4.2.1). */
  #helloFragment(fragment: Fragment, slice: RecordSlice, from: PeerAddress): void {
    if (fragment.type !== HandshakeType.clientHello || slice.epoch !== 0)
      return this.drop('unexpected-content', slice.start, handshakeTypeName(fragment.type));
    const { got, message } = this.#hellos.accept(from, fragment, this.#now);
    if (!message) {
      if (got !== 'fresh') return this.drop(got === 'stale' ? 'repeated-message' : got, slice.start, 'client_hello');
      const { total } = fragment;
      return this.event({ kind: 'unverified-hello', from, bytes: this.#hellos.size, total });
    }
    this.#hello = { from, message, recordNumber: slice.sequenceNumber };
    this.#step('client_hello', message);
    this.#hello = undefined;
  }

  #fragment(fragment: Fragment, slice: RecordSlice, again: boolean): void {
    const name = handshakeTypeName(fragment.type);
    const restart = this.config.role === 'client' ? HandshakeType.helloRequest : HandshakeType.clientHello;
    if (fragment.type === HandshakeType.helloRequest && !this.#connected)
      // RFC 5246 §7.4.1.1: ignored while a handshake is under way, and not part of it.
      return this.drop('unexpected-content', slice.start, name);
    if (this.#connected && fragment.type === restart)
      // A new handshake would count from 0 again, so this must not be mistaken for a repeat (RFC 6347 §4.2.2).
      return fragment.offset === 0 ? this.#step(name, { ...fragment, body: fragment.bytes }) : undefined;
    if (fragment.epoch < this.records.readEpoch && fragment.seq >= (this.inbox.next ?? 0))
      // The peer has switched keys: what is new in the old epoch is not from it, or not in time.
      return this.drop('unexpected-content', slice.start, `${name} in epoch ${fragment.epoch}`);

    const got = this.inbox.accept(fragment);
    switch (got) {
      case 'fresh':
        this.#nextFlightBegins();
        return this.#deliver();
      case 'stale':
        return this.drop('repeated-message', slice.start, name);
      case 'repeated':
        this.drop('repeated-message', slice.start, name);
        if (!again) this.#repeated(fragment);
        return;
      case 'conflicting-fragment':
        // Authenticated, it is the peer's doing; in epoch 0 it may be anybody's, and one forged fragment must not end the
        // handshake: the first bytes stay, and if those were the forged ones Finished will show it (RFC 6347 §4.1.2.7).
        if (fragment.epoch > 0)
          return this.fail({
            fault: 'peer',
            code: 'illegal-parameter',
            message: name,
            what: 'fragments that disagree',
          });
        return this.drop(got, slice.start, name);
      default:
        return this.drop(got, slice.start, name);
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

  #changeCipherSpec(slice: RecordSlice, plaintext: Uint8Array): void {
    if (plaintext.length !== 1 || plaintext[0] !== 1) return this.drop('malformed', slice.start, 'change_cipher_spec');
    if (this.#peer === undefined || slice.epoch !== this.records.readEpoch)
      return this.drop('repeated-message', slice.start, 'change_cipher_spec');
    if (this.#connected || slice.epoch > 0) return this.drop('unexpected-content', slice.start, 'change_cipher_spec');
    if (this.#running.waitsFor('change_cipher_spec')) {
      this.#switchKeys();
      return this.#deliver();
    }
    // It may have overtaken the messages before it. Remembering it changes nothing: keys are switched only where the table
    // says so, which is what reading it at any time got wrong elsewhere.
    this.#earlyChangeCipherSpec = true;
  }

  #switchKeys(): void {
    this.#step('change_cipher_spec');
    // What was begun in the old epoch must not be finished in the new one.
    this.inbox.forget();
    const waiting = this.#ahead;
    this.#ahead = [];
    this.#fromEarlierDatagrams = true;
    for (const slice of waiting) this.#record(slice, this.#peer ?? '');
    this.#fromEarlierDatagrams = false;
  }

  /** Lets the handshake take something, and tells where that led. */
  #step(signal: string, message?: Message): void {
    const from = this.state;
    const failure = this.#running.take(signal, message);
    if (failure) return this.fail(failure);
    if (this.state !== from && !this.#end) this.event({ kind: 'state', from, to: this.state, because: signal });
    if (this.#connected && this.#early.length > 0) {
      const early = this.#early;
      this.#early = [];
      for (const bytes of early) this.event({ kind: 'data', bytes });
    }
  }

  // --- for the handshake ------------------------------------------------------------------------------------------------

  /** The hello that is being handled, while no peer is proved. */
  get firstHello(): FirstHello {
    if (!this.#hello) throw new Error('there is no first hello');
    return this.#hello;
  }

  /** From now on this address is the peer: its hello, of this random, is accepted. */
  settle(hello: FirstHello, clientRandom: Uint8Array): void {
    this.#peer = hello.from;
    this.#clientRandom = clientRandom;
    this.inbox.anchor(hello.message.seq + 1);
    this.#hellos.clear();
  }

  /**
   * Sends a flight, and keeps it for repeats. `number` counts both sides' flights from 1; `answers` is the peer's flight,
   * whose repeat means that ours did not arrive.
   */
  sendFlight(
    number: number,
    parts: readonly FlightPart[],
    awaited: Awaited,
    answers: { readonly first: number; readonly last: number } | undefined,
  ): void {
    this.#flightDone();
    this.#flight = {
      number,
      parts,
      awaited,
      attempt: 0,
      largest: 0,
      until: awaited === 'nothing' ? this.#now + this.config.lastFlightMs : undefined,
      repeats: answers && new RepeatWatch(answers.first, answers.last),
    };
    if (!this.#transmitFlight(this.#flight)) return;
    if (awaited !== 'nothing') this.#timerEvent('set', this.#timer.start(this.#now));
  }

  /** Sends one handshake message to somebody for whom nothing is kept. */
  sendStateless(hello: FirstHello, flight: number, type: number, body: Uint8Array): void {
    const [cut] = cutFlight([{ kind: 'message', epoch: 0, type, seq: hello.message.seq, body }], this.records, {
      mtu: this.#mtu,
      packing: 'flight',
      fragment: undefined,
    });
    const [record] = cut ?? [];
    if (!record) return;
    const bytes = this.records.sealStateless(record.type, hello.recordNumber, record.plaintext);
    this.#transmit(hello.from, bytes, {
      flight,
      attempt: 0,
      records: [{ epoch: 0, sequenceNumber: hello.recordNumber, type: record.type, fragments: record.fragments }],
    });
  }

  /** The handshake is complete. */
  establish(connected: Connected): void {
    this.#connected = connected;
    if (this.#flight?.awaited !== 'nothing') {
      this.#flightDone();
      this.#flight = undefined;
    }
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
    const where = at === undefined || this.#fromEarlierDatagrams ? undefined : { at };
    this.event({ kind: 'dropped', reason, ...where, ...(detail !== undefined && { detail }) });
  }

  fail(failure: Failure): void {
    if (this.#end) return;
    const from = this.state;
    this.#peer ??= this.#hello?.from;
    const name = alertFor(failure);
    const description = name && numberIn(alertDescriptions, name);
    if (description !== undefined && this.#peer !== undefined) {
      this.#sendAlert(Level.fatal, description);
      this.#lastWord = { level: Level.fatal, description, times: 0 };
    }
    this.event({ kind: 'failed', failure });
    this.#over('failed', from, failure.code);
  }

  // --- flights ----------------------------------------------------------------------------------------------------------

  /** Cuts and sends the flight as MTU and packing are now, under fresh record numbers. False when that ended everything. */
  #transmitFlight(flight: SentFlight): boolean {
    const { packing, fragment } = this.config;
    const datagrams = cutFlight(flight.parts, this.records, { mtu: this.#mtu, packing, fragment });
    flight.largest = 0;
    for (const planned of datagrams) {
      const pieces: Uint8Array[] = [];
      const contents: RecordContents[] = [];
      for (const { epoch, type, plaintext, fragments } of planned) {
        // One number is kept back for the alert that says so (RFC 6347 §4.1: they must not wrap).
        if (!this.records.canWrite(epoch, 2)) {
          this.fail({ fault: 'local', code: 'sequence-exhausted' });
          return false;
        }
        const { bytes, number } = this.records.seal(epoch, type, plaintext);
        pieces.push(bytes);
        contents.push({ epoch, sequenceNumber: number, type, fragments });
      }
      const bytes = pieces.length === 1 && pieces[0] ? pieces[0] : concat(...pieces);
      flight.largest = Math.max(flight.largest, bytes.length);
      this.#transmit(this.#peer, bytes, { flight: flight.number, attempt: flight.attempt, records: contents });
    }
    return true;
  }

  #transmitAgain(flight: SentFlight): boolean {
    flight.attempt++;
    return this.#transmitFlight(flight);
  }

  #timeout(): void {
    const { deadline } = this.#timer;
    const flight = this.#flight;
    if (deadline === undefined || !flight || this.#now < deadline) return;
    const fired = this.#timer.fire(this.#now);
    this.#timerEvent('fired', 0);
    if (fired === 'give-up')
      return this.fail({ fault: 'network', code: 'timed-out', flight: flight.number, attempts: flight.attempt });
    if (this.#transmitAgain(flight)) this.#timerEvent('set', fired.again);
  }

  /** The peer has sent again what our flight answered: it did not get it (RFC 6347 §4.2.4). */
  #repeated(fragment: Fragment): void {
    const flight = this.#flight;
    if (!flight?.repeats) return;
    if (flight.until !== undefined) {
      // After the last flight only what is authenticated counts, or strangers could make us send.
      if (fragment.epoch === 0) return;
      if (this.#now > flight.until) {
        this.#flight = undefined;
        return;
      }
    }
    if (!flight.repeats.begins({ seq: fragment.seq, offset: fragment.offset, length: fragment.bytes.length })) return;
    if (!this.#transmitAgain(flight) || flight.awaited === 'nothing') return;
    if (this.#timer.stop()) this.#timerEvent('cancelled', 0);
    this.#timerEvent('set', this.#timer.restart(this.#now));
  }

  /**
   * Something of the next flight is here, so ours has arrived: it need not be sent again, unless the rest stays out
   * (RFC 6347 §4.2.4: a part of a flight changes no state). The peer repeats its flights by its own timer, ours waits
   * longer; the peer's last flight is repeated by nobody unless we ask, so there the timer stays as it is.
   */
  #nextFlightBegins(): void {
    if (this.#flight?.awaited !== 'flight') return;
    const duration = this.#timer.putOff(this.#now);
    if (duration === undefined) return;
    this.#timerEvent('cancelled', 0);
    this.#timerEvent('set', duration);
  }

  /** The flight that we waited for is complete. */
  #flightDone(): void {
    if (this.#timer.stop()) this.#timerEvent('cancelled', 0);
    if (this.#flight?.attempt === 0) this.#timer.relax();
  }

  #timerEvent(action: 'set' | 'fired' | 'cancelled', durationMs: number): void {
    const { number: flight, attempt } = this.#flight ?? { number: 0, attempt: 0 };
    this.event({ kind: 'timer', action, flight, attempt, durationMs });
  }

  /** RFC 6347 §4.1.1.1: the flight is cut anew, at once. Not in `flight` packing, whose point is to be too big. */
  #tooBig(size: number): void {
    const mtu = Math.max(leastMtu, Math.floor(size));
    if (this.#end || !(mtu < this.#mtu)) return;
    this.#mtu = mtu;
    const flight = this.#flight;
    if (this.config.packing === 'flight' || !flight || flight.largest <= mtu) return;
    if (!this.#transmitAgain(flight) || !this.#timer.stop()) return;
    this.#timerEvent('cancelled', 0);
    this.#timerEvent('set', this.#timer.restart(this.#now));
  }

  // --- alerts, data, the end ----------------------------------------------------------------------------------------------

  #alert(slice: RecordSlice, plaintext: Uint8Array): void {
    if (this.#peer === undefined) return this.drop('unexpected-content', slice.start, 'alert');
    // Once the peer writes under keys, what is not under them is not the peer's.
    if (slice.epoch < this.records.readEpoch) return this.drop('unauthenticated-alert', slice.start);
    const read = tryDecode(alert, plaintext);
    if (!read.ok || (read.value.level !== Level.warning && read.value.level !== Level.fatal))
      return this.drop('malformed', slice.start, 'alert');
    const { level, description } = read.value;
    this.event({ kind: 'alert', direction: 'received', level, description });
    if (description === closeNotify) {
      const from = this.state;
      // RFC 5246 §7.2.1: answered with one of our own.
      this.#sendAlert(Level.warning, closeNotify);
      this.event({ kind: 'closed', by: 'peer' });
      return this.#over('closed', from, 'close_notify');
    }
    // In epoch 0 anybody could have sent this. Real stacks believe it all the same, and it is how a peer says what is wrong.
    if (level === Level.fatal) this.fail({ fault: 'peer', code: 'alert', level, description });
  }

  #applicationData(slice: RecordSlice, plaintext: Uint8Array): void {
    if (slice.epoch === 0) return this.drop('unexpected-content', slice.start, 'application data in epoch 0');
    if (this.#connected) return this.event({ kind: 'data', bytes: plaintext.slice() });
    // RFC 6347 §4.2.4: data may overtake the Finished before it; it is not believed before that.
    if (this.#early.length >= this.config.limits.recordsAhead)
      return this.drop('over-limit', slice.start, 'application data before finished');
    this.#early.push(plaintext.slice());
  }

  #send(bytes: Uint8Array): void {
    if (!this.#connected || this.#end) return this.#misuse(`send in state ${this.state}`);
    const epoch = this.records.writeEpoch;
    const room = this.config.packing === 'flight' ? Number.POSITIVE_INFINITY : this.#mtu;
    const most = this.records.plaintextThatFits(epoch, room);
    if (bytes.length > most) return this.#misuse(`send of ${bytes.length} bytes, where a record holds ${most}`);
    if (!this.records.canWrite(epoch, 2)) return this.fail({ fault: 'local', code: 'sequence-exhausted' });
    this.#sendRecord(ContentType.applicationData, bytes);
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
    this.#transmit(this.#peer, bytes, {
      flight: 0,
      attempt: 0,
      records: [{ epoch, sequenceNumber: number, type, fragments: [] }],
    });
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
    if (this.#timer.stop()) this.#timerEvent('cancelled', 0);
    this.#flight = undefined;
    this.#ahead = [];
    this.#early = [];
    this.inbox.forget();
    this.#hellos.clear();
    this.event({ kind: 'state', from, to: end, because });
  }

  /** RFC 6347 §4.2.7: alerts get lost, so one is repeated to a peer that goes on with its handshake; not for ever. */
  #afterTheEnd(records: readonly RecordSlice[]): void {
    for (const slice of records) this.drop('after-close', slice.start);
    const word = this.#lastWord;
    if (!word || word.times >= mostAlertRepeats || !records.some(({ type }) => type === ContentType.handshake)) return;
    word.times++;
    this.#sendAlert(word.level, word.description);
  }

  // --- out --------------------------------------------------------------------------------------------------------------

  #transmit(to: PeerAddress | undefined, bytes: Uint8Array, contents: DatagramContents): void {
    if (to === undefined) throw new Error('there is nobody to send to');
    this.#outputs.push({ kind: 'transmit', to, bytes, contents });
  }

  poll(): Output {
    const output = this.#outputs[this.#outputsTaken];
    if (output) {
      this.#outputsTaken++;
      return output;
    }
    this.#outputs.length = 0;
    this.#outputsTaken = 0;
    return { kind: 'wait', until: this.#timer.deadline };
  }
}

const headOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, handshakeHeaderLength);
