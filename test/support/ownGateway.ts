/** Our own gateway, as `serve --whip` opens it, in this process. */
import { credentialsFor } from '../../src/cli/credentials.ts';
import { openGateway } from '../../src/cli/serving.ts';
import { describeProblem, type GivenOptions, readScenario } from '../../src/scenario/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';

export interface OwnGateway {
  /** "http://127.0.0.1:PORT" */
  readonly origin: string;
  /** The trace of each session, in the order in which they began. */
  readonly traces: readonly TraceEvent[][];
  stop(): void;
}

export async function startGateway(given: GivenOptions = {}): Promise<OwnGateway> {
  const scenario = readScenario('serve', undefined, { whip: ['on'], ...given });
  if (!scenario.ok) throw new Error(scenario.problems.map(describeProblem).join('\n'));
  const traces: TraceEvent[][] = [];
  const service = await openGateway(scenario.value, await credentialsFor(scenario.value.options), 0, {
    began: (run) => {
      const events: TraceEvent[] = [];
      run.subscribe((event) => events.push(event));
      traces.push(events);
    },
    gone: () => {},
  });
  const origin = /http:\/\/[^/]+/.exec(service.says[0] ?? '')?.[0] ?? '';
  return { origin, traces, stop: () => service.stop() };
}
