/* biome-ignore-all lint/a11y/useSemanticElements: rows are placed by the view that draws a window of them, as no table can */
/**
 * The bytes of a buffer in hexadecimal and as text. A click selects the field that the byte belongs to, a drag the bytes;
 * arrows walk from byte to byte, with Shift they select. Rows that are on screen are drawn.
 */
import { type KeyboardEvent, type PointerEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import type { InspectedBuffer } from '../../src/analysis/inspect/model.ts';
import { columnsFor, hexRowCount, hexRows, moveByte } from '../layout/hexRows.ts';
import { type LitRange, litAt } from '../layout/light.ts';
import { charWidth } from './charWidth.ts';
import { scrollTo } from './FieldTreeView.tsx';
import { useWidth, useWindow } from './useWindow.ts';

const rowHeight = 18;

interface Props {
  readonly buffer: InspectedBuffer;
  readonly lit: readonly LitRange[];
  /** Ranges that a finding rests on. */
  readonly evidence: readonly { readonly start: number; readonly end: number }[];
  /** Bytes that were chosen; one byte stands for its field. */
  readonly onSelect: (start: number, end: number) => void;
}

const byteId = (at: number): string => `byte-${at}`;

export function HexView(props: Props): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return (
    <div className="hex-frame" ref={frame}>
      {width !== undefined && (
        <Bytes {...props} columns={columnsFor(width - 24, charWidth(), props.buffer.bytes.length)} />
      )}
    </div>
  );
}

function Bytes({ buffer, lit, evidence, onSelect, columns }: Props & { readonly columns: number }): ReactElement {
  const { bytes, missing } = buffer;
  const { length } = bytes;
  const shownLit = lit.filter(({ start, end }) => start > 0 || end < length);
  const firstLit = shownLit[0]?.start;
  const [caret, setCaret] = useState(firstLit ?? 0);
  const anchor = useRef(caret);
  const moved = useRef(false);
  const frame = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const count = hexRowCount(length, columns);
  const view = useWindow(body, count * rowHeight);
  const start = Math.max(Math.floor(view.top / rowHeight) - 4, 0);
  const end = Math.min(Math.ceil(view.bottom / rowHeight) + 4, count);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another place is to be brought into view
  useEffect(() => {
    if (firstLit === undefined) return;
    setCaret((before) => (litAt(shownLit, before) === undefined ? firstLit : before));
    scrollTo(frame.current, Math.floor(firstLit / columns) * rowHeight, rowHeight);
  }, [firstLit, columns]);

  const choose = (at: number, extend: boolean): void => {
    setCaret(at);
    if (!extend) anchor.current = at;
    onSelect(Math.min(anchor.current, at), Math.max(anchor.current, at) + 1);
    scrollTo(frame.current, Math.floor(at / columns) * rowHeight, rowHeight);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.metaKey || event.altKey) return;
    const at = moveByte(caret, event.key, event.ctrlKey, { columns, length });
    if (at === undefined || length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    choose(at, event.shiftKey);
  };
  const onPointer = (event: PointerEvent): void => {
    const at = byteAt(event.target);
    if (at === undefined || (event.type !== 'pointerdown' && (event.buttons & 1) === 0)) return;
    if (event.type === 'pointerdown') {
      moved.current = false;
      choose(at, event.shiftKey);
    } else if (at !== caret || moved.current) {
      moved.current = true;
      choose(at, true);
    }
  };

  return (
    <div
      className="hex mono"
      ref={frame}
      role="grid"
      aria-label={`Bytes of ${buffer.title}`}
      aria-rowcount={count}
      aria-colcount={columns}
      aria-activedescendant={length === 0 ? undefined : byteId(caret)}
      aria-multiselectable="true"
      tabIndex={0}
      onKeyDown={onKey}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
    >
      <div className="rows" ref={body} role="presentation" style={{ height: count * rowHeight }}>
        {hexRows(bytes, columns, start, end).map((row) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and points at its cell
          <div
            className="hex-row"
            role="row"
            key={row.at}
            aria-rowindex={row.at / columns + 1}
            style={{ top: (row.at / columns) * rowHeight }}
          >
            <span className="hex-offset" role="presentation">
              {row.offset}
            </span>
            {row.bytes.map(({ at, hex }) => {
              const how = litAt(shownLit, at);
              const gone = missing.some(([from, to]) => from <= at && at < to);
              return (
                // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and points at its cell
                <span
                  key={at}
                  id={byteId(at)}
                  role="gridcell"
                  className="hex-byte"
                  aria-selected={how === 'own'}
                  aria-label={`${gone ? 'missing' : hex}, byte ${at}`}
                  data-at={at}
                  data-lit={how}
                  data-evidence={evidence.some((one) => one.start <= at && at < one.end) || undefined}
                  data-missing={gone || undefined}
                  data-caret={at === caret || undefined}
                >
                  {gone ? '··' : hex}
                </span>
              );
            })}
            <span className="hex-text" aria-hidden="true">
              {row.bytes.map(({ at, text }) => (
                <span key={at} data-at={at} data-lit={litAt(shownLit, at)}>
                  {text}
                </span>
              ))}
            </span>
          </div>
        ))}
      </div>
      {length === 0 && <p className="dim">No bytes.</p>}
    </div>
  );
}

function byteAt(target: EventTarget): number | undefined {
  const at = target instanceof Element ? target.closest('[data-at]')?.getAttribute('data-at') : undefined;
  return at === null || at === undefined ? undefined : Number(at);
}
