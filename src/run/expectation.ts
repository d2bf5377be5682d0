/** Holds a handshake against what a scenario file expects of it. */
import type { Handshake, StepView } from '../analysis/model.ts';
import type { Diagnosis } from '../diagnosis/model.ts';
import { stepText } from '../diagnosis/steps.ts';
import type { BothSides, Bounds, Expectation } from '../scenario/index.ts';

/** What the expectation is held against; the handshake is undefined when not one datagram of DTLS was seen. */
export interface Judged {
  readonly handshake: Pick<Handshake, 'traffic' | 'retransmissions'> | undefined;
  readonly outcome: Diagnosis['outcome'];
  readonly findings: readonly { readonly id: string }[];
  /** Of all handshakes of the run, and how many the scenario has; none when absent. */
  readonly steps?: { readonly seen: readonly StepView[]; readonly wanted: number };
}

const noSteps: NonNullable<Judged['steps']> = { seen: [], wanted: 0 };

/**
 * What a run is judged by: its first handshake, and the findings of all, since what is wrong with a second one may be what
 * the scenario is about.
 */
export const judgedOf = (
  read: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[],
  wanted?: number,
): Judged => {
  const seen = read.flatMap(({ handshake }) => handshake.steps);
  return {
    handshake: read[0]?.handshake,
    outcome: read[0]?.diagnosis.outcome ?? 'no-answer',
    findings: read.flatMap(({ diagnosis }) => diagnosis.findings),
    steps: { seen, wanted: wanted ?? seen[0]?.count ?? 0 },
  };
};

/** What did not come as expected, as sentences without a full stop; empty when all of it held. */
export function unmet(
  expectation: Expectation,
  { handshake, outcome, findings, steps = noSteps }: Judged,
): readonly string[] {
  const failures: string[] = [];
  if (outcome !== expectation.outcome) failures.push(`the outcome should be ${expectation.outcome}, and is ${outcome}`);
  const found = new Set(findings.map(({ id }) => id));
  for (const id of expectation.findings.must) if (!found.has(id)) failures.push(`the finding ${id} does not appear`);
  for (const id of expectation.findings.mustNot)
    if (found.has(id)) failures.push(`the finding ${id} appears, and must not`);
  const sides = (bounds: BothSides, count: (side: 'client' | 'server') => number, what: string): void => {
    for (const side of ['client', 'server'] as const) {
      const wrong = outside(bounds[side], count(side));
      if (wrong !== undefined) failures.push(`${what} of the ${side}: ${wrong}`);
    }
  };
  sides(expectation.datagrams, (side) => handshake?.traffic[side].datagrams ?? 0, 'datagrams');
  sides(expectation.retransmissions, (side) => handshake?.retransmissions[side] ?? 0, 'retransmissions');
  failures.push(...unmetSteps(expectation, steps));
  return failures;
}

function unmetSteps({ outcome, steps: wanted }: Expectation, { seen, wanted: all }: typeof noSteps): readonly string[] {
  // Where the handshake is to fail, nobody comes to do anything after it.
  if (wanted === undefined && outcome !== 'established') return [];
  const done = seen.filter(({ state }) => state === 'done').length;
  const least = wanted === undefined || wanted === 'all' ? all : wanted;
  if (done >= least) return [];
  const failed = seen.filter(({ state }) => state === 'failed').map(stepText);
  const missing = all - seen.length;
  const count = least === all ? `${done} of ${all}` : `${done} of ${all} (expected at least ${least})`;
  return failed.length > 0 && missing === 0 && least === all ? failed : [...failed, `steps that were done: ${count}`];
}

function outside({ least, most }: Bounds, count: number): string | undefined {
  if (least !== undefined && least === most && count !== least) return `${count}, expected ${least}`;
  if (least !== undefined && count < least) return `${count}, expected at least ${least}`;
  if (most !== undefined && count > most) return `${count}, expected at most ${most}`;
  return undefined;
}
