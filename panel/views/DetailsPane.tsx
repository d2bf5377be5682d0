/**
 * What the selected thing is made of: its buffers as tabs, the tree of fields above the bytes, linked both ways. Beside
 * the ladder when there is room, a drawer under it when there is not.
 */
import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react';
import type { FieldTree } from '../../src/analysis/inspect/model.ts';
import { fieldAround, fieldAt, pathTo } from '../../src/analysis/inspect/select.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import type { Place } from '../../src/trace/buffers.ts';
import type { PacketNumber } from '../../src/trace/model.ts';
import { crumbsOf } from '../layout/crumbs.ts';
import { datagramDetails, type Fact } from '../layout/details.ts';
import type { Light } from '../layout/light.ts';
import { firstSendings, listText } from '../layout/sendings.ts';
import { recordOf, targetKey } from '../state/selection.ts';
import { CopyAs } from './CopyAs.tsx';
import { useActions, useShown, useSlice } from './context.ts';
import { FieldTreeView } from './FieldTreeView.tsx';
import { HexView } from './HexView.tsx';
import { Splitter } from './Splitter.tsx';
import { Tabs } from './Tabs.tsx';
import { type Inspected, useInspection, useLight } from './useInspection.ts';
import { narrowDock, useMedia, wideDock } from './useMedia.ts';

export function DetailsPane(): ReactElement | null {
  const { handshake } = useShown();
  const open = useSlice((state) => state.selection.details);
  const inspected = useInspection();
  if (!open || !handshake || !inspected) return null;
  return <Details handshake={handshake} inspected={inspected} />;
}

function Details({
  handshake,
  inspected,
}: {
  readonly handshake: Handshake;
  readonly inspected: Inspected;
}): ReactElement {
  const { inspection, target, shown } = inspected;
  const { openDetails, selectTarget, showTab } = useActions();
  const light = useLight();
  const crumbs = crumbsOf(handshake, target);
  const narrow = useMedia(narrowDock);
  const wide = useMedia(wideDock);
  return (
    <aside
      className="details"
      id="details"
      aria-label="Details"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        openDetails(false);
        document.querySelector<HTMLElement>('[data-rows]')?.focus();
      }}
    >
      <Splitter
        name={wide ? 'detailsBeside' : narrow ? 'detailsDrawer' : 'detailsUnder'}
        label={wide ? 'Width of the details' : 'Height of the details'}
        controls="details"
        border={wide ? 'vertical' : 'horizontal'}
        pane="behind"
      />
      <header className="bar">
        <h2>{crumbs.find(({ current }) => current)?.text ?? 'Details'}</h2>
        <span className="grow" />
        <button type="button" onClick={() => openDetails(false)}>
          Close
        </button>
      </header>
      <div className="details-head">
        {crumbs.length > 1 && (
          <nav className="crumbs" aria-label="Part of">
            {crumbs.map(({ text, target: to, current }) => (
              <button
                type="button"
                key={targetKey(to)}
                className="link"
                aria-current={current ? 'true' : undefined}
                onClick={() => selectTarget(to)}
              >
                {text}
              </button>
            ))}
          </nav>
        )}
        <Origins handshake={handshake} inspected={inspected} light={light} />
        {target.kind !== 'message' && target.kind !== 'certificate' && (
          <About handshake={handshake} inspected={inspected} />
        )}
      </div>
      <Tabs
        label="Buffers"
        className="buffer-tabs"
        tabs={inspection.buffers.map(({ id, title }) => ({
          id,
          title: (
            <>
              {title}
              {light.buffers.has(id) && id !== shown.id && (
                <span className="lit-mark" title="holds the selected bytes">
                  {' ◆'}
                  <span className="off-screen">, holds the selected bytes</span>
                </span>
              )}
            </>
          ),
        }))}
        chosen={shown.id}
        choose={showTab}
        prefix="buffer"
        controls="buffer"
      />
      <Buffer key={shown.id} inspected={inspected} light={light} />
    </aside>
  );
}

