import { describe, expect, it } from 'vitest';
import { SessionArchive, type SessionArea } from '../../background/archive.ts';
import type { StoredRun } from '../../background/runs.ts';

class Area implements SessionArea {
  readonly items = new Map<string, string>();
  quota = Number.POSITIVE_INFINITY;
  async get(): Promise<Record<string, unknown>> {
    return Object.fromEntries([...this.items].map(([key, json]) => [key, JSON.parse(json) as unknown]));
  }
  async set(items: Record<string, unknown>): Promise<void> {
    const size = [...this.items.values()].reduce((sum, json) => sum + json.length, 0) + JSON.stringify(items).length;
    if (size > this.quota) throw new Error('QUOTA_BYTES quota exceeded');
    for (const [key, value] of Object.entries(items)) this.items.set(key, JSON.stringify(value));
  }
  async remove(key: string): Promise<void> {
    this.items.delete(key);
  }
}

const run = (number: number): StoredRun => ({
  summary: {
    id: `run-${number}`,
    number,
    startedAt: 1,
    request: { target: 'sim', options: {} },
    state: 'ended',
    events: 1,
  },
  header: { tool: 'x', kind: 'run' },
  events: [{ kind: 'note', at: 0, text: 'x'.repeat(500) } as never],
});

describe('the archive of ended runs', () => {
  it('gives back what it was given, oldest first, and forgets what is deleted', async () => {
    const area = new Area();
    const archive = new SessionArchive(area);
    for (const number of [3, 1, 2]) await archive.save(run(number));
    await archive.remove('run-2');
    expect(await new SessionArchive(area).load()).toEqual([run(1), run(3)]);
  });

  it('drops the oldest runs when it is full, also those of an earlier worker', async () => {
    const area = new Area();
    await new SessionArchive(area).save(run(1));
    area.quota = 2200;
    const archive = new SessionArchive(area);
    await archive.load();
    for (const number of [2, 3, 4]) await archive.save(run(number));
    expect([...area.items.keys()]).toEqual(['run:run-2', 'run:run-3', 'run:run-4']);
  });

  it('says when one run alone is too large', async () => {
    const area = new Area();
    area.quota = 100;
    await expect(new SessionArchive(area).save(run(1))).rejects.toThrow('quota');
  });

  it('skips what is not a run', async () => {
    const area = new Area();
    await area.set({ 'run:x': 7, 'run:y': { summary: {} }, 'run:z': { ...run(1), events: 'no' }, other: run(2) });
    await new SessionArchive(area).save(run(5));
    expect(await new SessionArchive(area).load()).toEqual([run(5)]);
  });
});
