/**
 * Stores one run while it grows: events are gathered for a moment, written in one transaction, and only then shown, so
 * that what a panel has seen is never lost. A browser that does not store (full, broken, stuck) costs the keeping, never
 * the run: from then on everything is shown from memory alone.
 */
import type { Schedule } from '../src/bridge/port.ts';
import type { TraceEvent } from '../src/trace/model.ts';
import type { RunArchive, RunRecord } from './archive.ts';
import { inMiB, inTime, type Keeping, sizeOf } from './keeping.ts';

export interface RunWriterOptions {
  readonly archive: Pick<RunArchive, 'write'>;
  readonly schedule: Schedule;
  readonly keeping: Pick<Keeping, 'bytes' | 'gatherMs' | 'patienceMs'>;
  /** The run's events, which grow. */
  readonly events: readonly TraceEvent[];
  /** The record of this moment, of a run of which so much is stored. */
  readonly record: (stored: { readonly events: number; readonly bytes: number }) => RunRecord;
  /** So many events may be shown now. */
  readonly shown: (events: number) => void;
  /** The store is full: makes room and answers whether that helped. */
  readonly makeRoom: () => Promise<boolean>;
  /** Nothing more of this run is stored. */
  readonly failed: (error: unknown) => void;
  /** The run is larger than all that may be kept: only how it ends is still stored. */
  readonly cut: () => void;
}

/** What the last events of a run that was cut take at most. Bytes. */
const reserve = 16 * 1024;

export class RunWriter {
  readonly #options: RunWriterOptions;
  #chain: Promise<void> = Promise.resolve();
  #cancelGather: (() => void) | undefined;
  /** How many of the run's events were written, or left out of a run that was cut. */
  #taken = 0;
  #stored = 0;
  #bytes = 0;
  #cut = false;
  #state: 'storing' | 'failed' | 'closed' = 'storing';

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  /** What is stored takes so much. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the archive has all that there is. */
  get complete(): boolean {
    return this.#state === 'storing' && !this.#cut && this.#taken === this.#options.events.length;
  }

  /** Events came: they are written soon. */
  grown(): void {
    this.#cancelGather ??= this.#options.schedule(this.#options.keeping.gatherMs, () => void this.flush());
  }

  /** Writes record and events of this moment; resolves when that is done, or when there is no hope for it. */
  flush(): Promise<void> {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    this.#chain = this.#chain.then(() => this.#write());
    return this.#chain;
  }

  /** Resolves when nothing is being written and nothing more will be. */
  close(): Promise<void> {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    this.#state = 'closed';
    return this.#chain;
  }

  async #write(): Promise<void> {
    const { events, shown, failed } = this.#options;
    const until = events.length;
    if (this.#state === 'storing') {
      try {
        await this.#store(until);
      } catch (error) {
        this.#state = 'failed';
        failed(error);
      }
    }
    this.#taken = until;
    shown(until);
  }

  async #store(until: number): Promise<void> {
    const { archive, record, makeRoom, schedule, keeping } = this.#options;
    const { events, bytes, cut } = this.#fitting(until);
    for (;;) {
      try {
        const stored = { events: this.#stored + events.length, bytes };
        await inTime(archive.write(record(stored), this.#stored, events), keeping.patienceMs, schedule);
        break;
      } catch (error) {
        if (!isFull(error) || !(await makeRoom())) throw error;
      }
    }
    this.#stored += events.length;
    this.#bytes = bytes;
    if (cut && !this.#cut) {
      this.#cut = true;
      this.#options.cut();
    }
  }

  /** What of the new events is stored: all, up to the bound, and after that the end alone. */
  #fitting(until: number): { readonly events: readonly TraceEvent[]; readonly bytes: number; readonly cut: boolean } {
    const limit = this.#options.keeping.bytes - reserve;
    const events: TraceEvent[] = [];
    let bytes = this.#bytes;
    let cut = this.#cut;
    for (const event of this.#options.events.slice(this.#taken, until)) {
      const size = sizeOf(event);
      if (!cut && bytes + size > limit) {
        cut = true;
        const text = `What came after this is not kept: the run has more than ${inMiB(this.#options.keeping.bytes)}.`;
        const note: TraceEvent = { kind: 'note', at: event.at, text };
        events.push(note);
        bytes += sizeOf(note);
      }
      if (cut && event.kind !== 'end') continue;
      events.push(event);
      bytes += size;
    }
    return { events, bytes, cut };
  }
}

const isFull = (error: unknown): boolean => error instanceof Error && error.name === 'QuotaExceededError';
