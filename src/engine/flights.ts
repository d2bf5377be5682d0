/**
 * The sending side of a handshake: a flight is kept as messages, cut and numbered anew each time it is sent, and sent again
 * when its timer fires, when the peer repeats what it answered, when an ACK lacks some of it, or when the path turns out
 * narrower (RFC 6347 §4.2.4, §4.1.1.1; RFC 9147 §5.8, §7.2). One timer, one flight; what comes after the handshake waits for
 * its turn.
 */
import type { Instant } from '../base/time.ts';
import type { Faults, Occasion } from '../profiles/model.ts';
import { ContentType } from '../wire/registry.ts';
import type { DatagramContents, EndpointConfig, EngineEvent, RecordContents } from './api.ts';
import { leastMtu } from './config.ts';
import type { Failure } from './failure.ts';
import { cutAnywhere, cutFlight, type FlightPart, writePlaintext } from './packing.ts';
import type { RecordLayer } from './records.ts';
import { RepeatWatch } from './repeats.ts';
import { RetransmissionTimer } from './timer.ts';
import { Tracking } from './tracking.ts';

/**
 * What comes after a flight of ours: a flight of the peer, which repeats it; the peer's last one, which it does not; an ACK,
 * until which it is sent again (RFC 9147 §7.1); nothing.
 */
export type Awaited = 'flight' | 'last-flight' | 'acknowledgement' | 'nothing';

export interface Flight {
  /** Flights of both sides count from 1. */
  readonly number: number;
  readonly parts: readonly FlightPart[];
  readonly awaited: Awaited;
  /** message_seq, first and last, of the peer's flight that this one answers. */
  readonly answers: { readonly first: number; readonly last: number } | undefined;
  /** The peer may acknowledge pieces of it: DTLS 1.3, agreed by both. */
  readonly tracked?: boolean | undefined;
  /** All of it was acknowledged. */
  readonly done?: (() => void) | undefined;
  /** What nobody acknowledges ends the association, unless it can be done without. */
  readonly ifLost?: 'let-go' | undefined;
}

interface SentFlight extends Flight {
  /** Retransmissions so far. */
  attempt: number;
  /** Largest datagram of the last sending. */
  largest: number;
  /** Its first sending got through: something of the next flight came before it was sent again. */
  lossFree: boolean;
  /** Something of the next flight is here, and the timer has not been told yet. */
  partly: boolean;
  /** When a last flight is forgotten. */
  until: number | undefined;
  readonly repeats: RepeatWatch | undefined;
  readonly tracking: Tracking | undefined;
  /** When it was sent last, or some of it. */
  sentAt: Instant;
  /** The next flight has begun, which acknowledges all of it (RFC 9147 §7.2). */
  answered: boolean;
  /** An ACK of nothing made us send it again already in this period of the timer. */
  nudged: boolean;
  /** Retransmissions of all of it, by which MTU steps go. */
  silences: number;
  /** The MTU of its first sending, and where that cut its messages. */
  readonly firstMtu: number;
  readonly borders: Map<number, number[]>;
  /** The datagrams of its first sending, where those are sent again as they were (`Faults.resend`). */
  readonly datagrams: Datagram[];
}

interface Datagram {
  readonly bytes: Uint8Array;
  readonly records: readonly RecordContents[];
}

/** Sendings of a last flight that nobody waits for (`Faults.afterFinished`), and ms between them: a storm that wears off. */
const mostStorm = 64;
const stormMs = 50;

/** What a stack that sends anything on a timeout might send: a handshake message that nobody knows. */
const junk = new Uint8Array(25).fill(0xee);

/** What flights need of the association that they belong to. */
export interface FlightHost {
  readonly config: EndpointConfig;
  readonly records: RecordLayer;
  /** DTLS 1.3 is agreed: what has come of an incomplete flight can be acknowledged. */
  acknowledges(): boolean;
  acknowledge(): void;
  transmit(bytes: Uint8Array, contents: DatagramContents): void;
  event(event: EngineEvent): void;
  fail(failure: Failure): void;
}

export class Flights {
  readonly #host: FlightHost;
  readonly #timer: RetransmissionTimer;
  readonly #faults: Faults;
  #mtu: number;
  #flight: SentFlight | undefined;
  /** What comes in of the flight that is to be answered next. */
  #incoming = new RepeatWatch(0);
  /** Messages after the handshake that wait for the one before them. */
  #queue: Flight[] = [];
  /** The handshake is complete, and its last flight goes out all the same. */
  #storming = false;

  constructor(host: FlightHost) {
    this.#host = host;
    this.#timer = new RetransmissionTimer(host.config.retransmission);
    this.#faults = host.config.faults ?? {};
    this.#mtu = host.config.mtu;
  }

