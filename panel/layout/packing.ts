/**
 * How messages are packed, as shapes: each datagram a block of four strips over the same bytes (datagram, records,
 * fragments, messages), and a bar for each message with what of it is present, missing, and sent more than once. Blocks
 * stand under their flight. Pure; rows are in order and never overlap, so that a view draws a window of them.
 */
import type { DatagramView, Handshake, MessageView, RecordView } from '../../src/analysis/model.ts';
import { type Range, RangeSet } from '../../src/base/ranges.ts';
import type { PacketNumber } from '../../src/trace/model.ts';
import { handshakeHeaderLength, handshakeTypeName } from '../../src/wire/handshake.ts';
import { recordHeaderLength } from '../../src/wire/record.ts';
import type { Target } from '../state/selection.ts';
import { clip } from './measure.ts';
import { bytesText, fragmentText, plural, recordText, statusTexts, wasLost } from './text.ts';

export interface PackingOptions {
  /** Pixels. */
  readonly width: number;
  /** What our endpoint was told to keep to: largest UDP payload. Unknown in captures. */
  readonly mtu?: number | undefined;
  readonly charWidth?: number;
  /** Which datagrams to show, and with them the messages that they hold; all without it. */
  readonly keep?: ((datagram: DatagramView) => boolean) | undefined;
}

