/**
 * The impaired network between two ends, as a state machine without clock: datagrams and time in, deliveries and the next
 * deadline out. Everything it does is reported, because the trace records what happened and the ladder draws it.
 */
import type { Instant } from '../base/time.ts';

/** Seen from our side: `out` is what we send. In simulation our side is the one that the options describe (`--role`). */
export type Direction = 'out' | 'in';

/** Which handshake messages a datagram carries, as far as known. */
export interface LinkContents {
  readonly fragments: readonly {
    readonly message: number;
    readonly offset: number;
    readonly length: number;
    readonly total: number;
  }[];
}

export interface LinkDatagram {
  readonly direction: Direction;
  /** The trace's number of the datagram. */
  readonly packet: number;
  readonly bytes: Uint8Array;
  readonly contents: LinkContents | undefined;
}

/** What the link did, for the trace; times are on the caller's clock. Shapes as in `trace` LinkAction. */
export type LinkEvent = { readonly packet: number; readonly rule: string } & (
  | { readonly kind: 'delivered'; readonly at: Instant }
  | { readonly kind: 'lost' }
  /** `toldAt`: when the sender hears of it, where the rule sends a notice. */
  | { readonly kind: 'too-large'; readonly mtu: number; readonly toldAt: Instant | undefined }
  /** `queue` is what it found there; undefined when not a queue but `maxInFlight` had no room. */
  | { readonly kind: 'queue-full'; readonly queue: QueueState | undefined }
  /** It waited so long before it was sent; `at` is when it arrives, whatever else delays it. */
  | { readonly kind: 'queued'; readonly ms: number; readonly queue: QueueState; readonly at: Instant }
  | { readonly kind: 'truncated'; readonly to: number; readonly at: Instant }
  | { readonly kind: 'corrupted'; readonly at: Instant }
  | { readonly kind: 'duplicated'; readonly at: Instant }
  | { readonly kind: 'held-back'; readonly at: Instant }
);

/** What a datagram found waiting before the line. Bytes. */
export interface QueueState {
  readonly bytes: number;
  /** Of these, those of competing traffic, and the rules that it comes from. */
  readonly loadBytes: number;
  readonly loads: readonly string[];
}

/** The path tells the sender that nothing larger than `size` gets through, as a router does by ICMP. */
export interface Notice {
  /** The direction of the datagram that was too large: the notice goes the other way. */
  readonly direction: Direction;
  readonly packet: number;
  readonly size: number;
  readonly at: Instant;
}

export interface Delivery {
  readonly direction: Direction;
  readonly packet: number;
  readonly bytes: Uint8Array;
  readonly at: Instant;
}

export interface Link {
  /** Puts a datagram on the network; what the link decides is in the answer, deliveries come from `take`. */
  offer(datagram: LinkDatagram, now: Instant): readonly LinkEvent[];
  /** What has arrived by `now`, in order of arrival. */
  take(now: Instant): readonly Delivery[];
  /** The notices that have come back by `now`, in order. */
  notices(now: Instant): readonly Notice[];
  /** When the next delivery or notice is due. */
  next(): Instant | undefined;
}

/** One rule. `direction` undefined means both. Rates in kbit/s, times in ms, sizes in UDP payload bytes, loss in 0..1. */
export type LinkRule = { readonly direction: Direction | undefined } & (
  | { readonly kind: 'loss'; readonly probability: number }
  /**
   * Loss in bursts (Gilbert-Elliott): the path is bad for `share` of the datagrams, in spells of `length` datagrams on average.
   * `inside` a spell a datagram is lost with this probability, `outside` with that.
   */
  | {
      readonly kind: 'burst';
      readonly share: number;
      readonly length: number;
      readonly inside: number;
      readonly outside: number;
    }
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  | { readonly kind: 'rate'; readonly kbps: number; readonly queueBytes: number }
  /** Traffic of others, so many streams of datagrams of this size on average, that shares rate and queue of its direction. */
  | { readonly kind: 'load'; readonly kbps: number; readonly streams: number; readonly bytes: number }
  | { readonly kind: 'duplicate'; readonly probability: number }
  | { readonly kind: 'reorder'; readonly probability: number; readonly ms: number }
  | { readonly kind: 'corrupt'; readonly probability: number }
  /** `notice`: the sender is told, as by ICMP; otherwise the datagram vanishes. */
  | { readonly kind: 'mtu'; readonly bytes: number; readonly notice: boolean }
  | { readonly kind: 'truncate'; readonly bytes: number }
  | { readonly kind: 'script'; readonly action: ScriptAction; readonly match: ScriptMatch }
);
export type ScriptAction =
  | { readonly kind: 'drop' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'truncate'; readonly bytes: number };
/** All given parts must hold. `nth` counts from 1 the datagrams of that direction that match the other parts. */
export interface ScriptMatch {
  readonly nth: readonly number[] | undefined;
  /** RFC name of a handshake message that the datagram carries a fragment of. */
  readonly message: string | undefined;
  /** The fragment must hold this byte of the message. */
  readonly byte: number | undefined;
}
