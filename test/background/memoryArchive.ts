/** A store of runs in memory that can break: what is in it survives the background that wrote it. */
import type { RunArchive, RunRecord } from '../../background/archive.ts';
import type { Keeping } from '../../background/keeping.ts';
import type { BackgroundNotice } from '../../src/bridge/panel.ts';
import type { TraceEvent } from '../../src/trace/model.ts';

export const keepingMuch: Keeping = {
  runs: 100,
  bytes: 64 * 1024 * 1024,
  gatherMs: 50,
  patienceMs: 5000,
  undoMs: 20_000,
  undoAcrossRestartMs: 600_000,
};

export class MemoryArchive implements RunArchive {
  readonly records = new Map<string, RunRecord>();
  readonly stored = new Map<string, TraceEvent[]>();
  notices: readonly BackgroundNotice[] = [];
  /** Every write: the run, and the index and number of its events. */
  readonly writes: (readonly [run: string, from: number, events: number])[] = [];
  /** Called before every write; what it throws or waits for, the write throws or waits for. */
  beforeWrite: (run: string) => void | Promise<void> = () => {};

  /** The same before anything is removed. */
  beforeRemove: () => void | Promise<void> = () => {};

  async load() {
    return { records: [...this.records.values()], notices: this.notices };
  }

  async events(run: string): Promise<readonly TraceEvent[] | undefined> {
    return structuredClone(this.stored.get(run) ?? []);
  }

  async write(record: RunRecord, from: number, events: readonly TraceEvent[]): Promise<void> {
    const { id } = record.summary;
    await this.beforeWrite(id);
    this.writes.push([id, from, events.length]);
    const before = this.stored.get(id) ?? [];
    if (events.length > 0 && from !== before.length) throw new Error(`rows at ${from} behind ${before.length}`);
    this.records.set(id, structuredClone(record));
    this.stored.set(id, [...before, ...structuredClone(events)]);
  }

  async remove(runs: readonly string[]): Promise<void> {
    await this.beforeRemove();
    for (const run of runs) {
      this.records.delete(run);
      this.stored.delete(run);
    }
  }

  async keepNotices(notices: readonly BackgroundNotice[]): Promise<void> {
    this.notices = notices;
  }
}
