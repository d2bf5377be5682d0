/** Checks of a peer in memory, with the quick provider: what is tested is the checks, not the arithmetic. */
import { nodeProvider } from '../../../src/crypto/node/index.ts';
import {
  type CheckEvent,
  type Checking,
  type CheckReport,
  checks,
  type SimulatedGroundSpec,
  simulatedGround,
  startChecking,
} from '../../../src/run/check/index.ts';
import { describeProblem, type GivenOptions, readScenario, type Scenario } from '../../../src/scenario/index.ts';
import { bundledTestCredential } from '../../../src/x509/bundled.ts';

export interface Asked {
  readonly target?: string;
  readonly given?: GivenOptions;
  readonly only?: readonly string[];
  readonly thorough?: boolean;
  readonly peer?: SimulatedGroundSpec['peer'];
  readonly hear?: (event: CheckEvent, checking: () => Checking) => void;
}

export function scenarioOf(target: string, given: GivenOptions = {}): Scenario {
  // Only listeners have it, and the peer of a check is one.
  const listens = target === 'sim:live-hello-ignored';
  const read = readScenario('probe', listens ? 'sim' : target, given);
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
  return listens ? { ...read.value, target: { kind: 'sim', quirks: ['live-hello-ignored'] } } : read.value;
}

export function checking({ target = 'sim', given, only, thorough = false, peer, hear }: Asked): Checking {
  const scenario = scenarioOf(target, given);
  const ground = simulatedGround({
    scenario,
    tool: 'test',
    crypto: nodeProvider,
    credentials: () => Promise.resolve([bundledTestCredential('ecdsa-p256-a')]),
    breathe: () => Promise.resolve(),
    ...(peer && { peer }),
  });
  const started: Checking = startChecking({
    scenario,
    ground,
    checks: only ? checks.filter(({ id }) => only.includes(id)) : checks,
    thorough,
    ...(hear && { hear: (event) => hear(event, () => started) }),
  });
  return started;
}

export const checked = (asked: Asked): Promise<CheckReport> => checking(asked).finished;

/** What failed, by id. */
export const failing = ({ results }: CheckReport): string[] =>
  results.flatMap(({ id, status }) => (status === 'fail' ? [id] : []));
