/**
 * How time becomes height. The ladder is a list of rows; the axis only says how much room goes before a row. Three kinds,
 * and the kind is always written beside the picture: `compressed` (default; short pauses show as space, long ones are
 * folded into a line that says how long), `real` (space in proportion to time), `ordinal` (order only).
 */
import { unreachable } from '../../src/base/unreachable.ts';
import { duration } from './text.ts';

export const axisKinds = ['compressed', 'real', 'ordinal'] as const;
export type AxisKind = (typeof axisKinds)[number];

export interface Axis {
  readonly kind: AxisKind;
  /** What is written beside the ladder. */
  readonly text: string;
  /** Room before a row that comes `gapMs` after the one above, and whether it is a folded pause, to be written there. */
  space(gapMs: number): { readonly pixels: number; readonly folded: boolean };
  /** Pixels a millisecond on the real axis; undefined on the others. */
  readonly scale: number | undefined;
}

/** How much room time gets, in steps; 1 is what fits most handshakes. Order needs none. */
export const zooms = [0.25, 0.5, 1, 2, 4, 8] as const;
export type Zoom = (typeof zooms)[number];

/** The zoom so many steps further in (or out, below 0), or the last there is. */
export const zoomed = (zoom: Zoom, steps: number): Zoom =>
  zooms[Math.min(Math.max(zooms.indexOf(zoom) + steps, 0), zooms.length - 1)] ?? zoom;

/** Keys that zoom, and by how many steps; 0 goes back to 1. */
export const zoomKeys: Readonly<Record<string, number>> = { '+': 1, '=': 1, '-': -1, '0': 0 };

/** Pauses longer than this are folded on the compressed axis. Milliseconds. */
export const foldMs = 20;
const foldHeight = 20;
/** A pause just under the fold gets this much space. */
const pauseHeight = 12;
/** The real axis gives all pauses together about this much for each row, within bounds. */
const realPerRow = 36;
const realBounds = [480, 20_000] as const;

/**
 * The axis for `rows` rows over `totalMs` milliseconds.
 */
export function axis(kind: AxisKind, totalMs: number, rows: number, zoom: Zoom = 1): Axis {
  switch (kind) {
    case 'ordinal':
      return {
        kind,
        text: 'Order only: distances say nothing about time',
        space: () => ({ pixels: 0, folded: false }),
        scale: undefined,
      };
    case 'compressed':
      return {
        kind,
        text: `Time compressed: pauses over ${foldMs} ms are folded`,
        space: (gapMs) =>
          gapMs > foldMs
            ? { pixels: foldHeight, folded: true }
            : { pixels: Math.round((Math.max(gapMs, 0) / foldMs) * pauseHeight * zoom), folded: false },
        scale: undefined,
      };
    case 'real': {
      const wanted = zoom * Math.min(Math.max(rows * realPerRow, realBounds[0]), realBounds[1]);
      const scale = totalMs > 0 ? niceScale(wanted / totalMs) : 1;
      return {
        kind,
        text: `Time to scale: 100 px are ${duration(100 / scale)}; datagrams closer than a row are spread`,
        space: (gapMs) => ({ pixels: Math.round(Math.max(gapMs, 0) * scale), folded: false }),
        scale,
      };
    }
    default:
      return unreachable(kind);
  }
}

/** What is written in a folded pause. */
export const foldText = (gapMs: number): string => `⋯ ${duration(gapMs)} ⋯`;

/** The nearest scale below that is 1, 2 or 5 times a power of ten, so that the written figure is round. */
function niceScale(scale: number): number {
  const power = 10 ** Math.floor(Math.log10(scale));
  const lead = scale / power;
  return (lead >= 5 ? 5 : lead >= 2 ? 2 : 1) * power;
}
