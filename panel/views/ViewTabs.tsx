/** The views of one handshake as tabs; the selection is theirs in common, so that nothing is lost by changing over. */
import type { ReactElement } from 'react';
import { type Drawing, drawings } from '../state/view.ts';
import { useActions, useSlice } from './context.ts';

export const viewId = 'view';

const titles: Readonly<Record<Drawing, string>> = {
  ladder: 'Ladder',
  packing: 'Packing',
  table: 'Table',
  parameters: 'Parameters',
  certificates: 'Certificates',
  compare: 'Compare',
};

export function ViewTabs(): ReactElement {
  const chosen = useSlice((state) => state.view.drawing);
  const { setView } = useActions();
  return (
    <div className="tabs view-tabs" role="tablist" aria-label="Views">
      {drawings.map((drawing, index) => (
        <button
          type="button"
          role="tab"
          key={drawing}
          id={`view-${drawing}`}
          aria-selected={drawing === chosen}
          aria-controls={viewId}
          tabIndex={drawing === chosen ? 0 : -1}
          onClick={() => setView({ drawing })}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
            const next = by === 0 ? undefined : drawings.at((index + by) % drawings.length);
            if (next === undefined) return;
            event.preventDefault();
            setView({ drawing: next });
            document.getElementById(`view-${next}`)?.focus();
          }}
        >
          {titles[drawing]}
        </button>
      ))}
    </div>
  );
}
