/** The chips of a datagram in the ladder: a chip for each record, from left to right and wrapped where the lanes end. */
import type { RecordView } from '../../src/analysis/model.ts';
import { clip, measure } from './measure.ts';
import { recordText } from './text.ts';

/** One record. */
export interface Chip {
  readonly record: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What fits; `full` is everything. */
  readonly text: string;
  readonly full: string;
  readonly kind: 'handshake' | 'change-cipher-spec' | 'alert' | 'data' | 'sealed' | 'other';
  /** Read with keys. */
  readonly decrypted: boolean;
}

/** Between which x chips may stand, and the width of a character of their typeface. Pixels. */
export interface ChipRoom {
  readonly left: number;
  readonly right: number;
  readonly charWidth: number;
}

const chipPadding = 6;

const roomOf = ({ left, right }: ChipRoom): number => Math.max(right - left, 40);
const shownText = (full: string, room: ChipRoom): string => clip(full, roomOf(room) - 2 * chipPadding, room.charWidth);
const widthOf = (text: string, { charWidth }: ChipRoom): number => Math.ceil(text.length * charWidth) + 2 * chipPadding;

/** How many lines `placeChips` will take: all that the height of a row needs. */
export function chipLines(records: readonly RecordView[], room: ChipRoom): number {
  if (records.length < 2) return 1;
  let x = room.left;
  let lines = 1;
  for (const record of records) {
    const width = widthOf(shownText(recordText(record), room), room);
    if (x > room.left && x + width > room.right) {
      x = room.left;
      lines++;
    }
    x += width + measure.chipGap;
  }
  return lines;
}

/**
 * Chips run from left to right and wrap, and stand at their sender's end of the arrow; one that is wider than the lanes
 * are apart is shortened. `top` is that of the first line.
 */
export function placeChips(
  records: readonly RecordView[],
  end: 'left' | 'right',
  room: ChipRoom,
  top: number,
): readonly Chip[] {
  const { left, right } = room;
  const chips: Chip[] = [];
  let x = left;
  let line = 0;
  for (const record of records) {
    const full = recordText(record);
    const text = shownText(full, room);
    const width = widthOf(text, room);
    if (x > left && x + width > right) {
      x = left;
      line++;
    }
    chips.push({
      record: record.index,
      x,
      y: top + line * (measure.chip + measure.chipGap),
      width: Math.min(width, roomOf(room)),
      height: measure.chip,
      text,
      full,
      kind: chipKind(record),
      decrypted: record.protection === 'decrypted',
    });
    x += width + measure.chipGap;
  }
  return end === 'left' ? chips : pushRight(chips, right);
}

/** Each line moved so that it ends at `right`. */
function pushRight(chips: readonly Chip[], right: number): Chip[] {
  const ends = new Map<number, number>();
  for (const chip of chips) ends.set(chip.y, chip.x + chip.width);
  return chips.map((chip) => ({ ...chip, x: chip.x + right - (ends.get(chip.y) ?? right) }));
}

function chipKind(record: RecordView): Chip['kind'] {
  if (record.protection === 'encrypted' || record.protection === 'undecryptable') {
    if (record.contentType === 23) return 'data';
    return 'sealed';
  }
  switch (record.contentType) {
    case 20:
      return 'change-cipher-spec';
    case 21:
      return 'alert';
    case 22:
      return 'handshake';
    case 23:
      return 'data';
    default:
      return 'other';
  }
}
