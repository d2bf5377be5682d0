/**
 * The surface of the ICE agents, which is the engine's again: a synchronous state machine without clock, socket or random
 * source; after every `handle`, call `poll` until it answers `wait`. One agent is one component of one stream, which is
 * what a bundled WebRTC session with rtcp-mux has (RFC 8445 §2.2, RFC 8829).
 */
import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import type { PayloadClass } from '../wire/demux.ts';
import type { StunCrypto } from '../wire/stunIntegrity.ts';
import type { StunClass } from '../wire/stunRegistry.ts';

/** "192.0.2.1:5000", "[2001:db8::1]:5000". */
export type TransportAddress = string;
export type IceRole = 'controlling' | 'controlled';

/** Both are ASCII without spaces, of 4..256 and 22..256 characters (RFC 8839 §5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** A place to send from: a socket of ours, or an address on a TURN relay that the caller drives. */
export interface Base {
  readonly address: TransportAddress;
  readonly kind: 'host' | 'relay';
}

export type CandidateKind = 'host' | 'srflx' | 'prflx' | 'relay';

/** A candidate of ours; checks are always sent from its base (RFC 8445 §5.1.1). */
export interface LocalCandidate {
  readonly kind: CandidateKind;
  readonly address: TransportAddress;
  readonly base: TransportAddress;
  readonly priority: number;
  readonly foundation: string;
  /** The STUN server that told us of it; undefined for the others. */
  readonly server: TransportAddress | undefined;
}

/** A candidate of the peer's, as its description or a trickled line has it. */
export interface RemoteCandidate {
  readonly foundation: string;
  readonly component: number;
  /** "udp" in any case; all else is skipped. */
  readonly transport: string;
  readonly priority: number;
  /** An IP address; names are skipped: whoever can resolve one gives the candidate again with its address. */
  readonly address: string;
  readonly port: number;
  readonly type: string;
}

export type IceInput =
  /** Announce candidates and ask the STUN servers. */
  | { readonly kind: 'start' }
  /** A relayed address, or a socket, that was not there at the start. */
  | { readonly kind: 'base'; readonly base: Base }
  /** What signalling told of the peer. A second set of credentials would be an ICE restart, which is a new agent. */
  | { readonly kind: 'remote'; readonly credentials: IceCredentials; readonly lite: boolean }
  | { readonly kind: 'remote-candidate'; readonly candidate: RemoteCandidate }
  | {
      readonly kind: 'datagram';
      readonly bytes: Uint8Array;
      readonly from: TransportAddress;
      readonly on: TransportAddress;
      /** It is a check that was answered before there was an agent. */
      readonly answered?: boolean;
    }
  | { readonly kind: 'timeout' }
  /** A payload for the peer, over the selected pair or, before there is one, the best that answered. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** The caller's patience is at its end: fail now, and say why it would have. */
  | { readonly kind: 'give-up' }
  | { readonly kind: 'close' };

export type IceOutput =
  | {
      readonly kind: 'transmit';
      readonly base: TransportAddress;
      readonly to: TransportAddress;
      readonly bytes: Uint8Array;
    }
  /**
   * What came in and is not STUN, by its first byte (RFC 7983). `known` says that the peer proved this very address by a
   * check: media that comes early, and strangers, are told apart by it.
   */
  | {
      readonly kind: 'payload';
      readonly protocol: Exclude<PayloadClass, 'stun'>;
      readonly bytes: Uint8Array;
      readonly from: TransportAddress;
      readonly on: TransportAddress;
      readonly known: boolean;
    }
  | { readonly kind: 'event'; readonly event: IceEvent }
  | { readonly kind: 'wait'; readonly until: Instant | undefined };

/** A pair as events name it. */
export interface PairName {
  readonly base: TransportAddress;
  readonly remote: TransportAddress;
}
/** States of a pair (RFC 8445 §6.1.2.6). */
export type PairState = 'frozen' | 'waiting' | 'in-progress' | 'succeeded' | 'failed';
/** `connected`: a pair works; `completed`: one is nominated. */
export type IceState = 'new' | 'checking' | 'connected' | 'completed' | 'failed' | 'closed';

