/**
 * What reading a trace gives: handshakes, with their datagrams, records, messages and flights. All of it is derived, plain
 * data, and safe to hand to a view. `from` is always the DTLS role of the sender; times are trace times (ms); byte ranges
 * are half open.
 */
import type { Range } from '../base/ranges.ts';
import type { BufferId, PacketRange } from '../trace/buffers.ts';
import type { Failure, TraceParameters } from '../trace/facts.ts';
import type { Actor, Address, LinkAction, PacketNumber, TraceTime } from '../trace/model.ts';

export interface Snapshot {
  /** Grows with every event that changed anything. */
  readonly revision: number;
  readonly handshakes: readonly Handshake[];
  /** Datagrams that belong to no handshake, by what they look like ("stun", "rtp", "other"), counted. */
  readonly unrelated: Readonly<Record<string, number>>;
  readonly notes: readonly { readonly at: TraceTime; readonly text: string }[];
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
  readonly startedAt: TraceTime;
  /** When the last handshake datagram before completion was seen; undefined while it is not complete. */
  readonly establishedAt: TraceTime | undefined;
  readonly endedAt: TraceTime;
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
  /** Facts that only our own endpoint can tell. */
  readonly connected: Readonly<
    Partial<Record<Actor, { readonly at: TraceTime; readonly parameters: TraceParameters }>>
  >;
  readonly failures: readonly { readonly at: TraceTime; readonly actor: Actor; readonly failure: Failure }[];
  readonly refused: readonly { readonly at: TraceTime; readonly by: string; readonly why: string }[];
  readonly end:
    | { readonly at: TraceTime; readonly how: 'done' | 'cancelled' | 'interrupted'; readonly why: string | undefined }
    | undefined;
  /** Whether secrets for this handshake are known, and whether they opened its records. */
  readonly keys: 'none' | 'decrypts' | 'wrong' | 'unused';
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
}

export interface RecordView {
  /** Place in the datagram, from 0. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  readonly length: number;
  /** What the record holds: in the clear, opened with keys, or not readable. */
  readonly protection: 'plain' | 'decrypted' | 'encrypted' | 'undecryptable';
  /** The buffer that fragments and fields point into: the datagram, or the decrypted content. */
  readonly content: { readonly buffer: BufferId; readonly start: number; readonly end: number } | undefined;
  readonly fragments: readonly FragmentView[];
  readonly alert: { readonly level: number; readonly description: number } | undefined;
  /** The same (epoch, number) came before from this side, with other bytes or the same. */
  readonly repeatedNumber: 'same-bytes' | 'other-bytes' | undefined;
}

export interface FragmentView {
  /** Key of the message: `${from}/${messageSeq}`, with a suffix for a second message under the same number. */
  readonly messageKey: string;
  readonly message: number;
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
  readonly packets: readonly PacketNumber[];
  /** Every byte of every message in it was seen. */
  readonly complete: boolean;
  /** Seen, or known only because the other side went on. */
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
  /** Whether it could be read (an encrypted alert without keys is only inferred from its size). */
  readonly readable: boolean;
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
  readonly offer:
    | {
        readonly versions: readonly number[];
        readonly cipherSuites: readonly number[];
        readonly groups: readonly number[];
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
  readonly durationMs: number;
  /** Estimated from gaps in a capture, instead of told by our endpoint. */
  readonly inferred: boolean;
}
