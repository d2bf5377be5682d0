/** Where one is in the middle of the panel: at a handshake, or at one of the ways to make one fail again. */
import type { ReactElement } from 'react';
import { type Place, places } from '../state/model.ts';
import { useActions, useSlice } from './context.ts';
import { Tabs } from './Tabs.tsx';

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
    <Tabs
      {...{ chosen, choose: goTo }}
      tabs={places.map((id) => ({ id, title: titles[id] }))}
      label="Places"
      className="places"
      prefix="place"
      controls={placeId}
    />
  );
}
