/**
 * A sweep as one page: the heat tables, whose cells lead to the figures, and for each cell that did not always succeed its
 * findings, the first handshake that went amiss and the command line that makes it again. A colour only repeats what sign and
 * count say.
 */
import { version } from '../../base/version.ts';
import { type CellResult, cellCount, cellHeld, cellName, type Spread } from '../../scenario/index.ts';
import { type Addresses, type Masker, masker } from '../addresses.ts';
import { htmlPage } from '../html/page.ts';
import { pageStyle } from '../html/style.ts';
import { element, escapeMarkup } from '../markup.ts';
import { type Tint, tintRules } from './colours.ts';
import {
  cellText,
  columnHead,
  figureLevel,
  figureText,
  type HeatTable,
  heatTables,
  leastFigure,
  type Measure,
  measuresOf,
  measureTitles,
  rateText,
  type SweepReport,
  searchText,
  sweepTallyText,
  timeText,
  toneOf,
  toneSigns,
  toneWords,
} from './model.ts';

/** Cells that have a section of their own; the figures of all are in the table. */
const mostSections = 200;

const sweepStyle = `
${tintRules('light', 'background')}
@media screen and (prefers-color-scheme:dark){${tintRules('dark', 'background')}}
.scroll{overflow-x:auto;margin:.4rem 0 1rem}
.heat{width:auto;border-collapse:separate;border-spacing:2px}
.heat th,.heat td{display:table-cell;border:0;padding:0;white-space:nowrap}
.heat tr{display:table-row;border:0;padding:0}
.heat thead{display:table-header-group}
.heat th{padding:.25rem .5rem;text-align:left;vertical-align:middle;font-size:.9em}
.heat tbody th{position:sticky;left:0;background:var(--ground)}
.heat .corner{color:var(--dim);font-weight:400}
.heat a,.heat span{display:block;min-width:3.4rem;padding:.3rem .5rem;color:var(--text);text-decoration:none;font-variant-numeric:tabular-nums}
.heat a:hover,.heat a:focus-visible{outline:2px solid var(--accent);outline-offset:0}
.heat td,.key span{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.key{list-style:none;padding:0;margin:.2rem 0 1rem;display:flex;flex-wrap:wrap;gap:.3rem .9rem;font-size:.85rem}
.key span{padding:0 .4rem;margin-right:.3rem}
.figures td{font-variant-numeric:tabular-nums}
.figures tr:target,section:target{outline:2px solid var(--accent);outline-offset:2px}
.small{display:none}.figures td:nth-child(n+2):not(:last-child){white-space:nowrap}
@media screen and (max-width:40rem){.small{display:inline;color:var(--dim)}.figures td:nth-child(n+2):not(:last-child){white-space:normal}.heat a,.heat span{min-width:2.6rem;padding:.3rem .25rem;font-size:.85em}.heat th{padding:.25rem}.heat tbody th,.heat .corner{white-space:normal;min-width:5.5rem;max-width:7.5rem}}
@media print{.heat{font-size:8pt}.heat th,.heat td{white-space:normal}.heat a,.heat span{min-width:0;padding:.2rem .3rem}.heat tbody th{position:static}.scroll{overflow:visible}.heat td{border:1px solid var(--line)}.figures tr{break-inside:avoid}}
`.trim();

