/**
 * The panel: toolbar; runs and options at the left; verdict, findings and ladder in the middle; details at the right. In
 * a narrow dock all of it stacks and details become a drawer.
 */
import { type CSSProperties, type ReactElement, useEffect, useMemo, useRef } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import { stunSummary } from '../../src/report/stun.ts';
import { type AxisKind, axisKinds, zoomed, zooms } from '../layout/axis.ts';
import { keptOf } from '../layout/kept.ts';
import type { Place, SideTab } from '../state/model.ts';
import type { Reading } from '../state/runBook.ts';
import type { Drawing } from '../state/view.ts';
import { CertificatesView } from './CertificatesView.tsx';
import { CheckView } from './CheckView.tsx';
import { CompareView } from './CompareView.tsx';
import { useActions, usePanel, useShown, useSlice } from './context.ts';
import { DatagramTable } from './DatagramTable.tsx';
import { Exchange } from './Descriptions.tsx';
import { DetailsPane } from './DetailsPane.tsx';
import { ExportMenu } from './ExportMenu.tsx';
import { FailuresView } from './FailuresView.tsx';
import { FilterBox, FilterChips, useKeep } from './FilterBox.tsx';
import { HelperHelpBox } from './HelperStatus.tsx';
import { LadderView } from './LadderView.tsx';
import { NoticeBar } from './NoticeBar.tsx';
import { DropPlace, FileProblems } from './OpenFiles.tsx';
import { PackingView } from './PackingView.tsx';
import { PageList } from './PageList.tsx';
import { PageView } from './PageView.tsx';
import { ParametersView } from './ParametersView.tsx';
import { Places, placeId } from './Places.tsx';
import { RunForm } from './RunForm.tsx';
import { RunList } from './RunList.tsx';
import { ScenarioView } from './ScenarioView.tsx';
import { Splitter } from './Splitter.tsx';
import { StandInQuestion } from './StandInQuestion.tsx';
import { StateStrip } from './StateStrip.tsx';
import { SweepView } from './SweepView.tsx';
import { Tabs } from './Tabs.tsx';
import { Toolbar } from './Toolbar.tsx';
import { narrowDock, useMedia } from './useMedia.ts';
import { Expected, Findings, Verdict } from './Verdict.tsx';
import { ViewTabs, viewId } from './ViewTabs.tsx';
import { Welcome } from './Welcome.tsx';

export function App(): ReactElement {
  const side = useSide();
  const place = useSlice((state) => state.place);
  const details =
    useSlice((state) => state.selection.details && state.selection.target !== undefined) &&
    side !== 'page' &&
    place === 'run';
  const empty = useSlice((state) => state.runs.length === 0);
  const { side: sideWidth, detailsBeside, detailsUnder, detailsDrawer, tree } = useSlice((state) => state.view.sizes);
  const sizes = {
    '--side-width': `${sideWidth}px`,
    '--details-beside': `${detailsBeside}%`,
    '--details-under': `${detailsUnder}%`,
    '--details-drawer': `${detailsDrawer}%`,
    '--tree': `${tree}%`,
  };
  return (
    <div className="panel" data-details={details} data-empty={empty} data-side={side} style={sizes as CSSProperties}>
      <Toolbar />
      <NoticeBar />
      <HelperHelpBox />
      <StandInQuestion />
      <div className="panes" data-split-frame>
        <Side />
        <main className="centre">{side === 'page' ? <PageView /> : <Middle />}</main>
        {side !== 'page' && place === 'run' && <DetailsPane />}
      </div>
      <DropPlace />
    </div>
  );
}

/** What the side shows: what was chosen, else what there is something in. */
const useSide = (): SideTab => useSlice((state) => state.side ?? (state.runs.length === 0 ? 'options' : 'runs'));

function Side(): ReactElement {
  const count = useSlice((state) => state.runs.length);
  const connections = useSlice((state) => state.page?.connections.length ?? 0);
  const narrow = useMedia(narrowDock);
  const { showSide } = useActions();
  const tab = useSide();
  const tabs = [
    { id: 'options', title: 'Options' },
    { id: 'runs', title: count === 0 ? 'Runs' : `Runs (${count})` },
    { id: 'page', title: connections === 0 ? 'Page' : `Page (${connections})` },
  ] as const;
  return (
    <div className="side" id="side">
      <Tabs {...{ tabs, chosen: tab, choose: showSide }} label="Runs and options" prefix="tab" controls="side-body" />
      <div id="side-body" className="side-body" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'runs' ? <RunList /> : tab === 'page' ? <PageList /> : <RunForm />}
      </div>
      {!narrow && (
        <Splitter name="side" label="Width of runs and options" controls="side" border="vertical" pane="before" />
      )}
    </div>
  );
}

