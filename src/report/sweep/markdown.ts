/** A sweep as Markdown: the heat tables, then the figures of every cell. For tickets and documents. */
import { version } from '../../base/version.ts';
import { type CellResult, cellName, leadingFinding } from '../../scenario/index.ts';
import type { Masker } from '../addresses.ts';
import { plain } from '../plain.ts';
import {
  cellText,
  columnHead,
  figureText,
  type HeatTable,
  heatTables,
  measuresOf,
  measureTitles,
  otherOutcomes,
  rateText,
  type SweepReport,
  searchText,
  sweepTallyText,
  timeText,
  toneOf,
  toneSigns,
} from './model.ts';

export function sweepMarkdown(report: SweepReport, mask: Masker): string {
  const { shape, results } = report;
  const known = new Map(results.map((one) => [one.cell, one]));
  // What a table or a reader of Markdown would take for markup.
  const text = (words: string): string => plain(mask(words)).replace(/[\\`*_{}[\]<>|#]/g, '\\$&');
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [`# ${text(shape.name ?? 'A sweep')}`, ''];
  if (shape.about !== null) lines.push(text(shape.about), '');
  lines.push(`**${text(sweepTallyText(report))}.**`, '');
  const tableOf = ({ title, down, across, rows }: HeatTable, contents: (cell: number) => string): readonly string[] => {
    const corner = [down?.name, across?.name].filter((name) => name !== undefined).join(' \\ ');
    return [
      ...(title === '' ? [] : [`### ${text(title)}`, '']),
      row([text(corner), ...(across?.values ?? [{ label: columnHead(shape) }]).map(({ label }) => text(label))]),
      row(['---', ...(across?.values ?? [0]).map(() => '---')]),
      ...rows.map((cells, at) =>
        row([text(down?.values[at]?.label ?? ''), ...cells.map((cell) => text(contents(cell)))]),
      ),
      '',
    ];
  };
  for (const table of heatTables(shape))
    lines.push(
      ...tableOf(table, (cell) => `${toneSigns[toneOf(known.get(cell))]} ${cellText(known.get(cell), shape)}`.trim()),
    );
  for (const measure of measuresOf(shape)) {
    if (measure === 'rate') continue;
    lines.push(`## ${measureTitles[measure]}`, '');
    for (const table of heatTables(shape))
      lines.push(...tableOf(table, (cell) => figureText(known.get(cell), measure)));
  }
  lines.push('## Figures', '');
  lines.push(
    shape.bisect
      ? row(['Cell', 'Answer'])
      : row([
          'Cell',
          'As expected',
          'Otherwise',
          'Time: median',
          '95 % within',
          'Datagrams: median',
          '95 % within',
          'Leading finding',
        ]),
  );
  lines.push(row(Array.from({ length: shape.bisect ? 2 : 8 }, () => '---')));
  for (const one of results) {
    const name = text(cellName(shape, one.cell));
    if (one.error)
      lines.push(row([name, text(one.error.message), ...Array.from({ length: shape.bisect ? 0 : 6 }, () => '')]));
    else if (shape.bisect) lines.push(row([name, text(searchText(one, shape))]));
    else lines.push(row([name, ...figures(one, shape.expected).map(text)]));
  }
  lines.push('', `dtlscope ${version}`, '');
  return lines.join('\n');
}

const figures = (one: CellResult, expected: Parameters<typeof otherOutcomes>[1]): readonly string[] => {
  const finding = leadingFinding(one);
  return [
    `${one.asExpected}/${one.made}, ${rateText(one)}`,
    otherOutcomes(one, expected),
    one.timeMs ? timeText(one.timeMs.median) : '',
    one.timeMs ? timeText(one.timeMs.p95) : '',
    one.datagrams ? String(one.datagrams.median) : '',
    one.datagrams ? String(one.datagrams.p95) : '',
    finding ? `${finding.id} in ${finding.count}` : '',
  ];
};
