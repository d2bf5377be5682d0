/**
 * The heat tables of a sweep as a drawing, for documents: how often each cell came as expected, and how long it took. Every
 * colour stands in the shape itself, so that any program draws it; the style sheet only knows a reader's dark theme.
 */
import type { CellResult } from '../../scenario/index.ts';
import type { Masker } from '../addresses.ts';
import { type Attributes, element, escapeMarkup } from '../markup.ts';
import { shorten, textWidth } from '../plain.ts';
import { lightTint, type Tint, tintRules } from './colours.ts';
import {
  cellText,
  columnHead,
  figureLevel,
  figureText,
  type HeatTable,
  heatTables,
  leastFigure,
  measuresOf,
  measureTitles,
  type SweepReport,
  sweepTallyText,
  toneOf,
  toneSigns,
} from './model.ts';

/** Pixels. */
const [row, gap, margin, letter] = [26, 2, 14, 7.4];
const longestHead = 40;

const [ink, dimInk] = ['#1f2329', '#565d68'];
const style = [
  'text{font:13px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}.title{font-weight:600;font-size:15px}.head{font-weight:600}',
  `@media screen and (prefers-color-scheme:dark){text{fill:#e6e8ec}.dim{fill:#aab0ba}.ground{fill:#1b1d21}${tintRules('dark', 'fill')}}`,
].join('');

interface Drawn {
  readonly markup: string;
  readonly width: number;
  readonly height: number;
}

export function sweepSvg(report: SweepReport, mask: Masker): string {
  const { shape, results, file } = report;
  const text = (words: string, attributes: Attributes): string =>
    element('text', { fill: attributes['class'] === 'dim' ? dimInk : ink, ...attributes }, escapeMarkup(mask(words)));
  const known = new Map(results.map((one) => [one.cell, one]));
  const parts: string[] = [text(shape.name ?? file, { x: margin, y: margin + 14, class: 'title' })];
  parts.push(text(`${sweepTallyText(report)}.`, { x: margin, y: margin + 34, class: 'dim' }));
  let y = margin + 48;
  let width = Math.max(textWidth(sweepTallyText(report)) * letter, textWidth(shape.name ?? file) * letter * 1.2);
  const draw = (view: View): void => {
    for (const table of heatTables(shape)) {
      const drawn = drawTable(table, view, y, text);
      parts.push(drawn.markup);
      y += drawn.height + 12;
      width = Math.max(width, drawn.width);
    }
  };
  draw({
    head: columnHead(shape),
    kind: (cell) => `t-${toneOf(known.get(cell))}`,
    text: (cell) => `${toneSigns[toneOf(known.get(cell))]} ${cellText(known.get(cell), shape)}`,
  });
  if (measuresOf(shape).includes('time')) {
    parts.push(text(measureTitles.time, { x: margin, y: y + 12, class: 'dim' }));
    y += 22;
    width = Math.max(width, textWidth(measureTitles.time) * letter);
    draw(timesOf(results, known));
  }
  const [w, h] = [Math.ceil(width + 2 * margin), Math.ceil(y + margin - 12)];
  return `${element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: 'img' },
    element('title', {}, escapeMarkup(mask(shape.name ?? file))),
    `<style>${style}</style>`,
    element('rect', { class: 'ground', fill: '#ffffff', width: w, height: h }),
    ...parts,
  )}\n`;
}

/** What stands in the cells of a table. */
interface View {
  readonly head: string;
  readonly kind: (cell: number) => Tint;
  readonly text: (cell: number) => string;
}

function timesOf(results: readonly CellResult[], known: ReadonlyMap<number, CellResult>): View {
  const least = leastFigure(results, 'time');
  return {
    head: 'time',
    kind: (cell) => `l-${figureLevel(known.get(cell), 'time', least)}`,
    text: (cell) => figureText(known.get(cell), 'time'),
  };
}

function drawTable(
  { title, down, across, rows }: HeatTable,
  view: View,
  top: number,
  text: (words: string, attributes: Attributes) => string,
): Drawn {
  const label = (words: string): string => shorten(words, longestHead);
  const heads = (down?.values ?? [{ label: '' }]).map((value) => label(value.label));
  const columns = (across?.values ?? [{ label: view.head }]).map((value) => label(value.label));
  const corner = label([down?.name, across?.name].filter((name) => name !== undefined).join(' \\ '));
  const headWidth = Math.max(textWidth(corner), ...heads.map(textWidth)) * letter + 12;
  const widths = columns.map(
    (head, at) => Math.max(textWidth(head), ...rows.map((cells) => textWidth(view.text(cells[at] ?? 0)))) * letter + 18,
  );
  const starts = widths.map(
    (_, at) => margin + headWidth + widths.slice(0, at).reduce((sum, one) => sum + one + gap, 0),
  );
  let y = top;
  const parts: string[] = [];
  if (title !== '') {
    parts.push(text(title, { x: margin, y: y + 16, class: 'head' }));
    y += 22;
  }
  const line = (at: number): number => at + row / 2 + 5;
  parts.push(text(corner, { x: margin, y: line(y), class: 'dim' }));
  for (const [at, head] of columns.entries())
    parts.push(text(head, { x: (starts[at] ?? 0) + 7, y: line(y), class: 'head' }));
  y += row;
  for (const [index, cells] of rows.entries()) {
    parts.push(text(heads[index] ?? '', { x: margin, y: line(y), class: 'head' }));
    for (const [at, cell] of cells.entries())
      parts.push(
        element('rect', {
          class: view.kind(cell),
          fill: lightTint(view.kind(cell)),
          x: starts[at],
          y,
          width: widths[at],
          height: row,
        }),
        text(view.text(cell), { x: (starts[at] ?? 0) + 7, y: line(y) }),
      );
    y += row + gap;
  }
  const width = headWidth + widths.reduce((sum, one) => sum + one + gap, 0);
  return { markup: parts.join(''), width, height: y - top };
}