function Middle(): ReactElement {
  const place = useSlice((state) => state.place);
  const before = useRef(place);
  // What had the focus may have stayed behind with the place: it goes on at the tab of the new one.
  useEffect(() => {
    if (before.current !== place && document.activeElement === document.body)
      document.getElementById(`place-${place}`)?.focus();
    before.current = place;
  }, [place]);
  return (
    <>
      <Places />
      <div className="place" role="tabpanel" id={placeId} aria-labelledby={`place-${place}`} data-place={place}>
        <AtPlace place={place} />
      </div>
    </>
  );
}

function AtPlace({ place }: { readonly place: Place }): ReactElement {
  switch (place) {
    case 'run':
      return <Centre />;
    case 'scenario':
      return <ScenarioView />;
    case 'failures':
      return <FailuresView />;
    case 'sweep':
      return <SweepView />;
    case 'check':
      return <CheckView />;
  }
}

function Centre(): ReactElement {
  const { run, reading, handshake, diagnosis } = useShown();
  const { book } = usePanel();
  const drawing = useSlice((state) => state.view.drawing);
  const keep = useKeep();
  const nothingLeft = useMemo(
    () => keep !== undefined && handshake !== undefined && keptOf(handshake.datagrams, keep).length === 0,
    [keep, handshake],
  );
  return (
    <>
      <Verdict />
      <Expected />
      <Exchange />
      {!run && <Welcome />}
      {handshake && (
        <StateStrip
          handshake={handshake}
          over={run?.state !== 'running' && diagnosis?.outcome !== 'incomplete-capture'}
        />
      )}
      <FileProblems />
      {diagnosis && (run?.state !== 'running' || diagnosis.outcome === 'established') && (
        <Findings diagnosis={diagnosis} />
      )}
      {run && reading && (
        <div className="view-top">
          <div className="bar view-head">
            <ViewTabs />
            <ExportMenu run={run} />
          </div>
          <ViewControls />
        </div>
      )}
      {run && (
        <div role="tabpanel" id={viewId} aria-labelledby={`view-${drawing}`}>
          {!handshake || !diagnosis ? (
            <p className="empty">{emptyText(run, reading)}</p>
          ) : filters(drawing) && nothingLeft ? (
            <NothingLeft />
          ) : (
            <View drawing={drawing} handshake={handshake} diagnosis={diagnosis} startedAt={book.startedAt(run.id)} />
          )}
        </div>
      )}
    </>
  );
}

/** Whether a view is of datagrams, so that the filter means something there. */
const filters = (drawing: Drawing): boolean => drawing === 'ladder' || drawing === 'packing' || drawing === 'table';

/** An empty view says whose doing it is, and how it is undone. */
function NothingLeft(): ReactElement {
  const { setView } = useActions();
  const onlyNew = useSlice((state) => state.view.onlyNew);
  const filter = useSlice((state) => state.view.filter);
  return (
    <div className="empty">
      <p>
        No datagram is left by {filter.trim() === '' ? '' : <code>{filter}</code>}
        {filter.trim() !== '' && onlyNew && ' and '}
        {onlyNew && '“only new bytes”'}.
      </p>
      <button type="button" onClick={() => setView({ filter: '', onlyNew: false })}>
        Show all datagrams
      </button>
    </div>
  );
}

/** Why there is nothing to draw, and what the file holds instead. */
function emptyText(run: RunSummary, reading: Reading | undefined): string {
  if (run.state === 'running') return 'No datagram yet.';
  if (!reading) return 'Reading…';
  const other = Object.entries(reading.snapshot.unrelated).map(([kind, count]) => `${count} ${kind}`);
  const rest = other.length === 0 ? '' : ` Other datagrams: ${other.join(', ')}.`;
  return run.file === undefined
    ? `This run has no datagrams.${rest}`
    : `There is no DTLS handshake in this file.${rest}`;
}