export function sweepHtml(report: SweepReport, addresses: Addresses): string {
  const mask = masker(addresses);
  const text: Masker = (words) => escapeMarkup(mask(words));
  const { shape, results } = report;
  const title = shape.name ?? report.file;
  const known = new Map(results.map((one) => [one.cell, one]));
  const amiss = results.filter((one) => !cellHeld(one) || shape.bisect !== null);
  const sections = new Set(amiss.slice(0, mostSections).map(({ cell }) => cell));
  const bases = Object.entries(shape.base).map(([name, value]) => `${name} ${value}`);
  return htmlPage({
    title: `dtlscope: ${title}`,
    style: { inline: `${pageStyle}\n${sweepStyle}` },
    body: [
      element('header', {}, element('p', {}, `dtlscope ${escapeMarkup(version)}`)),
      element(
        'main',
        {},
        element('h1', {}, text(title)),
        shape.about === null ? '' : element('p', {}, text(shape.about)),
        element('p', { class: 'verdict' }, `${text(sweepTallyText(report))}.`),
        element('p', { class: 'dim' }, text(`In all cells: ${bases.join(', ')}.`)),
        ...heatTables(shape).map((table) => heat(table, rates(report, known, text), report, text)),
        key(report),
        ...measuresOf(shape).flatMap((measure) =>
          measure === 'rate'
            ? []
            : [
                element('h2', {}, measureTitles[measure]),
                ...heatTables(shape).map((table) => heat(table, figuresOf(report, known, measure), report, text)),
              ],
        ),
        element('h2', {}, 'Figures'),
        figures(report, sections, text),
        ...amiss.slice(0, mostSections).map((one) => section(one, report, text)),
        amiss.length > mostSections
          ? element(
              'p',
              { class: 'dim' },
              `${amiss.length - mostSections} more cells have their figures in the table alone.`,
            )
          : '',
      ),
      element(
        'footer',
        {},
        element('p', {}, `${addresses === 'masked' ? 'Addresses are masked. ' : ''}No keys are in this file.`),
      ),
    ],
  });
}

/** What stands in a cell: its look, a name for whoever points at it, and its contents as markup. */
type CellView = (cell: number) => { readonly kind: Tint; readonly title?: string; readonly shown: string };

function rates({ shape }: SweepReport, known: ReadonlyMap<number, CellResult>, text: Masker): CellView {
  return (cell) => {
    const result = known.get(cell);
    const tone = toneOf(result);
    const shown = `${toneSigns[tone]} ${text(cellText(result, shape))}`;
    return { kind: `t-${tone}`, title: toneWords[tone], shown };
  };
}

function figuresOf(
  { results }: SweepReport,
  known: ReadonlyMap<number, CellResult>,
  measure: Exclude<Measure, 'rate'>,
): CellView {
  const least = leastFigure(results, measure);
  return (cell) => {
    const result = known.get(cell);
    return { kind: `l-${figureLevel(result, measure, least)}`, shown: figureText(result, measure) };
  };
}

function heat(
  { title, down, across, rows }: HeatTable,
  view: CellView,
  { shape, results }: SweepReport,
  text: Masker,
): string {
  const done = new Set(results.map(({ cell }) => cell));
  const corner = [down?.name, across?.name].filter((name) => name !== undefined).join(' \\ ');
  const head = [
    element('th', { class: 'corner', scope: 'col' }, text(corner)),
    ...(across?.values ?? []).map(({ label }) => element('th', { scope: 'col' }, text(label))),
    ...(across ? [] : [element('th', { scope: 'col' }, text(columnHead(shape)))]),
  ];
  const body = rows.map((cells, at) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, text(down?.values[at]?.label ?? '')),
      ...cells.map((cell) => {
        const { kind, title: said, shown } = view(cell);
        return element(
          'td',
          { class: kind },
          done.has(cell) ? element('a', { href: `#cell-${cell}`, title: said }, shown) : element('span', {}, shown),
        );
      }),
    ),
  );
  return [
    title === '' ? '' : element('h3', {}, text(title)),
    element(
      'div',
      { class: 'scroll' },
      element(
        'table',
        { class: 'heat' },
        element('thead', {}, element('tr', {}, ...head)),
        element('tbody', {}, ...body),
      ),
    ),
  ].join('');
}

/** What the signs that occur mean. */
function key({ shape, results }: SweepReport): string {
  const tones = new Set(results.map(toneOf));
  if (results.length < cellCount(shape)) tones.add('open');
  const items = (Object.keys(toneSigns) as (keyof typeof toneSigns)[]).filter((tone) => tones.has(tone));
  return element(
    'ul',
    { class: 'key' },
    ...items.map((tone) =>
      element('li', {}, element('span', { class: `t-${tone}` }, toneSigns[tone]), toneWords[tone]),
    ),
  );
}

