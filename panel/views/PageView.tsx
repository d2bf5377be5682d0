/** One connection of the inspected page: what became of it, its transports, descriptions with their faults, and its timeline. */
import { type ReactElement, useMemo } from 'react';
import type { PageConnection, PageDescription } from '../../src/bridge/page.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { SdpProblem } from '../../src/ice/sdp.ts';
import {
  connectionProblems,
  connectionVerdict,
  remoteCertificates,
  timelineRows,
  transportFacts,
} from '../layout/page.ts';
import { severityBadge } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { Card } from './CertificatesView.tsx';
import { CopyButton } from './CopyLine.tsx';
import { useSlice } from './context.ts';

export function PageView(): ReactElement {
  const whole = useSlice((state) => state.whole);
  const chosen = useSlice((state) => state.chosen);
  const some = useSlice((state) => (state.page?.connections.length ?? 0) > 0);
  if (whole) return <ConnectionView connection={whole} />;
  return (
    <p className="empty">
      {chosen !== undefined
        ? 'Reading…'
        : some
          ? 'Choose a connection from the list.'
          : 'Connections of the inspected page are shown here, once its site is watched and the page makes one.'}
    </p>
  );
}

function ConnectionView({ connection }: { readonly connection: PageConnection }): ReactElement {
  const { badge, text } = connectionVerdict(connection);
  const problems = useMemo(() => connectionProblems(connection), [connection]);
  const rows = timelineRows(connection);
  return (
    <>
      <div className="verdict" role="status" aria-label="Verdict" data-tone={badge.tone}>
        <Badge badge={badge} />
        <p>
          <bdi>{text}</bdi>
        </p>
      </div>
      <div className="sheets page-sheets">
        {connection.transports.map((_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: transports are known by their place
          <Transport key={index} connection={connection} index={index} />
        ))}
        {(connection.local || connection.remote) && (
          <section className="sheet" aria-label="Descriptions">
            <h2>Descriptions</h2>
            {problems.length === 0 ? (
              <p className="dim">Nothing is wrong with them as far as DTLS and ICE go.</p>
            ) : (
              <ul className="sdp-problems" aria-label="Problems">
                {problems.map((problem) => (
                  <Problem key={`${problem.id} ${problem.side} ${problem.line} ${problem.text}`} problem={problem} />
                ))}
              </ul>
            )}
            {connection.local && <Sdp title="Local" description={connection.local} />}
            {connection.remote && <Sdp title="Remote" description={connection.remote} />}
          </section>
        )}
        <section className="sheet" aria-label="Timeline">
          <h2>Timeline</h2>
          <ol className="page-timeline">
            {rows.map(({ at, text: line }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity beyond their place
              <li key={index}>
                <span className="number dim">{at}</span> <bdi>{line}</bdi>
              </li>
            ))}
          </ol>
        </section>
      </div>
    </>
  );
}

interface TransportProps {
  readonly connection: PageConnection;
  readonly index: number;
}

function Transport({ connection, index }: TransportProps): ReactElement | null {
  const transport = connection.transports[index];
  const chain = transport?.certificates.join(' ') ?? '';
  const { createdAt } = connection;
  // Signatures are checked once for a chain, not at every change of a counter.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chain's text stands for the transport
  const cards = useMemo(
    () => (transport ? remoteCertificates(transport, nobleProvider, createdAt) : []),
    [chain, createdAt],
  );
  if (!transport) return null;
  const title = connection.transports.length === 1 ? 'Transport' : `Transport ${index + 1}`;
  return (
    <section className="sheet" aria-label={title}>
      <h2>{title}</h2>
      <dl className="facts">
        {transportFacts(transport).map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {cards.length === 0 ? (
        <p className="dim">The browser tells no certificate of the peer.</p>
      ) : (
        cards.map((card, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a certificate is known by its place in the chain
          <Card key={at} card={card} side="peer" />
        ))
      )}
    </section>
  );
}

function Problem({ problem }: { readonly problem: SdpProblem }): ReactElement {
  const { severity, side, line, text } = problem;
  const where = side === undefined ? '' : ` (${side}${line === undefined ? '' : `, line ${line}`})`;
  return (
    <li>
      <Badge badge={severityBadge(severity)} /> <bdi>{text}</bdi>
      <span className="dim">{where}</span>
    </li>
  );
}

function Sdp({ title, description }: { readonly title: string; readonly description: PageDescription }): ReactElement {
  const { type, sdp, cut } = description;
  const lines = sdp.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return (
    <details className="sdp">
      <summary>
        {title} {type} <span className="dim">({lines.length} lines)</span>
      </summary>
      <p className="row">
        <CopyButton text={sdp} label={`Copy the ${type}`} />
        {cut !== undefined && (
          <span>
            Only the first {sdp.length} of {cut} characters are kept.
          </span>
        )}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{lines.map((line, index) => `${String(index + 1).padStart(4)}  ${line}\n`).join('')}</pre>
    </details>
  );
}
