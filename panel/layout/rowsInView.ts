/**
 * Which rows of a long list are on screen. Rows are sorted and do not overlap, so two binary searches do; a view draws
 * only these, whether the list has ten rows or a hundred thousand.
 */

interface Placed {
  readonly y: number;
  readonly height: number;
}

/**
 * The half-open index range of rows that touch [top, bottom), with `overscan` pixels on both sides so that scrolling
 * shows no blank edge.
 */
export function rowsInView(
  rows: readonly Placed[],
  top: number,
  bottom: number,
  overscan = 200,
): { readonly start: number; readonly end: number } {
  const from = top - overscan;
  const to = bottom + overscan;
  const start = firstIndex(rows, (row) => row.y + row.height > from);
  const end = firstIndex(rows, (row) => row.y >= to);
  return { start, end: Math.max(start, end) };
}

/** The first index for which `holds`, given that it holds for everything after it too. */
function firstIndex<T>(rows: readonly T[], holds: (row: T) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && holds(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}
