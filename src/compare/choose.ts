/** Which handshakes of two traces are worth comparing, when nobody said: those that are most alike, and end otherwise. */
import { compareHandshakes } from './compare.ts';
import type { Compared } from './model.ts';

export interface Choice {
  readonly a: Compared;
  readonly b: Compared;
  /** Nobody but us decided. */
  readonly chosen: boolean;
}

/** Of a trace with many handshakes the first so many are looked at. */
const mostOfEach = 12;

/** `undefined` when one of the two has no handshake. */
export function chooseHandshakes(as: readonly Compared[], bs: readonly Compared[]): Choice | undefined {
  const [a, b] = [as[0], bs[0]];
  if (!a || !b) return undefined;
  if (as.length === 1 && bs.length === 1) return { a, b, chosen: false };
  let best: { readonly a: Compared; readonly b: Compared; readonly cost: number } | undefined;
  for (const one of as.slice(0, mostOfEach))
    for (const other of bs.slice(0, mostOfEach)) {
      if (one.handshake === other.handshake) continue;
      const differs = one.diagnosis.outcome !== other.diagnosis.outcome;
      const cost = compareHandshakes(one, other).differences.length + (differs ? 0 : alikeCost);
      if (!best || cost < best.cost) best = { a: one, b: other, cost };
    }
  return { a: best?.a ?? a, b: best?.b ?? b, chosen: true };
}

/** Two that end alike are compared only when nothing else is there. */
const alikeCost = 1000;
