/**
 * Reads a sweep: a scenario file with a field `sweep`, which says what to vary. Every cell is read as the scenario file that
 * it is, by the reader of those, so that a cell means what its file would mean, and everything that is wrong is told before
 * anything runs, at the place where it stands.
 */
import { collector, type Expectation, fieldsOf } from '../file/expectation.ts';
import {
  fileOptions,
  type ReadFile,
  readScenarioFile,
  type ScenarioFile,
  type Surroundings,
  sweepField,
} from '../file/read.ts';
import { type FileEntry, type FileMap, type FileNode, type FileProblem, kindOf, type Place } from '../file/tree.ts';
import { alternatives, nearest } from '../nearest.ts';
import type { OptionName } from '../options.ts';
import type { Scenario } from '../scenario.ts';
import { cellCount, cellName, coordinatesOf, type SweepSearch, type SweepShape, sweepLimits } from './shape.ts';
import {
  type AxisValue,
  fieldValues,
  lineOf,
  type NumberRange,
  readRange,
  searchOf,
  togetherValues,
} from './values.ts';

export interface SweepPlan {
  readonly shape: SweepShape;
  readonly expectation: Expectation;
  /** In the order of their numbers; in a search with its first value. */
  readonly scenarios: readonly Scenario[];
  /** The scenario of a cell with another value of the searched field, or why there is none. */
  readonly searched: (cell: number, value: number) => Scenario | string;
}

export type ReadSweep =
  | { readonly ok: true; readonly plan: SweepPlan }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Not to be varied: they say how often, or what counts, or belong to the file as a whole. */
const fixed = ['repeat', 'until'] as const;
const isFixed = (name: string): name is (typeof fixed)[number] => fixed.some((one) => one === name);
/** The fields that an axis may have. */
export const varied: readonly (OptionName | 'target')[] = ['target', ...fileOptions.filter((name) => !isFixed(name))];
const isVaried = (name: string): boolean => varied.some((one) => one === name);
/** Fields of the file that say nothing of the handshakes of its cells, or are told apart by themselves. */
const unvaried: readonly string[] = [sweepField, 'version', 'name', 'about', '$schema', 'repeat'];
const ownFields = ['seeds', 'bisect'] as const;
/** Problems of single cells that are told; hundreds of the same kind help nobody. */
const mostProblems = 20;

/** Reads a file's tree. */
export function readSweepFile(root: FileNode, around: Surroundings): ReadSweep {
  const sweep = root.kind === 'map' ? root.entries.find(({ name }) => name === sweepField) : undefined;
  if (root.kind !== 'map' || sweep === undefined) {
    const alone = readScenarioFile(root, around);
    return alone.ok
      ? refuse(root.at, `"${sweepField}" is missing: it says what to vary, as in ${sweepField}: { mtu: [300, 1200] }`)
      : alone;
  }
  return new Reader(root, sweep, around).read();
}

const refuse = (at: Place, what: string): { readonly ok: false; readonly problems: readonly FileProblem[] } => ({
  ok: false,
  problems: [{ at, what }],
});

interface Axis {
  readonly name: string;
  readonly values: readonly AxisValue[];
}
interface Search {
  readonly range: NumberRange;
  readonly entry: FileEntry;
  readonly search: SweepSearch;
}

class Reader {
  readonly #root: FileMap;
  readonly #sweep: FileEntry;
  readonly #around: Surroundings;
  readonly #collected = collector();
  /** Of single cells. */
  readonly #complaints = new Set<string>();

  constructor(root: FileMap, sweep: FileEntry, around: Surroundings) {
    this.#root = root;
    this.#sweep = sweep;
    this.#around = remembering(around);
  }

