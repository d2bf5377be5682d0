/**
 * What a peer keeps to: what would be tried and sent stands there before it is, and is asked about when it goes over a
 * network; then a table, whose rows lead to the handshakes that show them. The background makes the check.
 */
import { type ReactElement, useEffect, useId, useState } from 'react';
import type { CheckNews } from '../../src/bridge/client.ts';
import type { CheckOutcome } from '../../src/bridge/panel.ts';
import { checkSummary, needsAttention, sections } from '../../src/report/check/summary.ts';
import { checkBadge, checkTable, costText, demandText } from '../layout/checks.ts';
import { plural } from '../layout/text.ts';
import { isSimulated } from '../state/form.ts';
import { Badge } from './Badge.tsx';
import { breakable } from './breakable.tsx';
import { CheckFiles } from './CheckFiles.tsx';
import { useActions, useSlice } from './context.ts';

export function CheckView(): ReactElement {
  const check = useSlice((state) => state.check);
  const thorough = useSlice((state) => state.thorough);
  const planned = useSlice((state) => state.checkPlan !== undefined);
  const linked = useSlice((state) => state.connection.link === 'connected');
  const { planCheck } = useActions();
  useEffect(() => {
    if (linked && !planned) void planCheck(thorough);
  }, [linked, planned, thorough, planCheck]);
  return (
    <div className="check">
      <CheckBar check={check} />
      <Plan />
      {check && <Result check={check} />}
    </div>
  );
}

function CheckBar({ check }: { readonly check: CheckNews | undefined }): ReactElement {
  const { startCheck, stopCheck, clearCheck, planCheck } = useActions();
  const form = useSlice((state) => state.form);
  const thorough = useSlice((state) => state.thorough);
  const plan = useSlice((state) => state.checkPlan);
  const linked = useSlice((state) => state.connection.link === 'connected');
  const [asking, ask] = useState(false);
  const id = useId();
  const running = check?.status.state === 'running';
  const target = form.target.trim();
  const begin = (): void => {
    ask(false);
    void startCheck();
  };
  return (
    <>
      <div className="bar" role="toolbar" aria-label="Check">
        {running ? (
          <button type="button" className="primary" onClick={() => void stopCheck()}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            className="primary"
            disabled={!linked || target === ''}
            onClick={() => (isSimulated(form) ? begin() : ask(true))}
          >
            Check{' '}
            <bdi>
              {target === '' ? 'the target' : target}
              {!isSimulated(form) && '…'}
            </bdi>
          </button>
        )}
        <label>
          <input
            type="checkbox"
            checked={thorough}
            disabled={running}
            onChange={(event) => void planCheck(event.target.checked)}
          />{' '}
          thorough
        </label>
        <span className="grow" />
        {check && !running && (
          <button type="button" onClick={() => void clearCheck()}>
            Clear
          </button>
        )}
        {check && check.results.length > 0 && <CheckFiles check={check} />}
      </div>
      {asking && plan && (
        <div className="callout" data-tone="warn" role="alertdialog" aria-labelledby={`${id}-ask`}>
          <p id={`${id}-ask`}>
            Send up to {plan.cost.datagrams} datagrams, in up to {plan.cost.handshakes} handshakes, to{' '}
            <bdi>{target}</bdi>? Some are malformed on purpose. Check only what you may.
          </p>
          <p className="row">
            {/* biome-ignore lint/a11y/noAutofocus: the question was just asked for */}
            <button type="button" className="primary" autoFocus onClick={begin}>
              Yes, check it
            </button>
            <button type="button" onClick={() => ask(false)}>
              No
            </button>
          </p>
        </div>
      )}
    </>
  );
}