  #may(occasion: Occasion): boolean {
    return this.#faults.neverAgain?.includes(occasion) !== true;
  }

  /** The largest datagram that the path carries, as far as known. */
  get mtu(): number {
    return this.#mtu;
  }
  /** It may grow, too. What was sent is not sent again for it. */
  set mtu(size: number) {
    this.#mtu = Math.max(leastMtu, Math.floor(size));
  }
  get deadline(): Instant | undefined {
    return this.#timer.deadline;
  }
  /** A quarter of the timeout as it is (RFC 9147 §7.1). */
  get quarter(): number {
    return this.#timer.quarter;
  }
  /** Something of ours waits for its ACK. */
  get unacknowledged(): boolean {
    return this.#flight?.awaited === 'acknowledgement';
  }

  /** Sends a flight, and keeps it for repeats in place of the one before, which has thereby arrived. */
  send(flight: Flight, now: Instant): void {
    this.arrived();
    const { number, parts, awaited, answers, tracked, done, ifLost } = flight;
    const repeats = answers && this.#incoming;
    if (answers) {
      repeats?.bound(answers.first, answers.last);
      this.#incoming = new RepeatWatch(answers.last + 1);
    }
    // Named one by one: V8 of Node 20 looks each property of a spread up by its name.
    this.#flight = {
      number,
      parts,
      awaited,
      answers,
      tracked,
      done,
      ifLost,
      attempt: 0,
      largest: 0,
      lossFree: false,
      partly: false,
      until: awaited === 'nothing' ? now + this.#host.config.lastFlightMs : undefined,
      repeats,
      tracking: tracked ? new Tracking() : undefined,
      sentAt: now,
      answered: false,
      nudged: false,
      silences: 0,
      firstMtu: this.#mtu,
      borders: new Map(),
      datagrams: [],
    };
    const timed = awaited !== 'nothing' && this.#may('timeout');
    if (this.#transmit(this.#flight, now) && timed) this.#set(this.#timer.start(now));
  }

  /** Sends a message after the handshake, once the one before it is acknowledged. */
  enqueue(flight: Flight, now: Instant): void {
    if (this.unacknowledged) this.#queue.push(flight);
    else this.send(flight, now);
  }

  /** What was to be sent at `asked` left at `now`. */
  sent(asked: Instant, now: Instant): void {
    this.#timer.putBack(asked, now);
    if (this.#flight?.sentAt === asked) this.#flight.sentAt = now;
  }

  timeout(now: Instant): void {
    const flight = this.#flight;
    if (!flight || this.#timer.deadline === undefined || now < this.#timer.deadline) return;
    const { asking } = this.#timer;
    const fired = this.#timer.fire(now);
    if (!asking) this.#tell('fired', 0);
    if (this.#storming) {
      if (flight.attempt >= mostStorm) this.forget();
      else if (this.#transmitAgain(flight, now)) this.#set(this.#timer.alarm(now, stormMs));
      return;
    }
    if (fired === 'give-up') this.#giveUp(flight, now);
    else if (asking) this.#host.acknowledge();
    else {
      flight.nudged = false;
      const sent = this.#faults.onTimeout === 'junk' ? this.#transmitJunk(flight) : this.#transmitAgain(flight, now);
      if (sent) this.#set(fired.again);
    }
  }

  #giveUp(flight: SentFlight, now: Instant): void {
    if (flight.ifLost === 'let-go') this.#next(now);
    else this.#host.fail({ fault: 'network', code: 'timed-out', flight: flight.number, attempts: flight.attempt });
  }

  /** The flight is through; the next that waits goes out. */
  #next(now: Instant): void {
    this.#flight = undefined;
    const next = this.#queue.shift();
    if (next) this.send(next, now);
  }

  /**
   * A fragment of the peer's, new or not, but not the network's copy of one. Where our flight answered it and it begins
   * another sending, ours did not arrive, and goes out again, once for each such repeat (RFC 6347 §4.2.4).
   */
  heard(
    fragment: { readonly seq: number; readonly offset: number; readonly length: number; readonly epoch: number },
    now: Instant,
  ): void {
    const flight = this.#flight;
    if (!flight?.repeats?.covers(fragment.seq)) {
      const again = this.#incoming.note(fragment);
      if (flight && again && this.#storming && flight.attempt < mostStorm) this.#transmitAgain(flight, now);
      return;
    }
    if (flight.until !== undefined) {
      // After the last flight only what is authenticated counts, or strangers could make us send.
      if (fragment.epoch === 0) return;
      if (now > flight.until) {
        this.#flight = undefined;
        return;
      }
      // Two MSL is the least (RFC 6347 §4.2.4). A peer that still asks is still there, and under heavy loss with a timer
      // at its cap it may need longer: counted from the last time it asked.
      flight.until = now + this.#host.config.lastFlightMs;
    }
    const mute = !this.#may(flight.until === undefined ? 'repeat' : 'last-repeat');
    if (!flight.repeats.note(fragment) || flight.answered || mute) return;
    if (this.#transmitAgain(flight, now)) this.#restart(now);
  }

  /**
   * An ACK, authenticated, with the numbers that it may speak of. What it shows to be lost goes out again at once
   * (RFC 9147 §7.2). One that comes sooner than a quarter of the timeout was sent because of a gap (§7.1), and what went out
   * after the newest record in it may still be under way.
   */
  acknowledged(numbers: readonly { readonly epoch: number; readonly sequence_number: number }[], now: Instant): void {
    const flight = this.#flight;
    if (!flight?.tracking || flight.answered) return;
    const timed = this.#host.config.acks === 'timed';
    if (numbers.length === 0) {
      if (!timed) this.nudged(now);
      return;
    }
    if (!flight.tracking.acknowledge(numbers)) return;
    if (flight.tracking.missing(flight.parts, false).length === 0) {
      this.#allAcknowledged(flight, now);
      return;
    }
    if (timed || !this.#may('ack')) return;
    const early = now < flight.sentAt + this.#timer.quarter;
    const lost = flight.tracking.missing(flight.parts, early);
    if (lost.length === 0) return;
    flight.attempt++;
    if (this.#transmit(flight, now, lost)) this.#restart(now);
  }

  /** An ACK of nothing: the peer can't read what came, which all hangs on the ServerHello (RFC 9147 §7.1). */
  nudged(now: Instant): void {
    const flight = this.#flight;
    // Anybody could have sent it, so it doubles what we send and no more.
    if (!flight?.tracking || flight.answered || flight.nudged || flight.tracking.begun || !this.#may('ack')) return;
    flight.nudged = true;
    if (this.#transmitAgain(flight, now)) this.#restart(now);
  }

  #allAcknowledged(flight: SentFlight, now: Instant): void {
    this.arrived();
    if (flight.awaited !== 'acknowledgement') {
      if (this.#host.config.acks !== 'timed') this.#timer.onlyWait();
      return;
    }
    flight.done?.();
    this.#next(now);
  }

  /** Something of the next flight is here, so ours has arrived. */
  nextBegins(): void {
    const flight = this.#flight;
    if (!flight || flight.awaited === 'acknowledgement') return;
    if (flight.attempt === 0) flight.lossFree = true;
    flight.partly = true;
  }

  /**
   * A datagram was read. When it brought part of the next flight and not the rest, ours need not be sent again, unless the
   * rest stays out (RFC 6347 §4.2.4: part of a flight changes no state). The peer repeats its flights by its own timer and
   * ours waits longer; the peer's last flight is repeated by nobody unless we ask, so there the timer stays as it is. In
   * DTLS 1.3 ours is acknowledged by it, and the rest is asked for by an ACK (RFC 9147 §7.1).
   */
  datagramRead(now: Instant): void {
    const flight = this.#flight;
    if (!flight?.partly) return;
    flight.partly = false;
    if (flight.awaited !== 'flight') return;
    if (this.#host.acknowledges()) {
      if (!flight.answered) this.#cancel();
      flight.answered = true;
      if (this.#host.config.acks !== 'timed') this.#timer.ask(now);
      return;
    }
    const duration = this.#timer.putOff(now);
    if (duration === undefined) return;
    this.#tell('cancelled', 0);
    this.#set(duration);
  }

  /** The flight that was waited for is complete. */
  arrived(): void {
    this.#cancel();
    const { startsAnew } = this.#host.config.retransmission;
    if (startsAnew || this.#flight?.attempt === 0 || this.#flight?.lossFree) this.#timer.relax();
  }

  /** The handshake is complete: only a last flight is still kept, for a peer that asks for it (RFC 6347 §4.2.4). */
  completed(now: Instant): void {
    this.#storming = this.#faults.afterFinished === 'storm' && !this.#host.acknowledges();
    if (this.#storming) this.#set(this.#timer.alarm(now, stormMs));
    if (this.#flight?.awaited === 'nothing' || this.unacknowledged || this.#storming) return;
    this.arrived();
    this.#flight = undefined;
  }

  /** The path carries less than we thought: the flight is cut anew, at once (RFC 6347 §4.1.1.1). */
  tooBig(size: number, now: Instant): void {
    const mtu = Math.max(leastMtu, Math.floor(size));
    if (!(mtu < this.#mtu) || !this.#may('narrow-path')) return;
    this.#mtu = mtu;
    const flight = this.#flight;
    // Being too big is what `flight` packing is for.
    if (this.#host.config.packing === 'flight' || !flight || flight.largest <= mtu) return;
    if (this.#transmitAgain(flight, now)) this.#restart(now);
  }

  forget(): void {
    this.#cancel();
    this.#flight = undefined;
    this.#queue = [];
  }

  /** All of it again, or what nobody has acknowledged. */
  #transmitAgain(flight: SentFlight, now: Instant): boolean {
    flight.attempt++;
    flight.silences++;
    // RFC 6347 §4.1.1.1, RFC 9147 §4.4: after repeated silence smaller records, in case the path carries no larger ones.
    for (const { fromRetransmission, mtu } of this.#may('narrow-path') ? (this.#host.config.mtuSteps ?? []) : [])
      if (flight.silences >= fromRetransmission && mtu < this.#mtu) this.#mtu = Math.max(leastMtu, mtu);
    return this.#transmit(flight, now, flight.tracking?.missing(flight.parts, false));
  }

  /** Cuts and sends a flight as MTU and packing are now, under fresh record numbers. False when that ended everything. */
  #transmit(flight: SentFlight, now: Instant, parts: readonly FlightPart[] = flight.parts): boolean {
    const { records, config } = this.#host;
    const again = flight.attempt > 0;
    if (again && this.#faults.resend === 'same-datagrams') {
      for (const datagram of flight.datagrams) this.#put(flight, datagram);
      return true;
    }
    const wanted = (again ? config.resendPacking : undefined) ?? config.packing;
    const packing = this.#faults.borders === 'anywhere' ? 'flight' : wanted;
    const stable = config.bordersOnResend === 'stable' && this.#mtu >= flight.firstMtu;
    const borders = again && stable ? (seq: number) => flight.borders.get(seq) ?? [] : undefined;
    flight.largest = 0;
    flight.sentAt = now;
    const { fragment, filledRecords: filled, sharedRecords: shared = true } = config;
    for (const planned of cutFlight(parts, records, { mtu: this.#mtu, packing, fragment, borders, shared, filled })) {
      let size = 0;
      for (const { epoch, length } of planned) size += records.recordLength(epoch, length);
      const bytes = new Uint8Array(size);
      const starts: number[] = [];
      const contents: RecordContents[] = [];
      let at = 0;
      for (const record of planned) {
        const { epoch, type, length, fragments } = record;
        // One number is kept back for the alert that says so: they must not wrap (RFC 6347 §4.1).
        if (!records.canWrite(epoch, 2)) {
          this.#host.fail({ fault: 'local', code: 'sequence-exhausted' });
          return false;
        }
        if (this.#faults.numbers === 'by-message' && fragments.some(({ offset }) => offset > 0))
          records.repeatNumber(epoch);
        const number = records.sealInto(bytes, at, epoch, type, length, (into, from) =>
          writePlaintext(record, into, from),
        );
        starts.push(at);
        at += records.recordLength(epoch, length);
        contents.push({ epoch, sequenceNumber: number, type, fragments });
        flight.tracking?.sent(epoch, number, fragments);
        if (!again && config.bordersOnResend === 'stable')
          for (const { messageSeq, offset, length } of fragments) noteBorder(flight, messageSeq, offset + length);
      }
      if (this.#faults.borders === 'anywhere')
        for (const datagram of cutAnywhere(bytes, starts, contents, this.#mtu)) this.#put(flight, datagram);
      else this.#put(flight, { bytes, records: contents });
    }
    return true;
  }

  #put(flight: SentFlight, datagram: Datagram): void {
    const { bytes, records } = datagram;
    flight.largest = Math.max(flight.largest, bytes.length);
    if (flight.attempt === 0 && this.#faults.resend !== undefined) flight.datagrams.push(datagram);
    this.#host.transmit(bytes, { flight: flight.number, attempt: flight.attempt, records });
  }

  #transmitJunk(flight: SentFlight): boolean {
    const { records } = this.#host;
    const type = ContentType.handshake;
    const { bytes, number } = records.seal(0, type, junk);
    flight.attempt++;
    const record = { epoch: 0, sequenceNumber: number, type, fragments: [] };
    this.#host.transmit(bytes, { flight: 0, attempt: flight.attempt, records: [record] });
    return true;
  }

  /** The flight went out for another reason than its timer, which starts over. */
  #restart(now: Instant): void {
    if (this.#cancel()) this.#set(this.#timer.restart(now));
  }

  #cancel(): boolean {
    const running = this.#timer.stop();
    if (running) this.#tell('cancelled', 0);
    return running;
  }
  #set(durationMs: number): void {
    this.#tell('set', durationMs);
  }
  #tell(action: 'set' | 'fired' | 'cancelled', durationMs: number): void {
    const { number: flight, attempt } = this.#flight ?? { number: 0, attempt: 0 };
    this.#host.event({ kind: 'timer', action, flight, attempt, durationMs });
  }
}

function noteBorder(flight: SentFlight, seq: number, end: number): void {
  const known = flight.borders.get(seq);
  if (known) known.push(end);
  else flight.borders.set(seq, [end]);
}
