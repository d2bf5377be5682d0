/**
 * How the panel shows what is selected: which view, how large, what of it. Remembered from opening to opening, beside the
 * form; what was remembered is checked like anything else that comes from outside.
 */
import { type AxisKind, axisKinds, type Zoom, zooms } from '../layout/axis.ts';
import { parseFilter } from '../layout/filter.ts';

/** The views of a handshake, in the order of their tabs. */
export const drawings = ['ladder', 'packing', 'table', 'parameters', 'certificates', 'compare'] as const;
export type Drawing = (typeof drawings)[number];

export interface ViewOptions {
  readonly axis: AxisKind;
  /** Of the ladder: how much room time gets. */
  readonly zoom: Zoom;
  /** Of the packing: how much room bytes get. */
  readonly byteZoom: Zoom;
  readonly onlyNew: boolean;
  /** STUN among the DTLS, in ladder and table. */
  readonly stun: boolean;
  /** As layout/filter.ts reads it; always one that it can read. */
  readonly filter: string;
  readonly drawing: Drawing;
  readonly sizes: Readonly<Record<SizeName, number>>;
}

/**
 * Panes whose size the user sets: runs and options (pixels), the details beside the views, under them, and as a drawer of a
 * narrow dock, the tree in the details (per cent of what is there).
 */
export const sizeLimits = {
  side: { least: 200, most: 560, normal: 288, unit: 'px' },
  detailsBeside: { least: 20, most: 70, normal: 36, unit: '%' },
  detailsUnder: { least: 20, most: 80, normal: 52, unit: '%' },
  detailsDrawer: { least: 25, most: 85, normal: 58, unit: '%' },
  tree: { least: 12, most: 70, normal: 44, unit: '%' },
} as const satisfies Readonly<Record<string, SizeLimits>>;
export type SizeName = keyof typeof sizeLimits;

export interface SizeLimits {
  readonly least: number;
  readonly most: number;
  readonly normal: number;
  readonly unit: 'px' | '%';
}

const sizeNames = Object.keys(sizeLimits) as SizeName[];
const sizesBy = (size: (name: SizeName) => number): ViewOptions['sizes'] =>
  Object.fromEntries(sizeNames.map((name) => [name, size(name)])) as Record<SizeName, number>;

export const defaultView: ViewOptions = {
  axis: 'compressed',
  zoom: 1,
  byteZoom: 1,
  onlyNew: false,
  stun: false,
  filter: '',
  drawing: 'ladder',
  sizes: sizesBy((name) => sizeLimits[name].normal),
};

/** A size that the pane can have: whole, and within its limits. */
export function allowedSize(name: SizeName, size: number): number {
  const { least, most, normal } = sizeLimits[name];
  return Number.isFinite(size) ? Math.round(Math.min(Math.max(size, least), most)) : normal;
}

/** Longer filters are not typed. */
const longestFilter = 500;

/** Reads what was kept; whatever is not of the view's shape is dropped. */
export function rememberedView(kept: unknown): ViewOptions {
  if (!isRecord(kept)) return defaultView;
  const { filter, onlyNew, stun } = kept;
  const sizes = isRecord(kept['sizes']) ? kept['sizes'] : {};
  const oneOf = <T>(all: readonly T[], value: unknown, otherwise: T): T =>
    all.find((one) => one === value) ?? otherwise;
  return {
    axis: oneOf(axisKinds, kept['axis'], defaultView.axis),
    zoom: oneOf(zooms, kept['zoom'], defaultView.zoom),
    byteZoom: oneOf(zooms, kept['byteZoom'], defaultView.byteZoom),
    onlyNew: onlyNew === true,
    stun: stun === true,
    filter: typeof filter === 'string' && filter.length <= longestFilter && parseFilter(filter).ok ? filter : '',
    drawing: oneOf(drawings, kept['drawing'], defaultView.drawing),
    sizes: sizesBy((name) => {
      const size = sizes[name];
      return typeof size === 'number' ? allowedSize(name, size) : sizeLimits[name].normal;
    }),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
