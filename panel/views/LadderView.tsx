/**
 * The ladder in SVG: paints what layout/ladder.ts decided, and only the rows on screen. It is one list box with one tab
 * stop: up and down walk datagrams, left and right the records of one, Enter opens the details, Esc closes them.
 */
import { Fragment, type KeyboardEvent, memo, type ReactElement, useEffect, useMemo, useRef } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import { zoomed, zoomKeys } from '../layout/axis.ts';
import type { Chip } from '../layout/chips.ts';
import type { DatagramRow } from '../layout/datagramRow.ts';
import type { FlightRow } from '../layout/flightRow.ts';
import { type Band, type EventRow, type Ladder, LadderLayout, type Row } from '../layout/ladder.ts';
import type { LitBy } from '../layout/light.ts';
import { clip, measure } from '../layout/measure.ts';
import { rowsInView } from '../layout/rowsInView.ts';
import { recordOf, step, stepRecord, type Target } from '../state/selection.ts';
import { charWidth } from './charWidth.ts';
import { useActions, useSlice } from './context.ts';
import { useKeep } from './FilterBox.tsx';
import { useLight } from './useInspection.ts';
import { useWidth, useWindow } from './useWindow.ts';

interface Props {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
}

export function LadderView({ handshake, diagnosis }: Props): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return (
    <div className="ladder-frame" ref={frame}>
      {width !== undefined && <Drawn handshake={handshake} diagnosis={diagnosis} width={width} />}
    </div>
  );
}

/** What the labels of the options say already. */
const unheard = { 'aria-hidden': true } as const;

const rowId = (packet: number): string => `datagram-${packet}`;

function Drawn({ handshake, diagnosis, width }: Props & { readonly width: number }): ReactElement {
  const axis = useSlice((state) => state.view.axis);
  const zoom = useSlice((state) => state.view.zoom);
  const stun = useSlice((state) => state.view.stun);
  const keep = useKeep();
  const target = useSlice((state) => state.selection.target);
  const lit = useSlice((state) => state.selection.lit);
  const actions = useActions();
  const layout = useMemo(() => new LadderLayout(), []);
  const drawn = useMemo(
    () =>
      layout.of(handshake, { width, axis, zoom, keep, stun, charWidth: charWidth(), stopped: stoppedBy(diagnosis) }),
    [layout, handshake, diagnosis, width, axis, zoom, keep, stun],
  );
  const litPackets = useMemo(() => new Set(lit.map((range) => range.packet)), [lit]);
  const light = useLight();
  const body = useRef<HTMLDivElement>(null);
  const cursor = useRef<HTMLDivElement>(null);
  const view = useWindow(body, drawn.height);
  const selected = drawn.rowOf(target?.packet);

  const packet = target?.packet;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another target or other evidence is to be brought into view
  useEffect(() => {
    cursor.current?.scrollIntoView({ block: 'nearest' });
  }, [packet, lit]);

  const { start, end } = rowsInView(drawn.rows, view.top, view.bottom);
  const rows = drawn.rows.slice(start, end);
  const from = Math.max(view.top - 200, 0);
  const to = Math.min(view.bottom + 200, drawn.height);
  const banded = rowsInView(drawn.bands, from, to, 0);
  const bands = drawn.bands.slice(banded.start, banded.end);
  const { x: left } = drawn.lanes.client;

  return (
    <>
      <p className="notes dim">
        <span>{drawn.axis.text}</span>
        {drawn.inferred !== undefined && <span>{drawn.inferred}</span>}
        {drawn.leftOut !== undefined && <span>{drawn.leftOut}</span>}
      </p>
      <div
        className="ladder"
        data-ladder
        data-rows
        role="listbox"
        aria-label={`Ladder of ${drawn.packets.length} datagrams`}
        aria-activedescendant={selected ? rowId(packet ?? 0) : undefined}
        tabIndex={0}
        onClick={(event) => {
          const clicked = targetAt(event.target, handshake);
          if (clicked) actions.selectTarget(clicked, true);
        }}
        onKeyDown={(event) => {
          const steps = zoomKeys[event.key];
          if (steps === undefined || event.ctrlKey || event.metaKey || event.altKey)
            onKey(event, drawn, target, handshake, actions);
          else actions.setView({ zoom: steps === 0 ? 1 : zoomed(zoom, steps) });
        }}
      >
        <Lanes drawn={drawn} />
        <div className="ladder-body" ref={body} style={{ height: drawn.height }}>
          {selected && (
            <div className="ladder-cursor" ref={cursor} style={{ top: selected.y, height: selected.height }} />
          )}
          {/* As tall as all rows: one that moved with the window would have every text in it laid out again. */}
          <svg role="presentation" width={drawn.width} height={drawn.height}>
            <g {...unheard}>
              {bands.map((band) => (
                <BandShape key={band.index} band={band} width={drawn.width} />
              ))}
              {[drawn.lanes.client, drawn.lanes.server].map((lane) => (
                <line key={lane.actor} className="lane" x1={lane.x} x2={lane.x} y1={0} y2={drawn.height} />
              ))}
            </g>
            {rows.map((row) => (
              <RowShape
                key={row.kind === 'datagram' ? row.packet : row.key}
                row={row}
                left={left}
                width={drawn.width}
                narrow={drawn.narrow}
                count={drawn.packets.length}
                target={row.kind === 'datagram' && row.packet === packet ? target : undefined}
                lit={row.kind === 'datagram' && litPackets.has(row.packet)}
                linked={row.kind === 'datagram' ? light.packets.get(row.packet)?.[0]?.how : undefined}
                flight={target?.kind === 'flight' ? target.flight : undefined}
              />
            ))}
          </svg>
        </div>
      </div>
    </>
  );
}

