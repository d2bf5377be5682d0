/**
 * All runs, running and ended, and the files that were opened: what panels see is here, so a panel may come and go. Every
 * run is stored while it grows; events of ended runs are read from the store when somebody asks. A run that the store
 * knows as running when the background starts was cut off, and is ended here as `interrupted`.
 */
import { Hearers } from '../src/base/hearers.ts';
import {
  type BackgroundNotice,
  BridgeError,
  type RunReading,
  type RunRequest,
  type RunSummary,
} from '../src/bridge/panel.ts';
import type { Schedule } from '../src/bridge/port.ts';
import { unusableBecause } from '../src/ice/sdp.ts';
import type { Run } from '../src/run/api.ts';
import type { Trace, TraceEvent, TraceHeader } from '../src/trace/model.ts';
import type { RunArchive, RunRecord } from './archive.ts';
import { Carried } from './carried.ts';
import { inMiB, inTime, type Keeping, sizeOf, withoutSecrets } from './keeping.ts';
import { droppedText, interruptedBecause, nameOf } from './notices.ts';
import { RunWriter } from './runWriter.ts';

export interface RunsOptions {
  /** Rejects with a `BridgeError`. */
  readonly start: (request: RunRequest, carried: Carried) => Promise<Run>;
  /** Wall clock, ms since 1970. */
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly read: (trace: Trace) => RunReading;
  readonly archive: RunArchive;
  readonly keeping: Keeping;
  readonly complain: (what: string, error: unknown) => void;
}

/** A run for somebody who reads it. A growing one grows here too: `count` events may be shown. */
export interface KeptRun {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  readonly count: number;
  readonly ended: boolean;
}

/** `list`: one came or went; `grown`: it has more events; `ended`: it has its last. */
export type RunChange = 'list' | 'grown' | 'ended';

interface Entry {
  summary: RunSummary;
  readonly header: TraceHeader;
  /** What its stored events take. */
  bytes: number;
  deletedAt: number | undefined;
  /** While it runs, and as long as the store does not have all of it. */
  live: Live | undefined;
}

interface Live extends KeptRun {
  readonly events: TraceEvent[];
  count: number;
  ended: boolean;
  readonly writer: RunWriter;
  readonly run: Run | undefined;
  readonly carried: Carried | undefined;
  /** The summary that is stored with the last event, before that is shown. */
  last: RunSummary | undefined;
}