export interface Packing {
  readonly width: number;
  readonly height: number;
  /** Byte 0 of every bar, and pixels for a byte. */
  readonly left: number;
  readonly scale: number;
  readonly limits: readonly Limit[];
  readonly rows: readonly PackingRow[];
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

/** A datagram. */
export interface BlockRow extends Placed {
  readonly kind: 'datagram';
  readonly key: string;
  readonly packet: PacketNumber;
  readonly target: Target;
  readonly lost: boolean;
  readonly strips: readonly Strip[];
  /** The part that is more than the run's MTU. */
  readonly past: { readonly x: number; readonly width: number; readonly text: string } | undefined;
  readonly text: string;
  /** Targets from left to right and coarse to fine, the datagram first: what arrow keys walk along. */
  readonly targets: readonly Target[];
  readonly label: string;
}

export interface Strip {
  readonly level: 'datagram' | 'record' | 'fragment' | 'message';
  readonly key: string;
  readonly target: Target;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** How much of it, from its beginning, is a header. */
  readonly head: number;
  /** Alternates from one to the next. */
  readonly odd: boolean;
  /** Ciphertext: places inside it are not known. */
  readonly sealed: boolean;
  /** What fits; `full` is everything. */
  readonly text: string;
  readonly full: string;
}

export const packingMeasure = {
  axis: 20,
  head: 24,
  strip: 15,
  caption: 16,
  gap: 8,
  bar: 12,
  gutter: 8,
  bottom: 12,
} as const;

/** UDP payloads that networks are often limited to. */
export const knownLimits: readonly number[] = [576, 1200, 1280, 1500];

export function packing(handshake: Handshake, options: PackingOptions): Packing {
  const charWidth = options.charWidth ?? 6.7;
  const left = packingMeasure.gutter;
  const room = Math.max(options.width - 2 * left, 60);
  const datagrams = options.keep ? handshake.datagrams.filter(options.keep) : handshake.datagrams;
  const largest = datagrams.reduce((most, { size }) => Math.max(most, size), 1);
  // As far as the next line, when that leaves the datagrams room enough.
  const next = [...knownLimits, ...(options.mtu === undefined ? [] : [options.mtu])].filter(
    (bytes) => bytes >= largest && bytes <= largest * 2.2,
  );
  const extent = Math.max(largest, Math.min(...next, largest * 2.2) * (next.length > 0 ? 1 : 0)) * 1.02;
  const scale = room / extent;
  const limits = limitsOf(options.mtu, extent, (bytes) => left + bytes * scale);

  const groups = grouped(handshake, datagrams, options.keep ? messagesIn(datagrams) : undefined);
  const duplicates = duplicatesOf(handshake);
  const longest = handshake.messages.reduce((most, { total }) => Math.max(most, total), 1);
  const colours = new Map<string, boolean>();
  const rows: PackingRow[] = [];
  let y: number = packingMeasure.axis;
  const place = { left, scale, charWidth, room, mtu: options.mtu, colours };
  for (const group of groups) {
    rows.push({
      kind: 'head',
      key: `head/${group.key}`,
      y,
      height: packingMeasure.head,
      text: group.title,
      target: group.target,
    });
    y += packingMeasure.head;
    for (const message of group.messages) {
      const row = messageRow(
        message,
        duplicates.get(message.key) ?? [],
        firstPacket(group.packets, message),
        y,
        room / longest,
        place,
      );
      rows.push(row);
      y += row.height;
    }
    for (const datagram of group.datagrams) {
      const row = blockRow(datagram, y, place);
      rows.push(row);
      y += row.height;
    }
  }
  return { width: options.width, height: y + packingMeasure.bottom, left, scale, limits, rows };
}

interface Group {
  readonly key: string;
  readonly title: string;
  readonly target: Target | undefined;
  readonly messages: MessageView[];
  readonly datagrams: DatagramView[];
  readonly packets: ReadonlyMap<string, PacketNumber>;
}

/** By flight; what belongs to none comes last. A message stands with the flight that brought it first. */
function grouped(
  handshake: Handshake,
  datagrams: readonly DatagramView[],
  only: ReadonlySet<string> | undefined,
): Group[] {
  const packets = new Map<string, PacketNumber>();
  const flightOf = new Map<string, number>();
  for (const { packet, flight, records } of handshake.datagrams)
    for (const { fragments } of records)
      for (const { messageKey } of fragments) {
        if (!packets.has(messageKey)) packets.set(messageKey, packet);
        if (flight !== undefined && !flightOf.has(messageKey)) flightOf.set(messageKey, flight);
      }
  const groups = new Map<number, Group>();
  for (const { number, from, packets: own } of handshake.flights)
    groups.set(number, {
      key: String(number),
      title: `Flight ${number}, ${from}, ${plural(own.length, 'datagram')}`,
      target: own[0] === undefined ? undefined : { kind: 'flight', flight: number, packet: own[0] },
      messages: [],
      datagrams: [],
      packets,
    });
  const rest: Group = { key: 'rest', title: 'Of no flight', target: undefined, messages: [], datagrams: [], packets };
  for (const datagram of datagrams) (groups.get(datagram.flight ?? -1) ?? rest).datagrams.push(datagram);
  for (const message of handshake.messages.filter(({ key }) => only?.has(key) ?? true))
    (groups.get(flightOf.get(message.key) ?? -1) ?? rest).messages.push(message);
  return [...groups.values(), rest].filter((group) => group.datagrams.length > 0 || group.messages.length > 0);
}

/** Keys of the messages that some of these hold a part of. */
const messagesIn = (datagrams: readonly DatagramView[]): ReadonlySet<string> =>
  new Set(
    datagrams.flatMap(({ records }) =>
      records.flatMap(({ fragments }) => fragments.map(({ messageKey }) => messageKey)),
    ),
  );

const firstPacket = (packets: ReadonlyMap<string, PacketNumber>, { key }: MessageView): PacketNumber =>
  packets.get(key) ?? 0;

/** Ranges of each message that arrived more than once. */
export function duplicatesOf(handshake: Handshake): ReadonlyMap<string, readonly Range[]> {
  const seen = new Map<string, { readonly here: RangeSet; readonly twice: RangeSet }>();
  for (const { delivered, records } of handshake.datagrams) {
    if (delivered === false) continue;
    for (const { fragments } of records)
      for (const { messageKey, offset, length } of fragments) {
        const sets = seen.get(messageKey) ?? { here: new RangeSet(), twice: new RangeSet() };
        seen.set(messageKey, sets);
        let at = offset;
        for (const [start, end] of sets.here.add(offset, offset + length)) {
          sets.twice.add(at, start);
          at = end;
        }
        sets.twice.add(at, offset + length);
      }
  }
  return new Map([...seen].map(([key, { twice }]) => [key, [...twice.ranges]]));
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

interface Place {
  readonly left: number;
  readonly scale: number;
  readonly charWidth: number;
  readonly room: number;
  readonly mtu: number | undefined;
  /** Messages in turn, so that neighbours differ. */
  readonly colours: Map<string, boolean>;
}

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
  { left, room, charWidth }: Place,
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
  const shown = clip(`${title}: ${text}`, room, charWidth);
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
    label: `Message ${title}, ${text}`,
  };
}

