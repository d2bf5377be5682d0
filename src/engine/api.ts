/**
 * The engine's surface. An endpoint is one side of one DTLS association: a synchronous state machine without clock,
 * socket or random source of its own. After every `handle`, call `poll` until it answers `wait`, which always comes last.
 */

import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import type { Credential } from '../crypto/keys.ts';
import type { AeadName, CryptoProvider } from '../crypto/provider.ts';
import type { AeadLimits } from '../crypto/schedule13.ts';
import type { StackHabits } from '../profiles/model.ts';
import type { AlertName, Version } from '../wire/registry.ts';
import type { DropReason, Failure } from './failure.ts';

export type Role = 'client' | 'server';

/** What the tables `client12` and `server12` run: DTLS 1.0 differs from 1.2 in its hashes, not in its messages' order. */
export type OldVersion = Exclude<Version, '1.3'>;

/** Where datagrams come from and go to ("192.0.2.1:5000"); the engine only compares it and binds cookies to it. */
export type PeerAddress = string;

export type Input =
  /** Start the handshake (client) or start listening (server). */
  | { readonly kind: 'start' }
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly from: PeerAddress }
  | { readonly kind: 'timeout' }
  /**
   * What the input before gave to transmit is under way only now, because signatures took their time. A timer that was set
   * for it counts from here: it waits for the peer, not for us.
   */
  | { readonly kind: 'sent' }
  /**
   * Application data, one record. `aboveMtu`: it may be larger than the MTU, and IP is to cut it, as stacks do that leave the
   * size of application data to the application.
   */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly aboveMtu?: true }
  /** The transport could not carry a datagram: nothing larger than `size` UDP payload bytes gets through. */
  | { readonly kind: 'too-big'; readonly size: number }
  /**
   * The path's MTU as somebody has found it out: UDP payload bytes, for what is sent from now on. It may grow, where `too-big`
   * only lowers it; for transports that measure their path, as BoringSSL's tests do.
   */
  | { readonly kind: 'mtu'; readonly size: number }
  /** DTLS 1.3: our sending keys are to change; `request` asks the peer to change its own as well (RFC 9147 §8). */
  | { readonly kind: 'key-update'; readonly request: boolean }
  | { readonly kind: 'close' }
  /** Ends the association with a fatal alert that the caller has a reason for, by its number (RFC 5246 §7.2). */
  | { readonly kind: 'abort'; readonly description: number };

export type Output =
  | {
      readonly kind: 'transmit';
      readonly to: PeerAddress;
      readonly bytes: Uint8Array;
      readonly contents: DatagramContents;
    }
  | { readonly kind: 'event'; readonly event: EngineEvent }
  | { readonly kind: 'wait'; readonly until: Instant | undefined };

/** What a datagram of ours holds: link rules and the ladder need it even when the bytes are encrypted. */
export interface DatagramContents {
  /** Flights of both sides count from 1 in order of appearance; 0 for what belongs to none (alerts, application data). */
  readonly flight: number;
  /** 0 for the first sending of the flight, n for its nth retransmission. */
  readonly attempt: number;
  readonly records: readonly RecordContents[];
}
export interface RecordContents {
  readonly epoch: number;
  readonly sequenceNumber: number;
  readonly type: number;
  /** Handshake fragments in the record; empty for other content. */
  readonly fragments: readonly FragmentContents[];
}
export interface FragmentContents {
  readonly message: number;
  readonly messageSeq: number;
  readonly offset: number;
  readonly length: number;
  readonly total: number;
}

export type EngineEvent =
  | { readonly kind: 'state'; readonly from: string; readonly to: string; readonly because: string }
  | {
      readonly kind: 'timer';
      readonly action: 'set' | 'fired' | 'cancelled';
      readonly flight: number;
      readonly attempt: number;
      readonly durationMs: number;
    }
  /** `at` is the offset in the datagram that is being read. */
  | { readonly kind: 'dropped'; readonly reason: DropReason; readonly at?: number; readonly detail?: string }
  /** Fragments of a ClientHello are kept for an address that is not proved yet, which a stateless server would not do. */
  | { readonly kind: 'unverified-hello'; readonly from: PeerAddress; readonly bytes: number; readonly total: number }
  | { readonly kind: 'secret'; readonly label: string; readonly clientRandom: Uint8Array; readonly secret: Uint8Array }
  | {
      readonly kind: 'alert';
      readonly direction: 'sent' | 'received';
      readonly level: number;
      readonly description: number;
    }
  | {
      readonly kind: 'peer-certificate';
      readonly chain: readonly Uint8Array[];
      readonly fingerprintMatched: boolean | undefined;
    }
  | { readonly kind: 'connected'; readonly parameters: Parameters }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** DTLS 1.3: a side writes in another epoch from now on: we, since our KeyUpdate is acknowledged, or the peer. */
  | { readonly kind: 'keys-changed'; readonly by: 'us' | 'peer'; readonly epoch: number }
  /** Client: something to resume from, later (`EndpointConfig.resume`); keeping it is the caller's. */
  | { readonly kind: 'ticket'; readonly ticket: SessionTicket }
  /** The association is over; only `misuse` leaves it as it was. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'closed'; readonly by: 'peer' | 'us' };

/** What was agreed. */
export interface Parameters {
  readonly version: Version;
  readonly cipherSuite: number;
  readonly group: number | undefined;
  /** The scheme the peer signed with. */
  readonly peerSignature: number | undefined;
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
  readonly extendedMasterSecret: boolean;
  /** From an earlier association, without certificates (RFC 8446 §2.2, RFC 5246 §7.3). */
  readonly resumed?: boolean;
  /** AES-CBC with the MAC outside (RFC 7366). */
  readonly encryptThenMac?: boolean;
}

