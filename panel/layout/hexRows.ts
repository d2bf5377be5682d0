/** Bytes in rows of hexadecimal: how many fit, what stands where, where keys lead. Pure; the view draws a window. */

export interface HexRow {
  readonly at: number;
  /** "0010". */
  readonly offset: string;
  readonly bytes: readonly HexByte[];
}
export interface HexByte {
  readonly at: number;
  readonly hex: string;
  readonly text: string;
}

/** Characters that a row of so many bytes takes: offset, gap, three for each byte, gap, the same as text. */
const charsOf = (columns: number, digits: number): number => digits + 2 + columns * 3 + 1 + columns;

/** The most of 16, 8 or 4 bytes that a row of this width can show. */
export function columnsFor(width: number, charWidth: number, length: number): number {
  const digits = offsetDigits(length);
  return [16, 8].find((columns) => charsOf(columns, digits) * charWidth <= width) ?? 4;
}

export const offsetDigits = (length: number): number => Math.max(4, Math.max(length - 1, 0).toString(16).length);

export const hexRowCount = (length: number, columns: number): number => Math.ceil(length / columns);

/** The rows [from, to). */
export function hexRows(bytes: Uint8Array, columns: number, from: number, to: number): HexRow[] {
  const digits = offsetDigits(bytes.length);
  const out: HexRow[] = [];
  for (let row = from; row < Math.min(to, hexRowCount(bytes.length, columns)); row++) {
    const at = row * columns;
    out.push({
      at,
      offset: at.toString(16).padStart(digits, '0'),
      bytes: Array.from(bytes.subarray(at, at + columns), (byte, i) => ({
        at: at + i,
        hex: byte.toString(16).padStart(2, '0'),
        text: byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
      })),
    });
  }
  return out;
}

/** Where a key leads from a byte; undefined when the key is not one of moving. */
export function moveByte(
  at: number,
  key: string,
  all: boolean,
  { columns, length }: { readonly columns: number; readonly length: number },
): number | undefined {
  const rowStart = at - (at % columns);
  const to: Readonly<Partial<Record<string, number>>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns >= 0 ? at - columns : at,
    ArrowDown: at + columns < length ? at + columns : at,
    PageUp: at - columns * 8 >= 0 ? at - columns * 8 : at % columns,
    PageDown: at + columns * 8,
    Home: all ? 0 : rowStart,
    End: all ? length - 1 : rowStart + columns - 1,
  };
  const next = to[key];
  return next === undefined ? undefined : Math.min(Math.max(next, 0), Math.max(length - 1, 0));
}
