/**
 * The results of a sweep as reports take them, and how a matrix of any number of axes is laid out: the last axis across, the
 * one before it down, and a table for every combination of the others.
 */
import type { Outcome } from '../../diagnosis/model.ts';
import {
  type CellResult,
  cellAt,
  cellCount,
  cellHeld,
  cellName,
  leadingFinding,
  mainOutcome,
  type SweepAxis,
  type SweepShape,
  wilson,
} from '../../scenario/index.ts';
import type { CaseReport } from '../suite/model.ts';

export interface SweepReport {
  /** As it was given on the command line. */
  readonly file: string;
  readonly shape: SweepShape;
  /** In the order of their numbers; of a sweep that was stopped not all. */
  readonly results: readonly CellResult[];
}

export interface HeatTable {
  /** "version 1.2, link loss=5%": the values of the axes that are not in the table; empty when there are none. */
  readonly title: string;
  readonly down: SweepAxis | undefined;
  readonly across: SweepAxis | undefined;
  /** Numbers of cells, row by row. */
  readonly rows: readonly (readonly number[])[];
}

/** The tables of a matrix. */
export function heatTables(shape: SweepShape): readonly HeatTable[] {
  const { axes } = shape;
  const outer = axes.slice(0, Math.max(0, axes.length - 2));
  const [down, across] = axes.length > 1 ? axes.slice(-2) : [axes[0], undefined];
  return Array.from({ length: cellCount({ axes: outer }) }, (_, at) => ({
    title: outer.length === 0 ? '' : cellName({ axes: outer }, at + 1),
    down,
    across,
    rows: (down?.values ?? [undefined]).map((_row, row) =>
      (across?.values ?? [undefined]).map((_column, column) => {
        const places = [...(down ? [row] : []), ...(across ? [column] : [])];
        return at * cellCount({ axes: axes.slice(outer.length) }) + cellAt({ axes: axes.slice(outer.length) }, places);
      }),
    ),
  }));
}

/** What stands above the cells where no axis goes across. */
export const columnHead = ({ bisect }: SweepShape): string => bisect?.name ?? 'result';

/** How a cell fares at a glance; `error` is one that could not be made, `found` one whose threshold was found. */
export type CellTone = 'all' | 'most' | 'some' | 'few' | 'none' | 'found' | 'unclear' | 'error' | 'open';

/** Shape says what colour says. */
export const toneSigns: Readonly<Record<CellTone, string>> = {
  all: '✔',
  most: '◕',
  some: '◑',
  few: '◔',
  none: '✕',
  found: '▲',
  unclear: '≈',
  error: '!',
  open: '·',
};
export const toneWords: Readonly<Record<CellTone, string>> = {
  all: 'all as expected',
  most: '90 % and more',
  some: '50 % and more',
  few: 'less than 50 %',
  none: 'none as expected',
  found: 'a threshold was found',
  unclear: 'more than one change: no threshold',
  error: 'could not be run',
  open: 'not run yet',
};

export function toneOf(result: CellResult | undefined): CellTone {
  if (!result) return 'open';
  const { error, search, made, asExpected } = result;
  if (error) return 'error';
  if (search?.changes.length === 1) return 'found';
  if (search && search.changes.length > 1) return 'unclear';
  if (made === 0 || asExpected === 0) return 'none';
  if (asExpected === made) return 'all';
  const rate = asExpected / made;
  return rate >= 0.9 ? 'most' : rate >= 0.5 ? 'some' : 'few';
}

/** What stands in a cell of a table, in a few characters: "37/50", "stalled", "≥ 811". */
export function cellText(result: CellResult | undefined, shape: SweepShape): string {
  if (!result) return '';
  const { error, search, made, asExpected } = result;
  if (error) return error.kind === 'usage' ? 'no run' : 'nobody';
  if (search) {
    const [change] = search.changes;
    if (search.changes.length > 1) return 'not monotone';
    if (change) return change.passes === 'above' ? `≥ ${change.above}` : `≤ ${change.below}`;
    return asExpected > 0 ? 'all pass' : 'none passes';
  }
  if (made > 1) return `${asExpected}/${made}`;
  const outcome = mainOutcome(result);
  return outcome === shape.expected && asExpected === 0 ? 'not as expected' : (outcome ?? '');
}

