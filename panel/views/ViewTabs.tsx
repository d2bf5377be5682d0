/** The views of one handshake as tabs; the selection is theirs in common, so that nothing is lost by changing over. */
import type { ReactElement } from 'react';
import { type Drawing, drawings } from '../state/view.ts';
import { useActions, useSlice } from './context.ts';
import { Tabs } from './Tabs.tsx';

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
    <Tabs
      tabs={drawings.map((id) => ({ id, title: titles[id] }))}
      chosen={chosen}
      choose={(drawing) => setView({ drawing })}
      label="Views"
      className="view-tabs"
      prefix="view"
      controls={viewId}
    />
  );
}
