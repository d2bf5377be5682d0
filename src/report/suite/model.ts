/**
 * What became of many scenario files: plain data, the same from one process and from shards put together, of which summary,
 * JUnit and HTML are made. Nothing in it depends on when or where a shard ran but what the runs themselves measured.
 */
import type { Outcome } from '../../diagnosis/model.ts';
import type { HandshakeJson } from '../json.ts';

export interface CaseReport {
  /** From 1, in the list of all files. */
  readonly number: number;
  /** As it was given on the command line. */
  readonly file: string;
  /** The file's own name, or its path. */
  readonly name: string;
  readonly about: string | null;
  /** `unmet`: the run was made, and something was not as expected; `error`: it could not be made. */
  readonly result: 'held' | 'unmet' | 'error';
  readonly expected: Outcome;
  readonly outcome: Outcome | null;
  /** What did not come as expected, as sentences. */
  readonly unmet: readonly string[];
  /** Why it could not be made: a wrong setting (`usage`), or something underneath (`infrastructure`). */
  readonly error: { readonly kind: 'usage' | 'infrastructure'; readonly message: string } | null;
  readonly verdict: string | null;
  /** Of the run that is shown, on its own clock: virtual in a simulation. */
  readonly durationMs: number;
  /** The command line that makes this run; without secrets. */
  readonly commandLine: string | null;
  /** Where more than one handshake was made. */
  readonly repeat: RepeatReport | null;
  /** The ladder as text, of what was not as expected. */
  readonly ladder: string | null;
  /** Names of the files that were kept of it. */
  readonly traces: readonly string[];
  /** Of the run that is shown: the first bad one, or the last. */
  readonly handshakes: readonly HandshakeJson[];
}

export interface RepeatReport {
  readonly made: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly bad: Numbered | null;
  readonly good: Numbered | null;
  /** How the last good one and the first bad one differ: the sentence. */
  readonly difference: string | null;
}
export interface Numbered {
  readonly number: number;
  readonly seed: number;
}

export interface Tally {
  readonly cases: number;
  readonly held: number;
  readonly unmet: number;
  readonly errors: number;
}

export function tally(cases: readonly CaseReport[]): Tally {
  const count = (result: CaseReport['result']): number => cases.filter((one) => one.result === result).length;
  return { cases: cases.length, held: count('held'), unmet: count('unmet'), errors: count('error') };
}

/** "3 of 4 as expected, 1 not". */
export function tallyText({ cases, held, unmet, errors }: Tally): string {
  const parts = [`${held} of ${cases} as expected`];
  if (unmet > 0) parts.push(`${unmet} not`);
  if (errors > 0) parts.push(`${errors} could not be made`);
  return parts.join(', ');
}

/** "299 established, 1 stalled". */
export const outcomesText = (outcomes: RepeatReport['outcomes']): string =>
  Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