/** What a table shows of its cells: how often it came as expected, and figures of how it went. */
export type Measure = 'rate' | 'time' | 'datagrams';
export const measureTitles: Readonly<Record<Exclude<Measure, 'rate'>, string>> = {
  time: 'Time until established: median, and within which 95 % were',
  datagrams: 'Datagrams of both sides: median, and the most that 95 % needed',
};

/** Figures are worth tables of their own where a cell has handshakes enough to differ. */
export const measuresOf = ({ rounds, bisect }: SweepShape): readonly Measure[] =>
  rounds > 1 && !bisect ? ['rate', 'time', 'datagrams'] : ['rate'];

/** "1.04 s, 14.0 s": median and 95th percentile. */
export function figureText(result: CellResult | undefined, measure: Exclude<Measure, 'rate'>): string {
  const spread = measure === 'time' ? result?.timeMs : result?.datagrams;
  if (!spread) return result ? '–' : '';
  const text = measure === 'time' ? timeText : String;
  return `${text(spread.median)}, ${text(spread.p95)}`;
}

/** How large a cell's median is beside the smallest of the table: 0 alike, 4 many times as large. */
export function figureLevel(result: CellResult | undefined, measure: Exclude<Measure, 'rate'>, least: number): number {
  const spread = measure === 'time' ? result?.timeMs : result?.datagrams;
  if (!spread || least <= 0) return 0;
  const steps = [1.25, 2, 5, 20];
  return steps.filter((step) => spread.median > step * least).length;
}

export const leastFigure = (results: readonly CellResult[], measure: Exclude<Measure, 'rate'>): number =>
  Math.min(...results.flatMap(({ timeMs, datagrams }) => (measure === 'time' ? timeMs : datagrams)?.median ?? []));

/** A search's answer as a sentence without a full stop. */
export function searchText(result: CellResult, shape: SweepShape): string {
  const { search } = result;
  const { bisect } = shape;
  if (!search || !bisect) return '';
  const { points, changes, unfollowed } = search;
  const what = bisect.name;
  const values = `${points.length} values from ${bisect.from} to ${bisect.to}`;
  const [first] = changes;
  if (!first) {
    const all = points[0]?.passes ? 'passes' : 'fails';
    return `${what}: ${all} everywhere it was tried, at ${values}`;
  }
  if (changes.length === 1)
    return first.passes === 'above'
      ? `${what}: the smallest that passes is ${first.above}, the largest that fails is ${first.below} (tried: ${values})`
      : `${what}: the largest that passes is ${first.below}, the smallest that fails is ${first.above} (tried: ${values})`;
  const word = (passes: boolean): string => (passes ? 'passes' : 'fails');
  const steps = changes.slice(0, 6).map(({ above, passes }) => `${word(passes === 'above')} at ${above}`);
  const more = changes.length > 6 || unfollowed ? ', and so on' : '';
  return `${what}: not monotone: ${word(first.passes === 'below')} at ${first.below}, ${steps.join(', ')}${more} (tried: ${values})`;
}

export interface SweepTally {
  readonly cells: number;
  readonly done: number;
  readonly held: number;
  readonly errors: number;
  readonly handshakes: number;
  readonly asExpected: number;
}

export function sweepTally({ shape, results }: SweepReport): SweepTally {
  const sum = (figure: (one: CellResult) => number): number => results.reduce((all, one) => all + figure(one), 0);
  return {
    cells: cellCount(shape),
    done: results.length,
    held: results.filter(cellHeld).length,
    errors: results.filter(({ error }) => error !== null).length,
    handshakes: sum(({ made }) => made),
    asExpected: sum(({ asExpected }) => asExpected),
  };
}

