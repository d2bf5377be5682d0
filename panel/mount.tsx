/** Puts the panel into a page; the page's own entry decides what stands behind it. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { Panel } from './state/model.ts';
import { App } from './views/App.tsx';
import { PanelContext } from './views/context.ts';

export function mount(element: HTMLElement, panel: Panel): void {
  createRoot(element).render(
    <StrictMode>
      <PanelContext.Provider value={panel}>
        <App />
      </PanelContext.Provider>
    </StrictMode>,
  );
}