/** What would be tried, said before it is. */
function Plan(): ReactElement {
  const plan = useSlice((state) => state.checkPlan);
  const form = useSlice((state) => state.form);
  const ready = useSlice((state) => state.helper.kind === 'ready');
  if (!plan) return <p className="check-plan dim">Asking what there is to try…</p>;
  const simulated = isSimulated(form);
  return (
    <div className="check-plan">
      <p>
        {plural(plan.checks.length, 'check')}, one after another: at most {costText(plan.cost)}; usually a third of
        that.{' '}
        {simulated ? (
          <span className="dim">
            The target <code>sim</code> is in this browser: nothing is sent.
          </span>
        ) : (
          !ready && 'This needs the helper.'
        )}
      </p>
      <details>
        <summary>What is tried</summary>
        <ul className="plain-list">
          {plan.checks.map(({ id, title, how, demand }) => (
            <li key={id}>
              {title}{' '}
              <span className="dim">
                ({demand === 'habit' ? 'a habit' : demand}): {how}
              </span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const stateWords = {
  running: 'Running',
  stopped: 'Stopped',
  done: 'Done',
  nobody: 'Nobody is there',
  failed: 'Could not go on',
} as const;

function Result({ check }: { readonly check: CheckNews }): ReactElement {
  const { status, results } = check;
  const [onlyBad, showOnlyBad] = useState(false);
  const shown = onlyBad ? results.filter(needsAttention) : results;
  const { at, spent } = status;
  return (
    <section className="check-result" aria-label="Result">
      <h2>
        <bdi>{status.target}</bdi>
      </h2>
      {status.state === 'running' && (
        <div className="row sweep-progress">
          {at && at.of > 0 ? (
            <progress max={at.of} value={at.number - 1} aria-label="Checks that are done" />
          ) : (
            <progress aria-label="Reaching the peer" />
          )}
          <p>
            {at ? `${at.of > 0 ? `${at.number} of ${at.of}: ` : ''}${at.title}` : 'Beginning…'}{' '}
            <span className="dim">
              {plural(spent.handshakes, 'handshake')}, {spent.datagrams} datagrams so far
            </span>
          </p>
        </div>
      )}
      <p role="status" aria-live={status.state === 'running' ? 'off' : 'polite'}>
        <strong>{stateWords[status.state]}</strong>
        {status.why !== undefined && (
          <>
            : <bdi>{status.why}</bdi>
          </>
        )}
        {results.length > 0 && <>: {checkSummary(checkTable(check))}</>}
      </p>
      {status.state !== 'running' && (
        <p className="dim">
          {status.reached !== undefined && <bdi>{breakable(status.reached)}; </bdi>}
          {plural(spent.handshakes, 'handshake')}, {spent.datagrams} datagrams of ours, {spent.seconds.toFixed(0)} s.
        </p>
      )}
      {results.length > 0 && (
        <>
          <label>
            <input type="checkbox" checked={onlyBad} onChange={(event) => showOnlyBad(event.target.checked)} /> only
            what fails or is not clear
          </label>
          {shown.length === 0 ? <p className="dim">Nothing of that kind.</p> : <CheckTable results={shown} />}
        </>
      )}
    </section>
  );
}

function CheckTable({ results }: { readonly results: readonly CheckOutcome[] }): ReactElement {
  return (
    <table className="check-table">
      <caption className="off-screen">Checks</caption>
      <thead>
        <tr>
          <th scope="col">Result</th>
          <th scope="col">What is asked of it</th>
          <th scope="col">What came</th>
        </tr>
      </thead>
      {sections(results).map(([section, rows]) => (
        <tbody key={section}>
          <tr>
            <th scope="rowgroup" colSpan={3}>
              {section}
            </th>
          </tr>
          {rows.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Row({ row }: { readonly row: CheckOutcome }): ReactElement {
  const { openTrial, openScenario } = useActions();
  const { id, title, how, says, findings, shown, scenario, status } = row;
  const badge = checkBadge(row);
  return (
    <tr data-tone={badge.tone} data-check={id}>
      <td>
        <Badge badge={badge} />
      </td>
      <td>
        {title} <span className="dim">({demandText(row)})</span>
        {status === 'fail' && <p className="dim">Tried: {how}.</p>}
      </td>
      <td>
        <p>
          <bdi>{breakable(says)}</bdi>
        </p>
        {status === 'fail' && findings.length > 0 && (
          <p>
            {findings.map((finding) => (
              <a key={finding} href={`findings.html#${finding}`} target="_blank" rel="noreferrer">
                {finding}
              </a>
            ))}
          </p>
        )}
        {(shown.length > 0 || scenario !== undefined) && (
          <p className="row">
            {shown.map(({ trial, what, packets }) => (
              <button
                type="button"
                className="link"
                key={trial}
                aria-label={`Handshake ${trial}: ${what}`}
                title={what}
                onClick={() => void openTrial(trial, packets[0])}
              >
                Handshake {trial}
              </button>
            ))}
            {scenario !== undefined && (
              <button
                type="button"
                className="link"
                aria-label={`Scenario that shows: ${title}`}
                onClick={() => void openScenario(scenario)}
              >
                Scenario
              </button>
            )}
          </p>
        )}
      </td>
    </tr>
  );
}
