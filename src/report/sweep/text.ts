/** A sweep as text: the heat tables, each cell a sign and its count, then the figures of what did not always succeed. */
import { type CellResult, cellHeld, cellName, type SweepShape } from '../../scenario/index.ts';
import { padEnd, plain, shorten, textWidth, toAscii, wrap } from '../plain.ts';
import { type Paint, paint } from '../style.ts';
import type { TextOptions } from '../text.ts';
import {
  type CellTone,
  cellText,
  columnHead,
  figuresText,
  figureText,
  type HeatTable,
  heatTables,
  measuresOf,
  measureTitles,
  type SweepReport,
  sweepTallyText,
  toneOf,
  toneSigns,
} from './model.ts';

export interface SweepTextOptions extends TextOptions {
  /** Cells whose figures are listed under the tables. */
  readonly listed?: number;
}

const asciiSigns: Readonly<Record<CellTone, string>> = {
  all: 'OK',
  most: '9',
  some: '5',
  few: '1',
  none: 'X',
  found: '^',
  unclear: '~',
  error: '!',
  open: '.',
};
/** A label's columns. */
const longestLabel = 28;
const usuallyListed = 20;

/** The whole report; lines end in "\n". */
export function sweepText(report: SweepReport, options: SweepTextOptions): string {
  const { shape, results } = report;
  const width = Math.max(60, Math.floor(options.width));
  const style = paint(options.colour, options.ascii ?? false);
  const lines: string[] = [];
  if (shape.name !== null) lines.push(style.bold(plain(shape.name)));
  lines.push(...tableLines(report, options), ...timeLines(report, options), '');
  const listed = results.filter((one) => shape.bisect !== null || !cellHeld(one));
  const most = options.listed ?? usuallyListed;
  for (const one of listed.slice(0, most)) {
    const sign = signOf(one, options.ascii ?? false);
    const [head = '', ...rest] = wrap(plain(`${cellName(shape, one.cell)}: ${figuresText(one, shape)}`), width - 4);
    lines.push(`${toned(toneOf(one), style)(sign)} ${head}`, ...rest.map((line) => `  ${line}`));
    for (const path of one.traces) lines.push(style.dim(plain(`  Kept: ${path}`)));
  }
  if (listed.length > most) lines.push(style.dim(`… and ${listed.length - most} more cells`));
  if (listed.length > 0) lines.push('');
  for (const line of wrap(plain(`${sweepTallyText(report)}.`), width)) lines.push(style.bold(line));
  const text = `${lines.join('\n')}\n`;
  return options.ascii ? toAscii(text) : text;
}

/** One line without colours, for logs: "✔ mtu 300, packing record: 50/50, 100 % (92–100 %); median 43 ms". */
export const cellLine = (result: CellResult, shape: SweepShape): string =>
  plain(`${toneSigns[toneOf(result)]} ${cellName(shape, result.cell)}: ${figuresText(result, shape)}`);

/** The tables alone, as they look while the sweep goes on. */
export function tableLines({ shape, results }: SweepReport, options: TextOptions): readonly string[] {
  const known = new Map(results.map((one) => [one.cell, one]));
  const ascii = options.ascii ?? false;
  const style = paint(options.colour, ascii);
  const rates: Contents = {
    text: (cell) => `${signOf(known.get(cell), ascii)} ${cellText(known.get(cell), shape)}`.trimEnd(),
    style: (cell) => toned(toneOf(known.get(cell)), style),
  };
  return heatTables(shape).flatMap((table) => oneTable(table, rates, { ...options, head: columnHead(shape) }));
}

/** The median of the time, where it is worth a table. */
function timeLines({ shape, results }: SweepReport, options: TextOptions): readonly string[] {
  if (!measuresOf(shape).includes('time')) return [];
  const known = new Map(results.map((one) => [one.cell, one]));
  const { same, dim } = paint(options.colour, options.ascii ?? false);
  const times: Contents = { text: (cell) => figureText(known.get(cell), 'time'), style: () => same };
  return [
    '',
    dim(`${measureTitles.time}:`),
    ...heatTables(shape).flatMap((table) => oneTable(table, times, { ...options, head: 'time' })),
  ];
}

interface TableOptions extends TextOptions {
  /** Of the only column, where no axis goes across. */
  readonly head: string;
}

/** What stands in the cells of a table, and how. */
interface Contents {
  readonly text: (cell: number) => string;
  readonly style: (cell: number) => (text: string) => string;
}

function oneTable(table: HeatTable, contents: Contents, options: TableOptions): readonly string[] {
  const style = paint(options.colour, options.ascii ?? false);
  const width = Math.max(60, Math.floor(options.width));
  const { down, across, rows, title } = table;
  const label = (text: string): string => shorten(plain(text), longestLabel);
  const heads = (down?.values ?? [{ label: '' }]).map((value) => label(value.label));
  const corner = shorten(
    plain([down?.name, across?.name].filter((name) => name !== undefined).join(' \\ ')),
    longestLabel,
  );
  const headWidth = Math.max(textWidth(corner), ...heads.map(textWidth));
  const columns = (across?.values ?? [{ label: options.head }]).map((value, at) => ({
    at,
    head: label(value.label),
    width: Math.max(textWidth(label(value.label)), ...rows.map((row) => textWidth(contents.text(row[at] ?? 0)))),
  }));
  const lines: string[] = title === '' ? [] : ['', style.bold(plain(title))];
  // What is too wide is continued below, with the same heads.
  for (let rest = columns; rest.length > 0; ) {
    let used = headWidth;
    const fitting = rest.filter((column, at) => {
      used += 2 + column.width;
      return at === 0 || used <= width;
    });
    const shown = fitting.length === 0 ? rest.slice(0, 1) : fitting;
    lines.push(
      style.dim(
        [padEnd(corner, headWidth), ...shown.map(({ head, width: wide }) => padEnd(head, wide))].join('  ').trimEnd(),
      ),
    );
    for (const [at, row] of rows.entries())
      lines.push(
        [
          padEnd(heads[at] ?? '', headWidth),
          ...shown.map((column) => {
            const cell = row[column.at] ?? 0;
            return contents.style(cell)(padEnd(contents.text(cell), column.width));
          }),
        ]
          .join('  ')
          .trimEnd(),
      );
    rest = rest.slice(shown.length);
    if (rest.length > 0) lines.push('');
  }
  return lines;
}

const signOf = (result: CellResult | undefined, ascii: boolean): string =>
  (ascii ? asciiSigns : toneSigns)[toneOf(result)];

function toned(tone: CellTone, { good, warn, bad, dim, same }: Paint): (text: string) => string {
  switch (tone) {
    case 'all':
    case 'found':
      return good;
    case 'most':
    case 'some':
    case 'few':
    case 'unclear':
    case 'error':
      return warn;
    case 'none':
      return bad;
    case 'open':
      return dim;
    default:
      return same;
  }
}
