/**
 * What reading a trace gives: handshakes, with their datagrams, records, messages and flights. All of it is derived, plain
 * data, and safe to hand to a view. `from` is always the DTLS role of the sender; times are trace times (ms); byte ranges
 * are half open.
 */
import type { Range } from '../base/ranges.ts';
import type { BufferId, PacketRange } from '../trace/buffers.ts';
import type { Failure, TraceParameters } from '../trace/facts.ts';
import type { Actor, Address, LinkAction, PacketNumber, PathEvent, TraceTime } from '../trace/model.ts';
import type { StepResult, StepState } from '../trace/stepFacts.ts';
import type { StunClass } from '../wire/stunRegistry.ts';
import type { Wrapping } from './facts.ts';

export interface Snapshot {
  /** Grows with every event that changed anything. */
  readonly revision: number;
  readonly handshakes: readonly Handshake[];
  /** Datagrams that belong to no handshake, by what they look like ("stun", "rtp", "other"), counted. */
  readonly unrelated: Readonly<Record<string, number>>;
  /** Handshakes that the given secrets are of, and how many of those are in the trace. */
  readonly secrets: { readonly handshakes: number; readonly here: number };
  readonly notes: readonly { readonly at: TraceTime; readonly text: string }[];
  /** Time of the last event, whomever it belongs to. */
  readonly until: TraceTime;
}

/** One association between two addresses: from its first ClientHello (or first DTLS record seen) on. */
export interface Handshake {
  /** "h1", "h2"… in order of first datagram. */
  readonly id: string;
  readonly client: Address;
  readonly server: Address;
  /** Which of the fields above and below are guesses, because the trace does not show them. */
  readonly inferred: readonly string[];
  /** Who "we" are, in a run; undefined for captures and simulations. */
  readonly localRole: Actor | undefined;
  /** The ends whose own facts the trace holds: none in a capture, one in a run, both in a simulation. */
  readonly ours: readonly Actor[];
  readonly startedAt: TraceTime;
  /** Wall-clock time at `startedAt`, ms since 1970, where the recording tells. */
  readonly wallClock: number | undefined;
  /** When the last handshake datagram before completion was seen; undefined while it is not complete. */
  readonly establishedAt: TraceTime | undefined;
  /** Its last DTLS datagram. */
  readonly endedAt: TraceTime;
  /** Whether the trace goes on for `silenceMs` after `endedAt`: then the silence is a fact, not the end of the recording. */
  readonly followed: boolean;
  /** The last handshake message that was complete, from either side; an unreadable Finished counts. */
  readonly lastMessage: LastMessage | undefined;
  /** When each side's Finished was first seen; `read` is false when it was encrypted and is known by its place. */
  readonly finished: Readonly<Record<Actor, FinishedView | undefined>>;
  /** All of a side's DTLS datagrams, those included that `datagrams` leaves out. */
  readonly traffic: Readonly<Record<Actor, Traffic>>;
  /**
   * Record numbers that a side must have used and that were never seen: what was lost before the trace. Of epoch 0, and
   * of epoch 2 of DTLS 1.3 where it was opened.
   */
  readonly recordGaps: readonly RecordGap[];
  /** All that carries handshake, alerts or oddities, and the first `keptApplicationData` of each side's pure data. */
  readonly datagrams: readonly DatagramView[];
  readonly flights: readonly FlightView[];
  readonly messages: readonly MessageView[];
  readonly retransmissions: Readonly<Record<Actor, number>>;
  readonly lost: readonly LostRange[];
  readonly alerts: readonly AlertView[];
  readonly certificates: Readonly<Record<Actor, readonly CertificateView[]>>;
  readonly fingerprints: readonly {
    readonly of: Actor;
    readonly hash: string;
    readonly value: Uint8Array;
    readonly matches: boolean | undefined;
  }[];
  readonly parameters: ParametersView;
  readonly timers: readonly TimerView[];
  readonly states: readonly {
    readonly at: TraceTime;
    readonly actor: Actor;
    readonly from: string;
    readonly to: string;
    readonly because: string;
  }[];
  readonly drops: readonly {
    readonly at: TraceTime;
    readonly actor: Actor;
    readonly packet: PacketNumber | undefined;
    readonly reason: string;
    readonly offset: number | undefined;
    readonly detail: string | undefined;
  }[];
  /** What a run was asked to do once it is established, as far as it was begun in this association. */
  readonly steps: readonly StepView[];
  /** Application data as our own ends gave and took it, the first `keptDataFacts`. */
  readonly data: readonly {
    readonly at: TraceTime;
    readonly actor: Actor;
    readonly direction: 'sent' | 'received';
    readonly length: number;
  }[];
  /** Facts that only our own endpoint can tell. */
  readonly connected: Readonly<
    Partial<Record<Actor, { readonly at: TraceTime; readonly parameters: TraceParameters }>>
  >;
  readonly failures: readonly { readonly at: TraceTime; readonly actor: Actor; readonly failure: Failure }[];
  readonly refused: readonly { readonly at: TraceTime; readonly by: string; readonly why: string }[];
  /** Other pairs of addresses that it went on between: another ICE pair, or another address of a client with a connection ID. */
  readonly moves: readonly Move[];
  /** What the times and sizes of a capture say of the path. */
  readonly estimates: PathEstimates;
  /** Names of SCTP's chunks in the application data that was opened, each once, in the order in which they came. */
  readonly sctp: readonly string[];
  /** SOFTWARE of each side's STUN messages in a capture (RFC 8489 §14.14). */
  readonly software: Readonly<Record<Actor, string | undefined>>;
  /** What ICE, TURN and signalling did, in the whole trace: they come before the handshake, and go on beside it. */
  readonly path: readonly PathEvent[];
  /** ICE checks and answers of the client's side before a pair was chosen, as a capture shows them; the path of a run tells its own. */
  readonly checks: number;
  /** STUN: in a run all of it (it has one peer), in a capture what went between the two addresses. */
  readonly stun: readonly StunView[];
  /** STUN between the two that is not among them: of a long call only the first, the last and what tells something is kept. */
  readonly stunLeftOut: number;
  readonly end:
    | { readonly at: TraceTime; readonly how: 'done' | 'cancelled' | 'interrupted'; readonly why: string | undefined }
    | undefined;
  /** Whether the capture cut datagrams (snap length), so that what is not seen is not missing. */
  readonly snapped: boolean;
  /** The handshake before it between the same addresses. */
  readonly before: Before | undefined;
  /** Whether secrets for this handshake are known, and whether they opened its records. */
  readonly keys: 'none' | 'decrypts' | 'wrong' | 'unused';
  /** Protected records of each side that were opened, and that were not. */
  readonly opened: Readonly<Record<Actor, { readonly opened: number; readonly closed: number }>>;
  /** Key log labels of DTLS 1.3 that would open what stayed closed, in the order in which they were missed. */
  readonly missingSecrets: readonly string[];
}

