/** The inspected page: whether it is watched, how to watch it, and its connections. */
import { Fragment, type KeyboardEvent, type ReactElement, useRef } from 'react';
import { siteOf } from '../../src/bridge/page.ts';
import { connectionRow } from '../layout/page.ts';
import { plural } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { breakable } from './breakable.tsx';
import { useActions, usePanel, useSlice } from './context.ts';

export function PageList(): ReactElement {
  const inspected = useSlice((state) => state.inspected);
  const page = useSlice((state) => state.page);
  if (!inspected)
    return (
      <p className="empty">
        This panel inspects no page. Open DevTools (F12) on the page whose connections you want to see, and choose the
        DTLS tab there.
      </p>
    );
  const site = siteOf(inspected.origin);
  const watched = site !== undefined && (page?.sites.includes(site) ?? false);
  return (
    <>
      <Arming site={site} watched={watched} />
      {watched && <StandInBar />}
      <Connections />
    </>
  );
}

interface ArmingProps {
  readonly site: string | undefined;
  readonly watched: boolean;
}

function Arming({ site, watched }: ArmingProps): ReactElement {
  const inspected = useSlice((state) => state.inspected);
  const page = useSlice((state) => state.page);
  const { armSite, disarmSite, reloadPage, openAsTab } = useActions();
  const { canReload } = usePanel();
  if (inspected?.origin === '') return <p className="empty">Asking which page this is…</p>;
  if (site === undefined)
    return (
      <p className="empty">
        Only pages of <code>http:</code> and <code>https:</code> can be watched
        {inspected && inspected.origin !== 'null' && (
          <>
            ; this one is <bdi>{inspected.origin}</bdi>
          </>
        )}
        . Load one in this tab.
      </p>
    );
  if (!watched)
    return (
      <section className="page-arm" aria-label="Watching this site">
        <p>
          <strong>
            <bdi>{site}</bdi> is not watched.
          </strong>{' '}
          Watching shows the page’s RTCPeerConnections as they go: states, descriptions, certificates, DTLS version and
          cipher; and lets the next one be spoken for by dtlscope.
        </p>
        {inspected?.mayAsk ? (
          <p className="row">
            <button type="button" className="primary" onClick={() => void armSite(site)}>
              Watch this site
            </button>
          </p>
        ) : (
          <>
            <p>This browser asks for permissions only in a tab, not in DevTools.</p>
            <p className="row">
              <button type="button" className="primary" onClick={() => void openAsTab()}>
                Open this panel as a tab
              </button>
            </p>
          </>
        )}
        <p className="dim">
          Your browser asks for the permission to read this site; it is given back when you stop watching. Then load the
          page again: connections that are there already can’t be seen.
        </p>
      </section>
    );
  const frames = page?.frames ?? [];
  return (
    <section className="page-arm" aria-label="Watching this site">
      <p className="row">
        <span>
          <bdi>{site}</bdi> is watched
          {frames.length > 1 && ` in ${frames.length} frames`}.
        </span>
        {canReload && (
          <button type="button" onClick={reloadPage}>
            Reload
          </button>
        )}
        <button type="button" onClick={() => void disarmSite(site)}>
          Stop watching
        </button>
      </p>
      {frames.length === 0 && (
        <p>
          <strong>Load the page again</strong>: it was loaded before it was watched.
        </p>
      )}
      {page?.unwatched.slice(0, 4).map((other) => (
        <p className="row" key={other}>
          <span>
            It holds frames of <bdi>{other}</bdi>.
          </span>
          {inspected?.mayAsk && (
            <button type="button" onClick={() => void armSite(other)}>
              Watch these too
            </button>
          )}
        </p>
      ))}
    </section>
  );
}

function StandInBar(): ReactElement {
  const standIn = useSlice((state) => state.page?.standIn);
  const busy = useSlice((state) => state.starting || state.connection.link !== 'connected');
  const { standIn: begin, stopStandIn } = useActions();
  if (standIn)
    return (
      <section className="page-arm" aria-label="Stand-in">
        <p>
          {
            {
              waiting:
                'Waiting for the page’s next connection. Join the call now; load the page again if it must begin anew.',
              claimed: 'The page has sent our description. Waiting for what its peer answers.',
              asking: 'Waiting for your answer at the top of the panel.',
              going: 'The peer speaks to dtlscope now; see Runs.',
            }[standIn.state]
          }
        </p>
        <p className="row">
          <button type="button" onClick={() => void stopStandIn(standIn.session)}>
            Stop standing in
          </button>
        </p>
      </section>
    );
  return (
    <section className="page-arm" aria-label="Stand-in">
      <p className="row">
        <button type="button" disabled={busy} onClick={() => void begin()}>
          Stand in for the next connection
        </button>
      </p>
      <p className="dim">
        Its peer then shakes hands with dtlscope, with the certificate, MTU and network of Options, while the page does
        the talking. The page itself will not connect.
      </p>
    </section>
  );
}

function Connections(): ReactElement | null {
  const page = useSlice((state) => state.page);
  const selected = useSlice((state) => state.chosen);
  const { selectConnection } = useActions();
  const list = useRef<HTMLDivElement>(null);
  if (!page || (page.connections.length === 0 && page.frames.length === 0)) return null;
  const { connections, leftOut } = page;
  const rows = connections.map((row, index) => connectionRow(row, index + 1)).reverse();
  const current = rows.findIndex(({ id }) => id === selected);
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: rows.length - 1 }[event.key];
    const next = to === undefined ? undefined : rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (!next) return;
    event.preventDefault();
    selectConnection(next.id);
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(next.id)}"]`)?.focus();
  };
  return (
    <>
      {rows.length === 0 && <p className="empty">The page has made no RTCPeerConnection yet.</p>}
      {rows.length > 0 && (
        <div
          className="run-list"
          role="listbox"
          aria-label="Connections"
          tabIndex={-1}
          ref={list}
          onKeyDown={onKeyDown}
        >
          {rows.map(({ id, title, badge, figures }, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list box above handles the keys of all its options
            <div
              key={id}
              className="run-item"
              role="option"
              aria-selected={index === current}
              tabIndex={index === Math.max(current, 0) ? 0 : -1}
              data-row={id}
              data-tone={badge.tone}
              onClick={() => selectConnection(id)}
            >
              <div className="run-line">
                <span>{title}</span> <Badge badge={badge} />
              </div>
              <div className="run-line dim">
                {figures.map((figure) => (
                  <Fragment key={figure}>
                    <bdi>{breakable(figure)}</bdi>{' '}
                  </Fragment>
                ))}
              </div>
            </div>
          ))}
        </div>
      )}
      {leftOut.connections + leftOut.items > 0 && (
        <p className="empty">
          Not shown, as the page made more than is kept:{' '}
          {[
            ...(leftOut.connections > 0 ? [plural(leftOut.connections, 'connection')] : []),
            ...(leftOut.items > 0 ? [plural(leftOut.items, 'message')] : []),
          ].join(', ')}
          .
        </p>
      )}
    </>
  );
}
