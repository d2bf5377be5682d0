/**
 * A sweep's results as a file that grows: the plan in the first line, and a line for each cell that is done. Whoever was
 * stopped goes on with it, and parts of a sweep are put together from such files; they may come from another machine, so
 * all that is made of one is checked.
 */
import { version } from '../../base/version.ts';
import { outcomes } from '../../diagnosis/model.ts';
import { type CellResult, cellCount, differenceOf, type SweepShape } from '../../scenario/index.ts';
import { type Check, isCount, isRecord, isText, listOf, maybe, oneOf, shaped } from '../checks.ts';
import { parseShard, type Shard } from '../suite/blob.ts';
import type { SweepReport } from './model.ts';

const formatVersion = 1;

/** Of one process: its part, and the cells that it has done so far. */
export interface SweepPart extends Shard, SweepReport {}

/** The first line of a file; ends in "\n". */
export const stateHead = ({ index, of }: Shard, file: string, shape: SweepShape): string =>
  `${JSON.stringify({ dtlscopeSweep: formatVersion, dtlscope: version, file, index, of, shape })}\n`;

/** The line of a cell; ends in "\n". */
export const stateLine = (result: CellResult): string => `${JSON.stringify(result)}\n`;

/** A whole file at once. */
export const stateText = (part: SweepPart): string =>
  [stateHead(part, part.file, part.shape), ...part.results.map(stateLine)].join('');

/** Whether a file is one of these, and not one of `dtlscope run`. */
export const isSweepState = (text: string): boolean => text.startsWith('{"dtlscopeSweep":');

/** What is in a file, or what is wrong with it. A last line that was cut off in the middle of writing is left out. */
export function readState(text: string): SweepPart | string {
  const lines = text.split('\n');
  const cut = lines.pop() ?? '';
  const parsed = lines.map(parse);
  const [head, ...rest] = parsed;
  if (!isRecord(head) || typeof head['dtlscopeSweep'] !== 'number')
    return cut !== '' && lines.length === 0 ? 'was cut off in its first line' : 'was not written by dtlscope sweep';
  if (head['dtlscopeSweep'] !== formatVersion)
    return `is of format ${head['dtlscopeSweep']}, and this dtlscope reads ${formatVersion}`;
  const shard = parseShard(`${head['index']}/${head['of']}`);
  const { shape, file } = head;
  if (!shard || typeof file !== 'string' || !isShape(shape)) return 'does not say which part of what it is';
  const cells = cellCount(shape);
  const wrong = rest.findIndex((one) => !isResult(one) || one.cell < 1 || one.cell > cells);
  if (wrong >= 0) return `has a result that can not be read, in line ${wrong + 2}`;
  // A cell that could not be run may have been tried again: the last word counts.
  const results = new Map((rest as CellResult[]).map((one) => [one.cell, one]));
  return { ...shard, file, shape, results: inOrder([...results.values()]) };
}

export const inOrder = (results: readonly CellResult[]): readonly CellResult[] =>
  [...results].sort((a, b) => a.cell - b.cell);

/** The whole of which these are the parts, or why they are not all of it. */
export function mergeSweeps(parts: readonly SweepPart[]): SweepReport | string {
  const [first] = parts;
  if (!first) return 'there is nothing to put together';
  for (const part of parts) {
    const difference = differenceOf(first.shape, part.shape);
    if (difference !== undefined) return `they are parts of different sweeps: ${difference}`;
    if (part.of !== first.of) return `one is a part of ${first.of}, and another of ${part.of}`;
  }
  const present = new Set(parts.map(({ index }) => index));
  if (present.size < parts.length) return 'a shard is there twice';
  const missing = Array.from({ length: first.of }, (_, at) => at + 1).filter((index) => !present.has(index));
  if (missing.length > 0) return `of ${first.of} shards these are missing: ${missing.join(', ')}`;
  const results = inOrder(parts.flatMap((part) => part.results));
  const done = new Set(results.map(({ cell }) => cell));
  if (done.size < results.length) return 'they hold some cells twice';
  const undone = cellCount(first.shape) - done.size;
  if (undone > 0)
    return `${undone} of their cells are not done: a shard was stopped, and may go on with its state file`;
  return { file: first.file, shape: first.shape, results };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isOutcome = oneOf(outcomes);
const isBoolean: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const textsByName: Check = (value) => isRecord(value) && Object.values(value).every(maybe(isText));
const isList: Check = (value) => Array.isArray(value) && value.length > 0;
const shapeChecks = shaped({
  name: maybe(isText),
  about: maybe(isText),
  base: textsByName,
  axes: listOf(
    shaped({
      name: isText,
      values: (value) => isList(value) && listOf(shaped({ label: isText, fields: textsByName }))(value),
    }),
  ),
  bisect: maybe(
    shaped({
      name: isText,
      from: isNumber,
      to: isNumber,
      step: isNumber,
      text: maybe(listOf(isText)),
      passRate: isNumber,
    }),
  ),
  rounds: isCount,
  expected: isOutcome,
  explores: isBoolean,
});
const isShape = (value: unknown): value is SweepShape => shapeChecks(value);

const spread = maybe(shaped({ least: isNumber, median: isNumber, p95: isNumber, most: isNumber }));
const resultChecks = shaped({
  cell: isCount,
  made: isCount,
  asExpected: isCount,
  outcomes: (value) =>
    isRecord(value) && Object.entries(value).every(([name, count]) => isOutcome(name) && isCount(count)),
  timeMs: spread,
  datagrams: spread,
  retransmissions: spread,
  findings: listOf(
    shaped({ id: isText, severity: oneOf(['error', 'warning']), title: isText, count: isCount, leads: isCount }),
  ),
  bad: maybe(
    shaped({ seed: isCount, outcome: isOutcome, unmet: listOf(isText), verdict: isText, commandLine: maybe(isText) }),
  ),
  error: maybe(shaped({ kind: oneOf(['usage', 'infrastructure']), message: isText })),
  traces: listOf(isText),
  search: maybe(
    shaped({
      points: listOf(shaped({ value: isNumber, made: isCount, asExpected: isCount, passes: isBoolean })),
      changes: listOf(shaped({ below: isNumber, above: isNumber, passes: oneOf(['below', 'above']) })),
      unfollowed: isBoolean,
    }),
  ),
});
const isResult = (value: unknown): value is CellResult => resultChecks(value);
