/** The known failures, each as a story, and what is made of its row: scenarios, expectations, files. */
import { type Expectation, expecting } from '../file/expectation.ts';
import { toScenarioText } from '../file/write.ts';
import { describeProblem } from '../problem.ts';
import { readScenario, type Scenario } from '../scenario.ts';
import { agreements } from './agreements.ts';
import type { Story, StorySide } from './model.ts';
import { modern } from './modern.ts';
import { seeds } from './seeds.ts';

export { type Given, type Story, type StoryRun, type StorySide, storySides } from './model.ts';

/** All stories, in the order in which they are listed. */
export const stories: readonly Story[] = [...seeds, ...modern, ...agreements];

export const storyOf = (id: string): Story | undefined => stories.find((story) => story.id === id);

/** The number that the first documents gave it: `S2`. */
export const seedLabel = ({ rows }: Story): string | undefined => rows.find((row) => /^S\d$/.test(row));

/** The story in its three sentences. */
export const storyText = ({ seen, cause, cure }: Story): string => `${seen} ${cause} ${cure}`;

/** Where users met it. */
export const threadUrl = (thread: string): string => `https://github.com/${thread.replace('#', '/issues/')}`;

/** The scenario of one of its runs. The texts are ours, and a test reads them all; throws when they can not be read. */
export function storyScenario(story: Story, side: StorySide): Scenario {
  const { target, options, gives } = story[side];
  const read = readScenario('probe', target, { ...options, expect: [gives.outcome] });
  if (!read.ok) throw new RangeError(`${story.id}, ${side}: ${read.problems.map(describeProblem).join('; ')}`);
  return read.value;
}

/** What has to come of a run; which finding leads is `leads` of the row besides. */
export function storyExpectation(story: Story, side: StorySide): Expectation {
  const { outcome, leads, must = [], mustNot = [] } = story[side].gives;
  return {
    ...expecting(outcome),
    findings: { must: [...(leads === undefined ? [] : [leads]), ...must], mustNot },
  };
}

/** A run as a scenario file, for whoever takes it away. */
export function storyFile(story: Story, side: StorySide): string {
  const { title, [side]: run } = story;
  const text = toScenarioText(storyScenario(story, side), {
    name: `${title}: ${run.label}`,
    about: storyText(story),
    expectation: storyExpectation(story, side),
  });
  if (text === undefined) throw new RangeError(`${story.id} has a target that no file has`);
  return text;
}