export class Runs {
  readonly #options: RunsOptions;
  /** In order of starting; what was deleted and can be brought back included. */
  readonly #entries = new Map<string, Entry>();
  readonly #hearers = new Hearers<[run: string, what: RunChange]>();
  readonly #noticeHearers = new Hearers<[BackgroundNotice]>();
  #unheard: readonly BackgroundNotice[] = [];
  #lastNumber = 0;
  readonly ready: Promise<void>;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.ready = this.#load();
  }

  /** In order of starting. */
  get list(): readonly RunSummary[] {
    return this.#listed.map(({ summary }) => summary);
  }

  /** How many runs `undoDelete` would bring back. */
  get deleted(): number {
    return this.#deleted.length;
  }

  get running(): number {
    return [...this.#entries.values()].filter(isRunning).length;
  }

  has(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.deletedAt === undefined;
  }

  onChange(hear: (run: string, what: RunChange) => void): () => void {
    return this.#hearers.add(hear);
  }

  /** Calls back with every notice from now on, and at once with those that nobody has heard. */
  onNotice(hear: (notice: BackgroundNotice) => void): () => void {
    const stop = this.#noticeHearers.add(hear);
    const unheard = this.#unheard;
    if (unheard.length > 0) this.#keepUnheard([]);
    for (const notice of unheard) hear(notice);
    return stop;
  }

  /** A run with its events, read from the store if it has ended. Rejects with a `BridgeError`. */
  async open(id: string): Promise<KeptRun> {
    const { header, live } = this.#entry(id);
    if (live !== undefined) return live;
    const events = await this.#eventsOf(id);
    if (events !== undefined) return { header, events, count: events.length, ended: true };
    // It may have been deleted or dropped while it was being read.
    this.#entry(id);
    throw new BridgeError({ code: 'unreadable-run', message: 'What is stored of this run can’t be read.' });
  }

  /** Starts a run; rejects with a `BridgeError` when there is none. */
  async start(request: RunRequest): Promise<RunSummary> {
    await this.ready;
    const startedAt = this.#options.wallClock();
    const carried = new Carried();
    const run = await this.#options.start(request, carried);
    const { entry, live } = this.#add({ startedAt, request, state: 'running' }, run.header, run, carried);
    const show = (): void => {
      if (carried.ours && !live.ended) entry.summary = { ...entry.summary, ours: carried.ours };
    };
    carried.onChange(() => {
      show();
      this.#tell(entry, 'list');
    });
    show();
    this.#makeRoom();
    this.#tell(entry, 'list');
    run.subscribe((event) => {
      live.events.push(event);
      live.writer.grown();
    });
    // Known to the store from its first moment.
    void live.writer.flush();
    void run.finished.then(() => this.#end(entry, live));
    return entry.summary;
  }

  /** Keeps a file that a panel has read. Rejects with a `BridgeError` when it is too large. */
  async keep(file: string, trace: Trace, reading?: RunReading): Promise<RunSummary> {
    await this.ready;
    const { bytes } = this.#options.keeping;
    if (trace.events.reduce((sum, event) => sum + sizeOf(event), 0) > bytes) throw tooLarge(file, bytes);
    const startedAt = this.#options.wallClock();
    const request: RunRequest = { target: file, options: {} };
    const { entry, live } = this.#add({ startedAt, request, state: 'ended', file }, trace.header, undefined);
    for (const event of trace.events) live.events.push(event);
    await this.#end(entry, live, reading);
    return entry.summary;
  }

  stop(id: string): void {
    this.#entry(id).live?.run?.stop();
  }

  /** The peer's answer to a run's offer. Throws a `BridgeError` when the run waits for none, or it is none. */
  answer(id: string, sdp: string): void {
    const why = unusableBecause(sdp, 'answer');
    if (why !== undefined) throw new BridgeError({ code: 'invalid-request', message: why });
    if (this.#entry(id).live?.carried?.answer(sdp) !== true)
      throw new BridgeError({ code: 'invalid-request', message: 'This run waits for no answer.' });
  }

  /**
   * Takes a run off the list at once, and stops it first if it goes on; resolves when that is stored. Former deletions are
   * final from now on. Rejects with a `BridgeError`, as all that names a run.
   */
  async delete(id: string): Promise<void> {
    await this.#delete([this.#entry(id)]);
  }

  async deleteAll(): Promise<void> {
    await this.#delete(this.#listed);
  }

  /** Brings back what the last deletion took. Rejects with a `BridgeError` when there is nothing. */
  async undoDelete(): Promise<void> {
    const entries = this.#deleted;
    if (entries.length === 0) {
      throw new BridgeError({ code: 'nothing-deleted', message: 'There is no deletion that could be undone.' });
    }
    for (const entry of entries) entry.deletedAt = undefined;
    const stored = entries.map((entry) => this.#update(entry));
    this.#tellAll(entries, 'list');
    await Promise.all(stored);
  }

  /** Makes deletions final; told at once, and stored when the answer comes. */
  async purge(): Promise<void> {
    const entries = this.#deleted;
    if (entries.length === 0) return;
    const gone = this.#forget(entries);
    this.#tellAll(entries, 'list');
    await gone;
  }

  get #listed(): Entry[] {
    return [...this.#entries.values()].filter(({ deletedAt }) => deletedAt === undefined);
  }

  get #deleted(): Entry[] {
    return [...this.#entries.values()].filter(({ deletedAt }) => deletedAt !== undefined);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.deletedAt !== undefined) {
      throw new BridgeError({ code: 'unknown-run', message: 'This run is not kept any more.' });
    }
    return entry;
  }

  #add(
    about: Pick<RunSummary, 'startedAt' | 'request' | 'state' | 'file'>,
    header: TraceHeader,
    run: Run | undefined,
    carried?: Carried,
  ): { readonly entry: Entry; readonly live: Live } {
    const number = ++this.#lastNumber;
    const id = `run-${number}-${about.startedAt.toString(36)}`;
    const events: TraceEvent[] = [];
    const { archive, schedule, keeping, complain } = this.#options;
    const writer = new RunWriter({
      archive,
      schedule,
      keeping,
      events,
      record: (stored) => ({
        ...this.#record(entry, live.last ?? entry.summary, stored.events),
        bytes: stored.bytes,
      }),
      shown: (count) => {
        entry.bytes = writer.bytes;
        this.#makeRoom();
        if (live.count === count) return;
        live.count = count;
        entry.summary = { ...entry.summary, events: count };
        if (!live.ended) this.#tell(entry, 'grown');
      },
      makeRoom: () => this.#dropOldest(entry),
      failed: (error) => {
        complain(`run ${id} is not stored`, error);
        const why = error instanceof Error ? error.message : String(error);
        const message = `${nameOf(entry.summary)} can’t be stored (${why}): it is here only until the browser stops the extension.`;
        this.#say({ code: 'not-kept', message, runs: [id] });
      },
      cut: () => {
        const message = `${nameOf(entry.summary)} has more than the ${inMiB(keeping.bytes)} that are kept: the rest of it is here only until the browser stops the extension.`;
        this.#say({ code: 'cut', message, runs: [id] });
      },
    });
    const live: Live = { header, events, count: 0, ended: run === undefined, writer, run, carried, last: undefined };
    const summary: RunSummary = { ...about, id, number, events: 0 };
    const entry: Entry = { summary, header, bytes: 0, deletedAt: undefined, live };
    this.#entries.set(id, entry);
    return { entry, live };
  }

  /** It has its last event: stored first, then told. */
  async #end(entry: Entry, live: Live, known?: RunReading): Promise<void> {
    const { header, events } = live;
    const { ours: _, ...summary } = entry.summary;
    live.last = { ...summary, ...(known ?? this.#read(summary.id, { header, events })), state: 'ended' };
    await live.writer.flush();
    live.ended = true;
    entry.summary = { ...live.last, events: live.count };
    if (live.writer.complete) entry.live = undefined;
    this.#tell(entry, 'ended');
    this.#makeRoom();
  }

  #read(id: string, trace: Trace): RunReading {
    try {
      return this.#options.read(trace);
    } catch (error) {
      this.#options.complain(`run ${id} cannot be read`, error);
      return {};
    }
  }

  async #eventsOf(id: string): Promise<readonly TraceEvent[] | undefined> {
    try {
      return await this.#options.archive.events(id);
    } catch (error) {
      this.#options.complain(`run ${id} cannot be read`, error);
      return undefined;
    }
  }

  #record(entry: Entry, { ours: _, ...summary }: RunSummary, events: number): RunRecord {
    return {
      summary: { ...summary, request: withoutSecrets(summary.request), events },
      header: entry.header,
      bytes: entry.bytes,
      writtenAt: this.#options.wallClock(),
      deletedAt: entry.deletedAt,
    };
  }

  /** Stores what is said of a run apart from its events. */
  async #update(entry: Entry): Promise<void> {
    const { archive, keeping, schedule, complain } = this.#options;
    const { live, summary } = entry;
    if (live !== undefined) {
      await live.writer.flush();
      return;
    }
    try {
      const written = archive.write(this.#record(entry, summary, summary.events), summary.events, []);
      await inTime(written, keeping.patienceMs, schedule);
    } catch (error) {
      complain(`a change of run ${summary.id} was not stored`, error);
    }
  }

  async #delete(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const before = this.purge();
    for (const entry of entries) {
      entry.deletedAt = this.#options.wallClock();
      entry.live?.run?.stop();
    }
    const stored = entries.map((entry) => this.#update(entry));
    this.#tellAll(entries, 'list');
    // Who hears that it is done may close the browser: what was deleted before must not come back with the next undo.
    await Promise.all([before, ...stored]);
  }

  /** Drops the oldest ended runs until the rest is within the bounds; what was deleted goes first. */
  #makeRoom(): void {
    const { keeping } = this.#options;
    const dropped: Entry[] = [];
    let why = '';
    for (const victim of this.#victims()) {
      const left = [...this.#entries.values()].filter((entry) => !dropped.includes(entry));
      const bytes = left.reduce((sum, entry) => sum + entry.bytes, 0);
      if (left.length > keeping.runs) why = `the newest ${keeping.runs} are kept`;
      else if (bytes > keeping.bytes) why = `${inMiB(keeping.bytes)} are kept`;
      else break;
      dropped.push(victim);
    }
    this.#drop(dropped, why);
  }

  /** For a full store. Answers whether there was anything to drop. */
  async #dropOldest(but: Entry): Promise<boolean> {
    const victim = this.#victims().find((entry) => entry !== but);
    if (victim === undefined) return false;
    await this.#drop([victim], 'the browser’s storage is full');
    return true;
  }

  /** Ended runs in the order in which they make room. */
  #victims(): Entry[] {
    return [...this.#deleted, ...this.#listed].filter((entry) => !isRunning(entry));
  }

  #drop(entries: readonly Entry[], why: string): Promise<void> {
    const seen = entries.filter(({ deletedAt }) => deletedAt === undefined).map(({ summary }) => summary);
    const done = this.#forget(entries);
    if (seen.length > 0) {
      this.#say({ code: 'dropped', message: droppedText(seen, why), runs: seen.map(({ id }) => id) });
    }
    this.#tellAll(entries, 'list');
    return done;
  }

  async #forget(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const ids = entries.map(({ summary }) => summary.id);
    for (const id of ids) this.#entries.delete(id);
    try {
      await Promise.all(entries.map(({ live }) => live?.writer.close()));
      await this.#options.archive.remove(ids);
    } catch (error) {
      this.#options.complain('a run was not deleted', error);
    }
  }

  async #load(): Promise<void> {
    const { archive, keeping, wallClock, complain } = this.#options;
    try {
      const { records, notices } = await archive.load();
      this.#unheard = notices;
      for (const { summary, header, bytes, deletedAt } of [...records].sort(byNumber)) {
        this.#entries.set(summary.id, { summary, header, bytes, deletedAt, live: undefined });
        this.#lastNumber = Math.max(this.#lastNumber, summary.number);
      }
      const final = wallClock() - keeping.undoAcrossRestartMs;
      void this.#forget(this.#deleted.filter(({ deletedAt = 0 }) => deletedAt < final));
      for (const { summary, writtenAt } of records) {
        const entry = this.#entries.get(summary.id);
        if (entry?.summary.state === 'running') await this.#interrupt(entry, writtenAt);
      }
      this.#makeRoom();
    } catch (error) {
      complain('earlier runs cannot be read', error);
      const why = error instanceof Error ? error.message : String(error);
      this.#say({ code: 'unreadable', message: `Earlier runs can’t be read (${why}).`, runs: [] });
    }
  }

  /** Ends a run that was going on when an earlier background was stopped. */
  async #interrupt(entry: Entry, writtenAt: number): Promise<void> {
    const { id } = entry.summary;
    const stored = await this.#eventsOf(id);
    if (stored === undefined) {
      // Perhaps it can be read the next time.
      entry.summary = { ...entry.summary, state: 'ended' };
      return;
    }
    const last = stored.at(-1);
    const why = interruptedBecause(writtenAt);
    const end: TraceEvent[] = last?.kind === 'end' ? [] : [{ kind: 'end', at: last?.at ?? 0, how: 'interrupted', why }];
    const events = [...stored, ...end];
    const reading = this.#read(id, { header: entry.header, events });
    entry.summary = { ...entry.summary, ...reading, state: 'ended', events: events.length };
    for (const event of end) entry.bytes += sizeOf(event);
    try {
      const record = this.#record(entry, entry.summary, events.length);
      await this.#options.archive.write(record, stored.length, end);
    } catch (error) {
      this.#options.complain(`the end of run ${id} was not stored`, error);
    }
  }

  #say(notice: BackgroundNotice): void {
    if (this.#noticeHearers.size === 0) this.#keepUnheard([...this.#unheard, notice]);
    this.#noticeHearers.tell(notice);
  }

  #keepUnheard(notices: readonly BackgroundNotice[]): void {
    this.#unheard = notices;
    this.#options.archive
      .keepNotices(notices)
      .catch((error: unknown) => this.#options.complain('a notice was not stored', error));
  }

  #tell({ summary, deletedAt }: Entry, what: RunChange): void {
    if (what === 'grown' && deletedAt !== undefined) return;
    this.#hearers.tell(summary.id, what);
  }

  #tellAll(entries: readonly Entry[], what: RunChange): void {
    const [first] = entries;
    if (first !== undefined) this.#tell(first, what);
  }
}

const isRunning = ({ live }: Entry): boolean => live !== undefined && !live.ended;
const byNumber = (a: RunRecord, b: RunRecord): number => a.summary.number - b.summary.number;

/** A file with more than may be kept in all. */
export const tooLarge = (file: string, bytes: number): BridgeError =>
  new BridgeError({
    code: 'too-large',
    message: `${file} has more than the ${inMiB(bytes)} that are kept in all; it stays open in this panel only.`,
  });
