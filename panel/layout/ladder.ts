/**
 * The ladder as shapes: from a handshake to rows with positions, without a browser. Two lanes, client left; a row for
 * each datagram with its records as chips, a band for each sending of a flight, a line for each folded pause and for what
 * our own endpoint said (connected, gave up). Rows are in order of time and never overlap, so a view can draw a window of
 * them. What is red is decided here: only datagrams that an error finding names; loss that was recovered stays quiet.
 */
import type { DatagramView, FlightView, Handshake, RecordView } from '../../src/analysis/model.ts';
import type { Failure } from '../../src/trace/facts.ts';
import type { Actor, PacketNumber, TraceTime } from '../../src/trace/model.ts';
import { type Axis, type AxisKind, axis, type Zoom } from './axis.ts';
import { firstSendings, firstSentText } from './sendings.ts';
import { bytesText, clock, duration, plural, recordText, statusTexts, wasLost } from './text.ts';

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
  readonly keep?: ((datagram: DatagramView) => boolean) | undefined;
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
  readonly rows: readonly Row[];
  readonly bands: readonly Band[];
  /** Packets in order of rows: what arrow keys walk along. */
  readonly packets: readonly PacketNumber[];
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

/** Head line of a band. */
export interface FlightRow extends Placed {
  readonly kind: 'flight';
  readonly key: string;
  readonly flight: number;
  readonly from: Actor;
  readonly title: string;
  /** Message names, or why it was sent again; as much as fits. */
  readonly text: string;
  readonly full: string;
  readonly resent: boolean;
}

export interface DatagramRow extends Placed {
  readonly kind: 'datagram';
  readonly packet: PacketNumber;
  /** Place among the datagrams shown, from 0. */
  readonly place: number;
  readonly from: Actor;
  readonly flight: number | undefined;
  /** The datagrams that brought the same first. */
  readonly firstSent: readonly PacketNumber[];
  /** Time since the handshake's start. */
  readonly time: string;
  readonly size: string;
  readonly chips: readonly Chip[];
  readonly arrow: { readonly y: number; readonly x1: number; readonly x2: number };
  /** `resent` is dashed, `lost` ends in a cross before it reaches the other lane. */
  readonly resent: boolean;
  readonly lost: boolean;
  /** It arrived, but not as it was sent: cut, corrupted, or with bytes that could not be read. */
  readonly harmed: boolean;
  readonly stopped: boolean;
  /** "resent", "lost: loss 10%", "cut to 1200 B". */
  readonly remarks: readonly string[];
  /** Remarks joined, as much as fits at the right or under the arrow; the size stands before them. */
  readonly remark: string;
  readonly remarkAt: { readonly x: number; readonly y: number };
  /** The whole row in words, for those who hear it. */
  readonly label: string;
}

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
  readonly tone: 'good' | 'bad' | 'quiet';
}

/** The shading behind one sending of a flight; a flight that others interrupt has several. */
export interface Band extends Placed {
  readonly key: string;
  readonly flight: number | undefined;
  readonly attempt: number;
  readonly from: Actor;
  /** Alternates, so that neighbours differ. */
  readonly odd: boolean;
  readonly resent: boolean;
}

/** Vertical measures, pixels. Chips sit on the arrow; rows are as dense as 11 px text allows. */
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

const chipPadding = 6;
/** Lanes further apart than this are hard to follow with the eye. */
const lanesApart = 760;
/** Room kept at the receiving end for the arrow head or the cross. */
const arrowReserve = 30;
/** Room at the sending end, so that the arrow is seen to leave its lane. */
const departReserve = 14;
/** A character of the running text, pixels; generous, since text is cut by it. */
const proseWidth = 6.2;