export interface FinishedView {
  readonly at: TraceTime;
  /** Whether keys have opened it; otherwise it is known by its place. */
  readonly read: boolean;
  /** Whether it is the hash of the messages before it, as they are in the trace; `undefined` where that can not be told. */
  readonly fits?: boolean | undefined;
}

export interface StepView {
  /** From 1, of `count` in the whole run. */
  readonly number: number;
  readonly count: number;
  readonly actor: Actor;
  /** As a scenario spells it. */
  readonly step: string;
  readonly beganAt: TraceTime;
  /** Undefined while it goes on, as its result is. */
  readonly endedAt: TraceTime | undefined;
  readonly state: StepState;
  readonly result: StepResult | undefined;
}

/** Facts about application data that are kept of an association. */
export const keptDataFacts = 1000;

export interface Before {
  readonly id: string;
  readonly client: Address;
  readonly establishedAt: TraceTime | undefined;
  readonly endedAt: TraceTime;
}

/** A STUN message: a check of ICE's, a question to a STUN or TURN server, an answer. Unproved, as passwords are not known. */
export interface StunView {
  readonly packet: PacketNumber;
  readonly at: TraceTime;
  readonly src: Address;
  readonly dst: Address;
  /** UDP payload bytes. */
  readonly size: number;
  readonly method: number;
  readonly class: StunClass;
  /** Hexadecimal. */
  readonly transaction: string;
  /** Which sending of the same message it is, from 0. */
  readonly attempt: number;
  /** "receiver's ufrag:sender's ufrag" in a check (RFC 8445 §7.2.2). */
  readonly username: string | undefined;
  readonly role: 'controlling' | 'controlled' | undefined;
  /** It nominates the pair (RFC 8445 §7.1.2). */
  readonly useCandidate: boolean;
  readonly error: { readonly number: number; readonly reason: string } | undefined;
  /** Why it could not be read. */
  readonly fault: string | undefined;
  /** Of an answer: the request (its newest sending), and the time since. */
  readonly answers: PacketNumber | undefined;
  readonly afterMs: number | undefined;
  /** Of a request: its first answer. */
  readonly answeredBy: PacketNumber | undefined;
}

