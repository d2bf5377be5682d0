/**
 * The TURN client on a transport and a clock: an allocation that lives as long as somebody uses it, what it did as facts of
 * the trace, and for one peer a transport of its own, so that a handshake goes through the relay as over any path.
 */
import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { createTurnClient } from '../ice/turn.ts';
import { describeTurnFailure, type TurnFailure } from '../ice/turnFailure.ts';
import { defaultTurnConfig, type TurnClient, type TurnCredentials, type TurnEvent } from '../ice/turnModel.ts';
import type { Address } from '../trace/model.ts';
import type { TurnFact } from '../trace/pathFacts.ts';
import { withoutIntegrity } from '../wire/stunIntegrity.ts';
import { Alarm } from './alarm.ts';
import type { Clock, PathNews, Transport, TransportEvent } from './api.ts';
import { tellStun } from './pathLog.ts';

export interface TurnRelaySpec {
  /** To the TURN server; the relay closes it. */
  readonly transport: Transport;
  readonly credentials: TurnCredentials | undefined;
  readonly family?: 4 | 6 | undefined;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly tell: (news: PathNews) => void;
  readonly hear: (news: RelayNews) => void;
}

/** What whoever uses the relay has to know. */
export type RelayNews =
  | { readonly kind: 'allocated'; readonly relayed: Address; readonly mapped: Address | undefined }
  /** The server lets this peer and us speak with each other from now on. */
  | { readonly kind: 'permitted'; readonly peer: Address }
  | { readonly kind: 'data'; readonly from: Address; readonly bytes: Uint8Array; readonly at: Instant }
  | { readonly kind: 'peer-refused'; readonly peer: Address; readonly why: string }
  /** ICMP said that a peer is not there. */
  | { readonly kind: 'unreachable'; readonly peer: Address; readonly why: string }
  | { readonly kind: 'too-big'; readonly size: number }
  /** The allocation is over, or never was. `by` is the server. */
  | { readonly kind: 'failed'; readonly by: string; readonly why: string }
  | { readonly kind: 'gone'; readonly why: string };

/** A Data indication, which brings a payload (RFC 8656 §11.6). */
const isData = (bytes: Uint8Array): boolean => bytes[0] === 0x00 && bytes[1] === 0x17;

/** Bytes that a Send indication adds to an IPv6 peer's payload: the most that the framing costs. */
const largestOverhead = 51;

export class TurnRelay {
  readonly server: Address;
  readonly #spec: TurnRelaySpec;
  readonly #client: TurnClient;
  readonly #overheads = new Map<string, number>();
  #packet = 0;
  readonly #alarm: Alarm;
  #busy = false;
  #closed = false;

  /** Nothing is sent before `start`. */
  constructor(spec: TurnRelaySpec) {
    this.#spec = spec;
    this.server = spec.transport.remote;
    this.#alarm = new Alarm(spec.clock, () => this.#feed({ kind: 'timeout' }));
    this.#client = createTurnClient(
      { ...defaultTurnConfig, server: this.server, credentials: spec.credentials, family: spec.family },
      { crypto: spec.crypto, random: spec.random },
    );
    spec.transport.listen((event) => this.#hear(event));
  }

  get relayed(): Address | undefined {
    return this.#client.relayed;
  }

  start(): void {
    this.#feed({ kind: 'start' });
  }
  send(to: Address, bytes: Uint8Array): void {
    this.#feed({ kind: 'send', to, bytes });
  }
  /** Lets a peer speak first. */
  permit(peer: Address): void {
    this.#feed({ kind: 'permit', peer });
  }
  /** From here on what goes to this peer and comes from it has 4 bytes more, not 36. */
  bindChannel(peer: Address): void {
    this.#feed({ kind: 'bind-channel', peer });
  }
  /** Nobody waits any more: what was found out until now is the reason. */
  giveUp(): void {
    this.#feed({ kind: 'give-up' });
  }
  /** Gives the allocation back; the transport closes when the server has said yes, or has had its time. */
  close(): void {
    this.#feed({ kind: 'close' });
  }

  #hear(event: TransportEvent): void {
    if (this.#closed) return;
    switch (event.kind) {
      case 'datagram':
        if (!isData(event.bytes)) this.#record(event.from, this.#spec.transport.local, event.bytes);
        this.#feed({ kind: 'datagram', bytes: event.bytes, from: event.from }, event.at);
        break;
      case 'refused':
        this.#fail(event.by, event.why);
        break;
      case 'too-big':
        this.#spec.hear({ kind: 'too-big', size: Math.max(64, event.size - largestOverhead) });
        break;
      case 'gone':
        this.#finish();
        this.#spec.hear({ kind: 'gone', why: event.why });
        break;
      case 'unsent':
      case 'sent':
      case 'path':
      case 'ended':
        break;
      default:
        unreachable(event);
    }
  }

