/** The two runs of a known failure, made, read and held against what its story tells. */
import { chooseHandshakes } from '../compare/choose.ts';
import { compareHandshakes } from '../compare/compare.ts';
import type { Comparison } from '../compare/model.ts';
import { nobleProvider } from '../crypto/noble.ts';
import type { NamedSide } from '../report/comparison.ts';
import { storyTrace, storyUnmet } from '../run/index.ts';
import type { Story, StorySide } from '../scenario/index.ts';
import type { Trace } from '../trace/model.ts';
import { type Reading, readTrace, tool } from './reading.ts';

export interface PresetRun {
  readonly side: StorySide;
  readonly trace: Trace;
  readonly reading: Reading;
  /** What did not come as the story tells. */
  readonly unmet: readonly string[];
}

/** Makes a side. A simulation takes no time of the clock's. */
export function presetRun(story: Story, side: StorySide): PresetRun {
  const trace = storyTrace(story, side, { tool, crypto: nobleProvider });
  const reading = readTrace(trace);
  return { side, trace, reading, unmet: storyUnmet(story, side, reading.handshakes) };
}

export interface PresetDifference {
  readonly mended: NamedSide;
  readonly failing: NamedSide;
  readonly comparison: Comparison;
}

/** The mended one compared with the failing one; undefined when one of them has no handshake to compare. */
export function presetDifference(runs: readonly PresetRun[]): PresetDifference | undefined {
  const sides = (wanted: StorySide) =>
    runs
      .filter(({ side }) => side === wanted)
      .flatMap(({ reading, trace }) =>
        reading.handshakes.map((one) => ({ ...one, startedAt: trace.header.startedAt })),
      );
  const pair = chooseHandshakes(sides('mended'), sides('failing'));
  if (!pair) return undefined;
  return {
    mended: { ...pair.a, name: 'mended' },
    failing: { ...pair.b, name: 'failing' },
    comparison: compareHandshakes(pair.a, pair.b),
  };
}
