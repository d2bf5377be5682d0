/**
 * A hand between our endpoint and the link: it may change, add or hold back what goes out, and keep from the endpoint what
 * comes in. Checks use it to say what no endpoint of ours says by itself; the trace has what went out in the end.
 */
import type { DatagramContents } from '../engine/api.ts';

/** A datagram that the hand has for the peer. */
export interface Crafted {
  readonly bytes: Uint8Array;
  /** Where the bytes are those of the endpoint. */
  readonly contents?: DatagramContents | undefined;
  /** Sent so much later; at once when absent. ms */
  readonly afterMs?: number;
}

export interface Hand {
  /** What goes out in place of a datagram of the endpoint's; the datagram itself when absent. */
  readonly outgoing?: (bytes: Uint8Array, contents: DatagramContents) => readonly Crafted[];
  /** Whether the endpoint gets a datagram of the peer's, and what is said to the peer beside what the endpoint says. */
  readonly incoming?: (bytes: Uint8Array) => { readonly taken: boolean; readonly say?: readonly Crafted[] };
}

/** The rule's name in a trace for what a hand kept from the endpoint. */
export const heldBack = 'held back by the check';
