/**
 * The known failures in the store: a story's two runs are ordinary runs of simulated scenarios, with what the story says must
 * come of them as their expectation. Both together end beside each other in the comparison.
 */
import type { JsonValue, RunRequest } from '../../src/bridge/panel.ts';
import {
  formatTarget,
  formOf,
  type OptionName,
  optionTable,
  type Scenario,
  type Story,
  type StorySide,
  storyExpectation,
  storyFile,
  storyOf,
  storyScenario,
} from '../../src/scenario/index.ts';
import type { Core } from './core.ts';
import type { EditorPart } from './editor.ts';
import { crossing } from './expectation.ts';
import type { Actions } from './model.ts';
import type { RunsPart } from './runs.ts';

type GalleryActions = Pick<Actions, 'runStory' | 'compareStory' | 'editStory'>;

/** A scenario of our own as a run. */
export function requestFor({ target, options, command }: Scenario): RunRequest {
  const { expect: _, ...given } = formOf({ command, options });
  const asked: Record<string, JsonValue> = {};
  // One value is that value, as a form sends it; the list of runs shows some of them.
  for (const [name, texts] of Object.entries(given)) {
    const [text = ''] = texts;
    asked[name] = texts.length === 1 && !severalTexts(name) ? text : texts;
  }
  return { target: target === undefined ? '' : formatTarget(target), options: asked };
}

const severalTexts = (name: string): boolean => {
  const { kind } = optionTable[name as OptionName].type.description;
  return kind === 'rules' || kind === 'fingerprints' || kind === 'files';
};

export const storyRequest = (story: Story, side: StorySide): RunRequest => ({
  ...requestFor(storyScenario(story, side)),
  name: `${story.title}: ${story[side].label}`,
  expectation: crossing(storyExpectation(story, side)),
});

export function galleryPart(
  { store, update, book, attempt }: Core,
  runs: RunsPart,
  editor: EditorPart,
): GalleryActions {
  const told = async (id: string, work: (story: Story) => Promise<void>): Promise<void> => {
    const story = storyOf(id);
    if (!story || store.getState().starting) return;
    update({ starting: true, notice: undefined });
    await attempt(() => work(story));
    update({ starting: false });
  };
  return {
    runStory: (id, side) =>
      told(id, async (story) => {
        await runs.start(storyRequest(story, side));
        update({ place: 'run' });
      }),
    compareStory: (id) =>
      told(id, async (story) => {
        const mended = await runs.start(storyRequest(story, 'mended'));
        const failing = await runs.start(storyRequest(story, 'failing'));
        await Promise.all([runs.whole(mended.id), runs.whole(failing.id)]);
        const read = book.read(mended.id)?.main;
        const { view } = store.getState();
        update({
          place: 'run',
          baseline: read && { run: mended.id, handshake: read.handshake.id },
          view: { ...view, drawing: 'compare' },
        });
        runs.show(failing.id);
      }),
    editStory: (id, side) => {
      const story = storyOf(id);
      return story ? editor.actions.openScenario(storyFile(story, side)) : Promise.resolve();
    },
  };
}
