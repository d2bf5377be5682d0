/**
 * A story: a failure that people meet, told in three sentences, with a scenario that shows it and one that shows it mended.
 * Both are simulations, so whoever reads it can run it, without a network, and gets the same. Terminal, panel, documents and
 * tests take all that they know of it from its row.
 */
import type { Outcome } from '../../diagnosis/model.ts';
import type { GivenOptions } from '../scenario.ts';

export interface Story {
  /** Stable; kebab-case. */
  readonly id: string;
  /** Numbers of the failure in the field, as quirks have them: `S2`, `14`. */
  readonly rows: readonly string[];
  readonly title: string;
  /** What one sees: a sentence with its full stop. So are the next two. */
  readonly seen: string;
  /** What happens. */
  readonly cause: string;
  /** What mends it. */
  readonly cure: string;
  /** Where users met it: "owner/repository#number" on GitHub. */
  readonly threads: readonly string[];
  /** What in the simulation only stands for what happens in life, where that is another thing; a sentence. */
  readonly stands?: string;
  /** What was measured with stacks of others (`test/interop/stories.test.ts`); sentences. */
  readonly measured?: string;
  /** Chance decides it: it is told with the seed of its options alone. Otherwise every seed tells it. */
  readonly chance?: true;
  readonly failing: StoryRun;
  readonly mended: StoryRun;
}

export type StorySide = 'failing' | 'mended';
export const storySides: readonly StorySide[] = ['failing', 'mended'];

/** One of the two runs. */
export interface StoryRun {
  /** What it is in a few words, for the head of its column. */
  readonly label: string;
  /** `sim`, or `sim:QUIRK,…`. */
  readonly target: string;
  readonly options: GivenOptions;
  readonly gives: Given;
}

/** What a run gives when the story is true. */
export interface Given {
  /** Of the first handshake. */
  readonly outcome: Outcome;
  /** The id of the finding that is told first, of all handshakes in the run; undefined when there is none at all. */
  readonly leads: string | undefined;
  /** Findings that must be there besides. */
  readonly must?: readonly string[];
  /** Findings that must not. */
  readonly mustNot?: readonly string[];
}