/** Tree above hex, and what the field in question means. */
function Buffer({ inspected, light }: { readonly inspected: Inspected; readonly light: Light }): ReactElement {
  const { shown, field, inspection, inspector } = inspected;
  const evidence = useSlice((state) => state.selection.lit);
  const { selectField } = useActions();
  const [hovered, setHovered] = useState<FieldTree>();
  const { tree, bytes } = shown;
  const own = field?.buffer === shown.id ? field : undefined;
  const chosen = useMemo(() => {
    // Bytes that are no field of their own stand in the innermost one that holds them all.
    if (own) return own.field === undefined ? fieldAround(tree, own.start, own.end) : pathTo(tree, own.field).at(-1);
    const { buffer, start, end } = inspection.focus;
    return !field && buffer === shown.id ? fieldAround(tree, start, end) : undefined;
  }, [own, field, tree, inspection, shown.id]);
  const told = hovered ?? chosen;
  const lit = light.buffers.get(shown.id) ?? [];
  const select = ({ id, start, end }: FieldTree): void => selectField({ buffer: shown.id, start, end, field: id });
  const there = told?.leadsTo && inspector.buffer(told.leadsTo.buffer);
  const copied = chosen ?? tree;
  return (
    <div className="buffer" id="buffer" data-split-frame role="tabpanel" aria-labelledby={`buffer-${shown.id}`}>
      <FieldTreeView buffer={shown} current={chosen?.id} lit={lit} onSelect={select} onHover={setHovered} />
      <div className="between">
        <Splitter name="tree" label="Height of the tree" controls="buffer" border="horizontal" pane="before" />
      </div>
      <div className="field-help" id="field-help" aria-live="off">
        {told ? (
          <>
            <p>
              <strong>{told.name}</strong> <span className="dim">{told.see}</span>{' '}
              <span className="dim">{rangeOf(told)}</span>
              {there && (
                <>
                  {' '}
                  <button type="button" className="link" onClick={() => selectPlace(told.leadsTo, selectField)}>
                    Read in {there.title}
                  </button>
                </>
              )}
            </p>
            {(told.label !== undefined || told.value !== undefined) && (
              <p>
                {told.label !== undefined && <bdi>{told.label}</bdi>}{' '}
                {told.value !== undefined && <bdi className="mono dim">{told.value}</bdi>}
              </p>
            )}
            {told.problem !== undefined && (
              <p className="problem">
                <bdi>{told.problem}</bdi>
              </p>
            )}
            {told.help !== undefined && <p>{told.help}</p>}
          </>
        ) : (
          <p className="dim">Choose a field or a byte; both light up, here and wherever the same bytes are.</p>
        )}
      </div>
      <HexView
        buffer={shown}
        lit={lit}
        evidence={shown.kind === 'datagram' ? evidence.filter(({ packet }) => packet === shown.packet) : []}
        onSelect={(start, end) => {
          const found = end - start === 1 ? fieldAt(tree, start) : fieldAround(tree, start, end);
          if (found && end - start === 1) select(found);
          else selectField({ buffer: shown.id, start, end, field: found?.id });
        }}
      />
      <CopyAs
        buffer={shown}
        field={copied}
        start={own?.start ?? copied.start}
        end={own?.end ?? Math.min(copied.end, bytes.length)}
      />
    </div>
  );
}

const rangeOf = ({ start, end }: FieldTree): string =>
  end - start === 0 ? 'no bytes' : end - start === 1 ? `byte ${start}` : `bytes ${start}–${end}`;

function selectPlace(place: Place | undefined, select: ReturnType<typeof useActions>['selectField']): void {
  if (place) select({ ...place, field: undefined });
}

/** Where the lit bytes are besides here, and where what is repeated was first. */
function Origins({
  handshake,
  inspected,
  light,
}: {
  readonly handshake: Handshake;
  readonly inspected: Inspected;
  readonly light: Light;
}): ReactElement | null {
  const { target, field, inspection } = inspected;
  const { selectTarget, showTab } = useActions();
  const sendings = useMemo(() => firstSendings(handshake), [handshake]);
  const whole = target.kind !== 'message' && target.kind !== 'certificate';
  const first = whole ? (sendings.get(target.packet) ?? []) : [];
  const go = (packet: PacketNumber): void => selectTarget({ kind: 'datagram', packet });
  if (first.length === 0 && light.lines.length === 0) return null;
  return (
    <ul className="origins">
      {first.length > 0 && (
        <li>
          Datagram {target.packet} repeats, first sent as {first.length === 1 ? 'datagram' : 'datagrams'}{' '}
          <Packets packets={first} onGo={go} />
        </li>
      )}
      {light.lines.map(({ how, text, places }) => (
        <li key={how}>
          {text}{' '}
          <Packets
            packets={places.map(({ packet }) => packet)}
            onGo={(packet) => {
              const place = places.find((one) => one.packet === packet);
              if (!place) return;
              // What was chosen stays chosen; only the datagram in front is another.
              selectTarget({ kind: 'datagram', packet }, true, field ?? { ...inspection.focus, field: undefined });
              showTab(place.buffer);
            }}
          />
        </li>
      ))}
    </ul>
  );
}

const mostPackets = 8;

function Packets({
  packets,
  onGo,
}: {
  readonly packets: readonly PacketNumber[];
  readonly onGo: (packet: PacketNumber) => void;
}): ReactElement {
  const shown = packets.slice(0, mostPackets);
  const rest = packets.slice(mostPackets);
  return (
    <>
      {shown.map((packet, i) => (
        <span key={packet}>
          {i === 0 ? '' : i === packets.length - 1 ? ' and ' : ', '}
          <button type="button" className="link" aria-label={`Datagram ${packet}`} onClick={() => onGo(packet)}>
            {packet}
          </button>
        </span>
      ))}
      {rest.length > 0 && <span title={listText(rest.map(String))}> and {rest.length} more</span>}
    </>
  );
}

/** Facts of the datagram and its records that are no bytes of it. */
function About({
  handshake,
  inspected,
}: {
  readonly handshake: Handshake;
  readonly inspected: Inspected;
}): ReactElement | null {
  const { target } = inspected;
  const lit = useSlice((state) => state.selection.lit);
  const { selectTarget } = useActions();
  const chosen = useRef<HTMLElement>(null);
  const record = recordOf(target);
  useEffect(() => {
    if (record !== undefined) chosen.current?.scrollIntoView({ block: 'nearest' });
  }, [record]);
  const details = useMemo(() => datagramDetails(handshake, target.packet, lit), [handshake, target.packet, lit]);
  if (!details) return null;
  const [direction, , time, size] = details.facts;
  return (
    <>
      {details.remarks.map((remark) => (
        <p key={remark} className="callout" data-tone="warn">
          <bdi>{remark}</bdi>
        </p>
      ))}
      <details className="about">
        <summary>
          About datagram {target.packet}:{' '}
          <span className="dim">{[direction, time, size].map((fact) => fact?.value).join(', ')}</span>
        </summary>
        <div className="about-body">
          <Facts facts={details.facts} />
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
      </details>
    </>
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