/** Why a candidate of the peer's is not used. */
export type SkipReason =
  /** TCP, or another transport that is not UDP. */
  | 'transport'
  /** Not an IP address: mostly an mDNS name (RFC 8828). */
  | 'name'
  /** RTCP of its own, which rtcp-mux has none of. */
  | 'component'
  /** We have no address of its family, or none of its scope. */
  | 'family'
  /** An address or port that nothing may be sent to: port 0, multicast, unspecified. */
  | 'destination'
  /** More candidates or pairs than are kept. */
  | 'limit';

export type IceEvent =
  | { readonly kind: 'candidate'; readonly candidate: LocalCandidate }
  /** No STUN server is waited for any more. */
  | { readonly kind: 'gathered' }
  | { readonly kind: 'gathering-failed'; readonly server: TransportAddress; readonly why: string }
  | { readonly kind: 'skipped'; readonly candidate: RemoteCandidate; readonly why: SkipReason }
  /** An address of the peer's that only its checks told of (RFC 8445 §7.3.1.3). */
  | { readonly kind: 'peer-reflexive'; readonly address: TransportAddress }
  | { readonly kind: 'state'; readonly from: IceState; readonly to: IceState; readonly because: string }
  | { readonly kind: 'pair'; readonly pair: PairName; readonly state: PairState; readonly because: string }
  | { readonly kind: 'role'; readonly from: IceRole; readonly to: IceRole; readonly because: string }
  /** The pair that everything goes over from now on; `before` when it replaces another. */
  | { readonly kind: 'selected'; readonly pair: PairName; readonly before: PairName | undefined }
  | { readonly kind: 'rtt'; readonly pair: PairName; readonly ms: number }
  | StunEvent
  | { readonly kind: 'dropped'; readonly reason: IceDrop; readonly from: TransportAddress; readonly detail: string }
  | { readonly kind: 'failed'; readonly failure: IceFailure };

/** A line of the STUN timeline. */
export interface StunEvent {
  readonly kind: 'stun';
  readonly direction: 'sent' | 'received';
  readonly base: TransportAddress;
  readonly peer: TransportAddress;
  readonly class: StunClass;
  /** Hexadecimal. */
  readonly transaction: string;
  readonly purpose: 'gathering' | 'check' | 'nomination' | 'consent' | 'keepalive' | 'answer' | 'unknown';
  /** 0 for the first sending, n for the nth repeat; 0 on what was received. */
  readonly attempt: number;
  /** A request with USE-CANDIDATE. */
  readonly useCandidate: boolean;
  /** The sender's role, where the message says it. */
  readonly role: IceRole | undefined;
  /** Of an error response. */
  readonly error: { readonly number: number; readonly reason: string } | undefined;
}

/** Why something that came in was let fall. */
export type IceDrop =
  | 'malformed'
  | 'wrong-fingerprint'
  | 'wrong-integrity'
  | 'unknown-transaction'
  | 'unexpected-source'
  | 'unexpected-method'
  | 'not-understood'
  | 'unknown-base'
  | 'no-route'
  | 'misuse'
  | 'over';

/** What happened until an agent gave up. */
export interface IceCounts {
  readonly pairs: number;
  /** Checks of ours, repeats included. */
  readonly checksSent: number;
  /** Checks of the peer's that were in order. */
  readonly checksReceived: number;
  /** Datagrams that were not STUN. */
  readonly payloads: number;
  /** Candidates of the peer's that could not be used. */
  readonly skipped: readonly { readonly why: SkipReason; readonly address: string }[];
}

