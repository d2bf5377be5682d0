/**
 * A datagram's block in the packing: four strips over the same bytes. All blocks are of one height, so where they stand is
 * known without looking into them; what one shows is made when somebody looks, since a screenful is ever looked at.
 */
import type { DatagramView, RecordView } from '../../src/analysis/model.ts';
import type { PacketNumber } from '../../src/trace/model.ts';
import { handshakeHeaderLength, handshakeTypeName } from '../../src/wire/handshake.ts';
import { recordHeaderLength } from '../../src/wire/record.ts';
import type { Target } from '../state/selection.ts';
import { clip } from './measure.ts';
import { bytesText, fragmentText, recordText, statusTexts, wasLost } from './text.ts';

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

/** What all blocks of a packing share. */
export interface BlockPlace {
  /** Byte 0, and pixels for a byte. */
  readonly left: number;
  readonly scale: number;
  readonly charWidth: number;
  /** For texts, pixels. */
  readonly room: number;
  readonly mtu: number | undefined;
  /** Keys of every second message, so that neighbours differ. */
  readonly odd: ReadonlySet<string>;
}

/** The part of a datagram that is more than the run's MTU. */
export interface Past {
  readonly x: number;
  readonly width: number;
  readonly text: string;
}

const levels: readonly Strip['level'][] = ['datagram', 'record', 'fragment', 'message'];

/** Pixels. */
export const blockHeight = packingMeasure.caption + levels.length * packingMeasure.strip + packingMeasure.gap;

export class BlockRow {
  readonly kind = 'datagram';
  readonly y: number;
  readonly height = blockHeight;
  readonly #datagram: DatagramView;
  readonly #place: BlockPlace;
  #strips: readonly Strip[] | undefined;

  constructor(datagram: DatagramView, y: number, place: BlockPlace) {
    this.#datagram = datagram;
    this.#place = place;
    this.y = y;
  }

  /** Whether it is the block of this datagram, there. */
  shows(datagram: DatagramView, y: number): boolean {
    return this.#datagram === datagram && this.y === y;
  }

  get key(): string {
    return `datagram/${this.packet}`;
  }
  get packet(): PacketNumber {
    return this.#datagram.packet;
  }
  get target(): Target {
    return { kind: 'datagram', packet: this.packet };
  }
  get lost(): boolean {
    return wasLost(this.#datagram);
  }
  get strips(): readonly Strip[] {
    this.#strips ??= stripsOf(this.#datagram, this.y + packingMeasure.caption, this.#place);
    return this.#strips;
  }
  get past(): Past | undefined {
    const bytes = this.#pastBytes;
    const { left, scale, mtu = 0 } = this.#place;
    if (bytes === 0) return undefined;
    const text = `${bytesText(bytes)} past the MTU`;
    return { x: left + mtu * scale, width: Math.max(bytes * scale, 2), text };
  }
  get text(): string {
    return clip(this.#caption.join(' · '), this.#place.room, this.#place.charWidth);
  }
  /** Targets from left to right and coarse to fine, the datagram first: what arrow keys walk along. */
  get targets(): readonly Target[] {
    return targetsOf(this.strips);
  }
  /** As it is read, then what it holds: what is seen can be said to a machine that listens (WCAG 2.5.3). */
  get label(): string {
    const caption = this.#caption;
    const read = this.text === caption.join(' · ') ? caption : [this.text, ...caption.slice(3)];
    return [...read, 'datagram', ...this.#datagram.records.map(recordText)].join(', ');
  }

  get #caption(): readonly string[] {
    const { from, size } = this.#datagram;
    return [`${this.packet}`, from, bytesText(size), ...this.#remarks];
  }

  get #pastBytes(): number {
    const { mtu } = this.#place;
    return mtu === undefined ? 0 : Math.max(this.#datagram.size - mtu, 0);
  }
  get #remarks(): readonly string[] {
    const bytes = this.#pastBytes;
    const past = bytes > 0 ? [`${bytesText(bytes)} past the MTU of ${this.#place.mtu}`] : [];
    return [...past, ...statusTexts(this.#datagram)];
  }
}

/** Strips from `top` on. */
function stripsOf(datagram: DatagramView, top: number, place: BlockPlace): readonly Strip[] {
  const { left, scale, charWidth } = place;
  const { packet, size, records, leftover } = datagram;
  const target: Target = { kind: 'datagram', packet };
  const strips: Strip[] = [];
  const add: Add = ({ start, end, head, ...rest }) => {
    const width = Math.max((end - start) * scale, 1);
    const headWidth = Math.min(head * scale, width);
    // Behind the header, which is shaded.
    const room = width - headWidth;
    strips.push({
      ...rest,
      x: left + start * scale,
      y: top + levels.indexOf(rest.level) * packingMeasure.strip,
      width,
      head: headWidth,
      text: room < 4 * charWidth ? '' : clip(rest.full, room - 6, charWidth),
    });
  };
  const whole = { target, end: size, head: 0 };
  const full = `datagram ${packet}`;
  add({ ...whole, level: 'datagram', key: 'd', start: 0, odd: packet % 2 === 1, sealed: false, full });
  for (const record of records) addRecord(datagram, record, add, place);
  if (leftover)
    add({ ...whole, level: 'record', key: 'left', start: leftover.start, odd: false, sealed: true, full: 'unread' });
  return strips;
}

/** A strip by the bytes that it stands for, those of its header included. */
type Add = (
  strip: Omit<Strip, 'x' | 'y' | 'width' | 'text'> & { readonly start: number; readonly end: number },
) => void;

function addRecord({ packet, buffer }: DatagramView, record: RecordView, add: Add, { odd: odds }: BlockPlace): void {
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
    const strip = {
      level: 'message' as const,
      key: `m${index}.${i}`,
      target: { kind: 'message' as const, packet, key: fragment.messageKey },
      start: from,
      end: to,
      head: 0,
      odd: odds.has(fragment.messageKey),
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