export interface Move {
  readonly at: TraceTime;
  /** The first datagram between the new addresses. */
  readonly packet: PacketNumber;
  readonly client: Address;
  readonly server: Address;
  /** How it is known to be the same handshake. */
  readonly by: 'connection ID' | 'ICE' | 'random' | 'address';
}

/** Estimates for a capture; all undefined in a run, whose own facts are better. */
export interface PathEstimates {
  /** From the place of the capture to a side and back, at most. ms */
  readonly roundTrip: Readonly<Record<Actor, { readonly ms: number; readonly by: 'STUN' | 'DTLS' } | undefined>>;
  /** The rate of the path before the capture, from the side whose datagrams came spread out, where it is slow. */
  readonly rate: { readonly from: Actor; readonly bitsPerSecond: number } | undefined;
  /** Where the capture was taken, as far as the round trips tell. */
  readonly vantage: { readonly at: 'client' | 'server' | 'between' | 'one machine'; readonly why: string } | undefined;
}

export interface LastMessage {
  readonly from: Actor;
  readonly message: number;
  /** RFC name; `hello_retry_request` for the server_hello that is one. */
  readonly name: string;
  readonly at: TraceTime;
}

/** How long a trace must go on after a handshake's last datagram to call it silent. Milliseconds. */
export const silenceMs = 1000;

/** Datagrams of nothing but application data that are kept for each side; the others are only counted. */
export const keptApplicationData = 64;

export interface Traffic {
  readonly datagrams: number;
  /** UDP payload bytes. */
  readonly bytes: number;
  readonly largest: number;
  /** Datagrams that hold nothing but application data. */
  readonly applicationData: number;
  readonly lastApplicationDataAt: TraceTime | undefined;
  /** SRTP and SRTCP packets between the same two addresses. */
  readonly media: number;
  readonly lastMediaAt: TraceTime | undefined;
}

export interface RecordGap {
  readonly from: Actor;
  readonly epoch: number;
  /** Record numbers, half open. */
  readonly numbers: Range;
  /** The first datagram seen after the gap. */
  readonly before: PacketNumber;
  readonly at: TraceTime;
}

export interface DatagramView {
  readonly packet: PacketNumber;
  readonly at: TraceTime;
  readonly from: Actor;
  /** UDP payload bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly buffer: BufferId;
  readonly records: readonly RecordView[];
  /** Why bytes at the end could not be read as a record. */
  readonly leftover:
    | { readonly start: number; readonly reason: string; readonly declared: number | undefined }
    | undefined;
  /** Number of the flight it belongs to (from 1), and which sending of it: 0 the first, n the nth retransmission. */
  readonly flight: number | undefined;
  readonly attempt: number;
  /** What the link did, in order; empty when nothing was done or nothing is known. */
  readonly link: readonly { readonly action: LinkAction; readonly rule: string }[];
  /** Whether the other side got it: false only where the trace knows (a link action). */
  readonly delivered: boolean | undefined;
  /** When the other side got it, where known. */
  readonly deliveredAt: TraceTime | undefined;
  /** Bytes of handshake messages in it that had not been seen from this side before. */
  readonly newBytes: number;
  /** What carried it; `bytes` and all places are those of the datagram inside. */
  readonly wrapping?: Wrapping | undefined;
}

export type { Wrapping } from './facts.ts';

