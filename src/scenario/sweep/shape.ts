/**
 * A sweep as plain data: its axes, what is searched, how many handshakes a cell has. Tables are drawn from it, and a state
 * file or a shard is held against it, so nothing in it depends on a machine, and no secret is in it. Cells are numbered from
 * 1, the last axis fastest.
 */
import type { Outcome } from '../../diagnosis/model.ts';

/** What a plan may come to. A mistyped range should be refused, not begun. */
export const sweepLimits = {
  cells: 10_000,
  /** Over all cells, a search counted with the fewest values that it may take. */
  handshakes: 10_000_000,
  /** Characters of a label. */
  label: 80,
  /** Values that a search may choose from. */
  searched: 1_000_000,
} as const;

export interface SweepShape {
  readonly name: string | null;
  readonly about: string | null;
  /** The fields that all cells have, as they stand in the file. */
  readonly base: Readonly<Record<string, string>>;
  readonly axes: readonly SweepAxis[];
  readonly bisect: SweepSearch | null;
  /** Handshakes of a cell, or of a searched value: rounds, each of as many as the scenario has at once. */
  readonly rounds: number;
  readonly expected: Outcome;
  /** The file does not say what to expect: a cell that fails is an answer and no disappointment. */
  readonly explores: boolean;
}

export interface SweepAxis {
  /** The field, or a name of the file's own where several fields go together. */
  readonly name: string;
  readonly values: readonly SweepValue[];
}
export interface SweepValue {
  readonly label: string;
  /** Of each field that it sets, how the file writes it; null where the field is left out. */
  readonly fields: Readonly<Record<string, string | null>>;
}

/** A threshold that is looked for along one field: among `from`, `from + step`, … up to `to`. */
export interface SweepSearch {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** The texts that the number is put into, where `{}` stands; null where the number is the value. */
  readonly text: readonly string[] | null;
  /** A value passes when at least this share of its handshakes was as expected. */
  readonly passRate: number;
}

/** What counting needs to know of axes. */
interface Lengths {
  readonly axes: readonly { readonly values: readonly unknown[] }[];
}

/** Cells of the whole plan. */
export const cellCount = ({ axes }: Lengths): number =>
  axes.reduce((product, { values }) => product * values.length, 1);

/** Of each axis the index of the cell's value. */
export function coordinatesOf({ axes }: Lengths, cell: number): readonly number[] {
  let rest = cell - 1;
  const indexes: number[] = [];
  for (const { values } of [...axes].reverse()) {
    indexes.unshift(rest % values.length);
    rest = Math.floor(rest / values.length);
  }
  return indexes;
}

/** The number of the cell at these indexes. */
export const cellAt = ({ axes }: Lengths, indexes: readonly number[]): number =>
  axes.reduce((number, { values }, at) => number * values.length + (indexes[at] ?? 0), 0) + 1;

/** The values of a cell, an axis each. */
export const valuesOf = (shape: Pick<SweepShape, 'axes'>, cell: number): readonly SweepValue[] =>
  coordinatesOf(shape, cell).flatMap((index, at) => shape.axes[at]?.values[index] ?? []);

/** "mtu 300, packing record": a cell by its values. */
export const cellName = (shape: Pick<SweepShape, 'axes'>, cell: number): string =>
  valuesOf(shape, cell)
    .map(({ label }, at) => `${shape.axes[at]?.name} ${label}`)
    .join(', ') || 'all';

/** The nth value of a search, from 0; as exact as a decimal step is written. */
export const searchedValue = ({ from, step }: Pick<SweepSearch, 'from' | 'step'>, index: number): number =>
  Number((from + index * step).toPrecision(12));

/** How many values a search chooses from. */
export const searchedCount = ({ from, to, step }: Pick<SweepSearch, 'from' | 'to' | 'step'>): number =>
  Math.floor((to - from) / step + 1e-9) + 1;

/** What of a plan is not as it was, as the end of a sentence; undefined when results of one are results of the other. */
export function differenceOf(was: SweepShape, is: SweepShape): string | undefined {
  const names = new Set([...Object.keys(was.base), ...Object.keys(is.base)]);
  for (const name of names)
    if (was.base[name] !== is.base[name])
      return `${name} was ${was.base[name] ?? 'not set'}, and is ${is.base[name] ?? 'not set'}`;
  const axisNames = (shape: SweepShape): string => shape.axes.map(({ name }) => name).join(', ') || 'none';
  if (axisNames(was) !== axisNames(is)) return `its axes were ${axisNames(was)}, and are ${axisNames(is)}`;
  const other = is.axes.find(({ values }, at) => JSON.stringify(values) !== JSON.stringify(was.axes[at]?.values));
  if (other) return `the axis ${other.name} has other values`;
  if (JSON.stringify(was.bisect) !== JSON.stringify(is.bisect)) return 'the search is another one';
  if (was.rounds !== is.rounds) return `a cell had ${was.rounds} handshakes, and has ${is.rounds}`;
  if (was.explores !== is.explores) return 'it says otherwise what to expect';
  return undefined;
}
