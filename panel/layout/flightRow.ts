/** The head line of a band in the ladder: which flight, from whom, and what it holds or why it was sent again. */
import type { FlightView } from '../../src/analysis/model.ts';
import type { Actor, TraceTime } from '../../src/trace/model.ts';
import { clip, measure, proseWidth } from './measure.ts';
import { duration } from './text.ts';

/** The first datagram of the band. */
export interface BandStart {
  readonly at: TraceTime;
  readonly from: Actor;
  readonly flight: number;
  readonly attempt: number;
  /** From 1; a sending that others interrupt has several bands. */
  readonly part: number;
}

export class FlightRow {
  readonly kind = 'flight';
  readonly y: number;
  readonly height = measure.flight;
  readonly #start: BandStart;
  readonly #flight: FlightView | undefined;
  readonly #room: number;

  /** `room`: between the lanes, pixels. */
  constructor(start: BandStart, flight: FlightView | undefined, y: number, room: number) {
    this.#start = start;
    this.#flight = flight;
    this.#room = room;
    this.y = y;
  }

  get key(): string {
    const { flight, attempt, part } = this.#start;
    return `${flight}/${attempt}/${part}`;
  }
  get flight(): number {
    return this.#start.flight;
  }
  get from(): Actor {
    return this.#start.from;
  }
  get resent(): boolean {
    return this.#start.attempt > 0;
  }
  get title(): string {
    const { flight, part } = this.#start;
    return `Flight ${flight}${this.resent ? ' again' : ''}${part > 1 ? ', continued' : ''}`;
  }
  /** Message names, or why it was sent again. */
  get full(): string {
    if (this.#start.part > 1) return '';
    const first = this.#flight?.sentAt;
    if (this.resent && first !== undefined) return `${duration(this.#start.at - first)} after it was first sent`;
    return this.#flight?.messages.join(', ') ?? '';
  }
  /** As much of it as fits. */
  get text(): string {
    return clip(this.full, this.#room - `${this.title} ${this.from}`.length * proseWidth - 24, proseWidth);
  }

  /** The same line for what is known of the flight by now: this one, when it says the same. */
  renewed(flight: FlightView | undefined): FlightRow {
    const row = new FlightRow(this.#start, flight, this.y, this.#room);
    return row.full === this.full ? this : row;
  }
}