/** "14 cells, 14000 handshakes: 12961 established; 9 cells always". */
export function sweepTallyText(report: SweepReport): string {
  const { cells, done, held, errors, handshakes, asExpected } = sweepTally(report);
  const { shape } = report;
  const all = done < cells ? `${done} of ${cells} cells` : count(cells, 'cell');
  const what = shape.explores ? shape.expected : 'as expected';
  const parts = [`${all}, ${count(handshakes, 'handshake')}: ${asExpected} ${what}`];
  if (!shape.bisect && cells > 1) parts.push(`${held} of the cells in all of them`);
  if (errors > 0) parts.push(`${count(errors, 'cell')} could not be run`);
  return parts.join('; ');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** "74 % (60–84 %)"; the interval where the handshakes are few, or not all went alike. */
export function rateText(result: Pick<CellResult, 'made' | 'asExpected'>): string {
  const { made, asExpected } = result;
  if (made === 0) return '–';
  const percent = (share: number, up: boolean): string => {
    const figure = share * 100;
    // An end of an interval is not rounded into it, and 99.96 % is not all.
    const tenths = up ? Math.ceil(figure * 10 - 1e-6) / 10 : Math.floor(figure * 10 + 1e-6) / 10;
    return Number.isInteger(tenths) || made < 100
      ? String(up ? Math.ceil(tenths) : Math.floor(tenths))
      : String(tenths);
  };
  const rate = `${percent(asExpected / made, false)} %`;
  if (made === 1) return rate;
  const { low, high } = wilson(result);
  return `${rate} (${percent(low, false)}–${percent(high, true)} %)`;
}

/** "43 ms", "7.1 s". */
export const timeText = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;

/** "12 stalled, 1 no-answer": outcomes that were not the expected one, most frequent first. */
export const otherOutcomes = ({ outcomes }: CellResult, expected: Outcome): string =>
  Object.entries(outcomes)
    .filter(([outcome]) => outcome !== expected)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([outcome, number]) => `${number} ${outcome}`)
    .join(', ');

/** The figures of a cell in a line: for lists under a table. */
export function figuresText(result: CellResult, shape: SweepShape): string {
  const { timeMs, datagrams, error } = result;
  if (error) return error.message;
  const finding = leadingFinding(result);
  return [
    shape.bisect ? searchText(result, shape) : `${result.asExpected}/${result.made}, ${rateText(result)}`,
    otherOutcomes(result, shape.expected),
    timeMs
      ? result.made > 1
        ? `median ${timeText(timeMs.median)}, 95 % within ${timeText(timeMs.p95)}`
        : timeText(timeMs.median)
      : '',
    datagrams ? `${datagrams.median} datagrams` : '',
    finding ? `${finding.id}${finding.count > 1 ? ` in ${finding.count}` : ''}` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** A cell as one of many scenarios: for JUnit. Where nothing is expected, a cell that was run is as it should be. */
export function caseOf(report: SweepReport, result: CellResult): CaseReport {
  const { shape, file } = report;
  const { error, bad, search } = result;
  const unmet = shape.explores || search || cellHeld(result) ? [] : [unmetText(result)];
  return {
    number: result.cell,
    file,
    name: cellName(shape, result.cell),
    about: shape.about,
    result: error ? 'error' : unmet.length > 0 ? 'unmet' : 'held',
    expected: shape.expected,
    outcome: bad?.outcome ?? mainOutcome(result) ?? null,
    unmet,
    error,
    verdict: bad?.verdict ?? null,
    durationMs: result.timeMs?.median ?? 0,
    commandLine: bad?.commandLine ?? null,
    repeat: null,
    ladder: null,
    traces: result.traces,
    handshakes: [],
  };
}

function unmetText({ made, asExpected, bad }: CellResult): string {
  const first = bad?.unmet.join('; ') ?? '';
  return made === 1
    ? first
    : `${made - asExpected} of ${made} handshakes did not come as expected; the first: ${first}`;
}
