/** Runs the two sides of a story, and holds them against what it tells. */
import type { Handshake } from '../analysis/model.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { Diagnosis, Finding } from '../diagnosis/model.ts';
import { type Story, type StorySide, storyExpectation, storyScenario } from '../scenario/index.ts';
import type { Trace } from '../trace/model.ts';
import { judgedOf, unmet } from './expectation.ts';
import { simulationFor } from './scenario.ts';
import { simulate } from './simulate.ts';
import { simulationCredentials } from './simulationCredentials.ts';

/**
 * The trace of a side: always the same, as all of it is simulated with test keys. `seed` in place of the story's own, for
 * stories that chance does not decide. Throws a `RangeError` for a row that names a certificate without a test key.
 */
export function storyTrace(
  story: Story,
  side: StorySide,
  { tool, crypto, seed }: { readonly tool: string; readonly crypto: CryptoProvider; readonly seed?: number },
): Trace {
  const told = storyScenario(story, side);
  const scenario = seed === undefined ? told : { ...told, options: { ...told.options, seed } };
  const { ours, theirs } = simulationCredentials(scenario.options);
  if (!ours) throw new RangeError(`${story.id} has a certificate of which there is no test key`);
  return simulate(simulationFor(scenario, tool, ours, theirs, crypto));
}

/** One handshake of a run, as the reader tells it. */
export interface Told {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
}

/** What did not come as the story tells, as sentences without a full stop; empty when it holds. */
export function storyUnmet(story: Story, side: StorySide, told: readonly Told[]): readonly string[] {
  const { leads } = story[side].gives;
  const leading = leadingFinding(told)?.id;
  return [
    ...unmet(storyExpectation(story, side), judgedOf(told)),
    ...(leading === leads ? [] : [`the leading finding should be ${leads ?? 'none'}, and is ${leading ?? 'none'}`]),
  ];
}

/** The finding that leads a run: of the gravest, the first. */
export function leadingFinding(told: readonly Told[]): Finding | undefined {
  const all = told.flatMap(({ diagnosis }) => diagnosis.findings);
  return (['error', 'warning', 'info'] as const).flatMap((rank) => all.filter(({ severity }) => severity === rank))[0];
}
