/** Runs the two sides of a story, and holds them against what it tells. */
import type { Handshake } from '../analysis/model.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { Diagnosis } from '../diagnosis/model.ts';
import { type Story, type StorySide, storyExpectation, storyScenario } from '../scenario/index.ts';
import type { Trace } from '../trace/model.ts';
import { unmet } from './expectation.ts';
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

/** What did not come as the story tells, as sentences without a full stop; empty when it holds. */
export function storyUnmet(
  story: Story,
  side: StorySide,
  first: { readonly handshake: Handshake; readonly diagnosis: Diagnosis } | undefined,
): readonly string[] {
  const { leads } = story[side].gives;
  const findings = first?.diagnosis.findings ?? [];
  const outcome = first?.diagnosis.outcome ?? 'no-answer';
  const leading = findings[0]?.id;
  return [
    ...unmet(storyExpectation(story, side), { handshake: first?.handshake, outcome, findings }),
    ...(leading === leads ? [] : [`the leading finding should be ${leads ?? 'none'}, and is ${leading ?? 'none'}`]),
  ];
}
