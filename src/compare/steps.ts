/** The messages of two handshakes, side by side: aligned by side, name and occurrence, in the order in which they came. */
import type { FlightView, Handshake, MessageView } from '../analysis/model.ts';
import type { Actor } from '../trace/model.ts';

/** A message of a flight; `view` is undefined for what has none: a ChangeCipherSpec, or what could not be read. */
export interface Step {
  readonly key: string;
  readonly from: Actor;
  readonly flight: FlightView;
  readonly name: string;
  /** From 1. */
  readonly occurrence: number;
  readonly view: MessageView | undefined;
}

export interface Pair {
  readonly a: Step | undefined;
  readonly b: Step | undefined;
}

/** Alignment is quadratic where the two have nothing in common; a handshake has a dozen messages. */
const mostSteps = 400;

/** What flights hold, one by one. */
export function stepsOf({ flights, messages }: Handshake): readonly Step[] {
  const seen = new Map<string, number>();
  const steps: Step[] = [];
  for (const flight of flights)
    for (const name of flight.messages) {
      const kind = `${flight.from}/${name}`;
      const occurrence = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, occurrence);
      const view = messages.filter((one) => one.from === flight.from && one.name === name)[occurrence - 1];
      steps.push({ key: `${kind}/${occurrence}`, from: flight.from, flight, name, occurrence, view });
      if (steps.length >= mostSteps) return steps;
    }
  return steps;
}

/** Both in one order: what only one has stands where it came. */
export function align(a: readonly Step[], b: readonly Step[]): readonly Pair[] {
  const pairs: Pair[] = [];
  const inA = new Set(a.map(({ key }) => key));
  const byKey = new Map(b.map((step) => [step.key, step]));
  const taken = new Set<string>();
  let next = 0;
  for (const step of a) {
    const other = byKey.get(step.key);
    if (other) {
      // What B has before it and A has not at all.
      for (let i = next; i < b.indexOf(other); i++) {
        const only = b[i];
        if (only && !inA.has(only.key) && !taken.has(only.key)) {
          taken.add(only.key);
          pairs.push({ a: undefined, b: only });
        }
      }
      next = Math.max(next, b.indexOf(other) + 1);
      taken.add(other.key);
    }
    pairs.push({ a: step, b: other });
  }
  for (const step of b) if (!taken.has(step.key)) pairs.push({ a: undefined, b: step });
  return pairs;
}
