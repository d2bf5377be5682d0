/**
 * A trace records only facts: datagrams and what the link did to them, timers, states, secrets, what signalling said.
 * Records, messages, flights, lost bytes, findings and the verdict are derived by `analysis` and `diagnosis`, by the same
 * code for a live run and for a stranger's capture.
 */
import type { DatagramContents, Failure as EngineFailure, TraceParameters } from './facts.ts';
import type { IceFact, SignallingFact, TurnFact } from './pathFacts.ts';
import type { StepDone, StepFailed } from './stepFacts.ts';

/** Milliseconds since the trace's start, fractions allowed. */
export type TraceTime = number;

/** "192.0.2.1:5000", "[2001:db8::1]:5000", or a name in simulation. */
export type Address = string;

/** The number of a datagram: in a capture the frame number as Wireshark counts it, in a run the datagram's own; from 1. */
export type PacketNumber = number;

/** Whose view a fact is: in a run of ours against a peer only `local` speaks; in simulation both ends do. */
export type Actor = 'client' | 'server';

export interface TraceHeader {
  /** What made it: "dtlscope 0.1.0". */
  readonly tool: string;
  readonly kind: 'run' | 'simulation' | 'capture';
  /** Wall-clock time of time 0, ms since 1970, where known. */
  readonly startedAt: number | undefined;
  readonly title: string | undefined;
  /** The role our side played in a run; undefined in captures, where nobody is "us". */
  readonly localRole: Actor | undefined;
  /** The options of the run as the command line spells them, for "Copy as command line". */
  readonly commandLine: string | undefined;
}

export type TraceEvent =
  | DatagramEvent
  /** What the link did to a datagram; without one, the datagram went through untouched and at once. */
  | {
      readonly kind: 'link';
      readonly at: TraceTime;
      readonly packet: PacketNumber;
      readonly action: LinkAction;
      readonly rule: string;
    }
  | {
      readonly kind: 'timer';
      readonly at: TraceTime;
      readonly actor: Actor;
      readonly action: 'set' | 'fired' | 'cancelled';
      readonly flight: number;
      readonly attempt: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'state';
      readonly at: TraceTime;
      readonly actor: Actor;
      readonly from: string;
      readonly to: string;
      readonly because: string;
    }
  /** Our endpoint ignored something in the datagram it had just received. */
  | {
      readonly kind: 'dropped';
      readonly at: TraceTime;
      readonly actor: Actor;
      readonly packet: PacketNumber | undefined;
      readonly reason: string;
      readonly offset: number | undefined;
      readonly detail: string | undefined;
    }
  /** A line of the NSS key log; `at` is when it became known. */
  | {
      readonly kind: 'secret';
      readonly at: TraceTime;
      readonly label: string;
      readonly clientRandom: Uint8Array;
      readonly secret: Uint8Array;
    }
  | {
      readonly kind: 'alert';
      readonly at: TraceTime;
      readonly actor: Actor;
      readonly direction: 'sent' | 'received';
      readonly level: number;
      readonly description: number;
    }
  | { readonly kind: 'connected'; readonly at: TraceTime; readonly actor: Actor; readonly parameters: TraceParameters }
  | { readonly kind: 'failed'; readonly at: TraceTime; readonly actor: Actor; readonly failure: EngineFailure }
  | { readonly kind: 'closed'; readonly at: TraceTime; readonly actor: Actor; readonly by: 'peer' | 'us' }
  /** A fingerprint that signalling (or the user) announced for the certificate of `of`. */
  | {
      readonly kind: 'fingerprint';
      readonly at: TraceTime;
      readonly of: Actor;
      readonly hash: string;
      readonly value: Uint8Array;
      /** The ICE user fragment that was announced with it, where a trace may hold several calls: it is for that one alone. */
      readonly ufrag?: string | undefined;
    }
  /**
   * The network or a server in front said no: ICMP port unreachable, a refused TURN or HTTP request. `src` and `dst` of the
   * datagram that it is about, where that is told: in a capture it belongs to that flow and no other.
   */
  | {
      readonly kind: 'refused';
      readonly at: TraceTime;
      readonly by: string;
      readonly why: string;
      readonly src?: Address | undefined;
      readonly dst?: Address | undefined;
    }
  /** What happened on the way to a path for datagrams: see `pathFacts.ts`. */
  | { readonly kind: 'ice'; readonly at: TraceTime; readonly fact: IceFact }
  | { readonly kind: 'turn'; readonly at: TraceTime; readonly fact: TurnFact }
  | { readonly kind: 'signalling'; readonly at: TraceTime; readonly fact: SignallingFact }
  /** Application data that an end gave or was given; what it says stands in the datagrams. */
  | {
      readonly kind: 'data';
      readonly at: TraceTime;
      readonly actor: Actor;
      readonly direction: 'sent' | 'received';
      readonly length: number;
    }
  | StepEvent
  | { readonly kind: 'note'; readonly at: TraceTime; readonly text: string }
  /** Last event of a run: it came to its own end, somebody stopped it, or something under it went away. */
  | {
      readonly kind: 'end';
      readonly at: TraceTime;
      readonly how: 'done' | 'cancelled' | 'interrupted';
      readonly why: string | undefined;
    };

/** Something that a run was asked to do once it is established: it begins, and is done or has failed. */
export type StepEvent = {
  readonly kind: 'step';
  readonly at: TraceTime;
  readonly actor: Actor;
  /** From 1, of `count`. */
  readonly number: number;
  readonly count: number;
  /** As a scenario spells it. */
  readonly step: string;
} & (
  | { readonly state: 'begun' }
  | { readonly state: 'done'; readonly result: StepDone }
  | { readonly state: 'failed'; readonly result: StepFailed }
);

export type PathEvent = Extract<TraceEvent, { readonly kind: 'ice' | 'turn' | 'signalling' }>;

export interface DatagramEvent {
  readonly kind: 'datagram';
  readonly at: TraceTime;
  readonly packet: PacketNumber;
  readonly src: Address;
  readonly dst: Address;
  /** Who sent it, where the trace knows it (a run); in a capture the reader finds out. */
  readonly from: Actor | undefined;
  /** The UDP payload. */
  readonly bytes: Uint8Array;
  /** UDP payload bytes on the wire; more than `bytes` when the capture's snap length cut it. */
  readonly length: number;
  /** What our own endpoint put into it; absent on everything that others sent. */
  readonly contents: DatagramContents | undefined;
}

export type LinkAction =
  | { readonly kind: 'delivered'; readonly at: TraceTime }
  | { readonly kind: 'lost' }
  /** Too large for the path and not passed on. `toldAt`: when the sender heard so from the path, if it did. */
  | { readonly kind: 'too-large'; readonly mtu: number; readonly toldAt?: TraceTime | undefined }
  | { readonly kind: 'queue-full'; readonly queue?: QueueState | undefined }
  /** It waited `ms` before a line that was busy; `at` is the arrival at the other side. */
  | { readonly kind: 'queued'; readonly ms: number; readonly queue: QueueState; readonly at: TraceTime }
  | { readonly kind: 'truncated'; readonly to: number; readonly at: TraceTime }
  | { readonly kind: 'corrupted'; readonly at: TraceTime }
  | { readonly kind: 'duplicated'; readonly at: TraceTime }
  | { readonly kind: 'held-back'; readonly at: TraceTime };

/** What a datagram found in the queue before a line: bytes, those of competing traffic among them, and whose that is. */
export interface QueueState {
  readonly bytes: number;
  readonly loadBytes: number;
  /** The rules that made it. */
  readonly loads: readonly string[];
}

/** A finished or growing run or import. */
export interface Trace {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
}
