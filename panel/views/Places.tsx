/** Where one is in the middle of the panel: at a handshake, or at one of the ways to make one fail again. */
import type { ReactElement } from 'react';
import { type Place, places } from '../state/model.ts';
import { useActions, useSlice } from './context.ts';

const titles: Readonly<Record<Place, string>> = {
  run: 'Handshake',
  scenario: 'Scenario',
  failures: 'Failures',
  sweep: 'Sweep',
  check: 'Check',
};

export const placeId = 'place';

export function Places(): ReactElement {
  const chosen = useSlice((state) => state.place);
  const { goTo } = useActions();
  return (
    <div className="tabs places" role="tablist" aria-label="Places">
      {places.map((place, index) => (
        <button
          type="button"
          role="tab"
          key={place}
          id={`place-${place}`}
          aria-selected={place === chosen}
          aria-controls={placeId}
          tabIndex={place === chosen ? 0 : -1}
          onClick={() => goTo(place)}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
            const next = by === 0 ? undefined : places.at((index + by) % places.length);
            if (next === undefined) return;
            event.preventDefault();
            goTo(next);
            document.getElementById(`place-${next}`)?.focus();
          }}
        >
          {titles[place]}
        </button>
      ))}
    </div>
  );
}