/** As much of a text as fits into so many pixels; a cut is shown. */
export function clip(text: string, pixels: number, charWidth: number): string {
  const room = Math.max(Math.floor(pixels / charWidth), 1);
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

/** Lays a handshake out. Pure; linear in the number of datagrams. */
export function ladder(handshake: Handshake, options: LadderOptions): Ladder {
  const { width } = options;
  const narrow = width < measure.narrowBelow;
  const charWidth = options.charWidth ?? 6.7;
  const gutter = narrow ? 54 : 76;
  const right = narrow ? 14 : Math.min(Math.max(Math.round(width * 0.28), 190), 340);
  const x = { client: gutter, server: Math.max(Math.min(width - right, gutter + lanesApart), gutter + 120) };
  const datagrams = options.keep ? handshake.datagrams.filter(options.keep) : handshake.datagrams;
  const entries = inOrder(datagrams, handshake);
  const time = axis(options.axis, lastTime(entries) - handshake.startedAt, entries.length, options.zoom);
  const flights = new Map(handshake.flights.map((flight) => [flight.number, flight]));
  const stopped = options.stopped ?? new Set<PacketNumber>();
  const first = firstSendings(handshake);

  const rows: Row[] = [];
  const bands: OpenBand[] = [];
  const seen = new Map<string, number>();
  let open: OpenBand | undefined;
  let y: number = measure.top;
  let previous: TraceTime | undefined;
  let shown = 0;

  for (const entry of entries) {
    const same = entry.kind === 'datagram' && open !== undefined && belongs(open, entry.datagram);
    const pause = previous === undefined ? undefined : time.space(entry.at - previous);
    if (!same && open) {
      open.height = y - open.y;
      open = undefined;
      y += measure.bandGap;
    }
    if (pause) y = addPause(rows, time, pause, y);
    if (pause?.fold !== undefined && !same) y += measure.bandGap;
    previous = entry.at;
    if (entry.kind === 'event') {
      const { key, actor, text, tone } = entry;
      const at = clock(entry.at - handshake.startedAt);
      rows.push({ kind: 'event', key, y, height: measure.event, actor, text, tone, time: at });
      y += measure.event;
      continue;
    }
    const { datagram } = entry;
    if (!open) {
      open = startBand(datagram, y, bands.length);
      bands.push(open);
      const sending = `${datagram.flight}/${datagram.attempt}`;
      const part = (seen.get(sending) ?? 0) + 1;
      seen.set(sending, part);
      const flight = datagram.flight === undefined ? undefined : flights.get(datagram.flight);
      const head = flightHead(datagram, flight, part, x.server - x.client - 16);
      if (head) {
        rows.push({ kind: 'flight', key: `${sending}/${part}`, y, height: measure.flight, ...head });
        y += measure.flight;
      }
    }
    const row = datagramRow(
      datagram,
      { y, x, narrow, charWidth, width, index: shown++ },
      handshake,
      stopped.has(datagram.packet),
      datagram.attempt > 0 ? (first.get(datagram.packet) ?? []) : [],
    );
    rows.push(row);
    y += row.height;
  }
  if (open) open.height = y - open.y;

  const lane = (actor: Actor): Lane => ({
    actor,
    x: x[actor],
    title: handshake.localRole === actor ? `${actor} (dtlscope)` : actor,
    address: handshake[actor],
  });
  return {
    width,
    height: y + measure.bottom,
    narrow,
    axis: { kind: time.kind, text: time.text },
    lanes: { client: lane('client'), server: lane('server') },
    inferred: inferredText(handshake),
    rows,
    bands,
    packets: rows.flatMap((row) => (row.kind === 'datagram' ? [row.packet] : [])),
  };
}

interface OpenBand extends Band {
  height: number;
}

type Entry =
  | { readonly kind: 'datagram'; readonly at: TraceTime; readonly datagram: DatagramView }
  | {
      readonly kind: 'event';
      readonly at: TraceTime;
      readonly key: string;
      readonly actor: Actor | undefined;
      readonly text: string;
      readonly tone: EventRow['tone'];
    };

/** Datagrams and what our endpoint said, by time; what was said at the time of a datagram comes after it. */
function inOrder(datagrams: readonly DatagramView[], handshake: Handshake): Entry[] {
  const entries: Entry[] = datagrams.map((datagram) => ({ kind: 'datagram', at: datagram.at, datagram }));
  for (const actor of ['client', 'server'] as const) {
    const connected = handshake.connected[actor];
    if (connected) {
      const text = `${actor} connected`;
      entries.push({ kind: 'event', at: connected.at, key: `connected/${actor}`, actor, text, tone: 'good' });
    }
  }
  handshake.failures.forEach(({ at, actor, failure }, index) => {
    const text = `${actor} gave up: ${failureText(failure)}`;
    entries.push({ kind: 'event', at, key: `failed/${index}`, actor, text, tone: 'bad' });
  });
  handshake.refused.forEach(({ at, by, why }, index) => {
    entries.push({ kind: 'event', at, key: `refused/${index}`, actor: undefined, text: `${by}: ${why}`, tone: 'bad' });
  });
  if (handshake.end && handshake.end.how !== 'done') {
    const { at, how, why } = handshake.end;
    const text = why === undefined ? `run ${how}` : `run ${how}: ${why}`;
    entries.push({
      kind: 'event',
      at,
      key: 'end',
      actor: undefined,
      text,
      tone: how === 'cancelled' ? 'quiet' : 'bad',
    });
  }
  return entries.sort((a, b) => a.at - b.at);
}

const lastTime = (entries: readonly Entry[]): TraceTime => entries.at(-1)?.at ?? 0;

/** An engine's failure in a few words; the findings explain, this only marks the place. */
export function failureText(failure: Failure): string {
  const attempts = failure['attempts'];
  if (failure.code === 'timed-out' && typeof attempts === 'number')
    return `no answer to flight ${failure['flight']} after ${plural(attempts, 'retransmission')}`;
  const what = failure['what'] ?? failure['message'] ?? failure['why'];
  const name = failure.code.replaceAll('-', ' ');
  return typeof what === 'string' ? `${name} (${what})` : name;
}

const belongs = (band: Band, datagram: DatagramView): boolean =>
  band.flight === datagram.flight && band.attempt === datagram.attempt && band.from === datagram.from;

const startBand = (datagram: DatagramView, y: number, index: number): OpenBand => ({
  key: `band/${index}`,
  flight: datagram.flight,
  attempt: datagram.attempt,
  from: datagram.from,
  odd: index % 2 === 1,
  resent: datagram.attempt > 0,
  y,
  height: 0,
});

function flightHead(
  datagram: DatagramView,
  flight: FlightView | undefined,
  part: number,
  room: number,
): Pick<FlightRow, 'flight' | 'from' | 'title' | 'text' | 'full' | 'resent'> | undefined {
  if (datagram.flight === undefined) return undefined;
  const { from } = datagram;
  const resent = datagram.attempt > 0;
  const again = resent ? ' again' : '';
  const continued = part > 1 ? ', continued' : '';
  const title = `Flight ${datagram.flight}${again}${continued}`;
  const messages = flight?.messages.join(', ') ?? '';
  const first = flight?.sentAt;
  const told = resent && first !== undefined ? `${duration(datagram.at - first)} after it was first sent` : messages;
  const full = part > 1 ? '' : told;
  const text = clip(full, room - `${title} ${from}`.length * proseWidth - 24, proseWidth);
  return { flight: datagram.flight, from, title, text, full, resent };
}

function addPause(rows: Row[], time: Axis, pause: ReturnType<Axis['space']>, y: number): number {
  if (pause.fold !== undefined)
    rows.push({ kind: 'pause', key: `pause/${rows.length}`, y, height: pause.pixels, text: pause.fold });
  // On the real axis the rows themselves take room that time did not need; give only what is left.
  const last = rows.at(-1);
  const owed = time.scale !== undefined && last ? Math.max(pause.pixels - last.height, 0) : pause.pixels;
  return y + owed;
}

interface Place {
  readonly y: number;
  readonly x: Readonly<Record<Actor, number>>;
  readonly narrow: boolean;
  readonly charWidth: number;
  readonly width: number;
  readonly index: number;
}

function datagramRow(
  datagram: DatagramView,
  place: Place,
  handshake: Handshake,
  stopped: boolean,
  firstSent: readonly PacketNumber[],
): DatagramRow {
  const { from } = datagram;
  const to: Actor = from === 'client' ? 'server' : 'client';
  const direction = from === 'client' ? 1 : -1;
  const lost = wasLost(datagram);
  const harmed =
    datagram.leftover !== undefined ||
    datagram.link.some(({ action }) => action.kind === 'truncated' || action.kind === 'corrupted');
  const remarks = statusTexts(datagram);
  if (firstSent.length > 0) remarks.splice(1, 0, firstSentText(firstSent));
  if (datagram.deliveredAt !== undefined && datagram.deliveredAt - datagram.at >= 1 && !lost)
    remarks.push(`arrives ${duration(datagram.deliveredAt - datagram.at)} later`);

  const left = place.x.client + (from === 'client' ? departReserve : arrowReserve);
  const rightEdge = place.x.server - (from === 'client' ? arrowReserve : departReserve);
  const { chips, lines } = placeChips(datagram.records, from, left, rightEdge, place);
  const chipsHeight = lines * measure.chip + (lines - 1) * measure.chipGap;
  const padding = measure.row - measure.chip;
  const arrowY = place.y + padding / 2 + chipsHeight - measure.chip / 2;
  const under = place.narrow ? measure.remark : 0;
  const head = place.x[to] - direction * 2;
  const x2 = lost ? place.x[to] - direction * (arrowReserve - 8) : head;
  const size = bytesText(datagram.size);
  const remarkX = place.narrow ? place.x.client + departReserve : place.x.server + 8;
  const remarkRoom = place.width - remarkX - measure.size;
  return {
    kind: 'datagram',
    packet: datagram.packet,
    place: place.index,
    from,
    flight: datagram.flight,
    firstSent,
    y: place.y,
    height: chipsHeight + padding + under,
    time: clock(datagram.at - handshake.startedAt),
    size,
    chips,
    arrow: { y: arrowY, x1: place.x[from], x2 },
    resent: datagram.attempt > 0,
    lost,
    harmed,
    stopped,
    remarks,
    remark: clip(remarks.join('; '), remarkRoom, proseWidth),
    remarkAt: {
      x: remarkX,
      y: place.narrow ? place.y + padding / 2 + chipsHeight + measure.remark - 3 : arrowY + 4,
    },
    // Asked for rows on screen alone, and costly to make for all.
    get label() {
      return labelOf(datagram, handshake, remarks);
    },
  };
}

function labelOf(datagram: DatagramView, handshake: Handshake, remarks: readonly string[]): string {
  const to = datagram.from === 'client' ? 'server' : 'client';
  const flight = datagram.flight === undefined ? [] : [`flight ${datagram.flight}`];
  const holds = datagram.records.map(recordText).join(', ');
  const parts = [
    `Datagram ${datagram.packet}`,
    `${datagram.from} to ${to}`,
    ...flight,
    clock(datagram.at - handshake.startedAt),
    bytesText(datagram.size),
    ...(holds === '' ? [] : [holds]),
    ...remarks,
  ];
  return parts.join(', ');
}

/**
 * Chips run from left to right and wrap, and stand at their sender's end of the arrow; one that is wider than the lanes
 * are apart is shortened.
 */
function placeChips(
  records: readonly RecordView[],
  from: Actor,
  left: number,
  right: number,
  place: Place,
): { chips: Chip[]; lines: number } {
  const room = Math.max(right - left, 40);
  const top = place.y + (measure.row - measure.chip) / 2;
  const chips: Chip[] = [];
  let x = left;
  let line = 0;
  for (const record of records) {
    const full = recordText(record);
    const text = clip(full, room - 2 * chipPadding, place.charWidth);
    const width = Math.ceil(text.length * place.charWidth) + 2 * chipPadding;
    if (x > left && x + width > right) {
      x = left;
      line++;
    }
    chips.push({
      record: record.index,
      x,
      y: top + line * (measure.chip + measure.chipGap),
      width: Math.min(width, room),
      height: measure.chip,
      text,
      full,
      kind: chipKind(record),
      decrypted: record.protection === 'decrypted',
    });
    x += width + measure.chipGap;
  }
  return { chips: from === 'client' ? chips : pushRight(chips, right), lines: line + 1 };
}

/** Each line moved so that it ends at `right`. */
function pushRight(chips: readonly Chip[], right: number): Chip[] {
  const ends = new Map<number, number>();
  for (const chip of chips) ends.set(chip.y, chip.x + chip.width);
  return chips.map((chip) => ({ ...chip, x: chip.x + right - (ends.get(chip.y) ?? right) }));
}

function chipKind(record: RecordView): Chip['kind'] {
  if (record.protection === 'encrypted' || record.protection === 'undecryptable') {
    if (record.type === 23) return 'data';
    return 'sealed';
  }
  switch (record.type) {
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

/** What the trace does not show and the reader guessed, said where the picture is. */
export function inferredText(handshake: Handshake): string | undefined {
  const parts: string[] = [];
  const actors = new Set(handshake.datagrams.map((datagram) => datagram.from));
  if (handshake.localRole === undefined && actors.size === 1) {
    const [seen] = actors;
    parts.push(`only datagrams from the ${seen} are here`);
  }
  if (handshake.inferred.length > 0) parts.push(`inferred: ${handshake.inferred.join(', ')}`);
  const flights = handshake.flights.filter((flight) => flight.inferred).map((flight) => flight.number);
  if (flights.length > 0) parts.push(`${plural(flights.length, 'flight')} not seen (${flights.join(', ')})`);
  return parts.length === 0 ? undefined : parts.join('; ');
}
