/**
 * A datagram's row in the ladder. Where it stands is worked out for every datagram, for which its height is enough; what
 * it shows is made when somebody looks, since of a long run a screenful is ever looked at.
 */
import type { DatagramView } from '../../src/analysis/model.ts';
import type { Actor, PacketNumber, TraceTime } from '../../src/trace/model.ts';
import { type Chip, type ChipRoom, chipLines, placeChips } from './chips.ts';
import { clip, measure, proseWidth } from './measure.ts';
import { firstSentText } from './sendings.ts';
import { bytesText, clock, duration, statusTexts, wasLost } from './text.ts';

/** What all rows of a ladder share. */
export interface Sheet {
  readonly width: number;
  readonly narrow: boolean;
  readonly charWidth: number;
  /** Of the lanes. */
  readonly x: Readonly<Record<Actor, number>>;
  readonly startedAt: TraceTime;
  /** The datagrams that brought first what this one repeats. */
  firstSent(packet: PacketNumber): readonly PacketNumber[];
}

/** Room kept at the receiving end for the arrow head or the cross. */
const arrowReserve = 30;
/** Room at the sending end, so that the arrow is seen to leave its lane. */
const departReserve = 14;
/** Above and below the chips together. */
const padding = measure.row - measure.chip;

/** What a row shows. */
interface Content {
  readonly firstSent: readonly PacketNumber[];
  readonly chips: readonly Chip[];
  readonly arrow: { readonly y: number; readonly x1: number; readonly x2: number };
  readonly remarks: readonly string[];
  readonly remark: string;
  readonly remarkAt: { readonly x: number; readonly y: number };
}

export class DatagramRow {
  readonly kind = 'datagram';
  /** Place among the datagrams shown, from 0. */
  readonly place: number;
  readonly y: number;
  readonly height: number;
  /** An error finding names it: what stopped the handshake. */
  readonly stopped: boolean;
  readonly #datagram: DatagramView;
  readonly #sheet: Sheet;
  readonly #lines: number;
  #content: Content | undefined;

  constructor(datagram: DatagramView, sheet: Sheet, place: number, y: number, stopped: boolean) {
    this.#datagram = datagram;
    this.#sheet = sheet;
    this.place = place;
    this.y = y;
    this.stopped = stopped;
    this.#lines = chipLines(datagram.records, chipRoom(datagram.from, sheet));
    this.height = linesHeight(this.#lines) + padding + (sheet.narrow ? measure.remark : 0);
  }

  /** The same row, (no longer) named by an error finding. */
  marked(stopped: boolean): DatagramRow {
    return new DatagramRow(this.#datagram, this.#sheet, this.place, this.y, stopped);
  }

  get packet(): PacketNumber {
    return this.#datagram.packet;
  }
  get from(): Actor {
    return this.#datagram.from;
  }
  get flight(): number | undefined {
    return this.#datagram.flight;
  }
  /** Time since the handshake's start. */
  get time(): string {
    return clock(this.#datagram.at - this.#sheet.startedAt);
  }
  get size(): string {
    return bytesText(this.#datagram.size);
  }
  /** Drawn dashed. */
  get resent(): boolean {
    return this.#datagram.attempt > 0;
  }
  /** Its arrow ends in a cross before it reaches the other lane. */
  get lost(): boolean {
    return wasLost(this.#datagram);
  }
  /** It arrived, but not as it was sent: cut, corrupted, or with bytes that could not be read. */
  get harmed(): boolean {
    const { leftover, link } = this.#datagram;
    return leftover !== undefined || link.some(({ action: { kind } }) => kind === 'truncated' || kind === 'corrupted');
  }
  /** The datagrams that brought the same first. */
  get firstSent(): readonly PacketNumber[] {
    return this.#made.firstSent;
  }
  get chips(): readonly Chip[] {
    return this.#made.chips;
  }
  get arrow(): Content['arrow'] {
    return this.#made.arrow;
  }
  /** "resent", "lost: loss 10%", "cut to 1200 B". */
  get remarks(): readonly string[] {
    return this.#made.remarks;
  }
  /** Remarks joined, as much as fits at the right or under the arrow; the size stands before them. */
  get remark(): string {
    return this.#made.remark;
  }
  get remarkAt(): Content['remarkAt'] {
    return this.#made.remarkAt;
  }
  /**
   * The whole row in words, for those who hear it: first as it is read, so that what is seen can be said to a machine that
   * listens (WCAG 2.5.3), then what is drawn, and what was cut off.
   */
  get label(): string {
    const { from, flight, packet } = this.#datagram;
    const cut = this.chips.filter(({ text, full }) => text !== full).map(({ full }) => full);
    const remarks = this.remarks.join('; ');
    const parts = [
      this.time,
      ...this.chips.map(({ text }) => text),
      this.size,
      this.remark,
      `datagram ${packet}`,
      `${from} to ${otherOf(from)}`,
      flight === undefined ? '' : `flight ${flight}`,
      ...cut,
      this.remark === remarks ? '' : remarks,
    ];
    return parts.filter((part) => part !== '').join(', ');
  }

  get #made(): Content {
    this.#content ??= this.#make();
    return this.#content;
  }

  #make(): Content {
    const { narrow, width, x, firstSent: sentFirst } = this.#sheet;
    const { from, records, packet } = this.#datagram;
    const { y, resent, lost } = this;
    const to = otherOf(from);
    const direction = from === 'client' ? 1 : -1;
    const firstSent = resent ? sentFirst(packet) : [];
    const remarks = remarksOf(this.#datagram, firstSent, lost);
    const bottom = y + padding / 2 + linesHeight(this.#lines);
    const arrowY = bottom - measure.chip / 2;
    const remarkX = narrow ? x.client + departReserve : x.server + 8;
    return {
      firstSent,
      chips: placeChips(records, from === 'client' ? 'left' : 'right', chipRoom(from, this.#sheet), y + padding / 2),
      arrow: { y: arrowY, x1: x[from], x2: x[to] - direction * (lost ? arrowReserve - 8 : 2) },
      remarks,
      remark: clip(remarks.join('; '), width - remarkX - measure.size, proseWidth),
      remarkAt: { x: remarkX, y: narrow ? bottom + measure.remark - 3 : arrowY + 4 },
    };
  }
}

const otherOf = (actor: Actor): Actor => (actor === 'client' ? 'server' : 'client');

const linesHeight = (lines: number): number => lines * measure.chip + (lines - 1) * measure.chipGap;

const chipRoom = (from: Actor, { x, charWidth }: Sheet): ChipRoom => ({
  left: x.client + (from === 'client' ? departReserve : arrowReserve),
  right: x.server - (from === 'client' ? arrowReserve : departReserve),
  charWidth,
});

function remarksOf(datagram: DatagramView, firstSent: readonly PacketNumber[], lost: boolean): readonly string[] {
  const remarks = statusTexts(datagram);
  if (firstSent.length > 0) remarks.splice(1, 0, firstSentText(firstSent));
  const { at, deliveredAt } = datagram;
  if (deliveredAt !== undefined && deliveredAt - at >= 1 && !lost)
    remarks.push(`arrives ${duration(deliveredAt - at)} later`);
  return remarks;
}
