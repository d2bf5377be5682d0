/** The ladder's measures and the cutting of its texts: what rows, chips and their painter share. Pixels. */

/** Vertical measures. Chips sit on the arrow; rows are as dense as 11 px text allows. */
export const measure = {
  top: 6,
  flight: 22,
  chip: 18,
  chipGap: 4,
  row: 26,
  remark: 14,
  event: 22,
  bandGap: 6,
  bottom: 10,
  narrowBelow: 560,
  /** Column of sizes before the remarks: "65507 B". */
  size: 56,
} as const;

/** A character of the running text; generous, since text is cut by it. */
export const proseWidth = 6.2;

/** As much of a text as fits into so many pixels; a cut is shown. */
export function clip(text: string, pixels: number, charWidth: number): string {
  const room = Math.max(Math.floor(pixels / charWidth), 1);
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}
