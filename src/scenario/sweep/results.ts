/**
 * What the handshakes of a cell came to: plain data that runner, state files, shards and reports share. It holds nothing of
 * when or where a cell was run, so that in simulation four shards put together are the whole, byte for byte.
 */
import type { Outcome, Severity } from '../../diagnosis/model.ts';

/** Of figures in order: the smallest, the middle one, the one that 95 % do not exceed, the largest. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly p95: number;
  readonly most: number;
}

export interface CellCount {
  readonly made: number;
  readonly asExpected: number;
}

export interface CellResult extends CellCount {
  /** From 1, in the plan. */
  readonly cell: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Time until established, of the handshakes that were. ms, virtual in a simulation */
  readonly timeMs: Spread | null;
  /** DTLS datagrams of both sides in a handshake. */
  readonly datagrams: Spread | null;
  /** Flights sent again, of both sides. */
  readonly retransmissions: Spread | null;
  /** Errors and warnings: first what explains most of what did not come as expected, then the most frequent. */
  readonly findings: readonly CellFinding[];
  /** The first handshake that did not end as expected. */
  readonly bad: BadHandshake | null;
  /** Why handshakes could not be made: a wrong setting (`usage`), or something underneath (`infrastructure`). */
  readonly error: { readonly kind: 'usage' | 'infrastructure'; readonly message: string } | null;
  /** Names of the files that were kept of it. */
  readonly traces: readonly string[];
  /** Where the plan searches for a threshold; the counts above are then over all values that were tried. */
  readonly search: SearchResult | null;
}

export interface CellFinding {
  readonly id: string;
  readonly severity: Exclude<Severity, 'info'>;
  readonly title: string;
  /** Handshakes that it appeared in. */
  readonly count: number;
  /** Those not as expected of which it was the first to be named. */
  readonly leads: number;
}

export interface BadHandshake {
  readonly seed: number;
  readonly outcome: Outcome;
  readonly unmet: readonly string[];
  readonly verdict: string;
  /** Without secrets. */
  readonly commandLine: string | null;
}

export interface SearchResult {
  /** Every value that was tried, in order. */
  readonly points: readonly SearchPoint[];
  /** Neighbours of which one passes and one does not, in order. One is a threshold; with more there is none. */
  readonly changes: readonly { readonly below: number; readonly above: number; readonly passes: 'below' | 'above' }[];
  /** There were more changes than were followed to the end. */
  readonly unfollowed: boolean;
}
export interface SearchPoint extends CellCount {
  readonly value: number;
  readonly passes: boolean;
}

/** All handshakes came as expected, or, where values are searched, the search gave an answer. */
export const cellHeld = ({ made, asExpected, error, search }: CellResult): boolean =>
  error === null && (search !== null || (made > 0 && asExpected === made));

/** The finding to name first; undefined where nothing is amiss. */
export const leadingFinding = ({ findings }: Pick<CellResult, 'findings'>): CellFinding | undefined => findings[0];

/** Median and its kin of figures in any order; null of none. The percentile is a figure that occurred, never one between two. */
export function spreadOf(figures: readonly number[]): Spread | null {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? null : { least: at(0), median: at(0.5), p95: at(0.95), most: at(1) };
}

/** In which the true rate lies, 95 times of 100: Wilson's score interval, which is right for few and for all as well. */
export function wilson({ made, asExpected }: CellCount): { readonly low: number; readonly high: number } {
  if (made === 0) return { low: 0, high: 1 };
  const z = 1.959964;
  const rate = asExpected / made;
  const middle = rate + (z * z) / (2 * made);
  const half = z * Math.sqrt((rate * (1 - rate)) / made + (z * z) / (4 * made * made));
  const below = 1 + (z * z) / made;
  const share = (value: number): number => Math.min(1, Math.max(0, value / below));
  // Rounding must not say that none of none failed a little.
  return { low: asExpected === 0 ? 0 : share(middle - half), high: asExpected === made ? 1 : share(middle + half) };
}

/** The outcome that most of the handshakes had. */
export function mainOutcome({ outcomes }: Pick<CellResult, 'outcomes'>): Outcome | undefined {
  const sorted = (Object.entries(outcomes) as [Outcome, number][]).sort(([, a], [, b]) => b - a);
  return sorted[0]?.[0];
}
