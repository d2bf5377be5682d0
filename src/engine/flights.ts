/**
 * The sending side of a handshake: a flight is kept as messages, cut and numbered anew each time it is sent, and sent again
 * when its timer fires, when the peer repeats what it answered, or when the path turns out narrower (RFC 6347 §4.2.4,
 * §4.1.1.1). One timer, one flight.
 */
import { concat } from '../base/bytes.ts';
import type { Instant } from '../base/time.ts';
import type { DatagramContents, EndpointConfig, EngineEvent, RecordContents } from './api.ts';
import { leastMtu } from './config.ts';
import type { Failure } from './failure.ts';
import { cutFlight, type FlightPart } from './packing.ts';
import type { RecordLayer } from './records.ts';
import { RepeatWatch } from './repeats.ts';
import { RetransmissionTimer } from './timer.ts';

/** What comes after a flight of ours: a flight of the peer, which repeats it; the peer's last one, which it does not; nothing. */
export type Awaited = 'flight' | 'last-flight' | 'nothing';

export interface Flight {
  /** Flights of both sides count from 1. */
  readonly number: number;
  readonly parts: readonly FlightPart[];
  readonly awaited: Awaited;
  /** message_seq, first and last, of the peer's flight that this one answers. */
  readonly answers: { readonly first: number; readonly last: number } | undefined;
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
}

/** What flights need of the association that they belong to. */
export interface FlightHost {
  readonly config: EndpointConfig;
  readonly records: RecordLayer;
  transmit(bytes: Uint8Array, contents: DatagramContents): void;
  event(event: EngineEvent): void;
  fail(failure: Failure): void;
}

export class Flights {
  readonly #host: FlightHost;
  readonly #timer: RetransmissionTimer;
  #mtu: number;
  #flight: SentFlight | undefined;
  /** What comes in of the flight that is to be answered next. */
  #incoming = new RepeatWatch(0);

  constructor(host: FlightHost) {
    this.#host = host;
    this.#timer = new RetransmissionTimer(host.config.retransmission);
    this.#mtu = host.config.mtu;
  }

  /** The largest datagram that the path carries, as far as known. */
  get mtu(): number {
    return this.#mtu;
  }
  get deadline(): Instant | undefined {
    return this.#timer.deadline;
  }

  /** Sends a flight, and keeps it for repeats in place of the one before, which has thereby arrived. */
  send(flight: Flight, now: Instant): void {
    this.arrived();
    const { awaited, answers } = flight;
    const repeats = answers && this.#incoming;
    if (answers) {
      repeats?.bound(answers.first, answers.last);
      this.#incoming = new RepeatWatch(answers.last + 1);
    }
    this.#flight = {
      ...flight,
      attempt: 0,
      largest: 0,
      lossFree: false,
      partly: false,
      until: awaited === 'nothing' ? now + this.#host.config.lastFlightMs : undefined,
      repeats,
    };
    if (this.#transmit(this.#flight) && awaited !== 'nothing') this.#set(this.#timer.start(now));
  }

  timeout(now: Instant): void {
    const flight = this.#flight;
    if (!flight || this.#timer.deadline === undefined || now < this.#timer.deadline) return;
    const fired = this.#timer.fire(now);
    this.#tell('fired', 0);
    if (fired === 'give-up')
      this.#host.fail({ fault: 'network', code: 'timed-out', flight: flight.number, attempts: flight.attempt });
    else if (this.#transmitAgain(flight)) this.#set(fired.again);
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
      this.#incoming.note(fragment);
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
    if (!flight.repeats.note(fragment)) return;
    if (this.#transmitAgain(flight)) this.#restart(now);
  }

  /** Something of the next flight is here, so ours has arrived. */
  nextBegins(): void {
    const flight = this.#flight;
    if (!flight) return;
    if (flight.attempt === 0) flight.lossFree = true;
    flight.partly = true;
  }

  /**
   * A datagram was read. When it brought part of the next flight and not the rest, ours need not be sent again, unless the
   * rest stays out (RFC 6347 §4.2.4: part of a flight changes no state). The peer repeats its flights by its own timer and
   * ours waits longer; the peer's last flight is repeated by nobody unless we ask, so there the timer stays as it is.
   */
  datagramRead(now: Instant): void {
    const flight = this.#flight;
    if (!flight?.partly) return;
    flight.partly = false;
    if (flight.awaited !== 'flight') return;
    const duration = this.#timer.putOff(now);
    if (duration === undefined) return;
    this.#tell('cancelled', 0);
    this.#set(duration);
  }

  /** The flight that was waited for is complete. */
  arrived(): void {
    this.#cancel();
    if (this.#flight?.attempt === 0 || this.#flight?.lossFree) this.#timer.relax();
  }

  /** The handshake is complete: only a last flight is still kept, for a peer that asks for it (RFC 6347 §4.2.4). */
  completed(): void {
    if (this.#flight?.awaited === 'nothing') return;
    this.arrived();
    this.#flight = undefined;
  }

  /** The path carries less than we thought: the flight is cut anew, at once (RFC 6347 §4.1.1.1). */
  tooBig(size: number, now: Instant): void {
    const mtu = Math.max(leastMtu, Math.floor(size));
    if (!(mtu < this.#mtu)) return;
    this.#mtu = mtu;
    const flight = this.#flight;
    // Being too big is what `flight` packing is for.
    if (this.#host.config.packing === 'flight' || !flight || flight.largest <= mtu) return;
    if (this.#transmitAgain(flight)) this.#restart(now);
  }

  forget(): void {
    this.#cancel();
    this.#flight = undefined;
  }

  #transmitAgain(flight: SentFlight): boolean {
    flight.attempt++;
    return this.#transmit(flight);
  }

  /** Cuts and sends the flight as MTU and packing are now, under fresh record numbers. False when that ended everything. */
  #transmit(flight: SentFlight): boolean {
    const { records, config } = this.#host;
    const cut = { mtu: this.#mtu, packing: config.packing, fragment: config.fragment };
    flight.largest = 0;
    for (const planned of cutFlight(flight.parts, records, cut)) {
      const pieces: Uint8Array[] = [];
      const contents: RecordContents[] = [];
      for (const { epoch, type, plaintext, fragments } of planned) {
        // One number is kept back for the alert that says so: they must not wrap (RFC 6347 §4.1).
        if (!records.canWrite(epoch, 2)) {
          this.#host.fail({ fault: 'local', code: 'sequence-exhausted' });
          return false;
        }
        const { bytes, number } = records.seal(epoch, type, plaintext);
        pieces.push(bytes);
        contents.push({ epoch, sequenceNumber: number, type, fragments });
      }
      const bytes = concat(...pieces);
      flight.largest = Math.max(flight.largest, bytes.length);
      this.#host.transmit(bytes, { flight: flight.number, attempt: flight.attempt, records: contents });
    }
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
