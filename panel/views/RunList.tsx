/** All runs, newest first. One tab stop; arrow keys walk, and selection follows. */
import { Fragment, type KeyboardEvent, type ReactElement, useEffect, useRef } from 'react';
import type { RunSummary } from '../../src/bridge/panel.ts';
import type { ReadHandshake } from '../../src/diagnosis/lead.ts';
import { handshakeRow, listRows, runRow } from '../layout/runRows.ts';
import { Badge } from './Badge.tsx';
import { useActions, usePanel, useReading, useSlice } from './context.ts';
import { undoId } from './NoticeBar.tsx';

export function RunList(): ReactElement {
  const runs = useSlice((state) => state.runs);
  const selected = useSlice((state) => state.selection.run);
  const { selectRun, selectHandshake, remove, undoRemove } = useActions();
  const list = useRef<HTMLDivElement>(null);
  const handshake = useSlice((state) => state.selection.handshake);
  const { book } = usePanel();
  // Which runs hold several handshakes follows from their readings.
  const revisions = useSlice((state) => state.revisions);
  const rows = listRows(
    [...runs].reverse().map(({ id }) => ({ run: id, handshakes: book.read(id, revisions[id] ?? 0)?.handshakes ?? [] })),
  );
  const at = rows.findIndex((row) => row.run === selected && row.handshake?.handshake.id === handshake);
  const current = at >= 0 ? at : rows.findIndex((row) => row.run === selected);
  const chosen = rows[current]?.key;
  useEffect(() => {
    if (chosen !== undefined) bringIntoSight(list.current?.querySelector(`[data-row="${CSS.escape(chosen)}"]`));
  }, [chosen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const undo = event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (undo || (event.key === 'Delete' && selected !== undefined)) {
      event.preventDefault();
      void (undo ? undoRemove() : remove(selected ?? '')).then(refocus);
      return;
    }
    const to = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (!next) return;
    if (next.run !== selected || next.handshake === undefined) selectRun(next.run);
    if (next.handshake) selectHandshake(next.handshake.handshake.id);
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(next.key)}"]`)?.focus();
  };

  return (
    <>
      <Deletions selected={runs.find(({ id }) => id === selected)} />
      {runs.length === 0 ? (
        <p className="empty">
          No runs yet. Enter a target above, or press Run with the target <code>sim</code> to see a handshake between
          two simulated ends; or drop a capture here.
        </p>
      ) : (
        <div className="run-list" role="listbox" aria-label="Runs" tabIndex={-1} ref={list} onKeyDown={onKeyDown}>
          {rows.map((row, index) => {
            const run = runs.find(({ id }) => id === row.run);
            const shared = { row: row.key, selected: index === current, tabbable: index === Math.max(current, 0) };
            if (row.handshake) return <HandshakeItem key={row.key} run={row.run} read={row.handshake} {...shared} />;
            return run && <RunItem key={row.key} run={run} {...shared} />;
          })}
        </div>
      )}
    </>
  );
}

/** Scrolls the list and nothing around it: in a narrow dock that would take the verdict away. */
function bringIntoSight(row: Element | null | undefined): void {
  const frame = row?.closest('.side-body');
  if (!row || !frame) return;
  const [inner, outer] = [row.getBoundingClientRect(), frame.getBoundingClientRect()];
  if (inner.top < outer.top) frame.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) frame.scrollTop += inner.bottom - outer.bottom;
}

/**
 * The row or button that had the focus may go with its run: the focus goes to what is selected next, or to what undoes it.
 * Who went elsewhere meanwhile stays there.
 */
function refocus(): void {
  requestAnimationFrame(() => {
    const { activeElement, body } = document;
    if (activeElement !== body && activeElement?.closest('.run-list') === null) return;
    const next = document.querySelector<HTMLElement>('.run-list [aria-selected=true]');
    (next ?? document.getElementById(undoId))?.focus();
  });
}

/** What takes runs off the list, and brings them back: the keys Delete and Ctrl+Z in the list do the same. */
function Deletions({ selected }: { readonly selected: RunSummary | undefined }): ReactElement | null {
  const count = useSlice((state) => state.runs.length);
  const deleted = useSlice((state) => state.deleted);
  const { remove, removeAll, undoRemove } = useActions();
  if (count === 0 && deleted === 0) return null;
  return (
    <div className="bar list-bar" role="toolbar" aria-label="Deleting runs">
      {selected && (
        <button
          type="button"
          aria-label={`Delete ${selected.file === undefined ? 'run' : 'file'} ${selected.number}`}
          title="Delete what is selected (key Delete in the list); it can be undone"
          onClick={() => void remove(selected.id).then(refocus)}
        >
          Delete
        </button>
      )}
      {count > 1 && (
        <button
          type="button"
          onClick={() => void removeAll().then(refocus)}
          title="Delete all runs and files; it can be undone"
        >
          Delete all
        </button>
      )}
      <span className="grow" />
      {deleted > 0 && (
        <button
          type="button"
          title="Bring back what was deleted last (Ctrl+Z in the list)"
          onClick={() => void undoRemove().then(refocus)}
        >
          Undo deletion ({deleted})
        </button>
      )}
    </div>
  );
}

interface HandshakeProps extends Omit<ItemProps, 'run'> {
  readonly run: string;
  readonly read: ReadHandshake;
}

/** One of several handshakes of a capture. */
function HandshakeItem({ run, read, row, selected, tabbable }: HandshakeProps): ReactElement {
  const { selectRun, selectHandshake } = useActions();
  const { id, ends, badge, label } = handshakeRow(read);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box above handles the keys of all its options
    <div
      className="run-item handshake-item"
      role="option"
      aria-selected={selected}
      aria-label={label}
      tabIndex={tabbable ? 0 : -1}
      data-row={row}
      data-tone={badge.tone}
      onClick={() => {
        selectRun(run);
        selectHandshake(id);
      }}
    >
      <div className="run-line">
        <bdi className="run-target" title={ends}>
          {id} {ends}
        </bdi>{' '}
        <Badge badge={badge} />
      </div>
    </div>
  );
}

interface ItemProps {
  readonly run: RunSummary;
  readonly row: string;
  readonly selected: boolean;
  readonly tabbable: boolean;
}

function RunItem({ run, row: key, selected, tabbable }: ItemProps): ReactElement {
  const { selectRun } = useActions();
  const row = runRow(run, useReading(run.id));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box above handles the keys of all its options
    <div
      className="run-item"
      role="option"
      aria-selected={selected}
      aria-label={row.label}
      tabIndex={tabbable ? 0 : -1}
      data-row={key}
      data-run={run.id}
      data-tone={row.badge.tone}
      onClick={() => selectRun(run.id)}
    >
      <div className="run-line">
        <bdi className="run-target" title={row.target}>
          {row.target}
        </bdi>{' '}
        <Badge badge={row.badge} />
      </div>{' '}
      {row.name !== undefined && (
        <>
          <div className="run-name" title={row.name}>
            <bdi>{row.name}</bdi>
          </div>{' '}
        </>
      )}
      <div className="run-line dim">
        <span>
          #{row.number} {row.startedAt}
        </span>
        {row.figures.map((figure) => (
          <Fragment key={figure}>
            {' '}
            <span>{figure}</span>
          </Fragment>
        ))}
        {run.file !== undefined && <span className="file-mark"> file</span>}
      </div>
    </div>
  );
}
