/**
 * The fields of a buffer as a tree with one tab stop. Rows that are on screen are drawn; what the selection lights from
 * other buffers is lit here too.
 */
import { type ReactElement, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { FieldTree, InspectedBuffer } from '../../src/analysis/inspect/model.ts';
import { fieldsCovering } from '../../src/analysis/inspect/select.ts';
import { fieldLabel, fieldRows, openAtFirst, openTo, toggled, treeKey } from '../layout/fieldRows.ts';
import type { LitRange } from '../layout/light.ts';
import { useWindow } from './useWindow.ts';

export const treeRowHeight = 20;

interface Props {
  readonly buffer: InspectedBuffer;
  /** Id of the selected field. */
  readonly current: string | undefined;
  readonly lit: readonly LitRange[];
  readonly onSelect: (field: FieldTree) => void;
  readonly onHover: (field: FieldTree | undefined) => void;
}

const rowId = (index: number): string => `field-${index}`;

export function FieldTreeView({ buffer, current, lit, onSelect, onHover }: Props): ReactElement {
  const { tree } = buffer;
  const [open, setOpen] = useState(() => openAtFirst(tree));
  const litFields = useMemo(() => litIn(tree, lit), [tree, lit]);
  const reveal = current ?? litFields.first;
  useEffect(() => {
    if (reveal !== undefined) setOpen((before) => openTo(tree, reveal, before));
  }, [tree, reveal]);
  const rows = useMemo(() => fieldRows(tree, open), [tree, open]);
  const frame = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const height = rows.length * treeRowHeight;
  const view = useWindow(body, height);
  const start = Math.max(Math.floor(view.top / treeRowHeight) - 4, 0);
  const end = Math.min(Math.ceil(view.bottom / treeRowHeight) + 4, rows.length);
  const at = rows.findIndex(({ field }) => field.id === current);
  const revealed = rows.findIndex(({ field }) => field.id === reveal);
  useLayoutEffect(() => {
    const { current: element } = frame;
    if (!element) return;
    const look = (): void => scrollTo(element, revealed * treeRowHeight, treeRowHeight);
    look();
    // A pane that becomes lower keeps what is selected in view.
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [revealed]);

  return (
    <div
      className="field-tree"
      ref={frame}
      role="tree"
      aria-label={`Fields of ${buffer.title}`}
      aria-activedescendant={at < 0 ? undefined : rowId(at)}
      aria-describedby="field-help"
      tabIndex={0}
      onMouseLeave={() => onHover(undefined)}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step = treeKey(rows, current, event.key);
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        if (step.kind !== 'go') setOpen((before) => toggled(before, step.id, step.kind === 'open'));
        const field = rows.find(({ field: one }) => one.id === step.id)?.field;
        if (step.kind === 'go' && field) onSelect(field);
      }}
    >
      <div className="rows" ref={body} role="presentation" style={{ height }}>
        {rows.slice(start, end).map(({ field, level, open: isOpen, place, siblings }, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys for all of its rows
          // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and points at its row
          <div
            key={field.id}
            id={rowId(start + i)}
            className="field-row"
            role="treeitem"
            aria-level={level}
            aria-posinset={place}
            aria-setsize={siblings}
            aria-expanded={isOpen}
            aria-selected={field.id === current}
            aria-label={fieldLabel(field)}
            data-lit={litFields.ids.get(field.id)}
            data-kind={field.kind}
            style={{ top: (start + i) * treeRowHeight, paddingInlineStart: 4 + Math.min(level - 1, 10) * 12 }}
            onMouseEnter={() => onHover(field)}
            onClick={(event) => {
              const twisty = event.target instanceof Element && event.target.closest('.twisty') !== null;
              if (twisty) setOpen((before) => toggled(before, field.id));
              else onSelect(field);
            }}
            onDoubleClick={() => setOpen((before) => toggled(before, field.id))}
          >
            <span className="twisty" data-open={isOpen} />
            <span className="field-name">{field.name}</span>{' '}
            <span className="field-value">
              {field.problem !== undefined && <span className="problem-mark">⚠ </span>}
              {field.label !== undefined && <bdi className="field-label">{field.label}</bdi>}{' '}
              {field.value !== undefined && <bdi className="mono dim">{field.value}</bdi>}
            </span>{' '}
            <span className="field-see">{field.see}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

/** The fields that lit bytes cover, and the first of them; bytes that are all of the buffer light nothing. */
function litIn(tree: FieldTree, lit: readonly LitRange[]): { ids: ReadonlyMap<string, string>; first?: string } {
  const ids = new Map<string, string>();
  for (const { start, end, how } of lit) {
    if (start <= tree.start && end >= tree.end) continue;
    for (const field of fieldsCovering(tree, start, end)) if (!ids.has(field.id)) ids.set(field.id, how);
  }
  const [first] = ids.keys();
  return first === undefined ? { ids } : { ids, first };
}

/** Brings [top, top + height) of a scrolling element into view, and moves nothing when it is. */
export function scrollTo(frame: HTMLElement | null, top: number, height: number): void {
  if (!frame || top < 0) return;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top + height > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + height - frame.clientHeight;
}
