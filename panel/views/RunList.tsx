/** All runs, newest first. One tab stop; arrow keys walk, and selection follows. */
import { type KeyboardEvent, type ReactElement, useRef } from 'react';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { runRow } from '../layout/runRows.ts';
import { Badge } from './Badge.tsx';
import { useActions, useReading, useSlice } from './context.ts';

export function RunList(): ReactElement {
  const runs = useSlice((state) => state.runs);
  const selected = useSlice((state) => state.selection.run);
  const { selectRun, remove } = useActions();
  const list = useRef<HTMLDivElement>(null);
  const newestFirst = [...runs].reverse();
  if (runs.length === 0)
    return (
      <p className="empty">
        No runs yet. Enter a target above, or press Run with the target <code>sim</code> to see a handshake between two
        simulated ends.
      </p>
    );

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = newestFirst.findIndex((run) => run.id === selected);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: newestFirst.length - 1 }[event.key];
    if (event.key === 'Delete' && selected !== undefined) {
      event.preventDefault();
      void remove(selected);
      return;
    }
    if (to === undefined) return;
    event.preventDefault();
    const next = newestFirst[Math.min(Math.max(to, 0), newestFirst.length - 1)];
    if (!next) return;
    selectRun(next.id);
    list.current?.querySelector<HTMLElement>(`[data-run="${CSS.escape(next.id)}"]`)?.focus();
  };

  return (
    <div className="run-list" role="listbox" aria-label="Runs" tabIndex={-1} ref={list} onKeyDown={onKeyDown}>
      {newestFirst.map((run, index) => (
        <RunItem
          key={run.id}
          run={run}
          selected={run.id === selected}
          tabbable={run.id === selected || (selected === undefined && index === 0)}
        />
      ))}
    </div>
  );
}

interface ItemProps {
  readonly run: RunSummary;
  readonly selected: boolean;
  readonly tabbable: boolean;
}

function RunItem({ run, selected, tabbable }: ItemProps): ReactElement {
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
      data-run={run.id}
      data-tone={row.badge.tone}
      onClick={() => selectRun(run.id)}
    >
      <div className="run-line">
        <bdi className="run-target" title={row.target}>
          {row.target}
        </bdi>
        <Badge badge={row.badge} />
      </div>
      <div className="run-line dim">
        <span>
          #{row.number} {row.startedAt}
        </span>
        {row.figures.map((figure) => (
          <span key={figure}>{figure}</span>
        ))}
      </div>
    </div>
  );
}
