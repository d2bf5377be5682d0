/**
 * A run: one endpoint, the link, a transport and a clock, giving trace events as they happen. The transport is the only
 * thing that differs between places: Node's dgram (terminal), the native port (background), memory (simulation).
 */
import type { Instant } from '../base/time.ts';
import type { Address, TraceEvent, TraceHeader } from '../trace/model.ts';
import type { IceFact, SignallingFact, TurnFact } from '../trace/pathFacts.ts';

/** A fact of the way to a path, before the trace stamps it. */
export type PathNews =
  /** A STUN message of ICE or TURN, as the wire had it. */
  | { readonly kind: 'datagram'; readonly src: Address; readonly dst: Address; readonly bytes: Uint8Array }
  | { readonly kind: 'ice'; readonly fact: IceFact }
  | { readonly kind: 'turn'; readonly fact: TurnFact }
  | { readonly kind: 'signalling'; readonly fact: SignallingFact };

/** A monotonic clock that can wake somebody. */
export interface Clock {
  now(): Instant;
  /** Calls back at (or soon after) a time; the answer takes the call back. */
  schedule(at: Instant, wake: () => void): () => void;
}

export type TransportEvent =
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly from: Address; readonly at: Instant }
  /** The system sent a datagram of ours (its own time, for the trace). */
  | { readonly kind: 'sent'; readonly packet: number; readonly at: Instant }
  | { readonly kind: 'refused'; readonly by: string; readonly why: string }
  | { readonly kind: 'too-big'; readonly size: number }
  /** A limit of the transport's own kept this datagram back (the helper's guard); later ones may pass. */
  | { readonly kind: 'unsent'; readonly packet: number; readonly why: string }
  /** What ICE or a relay under this transport did; the trace keeps it. */
  | { readonly kind: 'path'; readonly event: PathNews }
  /** There is no way to the peer any more, and the path's own facts say why. */
  | { readonly kind: 'ended'; readonly why: string }
  /** The transport itself is gone: the helper exited, the socket broke. */
  | { readonly kind: 'gone'; readonly why: string };

export interface Transport {
  /** Our own address, as far as known. */
  readonly local: Address;
  readonly remote: Address;
  send(bytes: Uint8Array, to: Address, packet: number): void;
  listen(hear: (event: TransportEvent) => void): void;
  close(): void;
}

export interface Run {
  readonly header: TraceHeader;
  /** All events so far, and then each new one. The answer stops the calls. */
  subscribe(hear: (event: TraceEvent) => void): () => void;
  /** Ends the run at once: as `cancelled`, or, when the handshake was established already, closed and `done`. */
  stop(): void;
  /** Resolves when the `end` event is out. */
  readonly finished: Promise<void>;
}