/** What an error finding points at stopped the handshake; only that is red. */
const stoppedBy = (diagnosis: Diagnosis): ReadonlySet<number> =>
  new Set(
    diagnosis.findings
      .filter((finding) => finding.severity === 'error')
      .flatMap((finding) => finding.evidence.map((range) => range.packet)),
  );

/** What was clicked: a record's chip, or its only fragment; a flight's head; the first sending; else a datagram's row. */
function targetAt(element: EventTarget, handshake: Handshake): Target | undefined {
  if (!(element instanceof Element)) return undefined;
  const number = (attribute: string): number | undefined => {
    const value = element.closest(`[${attribute}]`)?.getAttribute(attribute);
    return value === null || value === undefined ? undefined : Number(value);
  };
  const first = number('data-first');
  if (first !== undefined) return { kind: 'datagram', packet: first };
  const flight = number('data-flight');
  const start = handshake.flights.find((one) => one.number === flight)?.packets[0];
  if (flight !== undefined && start !== undefined) return { kind: 'flight', flight, packet: start };
  const packet = number('data-packet');
  const record = number('data-record');
  if (packet === undefined) return undefined;
  return record === undefined ? { kind: 'datagram', packet } : recordTarget(handshake, packet, record);
}

const datagramOf = ({ datagrams }: Handshake, packet: number) => datagrams.find((one) => one.packet === packet);

/** A record, or its fragment when it holds just one. */
function recordTarget(handshake: Handshake, packet: number, record: number): Target {
  const held = datagramOf(handshake, packet)?.records[record];
  return held?.content !== undefined && held.fragments.length === 1
    ? { kind: 'fragment', packet, record, fragment: 0 }
    : { kind: 'record', packet, record };
}

