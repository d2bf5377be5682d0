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
  | { readonly kind: 'too-large'; readonly mtu: number }
  | { readonly kind: 'queue-full' }
  | { readonly kind: 'truncated'; readonly to: number; readonly at: Instant }
  | { readonly kind: 'corrupted'; readonly at: Instant }
  | { readonly kind: 'duplicated'; readonly at: Instant }
  | { readonly kind: 'held-back'; readonly at: Instant }
);

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
  /** When the next delivery is due. */
  next(): Instant | undefined;
}

/** One rule. `direction` undefined means both. Rates in kbit/s, times in ms, sizes in UDP payload bytes, loss in 0..1. */
export type LinkRule = { readonly direction: Direction | undefined } & (
  | { readonly kind: 'loss'; readonly probability: number }
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  | { readonly kind: 'rate'; readonly kbps: number; readonly queueBytes: number }
  | { readonly kind: 'duplicate'; readonly probability: number }
  | { readonly kind: 'reorder'; readonly probability: number; readonly ms: number }
  | { readonly kind: 'corrupt'; readonly probability: number }
  | { readonly kind: 'mtu'; readonly bytes: number }
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