function figures({ shape, results }: SweepReport, sections: ReadonlySet<number>, text: Masker): string {
  const names = shape.bisect
    ? ['Cell', 'Answer']
    : ['Cell', 'As expected', 'Time: median, 95 %', 'Datagrams', 'Sent again', 'Leading finding'];
  const rows = results.map((one) => {
    const { cell, error, timeMs, datagrams, retransmissions } = one;
    const name = text(cellName(shape, cell));
    const inSection = sections.has(cell);
    const head = element('td', {}, inSection ? element('a', { href: `#cell-${cell}` }, name) : name);
    const rest = error
      ? [element('td', { colspan: names.length - 1, class: 'warn' }, text(error.message))]
      : shape.bisect
        ? [element('td', {}, text(searchText(one, shape)))]
        : [
            element('td', {}, `${one.asExpected}/${one.made}, ${rateText(one)}`),
            element('td', {}, spreadCell(timeMs, 'time', timeText)),
            element('td', {}, spreadCell(datagrams, 'datagrams', String)),
            element('td', {}, spreadCell(retransmissions, 'flights sent again', String)),
            element('td', {}, text(leadingText(one))),
          ];
    return element('tr', inSection ? {} : { id: `cell-${cell}` }, head, ...rest);
  });
  const head = names.map((name) => element('th', { scope: 'col' }, name)).join('');
  return element(
    'table',
    { class: 'figures' },
    element('thead', {}, element('tr', {}, head)),
    element('tbody', {}, ...rows),
  );
}

/** Median and 95th percentile; what they are of is said where no head stands above. */
function spreadCell(spread: Spread | null, what: string, text: (figure: number) => string): string {
  if (!spread) return '–';
  return `${element('span', { class: 'small' }, `${what}: `)}${text(spread.median)}, ${text(spread.p95)}`;
}

const leadingText = ({ findings: [first] }: CellResult): string => (first ? `${first.id} in ${first.count}` : '');

function section(one: CellResult, { shape }: SweepReport, text: Masker): string {
  const { cell, bad, findings, outcomes, error, search, traces } = one;
  const tone = toneOf(one);
  const line = (words: string | null | undefined, kind?: string): string =>
    words ? element('p', { class: kind }, text(words)) : '';
  const answer = search ? `${searchText(one, shape)}.` : '';
  return element(
    'section',
    { id: `cell-${cell}` },
    element('h2', {}, text(cellName(shape, cell))),
    element(
      'p',
      { class: 'badge' },
      `${toneSigns[tone]} ${search ? toneWords[tone] : `${one.asExpected}/${one.made}: ${toneWords[tone]}`}`,
    ),
    line(error?.message, 'warn'),
    line(answer, 'verdict'),
    search
      ? line(
          `Tried: ${search.points.map(({ value, passes, made, asExpected }) => `${value} ${passes ? '✔' : '✕'}${made > 1 ? ` ${asExpected}/${made}` : ''}`).join(', ')}`,
          'dim',
        )
      : line(
          Object.entries(outcomes)
            .map(([outcome, count]) => `${count} ${outcome}`)
            .join(', '),
        ),
    findings.length === 0
      ? ''
      : element(
          'ul',
          {},
          ...findings.map(({ id, severity, title, count }) =>
            element(
              'li',
              {},
              `${text(title)} (${element('code', {}, text(id))}, ${severity}): in ${count} of ${one.made}`,
            ),
          ),
        ),
    bad
      ? element('h3', {}, `The first that did not come as expected, with seed ${bad.seed}: ${text(bad.outcome)}`) +
          line(bad.verdict) +
          (bad.commandLine === null ? '' : element('pre', {}, text(bad.commandLine)))
      : '',
    traces.length === 0
      ? ''
      : element(
          'p',
          { class: 'dim' },
          'Kept: ',
          traces.map((path) => element('a', { href: path }, text(path))).join(', '),
        ),
    element('p', {}, element('a', { href: '#top' }, 'To the table')),
  );
}
