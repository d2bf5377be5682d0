/**
 * The same scenario again and again, some at once, until something ends otherwise: for the failure that comes after
 * hundreds of good connections. Of all that was made two are kept, the last good one and the first bad one, because their
 * difference is the question.
 */
import type { Outcome } from '../diagnosis/model.ts';
import type { Scenario } from '../scenario/index.ts';

/** One handshake of a hunt. */
export interface Attempt<T> {
  /** From 1, in the order of starting. */
  readonly number: number;
  readonly outcome: Outcome;
  /** What did not come as expected; empty for a good one. */
  readonly unmet: readonly string[];
  readonly result: T;
}

export interface HuntSpec<T> {
  readonly rounds: number;
  readonly atOnce: number;
  readonly until: Outcome | undefined;
  /** Makes one handshake. Those of a round are started together. */
  readonly attempt: (number: number) => Promise<Omit<Attempt<T>, 'number'>>;
  /** Told after every handshake. */
  readonly made?: (attempt: Attempt<T>) => void;
  /** Asked between rounds: somebody may have had enough. */
  readonly stopped?: () => boolean;
}

export interface Hunt<T> {
  readonly made: number;
  /** How many ended in which way. */
  readonly outcomes: ReadonlyMap<Outcome, number>;
  readonly lastGood: Attempt<T> | undefined;
  readonly firstBad: Attempt<T> | undefined;
  /** The last one of all. */
  readonly last: Attempt<T> | undefined;
  /** `until` came. */
  readonly reached: boolean;
  /** What did not come as expected, over all of it. */
  readonly unmet: readonly string[];
}

/**
 * Makes the handshakes. With `until`, one that ends so is the bad one, and ends the hunt with its round; without, a bad one
 * is one that does not end as expected, and all rounds are made. When `until` came the expectation is held against that
 * handshake alone, otherwise against all. Rejects as soon as an attempt does.
 */
export async function hunt<T>(spec: HuntSpec<T>): Promise<Hunt<T>> {
  const outcomes = new Map<Outcome, number>();
  let lastGood: Attempt<T> | undefined;
  let firstBad: Attempt<T> | undefined;
  let last: Attempt<T> | undefined;
  let made = 0;
  let unlike = 0;
  let firstUnmet: readonly string[] = [];
  const isBad = ({ outcome, unmet }: Attempt<T>): boolean =>
    spec.until === undefined ? unmet.length > 0 : outcome === spec.until;
  // Of those before the bad one; one that was established beats one that only ended otherwise.
  const isBetter = ({ outcome }: Attempt<T>): boolean =>
    lastGood === undefined ||
    (outcome === 'established'
      ? !firstBad || lastGood.outcome !== outcome
      : !firstBad && lastGood.outcome !== 'established');
  for (let round = 0; round < spec.rounds && !(spec.until !== undefined && firstBad) && !spec.stopped?.(); round++) {
    const numbers = Array.from({ length: spec.atOnce }, (_, index) => round * spec.atOnce + index + 1);
    const attempts = await Promise.all(
      numbers.map(async (number) => {
        const attempt = { number, ...(await spec.attempt(number)) };
        spec.made?.(attempt);
        return attempt;
      }),
    );
    for (const attempt of attempts) {
      made++;
      last = attempt;
      outcomes.set(attempt.outcome, (outcomes.get(attempt.outcome) ?? 0) + 1);
      if (attempt.unmet.length > 0 && unlike++ === 0) firstUnmet = attempt.unmet;
      if (isBad(attempt)) firstBad ??= attempt;
      else if (isBetter(attempt)) lastGood = attempt;
    }
  }
  const reached = spec.until !== undefined && firstBad !== undefined;
  const several = unlike > 1 ? ` (and ${unlike - 1} more of ${made} handshakes did not end as expected)` : '';
  return {
    made,
    outcomes,
    lastGood,
    firstBad,
    last,
    reached,
    unmet: reached ? (firstBad?.unmet ?? []) : firstUnmet.map((text, index) => (index === 0 ? text + several : text)),
  };
}

/** The seed grows with the attempts, so that each meets another network, and the same one every time it is asked for. */
export function attemptOf(scenario: Scenario, number: number): Scenario {
  const { options } = scenario;
  const seed = (options.seed + number - 1) % 2 ** 32;
  return { ...scenario, options: { ...options, seed, repeat: 1, until: undefined, parallel: 1 } };
}
