/** A scenario run once, or as often as it says, from the terminal: the trace and its reading of each that is kept. */
import { chooseHandshakes } from '../compare/choose.ts';
import { compareHandshakes } from '../compare/compare.ts';
import type { Comparison } from '../compare/model.ts';
import type { NamedSide } from '../report/comparison.ts';
import { type Attempt, attemptOf, type Hunt, hunt, judgedOf, type Run, unmet } from '../run/index.ts';
import type { Expectation, Scenario } from '../scenario/index.ts';
import type { Trace, TraceEvent } from '../trace/model.ts';
import { type CredentialSource, credentialsOnce } from './credentials.ts';
import { onInterrupt } from './interrupt.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepared.ts';
import { type Reading, readTrace } from './reading.ts';
import { ClientSessions } from './sessions.ts';
import type { Carry } from './signalled.ts';

export interface Made {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly reading: Reading;
}

/** Runs that go on, so that an interrupt ends them all, and whether there was one. */
export class Running {
  readonly #runs = new Set<Run>();
  readonly #release: () => void;
  #stopped = false;

  constructor() {
    this.#release = onInterrupt(() => {
      this.#stopped = true;
      for (const run of this.#runs) run.stop();
    });
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Starts what was prepared and waits for its end. */
  async toEnd({ start }: Prepared, see: (event: TraceEvent) => void): Promise<Trace> {
    const run = start();
    const events: TraceEvent[] = [];
    this.#runs.add(run);
    run.subscribe((event) => {
      events.push(event);
      see(event);
    });
    await run.finished;
    this.#runs.delete(run);
    return { header: run.header, events };
  }

  /** Interrupts are the system's again. */
  release(): void {
    this.#release();
  }
}

export interface Hunting {
  readonly running: Running;
  readonly carry: Carry;
  readonly made?: (attempt: Attempt<Made>) => void;
}

/** Runs a scenario as often as it says; rejects with a `Stop` when a run can not be made. */
export function huntScenario(
  scenario: Scenario,
  expectation: Expectation,
  { running, carry, made }: Hunting,
): Promise<Hunt<Made>> {
  const { repeat, parallel, until } = scenario.options;
  const ours = credentialsOnce();
  const sessions = new ClientSessions();
  return hunt<Made>({
    rounds: repeat,
    atOnce: parallel,
    until,
    stopped: () => running.stopped,
    ...(made && { made }),
    attempt: async (number) => {
      await breathe();
      const one = attemptOf(scenario, number);
      const result = await makeOne(one, running, carry, ours, sessions);
      return { outcome: result.reading.outcome, unmet: unmetIn(expectation, result.reading, scenario), result };
    },
  });
}

/** Makes one handshake and reads it; rejects with a `Stop` when it can not be made. */
export async function makeOne(
  scenario: Scenario,
  running: Running,
  carry: Carry,
  ours: CredentialSource,
  sessions: ClientSessions,
): Promise<Made> {
  const trace = await running.toEnd(await prepare(scenario, carry, ours, sessions), () => {});
  return { scenario, trace, reading: readTrace(trace) };
}

/** A simulation takes no time of the clock's: without this nobody would hear an interrupt. */
export const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What of the expectation did not hold in a run. */
export const unmetIn = (expectation: Expectation, { handshakes }: Reading, { options }: Scenario): readonly string[] =>
  unmet(expectation, judgedOf(handshakes, options.steps.length));

/** The last good one and the first bad one compared; undefined when there are not both, or one has no handshake. */
export function huntDifference(
  found: Hunt<Made>,
): { readonly good: NamedSide; readonly bad: NamedSide; readonly comparison: Comparison } | undefined {
  const { lastGood, firstBad } = found;
  if (!lastGood || !firstBad) return undefined;
  const sides = ({ result: { reading, trace } }: Attempt<Made>) =>
    reading.handshakes.map((one) => ({ ...one, startedAt: trace.header.startedAt }));
  const pair = chooseHandshakes(sides(lastGood), sides(firstBad));
  if (!pair) return undefined;
  return {
    good: { ...pair.a, name: `the last good one, number ${lastGood.number}:` },
    bad: { ...pair.b, name: `the first bad one, number ${firstBad.number}:` },
    comparison: compareHandshakes(pair.a, pair.b),
  };
}

/** The one of a hunt that is shown: the first bad one, or the last. */
export const shownOf = (found: Hunt<Made>): Attempt<Made> | undefined => found.firstBad ?? found.last;
