/**
 * The packing in SVG: paints what layout/packing.ts decided, and only the rows on screen. It is one list box with one tab
 * stop: up and down walk messages and datagrams, left and right what a datagram holds, Enter opens the details.
 */
import { type KeyboardEvent, memo, type ReactElement, useEffect, useMemo, useRef } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { zoomed, zoomKeys } from '../layout/axis.ts';
import { type BlockRow, packingMeasure } from '../layout/blockRow.ts';
import type { LitRange } from '../layout/light.ts';
import { leftOutText } from '../layout/notes.ts';
import { type MessageRow, type Packing, PackingLayout, type PackingRow } from '../layout/packing.ts';
import { rowsInView } from '../layout/rowsInView.ts';
import { sameTarget, type Target, targetKey } from '../state/selection.ts';
import { charWidth } from './charWidth.ts';
import { useActions, useShown, useSlice } from './context.ts';
import { useKeep } from './FilterBox.tsx';
import { useLight } from './useInspection.ts';
import { useWidth, useWindow } from './useWindow.ts';

export function PackingView({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return (
    <div className="ladder-frame" ref={frame}>
      {width !== undefined && <Drawn handshake={handshake} width={width} />}
    </div>
  );
}

type ListedRow = MessageRow | BlockRow;
const listed = (row: PackingRow): row is ListedRow => row.kind !== 'head';
const rowId = ({ key }: PackingRow): string => `packing-${key}`;

function Drawn({ handshake, width }: { readonly handshake: Handshake; readonly width: number }): ReactElement {
  const keep = useKeep();
  const target = useSlice((state) => state.selection.target);
  const { run } = useShown();
  const mtu = handshake.ours.length > 0 ? mtuOf(run?.request.options['mtu']) : undefined;
  const light = useLight();
  const actions = useActions();
  const zoom = useSlice((state) => state.view.byteZoom);
  const layout = useMemo(() => new PackingLayout(), []);
  const drawn = useMemo(
    () => layout.of(handshake, { width, mtu, keep, zoom, charWidth: charWidth() }),
    [layout, handshake, width, mtu, keep, zoom],
  );
  const body = useRef<HTMLDivElement>(null);
  const cursor = useRef<HTMLDivElement>(null);
  const view = useWindow(body, drawn.height);
  const { start, end } = rowsInView(drawn.rows, view.top, view.bottom);
  const selected = drawn.rowOf(target);
  const key = target && targetKey(target);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another target is to be brought into view
  useEffect(() => {
    cursor.current?.scrollIntoView({ block: 'nearest' });
  }, [key, zoom]);
  const shown = drawn.rows.slice(start, end);
  return (
    <>
      <p className="notes dim">
        <span>Bytes of UDP payload from left to right; message bars have a scale of their own</span>
        <span>Each block from above: datagram, records, fragments, messages; headers shaded</span>
        <span>
          {[
            ...(mtu === undefined ? [] : [`MTU of the run ${mtu} B`]),
            ...(drawn.limits.length === 0
              ? []
              : [
                  `${drawn.limits.length === 1 ? 'line' : 'lines'} at ${drawn.limits.map(({ bytes }) => bytes).join(', ')} B`,
                ]),
          ].join('; ')}
        </span>
        <span>{leftOutText(handshake)}</span>
      </p>
      <div
        className="ladder packing"
        data-rows
        role="listbox"
        aria-label={`Packing of ${handshake.messages.length} messages into ${handshake.datagrams.length} datagrams`}
        aria-activedescendant={selected ? rowId(selected) : undefined}
        tabIndex={0}
        onClick={(event) => {
          const clicked =
            event.target instanceof Element
              ? event.target.closest('[data-target]')?.getAttribute('data-target')
              : undefined;
          const chosen = clicked ? targetWith(clicked, shown) : undefined;
          if (chosen) actions.selectTarget(chosen, true);
        }}
        onKeyDown={(event) => {
          const steps = zoomKeys[event.key];
          if (steps === undefined || event.ctrlKey || event.metaKey || event.altKey)
            onKey(event, drawn, target, actions);
          else actions.setView({ byteZoom: steps === 0 ? 1 : zoomed(zoom, steps) });
        }}
      >
        <div className="ladder-body" ref={body} style={{ height: drawn.height, width: drawn.width }}>
          {selected && (
            <div
              className="ladder-cursor"
              ref={cursor}
              style={{ top: selected.y, height: selected.height, ...across(selected, target) }}
            />
          )}
          {/* As tall as all rows: one that moved with the window would have every text in it laid out again. */}
          <svg role="presentation" width={drawn.width} height={drawn.height}>
            <defs>
              <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line className="hatch-line" x1="0" y1="0" x2="0" y2="6" />
              </pattern>
            </defs>
            {shown.map((row) => (
              <RowShape
                key={row.key}
                row={row}
                left={drawn.left}
                scale={drawn.scale}
                width={drawn.width}
                target={target}
                lit={(row.kind === 'datagram' ? light.packets.get(row.packet) : undefined) ?? unlit}
              />
            ))}
            <Limits drawn={drawn} />
          </svg>
        </div>
      </div>
    </>
  );
}

/** Where the selected thing stands from left to right: what is wider than the frame is scrolled to it. */
function across(row: ListedRow, target: Target | undefined): { readonly left: number; readonly width?: number } {
  const strip =
    row.kind === 'datagram' && target ? row.strips.find((one) => sameTarget(one.target, target)) : undefined;
  return strip ? { left: strip.x, width: Math.min(strip.width, 80) } : { left: 0 };
}

/** The run's own MTU; it keeps options as they were typed. */
function mtuOf(given: unknown): number | undefined {
  const mtu = given === undefined ? defaultMtu : Number(given);
  return Number.isFinite(mtu) && mtu > 0 ? mtu : undefined;
}
const defaultMtu = 1200;

const targetsIn = (row: ListedRow): readonly Target[] => (row.kind === 'message' ? [row.target] : row.targets);

/** What was clicked, among what the rows on screen hold. */
const targetWith = (key: string, rows: readonly PackingRow[]): Target | undefined =>
  rows
    .flatMap((row) => (listed(row) ? targetsIn(row) : row.target ? [row.target] : []))
    .find((one) => targetKey(one) === key);

function onKey(
  event: KeyboardEvent,
  drawn: Packing,
  target: Target | undefined,
  actions: ReturnType<typeof useActions>,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = drawn.rowOf(target);
  const by = steps[event.key];
  if (by !== undefined) {
    const rows = drawn.rows.filter(listed);
    const at = row ? rows.indexOf(row) : -1;
    const from = at < 0 && by < 0 ? rows.length : at;
    const next = rows[Math.min(Math.max(from + by, 0), rows.length - 1)];
    if (next) actions.selectTarget(next.target);
  } else if (row && target && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
    const all = targetsIn(row);
    const here = all.findIndex((one) => sameTarget(one, target));
    const next = all[Math.min(Math.max(here + (event.key === 'ArrowRight' ? 1 : -1), 0), all.length - 1)];
    if (next && next.kind !== 'message') actions.selectTarget(next);
    else if (next) {
      // A message's own row is its bar; from inside a datagram the walk goes on behind it.
      const beyond = all.slice(Math.max(here, 0) + 1).find(({ kind }) => kind !== 'message');
      if (event.key === 'ArrowRight' && beyond) actions.selectTarget(beyond);
      else if (event.key === 'ArrowLeft') {
        const before = all.slice(0, Math.max(here, 0)).findLast(({ kind }) => kind !== 'message');
        if (before) actions.selectTarget(before);
      }
    }
  } else if (target && event.key === 'Enter') actions.openDetails(true);
  else if (event.key === 'Escape') actions.letGo();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const steps: Readonly<Partial<Record<string, number>>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 6,
  PageUp: -6,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** What the labels of the options say already. */
const unheard = { 'aria-hidden': true } as const;

function Limits({ drawn }: { readonly drawn: Packing }): ReactElement {
  return (
    <g className="limits" {...unheard}>
      {drawn.limits.map(({ bytes, x, text, own }) => (
        <g key={bytes} className="limit" data-own={own}>
          <line x1={x} x2={x} y1={packingMeasure.axis - 4} y2={drawn.height} />
          <text x={x - 3} y={13}>
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

interface RowProps {
  readonly row: PackingRow;
  readonly left: number;
  readonly scale: number;
  readonly width: number;
  readonly target: Target | undefined;
  readonly lit: readonly LitRange[];
}
const unlit: readonly LitRange[] = [];

/** Drawn again only when something of its own changed: while the user scrolls, most rows stay. */
const RowShape = memo(function RowShape(props: RowProps): ReactElement {
  const { row, left, width, target } = props;
  if (row.kind === 'message') return <MessageShape row={row} target={target} width={width} />;
  if (row.kind === 'datagram') return <BlockShape {...props} row={row} />;
  return (
    <text
      className="flight-head"
      data-target={row.target && targetKey(row.target)}
      data-selected={sameTarget(row.target, target)}
      x={left}
      y={row.y + 16}
      {...unheard}
    >
      <tspan className="flight-title">{row.text}</tspan>
    </text>
  );
});

function MessageShape({
  row,
  target,
  width,
}: {
  readonly row: MessageRow;
  readonly target: Target | undefined;
  readonly width: number;
}): ReactElement {
  const { bar } = row;
  return (
    <g
      id={rowId(row)}
      className="pack-row"
      role="option"
      aria-selected={sameTarget(row.target, target)}
      data-selected={sameTarget(row.target, target)}
      aria-label={row.label}
      data-target={targetKey(row.target)}
    >
      <rect className="row-back" x={1} y={row.y} width={width - 2} height={row.height} />
      <text x={bar.x} y={row.y + 12}>
        {row.shown}
        <title>{row.label}</title>
      </text>
      <rect className="bar-frame" x={bar.x} y={bar.y} width={bar.width} height={bar.height} />
      {row.parts.map(({ kind, x, width: wide, text }) => (
        <rect
          key={text}
          className="bar-part"
          data-kind={kind}
          x={x}
          y={kind === 'duplicate' ? bar.y + bar.height - 4 : bar.y}
          width={wide}
          height={kind === 'duplicate' ? 4 : bar.height}
        >
          <title>{text}</title>
        </rect>
      ))}
    </g>
  );
}

function BlockShape({
  row,
  left,
  scale,
  width,
  target,
  lit,
}: Omit<RowProps, 'row'> & { readonly row: BlockRow }): ReactElement {
  const inside =
    target !== undefined && row.targets.some((one) => sameTarget(one, target) && one.packet === target.packet);
  const top = row.y + packingMeasure.caption;
  const tall = 4 * packingMeasure.strip;
  return (
    <g
      className="pack-row"
      data-packet={row.packet}
      data-target={targetKey(row.target)}
      data-lost={row.lost}
      data-selected={inside && target.kind !== 'message'}
    >
      {/* The caption is what names the block; the strips are a picture of what the name says. */}
      <g
        id={rowId(row)}
        role="option"
        aria-selected={inside && target.kind !== 'message'}
        aria-label={lit.length > 0 ? `${row.label}, holds the selected bytes` : row.label}
      >
        <rect className="row-back" x={1} y={row.y} width={width - 2} height={row.height} />
        <text x={left} y={row.y + 12}>
          {row.text}
        </text>
      </g>
      {row.strips.map((strip) => (
        <g
          key={strip.key}
          className="strip"
          {...unheard}
          data-level={strip.level}
          data-odd={strip.odd}
          data-sealed={strip.sealed}
          data-target={targetKey(strip.target)}
          data-selected={sameTarget(strip.target, target)}
        >
          <rect x={strip.x} y={strip.y} width={strip.width} height={packingMeasure.strip - 1} />
          {strip.head > 0 && (
            <rect className="strip-head" x={strip.x} y={strip.y} width={strip.head} height={packingMeasure.strip - 1} />
          )}
          {strip.text !== '' && (
            <text x={strip.x + strip.head + 3} y={strip.y + 11}>
              {strip.text}
            </text>
          )}
          <title>{strip.full}</title>
        </g>
      ))}
      {row.past && (
        <rect className="past" x={row.past.x} y={top} width={row.past.width} height={tall - 1} {...unheard}>
          <title>{row.past.text}</title>
        </rect>
      )}
      {lit.map(({ start, end, how }) => (
        <rect
          key={`${start}-${end}`}
          className="pack-lit"
          data-how={how}
          x={left + start * scale}
          y={top - 1}
          width={Math.max((end - start) * scale, 2)}
          height={tall + 1}
          {...unheard}
        />
      ))}
    </g>
  );
}