function onKey(
  event: KeyboardEvent,
  drawn: Ladder,
  target: Target | undefined,
  handshake: Handshake,
  actions: ReturnType<typeof useActions>,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const by = steps[event.key];
  if (by !== undefined) {
    const packet = step(drawn.packets, target, by);
    if (packet !== undefined) actions.selectTarget({ kind: 'datagram', packet });
  } else if (target && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
    const records = datagramOf(handshake, target.packet)?.records.length ?? 0;
    const next = stepRecord(target, records, event.key === 'ArrowRight' ? 1 : -1);
    actions.selectTarget(next.kind === 'record' ? recordTarget(handshake, next.packet, next.record) : next);
  } else if (target && event.key === 'Enter') actions.openDetails(true);
  else if (event.key === 'Escape') actions.letGo();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** How far a key walks along the datagrams. */
const steps: Readonly<Partial<Record<string, number>>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function Lanes({ drawn }: { readonly drawn: Ladder }): ReactElement {
  const { client, server } = drawn.lanes;
  return (
    <div className="lanes" data-narrow={drawn.narrow} {...unheard}>
      <div
        className="lane-titles"
        style={drawn.narrow ? { left: 8, right: 8 } : { left: client.x, right: drawn.width - server.x }}
      >
        {[client, server].map(({ actor, title, address }) => (
          <div key={actor} className="lane-title" title={`${title} ${address}`}>
            <strong>{title}</strong> <bdi>{address}</bdi>
          </div>
        ))}
      </div>
    </div>
  );
}

const BandShape = memo(function BandShape({
  band,
  width,
}: {
  readonly band: Band;
  readonly width: number;
}): ReactElement {
  const height = Math.max(band.height, 1);
  return (
    <rect
      className="band"
      data-odd={band.odd}
      data-resent={band.resent}
      x={0}
      y={band.y}
      width={width}
      height={height}
    />
  );
});

interface RowProps {
  readonly row: Row;
  /** The client's lane. */
  readonly left: number;
  readonly width: number;
  readonly narrow: boolean;
  /** Datagrams of the whole ladder. */
  readonly count: number;
  readonly target: Target | undefined;
  readonly lit: boolean;
  /** How the datagram holds the selected bytes. */
  readonly linked: LitBy | undefined;
  /** The selected flight. */
  readonly flight: number | undefined;
}

/** Drawn again only when something of its own changed: while the user scrolls, most rows stay. */
const RowShape = memo(function RowShape(props: RowProps): ReactElement {
  const { row, left, width, flight } = props;
  switch (row.kind) {
    case 'datagram':
      return <DatagramShape {...props} row={row} />;
    case 'flight':
      return <FlightShape row={row} x={left + 8} selected={row.flight === flight} />;
    case 'pause':
      return (
        <text className="pause" x={left + 8} y={row.y + 14} {...unheard}>
          {row.text}
        </text>
      );
    case 'event':
      return <EventShape row={row} left={left} width={width} />;
  }
});

function FlightShape({
  row,
  x,
  selected,
}: {
  readonly row: FlightRow;
  readonly x: number;
  readonly selected: boolean;
}): ReactElement {
  return (
    <text className="flight-head" data-flight={row.flight} data-selected={selected} x={x} y={row.y + 15} {...unheard}>
      <tspan className="flight-title">{row.title}</tspan>
      <tspan dx={6}>{row.from}</tspan>
      <tspan dx={8} className="flight-text">
        {row.text}
      </tspan>
      {row.full !== row.text && <title>{row.full}</title>}
    </text>
  );
}

function EventShape({
  row,
  left,
  width,
}: {
  readonly row: EventRow;
  readonly left: number;
  readonly width: number;
}): ReactElement {
  const x = left + 10;
  return (
    <g className="event" data-tone={row.tone} {...unheard}>
      <text className="time" x={left - 8} y={row.y + 15}>
        {row.time}
      </text>
      <rect x={x - 5} y={row.y + 7} width={9} height={9} />
      <text x={x + 10} y={row.y + 15}>
        {clip(row.text, width - x - 14, 6.2)}
        <title>{row.text}</title>
      </text>
    </g>
  );
}

interface DatagramProps extends Omit<RowProps, 'row'> {
  readonly row: DatagramRow;
}

const linkedTexts: Readonly<Record<LitBy, string>> = {
  own: 'holds the selected bytes',
  same: 'holds the selected bytes',
  again: 'repeats the selected bytes',
  lost: 'lost the selected bytes',
  conflict: 'has other bytes in their place',
  sealed: 'holds the selected bytes encrypted',
};

function DatagramShape({ row, left, width, narrow, count, target, lit, linked, flight }: DatagramProps): ReactElement {
  const { arrow, remarkAt } = row;
  const record = recordOf(target);
  return (
    <g
      id={rowId(row.packet)}
      className="datagram"
      role="option"
      aria-selected={target !== undefined}
      aria-label={[row.label, lit ? 'evidence' : '', linked ? linkedTexts[linked] : ''].filter(Boolean).join(', ')}
      aria-posinset={row.place + 1}
      aria-setsize={count}
      data-packet={row.packet}
      data-from={row.from}
      data-lost={row.lost}
      data-harmed={row.harmed}
      data-resent={row.resent}
      data-stopped={row.stopped}
      data-lit={lit}
      data-linked={linked}
      data-in-flight={flight !== undefined && row.flight === flight}
    >
      <rect className="row-back" x={1} y={row.y} width={width - 2} height={row.height} />
      {lit && <rect className="row-lit" x={0} y={row.y} width={3} height={row.height} />}
      {linked !== undefined && (
        <path className="linked-mark" d={`M6 ${row.y + 2} l4 4 l-4 4 l-4 -4 z`}>
          <title>{linkedTexts[linked]}</title>
        </path>
      )}
      <text className="time" x={left - 8} y={arrow.y + 4}>
        {row.time}
      </text>{' '}
      <ArrowShape row={row} />
      {row.chips.map((chip) => (
        <Fragment key={chip.record}>
          <ChipShape chip={chip} selected={record === chip.record} />{' '}
        </Fragment>
      ))}
      <text className={narrow ? 'size' : 'size end'} x={remarkAt.x + (narrow ? 0 : sizeEnd)} y={remarkAt.y}>
        {row.size}
      </text>{' '}
      <text className="remark" data-first={row.firstSent[0]} x={remarkAt.x + measure.size} y={remarkAt.y}>
        {row.remark}
        {row.remarks.length > 0 && <title>{row.remarks.join('; ')}</title>}
      </text>
    </g>
  );
}

/** Sizes end here in their column, so that digits stand under digits. */
const sizeEnd = measure.size - 12;

function ArrowShape({ row }: { readonly row: DatagramRow }): ReactElement {
  const { y, x1, x2 } = row.arrow;
  const back = x2 > x1 ? -1 : 1;
  const head = `M${x2 + back * 7} ${y - 4} L${x2} ${y} L${x2 + back * 7} ${y + 4}`;
  const cross = `M${x2 - 5} ${y - 5} L${x2 + 5} ${y + 5} M${x2 + 5} ${y - 5} L${x2 - 5} ${y + 5}`;
  const cut = x2 + back * 14;
  return (
    <g className="arrow">
      <line x1={x1} x2={row.lost ? x2 + back * 7 : x2} y1={y} y2={y} />
      <path className="arrow-end" d={row.lost ? cross : head} />
      {row.harmed && !row.lost && (
        <path className="arrow-end" d={`M${cut - 4} ${y + 5} l4 -10 M${cut + 1} ${y + 5} l4 -10`} />
      )}
    </g>
  );
}

function ChipShape({ chip, selected }: { readonly chip: Chip; readonly selected: boolean }): ReactElement {
  return (
    <g
      className="chip"
      data-record={chip.record}
      data-kind={chip.kind}
      data-decrypted={chip.decrypted}
      data-selected={selected}
    >
      <rect x={chip.x + 0.5} y={chip.y + 0.5} width={chip.width - 1} height={chip.height - 1} rx={3} />
      <text x={chip.x + 6} y={chip.y + 13}>
        {chip.text}
      </text>
      <title>{chip.decrypted ? `${chip.full} (decrypted)` : chip.full}</title>
    </g>
  );
}
