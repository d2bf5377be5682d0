/**
 * How messages are packed, as shapes: each datagram a block of four strips over the same bytes (datagram, records,
 * fragments, messages), and a bar for each message with what of it is present, missing, and sent more than once. Blocks
 * stand under their flight. Pure; rows are in order and never overlap, so that a view draws a window of them.
 */
import type { DatagramView, Handshake, MessageView } from '../../src/analysis/model.ts';
import type { Range } from '../../src/base/ranges.ts';
import type { PacketNumber } from '../../src/trace/model.ts';
import { handshakeTypeName } from '../../src/wire/handshake.ts';
import type { Target } from '../state/selection.ts';
import type { Zoom } from './axis.ts';
import { type BlockPlace, BlockRow, blockHeight, packingMeasure } from './blockRow.ts';
import { type Keep, keptOf } from './kept.ts';
import { clip } from './measure.ts';
import { bytesText, plural } from './text.ts';
import { Whereabouts } from './whereabouts.ts';

export interface PackingOptions {
  /** Pixels. */
  readonly width: number;
  /** What our endpoint was told to keep to: largest UDP payload. Unknown in captures. */
  readonly mtu?: number | undefined;
  readonly charWidth?: number;
  /** How much room bytes get; more than 1 makes the picture wider than `width`. */
  readonly zoom?: Zoom;
  /** Which datagrams to show, and with them the messages that they hold; all without it. */
  readonly keep?: Keep;
}

export interface Packing {
  readonly width: number;
  readonly height: number;
  /** Byte 0 of every bar, and pixels for a byte. */
  readonly left: number;
  readonly scale: number;
  readonly limits: readonly Limit[];
  readonly rows: readonly PackingRow[];
  /** The row that a target stands in: its message's bar, or its datagram's block. */
  rowOf(target: Target | undefined): MessageRow | BlockRow | undefined;
}

/** A line at a size that paths are known to have. */
export interface Limit {
  readonly bytes: number;
  readonly x: number;
  /** Empty where there is no room for it. */
  readonly text: string;
  /** The run's own. */
  readonly own: boolean;
}

interface Placed {
  readonly y: number;
  readonly height: number;
}
export type PackingRow = HeadRow | MessageRow | BlockRow;

export interface HeadRow extends Placed {
  readonly kind: 'head';
  readonly key: string;
  readonly text: string;
  readonly target: Target | undefined;
}

/** The reassembly of a message. */
export interface MessageRow extends Placed {
  readonly kind: 'message';
  readonly key: string;
  readonly target: Target;
  readonly title: string;
  readonly bar: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly parts: readonly BarPart[];
  /** "present 0–3746 of 3746; twice 408–655". */
  readonly text: string;
  readonly shown: string;
  readonly label: string;
}
export interface BarPart {
  readonly kind: 'present' | 'missing' | 'duplicate';
  readonly x: number;
  readonly width: number;
  readonly text: string;
}

/** UDP payloads that networks are often limited to. */
export const knownLimits: readonly number[] = [576, 1200, 1280, 1500];

/** Pure; linear in the number of datagrams. */
export const packing = (handshake: Handshake, options: PackingOptions): Packing =>
  new PackingLayout().of(handshake, options);

/** The same for a handshake that grows: what was found out about messages is kept, and so are rows that did not move. */
export class PackingLayout {
  readonly #whereabouts = new Whereabouts();
  #before: { readonly place: BlockPlace; readonly rows: readonly PackingRow[] } | undefined;

