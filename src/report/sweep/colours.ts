/** The tints of heat tables, in page and drawing: from all as expected to none, and from short to long. */
import type { CellTone } from './model.ts';

/** A cell's tint: how it fares, or the level of a figure. */
export type Tint = `t-${CellTone}` | `l-${number}`;

const other = ['#e4e7ec', '#343941'] as const;
/** Light and dark of each. */
const tones: Readonly<Record<CellTone, readonly [string, string]>> = {
  all: ['#c9e7d0', '#24502f'],
  most: ['#e0edc4', '#3f4f22'],
  some: ['#f6e7b4', '#57491a'],
  few: ['#f8d8bd', '#5e3d22'],
  none: ['#f5c9c5', '#64302c'],
  found: ['#cfe0f7', '#2c466e'],
  unclear: other,
  error: other,
  open: other,
};
const levels: readonly (readonly [string, string])[] = [
  ['#f3f5f8', '#26292f'],
  ['#e3ecf8', '#223149'],
  ['#c9dbf2', '#2a4163'],
  ['#a9c7ec', '#335280'],
  ['#86b0e4', '#3d649e'],
];
const tints = new Map<string, readonly [string, string]>([
  ...Object.entries(tones).map(([tone, pair]) => [`t-${tone}`, pair] as const),
  ...levels.map((pair, level) => [`l-${level}`, pair] as const),
]);

/** The colour of a tint in a light theme. */
export const lightTint = (tint: Tint): string => (tints.get(tint) ?? other)[0];

/** A rule of CSS for the class of each tint. */
export const tintRules = (theme: 'light' | 'dark', property: 'background' | 'fill'): string =>
  [...tints].map(([tint, [light, dark]]) => `.${tint}{${property}:${theme === 'light' ? light : dark}}`).join('');
