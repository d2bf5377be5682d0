/** The known failures as Markdown: the story of each, where it was met, and what makes it happen. */
import {
  type Story,
  type StorySide,
  seedLabel,
  stories,
  storyScenario,
  storySides,
  threadUrl,
  toCommandLine,
} from '../scenario/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/scenario/stories');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withPresets = (document: string): string => withPart(document, mark, stories.map(section).join('\n'));

function section(story: Story): string {
  const { id, title, seen, cause, cure, stands, measured, threads, chance } = story;
  const label = seedLabel(story);
  const met = threads.map((thread) => `[${thread}](${threadUrl(thread)})`).join(', ');
  return [
    `### ${id}`,
    '',
    `**${title}${label === undefined ? '' : ` (${label})`}.** ${seen} ${cause} ${cure}`,
    '',
    ...(stands === undefined ? [] : [stands, '']),
    ...(measured === undefined ? [] : [measured, '']),
    ...(met === '' ? [] : [`Met in ${met}.`, '']),
    '| | run | outcome | finding that leads |',
    '|---|---|---|---|',
    ...storySides.map((side) => row(story, side)),
    '',
    ...(chance ? ['Chance decides it, so it is told with this seed alone.', ''] : []),
  ].join('\n');
}

function row(story: Story, side: StorySide): string {
  const { label, gives } = story[side];
  const { command: _, ...rest } = storyScenario(story, side);
  const line = toCommandLine({ command: 'probe', ...rest }).replaceAll('|', '\\|');
  const leads = gives.leads === undefined ? 'none' : `[\`${gives.leads}\`](findings.md#${gives.leads})`;
  return `| ${side} | ${label}: \`${line}\` | ${gives.outcome} | ${leads} |`;
}