export interface RecordView {
  /** Place in the datagram, from 0. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** ContentType; for a DTLS 1.3 ciphertext, which hides it, the first byte of its unified header (0x20 to 0x3f). */
  readonly type: number;
  /** ContentType of what is inside; `undefined` for a DTLS 1.3 ciphertext that was not opened. */
  readonly contentType: number | undefined;
  readonly version: number;
  /** Of a DTLS 1.3 ciphertext that was not opened the newest that its two low bits allow (RFC 9147 §4.2.2). */
  readonly epoch: number;
  /** -1 where it is encrypted (RFC 9147 §4.2.3). */
  readonly sequenceNumber: number;
  /** Bytes behind the header. */
  readonly length: number;
  /** Bytes of the connection ID in the header, where there is one whose length is known. */
  readonly cidLength?: number | undefined;
  /** What the record holds: in the clear, opened with keys, or not readable. */
  readonly protection: 'plain' | 'decrypted' | 'encrypted' | 'undecryptable';
  /** The buffer that fragments and fields point into: the datagram, or the decrypted content. */
  readonly content: { readonly buffer: BufferId; readonly start: number; readonly end: number } | undefined;
  /** The header of an opened DTLS 1.3 ciphertext with its mask taken off (RFC 9147 §4.2.3). */
  readonly unmasked?: BufferId | undefined;
  readonly fragments: readonly FragmentView[];
  readonly alert: { readonly level: number; readonly description: number } | undefined;
  /** The records that an ACK lists, the first `keptAcknowledged` of them (RFC 9147 §7). */
  readonly ack?: readonly AcknowledgedRecord[] | undefined;
  /** What a DTLS 1.3 ciphertext that was not opened must be by its size and place, where those tell. */
  readonly likely?: LikelyContent | undefined;
  /** What of the content could not be used, and why; `start` is a place in the content's buffer. */
  readonly unread?: { readonly start: number; readonly reason: UnreadReason } | undefined;
  /** The same (epoch, number) came before from this side, with other bytes or the same. */
  readonly repeatedNumber: 'same-bytes' | 'other-bytes' | undefined;
}

/** By size: nobody pads (RFC 8446 §5.4), and data of SCTP has other sizes. */
export type LikelyContent = 'handshake' | 'ack' | 'alert' | 'key_update' | 'application_data';

/** Record numbers of one ACK that are kept. */
export const keptAcknowledged = 256;

export interface AcknowledgedRecord {
  readonly epoch: number;
  readonly sequenceNumber: number;
  /** The record of the other side that is meant, when it was seen before the ACK. */
  readonly record: { readonly packet: PacketNumber; readonly index: number } | undefined;
  /** What that record held. */
  readonly fragments: readonly FragmentView[];
}

/**
 * Whether a record holds application data: by its type, or in DTLS 1.3 because it is closed, comes behind the handshake
 * and has no size that ACKs, alerts and KeyUpdates have.
 */
export const isData = ({ contentType, epoch, likely, protection }: RecordView): boolean =>
  contentType === undefined
    ? epoch >= 3 && likely === undefined && protection === 'encrypted'
    : contentType === applicationData;
const applicationData = 23;

export type UnreadReason =
  /** Less than a handshake header, or a fragment that runs past its record. */
  | 'short'
  /** A fragment outside the message that it declares. */
  | 'outside-message'
  /** More or larger messages than dtlscope keeps of one handshake. */
  | 'over-limit'
  /** An alert or ChangeCipherSpec of the wrong size. */
  | 'malformed';

export interface FragmentView {
  /** Key of the message: `${from}/${messageSeq}`, with a suffix for a second message under the same number. */
  readonly messageKey: string;
  readonly message: number;
  /** RFC name; `hello_retry_request` for the server_hello that is one. */
  readonly name: string;
  readonly messageSeq: number;
  readonly offset: number;
  readonly length: number;
  readonly total: number;
  /** Where the fragment's body lies in the record's content buffer. */
  readonly start: number;
  readonly end: number;
  /** Bytes that had not been seen before; 0 for a pure repetition. */
  readonly newBytes: number;
  /** How many sendings of this message came before this one from the same side. */
  readonly occurrence: number;
}

export interface MessageView {
  readonly key: string;
  readonly from: Actor;
  readonly message: number;
  /** RFC name; `hello_retry_request` for the server_hello that is one. */
  readonly name: string;
  readonly messageSeq: number;
  readonly total: number;
  readonly complete: boolean;
  readonly firstAt: TraceTime;
  readonly completeAt: TraceTime | undefined;
  readonly present: readonly Range[];
  readonly missing: readonly Range[];
  /** Bytes received more than once. */
  readonly duplicateBytes: number;
  /** Ranges that came again with other bytes. */
  readonly conflicts: readonly Range[];
  /** The reassembled body (zeros where missing), and its buffer. */
  readonly body: Uint8Array;
  readonly buffer: BufferId;
  /** How often the message was sent, as far as seen. */
  readonly sendings: number;
  /** Bytes of it in records that the other side's ACKs list. */
  readonly acknowledged: readonly Range[];
}

