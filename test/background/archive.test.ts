import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { afterEach, describe, expect, it } from 'vitest';
import { IndexedDbArchive, type RunRecord } from '../../background/archive.ts';
import type { StoredJob } from '../../background/jobs.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { checkRows } from '../support/checkTable.ts';

afterEach(() => deleteDB('dtlscope'));

const record = (number: number, more: Partial<RunRecord> = {}): RunRecord => ({
  summary: {
    id: `run-${number}`,
    number,
    startedAt: 1,
    request: { target: 'sim', options: { mtu: 300 } },
    state: 'ended',
    events: 1,
  },
  header: {
    tool: 'x',
    kind: 'run',
    startedAt: undefined,
    title: undefined,
    localRole: 'client',
    commandLine: undefined,
  },
  bytes: 10,
  writtenAt: 5,
  deletedAt: undefined,
  ...more,
});
const datagram = (packet: number, bytes: Uint8Array): TraceEvent => ({
  kind: 'datagram',
  at: packet,
  packet,
  src: 'a',
  dst: 'b',
  from: 'client',
  bytes,
  length: bytes.length,
  contents: undefined,
});
const note = (at: number): TraceEvent => ({ kind: 'note', at, text: `note ${at}` });

const check: StoredJob = {
  kind: 'check',
  check: {
    ...{ number: 3, target: 'sim', thorough: false, state: 'done', reached: 'DTLS 1.2', version: '1.2' },
    spent: { handshakes: 4, datagrams: 30, bytes: 4000, seconds: 2 },
  },
  from: 0,
  results: checkRows(['MUST', 'fail'], ['habit', 'pass']),
};

/** What a later process sees. */
const again = (): IndexedDbArchive => new IndexedDbArchive();

async function raw(change: (database: Awaited<ReturnType<typeof openDB>>) => Promise<unknown>): Promise<void> {
  const database = await openDB('dtlscope', 2);
  await change(database);
  database.close();
}

describe('the store of runs', () => {
  it('gives records and events back as they were, byte strings as byte strings', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const archive = new IndexedDbArchive();
    await archive.write(record(1, { deletedAt: 7 }), 0, [datagram(1, bytes), note(2)]);
    await archive.write(record(2), 0, []);
    expect((await again().load()).records).toEqual([record(1, { deletedAt: 7 }), record(2)]);
    const events = await again().events('run-1');
    expect(events).toEqual([datagram(1, bytes), note(2)]);
    expect(events?.[0]).toHaveProperty('bytes', expect.any(Uint8Array));
    expect(await again().events('run-2')).toEqual([]);
  });

  it('adds to a run that grows, in order, also past the tenth row', async () => {
    const archive = new IndexedDbArchive();
    for (let from = 0; from < 24; from += 2) await archive.write(record(1), from, [note(from), note(from + 1)]);
    await archive.write(record(10), 0, [note(99)]);
    const events = await again().events('run-1');
    expect(events?.map(({ at }) => at)).toEqual([...Array(24).keys()]);
  });

  it('stores of a datagram its own bytes, not the whole file that they were cut from', async () => {
    const file = new Uint8Array(1_000_000).fill(7);
    await new IndexedDbArchive().write(record(1), 0, [datagram(1, file.subarray(500, 600))]);
    const [event] = (await again().events('run-1')) ?? [];
    if (event?.kind !== 'datagram') throw new Error('no datagram');
    expect(event.bytes).toEqual(file.subarray(500, 600));
    expect(event.bytes.buffer.byteLength).toBe(100);
  });

  it('cuts a large file into rows', async () => {
    const events = [...Array(1200).keys()].map(note);
    await new IndexedDbArchive().write(record(1), 0, events);
    expect(await again().events('run-1')).toEqual(events);
    await raw(async (database) => expect(await database.count('events')).toBe(3));
  });

  it('forgets what is removed, and nothing else', async () => {
    const archive = new IndexedDbArchive();
    for (const number of [1, 2, 10]) await archive.write(record(number), 0, [note(number)]);
    await archive.remove(['run-1', 'run-2']);
    expect((await again().load()).records).toEqual([record(10)]);
    expect(await again().events('run-1')).toEqual([]);
    expect(await again().events('run-10')).toEqual([note(10)]);
    await raw(async (database) => expect(await database.count('events')).toBe(1));
  });

  it('keeps notices that nobody heard', async () => {
    const notices = [{ code: 'dropped', message: 'x', runs: ['run-1'] }] as const;
    await new IndexedDbArchive().keepNotices(notices);
    expect((await again().load()).notices).toEqual(notices);
  });

  it('skips records that are none, and gives no events of a run that lacks some', async () => {
    const archive = new IndexedDbArchive();
    await archive.write(record(1), 0, [note(0), note(1)]);
    await archive.write(record(1), 2, [note(2)]);
    await archive.write(record(2), 0, [note(0)]);
    await raw(async (database) => {
      const broken = [{}, { summary: 1, header: {} }, { ...record(5), bytes: 'many' }, { ...record(6), header: 0 }];
      for (const [id, value] of broken.entries()) await database.put('runs', { ...value, id: `broken-${id}` });
      await database.delete('events', ['run-1', 0]);
      await database.put('events', [note(0), { kind: 'note', at: 1 }], ['run-2', 0]);
    });
    expect((await again().load()).records).toEqual([record(1), record(2)]);
    expect(await again().events('run-1')).toBeUndefined();
    expect(await again().events('run-2')).toBeUndefined();
  });

  it('makes way for a newer version, and says then that it cannot read it', async () => {
    const archive = new IndexedDbArchive();
    await archive.load();
    const newer = await openDB('dtlscope', 3);
    await expect(archive.load()).rejects.toThrow(/version/i);
    newer.close();
  });

  it('keeps the last sweep and the last check, and takes nothing for one that is none', async () => {
    const archive = new IndexedDbArchive();
    await archive.keepJob({ kind: 'sweep', sweep: null, from: 0, lines: [] });
    await archive.keepJob(check);
    expect(await again().loadJobs()).toEqual([check, { kind: 'sweep', sweep: null, from: 0, lines: [] }]);
    await raw((database) => database.put('jobs', { kind: 'sweep', sweep: { state: 'odd' } }, 'sweep'));
    expect(await again().loadJobs()).toEqual([check]);
  });

  it('takes over what a version before it stored', async () => {
    const older = await openDB('dtlscope', 1, {
      upgrade: (database) => {
        database.createObjectStore('runs', { keyPath: 'id' });
        database.createObjectStore('events');
        database.createObjectStore('notices');
      },
    });
    await older.put('runs', { ...record(1), id: 'run-1' });
    older.close();
    const archive = new IndexedDbArchive();
    expect((await archive.load()).records).toEqual([record(1)]);
    await archive.keepJob(check);
    expect(await again().loadJobs()).toEqual([check]);
  });
});