interface ViewProps {
  readonly drawing: Drawing;
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
  /** Wall clock of the trace's time 0, ms since 1970. */
  readonly startedAt: number | undefined;
}

function View({ drawing, handshake, diagnosis, startedAt }: ViewProps): ReactElement {
  switch (drawing) {
    case 'ladder':
      return <LadderView handshake={handshake} diagnosis={diagnosis} />;
    case 'packing':
      return <PackingView handshake={handshake} />;
    case 'parameters':
      return <ParametersView handshake={handshake} />;
    case 'certificates':
      return <CertificatesView handshake={handshake} startedAt={startedAt} />;
    case 'table':
      return <DatagramTable handshake={handshake} />;
    case 'compare':
      return <CompareView handshake={handshake} diagnosis={diagnosis} startedAt={startedAt} />;
  }
}

const axisNames: Readonly<Record<AxisKind, string>> = { compressed: 'compressed', real: 'to scale', ordinal: 'order' };

function ViewControls(): ReactElement | null {
  const view = useSlice((state) => state.view);
  const wanted = useSlice((state) => state.selection.handshake);
  const { reading, handshake } = useShown();
  const { setView, selectHandshake } = useActions();
  const several = reading !== undefined && reading.handshakes.length > 1;
  if (!several && !filters(view.drawing)) return null;
  return (
    <div className="bar view-bar">
      {several && (
        <label>
          Handshake{' '}
          <select value={wanted ?? handshake?.id} onChange={(event) => selectHandshake(event.target.value)}>
            {reading.handshakes.map(({ handshake: one, diagnosis }) => (
              <option key={one.id} value={one.id}>
                {one.id}: {diagnosis.outcome}
              </option>
            ))}
          </select>
        </label>
      )}
      {handshake && filters(view.drawing) && <FilterBox handshake={handshake} />}
      {filters(view.drawing) && (
        <label>
          <input
            type="checkbox"
            checked={view.onlyNew}
            onChange={(event) => setView({ onlyNew: event.target.checked })}
          />{' '}
          only new bytes
        </label>
      )}
      {(view.drawing === 'ladder' || view.drawing === 'table') && handshake && handshake.stun.length > 0 && (
        <label title={stunSummary(handshake)}>
          <input type="checkbox" checked={view.stun} onChange={(event) => setView({ stun: event.target.checked })} />{' '}
          STUN <span className="dim">({handshake.stun.length})</span>
        </label>
      )}
      {view.drawing === 'ladder' && (
        <label>
          Time{' '}
          <select
            value={view.axis}
            onChange={(event) => {
              const axis = axisKinds.find((kind) => kind === event.target.value);
              if (axis) setView({ axis });
            }}
          >
            {axisKinds.map((kind) => (
              <option key={kind} value={kind}>
                {axisNames[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {view.drawing === 'ladder' && view.axis !== 'ordinal' && <ZoomButtons what="zoom" label="Zoom of time" />}
      {view.drawing === 'packing' && <ZoomButtons what="byteZoom" label="Zoom of bytes" />}
      {handshake && filters(view.drawing) && <FilterChips handshake={handshake} />}
    </div>
  );
}

interface ZoomProps {
  readonly what: 'zoom' | 'byteZoom';
  readonly label: string;
}

/** How much room time or bytes get; ladder and packing take the keys + and - for the same. */
function ZoomButtons({ what, label }: ZoomProps): ReactElement {
  const zoom = useSlice((state) => state.view[what]);
  const { setView } = useActions();
  const to = (steps: number): void => setView({ [what]: steps === 0 ? 1 : zoomed(zoom, steps) });
  return (
    <fieldset className="zoom" aria-label={label}>
      <button type="button" aria-label="Zoom out" disabled={zoom === zooms[0]} onClick={() => to(-1)}>
        −
      </button>
      <button
        type="button"
        className="zoom-now"
        title="Back to 1×"
        aria-label={`${zoom}×, back to 1×`}
        onClick={() => to(0)}
      >
        {zoom}×
      </button>
      <button type="button" aria-label="Zoom in" disabled={zoom === zooms.at(-1)} onClick={() => to(1)}>
        +
      </button>
    </fieldset>
  );
}