export interface FlightView {
  /** From 1, in order of appearance. */
  readonly number: number;
  readonly from: Actor;
  /** RFC names, in message order, `change_cipher_spec` and unreadable `finished` included. */
  readonly messages: readonly string[];
  readonly sentAt: TraceTime;
  /** Times at which it was sent again. */
  readonly resentAt: readonly TraceTime[];
  /** Those of them that followed an ACK, and brought only what it had not listed (RFC 9147 §7.2). */
  readonly resentAfterAck: readonly TraceTime[];
  readonly packets: readonly PacketNumber[];
  /** Every byte of every message in it was seen, its last one included. */
  readonly complete: boolean;
  /** Holds an encrypted Finished, or encrypted records of DTLS 1.3, known by their place alone. */
  readonly inferred: boolean;
}

/** Bytes of a message that did not arrive at first sending. */
export interface LostRange {
  readonly from: Actor;
  readonly message: number;
  readonly messageKey: string;
  readonly bytes: Range;
  /** How we know: the link said so, a hole in what was seen, or a retransmission that only makes sense so. */
  readonly evidence: 'link' | 'hole' | 'retransmission';
  /** `link`: the datagrams that were lost; otherwise those that brought the bytes later (none for a hole that stayed). */
  readonly packets: readonly PacketNumber[];
  readonly recoveredAt: TraceTime | undefined;
}

export interface AlertView {
  readonly at: TraceTime;
  readonly from: Actor;
  readonly level: number;
  readonly description: number;
  /** RFC name of the last handshake message complete before it, from either side. */
  readonly afterMessage: string | undefined;
  readonly where: PacketRange | undefined;
  /** Whether it could be read; level and description of an encrypted alert without keys are 0. */
  readonly readable: boolean;
  /** Whether it came before both Finished were there. */
  readonly beforeFinished: boolean;
}

export interface CertificateView {
  readonly der: Uint8Array;
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
  /** "ECDSA P-256", "RSA 4096". */
  readonly key: string | undefined;
  readonly signature: string | undefined;
  readonly bytes: number;
  /** ISO 8601. */
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface ParametersView {
  readonly version: string | undefined;
  readonly cipherSuite: number | undefined;
  readonly group: number | undefined;
  readonly signature: number | undefined;
  readonly srtpProfile: number | undefined;
  readonly extendedMasterSecret: boolean | undefined;
  readonly alpn: string | undefined;
  readonly cookie: boolean;
  /** Whether a DTLS 1.3 server took a pre-shared key, as a ticket's (RFC 8446 §4.2.11): then there is no certificate. */
  readonly psk?: boolean | undefined;
  /** Before DTLS 1.3: the server goes on with a session of before, so that there is no certificate (RFC 5246 §7.3). */
  readonly resumed?: boolean | undefined;
  /** Before DTLS 1.3: both hellos have encrypt_then_mac, which only AES-CBC heeds (RFC 7366). */
  readonly encryptThenMac?: boolean | undefined;
  readonly offer:
    | {
        readonly versions: readonly number[];
        readonly cipherSuites: readonly number[];
        readonly groups: readonly number[];
        /** Of its key shares, with the bytes of each. */
        readonly keyShares: readonly { readonly group: number; readonly bytes: number }[];
        readonly signatureSchemes: readonly number[];
        readonly srtpProfiles: readonly number[];
        readonly alpn: readonly string[];
        readonly extensions: readonly number[];
      }
    | undefined;
}

export interface TimerView {
  readonly at: TraceTime;
  readonly actor: Actor;
  readonly action: 'set' | 'fired' | 'cancelled';
  readonly flight: number;
  readonly attempt: number;
  /** What it was set to; of one that fired, how long it waited. */
  readonly durationMs: number;
  /** Estimated from gaps in a capture, instead of told by our endpoint. */
  readonly inferred: boolean;
}
