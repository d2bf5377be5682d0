/**
 * The runs whose events the panel holds: plain structures outside reactive state. Events are appended, a revision number
 * goes out, and whoever draws asks for the reading of that moment. There is one reader (Analysis and diagnosis), the same
 * as for files.
 */
import type { Handshake, Snapshot } from '../../src/analysis/model.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import type { Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';

/** The incremental reader, as far as the panel uses it. */
export interface Reader {
  push(event: TraceEvent): void;
  snapshot(): Snapshot;
}

export interface Reading {
  readonly revision: number;
  readonly ended: boolean;
  readonly snapshot: Snapshot;
  readonly handshakes: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[];
}

export type ReadHandshake = Reading['handshakes'][number];

/** The handshake that a run is about: the last one, as the background's run list has it. */
export const mainHandshake = (reading: Reading | undefined): ReadHandshake | undefined => reading?.handshakes.at(-1);

interface Entry {
  readonly header: TraceHeader;
  readonly events: TraceEvent[];
  readonly reader: Reader;
  revision: number;
  ended: boolean;
  reading: Reading | undefined;
}

export class RunBook {
  /** A handshake that did not change keeps its identity, and with it what was said about it. */
  readonly #diagnoses = new WeakMap<Handshake, Diagnosis>();
  readonly #entries = new Map<string, Entry>();
  readonly #makeReader: (header: TraceHeader) => Reader;
  readonly #diagnose: (handshake: Handshake) => Diagnosis;

  constructor(makeReader: (header: TraceHeader) => Reader, diagnose: (handshake: Handshake) => Diagnosis) {
    this.#makeReader = makeReader;
    this.#diagnose = diagnose;
  }

  /** How many events of a run are here: where to go on after a reconnection. */
  count(run: string): number {
    return this.#entries.get(run)?.events.length ?? 0;
  }

  /**
   * Takes a batch that starts at index `from`. What is here already is skipped, so a batch may come twice; one that
   * would leave a hole is refused. Returns the new revision, or undefined when nothing changed.
   */
  append(
    run: string,
    batch: { header: TraceHeader; from: number; events: readonly TraceEvent[]; ended: boolean },
  ): number | undefined {
    const known = this.#entries.get(run);
    if (batch.from > (known?.events.length ?? 0)) return undefined;
    const entry = known ?? this.#open(run, batch.header);
    const fresh = batch.events.slice(entry.events.length - batch.from);
    if (fresh.length === 0 && batch.ended === entry.ended && known) return undefined;
    for (const event of fresh) {
      entry.events.push(event);
      entry.reader.push(event);
    }
    entry.ended = batch.ended;
    entry.reading = undefined;
    return ++entry.revision;
  }

  /** Ends a run that nobody will tell more of: what is here stays, and says that it was cut off. */
  interrupt(run: string, why: string): number | undefined {
    const entry = this.#entries.get(run);
    if (!entry || entry.ended) return undefined;
    const at = entry.events.at(-1)?.at ?? 0;
    const end: TraceEvent = { kind: 'end', at, how: 'interrupted', why };
    return this.append(run, { header: entry.header, from: entry.events.length, events: [end], ended: true });
  }

  /** The reading of now; the same object until the next batch. */
  read(run: string): Reading | undefined {
    const entry = this.#entries.get(run);
    if (!entry) return undefined;
    if (!entry.reading) {
      const snapshot = entry.reader.snapshot();
      entry.reading = {
        revision: entry.revision,
        ended: entry.ended,
        snapshot,
        handshakes: snapshot.handshakes.map((handshake) => ({ handshake, diagnosis: this.#diagnosis(handshake) })),
      };
    }
    return entry.reading;
  }

  /** The facts themselves, for files. */
  trace(run: string): Trace | undefined {
    const entry = this.#entries.get(run);
    return entry && { header: entry.header, events: entry.events };
  }

  #diagnosis(handshake: Handshake): Diagnosis {
    const known = this.#diagnoses.get(handshake);
    if (known) return known;
    const diagnosis = this.#diagnose(handshake);
    this.#diagnoses.set(handshake, diagnosis);
    return diagnosis;
  }

  forget(run: string): void {
    this.#entries.delete(run);
  }

  #open(run: string, header: TraceHeader): Entry {
    const entry: Entry = {
      header,
      events: [],
      reader: this.#makeReader(header),
      revision: 0,
      ended: false,
      reading: undefined,
    };
    this.#entries.set(run, entry);
    return entry;
  }
}
