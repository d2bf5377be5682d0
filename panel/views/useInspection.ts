/** What the selection is made of and what it lights, for every view that shows a part of it. */
import { useMemo } from 'react';
import type { Inspector } from '../../src/analysis/inspect/inspector.ts';
import type { InspectedBuffer, Inspection } from '../../src/analysis/inspect/model.ts';
import { dark, type Light, lightOf } from '../layout/light.ts';
import { type SelectedField, subjectOf, type Target } from '../state/selection.ts';
import { usePanel, useShown, useSlice } from './context.ts';

export interface Inspected {
  readonly inspector: Inspector;
  readonly inspection: Inspection;
  readonly target: Target;
  readonly field: SelectedField | undefined;
  /** The buffer in front. */
  readonly shown: InspectedBuffer;
}

export function useInspector(): Inspector | undefined {
  const { book } = usePanel();
  const { run, handshake } = useShown();
  return run && handshake ? book.inspector(run.id, handshake) : undefined;
}

/** Undefined while nothing is selected, or what was selected is gone. */
export function useInspection(): Inspected | undefined {
  const inspector = useInspector();
  const target = useSlice((state) => state.selection.target);
  const field = useSlice((state) => state.selection.field);
  const tab = useSlice((state) => state.selection.tab);
  const inspection = useMemo(() => target && inspector && inspectedOf(inspector, target), [inspector, target]);
  const first = inspection?.buffers[0];
  if (!inspector || !inspection || !target || !first) return undefined;
  return { inspector, inspection, target, field, shown: inspection.buffers.find(({ id }) => id === tab) ?? first };
}

/** A fragment whose record can't be read, or a message that was never kept, still has its datagram to show. */
const inspectedOf = (inspector: Inspector, target: Target): Inspection | undefined =>
  inspector.inspect(subjectOf(target)) ?? inspector.inspect({ kind: 'datagram', packet: target.packet });

/** What is lit, in all buffers: chosen bytes, or the selected thing where it is less than datagrams. */
export function useLight(): Light {
  const inspector = useInspector();
  const target = useSlice((state) => state.selection.target);
  const field = useSlice((state) => state.selection.field);
  return useMemo(() => {
    if (!inspector || !target) return dark;
    if (field) return lightOf(inspector, field);
    if (target.kind === 'datagram' || target.kind === 'flight') return dark;
    return lightOf(inspector, inspector.inspect(subjectOf(target))?.focus);
  }, [inspector, target, field]);
}
