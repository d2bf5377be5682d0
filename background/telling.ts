/**
 * Tells a panel of work that grows, one at a time of its kind: a few times a second while it goes on, at once when it does
 * not, and of its results only those that this panel was not told.
 */
import type { Schedule } from '../src/bridge/port.ts';

/** While work goes on. ms */
const everyMs = 100;

interface Growing {
  readonly status: { readonly number: number; readonly state: string };
}

export interface TellingOptions<G extends Growing> {
  readonly schedule: Schedule;
  /** Whether the panel may be told anything yet. */
  readonly may: () => boolean;
  readonly kept: () => G | undefined;
  readonly results: (kept: G) => number;
  /** Results from `from` on are new to the panel; with `known` it has heard of the work itself. */
  readonly tell: (kept: G | undefined, from: number, known: boolean) => void;
}

export class Telling<G extends Growing> {
  readonly #options: TellingOptions<G>;
  #cancel: (() => void) | undefined;
  /** Of which work how many results were told; 0 of none. */
  #told = { number: 0, results: 0 };

  constructor(options: TellingOptions<G>) {
    this.#options = options;
  }

  changed(): void {
    const { schedule, kept } = this.#options;
    if (kept()?.status.state === 'running') this.#cancel ??= schedule(everyMs, () => this.now());
    else this.now();
  }

  now(): void {
    this.close();
    const { may, kept, results, tell } = this.#options;
    if (!may()) return;
    const work = kept();
    const known = work !== undefined && this.#told.number === work.status.number;
    const from = known ? this.#told.results : 0;
    this.#told = work ? { number: work.status.number, results: results(work) } : { number: 0, results: 0 };
    tell(work, from, known);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
