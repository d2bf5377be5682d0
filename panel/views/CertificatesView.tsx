/** What both sides showed of themselves: chains, sizes, dates, fingerprints to compare and to copy. */
import { type ReactElement, useMemo } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { type CertificateCard, type ChainView, certificateViews } from '../layout/certificates.ts';
import { Badge } from './Badge.tsx';
import { CopyButton, CopyLine } from './CopyLine.tsx';

interface Props {
  readonly handshake: Handshake;
  /** Wall clock of the trace's time 0, ms since 1970. */
  readonly startedAt: number | undefined;
}

export function CertificatesView({ handshake, startedAt }: Props): ReactElement {
  // Signatures are checked once for a handshake, not at every picture.
  const views = useMemo(() => certificateViews(handshake, nobleProvider, startedAt), [handshake, startedAt]);
  return (
    <div className="sheets">
      {views.map((view) => (
        <Chain key={view.side} view={view} />
      ))}
    </div>
  );
}

function Chain({ view }: { readonly view: ChainView }): ReactElement {
  const { side, certificates, absent, cost, expected } = view;
  return (
    <section className="sheet" aria-label={`Certificates of the ${side}`}>
      <h2>{side === 'server' ? 'Server' : 'Client'}</h2>
      {absent !== undefined && <p className="dim">{absent}</p>}
      {cost !== undefined && <p>{cost}</p>}
      {expected.map(({ text, matches }) => (
        <p key={text} className="row">
          <Badge
            badge={
              matches === true
                ? { text: 'fingerprint matches', tone: 'good', shape: 'check' }
                : matches === false
                  ? { text: 'fingerprint differs', tone: 'bad', shape: 'cross' }
                  : { text: 'fingerprint not compared', tone: 'quiet', shape: 'ring' }
            }
          />
          <span>
            expected <code>{text}</code>
          </span>
        </p>
      ))}
      {certificates.length > 0 && expected.length === 0 && (
        <p className="dim">No expected fingerprint is known here, so there is none to compare with.</p>
      )}
      {certificates.length > 1 && (
        <p className="row">
          <CopyButton text={view.pem} label={`Copy the chain of ${certificates.length} as PEM`} />
        </p>
      )}
      {certificates.map((card, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a certificate is known by its place in the chain
        <Card key={index} card={card} side={side} />
      ))}
    </section>
  );
}

/** One certificate; `side` says whose. */
export function Card({ card, side }: { readonly card: CertificateCard; readonly side: string }): ReactElement {
  const { link } = card;
  return (
    <article className="card" aria-label={`${card.title} of the ${side}`}>
      <h3>{card.title}</h3>
      <dl className="facts">
        {card.facts.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
        <div>
          <dt>Chain</dt>
          <dd>
            <Badge
              badge={{
                text: link.text,
                tone: link.tone,
                shape: link.tone === 'good' ? 'check' : link.tone === 'warn' ? 'cross' : 'ring',
              }}
            />
          </dd>
        </div>
      </dl>
      {card.dates !== undefined && (
        <p className="row">
          <Badge badge={{ text: 'info', tone: 'quiet', shape: 'ring' }} />
          <span>{card.dates}</span>
        </p>
      )}
      <ul className="fingerprints" aria-label="Fingerprints">
        {card.fingerprints.map((text) => (
          <li key={text}>
            <CopyLine text={text} name={`the ${text.split(' ')[0]} fingerprint`} />
          </li>
        ))}
      </ul>
      <p className="row">
        <CopyButton text={card.pem} label="Copy as PEM" />
      </p>
    </article>
  );
}
