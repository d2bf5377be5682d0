/**
 * Sweeps in the store: the plan of the text that is in the editor, and the sweep that the background runs, whoever started
 * it. A cell of a simulation is opened by making its handshake again, which is the same byte for byte; one over a network by
 * the trace that the background kept.
 */
import type { SweepNews } from '../../src/bridge/client.ts';
import { readState } from '../../src/report/sweep/state.ts';
import { attemptOf } from '../../src/run/hunt.ts';
import {
  type CellResult,
  cellName,
  type FileNode,
  formatTarget,
  readSweepFile,
  type Scenario,
  type SweepPlan,
} from '../../src/scenario/index.ts';
import { axesOf } from './axes.ts';
import type { Core } from './core.ts';
import type { EditorPart } from './editor.ts';
import { crossing } from './expectation.ts';
import type { FormState } from './form.ts';
import { requestFor } from './gallery.ts';
import type { Actions, PlannedSweep, ShownSweep } from './model.ts';
import type { RunsPart } from './runs.ts';
import { around, withAxes, writtenAnew } from './scenario.ts';

type SweepActions = Pick<
  Actions,
  'planSweep' | 'setAxes' | 'startSweep' | 'stopSweep' | 'resumeSweep' | 'clearSweep' | 'openCell'
>;

export function sweepPart(
  { client, store, update, attempt }: Core,
  runs: RunsPart,
  editor: EditorPart,
): { readonly actions: SweepActions; readonly dispose: () => void } {
  let shown: { readonly news: SweepNews; readonly sweep: ShownSweep } | undefined;
  const hear = (): void => {
    const { sweep: news } = client.state;
    if (news === shown?.news) return;
    const sweep = news && grown(shown?.sweep, shown?.news, news);
    shown = news && sweep && { news, sweep };
    update({ sweep });
  };
  const stopListening = client.onChange(hear);
  hear();

  const plan = (): PlannedSweep | undefined => {
    const { scenario, form, plan: known } = store.getState();
    if (!scenario?.root || !scenario.sweeps) return undefined;
    if (known?.text === scenario.text) return known;
    return { text: scenario.text, read: readSweepFile(scenario.root, around(scenario.root, form)) };
  };

  /** The plan of the sweep that is shown, whose text may not be that of the editor. */
  const shownPlan = async (): Promise<SweepPlan> => {
    const { sweep, plan: known, form } = store.getState();
    if (sweep && known?.text === sweep.text && known.read.ok) return known.read.plan;
    const { parse } = await editor.load();
    const parsed = parse(sweep?.text ?? '');
    const read = parsed.ok ? readSweepFile(parsed.root, around(parsed.root, form)) : parsed;
    if (!read.ok) throw new Error(`The sweep can’t be read any more: ${read.problems[0]?.what ?? ''}`);
    return read.plan;
  };

  return {
    actions: {
      planSweep: () => update({ plan: plan() }),
      setAxes: (axes) =>
        attempt(async () => {
          const tools = await editor.load();
          const { scenario = writtenAnew(store.getState().form, tools), form } = store.getState();
          const written = withAxes(scenario, axes, form, tools);
          if (!written) throw new Error('The text can’t be read: mend it under Scenario first.');
          update({ scenario: written });
        }),
      startSweep: () =>
        attempt(async () => {
          const planned = plan();
          const { scenario, form } = store.getState();
          update({ plan: planned, notice: undefined });
          if (!scenario?.root || !planned?.read.ok) return;
          const { text, root, file } = scenario;
          // A tree is plain data.
          const crossed = JSON.parse(JSON.stringify(root));
          await client.startSweep({ text, root: crossed, file: file ?? 'sweep.yaml', ...besides(root, form) });
        }),
      stopSweep: () => attempt(() => client.stopSweep()),
      resumeSweep: () => attempt(() => client.resumeSweep()),
      clearSweep: () => attempt(() => client.clearSweep()),
      openCell: (cell) =>
        attempt(async () => {
          const { sweep } = store.getState();
          const result = sweep?.results.get(cell);
          if (!sweep || !result) return;
          const planned = await shownPlan();
          const scenario = scenarioOf(planned, cell, result);
          if (scenario.target?.kind === 'sim') {
            const name = `${sweep.shape.name ?? sweep.file}: ${cellName(sweep.shape, cell)}`;
            await runs.start({ ...requestFor(scenario), name, expectation: crossing(planned.expectation) });
          } else runs.show((await client.openSweepCell(sweep.status.number, cell)).id);
          update({ place: 'run' });
        }),
    },
    dispose: stopListening,
  };
}