/** What a client resumes from. */
export type SessionTicket = SessionTicket13 | Session12;

/** A session of DTLS 1.2 or 1.0: the server's id for it, a ticket that takes its place, or both (RFC 5246 §7.3, RFC 5077). */
export interface Session12 {
  readonly version: OldVersion;
  /** Empty when there is a ticket alone. */
  readonly sessionId: Uint8Array;
  readonly ticket: Uint8Array | undefined;
  readonly masterSecret: Uint8Array;
  readonly cipherSuite: number;
  readonly extendedMasterSecret: boolean;
  readonly lifetimeSeconds: number;
  /** On the clock that `handle` is given. */
  readonly receivedAt: Instant;
  /** The server's certificate, which is held against `trust` again before the session is offered. */
  readonly peerLeaf: Uint8Array;
}

/** What a server with a session cache keeps of a session, under its id. */
export interface KeptSession {
  readonly version: OldVersion;
  readonly suite: number;
  readonly masterSecret: Uint8Array;
  readonly extendedMasterSecret: boolean;
  /** SHA-256 of the client's certificate; `undefined` when it showed none. */
  readonly leafHash: Uint8Array | undefined;
}

/** Where a server keeps sessions; the caller's, so that it outlives an association and is bounded as the caller likes. */
export interface SessionCache {
  /** `id` in hexadecimal digits. */
  get(id: string): KeptSession | undefined;
  set(id: string, session: KeptSession): void;
}

/** A NewSessionTicket of DTLS 1.3, and what belongs to it (RFC 8446 §4.6.1). */
export interface SessionTicket13 {
  readonly version: '1.3';
  readonly identity: Uint8Array;
  readonly psk: Uint8Array;
  /** Its hash binds the key; another suite with the same hash will do. */
  readonly cipherSuite: number;
  readonly ageAdd: number;
  readonly lifetimeSeconds: number;
  /** On the clock that `handle` is given. */
  readonly receivedAt: Instant;
  /** The server's certificate, which is held against `trust` again before the ticket is offered. */
  readonly peerLeaf: Uint8Array;
}

/** What a server needs to give tickets and to take them back: it keeps nothing, everything is in the ticket, sealed. */
export interface TicketPolicy {
  /** 32 bytes that all endpoints of a server share; with another key a ticket means nothing. */
  readonly key: Uint8Array;
  /** Tickets for each association; of DTLS 1.2 and older, one at most. */
  readonly count: number;
  /** At most seven days (RFC 8446 §4.6.1). The clock is that of `handle`, the same for all endpoints. */
  readonly lifetimeSeconds: number;
}

/** How records are put into datagrams; `flight` ignores the MTU, as a memory BIO drained whole does. */
export type Packing = 'packed' | 'record' | 'flight';

/** How the peer is trusted. WebRTC has no PKI: the certificate's hash must be one that signalling announced (RFC 8122). */
export type PeerTrust =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'fingerprints';
      readonly fingerprints: readonly Fingerprint[];
      /** What a peer with another certificate is told: stacks differ in it. bad_certificate when absent. */
      readonly alert?: AlertName;
    };
export interface Fingerprint {
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly value: Uint8Array;
}

/** When a flight is sent again (RFC 6347 §4.2.4.1). Milliseconds. */
export interface Retransmission {
  readonly start: number;
  readonly growth: number;
  readonly cap: number;
  /** Retransmissions of one flight before the endpoint gives up. */
  readonly attempts: number;
  /**
   * Every flight begins with `start`, whatever was lost before it, as BoringSSL does it. Absent: a grown timeout is kept
   * until an exchange without loss (RFC 6347 §4.2.4.1).
   */
  readonly startsAnew?: boolean;
}

/**
 * What an endpoint does. It has three layers: settings, of which each is a choice that a right endpoint may make; habits
 * (`StackHabits`), by which stacks differ and which no user chooses one by one; and `faults`, which no endpoint should have
 * (`Faults`). A field that only BoringSSL's tests set is a habit of BoringSSL's, or a choice that it makes: `filledRecords`,
 * `acks`, `retransmission.startsAnew`, `signingSchemes`, `trust.alert`, and the inputs `mtu`, `abort` and `send.aboveMtu`.
 */
