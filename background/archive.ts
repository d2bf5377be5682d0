/**
 * Ended runs in the browser's session storage: it is memory, survives a stopped worker, and is gone with the browser,
 * which is right for traces that hold keys. When it is full the oldest runs make room.
 */
import { parseRunSummary } from '../src/bridge/parse.ts';
import type { RunArchive, StoredRun } from './runs.ts';

/** The part of `browser.storage.session` that is used. */
export interface SessionArea {
  get(keys: null): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
  remove(keys: string): Promise<void>;
}

const prefix = 'run:';

export class SessionArchive implements RunArchive {
  readonly #area: SessionArea;
  /** Ids of the stored runs, oldest first. */
  readonly #stored: string[] = [];

  constructor(area: SessionArea) {
    this.#area = area;
  }

  async load(): Promise<readonly StoredRun[]> {
    const items = await this.#area.get(null);
    const runs: StoredRun[] = [];
    for (const [key, value] of Object.entries(items)) {
      const run = key.startsWith(prefix) ? readStored(value) : undefined;
      if (run !== undefined) runs.push(run);
    }
    runs.sort((a, b) => a.summary.number - b.summary.number);
    this.#stored.push(...runs.map(({ summary }) => summary.id));
    return runs;
  }

  async save(run: StoredRun): Promise<void> {
    const { id } = run.summary;
    for (;;) {
      try {
        await this.#area.set({ [prefix + id]: run });
        this.#stored.push(id);
        return;
      } catch (error) {
        const oldest = this.#stored.shift();
        if (oldest === undefined) throw error;
        await this.#area.remove(prefix + oldest);
      }
    }
  }

  async remove(id: string): Promise<void> {
    const index = this.#stored.indexOf(id);
    if (index >= 0) this.#stored.splice(index, 1);
    await this.#area.remove(prefix + id);
  }
}

/** Events and header are checked where they are decoded. */
function readStored(value: unknown): StoredRun | undefined {
  if (typeof value !== 'object' || value === null || !('summary' in value)) return undefined;
  const summary = parseRunSummary(value.summary);
  if (!summary.ok || !('header' in value) || !('events' in value) || !Array.isArray(value.events)) return undefined;
  return { summary: summary.message, header: value.header as StoredRun['header'], events: value.events };
}