/** The handshake of a cell to look at: the first that was not as expected, or its first. */
function scenarioOf(plan: SweepPlan, cell: number, { bad, search }: CellResult): Scenario {
  const change = search?.changes[0];
  const failing = change && (change.passes === 'above' ? change.below : change.above);
  const value = failing ?? search?.points.at(-1)?.value;
  const searched = value === undefined ? undefined : plan.searched(cell, value);
  const scenario = typeof searched === 'object' ? searched : plan.scenarios[cell - 1];
  if (!scenario) throw new Error('There is no such cell.');
  return bad && !search ? { ...scenario, options: { ...scenario.options, seed: bad.seed } } : attemptOf(scenario, 1);
}

/** The sweep with what is new of it. Undefined when it can't be read: another version is at the other end. */
function grown(known: ShownSweep | undefined, before: SweepNews | undefined, news: SweepNews): ShownSweep | undefined {
  const same = known !== undefined && before?.head === news.head && before.status.number === news.status.number;
  const fresh = news.lines.slice(same ? before.lines.length : 0);
  if (same && fresh.length === 0) return { ...known, status: news.status };
  const part = readState([news.head.trimEnd(), ...fresh, ''].join('\n'));
  if (typeof part === 'string') return undefined;
  const results = new Map(same ? known.results : []);
  for (const result of part.results) results.set(result.cell, result);
  return { status: news.status, text: news.text, file: part.file, shape: part.shape, results };
}

/** What a file names and the form holds: secrets by variable, PEM texts by the file's name. */
function besides(root: FileNode, form: FormState) {
  const secrets: Record<string, string> = {};
  const files: Record<string, string> = {};
  const { env } = around(root, form);
  const walk = (node: FileNode): void => {
    if (node.kind === 'list') node.items.forEach(walk);
    if (node.kind !== 'map') return;
    for (const { name, value } of node.entries) {
      const secret = name === 'env' && value.kind === 'text' ? env(value.text) : undefined;
      if (value.kind === 'text' && secret !== undefined) secrets[value.text] = secret;
      if (name === 'cert' || name === 'key')
        for (const item of value.kind === 'list' ? value.items : [value])
          if (item.kind === 'text') files[item.text] = form.values[name] ?? '';
      walk(value);
    }
  };
  walk(root);
  return { secrets, files };
}

/** "12 cells, 20 handshakes each". */
export function planText({ shape, scenarios }: SweepPlan): string {
  const sides = shape.axes.map(({ values }) => values.length).join(' × ');
  const cells = scenarios.length;
  const each = shape.rounds * (scenarios[0]?.options.parallel ?? 1);
  const what = `${shape.axes.length > 1 ? `${sides} = ` : ''}${cells} ${cells === 1 ? 'cell' : 'cells'}`;
  if (shape.bisect) return `${what}; in each a threshold of ${shape.bisect.name} is looked for`;
  return `${what}, ${each} ${each === 1 ? 'handshake' : 'handshakes'} each: ${cells * each} in all`;
}

/** Where it goes, when that is not the memory of this browser. */
export function targetsOf({ scenarios }: SweepPlan): readonly string[] {
  const targets = scenarios.flatMap(({ target }) => (target && target.kind !== 'sim' ? [formatTarget(target)] : []));
  return [...new Set(targets)];
}

/** Whether the text in the editor is a sweep at all. */
export const isSweep = (root: FileNode | undefined): boolean => axesOf(root) !== undefined;
