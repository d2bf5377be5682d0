/**
 * Runs a sweep over whatever makes one handshake: simulation, sockets, the extension's. One handshake after another within a
 * cell (or as many at once as the scenario says), and between two of them the caller's `breathe`, so that a stop is heard
 * before the next one begins. A cell that is stopped in the middle gives no result: it is run again when the sweep goes on.
 */
import {
  type CellResult,
  type Scenario,
  type SearchPoint,
  type SearchResult,
  type SweepPlan,
  type SweepSearch,
  searchedCount,
  searchedValue,
} from '../../scenario/index.ts';
import { attemptOf } from '../hunt.ts';
import { bisect } from './bisect.ts';
import { CellTally } from './cell.ts';
import type { Shaken } from './sample.ts';

export interface SweepSpec<K> {
  readonly plan: SweepPlan;
  /** Numbers of the cells to run, in this order. */
  readonly cells: readonly number[];
  /** Cells at once: 1, unless the peer can take more. */
  readonly jobs?: number;
  /** Makes one handshake: a scenario with the seed of its turn. Expected not to throw. */
  readonly shake: (scenario: Scenario) => Promise<Shaken<K>>;
  /** Lets others have their turn: an interrupt, a port's messages. */
  readonly breathe: () => Promise<void>;
  readonly stopped: () => boolean;
  /** Told of every handshake. */
  readonly made?: (progress: SweepProgress) => void;
  /** Told of every cell that is whole. */
  readonly done: (result: CellResult) => void;
  /** Asked about the first handshake of a cell that did not end as expected; answers the names of files. */
  readonly keep?: (cell: number, kept: K) => readonly string[];
}

export interface SweepProgress {
  readonly cell: number;
  /** Of this cell, or of the value that is tried. */
  readonly made: number;
  readonly of: number;
  readonly asExpected: number;
  /** Where a threshold is looked for. */
  readonly value: number | undefined;
}

/** Runs the cells; resolves when all are done, or it was stopped. */
export async function runSweep<K>(spec: SweepSpec<K>): Promise<void> {
  const queue = [...spec.cells];
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined && !spec.stopped(); cell = queue.shift()) {
      const result = await runCell(cell, spec);
      if (result) spec.done(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, spec.jobs ?? 1) }, work));
}

/** Undefined when it was stopped. */
async function runCell<K>(cell: number, spec: SweepSpec<K>): Promise<CellResult | undefined> {
  const { shape, scenarios, searched } = spec.plan;
  const scenario = scenarios[cell - 1];
  if (!scenario) throw new RangeError(`the plan has no cell ${cell}`);
  const tally = new CellTally();
  if (!shape.bisect)
    return (await shakes(scenario, cell, undefined, tally, spec)) ? tally.result(cell, null) : undefined;
  const search = shape.bisect;
  const scenarioAt = (value: number): Scenario | undefined => {
    const read = searched(cell, value);
    if (typeof read !== 'string') return read;
    tally.fail({ kind: 'usage', message: `with ${search.name} ${value}: ${read}` });
    return undefined;
  };
  const found = await searchCell(search, tally, async (value) => {
    const one = scenarioAt(value);
    return one !== undefined && (await shakes(one, cell, value, tally, spec));
  });
  return found || tally.failed ? tally.result(cell, found ?? null) : undefined;
}

function searchCell(
  search: SweepSearch,
  tally: CellTally,
  shake: (value: number) => Promise<boolean>,
): Promise<SearchResult | undefined> {
  return bisect(searchedCount(search), async (index): Promise<SearchPoint | undefined> => {
    const value = searchedValue(search, index);
    const before = tally.count;
    if (!(await shake(value)) || tally.failed) return undefined;
    const made = tally.count.made - before.made;
    const asExpected = tally.count.asExpected - before.asExpected;
    return { value, made, asExpected, passes: asExpected >= search.passRate * made - 1e-9 };
  });
}

/** Makes the handshakes of a cell, or of a value of it. False when it was stopped before all were made. */
async function shakes<K>(
  scenario: Scenario,
  cell: number,
  value: number | undefined,
  tally: CellTally,
  spec: SweepSpec<K>,
): Promise<boolean> {
  const { rounds } = spec.plan.shape;
  const { parallel } = scenario.options;
  const before = tally.count;
  for (let round = 0; round < rounds; round++) {
    await spec.breathe();
    if (spec.stopped()) return false;
    const turns = Array.from({ length: parallel }, (_, at) => attemptOf(scenario, round * parallel + at + 1));
    const shaken = await Promise.all(turns.map((turn) => spec.shake(turn)));
    // What a stop cut off would count as a failure of the peer's.
    if (spec.stopped()) return false;
    for (const [at, one] of shaken.entries()) {
      if (!one.ok) tally.fail(one.error);
      else if (tally.add(one.sample, turns[at]?.options.seed ?? 0)) tally.keep(spec.keep?.(cell, one.kept) ?? []);
    }
    // Settings that can not work do not work the next time.
    if (tally.failed) return true;
    spec.made?.({
      cell,
      made: tally.count.made - before.made,
      of: rounds * parallel,
      asExpected: tally.count.asExpected - before.asExpected,
      value,
    });
  }
  return true;
}
