/** Probes a target as the terminal does, in this process. */
import { prepare } from '../../src/cli/prepare.ts';
import { type Reading, readTrace } from '../../src/cli/reading.ts';
import { describeProblem, type GivenOptions, readScenario } from '../../src/scenario/index.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';

export interface Probed {
  readonly trace: Trace;
  readonly events: readonly TraceEvent[];
  readonly reading: Reading;
}

/** Runs to the end, without lingering and for ten seconds at most, unless `given` says otherwise. */
export async function probe(target: string, given: GivenOptions = {}): Promise<Probed> {
  const scenario = readScenario('probe', target, { linger: ['0'], timeout: ['10s'], ...given });
  if (!scenario.ok) throw new Error(scenario.problems.map(describeProblem).join('\n'));
  const run = (await prepare(scenario.value, () => {})).start();
  const events: TraceEvent[] = [];
  run.subscribe((event) => events.push(event));
  await run.finished;
  const trace = { header: run.header, events };
  return { trace, events, reading: readTrace(trace) };
}
