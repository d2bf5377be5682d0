/** How wide a character of the chips' typeface is here; measured once, since it differs between systems. */

let measured: number | undefined;

/** Pixels. Must fit the font of `.chip text` in panel.css. */
export function charWidth(): number {
  if (measured !== undefined) return measured;
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return 6.7;
  context.font = '11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
  measured = Math.max(context.measureText('certificate 0–1400').width / 18, 5);
  return measured;
}
