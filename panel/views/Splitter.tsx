/**
 * The border between two panes, to be dragged or moved with arrow keys; Home and End go to its limits, a double click or
 * Enter back to where it was at first. What it sets is remembered.
 */
import { type KeyboardEvent, type PointerEvent, type ReactElement, useRef } from 'react';
import { allowedSize, type SizeName, sizeLimits } from '../state/view.ts';
import { useActions, useSlice } from './context.ts';

interface Props {
  readonly name: SizeName;
  /** What it is, for those who can't see it: "Width of the details". */
  readonly label: string;
  /** Id of the pane that gets the size. */
  readonly controls: string;
  /** How the border itself runs: `vertical` between panes that stand side by side. */
  readonly border: 'vertical' | 'horizontal';
  /** The pane lies before the border (left of it, above it) or behind it. */
  readonly pane: 'before' | 'behind';
}

/** What a key adds, of a hundred; pixels get the same number tenfold. */
const step = 2;

export function Splitter({ name, label, controls, border, pane }: Props): ReactElement {
  const sizes = useSlice((state) => state.view.sizes);
  const { setView } = useActions();
  const { least, most, normal, unit } = sizeLimits[name];
  const now = sizes[name];
  const held = useRef<{ readonly at: number; readonly size: number; readonly room: number }>(undefined);
  const set = (size: number): void => setView({ sizes: { ...sizes, [name]: allowedSize(name, size) } });
  const grow = pane === 'before' ? 1 : -1;
  const upright = border === 'vertical';
  const place = (event: PointerEvent): number => (upright ? event.clientX : event.clientY);

  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = (unit === 'px' ? 10 : 1) * step * (event.shiftKey ? 5 : 1) * grow;
    const [less, more] = upright ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    const next = { [less]: now - by, [more]: now + by, Home: least, End: most, Enter: normal }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(next);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule between paragraphs can't be moved
    <div
      className="splitter"
      role="separator"
      tabIndex={0}
      data-border={border}
      data-pane={pane}
      aria-orientation={border}
      aria-label={label}
      aria-controls={controls}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={now}
      aria-valuetext={unit === 'px' ? `${now} pixels` : `${now} per cent`}
      title="Drag, or use the arrow keys; a double click resets"
      onKeyDown={onKey}
      onDoubleClick={() => set(normal)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        const frame = event.currentTarget.parentElement?.closest('[data-split-frame]')?.getBoundingClientRect();
        if (!frame) return;
        event.preventDefault();
        event.currentTarget.focus();
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { at: place(event), size: now, room: upright ? frame.width : frame.height };
      }}
      onPointerMove={(event) => {
        const { current } = held;
        if (!current || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const moved = (place(event) - current.at) * grow;
        set(current.size + (unit === 'px' ? moved : (moved / Math.max(current.room, 1)) * 100));
      }}
      onLostPointerCapture={() => {
        held.current = undefined;
      }}
    />
  );
}
