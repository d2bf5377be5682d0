/** Target, Run and Stop, and how helper and background are. What can't be done now says why, beside the button. */
import { type ReactElement, useId } from 'react';
import { setField, shownProblem, touch } from '../state/form.ts';
import { stoppable } from '../state/runs.ts';
import { useActions, useSlice } from './context.ts';
import { HelperBadge } from './HelperStatus.tsx';
import { OpenButton } from './OpenFiles.tsx';

export function Toolbar(): ReactElement {
  const form = useSlice((state) => state.form);
  const starting = useSlice((state) => state.starting);
  const link = useSlice((state) => state.connection.link);
  const running = useSlice((state) => stoppable(state));
  const { editForm, start, stop } = useActions();
  const id = useId();
  const problem = shownProblem(form, 'target');
  const why =
    link === 'connecting'
      ? 'Waiting for the extension’s background…'
      : link === 'incompatible'
        ? 'The extension was updated: close and reopen DevTools.'
        : starting
          ? 'Starting…'
          : undefined;
  return (
    <header className="bar toolbar">
      <form
        className="target"
        onSubmit={(event) => {
          event.preventDefault();
          if (why === undefined) void start();
        }}
      >
        <label htmlFor={id}>Target</label>
        <input
          id={id}
          name="target"
          type="text"
          spellCheck={false}
          autoComplete="off"
          placeholder="HOST:PORT, sim, sdp:, browser or page"
          value={form.target}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-problem`}
          onChange={(event) => {
            const { value } = event.target;
            editForm((before) => setField(before, 'target', value));
          }}
          onBlur={() => editForm((before) => touch(before, 'target'))}
        />
        <button type="submit" className="primary" disabled={why !== undefined} aria-describedby={`${id}-why`}>
          Run
        </button>
        <button
          type="button"
          disabled={running === undefined}
          title={running === undefined ? 'Nothing is running' : `Stop run ${running.number}`}
          onClick={() => void stop()}
        >
          Stop
        </button>
        <span id={`${id}-why`} className="dim" role="status" data-running={why === undefined && running !== undefined}>
          {why ?? (running ? `Run ${running.number} is under way` : '')}
        </span>
        <span id={`${id}-problem`} className="problem" role={problem === undefined ? undefined : 'alert'}>
          {problem !== undefined && <bdi>{problem}</bdi>}
        </span>
      </form>
      <div className="toolbar-end">
        <OpenButton />
        <HelperBadge />
      </div>
    </header>
  );
}