  #feed(input: Parameters<TurnClient['handle']>[0], at: Instant = this.#spec.clock.now()): void {
    if (this.#closed) return;
    this.#client.handle(input, at);
    // What a hearer does at once (send, bind) ends up here again; the outer loop takes its outputs in order.
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#drain(at);
    } finally {
      this.#busy = false;
    }
  }

  #drain(at: Instant): void {
    for (;;) {
      const output = this.#client.poll();
      switch (output.kind) {
        case 'transmit':
          if (output.peer !== undefined) this.#cost(output.peer, 'sent', output.overhead);
          else this.#record(this.#spec.transport.local, output.to, output.bytes);
          this.#spec.transport.send(output.bytes, output.to, ++this.#packet);
          break;
        case 'data':
          this.#cost(output.from, 'received', output.overhead);
          this.#spec.hear({ kind: 'data', from: output.from, bytes: output.bytes, at });
          break;
        case 'event':
          this.#event(output.event);
          break;
        case 'wait':
          this.#alarm.set(this.#closed ? undefined : output.until);
          return;
        default:
          unreachable(output);
      }
    }
  }

  /** Told when it changes: the first time, and when a channel takes an indication's place. */
  #cost(peer: Address, direction: 'sent' | 'received', bytes: number): void {
    const form = bytes === 4 ? 'channel' : 'indication';
    const key = `${peer} ${direction}`;
    const rank = form === 'channel' ? 4 : 36;
    if (this.#overheads.get(key) === rank) return;
    this.#overheads.set(key, rank);
    this.#fact({ kind: 'overhead', peer, direction, bytes, form });
  }

  /** What is said to the server and by it; the framing of relayed payloads is not, since those are in the trace. */
  #record(src: Address, dst: Address, bytes: Uint8Array): void {
    tellStun(this.#spec.tell, [src, dst], bytes, withoutIntegrity);
  }

  #fact(fact: TurnFact): void {
    this.#spec.tell({ kind: 'turn', fact });
  }

  #event(event: TurnEvent): void {
    switch (event.kind) {
      case 'allocated':
        this.#fact({ ...event, server: this.server });
        this.#spec.hear({ kind: 'allocated', relayed: event.relayed, mapped: event.mapped });
        break;
      case 'stun': {
        const { error, ...rest } = event;
        this.#fact({ ...rest, error: error?.number, reason: error?.reason });
        break;
      }
      case 'icmp':
        this.#fact(event);
        // Types of IPv4 and IPv6 that say "nobody there" (RFC 792, RFC 4443 §3.1).
        if (event.type === 3 || event.type === 1)
          this.#spec.hear({
            kind: 'unreachable',
            peer: event.peer,
            why: `the relay was told by ICMP (type ${event.type}, code ${event.code}) that it can not be reached`,
          });
        break;
      case 'peer-refused': {
        const { why, fix } = describeTurnFailure(event.failure);
        this.#fact({ kind: 'peer-refused', peer: event.peer, code: event.failure.code, why, fix });
        this.#spec.hear({ kind: 'peer-refused', peer: event.peer, why });
        break;
      }
      case 'failed':
        this.#failed(event.failure);
        break;
      case 'closed':
        this.#fact({ kind: 'closed' });
        this.#finish();
        break;
      case 'permitted':
        this.#fact(event);
        this.#spec.hear({ kind: 'permitted', peer: event.peer });
        break;
      case 'refreshed':
      case 'channel':
      case 'nonce-renewed':
      case 'dropped':
        this.#fact(event);
        break;
      default:
        unreachable(event);
    }
  }

  #failed(failure: TurnFailure): void {
    const { why, fix } = describeTurnFailure(failure);
    this.#fact({ kind: 'failed', code: failure.code, during: failure.during, why, fix });
    this.#finish();
    this.#spec.hear({ kind: 'failed', by: `TURN server ${this.server}`, why });
  }

  #fail(by: string, why: string): void {
    this.#fact({ kind: 'failed', code: 'refused', during: 'Allocate', why: `${by}: ${why}`, fix: '' });
    this.#finish();
    this.#spec.hear({ kind: 'failed', by: `TURN server ${this.server}`, why });
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm.set(undefined);
    this.#spec.transport.close();
  }
}
