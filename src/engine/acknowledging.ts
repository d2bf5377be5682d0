/**
 * When what has come is acknowledged (RFC 9147 §7.1): at once where something is missing, by a flight of ours that answers
 * it, or a while later; or, as BoringSSL does it, always by a timer of its own (`StackHabits.acks`). What an ACK tells is
 * `Acks`' to know.
 */
import { after, type Instant } from '../base/time.ts';
import { encode } from '../codec/codec.ts';
import { ContentType } from '../wire/registry.ts';
import { ack } from '../wire/unified.ts';
import { Acks } from './acks.ts';
import type { Flights } from './flights.ts';
import type { Inbox } from './inbox.ts';
import type { RecordLayer } from './records.ts';

/** What acknowledging needs of the association. */
export interface AckHost {
  readonly records: RecordLayer;
  readonly inbox: Inbox;
  readonly flights: Flights;
  /** Sends a record that belongs to no flight, in the newest epoch. */
  readonly send: (type: number, plaintext: Uint8Array) => void;
}

export class Acknowledger {
  readonly #host: AckHost;
  readonly #acks: Acks;
  /** ACKs wait for a timer, and repeats are acknowledged as well. */
  readonly timed: boolean;
  /** When ACKs that wait for a timer are sent. */
  #deadline: Instant | undefined;
  /** The handshake is complete: from here on each message is a flight of its own. */
  connected = false;

  constructor(timed: boolean, host: AckHost) {
    this.timed = timed;
    this.#host = host;
    this.#acks = new Acks(timed);
  }

  get deadline(): Instant | undefined {
    return this.#deadline;
  }

  /** A record brought a fragment of this message, which was processed or buffered. */
  note(seq: number, epoch: number, number: number): void {
    this.#acks.note(seq, epoch, number);
  }
  /** Part of the record that is being read could not be kept: what was not kept must not be acknowledged (RFC 9147 §7). */
  retract(epoch: number, number: number): void {
    this.#acks.retract(epoch, number);
  }

  /** A flight of ours goes out; it acknowledges what it answers, up to the message of this number (RFC 9147 §7.1). */
  flightSent(lastAnswered: number | undefined): void {
    if (lastAnswered !== undefined) this.#acks.answered(lastAnswered + 1);
    this.#deadline = undefined;
  }
  /** A message of ours goes out after the handshake: BoringSSL takes whatever it sends for an answer. */
  messageSent(): void {
    if (this.timed) this.forget();
  }

  timeout(now: Instant): void {
    if (this.#deadline !== undefined && now >= this.#deadline) this.acknowledge();
  }

  /** Acknowledges what has come of the peer's flight (RFC 9147 §7). */
  acknowledge(): void {
    this.#deadline = undefined;
    if (this.timed) {
      this.#sendAck();
      return;
    }
    do this.#sendAck();
    while (this.#acks.untold > 0);
    // After the handshake each message is a flight of its own, and a repeat of it is acknowledged anew.
    if (this.connected) this.#acks.forget();
  }

  /**
   * What was read of this datagram is acknowledged now, or later, or by a flight of ours (RFC 9147 §7.1). Also when an ACK is
   * full, so that there is never more to tell at once than one of them holds.
   */
  datagramRead(now: Instant): void {
    if (this.timed) {
      if (this.#acks.untold > 0) this.#deadline ??= after(now, this.#host.flights.quarter);
      return;
    }
    if (this.connected ? this.#acks.untold > 0 : this.#acks.newGap(this.#host.inbox.gap)) this.acknowledge();
    while (this.#acks.untold > 0 && this.#acks.untold >= this.#most) this.#sendAck();
  }

  forget(): void {
    this.#acks.forget();
    this.#deadline = undefined;
  }

  /** One ACK, in the newest epoch that we write. */
  #sendAck(): void {
    const { records } = this.#host;
    const record_numbers = [...this.#acks.tell(this.#most)];
    if (records.canWrite(records.writeEpoch, 2)) this.#host.send(ContentType.ack, encode(ack, { record_numbers }));
  }

  /** Record numbers that fit into one ACK. */
  get #most(): number {
    const { records, flights } = this.#host;
    return Math.max(1, Math.floor((records.plaintextThatFits(records.writeEpoch, flights.mtu) - 2) / 16));
  }
}
