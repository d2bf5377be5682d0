/**
 * Runs on the disk: an IndexedDB of the extension, which outlives the worker, the browser and an update. A run is a record
 * (what the list shows) and rows of events, so that a growing run is stored by adding rows, and the list is read without
 * the events. Byte strings are stored as such. What comes out is checked as if it were a stranger's.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { batchEnd, decodeHeader, isEvent } from '../src/bridge/events.ts';
import type { BackgroundNotice, RunSummary } from '../src/bridge/panel.ts';
import { parseFromBackground, parseNotice, parseRunSummary } from '../src/bridge/parse.ts';
import type { TraceEvent, TraceHeader } from '../src/trace/model.ts';
import type { JobArchive, StoredJob } from './jobs.ts';
import { storable } from './keeping.ts';

export interface RunRecord {
  /** `events` is how many are stored. */
  readonly summary: RunSummary;
  readonly header: TraceHeader;
  /** What its events take, as `sizeOf` counts. */
  readonly bytes: number;
  /** When this was written. Wall clock, ms since 1970. */
  readonly writtenAt: number;
  /** When it was deleted, as long as that can be undone. */
  readonly deletedAt: number | undefined;
}

/** Where runs outlive the background's process. */
export interface RunArchive {
  /** All records, and the notices that no panel has heard yet. */
  load(): Promise<{ readonly records: readonly RunRecord[]; readonly notices: readonly BackgroundNotice[] }>;
  /** All events of a run; undefined when what is stored is not a whole run. */
  events(run: string): Promise<readonly TraceEvent[] | undefined>;
  /** Writes a run's record, and events behind the first `from` ones that are stored. All of it or nothing. */
  write(record: RunRecord, from: number, events: readonly TraceEvent[]): Promise<void>;
  remove(runs: readonly string[]): Promise<void>;
  keepNotices(notices: readonly BackgroundNotice[]): Promise<void>;
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunRecord & { readonly id: string } };
  /** By run and the index of the row's first event. */
  events: { key: [run: string, from: number]; value: readonly TraceEvent[] };
  notices: { key: 'unheard'; value: readonly BackgroundNotice[] };
  jobs: { key: StoredJob['kind']; value: StoredJob };
}

const databaseName = 'dtlscope';
const schemaVersion = 2;
/** Keys of all rows of a run: an array sorts behind every number. */
const rowsOf = (run: string): IDBKeyRange => IDBKeyRange.bound([run], [run, []]);

export class IndexedDbArchive implements RunArchive, JobArchive {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  async load(): Promise<{ readonly records: readonly RunRecord[]; readonly notices: readonly BackgroundNotice[] }> {
    const database = await this.#open();
    const transaction = database.transaction(['runs', 'notices']);
    const [stored, notices] = await Promise.all([
      transaction.objectStore('runs').getAll(),
      transaction.objectStore('notices').get('unheard'),
    ]);
    return {
      records: stored.map(readRecord).filter((record) => record !== undefined),
      notices: (notices ?? []).filter((notice) => parseNotice(notice).ok),
    };
  }

  async events(run: string): Promise<readonly TraceEvent[] | undefined> {
    const database = await this.#open();
    const transaction = database.transaction('events');
    const [keys, rows] = await Promise.all([
      transaction.store.getAllKeys(rowsOf(run)),
      transaction.store.getAll(rowsOf(run)),
    ]);
    const events: TraceEvent[] = [];
    for (const [index, row] of rows.entries()) {
      if (keys[index]?.[1] !== events.length || !Array.isArray(row) || !row.every(isEvent)) return undefined;
      events.push(...row);
    }
    return events;
  }

  async write(record: RunRecord, from: number, events: readonly TraceEvent[]): Promise<void> {
    const database = await this.#open();
    const { id, state } = record.summary;
    // What is complete is worth waiting for the disk.
    const durability = state === 'ended' ? 'strict' : 'relaxed';
    const transaction = database.transaction(['runs', 'events'], 'readwrite', { durability });
    const rows = transaction.objectStore('events');
    const written: Promise<unknown>[] = [transaction.objectStore('runs').put({ ...record, id })];
    for (let at = 0; at < events.length; ) {
      const end = batchEnd(events, at);
      written.push(rows.put(events.slice(at, end).map(storable), [id, from + at]));
      at = end;
    }
    await Promise.all([...written, transaction.done]);
  }

  async remove(runs: readonly string[]): Promise<void> {
    if (runs.length === 0) return;
    const database = await this.#open();
    const transaction = database.transaction(['runs', 'events'], 'readwrite');
    await Promise.all([
      ...runs.map((run) => transaction.objectStore('runs').delete(run)),
      ...runs.map((run) => transaction.objectStore('events').delete(rowsOf(run))),
      transaction.done,
    ]);
  }

  async keepNotices(notices: readonly BackgroundNotice[]): Promise<void> {
    await (await this.#open()).put('notices', notices, 'unheard');
  }

  async loadJobs(): Promise<readonly StoredJob[]> {
    const stored = await (await this.#open()).getAll('jobs');
    return stored.flatMap((value) => {
      const read = parseFromBackground(value);
      return read.ok && (read.message.kind === 'sweep' || read.message.kind === 'check') ? [read.message] : [];
    });
  }

  async keepJob(job: StoredJob): Promise<void> {
    await (await this.#open()).put('jobs', job, job.kind);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    if (this.#database !== undefined) return this.#database;
    const opening = openDB<Schema>(databaseName, schemaVersion, {
      upgrade: (database, before) => {
        if (before < 1) {
          database.createObjectStore('runs', { keyPath: 'id' });
          database.createObjectStore('events');
          database.createObjectStore('notices');
        }
        if (before < 2) database.createObjectStore('jobs');
      },
      // A newer background wants to upgrade, or the browser closed it: the next use opens it again, or says why not.
      blocking: () => void this.#close(),
      terminated: () => {
        this.#database = undefined;
      },
    });
    this.#database = opening;
    opening.catch(() => {
      this.#database = undefined;
    });
    return opening;
  }

  async #close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database)?.close();
  }
}

/** Events are checked when they are read. */
function readRecord(value: unknown): RunRecord | undefined {
  if (typeof value !== 'object' || value === null || !('summary' in value) || !('header' in value)) return undefined;
  const summary = parseRunSummary(value.summary);
  const header = decodeHeader(value.header);
  if (!summary.ok || header === undefined) return undefined;
  if (!('bytes' in value) || !isCount(value.bytes) || !('writtenAt' in value) || !isCount(value.writtenAt))
    return undefined;
  const deletedAt = 'deletedAt' in value && isCount(value.deletedAt) ? value.deletedAt : undefined;
  return { summary: summary.message, header, bytes: value.bytes, writtenAt: value.writtenAt, deletedAt };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
