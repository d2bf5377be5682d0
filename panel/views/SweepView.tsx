/**
 * A sweep: what is varied over the scenario of the form, and the heat table of what came of it. The background runs it, so it
 * goes on when the panel is closed. A cell says by sign and count what its colour says, and opens a handshake of its own.
 */
import { type ReactElement, useEffect } from 'react';
import { sweepTallyText } from '../../src/report/sweep/model.ts';
import { cellCount } from '../../src/scenario/index.ts';
import { plural } from '../layout/text.ts';
import { type Axes, axesOf, noAxes } from '../state/axes.ts';
import type { ShownSweep } from '../state/model.ts';
import { planText, targetsOf } from '../state/sweep.ts';
import { AxesForm } from './AxesForm.tsx';
import { useActions, useSlice } from './context.ts';
import { HeatTables } from './HeatTable.tsx';
import { OpenButton } from './OpenFiles.tsx';
import { SweepFiles } from './SweepFiles.tsx';

/** So long nothing is typed before the text is read as a sweep: each of its cells is. ms */
const restMs = 250;

export function SweepView(): ReactElement {
  const scenario = useSlice((state) => state.scenario);
  const { openEditor, planSweep, setAxes } = useActions();
  const known = scenario !== undefined;
  useEffect(() => {
    if (!known) void openEditor();
  }, [known, openEditor]);
  const text = scenario?.text;
  useEffect(() => {
    if (text === undefined) return;
    const timer = setTimeout(planSweep, restMs);
    return () => clearTimeout(timer);
  }, [text, planSweep]);
  if (!scenario) return <p className="empty">Loading the editor…</p>;
  const axes: Axes = axesOf(scenario.root) ?? noAxes;
  return (
    <div className="sweep">
      <SweepBar />
      <AxesForm axes={axes} readable={scenario.root !== undefined} change={(next) => void setAxes(next)} />
      <Plan />
      <Results />
    </div>
  );
}

function SweepBar(): ReactElement {
  const { startSweep, stopSweep, resumeSweep, clearSweep, goTo } = useActions();
  const sweep = useSlice((state) => state.sweep);
  const planned = useSlice((state) => state.plan);
  const text = useSlice((state) => state.scenario?.text);
  const linked = useSlice((state) => state.connection.link === 'connected');
  const ready = linked && planned?.text === text && planned?.read.ok === true;
  const state = sweep?.status.state;
  const undone = sweep && sweep.results.size < cellCount(sweep.shape);
  return (
    <div className="bar" role="toolbar" aria-label="Sweep">
      {state === 'running' ? (
        <button type="button" className="primary" onClick={() => void stopSweep()}>
          Stop
        </button>
      ) : (
        <button type="button" className="primary" disabled={!ready} onClick={() => void startSweep()}>
          Run the sweep
        </button>
      )}
      {(state === 'stopped' || state === 'failed') && undone && (
        <button type="button" disabled={!linked} onClick={() => void resumeSweep()}>
          Go on
        </button>
      )}
      {sweep && state !== 'running' && (
        <button type="button" disabled={!linked} onClick={() => void clearSweep()}>
          Clear
        </button>
      )}
      <span className="grow" />
      <OpenButton label="Open…" what="a sweep (.yaml, .json)" accept=".yaml,.yml,.json" />
      <button type="button" onClick={() => goTo('scenario')}>
        As text
      </button>
      {sweep && <SweepFiles sweep={sweep} />}
    </div>
  );
}

/** What a start would do, said before it. */
function Plan(): ReactElement {
  const planned = useSlice((state) => state.plan);
  const scenario = useSlice((state) => state.scenario);
  const ready = useSlice((state) => state.helper.kind === 'ready');
  const { goTo } = useActions();
  if (scenario?.root === undefined)
    return (
      <p className="sweep-plan problem" role="status">
        ✕ The text can’t be read.{' '}
        <button type="button" className="link" onClick={() => goTo('scenario')}>
          Show it
        </button>
      </p>
    );
  if (!scenario.sweeps || !planned)
    return (
      <p className="sweep-plan dim" role="status">
        {scenario.sweeps ? 'Counting the cells…' : 'Choose what to vary; all else is as in the form.'}
      </p>
    );
  const { read } = planned;
  if (!read.ok)
    return (
      <div className="sweep-plan">
        <p className="problem" role="status">
          ✕ {plural(read.problems.length, 'problem')}
        </p>
        <ol className="plain-list" aria-label="Problems of the sweep">
          {read.problems.map(({ at, what }) => (
            <li key={`${at.line}:${at.column}:${what}`}>
              <span className="mono dim">
                {at.line}:{at.column}
              </span>{' '}
              <bdi>{what}</bdi>
            </li>
          ))}
        </ol>
      </div>
    );
  const targets = targetsOf(read.plan);
  return (
    <p className="sweep-plan" role="status">
      {planText(read.plan)}.{' '}
      {targets.length === 0 ? (
        <span className="dim">All of it in this browser: nothing is sent.</span>
      ) : (
        <span>
          Sent to <bdi>{targets.slice(0, 3).join(', ')}</bdi>
          {targets.length > 3 && ` and ${targets.length - 3} more`}.{!ready && ' This needs the helper.'}
        </span>
      )}
    </p>
  );
}

function Results(): ReactElement | null {
  const sweep = useSlice((state) => state.sweep);
  const text = useSlice((state) => state.scenario?.text);
  const { openScenario } = useActions();
  if (!sweep) return null;
  const { status, shape, file } = sweep;
  return (
    <section className="sweep-results" aria-label="Results">
      <h2>
        <bdi>{shape.name ?? file}</bdi>
      </h2>
      <Progress sweep={sweep} />
      {status.state === 'failed' && (
        <p className="problem">
          It could not go on: <bdi>{status.why}</bdi>
        </p>
      )}
      {sweep.text !== text && (
        <p className="dim">
          The text was changed since it began.{' '}
          <button type="button" className="link" onClick={() => void openScenario(sweep.text, file)}>
            Take that of the sweep
          </button>
        </p>
      )}
      <HeatTables sweep={sweep} />
    </section>
  );
}

const stateWords = { running: 'Running', stopped: 'Stopped', done: 'Done', failed: 'Failed' } as const;

function Progress({ sweep }: { readonly sweep: ShownSweep }): ReactElement {
  const { status, shape, results, file } = sweep;
  const cells = cellCount(shape);
  const part = status.at ? status.at.made / Math.max(1, status.at.of) : 0;
  const report = { file, shape, results: [...results.values()] };
  return (
    <div className="row sweep-progress">
      <progress max={cells} value={Math.min(cells, results.size + part)} aria-label="Cells that are done" />
      <p role="status" aria-live={status.state === 'running' ? 'off' : 'polite'}>
        <strong>{stateWords[status.state]}:</strong> {sweepTallyText(report)}.
      </p>
    </div>
  );
}
