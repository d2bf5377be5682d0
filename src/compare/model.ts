/** What comparing two handshakes gives: plain data in words, in the order of the handshake. */
import type { Handshake } from '../analysis/model.ts';
import type { Diagnosis } from '../diagnosis/model.ts';
import type { Actor, PacketNumber } from '../trace/model.ts';

/** One of the two. */
export interface Compared {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
  /** Wall clock of the trace's time 0, ms since 1970, where known: without it nobody can tell what had expired. */
  readonly startedAt: number | undefined;
}

/**
 * `real`: may be the reason; `minor`: tells stacks or settings apart, and changes nothing by itself (the order of
 * extensions, a cookie of another length); `expected`: differs in any two handshakes (randoms, keys, signatures).
 */
export type Weight = 'real' | 'minor' | 'expected';

export interface Difference {
  readonly weight: Weight;
  readonly from: Actor | undefined;
  /** Number of the flight in A, or in B where A has none. */
  readonly flight: number | undefined;
  /** RFC name; undefined for what belongs to a whole flight, or to the handshake. */
  readonly message: string | undefined;
  /** Which message of that name from that side, from 1. */
  readonly occurrence: number;
  /** Path of RFC names: "extensions, supported_groups, named_group_list"; or what of a flight. */
  readonly field: string;
  readonly a: string;
  readonly b: string;
  /** The datagrams that show it. */
  readonly packets: { readonly a: PacketNumber | undefined; readonly b: PacketNumber | undefined };
}

export interface Comparison {
  /** Nothing differs but what differs always. */
  readonly same: boolean;
  /** One sentence. */
  readonly verdict: string;
  /** The first that may be the reason; without such a one the first of all. */
  readonly first: Difference | undefined;
  /** Real and minor ones, in the order of the handshake, the first included. */
  readonly differences: readonly Difference[];
  /** Names of fields that differ in any two handshakes, and did. */
  readonly expected: readonly string[];
  /** What is the same, as far as somebody may suspect it, as sentences. */
  readonly inBoth: readonly string[];
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
}
