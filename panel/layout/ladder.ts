/**
 * The ladder as shapes: from a handshake to rows with positions, without a browser. Two lanes, client left; a row for
 * each datagram with its records as chips, a band for each sending of a flight, a line for each folded pause and for what
 * our own endpoint said (connected, gave up). Rows are in order of time and never overlap, so a view can draw a window of
 * them. What is red is decided here: only datagrams that an error finding names; loss that was recovered stays quiet.
 *
 * A live run is read anew many times a second, and each reading is the one before with a few datagrams more. So a layout
 * keeps what it laid out, and goes on from the first datagram that is not the same object as before.
 */
import type { DatagramView, FlightView, Handshake } from '../../src/analysis/model.ts';
import type { Actor, PacketNumber } from '../../src/trace/model.ts';
import { type Axis, type AxisKind, axis, foldText, type Zoom } from './axis.ts';
import { DatagramRow, type Sheet } from './datagramRow.ts';
import { FlightRow } from './flightRow.ts';
import { type Keep, sameUpTo } from './kept.ts';
import { Entries, type Entry, isSaid, type SaidEntry } from './ladderEntries.ts';
import { measure } from './measure.ts';
import { inferredText, leftOutText } from './notes.ts';
import { firstSendings } from './sendings.ts';
import { clock } from './text.ts';

export interface LadderOptions {
  /** Pixels that the picture may take. */
  readonly width: number;
  readonly axis: AxisKind;
  readonly zoom?: Zoom;
  /** Datagrams that an error finding names: what stopped the handshake. */
  readonly stopped?: ReadonlySet<PacketNumber>;
  /** Width of a character of the chips' typeface, pixels. */
  readonly charWidth?: number;
  /** Which datagrams to show; all of them without it. */
  readonly keep?: Keep;
  /** With a line for each STUN message. */
  readonly stun?: boolean;
}

export interface Ladder {
  readonly width: number;
  readonly height: number;
  /** No room for a column at the right: sizes and remarks stand under the arrows. */
  readonly narrow: boolean;
  readonly axis: { readonly kind: AxisKind; readonly text: string };
  readonly lanes: { readonly client: Lane; readonly server: Lane };
  /** What is a guess, in words; undefined when nothing is. */
  readonly inferred: string | undefined;
  /** What the reader counted only, so that it is not here; undefined when everything is. */
  readonly leftOut: string | undefined;
  readonly rows: readonly Row[];
  readonly bands: readonly Band[];
  /** Packets in order of rows: what arrow keys walk along. */
  readonly packets: readonly PacketNumber[];
  /** The row of a datagram, when it is shown. */
  rowOf(packet: PacketNumber | undefined): DatagramRow | undefined;
}

export interface Lane {
  readonly actor: Actor;
  readonly x: number;
  readonly title: string;
  readonly address: string;
}

export type Row = FlightRow | DatagramRow | PauseRow | EventRow;
interface Placed {
  readonly y: number;
  readonly height: number;
}

export interface PauseRow extends Placed {
  readonly kind: 'pause';
  readonly key: string;
  readonly text: string;
}

export interface EventRow extends Placed {
  readonly kind: 'event';
  readonly key: string;
  readonly actor: Actor | undefined;
  readonly time: string;
  readonly text: string;
  readonly tone: SaidEntry['tone'];
}

/** The shading behind one sending of a flight; a flight that others interrupt has several. */
export interface Band extends Placed {
  /** From 0. */
  readonly index: number;
  readonly flight: number | undefined;
  readonly attempt: number;
  readonly from: Actor;
  /** Alternates, so that neighbours differ. */
  readonly odd: boolean;
  readonly resent: boolean;
}

/** Lanes further apart than this are hard to follow with the eye. */
const lanesApart = 760;

/** Lays a handshake out. Pure; linear in the number of datagrams. */
export const ladder = (handshake: Handshake, options: LadderOptions): Ladder =>
  new LadderLayout().of(handshake, options);

/** What stood before an entry was laid out. */
interface Mark {
  readonly y: number;
  readonly rows: number;
  readonly bands: number;
  readonly packets: number;
  /** The last band goes on when the entry belongs to it. */
  readonly open: boolean;
}

/** What no row outlives. */
interface Look {
  readonly options: LadderOptions;
  readonly scale: number | undefined;
  readonly sheet: Sheet;
}

/**
 * The same, for a handshake that grows: the picture is always the one that `ladder` gives, but rows whose datagrams did
 * not change are the rows of before. Other options, or another handshake, begin afresh.
 */
