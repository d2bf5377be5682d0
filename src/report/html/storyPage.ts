/**
 * A known failure as a page: its story, and its two runs beside each other, failing on the left. On a narrow screen and
 * where the columns would be too small they stand one below the other.
 */

import { version } from '../../base/version.ts';
import type { Comparison } from '../../compare/model.ts';
import type { ReadHandshake } from '../../diagnosis/lead.ts';
import {
  type Story,
  type StorySide,
  seedLabel,
  storyScenario,
  threadUrl,
  toCommandLine,
} from '../../scenario/index.ts';
import { drawingStyle, ladderDrawing } from '../ladder/svg.ts';
import { element, escapeMarkup } from '../markup.ts';
import { htmlPage } from './page.ts';
import { findingSection, outcomeBadge } from './report.ts';
import { pageStyle } from './style.ts';

export interface StoryRunRead {
  readonly side: StorySide;
  readonly read: readonly ReadHandshake[];
}

/** Pixels of the ladders: in a column, and on a phone. */
const drawnWidths = { wide: 560, narrow: 300 } as const;

const style = `
main,header,footer{max-width:80rem}
.beside{display:grid;grid-template-columns:1fr 1fr;gap:0 2rem}
.beside>section{min-width:0}
.beside h2{margin-top:1rem}
@media screen and (max-width:64rem){.beside{display:block}}
@media print{.beside{gap:0 6mm}}
`;

export function storyPage(story: Story, runs: readonly StoryRunRead[], comparison: Comparison | undefined): string {
  const label = seedLabel(story);
  const paragraph = (text: string, kind = ''): string =>
    element('p', kind === '' ? {} : { class: kind }, escapeMarkup(text));
  return htmlPage({
    title: `dtlscope: ${story.title}`,
    style: { inline: `${pageStyle}\n${drawingStyle}${style}` },
    body: [
      element(
        'header',
        {},
        paragraph(`dtlscope ${version} · known failure ${story.id}${label === undefined ? '' : `, ${label}`}`),
      ),
      element(
        'main',
        {},
        element('h1', {}, escapeMarkup(story.title)),
        paragraph(story.seen),
        paragraph(story.cause),
        paragraph(story.cure),
        story.stands === undefined ? '' : paragraph(story.stands, 'dim'),
        story.measured === undefined ? '' : paragraph(story.measured, 'dim'),
        story.threads.length === 0
          ? ''
          : element(
              'p',
              { class: 'dim' },
              'Met in ',
              story.threads.map((thread) => element('a', { href: threadUrl(thread) }, escapeMarkup(thread))).join(', '),
              '.',
            ),
        comparison === undefined
          ? ''
          : element('section', {}, element('h2', {}, 'What differs first'), ...firstDifference(comparison)),
        element('div', { class: 'beside' }, ...runs.map((run) => column(story, run))),
      ),
      element('footer', {}, paragraph('Both runs are simulations: addresses and keys are nobody’s.')),
    ],
  });
}

function firstDifference({ verdict, first }: Comparison): readonly string[] {
  const line = (name: string, text: string): string =>
    element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, escapeMarkup(text)));
  return [
    element('p', {}, `${escapeMarkup(verdict)}`),
    first === undefined
      ? ''
      : element('table', {}, element('tbody', {}, line('A, mended', first.a), line('B, failing', first.b))),
  ];
}

function column(story: Story, { side, read }: StoryRunRead): string {
  return element(
    'section',
    {},
    element('h2', {}, `${side === 'failing' ? 'Failing' : 'Mended'}: ${escapeMarkup(story[side].label)}`),
    element('pre', {}, escapeMarkup(toCommandLine(storyScenario(story, side)))),
    ...read.map(handshakePart),
  );
}

function handshakePart({ handshake, diagnosis }: ReadHandshake): string {
  const name = `Ladder of ${handshake.datagrams.length} datagrams`;
  const drawn = (kind: keyof typeof drawnWidths): string =>
    element(
      'div',
      { class: kind },
      ladderDrawing(handshake, diagnosis, { width: drawnWidths[kind], mask: same }, name),
    );
  return element(
    'article',
    { class: 'handshake' },
    outcomeBadge(diagnosis, escapeMarkup),
    element('p', { class: 'verdict' }, escapeMarkup(diagnosis.verdict)),
    drawn('wide'),
    drawn('narrow'),
    ...diagnosis.findings.map((finding) => findingSection(finding, escapeMarkup)),
  );
}

/** Addresses of a simulation are of documentation alone (RFC 5737). */
const same = (text: string): string => text;
