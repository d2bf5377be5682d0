/**
 * The runs whose events the panel holds: plain structures outside reactive state. Events are appended, a revision number
 * goes out, and whoever draws asks for the reading of that moment. There is one reader (Analysis and diagnosis), the same
 * as for files.
 */
import { clientRandomOf } from '../../src/analysis/analysis.ts';
import { type BufferSource, Inspector } from '../../src/analysis/inspect/inspector.ts';
import type { Handshake, Snapshot } from '../../src/analysis/model.ts';
import { toHex } from '../../src/base/bytes.ts';
import { keyLogLine, type Secret } from '../../src/capture/keylog.ts';
import { mainOf, type ReadHandshake } from '../../src/diagnosis/lead.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import type { Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';

/** The incremental reader, as far as the panel uses it; one that keeps no buffers can't show what was put together. */
export interface Reader extends Partial<BufferSource> {
  push(event: TraceEvent): void;
  snapshot(): Snapshot;
}

export interface Reading {
  readonly revision: number;
  readonly ended: boolean;
  readonly snapshot: Snapshot;
  readonly handshakes: readonly ReadHandshake[];
  /** The handshake that the run or the file is about, as the background's run list has it. */
  readonly main: ReadHandshake | undefined;
}

type SecretEvent = Extract<TraceEvent, { kind: 'secret' }>;

interface Entry {
  readonly header: TraceHeader;
  readonly events: TraceEvent[];
  /** Keys that the user added: apart from the events, whose indexes the background counts too. */
  readonly added: SecretEvent[];
  readonly reader: Reader;
  revision: number;
  ended: boolean;
  reading: Reading | undefined;
}

/** Client randoms of the handshakes that begin in these events, as hexadecimal. */
export function randomsOf(events: readonly TraceEvent[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const event of events) {
    const random = event.kind === 'datagram' ? clientRandomOf(event.bytes) : undefined;
    if (random) found.add(toHex(random));
  }
  return found;
}

export class RunBook {
  /** A handshake that did not change keeps its identity, and with it what was said about it. */
  readonly #diagnoses = new WeakMap<Handshake, Diagnosis>();
  readonly #inspectors = new WeakMap<Handshake, Inspector>();
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

  /** Whether no more of a run will come. */
  ended(run: string): boolean {
    return this.#entries.get(run)?.ended === true;
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

  /**
   * The reading of now, the same object until the next batch; or with `revision` the last one that was made, if it is of
   * that revision at least. To read a long run takes a while, so views ask for the revision that was published.
   */
  read(run: string, revision?: number): Reading | undefined {
    const entry = this.#entries.get(run);
    if (!entry) return undefined;
    if (!entry.reading || entry.reading.revision < (revision ?? entry.revision)) {
      const snapshot = entry.reader.snapshot();
      const handshakes = snapshot.handshakes.map((handshake) => ({ handshake, diagnosis: this.#diagnosis(handshake) }));
      entry.reading = {
        revision: entry.revision,
        ended: entry.ended,
        snapshot,
        handshakes,
        main: mainOf(handshakes, entry.header),
      };
    }
    return entry.reading;
  }

  /** What takes a handshake of a run apart; the same one while the handshake does not change. */
  inspector(run: string, handshake: Handshake): Inspector | undefined {
    const known = this.#inspectors.get(handshake);
    if (known) return known;
    const reader = this.#entries.get(run)?.reader;
    if (!reader) return undefined;
    const source: BufferSource = {
      origins: reader.origins ?? new Map(),
      bytesOf: (buffer) => reader.bytesOf?.(buffer),
    };
    const inspector = new Inspector(handshake, source);
    this.#inspectors.set(handshake, inspector);
    return inspector;
  }

  /** The facts themselves, for files; keys that were added stand first, as known from the start. */
  trace(run: string): Trace | undefined {
    const entry = this.#entries.get(run);
    return entry && { header: entry.header, events: [...entry.added, ...entry.events] };
  }

  /**
   * Adds keys that came by another way than the run: only those of its handshakes that it lacks. The reader reads again
   * what they are about, and nothing else. The answer is how many were new.
   */
  addSecrets(run: string, find: (clientRandom: string) => readonly Secret[]): number {
    const entry = this.#entries.get(run);
    if (!entry) return 0;
    const known = new Set(
      [...entry.added, ...entry.events].flatMap((one) => (one.kind === 'secret' ? [keyLogLine(one)] : [])),
    );
    let added = 0;
    for (const random of randomsOf(entry.events))
      for (const secret of find(random)) {
        if (known.has(keyLogLine(secret))) continue;
        const event: SecretEvent = { kind: 'secret', at: 0, ...secret };
        entry.added.push(event);
        entry.reader.push(event);
        added++;
      }
    if (added > 0) entry.revision++;
    return added;
  }

  /** The number that goes up with everything that changes the reading. */
  revision(run: string): number {
    return this.#entries.get(run)?.revision ?? 0;
  }

  /** Wall clock of a run's time 0, ms since 1970, where it is known. */
  startedAt(run: string): number | undefined {
    return this.#entries.get(run)?.header.startedAt;
  }

  /** Gives a run another id: a file gets one when the background keeps it. */
  rename(from: string, to: string): void {
    const entry = this.#entries.get(from);
    this.#entries.delete(from);
    if (entry) this.#entries.set(to, entry);
  }

  /** All runs that are held here. */
  get runs(): readonly string[] {
    return [...this.#entries.keys()];
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
      added: [],
      reader: this.#makeReader(header),
      revision: 0,
      ended: false,
      reading: undefined,
    };
    this.#entries.set(run, entry);
    return entry;
  }
}
