/** What is known about the selected datagram; beside the ladder when there is room, a drawer under it when there is not. */
import { type ReactElement, useEffect, useRef } from 'react';
import { datagramDetails, type Fact } from '../layout/details.ts';
import { useActions, useShown, useSlice } from './context.ts';

export function DetailsPane(): ReactElement | null {
  const { handshake } = useShown();
  const target = useSlice((state) => state.selection.target);
  const lit = useSlice((state) => state.selection.lit);
  const open = useSlice((state) => state.selection.details);
  const { openDetails, selectTarget } = useActions();
  const chosen = useRef<HTMLElement>(null);
  const record = target?.kind === 'record' ? target.record : undefined;
  useEffect(() => {
    if (open && record !== undefined) chosen.current?.scrollIntoView({ block: 'nearest' });
  }, [open, record]);
  const details = open && handshake && target ? datagramDetails(handshake, target.packet, lit) : undefined;
  if (!details || !target) return null;
  return (
    <aside
      className="details"
      aria-label="Details"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        openDetails(false);
        document.querySelector<HTMLElement>('[data-ladder]')?.focus();
      }}
    >
      <header className="bar">
        <h2>{details.title}</h2>
        <span className="grow" />
        <button type="button" onClick={() => openDetails(false)}>
          Close
        </button>
      </header>
      <div className="details-body">
        <Facts facts={details.facts} />
        {details.remarks.map((remark) => (
          <p key={remark} className="callout" data-tone="warn">
            <bdi>{remark}</bdi>
          </p>
        ))}
        {details.records.map(({ index, title, facts }) => (
          <section
            key={index}
            ref={index === record ? chosen : undefined}
            className="record"
            data-selected={index === record}
            aria-label={`Record ${index + 1}`}
          >
            <h3>
              <button
                type="button"
                className="link"
                onClick={() => selectTarget({ kind: 'record', packet: target.packet, record: index })}
              >
                Record {index + 1}
              </button>{' '}
              <code>{title}</code>
            </h3>
            <Facts facts={facts} />
          </section>
        ))}
        {details.records.length === 0 && <p className="dim">No DTLS record could be read in it.</p>}
      </div>
    </aside>
  );
}

function Facts({ facts }: { readonly facts: readonly Fact[] }): ReactElement {
  return (
    <dl className="facts">
      {facts.map(({ name, value }) => (
        <div key={`${name}/${value}`}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
