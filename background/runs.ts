/**
 * All runs, running and ended, with their events: what panels see is here, so a panel may come and go. Ended runs are
 * put into an archive, from which a restarted background takes them again.
 */
import {
  decodeEvent,
  decodeHeader,
  encodeEvent,
  encodeHeader,
  type JsonEvent,
  type JsonHeader,
} from '../src/bridge/events.ts';
import { BridgeError, type RunRequest, type RunSummary } from '../src/bridge/panel.ts';
import type { Run } from '../src/run/api.ts';
import type { Trace, TraceEvent, TraceHeader } from '../src/trace/model.ts';

/** What reading an ended run gives for the list. */
export type RunReading = Pick<RunSummary, 'outcome' | 'verdict' | 'durationMs' | 'retransmissions' | 'version'>;

export interface StoredRun {
  readonly summary: RunSummary;
  readonly header: JsonHeader;
  readonly events: readonly JsonEvent[];
}

/** Where ended runs outlive the background's process. */
export interface RunArchive {
  load(): Promise<readonly StoredRun[]>;
  save(run: StoredRun): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface RunsOptions {
  /** Rejects with a `BridgeError`. */
  readonly start: (request: RunRequest) => Promise<Run>;
  /** Wall clock, ms since 1970. */
  readonly wallClock: () => number;
  readonly read: (trace: Trace) => RunReading;
  readonly archive: RunArchive;
  /** How many runs are kept; the oldest ended one makes room. */
  readonly keep: number;
  readonly complain: (what: string, error: unknown) => void;
}

export interface KeptRun {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  readonly ended: boolean;
}

interface Entry {
  summary: RunSummary;
  readonly header: TraceHeader;
  readonly events: TraceEvent[];
  /** Undefined once it has ended. */
  run: Run | undefined;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #hearers = new Set<(run: string, what: RunChange) => void>();
  #lastNumber = 0;
  readonly ready: Promise<void>;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.ready = this.#load();
  }

  /** In order of starting. */
  get list(): readonly RunSummary[] {
    return [...this.#entries.values()].map(({ summary }) => summary);
  }

  get running(): number {
    return this.list.filter(({ state }) => state === 'running').length;
  }

  get(run: string): KeptRun | undefined {
    const entry = this.#entries.get(run);
    return entry && { header: entry.header, events: entry.events, ended: entry.run === undefined };
  }

  onChange(hear: (run: string, what: RunChange) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  /** Starts a run; rejects with a `BridgeError` when there is none. */
  async start(request: RunRequest): Promise<RunSummary> {
    await this.ready;
    const startedAt = this.#options.wallClock();
    const run = await this.#options.start(request);
    const number = ++this.#lastNumber;
    const id = `run-${number}-${startedAt.toString(36)}`;
    const summary: RunSummary = { id, number, startedAt, request, state: 'running', events: 0 };
    const entry: Entry = { summary, header: run.header, events: [], run };
    this.#entries.set(id, entry);
    this.#makeRoom();
    this.#tell(id, 'list');
    run.subscribe((event) => this.#record(entry, event));
    void run.finished.then(() => this.#end(entry));
    return entry.summary;
  }

  stop(id: string): void {
    this.#entry(id).run?.stop();
  }

  /** Forgets a run, and stops it first if it goes on. */
  delete(id: string): void {
    const entry = this.#entry(id);
    this.#entries.delete(id);
    entry.run?.stop();
    this.#forget(id);
    this.#tell(id, 'list');
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new BridgeError({ code: 'unknown-run', message: 'This run is not kept any more.' });
    return entry;
  }

  #record(entry: Entry, event: TraceEvent): void {
    entry.events.push(event);
    entry.summary = { ...entry.summary, events: entry.events.length };
    if (this.#entries.get(entry.summary.id) === entry) this.#tell(entry.summary.id, 'grown');
  }

  #end(entry: Entry): void {
    const { id } = entry.summary;
    entry.run = undefined;
    if (this.#entries.get(id) !== entry) return;
    let reading: RunReading = {};
    try {
      reading = this.#options.read(entry);
    } catch (error) {
      this.#options.complain(`run ${id} cannot be read`, error);
    }
    entry.summary = { ...entry.summary, ...reading, state: 'ended' };
    this.#tell(id, 'ended');
    const { summary, header, events } = entry;
    const stored = { summary, header: encodeHeader(header), events: events.map(encodeEvent) };
    this.#options.archive.save(stored).catch((error: unknown) => this.#options.complain('a run was not kept', error));
  }

  #makeRoom(): void {
    for (const [id, { run }] of this.#entries) {
      if (this.#entries.size <= this.#options.keep) return;
      if (run !== undefined) continue;
      this.#entries.delete(id);
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#options.archive.remove(id).catch((error: unknown) => this.#options.complain('a run was not deleted', error));
  }

  async #load(): Promise<void> {
    try {
      const stored = [...(await this.#options.archive.load())].sort((a, b) => a.summary.number - b.summary.number);
      for (const { summary, header: jsonHeader, events: jsonEvents } of stored) {
        const header = decodeHeader(jsonHeader);
        const events = jsonEvents.map(decodeEvent);
        if (header === undefined || !events.every((event) => event !== undefined)) continue;
        this.#entries.set(summary.id, { summary, header, events, run: undefined });
        this.#lastNumber = Math.max(this.#lastNumber, summary.number);
      }
    } catch (error) {
      this.#options.complain('earlier runs cannot be read', error);
    }
  }

  #tell(run: string, what: RunChange): void {
    for (const hear of [...this.#hearers]) hear(run, what);
  }
}

/** `list`: one came or went; `grown`: it has more events; `ended`: it has its last. */
export type RunChange = 'list' | 'grown' | 'ended';