export class LadderLayout {
  readonly #inOrder = new Entries();
  #firstSent: ReadonlyMap<PacketNumber, readonly PacketNumber[]> = new Map();
  #look: Look | undefined;
  #entries: readonly Entry[] = [];
  /** Before every so many entries. */
  readonly #marks: Mark[] = [];
  readonly #rows: Row[] = [];
  readonly #bands: Band[] = [];
  readonly #packets: PacketNumber[] = [];
  /** Where the row of each packet is. */
  readonly #places: number[] = [];
  /** How many bands each sending of a flight has, by flight and attempt. */
  readonly #parts = new Map<number, Map<number, number>>();
  /** Rows of heads that name the messages of a flight, of which more may come. */
  readonly #heads = new Set<number>();
  #stopped: ReadonlySet<PacketNumber> = new Set();
  #y = 0;
  #open = false;
  #rowsMade = 0;

  /** Rows made so far: what the readings cost. */
  get rowsMade(): number {
    return this.#rowsMade;
  }

  of(handshake: Handshake, options: LadderOptions): Ladder {
    const entries = this.#inOrder.of(handshake, options.keep, options.stun);
    const totalMs = (entries.at(-1)?.at ?? 0) - handshake.startedAt;
    const time = axis(options.axis, totalMs, entries.length, options.zoom);
    const goesOn = this.#look !== undefined && isSameLook(this.#look, options, time, handshake);
    const look = goesOn && this.#look ? this.#look : this.#lookOf(handshake, options, time);
    this.#look = look;
    this.#firstSent = firstSendings(handshake);
    const known = this.#rewind(goesOn ? sameUpTo(this.#entries, entries) : 0);
    this.#markStopped(options.stopped ?? new Set());
    const flights = new Map(handshake.flights.map((flight) => [flight.number, flight]));
    this.#renewHeads(flights);
    let previous = known > 0 ? entries[known - 1] : undefined;
    for (let i = known; i < entries.length; i++) {
      const entry = entries[i];
      if (!entry) continue;
      if (i % markEvery === 0) this.#marks.push(this.#mark());
      this.#add(entry, previous && entry.at - previous.at, time, flights, look.sheet);
      previous = entry;
    }
    this.#entries = entries;
    if (this.#open) this.#endBand();
    return this.#picture(handshake, time, look.sheet);
  }

  #lookOf(handshake: Handshake, options: LadderOptions, { scale }: Axis): Look {
    const { width, charWidth = 6.7 } = options;
    const narrow = width < measure.narrowBelow;
    const gutter = narrow ? 60 : 76;
    const right = narrow ? 14 : Math.min(Math.max(Math.round(width * 0.28), 190), 340);
    const x = { client: gutter, server: Math.max(Math.min(width - right, gutter + lanesApart), gutter + 120) };
    const firstSent = (packet: PacketNumber): readonly PacketNumber[] => this.#firstSent.get(packet) ?? [];
    return { options, scale, sheet: { width, narrow, charWidth, x, startedAt: handshake.startedAt, firstSent } };
  }

  #mark(): Mark {
    const { length: rows } = this.#rows;
    const { length: packets } = this.#packets;
    return { y: this.#y, rows, bands: this.#bands.length, packets, open: this.#open };
  }

  /** Takes back what was laid out from this entry on, and a little before it: to where is the answer. */
  #rewind(to: number): number {
    if (to > 0 && to === this.#entries.length) return to;
    const at = Math.floor(to / markEvery);
    const mark = this.#marks[at] ?? beginning;
    this.#marks.length = Math.min(at, this.#marks.length);
    for (const { flight, attempt } of this.#bands.splice(mark.bands)) {
      const parts = this.#parts.get(flight ?? -1);
      parts?.set(attempt, (parts.get(attempt) ?? 1) - 1);
    }
    this.#rows.length = mark.rows;
    this.#packets.length = mark.packets;
    this.#places.length = mark.packets;
    for (const head of this.#heads) if (head >= mark.rows) this.#heads.delete(head);
    this.#y = mark.y;
    this.#open = mark.open;
    return at * markEvery;
  }

  /** Rows of before that an error finding names now, or names no longer. */
  #markStopped(stopped: ReadonlySet<PacketNumber>): void {
    for (const packet of [...this.#stopped, ...stopped]) {
      const at = this.#places[this.#packets.indexOf(packet)] ?? -1;
      const row = this.#rows[at];
      if (row?.kind === 'datagram' && row.stopped !== stopped.has(packet))
        this.#rows[at] = row.marked(stopped.has(packet));
    }
    this.#stopped = stopped;
  }

  #renewHeads(flights: ReadonlyMap<number, FlightView>): void {
    for (const at of this.#heads) {
      const row = this.#rows[at];
      if (row?.kind === 'flight') this.#rows[at] = row.renewed(flights.get(row.flight));
    }
  }

