/**
 * The surface of the TURN client (RFC 8656 over UDP), which is the engine's again: inputs with a time, then `poll` until it
 * answers `wait`. One client is one allocation on one server. Everything it says can be recorded: the password is in no
 * event, and neither is the user name.
 */
import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import type { StunCrypto } from '../wire/stunIntegrity.ts';
import type { StunClass } from '../wire/stunRegistry.ts';
import type { TransportAddress } from './api.ts';
import type { TurnFailure, TurnRequest } from './turnFailure.ts';

export interface TurnCredentials {
  readonly username: string;
  readonly password: string;
}

export interface TurnConfig {
  readonly server: TransportAddress;
  /** `undefined` asks without; few servers allow that. */
  readonly credentials: TurnCredentials | undefined;
  /** Which family the relayed address is to be of; the server's choice (IPv4, RFC 8656 §7.2) when undefined. */
  readonly family: 4 | 6 | undefined;
  /** The lifetime that is asked for, s; servers cut it. */
  readonly lifetimeS: number;
  /** First retransmission timeout, ms; Rc and Rm (RFC 8489 §6.2.1). */
  readonly rtoMs: number;
  readonly requests: number;
  readonly lastWait: number;
  /** Peers that may have a permission at once. */
  readonly peers: number;
  /** Datagrams for one peer that wait for its permission. */
  readonly queue: number;
}

export const defaultTurnConfig = {
  credentials: undefined,
  family: undefined,
  lifetimeS: 600,
  rtoMs: 500,
  requests: 7,
  lastWait: 16,
  peers: 128,
  queue: 16,
} as const satisfies Partial<TurnConfig>;

export interface TurnEnvironment {
  readonly crypto: StunCrypto;
  readonly random: RandomSource;
}

export type TurnInput =
  | { readonly kind: 'start' }
  /** A payload for a peer; a permission is asked for first when there is none, and the payload waits for it. */
  | { readonly kind: 'send'; readonly to: TransportAddress; readonly bytes: Uint8Array }
  /** Asks for a permission before anything is sent, so that the peer may speak first. */
  | { readonly kind: 'permit'; readonly peer: TransportAddress }
  /** Binds a channel to a peer, whose payloads then carry 4 bytes more instead of 36 or 48. */
  | { readonly kind: 'bind-channel'; readonly peer: TransportAddress }
  /** What came from the server's address; anybody else's is dropped. */
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly from: TransportAddress }
  | { readonly kind: 'timeout' }
  /** The caller's patience is at its end: fail now, and say how far it came. An allocation that stands is closed. */
  | { readonly kind: 'give-up' }
  /** Gives the allocation back. */
  | { readonly kind: 'close' };

export type TurnOutput =
  | {
      readonly kind: 'transmit';
      readonly to: TransportAddress;
      readonly bytes: Uint8Array;
      /** Whose payload it is; undefined for what is for the server itself. */
      readonly peer: TransportAddress | undefined;
      /** How many bytes the relay's framing added to the payload. */
      readonly overhead: number;
    }
  /** A payload that a peer sent to the relayed address. */
  | { readonly kind: 'data'; readonly from: TransportAddress; readonly bytes: Uint8Array; readonly overhead: number }
  | { readonly kind: 'event'; readonly event: TurnEvent }
  | { readonly kind: 'wait'; readonly until: Instant | undefined };

/** `new` before `start`; `failed` and `closed` are final. */
export type TurnState = 'new' | 'allocating' | 'allocated' | 'closing' | 'closed' | 'failed';

export type TurnEvent =
  | {
      readonly kind: 'allocated';
      readonly relayed: TransportAddress;
      /** Our own address as the server sees it: a server-reflexive candidate (RFC 8656 §7.3). */
      readonly mapped: TransportAddress | undefined;
      readonly lifetimeS: number;
      readonly software: string | undefined;
    }
  | { readonly kind: 'refreshed'; readonly lifetimeS: number }
  | { readonly kind: 'permitted'; readonly peer: TransportAddress }
  | { readonly kind: 'channel'; readonly peer: TransportAddress; readonly channel: number }
  /** The server's nonce had expired (438); the request was made again with a new one (RFC 8489 §9.2.5). */
  | { readonly kind: 'nonce-renewed'; readonly during: TurnRequest }
  /** The server tells that an ICMP error came back for what it sent to a peer (RFC 8656 §11.5). */
  | { readonly kind: 'icmp'; readonly peer: TransportAddress; readonly type: number; readonly code: number }
  | TurnStunEvent
  | { readonly kind: 'dropped'; readonly reason: TurnDrop; readonly detail: string }
  /** One peer can not be reached through this relay; the allocation stands. */
  | { readonly kind: 'peer-refused'; readonly peer: TransportAddress; readonly failure: TurnFailure }
  | { readonly kind: 'failed'; readonly failure: TurnFailure }
  | { readonly kind: 'closed' };

/** A line of the STUN timeline. */
export interface TurnStunEvent {
  readonly kind: 'stun';
  readonly direction: 'sent' | 'received';
  readonly request: TurnRequest;
  readonly class: StunClass;
  /** Hexadecimal. */
  readonly transaction: string;
  /** 0 for the first sending, n for the nth repeat; 0 on what was received. */
  readonly attempt: number;
  readonly authenticated: boolean;
  readonly error: { readonly number: number; readonly reason: string } | undefined;
}

export type TurnDrop =
  | 'not-from-server'
  | 'malformed'
  | 'unknown-transaction'
  | 'unproved'
  | 'unexpected'
  /** Data of a peer that has no permission of ours (RFC 8656 §11.4). */
  | 'no-permission'
  | 'unknown-channel'
  /** More waits for a permission than is kept. */
  | 'queue-full'
  | 'misuse';

export interface TurnClient {
  readonly state: TurnState;
  readonly relayed: TransportAddress | undefined;
  handle(input: TurnInput, now: Instant): void;
  poll(): TurnOutput;
}