function blockRow(datagram: DatagramView, y: number, place: Place): BlockRow {
  const { packet, size, from } = datagram;
  const { left, scale, charWidth, mtu, room } = place;
  const target: Target = { kind: 'datagram', packet };
  const top = y + packingMeasure.caption;
  const strips: Strip[] = [];
  const add = (
    strip: Omit<Strip, 'x' | 'y' | 'width' | 'text' | 'head'> & {
      readonly start: number;
      readonly end: number;
      readonly head: number;
    },
  ): void => {
    const { start, end, head, ...rest } = strip;
    const width = Math.max((end - start) * scale, 1);
    strips.push({
      ...rest,
      x: left + start * scale,
      y: top + levels.indexOf(strip.level) * packingMeasure.strip,
      width,
      head: Math.min(head * scale, width),
      text: width < 4 * charWidth ? '' : clip(strip.full, width - 6, charWidth),
    });
  };
  add({
    level: 'datagram',
    key: 'd',
    target,
    start: 0,
    end: size,
    head: 0,
    odd: packet % 2 === 1,
    sealed: false,
    full: `datagram ${packet}`,
  });
  for (const record of datagram.records) addRecord(datagram, record, add, place);
  if (datagram.leftover)
    add({
      level: 'record',
      key: 'left',
      target,
      start: datagram.leftover.start,
      end: size,
      head: 0,
      odd: false,
      sealed: true,
      full: 'unread',
    });
  const past = mtu !== undefined && size > mtu ? size - mtu : 0;
  const remarks = [...(past > 0 ? [`${bytesText(past)} past the MTU of ${mtu}`] : []), ...statusTexts(datagram)];
  const text = [`${packet}`, from, bytesText(size), ...remarks].join(' · ');
  return {
    kind: 'datagram',
    key: `datagram/${packet}`,
    packet,
    target,
    lost: wasLost(datagram),
    y,
    height: packingMeasure.caption + levels.length * packingMeasure.strip + packingMeasure.gap,
    strips,
    past:
      past > 0 && mtu !== undefined
        ? { x: left + mtu * scale, width: Math.max(past * scale, 2), text: `${bytesText(past)} past the MTU` }
        : undefined,
    text: clip(text, room, charWidth),
    // Asked for rows on screen alone, and costly to make for all.
    get targets() {
      return targetsOf(strips);
    },
    get label() {
      return [`Datagram ${packet}`, from, bytesText(size), ...datagram.records.map(recordText), ...remarks].join(', ');
    },
  };
}

const levels: readonly Strip['level'][] = ['datagram', 'record', 'fragment', 'message'];

type Add = (
  strip: Omit<Strip, 'x' | 'y' | 'width' | 'text'> & { readonly start: number; readonly end: number },
) => void;

function addRecord({ packet, buffer }: DatagramView, record: RecordView, add: Add, { colours }: Place): void {
  const { index, start, end, content, fragments } = record;
  const odd = index % 2 === 1;
  const sealed = record.protection !== 'plain';
  const head = Math.min(recordHeaderLength, end - start);
  add({
    level: 'record',
    key: `r${index}`,
    target: { kind: 'record', packet, record: index },
    start,
    end,
    head,
    odd,
    sealed,
    full: recordText(record),
  });
  // What was decrypted is known to lie somewhere in the ciphertext; it is drawn spread over all of it.
  const body = start + head;
  const place = (at: number): number => {
    if (!content || content.buffer === buffer) return at;
    const share = (at - content.start) / Math.max(content.end - content.start, 1);
    return body + share * (end - body);
  };
  let before: { key: string; end: number; strip: Parameters<Add>[0] } | undefined;
  fragments.forEach((fragment, i) => {
    const from = Math.max(place(fragment.start - handshakeHeaderLength), start);
    const to = Math.min(place(fragment.end), end);
    const target: Target = content
      ? { kind: 'fragment', packet, record: index, fragment: i }
      : { kind: 'record', packet, record: index };
    add({
      level: 'fragment',
      key: `f${index}.${i}`,
      target,
      start: from,
      end: to,
      head: place(fragment.start) - from,
      odd: (index + i) % 2 === 1,
      sealed,
      full: fragmentText(fragment),
    });
    const colour = colours.get(fragment.messageKey) ?? colours.size % 2 === 1;
    colours.set(fragment.messageKey, colour);
    const strip = {
      level: 'message' as const,
      key: `m${index}.${i}`,
      target: { kind: 'message' as const, packet, key: fragment.messageKey },
      start: from,
      end: to,
      head: 0,
      odd: colour,
      sealed,
      full: handshakeTypeName(fragment.message),
    };
    if (before?.key === fragment.messageKey && before.end === from)
      before = { ...before, end: to, strip: { ...before.strip, end: to } };
    else {
      if (before) add(before.strip);
      before = { key: fragment.messageKey, end: to, strip };
    }
  });
  if (before) add(before.strip);
}

/** Left to right, and at the same place from coarse to fine. */
function targetsOf(strips: readonly Strip[]): Target[] {
  const order = [...strips].sort((a, b) => a.x - b.x || levels.indexOf(a.level) - levels.indexOf(b.level));
  return order.filter(({ key }) => key !== 'left').map(({ target }) => target);
}