  of(handshake: Handshake, options: PackingOptions): Packing {
    const { width, mtu, charWidth = 6.7, zoom = 1 } = options;
    const left = packingMeasure.gutter;
    const room = Math.max(width - 2 * left, 60);
    const datagrams = keptOf(handshake.datagrams, options.keep);
    const extent = extentOf(datagrams, mtu);
    const scale = (room * zoom) / extent;
    this.#whereabouts.take(handshake.datagrams);
    const groups = grouped(handshake, datagrams, this.#whereabouts, options.keep ? messagesIn(datagrams) : undefined);
    const longest = handshake.messages.reduce((most, { total }) => Math.max(most, total), 1);
    const place = { left, scale, charWidth, room, mtu, odd: oddMessages(groups) };
    const before = this.#before && isSamePlace(this.#before.place, place) ? this.#before.rows : [];
    const rows: PackingRow[] = [];
    const bars = new Map<string, number>();
    const packets: PacketNumber[] = [];
    const blocks: number[] = [];
    let y: number = packingMeasure.axis;
    for (const { key, title, target, messages, datagrams: own } of groups) {
      rows.push({ kind: 'head', key: `head/${key}`, y, height: packingMeasure.head, text: title, target });
      y += packingMeasure.head;
      for (const message of messages) {
        const { twice, packet } = this.#whereabouts.of(message.key);
        const row = messageRow(message, twice, packet, y, (room * zoom) / longest, place);
        bars.set(message.key, rows.length);
        rows.push(row);
        y += row.height;
      }
      for (const datagram of own) {
        const known = before[rows.length];
        packets.push(datagram.packet);
        blocks.push(rows.length);
        rows.push(known?.kind === 'datagram' && known.shows(datagram, y) ? known : new BlockRow(datagram, y, place));
        y += blockHeight;
      }
    }
    this.#before = { place, rows };
    return {
      width: Math.max(width, Math.ceil(room * zoom) + 2 * left),
      height: y + packingMeasure.bottom,
      left,
      scale,
      limits: limitsOf(mtu, extent, (bytes) => left + bytes * scale),
      rows,
      rowOf: (target) => {
        if (!target) return undefined;
        const bar = target.kind === 'message' ? bars.get(target.key) : undefined;
        const row = rows[bar ?? blocks[packets.indexOf(target.packet)] ?? -1];
        return row?.kind === 'head' ? undefined : row;
      },
    };
  }
}

/** Bytes that the width stands for: as far as the next line, when that leaves the datagrams room enough. */
function extentOf(datagrams: readonly DatagramView[], mtu: number | undefined): number {
  const largest = datagrams.reduce((most, { size }) => Math.max(most, size), 1);
  const next = [...knownLimits, ...(mtu === undefined ? [] : [mtu])].filter(
    (bytes) => bytes >= largest && bytes <= largest * 2.2,
  );
  return Math.max(largest, Math.min(...next, largest * 2.2) * (next.length > 0 ? 1 : 0)) * 1.02;
}

/** Every second message in the order of the rows, so that neighbours differ. */
const oddMessages = (groups: readonly Group[]): ReadonlySet<string> =>
  new Set(groups.flatMap(({ messages }) => messages.map(({ key }) => key)).filter((_, i) => i % 2 === 1));

const isSamePlace = (a: BlockPlace, b: BlockPlace): boolean =>
  a.scale === b.scale &&
  a.charWidth === b.charWidth &&
  a.room === b.room &&
  a.mtu === b.mtu &&
  a.odd.size === b.odd.size &&
  [...a.odd].every((key) => b.odd.has(key));

interface Group {
  readonly key: string;
  readonly title: string;
  readonly target: Target | undefined;
  readonly messages: MessageView[];
  readonly datagrams: DatagramView[];
}

/** By flight; what belongs to none comes last. A message stands with the flight that brought it first. */
function grouped(
  handshake: Handshake,
  datagrams: readonly DatagramView[],
  whereabouts: Whereabouts,
  only: ReadonlySet<string> | undefined,
): Group[] {
  const groups = new Map<number, Group>();
  for (const { number, from, packets: own } of handshake.flights)
    groups.set(number, {
      key: String(number),
      title: `Flight ${number}, ${from}, ${plural(own.length, 'datagram')}`,
      target: own[0] === undefined ? undefined : { kind: 'flight', flight: number, packet: own[0] },
      messages: [],
      datagrams: [],
    });
  const rest: Group = { key: 'rest', title: 'Of no flight', target: undefined, messages: [], datagrams: [] };
  for (const datagram of datagrams) (groups.get(datagram.flight ?? -1) ?? rest).datagrams.push(datagram);
  for (const message of handshake.messages.filter(({ key }) => only?.has(key) ?? true))
    (groups.get(whereabouts.of(message.key).flight ?? -1) ?? rest).messages.push(message);
  return [...groups.values(), rest].filter((group) => group.datagrams.length > 0 || group.messages.length > 0);
}

/** Keys of the messages that some of these hold a part of. */
function messagesIn(datagrams: readonly DatagramView[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { records } of datagrams)
    for (const { fragments } of records) for (const { messageKey } of fragments) keys.add(messageKey);
  return keys;
}

/** Ranges of each message that arrived more than once. */
export function duplicatesOf({ datagrams }: Handshake): ReadonlyMap<string, readonly Range[]> {
  const whereabouts = new Whereabouts();
  whereabouts.take(datagrams);
  return new Map(whereabouts.keys.map((key) => [key, whereabouts.of(key).twice]));
}

function limitsOf(mtu: number | undefined, extent: number, x: (bytes: number) => number): Limit[] {
  const all = [...new Set([...knownLimits, ...(mtu === undefined ? [] : [mtu])])].sort((a, b) => a - b);
  // Where texts would cover each other, the run's own stays, and of the others the one further left.
  const taken: Range[] = [];
  const free = (text: string, end: number): boolean => {
    const start = end - text.length * limitCharWidth;
    if (taken.some(([from, to]) => start < to && end > from)) return false;
    taken.push([start, end]);
    return true;
  };
  const shown = all.filter((bytes) => bytes <= extent);
  const own = shown.find((bytes) => bytes === mtu);
  if (own !== undefined) free(`MTU ${own}`, x(own));
  return shown.map((bytes) => {
    if (bytes === own) return { bytes, x: x(bytes), text: `MTU ${bytes}`, own: true };
    return { bytes, x: x(bytes), text: free(String(bytes), x(bytes)) ? String(bytes) : '', own: false };
  });
}

/** A character of the lines' texts, pixels; generous. */
const limitCharWidth = 7;

const rangesText = (ranges: readonly Range[]): string => {
  const shown = ranges.slice(0, mostRanges).map(([start, end]) => `${start}–${end}`);
  return [...shown, ...(ranges.length > mostRanges ? [`${ranges.length - mostRanges} more`] : [])].join(', ');
};
const mostRanges = 12;

function messageRow(
  message: MessageView,
  twice: readonly Range[],
  packet: PacketNumber,
  y: number,
  scale: number,
  { left, room, charWidth }: BlockPlace,
): MessageRow {
  const title = `${handshakeTypeName(message.message)} (${message.from}, message ${message.messageSeq}), ${bytesText(message.total)}`;
  const part =
    (kind: BarPart['kind'], word: string) =>
    ([start, end]: Range): BarPart => ({
      kind,
      x: left + start * scale,
      width: Math.max((end - start) * scale, 1),
      text: `${word} ${start}–${end}`,
    });
  const texts = [
    ...(message.total === 0
      ? ['no body']
      : [`present ${message.present.length === 0 ? 'nothing' : rangesText(message.present)}`]),
    ...(message.missing.length > 0 ? [`missing ${rangesText(message.missing)}`] : []),
    ...(twice.length > 0 ? [`more than once ${rangesText(twice)}`] : []),
    ...(message.conflicts.length > 0 ? [`with other bytes ${rangesText(message.conflicts)}`] : []),
  ];
  const text = texts.join('; ');
  const full = `${title}: ${text}`;
  const shown = clip(full, room, charWidth);
  return {
    kind: 'message',
    key: `message/${message.key}`,
    target: { kind: 'message', packet, key: message.key },
    y,
    height: packingMeasure.caption + packingMeasure.bar + packingMeasure.gap,
    title,
    bar: {
      x: left,
      y: y + packingMeasure.caption,
      width: Math.max(message.total * scale, 3),
      height: packingMeasure.bar,
    },
    parts: [
      ...message.present.map(part('present', 'present')),
      ...message.missing.map(part('missing', 'missing')),
      ...twice.map(part('duplicate', 'more than once')),
    ],
    text,
    shown,
    // As it is read, then what of it was cut (WCAG 2.5.3).
    label: shown === full ? `${full}, message` : `${shown}, message ${full}`,
  };
}