  read(): ReadSweep {
    const { value } = this.#sweep;
    if (value.kind !== 'map')
      return refuse(value.at, `${sweepField}: is ${kindOf(value)}, and should be a group: a field and its values each`);
    const axes = value.entries.flatMap((entry) =>
      ownFields.some((own) => own === entry.name) ? [] : (this.#axis(entry) ?? []),
    );
    const bisect = value.entries.find(({ name }) => name === 'bisect');
    const search = bisect && this.#search(bisect);
    const rounds = this.#rounds(value.entries.find(({ name }) => name === 'seeds'));
    this.#overlaps(axes, search);
    if (value.entries.every(({ name }) => name === 'seeds')) this.#wrong(value.at, `${sweepField}: varies nothing`);
    for (const { name, at } of this.#root.entries)
      if (name === 'until')
        this.#wrong(at, 'until: has no place in a sweep, where every cell has all its handshakes made');
    const cells = cellCount({ axes });
    if (cells > sweepLimits.cells)
      this.#wrong(value.at, `${sweepField}: these are ${cells} cells; at most ${sweepLimits.cells} are run`);
    if (this.#collected.problems.length > 0) return this.#refusal();
    return this.#plan(axes, search, rounds);
  }

  readonly #wrong = (at: Place, what: string): void => this.#collected.wrong(at, what);

  #refusal(): ReadSweep {
    const problems = [...this.#collected.problems].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
    return { ok: false, problems: problems.slice(0, mostProblems) };
  }

  #axis(entry: FileEntry): Axis | undefined {
    const { name, value, at } = entry;
    if (isFixed(name)) {
      this.#wrong(at, `${name}: can not be varied; seeds says how many handshakes a cell has`);
      return undefined;
    }
    let values: readonly AxisValue[];
    if (isVaried(name)) values = fieldValues(name, entry, this.#wrong);
    else if (value.kind === 'list' && value.items.some(({ kind }) => kind === 'map'))
      values = togetherValues(name, value, varied, this.#wrong);
    else {
      const near = nearest(name.replace(/^--/, '').replaceAll('-', ''), [...varied, ...ownFields], 2);
      const meant = near.length > 0 ? ` (did you mean ${alternatives(near)}?)` : '';
      this.#wrong(
        at,
        `"${name}" is not a field${meant}; an axis with a name of its own has a list of groups of fields`,
      );
      return undefined;
    }
    const labels = values.map(({ label }) => label);
    const twice = values.find(({ label }, index) => labels.indexOf(label) < index);
    if (twice) this.#wrong(twice.at, `${name}: "${twice.label}" is there twice`);
    else if (values.length === 0 && this.#collected.problems.length === 0)
      this.#wrong(value.at, `${name}: has no values`);
    return { name, values };
  }

  #search({ value, at }: FileEntry): Search | undefined {
    const fields = fieldsOf(value, 'bisect', [...varied, 'passRate'], this.#wrong);
    const given = [...fields].filter(([name]) => name !== 'passRate');
    const [first] = given;
    if (value.kind !== 'map' || given.length !== 1 || !first) {
      if (value.kind === 'map')
        this.#wrong(at, 'bisect: looks along one field, as in bisect: { mtu: { from: 200, to: 1500 } }');
      return undefined;
    }
    const [name, node] = first;
    if (node.kind !== 'map') {
      this.#wrong(node.at, `bisect.${name}: is ${kindOf(node)}, and should be a range: { from, to, step }`);
      return undefined;
    }
    const range = readRange(name, node, this.#wrong);
    const search = range && searchOf(name, range, this.#passRate(fields.get('passRate')), node.at, this.#wrong);
    return range && search ? { range, search, entry: { name, at, value: node } } : undefined;
  }

  #passRate(node: FileNode | undefined): number {
    if (node === undefined) return 1;
    const [, digits] = (node.kind === 'text' && /^(\d+(?:\.\d+)?)\s?%$/.exec(node.text)) || [];
    const share = digits === undefined ? Number.NaN : Number(digits) / 100;
    if (share > 0 && share <= 1) return share;
    this.#wrong(node.at, `bisect.passRate: "${lineOf(node)}" is no share of the handshakes, as 95%`);
    return 1;
  }

  /** From `seeds`, or from the scenario's own `repeat`. */
  #rounds(seeds: FileEntry | undefined): number | undefined {
    if (seeds === undefined) return undefined;
    const repeat = this.#root.entries.find(({ name }) => name === 'repeat');
    if (repeat) this.#wrong(repeat.at, 'repeat: says what seeds says already, how many handshakes a cell has');
    const { value } = seeds;
    if (value.kind === 'text' && /^[1-9]\d{0,5}$/.test(value.text) && Number(value.text) <= 100_000)
      return Number(value.text);
    this.#wrong(value.at, `seeds: "${lineOf(value)}" is no number of handshakes for a cell, from 1 to 100000`);
    return undefined;
  }

  /** A field has one value in a cell. */
  #overlaps(axes: readonly Axis[], search: Search | undefined): void {
    const owners = new Map<string, string>();
    const take = (field: string, owner: string, at: Place): void => {
      const other = owners.get(field);
      if (other !== undefined && other !== owner) this.#wrong(at, `${field}: is set by ${other} already`);
      owners.set(field, owner);
    };
    for (const { name, values } of axes)
      for (const { sets, at } of values) for (const set of sets) take(set.name, name, at);
    if (search) take(search.search.name, 'bisect', search.entry.at);
  }

  #plan(axes: readonly Axis[], search: Search | undefined, seeds: number | undefined): ReadSweep {
    const first = search?.range.at(search.search.from, search.entry.at);
    const last = search?.range.at(lastOf(search.search), search.entry.at);
    const files: ScenarioFile[] = [];
    const cells = cellCount({ axes });
    let handshakes = 0;
    for (let cell = 1; cell <= cells && this.#collected.problems.length < mostProblems; cell++) {
      const chosen = chosenIn(axes, cell);
      const read = this.#cell([...chosen, ...(first ? [first] : [])]);
      if (last && read.ok) this.#told(this.#cell([...chosen, last]), axes, cell);
      this.#told(read, axes, cell);
      if (!read.ok) continue;
      files.push(read.file);
      const { repeat, parallel } = read.file.scenario.options;
      handshakes += (seeds ?? repeat) * parallel * (search ? 2 : 1);
      if (handshakes <= sweepLimits.handshakes) continue;
      this.#wrong(
        this.#sweep.value.at,
        `${sweepField}: these are more than ${sweepLimits.handshakes} handshakes; that is the most that is made`,
      );
      break;
    }
    const [head] = files;
    if (!head || this.#collected.problems.length > 0) return this.#refusal();
    const shape = this.#shape(head, axes, search, seeds ?? head.scenario.options.repeat);
    const searched: SweepPlan['searched'] = (cell, value) => {
      const read = this.#cell([...chosenIn(axes, cell), ...(search ? [search.range.at(value, search.entry.at)] : [])]);
      return read.ok ? read.file.scenario : read.problems.map(({ what }) => what).join('; ');
    };
    const scenarios = files.map(({ scenario }) => scenario);
    return { ok: true, plan: { shape, expectation: head.expectation, scenarios, searched } };
  }

  #shape(
    { name, about, expectation }: ScenarioFile,
    axes: readonly Axis[],
    search: Search | undefined,
    rounds: number,
  ): SweepShape {
    const { entries } = this.#root;
    return {
      name: name ?? null,
      about: about ?? null,
      base: Object.fromEntries(
        entries.filter((entry) => !unvaried.includes(entry.name)).map((entry) => [entry.name, lineOf(entry.value)]),
      ),
      axes: axes.map((axis) => ({
        name: axis.name,
        values: axis.values.map(({ label, sets }) => ({
          label,
          fields: Object.fromEntries(sets.map((set) => [set.name, set.entry ? lineOf(set.entry.value) : null])),
        })),
      })),
      bisect: search?.search ?? null,
      rounds,
      expected: expectation.outcome,
      explores: !entries.some((entry) => entry.name === 'expect'),
    };
  }

  /** The file that a cell is. */
  #cell(values: readonly AxisValue[]): ReadFile {
    const sets = new Map(values.flatMap((value) => value.sets.map(({ name, entry }) => [name, entry] as const)));
    const own = this.#root.entries.filter(({ name }) => name !== sweepField && !sets.has(name));
    const entries = [...own, ...[...sets.values()].flatMap((entry) => entry ?? [])];
    return readScenarioFile({ ...this.#root, entries }, this.#around);
  }

  /** What is wrong with a cell is told where it stands in the file, once, with the first cell that has it. */
  #told(read: ReadFile, axes: readonly Axis[], cell: number): void {
    if (read.ok) return;
    for (const { at, what } of read.problems) {
      const key = `${at.line}:${at.column}:${what}`;
      if (this.#complaints.has(key)) continue;
      this.#complaints.add(key);
      const where = axes.length > 1 ? ` (where ${cellName({ axes: axes.map(shown) }, cell)})` : '';
      this.#wrong(at, what + where);
    }
  }
}

const chosenIn = (axes: readonly Axis[], cell: number): readonly AxisValue[] =>
  coordinatesOf({ axes }, cell).flatMap((index, at) => axes[at]?.values[index] ?? []);

const shown = ({ name, values }: Axis) => ({ name, values: values.map(({ label }) => ({ label, fields: {} })) });

const lastOf = ({ from, to, step }: SweepSearch): number => from + Math.floor((to - from) / step + 1e-9) * step;

/** The same files are asked for again and again. */
function remembering(around: Surroundings): Surroundings {
  const files = new Map<string, ReturnType<Surroundings['file']>>();
  return {
    env: around.env,
    file: (path) => {
      const known = files.get(path) ?? around.file(path);
      files.set(path, known);
      return known;
    },
  };
}