/** Why no path was found, or why it was lost. */
export type IceFailure = IceCounts &
  (
    | { readonly fault: 'mismatch'; readonly code: 'no-pairs' }
    | { readonly fault: 'network'; readonly code: 'silent' }
    /** The peer's checks reach us, ours get no answer. */
    | { readonly fault: 'network'; readonly code: 'one-way' }
    /** It answers from another address than the one that was asked, which proves neither (RFC 8445 §7.2.5.2.1). */
    | {
        readonly fault: 'network';
        readonly code: 'non-symmetric';
        readonly asked: TransportAddress;
        readonly from: TransportAddress;
      }
    | { readonly fault: 'peer'; readonly code: 'refused'; readonly number: number; readonly reason: string }
    /** It answers, but not under the password that signalling told us. */
    | { readonly fault: 'peer'; readonly code: 'unproved' }
    /** Its checks are not for the name, or not under the password, that we gave it. */
    | { readonly fault: 'peer'; readonly code: 'bad-checks'; readonly why: string }
    | { readonly fault: 'peer'; readonly code: 'not-nominated' }
    | { readonly fault: 'network'; readonly code: 'consent-lost'; readonly silentMs: number }
  );

export interface IceLimits {
  readonly pairs: number;
  readonly remoteCandidates: number;
  /** Checks of the peer's that came before its credentials. */
  readonly early: number;
}

/** How a request is repeated (RFC 8489 §6.2.1). */
export interface Repetition {
  /** The first timeout, which doubles with each repeat; checks make it longer when there are many (RFC 8445 §14.3). */
  readonly rtoMs: number;
  /** It grows no further. */
  readonly mostMs: number;
  /** Rc, sendings in all. */
  readonly requests: number;
  /** Rm, first timeouts that the last sending is waited for. */
  readonly lastWait: number;
}

export interface IceConfig {
  readonly role: IceRole;
  readonly local: IceCredentials;
  readonly bases: readonly Base[];
  readonly stunServers: readonly TransportAddress[];
  /** Ta, between new transactions. ms (RFC 8445 §14.2) */
  readonly pacingMs: number;
  readonly gathering: Repetition;
  readonly checks: Repetition;
  /** How long a controlling agent lets better pairs come after the first that works. ms */
  readonly nominationMs: number;
  /** Between consent checks, before jitter, and how long consent lasts. ms (RFC 7675 §5.1) */
  readonly consentMs: number;
  readonly consentLossMs: number;
  /** Tr, the longest silence of ours on the selected pair. ms (RFC 8445 §11) */
  readonly keepaliveMs: number;
  /** How long a pair is looked for once the peer is known. ms (RFC 8863 §4) */
  readonly patienceMs: number;
  readonly limits: IceLimits;
}

/**
 * As the RFCs have it, with one difference: checks don't grow rarer than one in 2 s. Seven sendings in 39.5 s, as RFC 8489
 * has them, all fail in one of a hundred handshakes under 30 % loss; browsers, too, check faster than that.
 */
export const defaultIceConfig = {
  stunServers: [],
  pacingMs: 50,
  gathering: { rtoMs: 500, mostMs: Number.POSITIVE_INFINITY, requests: 7, lastWait: 16 },
  checks: { rtoMs: 500, mostMs: 2000, requests: 19, lastWait: 12 },
  nominationMs: 200,
  consentMs: 5000,
  consentLossMs: 30_000,
  keepaliveMs: 15_000,
  patienceMs: 39_500,
  limits: { pairs: 100, remoteCandidates: 100, early: 32 },
} as const satisfies Partial<IceConfig>;

export interface IceEnvironment {
  readonly crypto: StunCrypto;
  readonly random: RandomSource;
}

export interface IceAgent {
  readonly state: IceState;
  readonly role: IceRole;
  /** Over which pair a payload would be sent now. */
  readonly route: PairName | undefined;
  /** Smoothed round-trip time of the route, ms; `undefined` before the first answer, and always on a lite agent. */
  readonly rtt: number | undefined;
  handle(input: IceInput, now: Instant): void;
  poll(): IceOutput;
}