export interface EndpointConfig extends StackHabits {
  readonly role: Role;
  /** One for which `cipherSuites` or `groups` have nothing is not spoken. The newest that both ends speak is agreed. */
  readonly versions: readonly Version[];
  /** In order of preference, IANA numbers. */
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[];
  readonly signatureSchemes: readonly number[];
  /**
   * What we sign with, in order of preference; `signatureSchemes`, which say what the peer may sign with, when absent: most
   * stacks have one list for both.
   */
  readonly signingSchemes?: readonly number[];
  /** Several are allowed: the first that fits the suite and the peer's signature algorithms is used. */
  readonly credentials: readonly Credential[];
  /** Server: whether to ask for the client's certificate. */
  readonly clientAuth: 'none' | 'request' | 'require';
  readonly trust: PeerTrust;
  readonly alpn: readonly string[];
  readonly srtpProfiles: readonly number[];
  readonly extendedMasterSecret: 'off' | 'offer' | 'require';
  /** Client: offer session_ticket (RFC 5077). */
  readonly sessionTicket?: boolean;
  /**
   * Client, DTLS 1.3: groups of which the first hello has key shares. When absent: the first group, and x25519 with it
   * where the first is a hybrid. A shape's `keyShares` go before both.
   */
  readonly keyShares?: readonly number[];
  /**
   * Client: what to resume from, as `ticket` events gave it; what is too old, weak or not trusted is left out. Of sessions
   * older than DTLS 1.3 the first is offered.
   */
  readonly resume?: readonly SessionTicket[];
  /** Server: whether clients get tickets and may resume; absent means neither. */
  readonly tickets?: TicketPolicy;
  /** Server, DTLS 1.2 and older: whether clients get session ids and may resume by them; absent means neither. */
  readonly sessions?: SessionCache;
  /**
   * What is known to be weak may be agreed: DTLS 1.0, AES-CBC, RSA key exchange, SHA-1 signatures of ours. Otherwise such a
   * version is not spoken, and such a suite is offered for shape alone.
   */
  readonly allowWeak?: boolean;
  /** Whether AES-CBC may have its MAC outside (RFC 7366); absent means yes. */
  readonly encryptThenMac?: boolean;
  /**
   * The most plaintext that we take in a protected record, its type included in 1.3 (RFC 8449): clients offer the extension
   * when it is given, servers answer it in any case.
   */
  readonly recordSizeLimit?: number;
  /** DTLS 1.3: how much a key may be used; what the RFC says when absent (RFC 9147 §4.5.3). */
  readonly aeadLimits?: Partial<Readonly<Record<AeadName, AeadLimits>>>;
  /** Server: whether an address must be proved by a cookie first (RFC 6347 §4.2.1, RFC 9147 §5.1). */
  readonly cookie: boolean;
  /** Largest UDP payload, at least `leastMtu`. */
  readonly mtu: number;
  readonly packing: Packing;
  /** Largest handshake fragment body, when smaller than what the MTU allows. */
  readonly fragment: number | undefined;
  readonly retransmission: Retransmission;
  /** How long the last flight is kept and answered, 2 MSL (RFC 6347 §4.2.4). Milliseconds. */
  readonly lastFlightMs: number;
  /** Records that the replay window spans (RFC 6347 §4.1.2.6). */
  readonly replayWindow: number;
  readonly limits: Limits;
}

/** Bounds on what an unauthenticated peer can make us keep. */
export interface Limits {
  /** Largest handshake message accepted, bytes. */
  readonly messageBytes: number;
  /** How many messages ahead of the expected one are buffered. */
  readonly messagesAhead: number;
  /** Records of the next epoch kept until its keys are here. */
  readonly recordsAhead: number;
  /** Certificates in a chain. */
  readonly chainLength: number;
  /** Server: addresses, not proved yet, whose fragmented ClientHello is being put together; 8 when absent. */
  readonly unverifiedHellos?: number;
  /** Server: how long such fragments are kept, ms; 10 000 when absent. */
  readonly unverifiedMs?: number;
}

export interface Environment {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** Where a client sends to; a server answers whoever proved its address. */
  readonly peer: PeerAddress;
}

export interface Endpoint {
  readonly role: Role;
  /** The name of the state, a row of the state table. */
  readonly state: string;
  /**
   * Something of ours that completes the handshake waits for its ACK (DTLS 1.3): whoever closes now leaves the peer
   * without it.
   */
  readonly unacknowledged: boolean;
  /** The most that one `send` takes now, bytes; `undefined` when there is no association to send in. */
  mostData(aboveMtu: boolean): number | undefined;
  handle(input: Input, now: Instant): void;
  poll(): Output;
  /** Keying material (RFC 5705, RFC 8446 §7.5); `undefined` before the handshake is done. */
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array | undefined;
  /** SRTP keys and salts (RFC 5764 §4.2); `undefined` when use_srtp was not agreed. */
  srtpKeys(): SrtpKeys | undefined;
}
/** An endpoint, with what only tests and the curious ask. */
export interface InspectableEndpoint extends Endpoint {
  /** Bytes kept on behalf of a peer that has proved nothing yet; bounded by `limits`. */
  readonly held: number;
}

export interface SrtpKeys {
  readonly profile: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly clientSalt: Uint8Array;
  readonly serverSalt: Uint8Array;
}
