/** How components reach the panel: a context for the object, hooks for narrow slices of its state. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Handshake } from '../../src/analysis/model.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import type { Actions, Panel, PanelState } from '../state/model.ts';
import type { Reading } from '../state/runBook.ts';

export const PanelContext = createContext<Panel | undefined>(undefined);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (!panel) throw new Error('a view of the panel stands outside of its context');
  return panel;
}

export const useActions = (): Actions => usePanel().actions;

/** A slice; the view renders again only when this slice changes. */
export const useSlice = <T>(choose: (state: PanelState) => T): T => useStore(usePanel().store, choose);

/** The reading of a run as of the revision that was published. */
export function useReading(run: string | undefined): Reading | undefined {
  const { book } = usePanel();
  const revision = useSlice((state) => (run === undefined ? undefined : state.revisions[run]));
  return run === undefined ? undefined : book.read(run, revision ?? 0);
}

export interface Shown {
  readonly run: RunSummary | undefined;
  readonly reading: Reading | undefined;
  readonly handshake: Handshake | undefined;
  readonly diagnosis: Diagnosis | undefined;
}

/** What the selection points at. */
export function useShown(): Shown {
  const selected = useSlice((state) => state.selection.run);
  const wanted = useSlice((state) => state.selection.handshake);
  const run = useSlice((state) => state.runs.find((one) => one.id === selected));
  const reading = useReading(selected);
  const entry = reading?.handshakes.find(({ handshake }) => handshake.id === wanted) ?? reading?.main;
  return { run, reading, handshake: entry?.handshake, diagnosis: entry?.diagnosis };
}