  /** `gapMs`: since the entry before, if there is one. */
  #add(
    entry: Entry,
    gapMs: number | undefined,
    time: Axis,
    flights: ReadonlyMap<number, FlightView>,
    sheet: Sheet,
  ): void {
    const band = this.#open ? this.#bands.at(-1) : undefined;
    const same = band !== undefined && !isSaid(entry) && belongs(band, entry);
    if (band && !same) {
      this.#endBand();
      this.#open = false;
      this.#y += measure.bandGap;
    }
    if (gapMs !== undefined) this.#addPause(gapMs, time, same);
    if (isSaid(entry)) {
      const { at, key, actor, text, tone } = entry;
      const said = { key, actor, text, tone, time: clock(at - sheet.startedAt) };
      this.#push({ kind: 'event', y: this.#y, height: measure.event, ...said });
      return;
    }
    if (!same) this.#startBand(entry, flights, sheet);
    const stopped = this.#stopped.has(entry.packet);
    this.#places.push(this.#rows.length);
    this.#push(new DatagramRow(entry, sheet, this.#packets.length, this.#y, stopped));
    this.#packets.push(entry.packet);
  }

  #push(row: Row): void {
    this.#rows.push(row);
    this.#y += row.height;
    this.#rowsMade++;
  }

  #addPause(gapMs: number, time: Axis, inBand: boolean): void {
    const { pixels, folded } = time.space(gapMs);
    if (folded) {
      const key = `pause/${this.#rows.length}`;
      this.#push({ kind: 'pause', key, y: this.#y, height: pixels, text: foldText(gapMs) });
      if (!inBand) this.#y += measure.bandGap;
      return;
    }
    // On the real axis the rows themselves take room that time did not need; give only what is left.
    const last = this.#rows.at(-1);
    this.#y += time.scale !== undefined && last ? Math.max(pixels - last.height, 0) : pixels;
  }

  #startBand(datagram: DatagramView, flights: ReadonlyMap<number, FlightView>, { x }: Sheet): void {
    const { flight, attempt, from, at } = datagram;
    const index = this.#bands.length;
    const odd = index % 2 === 1;
    this.#bands.push({ index, flight, attempt, from, odd, resent: attempt > 0, y: this.#y, height: 0 });
    this.#open = true;
    if (flight === undefined) return;
    let parts = this.#parts.get(flight);
    if (!parts) {
      parts = new Map();
      this.#parts.set(flight, parts);
    }
    const part = (parts.get(attempt) ?? 0) + 1;
    parts.set(attempt, part);
    if (part === 1 && attempt === 0) this.#heads.add(this.#rows.length);
    const start = { at, from, flight, attempt, part };
    this.#push(new FlightRow(start, flights.get(flight), this.#y, x.server - x.client - 16));
  }

  /** Bands that were shown stay as they were; a longer one takes the place. */
  #endBand(): void {
    const last = this.#bands.length - 1;
    const band = this.#bands[last];
    if (!band) return;
    const { index, flight, attempt, from, odd, resent, y } = band;
    this.#bands[last] = { index, flight, attempt, from, odd, resent, y, height: this.#y - y };
  }

  #picture(handshake: Handshake, time: Axis, { width, narrow, x }: Sheet): Ladder {
    const rows = this.#rows.slice();
    const packets = this.#packets.slice();
    const places = this.#places.slice();
    const lane = (actor: Actor): Lane => ({
      actor,
      x: x[actor],
      title: handshake.localRole === actor ? `${actor} (dtlscope)` : actor,
      address: handshake[actor],
    });
    return {
      width,
      height: this.#y + measure.bottom,
      narrow,
      axis: { kind: time.kind, text: time.text },
      lanes: { client: lane('client'), server: lane('server') },
      inferred: inferredText(handshake),
      leftOut: leftOutText(handshake),
      rows,
      bands: this.#bands.slice(),
      packets,
      rowOf: (packet) => {
        const row = packet === undefined ? undefined : rows[places[packets.indexOf(packet)] ?? -1];
        return row?.kind === 'datagram' ? row : undefined;
      },
    };
  }
}

/** Going on may lay so many entries out again: a mark before each would take longer to make than they. */
const markEvery = 32;
const beginning: Mark = { y: measure.top, rows: 0, bands: 0, packets: 0, open: false };

/** Whether rows made for one may stand in the other. */
const isSameLook = (
  { options: before, scale, sheet }: Look,
  options: LadderOptions,
  time: Axis,
  { startedAt }: Handshake,
): boolean =>
  before.width === options.width &&
  before.charWidth === options.charWidth &&
  before.axis === options.axis &&
  before.zoom === options.zoom &&
  scale === time.scale &&
  sheet.startedAt === startedAt;

const belongs = (band: Band, datagram: DatagramView): boolean =>
  band.flight === datagram.flight && band.attempt === datagram.attempt && band.from === datagram.from;
