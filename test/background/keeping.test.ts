import { describe, expect, it } from 'vitest';
import type { RunArchive } from '../../background/archive.ts';
import { type Keeping, sizeOf } from '../../background/keeping.ts';
import { servePanel } from '../../background/panels.ts';
import { Runs } from '../../background/runs.ts';
import { type BackgroundClient, openBackground } from '../../src/bridge/client.ts';
import type { BackgroundNotice, HelperStatus, RunSummary } from '../../src/bridge/panel.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { type FakePort, FakeTimers, portPair } from '../bridge/ports.ts';
import { FakeRun, verdict } from './fakeRun.ts';
import { noPages } from './fakes.ts';
import { keepingMuch, MemoryArchive } from './memoryArchive.ts';

/** A background with its panels; what is in the archive is from the one before. */
function setUp(archive: RunArchive = new MemoryArchive(), more: Partial<Keeping> = {}) {
  const timers = new FakeTimers();
  const keeping = { ...keepingMuch, ...more };
  const started: FakeRun[] = [];
  const read: Trace[] = [];
  const complaints: string[] = [];
  const complain = (what: string): void => void complaints.push(what);
  const runs = new Runs({
    start: async () => {
      const run = new FakeRun();
      started.push(run);
      return run;
    },
    wallClock: () => Date.UTC(2026, 10, 21, 12, 0, 0) + timers.now,
    schedule: timers.schedule,
    read: (trace) => {
      read.push(trace);
      return verdict;
    },
    archive,
    keeping,
    complain,
  });
  const status: HelperStatus = { kind: 'unknown' };
  const helper = { status, check: async () => status, onStatus: () => () => {} };
  const ends: FakePort[] = [];
  const notices: BackgroundNotice[] = [];
  const open = async (): Promise<BackgroundClient> => {
    const connect = (): FakePort => {
      const [near, far] = portPair();
      ends.push(far);
      servePanel(far, { runs, keeping, helper, ...noPages, schedule: timers.schedule, version: '1', complain });
      return near;
    };
    const client = openBackground({ connect, schedule: timers.schedule, version: '1' });
    client.onNotice((notice) => notices.push(notice));
    await timers.pass(0);
    return client;
  };
  const start = async (target = 'sim', options = {}): Promise<{ summary: RunSummary; run: FakeRun }> => {
    const summary = await runs.start({ target, options });
    const run = started.at(-1);
    if (run === undefined) throw new Error('nothing was started');
    return { summary, run };
  };
  /** A whole run with a datagram of so many bytes. */
  const whole = async (size = 10): Promise<RunSummary> => {
    const { summary, run } = await start();
    run.datagram(1, size);
    run.end();
    await timers.pass(0);
    return summary;
  };
  const numbers = (): number[] => runs.list.map(({ number }) => number);
  return { timers, runs, started, read, complaints, open, start, whole, numbers, notices, ends };
}

/** All that a follower hears of a run. */
async function follow(at: ReturnType<typeof setUp>, client: BackgroundClient, run: string) {
  const heard = { events: [] as TraceEvent[], ended: false, lost: [] as string[] };
  client.follow(
    run,
    ({ from, events, ended }) => {
      expect(from).toBe(heard.events.length);
      heard.events.push(...events);
      heard.ended = ended;
    },
    ({ code }) => heard.lost.push(code),
  );
  await at.timers.pass(0);
  return heard;
}

/** Makes writes wait until they are let through. */
function gate(archive: MemoryArchive): () => void {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  archive.beforeWrite = () => opened;
  return open;
}

const named = (name: string): Error => Object.assign(new Error(name), { name });

describe('a growing run', () => {
  it('is stored in batches, of which none is lost or written twice', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { summary, run } = await at.start();
    for (let i = 0; i < 100; i++) {
      run.note(i, i + 1);
      await at.timers.pass(10);
    }
    run.end();
    await at.timers.pass(0);
    expect(archive.stored.get(summary.id)).toEqual(run.recorder.events);
    expect(archive.records.get(summary.id)?.summary).toMatchObject({ state: 'ended', events: 101, ...verdict });
    const events = archive.writes.map(([, , count]) => count);
    expect(events.reduce((sum, count) => sum + count, 0)).toBe(101);
    expect(events.length).toBeLessThan(30);
  });

  it('is shown only as far as it is stored, and ended only when its end is', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const client = await at.open();
    const { summary, run } = await at.start();
    const heard = await follow(at, client, summary.id);
    run.note(0, 3);
    await at.timers.pass(50);
    expect(heard.events).toHaveLength(3);
    const let1 = gate(archive);
    run.note(3, 5);
    await at.timers.pass(200);
    expect(heard.events).toHaveLength(3);
    run.note(5, 6);
    let1();
    const let2 = gate(archive);
    await at.timers.pass(0);
    expect(heard.events).toHaveLength(5);
    run.end();
    await at.timers.pass(1000);
    expect(heard).toMatchObject({ ended: false, events: { length: 5 } });
    expect(client.state.runs).toMatchObject([{ state: 'running' }]);
    let2();
    await at.timers.pass(0);
    expect(heard).toMatchObject({ ended: true, events: { length: 7 } });
    expect(client.state.runs).toMatchObject([{ state: 'ended', events: 7 }]);
  });

  it('is known to the store before its first event', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { summary } = await at.start();
    await at.timers.pass(0);
    expect(archive.records.get(summary.id)?.summary).toMatchObject({ state: 'running', events: 0 });
  });

  it('is stored with its secrets, without the private keys, tokens and passwords that were given', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { summary, run } = await at.start('192.0.2.1:1', {
      ...{ cert: ['CERTIFICATE'], key: ['PRIVATE'], mtu: 300 },
      ...{ token: 'TOKEN', turn: 'turn:user:PASSWORD@192.0.2.9' },
    });
    const secret = { kind: 'secret', at: 1, label: 'CLIENT_RANDOM' } as const;
    run.recorder.push({ ...secret, clientRandom: Uint8Array.of(1), secret: Uint8Array.of(2) });
    run.end();
    await at.timers.pass(0);
    expect(at.runs.list[0]?.request.options).toMatchObject({ key: ['PRIVATE'] });
    expect(archive.records.get(summary.id)?.summary.request.options).toEqual({
      ...{ cert: ['CERTIFICATE'], mtu: 300 },
      turn: 'turn:user@192.0.2.9',
    });
    expect(archive.stored.get(summary.id)?.[0]).toMatchObject({ kind: 'secret', secret: Uint8Array.of(2) });
  });
});

describe('a background that was stopped', () => {
  it('leaves its runs to the next one: ended ones as they were, a cut one interrupted and readable', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const whole = await before.whole();
    const { summary: cut, run } = await before.start('192.0.2.1:4433');
    run.note(0, 5);
    await before.timers.pass(4000);

    const after = setUp(archive);
    const client = await after.open();
    expect(client.state.runs).toMatchObject([
      { id: whole.id, number: 1, state: 'ended' },
      { id: cut.id, number: 2, state: 'ended', events: 6, ...verdict },
    ]);
    const heard = await follow(after, client, cut.id);
    expect(heard.events.slice(0, 5)).toEqual(run.recorder.events);
    expect(heard.events[5]).toEqual({
      kind: 'end',
      at: 4,
      how: 'interrupted',
      why: 'the extension’s background was stopped, not before 2026-11-21 12:00:00 UTC',
    });
    expect(heard.ended).toBe(true);
    expect(after.read).toHaveLength(1);
    expect((await follow(after, client, whole.id)).events).toEqual(before.started[0]?.recorder.events);

    const later = setUp(archive);
    const again = await follow(later, await later.open(), cut.id);
    expect(again.events).toEqual(heard.events);
    expect(later.read).toEqual([]);
    expect((await later.start()).summary.number).toBe(3);
  });

  it('between the last event of a run and its verdict leaves a run that gets its verdict then', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const { summary, run } = await before.start();
    run.recorder.push({ kind: 'end', at: 9, how: 'done', why: undefined });
    await before.timers.pass(50);
    expect(archive.records.get(summary.id)?.summary.state).toBe('running');

    const after = setUp(archive);
    const heard = await follow(after, await after.open(), summary.id);
    expect(heard.events).toEqual(run.recorder.events);
    expect(after.runs.list).toMatchObject([{ state: 'ended', events: 1, ...verdict }]);
  });

  it('while a panel followed: it goes on with the next one, without gap or repeat', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const { summary, run } = await before.start();
    run.note(0, 5);
    await before.timers.pass(50);
    let background = before;
    const timers = new FakeTimers();
    const connect = (): FakePort => {
      const [near, far] = portPair();
      background.ends.push(far);
      const helper = {
        status: { kind: 'unknown' } as const,
        check: async () => ({ kind: 'unknown' }) as const,
        onStatus: () => () => {},
      };
      const { schedule } = background.timers;
      const { runs } = background;
      servePanel(far, {
        ...{ runs, keeping: keepingMuch, helper, ...noPages, schedule, version: '1' },
        complain() {},
      });
      return near;
    };
    const client = openBackground({ connect, schedule: timers.schedule, version: '1' });
    const events: TraceEvent[] = [];
    const follower = { ended: false };
    await timers.pass(0);
    client.follow(summary.id, (batch) => {
      expect(batch.from).toBe(events.length);
      events.push(...batch.events);
      follower.ended = batch.ended;
    });
    await timers.pass(0);
    expect(events).toHaveLength(5);
    background = setUp(archive);
    before.ends[0]?.breakOff();
    await timers.pass(5000);
    expect(events.map(({ kind }) => kind)).toEqual(['note', 'note', 'note', 'note', 'note', 'end']);
    expect(follower.ended).toBe(true);
  });

  it('with a store that cannot be read goes on without it, and says so', async () => {
    const archive = Object.assign(new MemoryArchive(), { load: () => Promise.reject(new Error('corrupt')) });
    const at = setUp(archive);
    await at.open();
    expect(at.notices).toMatchObject([{ code: 'unreadable', message: 'Earlier runs can’t be read (corrupt).' }]);
    await at.whole();
    expect(at.numbers()).toEqual([1]);
  });

  it('keeps a run whose events are broken in the list, and says what is with it', async () => {
    const archive = new MemoryArchive();
    const { id } = await setUp(archive).whole();
    archive.events = async () => undefined;
    const at = setUp(archive);
    const heard = await follow(at, await at.open(), id);
    expect(heard.lost).toEqual(['unreadable-run']);
    expect(at.numbers()).toEqual([1]);
  });
});

describe('the bounds', () => {
  it('drop the oldest runs when there are too many, and tell every panel', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive, { runs: 3 });
    await at.open();
    await at.open();
    for (let i = 0; i < 5; i++) await at.whole();
    await at.timers.pass(0);
    expect(at.numbers()).toEqual([3, 4, 5]);
    expect(archive.records.size).toBe(3);
    expect(at.notices.map(({ message }) => message)).toEqual([
      'Run 1 (sim) was dropped: the newest 3 are kept.',
      'Run 1 (sim) was dropped: the newest 3 are kept.',
      'Run 2 (sim) was dropped: the newest 3 are kept.',
      'Run 2 (sim) was dropped: the newest 3 are kept.',
    ]);
  });

  it('drop the oldest runs when all together are too large, never one that goes on', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive, { bytes: 1024 * 1024 });
    await at.open();
    const { run } = await at.start();
    run.datagram(1, 300_000);
    await at.timers.pass(50);
    for (let i = 0; i < 4; i++) await at.whole(300_000);
    expect(at.numbers()).toEqual([1, 4, 5]);
    expect([...archive.records.values()].reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1024 * 1024);
    expect(at.notices).toMatchObject([
      { code: 'dropped', message: 'Run 2 (sim) was dropped: 1 MiB are kept.' },
      { code: 'dropped', message: 'Run 3 (sim) was dropped: 1 MiB are kept.' },
    ]);
  });

  it('take what was deleted first, without a word', async () => {
    const at = setUp(new MemoryArchive(), { runs: 3 });
    await at.open();
    await at.whole();
    const second = await at.whole();
    await at.whole();
    await at.runs.delete(second.id);
    await at.whole();
    expect(at.numbers()).toEqual([1, 3, 4]);
    expect(at.runs.deleted).toBe(0);
    expect(at.notices).toEqual([]);
  });

  it('that were lowered by an update are kept at the start', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    for (let i = 0; i < 4; i++) await before.whole();
    const after = setUp(archive, { runs: 2 });
    await after.open();
    expect(after.numbers()).toEqual([3, 4]);
    expect(after.notices).toMatchObject([
      { message: 'Run 1 (sim) and Run 2 (sim) were dropped: the newest 2 are kept.' },
    ]);
  });

  it('that were met while no panel was open are told to the next one, also by the next background', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive, { runs: 1 });
    await before.whole();
    await before.whole();
    const after = setUp(archive, { runs: 1 });
    await after.open();
    expect(after.notices).toMatchObject([{ code: 'dropped', message: expect.stringContaining('Run 1 (sim)') }]);
    const last = setUp(archive, { runs: 1 });
    await last.open();
    expect(last.notices).toEqual([]);
  });

  it('cut a run that alone is larger: all of it is readable now, and how it ended later', async () => {
    const archive = new MemoryArchive();
    const bytes = 100 * 1024;
    const at = setUp(archive, { bytes });
    const client = await at.open();
    const { summary, run } = await at.start();
    for (let packet = 1; packet <= 200; packet++) {
      run.datagram(packet, 1000);
      await at.timers.pass(20);
    }
    run.end();
    await at.timers.pass(0);
    expect((await follow(at, client, summary.id)).events).toEqual(run.recorder.events);
    expect(at.notices).toMatchObject([{ code: 'cut', runs: [summary.id] }]);
    expect(archive.records.get(summary.id)?.bytes).toBeLessThanOrEqual(bytes);

    const after = setUp(archive, { bytes });
    const { events } = await follow(after, await after.open(), summary.id);
    expect(events.length).toBeGreaterThan(50);
    expect(events.slice(0, -2)).toEqual(run.recorder.events.slice(0, events.length - 2));
    expect(events.at(-2)).toMatchObject({ kind: 'note', text: expect.stringContaining('not kept') });
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    expect(after.runs.list).toMatchObject([{ events: events.length, ...verdict }]);
  });
});

describe('a store that fails', () => {
  it('because it is full gets room from the oldest runs', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    await at.open();
    for (let i = 0; i < 3; i++) await at.whole();
    archive.beforeWrite = () => {
      if (archive.records.size > 2) throw named('QuotaExceededError');
    };
    await at.whole();
    await at.timers.pass(0);
    expect(at.numbers()).toEqual([3, 4]);
    expect(archive.records.size).toBe(2);
    expect(at.notices.map(({ message }) => message)).toEqual([
      'Run 1 (sim) was dropped: the browser’s storage is full.',
      'Run 2 (sim) was dropped: the browser’s storage is full.',
    ]);
  });

  it('altogether costs the keeping, not the run', async () => {
    const archive = new MemoryArchive();
    archive.beforeWrite = () => {
      throw new Error('disk broken');
    };
    const at = setUp(archive);
    const client = await at.open();
    const { summary, run } = await at.start();
    run.note(0, 3);
    await at.timers.pass(50);
    const heard = await follow(at, client, summary.id);
    run.end();
    await at.timers.pass(0);
    expect(heard.ended).toBe(true);
    expect(heard.events).toEqual(run.recorder.events);
    expect((await follow(at, client, summary.id)).events).toHaveLength(4);
    expect(at.notices).toEqual([
      {
        code: 'not-kept',
        message: 'Run 1 (sim) can’t be stored (disk broken): it is here only until the browser stops the extension.',
        runs: [summary.id],
      },
    ]);
    await at.runs.delete(summary.id);
    await at.runs.undoDelete();
    expect(at.numbers()).toEqual([1]);
  });

  it('by never answering holds nothing up for long', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const client = await at.open();
    gate(archive);
    const { summary, run } = await at.start();
    const heard = await follow(at, client, summary.id);
    run.note(0, 3);
    run.end();
    await at.timers.pass(4000);
    expect(heard.ended).toBe(false);
    await at.timers.pass(6000);
    expect(heard).toMatchObject({ ended: true, events: { length: 4 } });
    expect(at.notices).toMatchObject([{ code: 'not-kept', message: expect.stringContaining('within 5 s') }]);
  });
});

describe('deleting', () => {
  it('one, then all, takes them off every panel’s list, and the last deletion can be undone', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const [one, two] = [await at.open(), await at.open()];
    for (let i = 0; i < 3; i++) await at.whole();
    const first = at.runs.list[0];
    if (first === undefined) throw new Error('no run');
    await one.delete(first.id);
    await at.timers.pass(0);
    expect(two.state).toMatchObject({ deleted: 1, runs: [{ number: 2 }, { number: 3 }] });
    await one.deleteAll();
    await at.timers.pass(0);
    expect(two.state).toMatchObject({ deleted: 2, runs: [] });
    await two.undoDelete();
    await at.timers.pass(0);
    expect(one.state).toMatchObject({ deleted: 0, runs: [{ number: 2 }, { number: 3 }] });
    const [second] = one.state.runs;
    expect((await follow(at, one, second?.id ?? '')).events).toEqual(at.started[1]?.recorder.events);
    expect([...archive.records.keys()]).not.toContain(first.id);
    await expect(one.undoDelete()).rejects.toMatchObject({ failure: { code: 'nothing-deleted' } });
  });

  it('a run that goes on stops it; undone, it is there with its end', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const client = await at.open();
    const { summary, run } = await at.start();
    const heard = await follow(at, client, summary.id);
    run.note(0, 3);
    await client.delete(summary.id);
    await at.timers.pass(100);
    expect(run.stopped).toBe(true);
    expect(at.runs.running).toBe(0);
    await client.undoDelete();
    await at.timers.pass(0);
    expect(client.state.runs).toMatchObject([{ state: 'ended', events: 4 }]);
    expect((await follow(at, client, summary.id)).events).toEqual(run.recorder.events);
    expect(heard.events.length).toBeLessThanOrEqual(4);
  });

  it('is still undone by the next background, unless it is long ago', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const { id } = await before.whole();
    await before.runs.delete(id);
    await before.timers.pass(0);
    const soon = setUp(archive);
    const client = await soon.open();
    expect(client.state).toMatchObject({ deleted: 1, runs: [] });
    await client.undoDelete();
    expect(soon.numbers()).toEqual([1]);
    await soon.runs.delete(id);
    await soon.timers.pass(0);

    const late = setUp(archive, { undoAcrossRestartMs: -1 });
    expect((await late.open()).state).toMatchObject({ deleted: 0, runs: [] });
    expect(archive.records.size).toBe(0);
  });

  it('is answered when it is stored', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { id } = await at.whole();
    const client = await at.open();
    const open = gate(archive);
    let answered = false;
    const deleted = client.delete(id).then(() => {
      answered = true;
    });
    await at.timers.pass(100);
    expect(client.state.runs).toEqual([]);
    expect(answered).toBe(false);
    open();
    await deleted;
    expect(archive.records.get(id)?.deletedAt).toBeDefined();
  });

  it('is answered when the one before it is final in the store too: no undo of the next background brings that back', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const [first, second] = [await at.whole(), await at.whole()];
    await at.runs.delete(first.id);
    let remove = (): void => {};
    archive.beforeRemove = () =>
      new Promise((resolve) => {
        remove = resolve;
      });
    let answered = false;
    const deleted = at.runs.delete(second.id).then(() => {
      answered = true;
    });
    await at.timers.pass(100);
    expect(answered).toBe(false);
    remove();
    await deleted;
    expect([...archive.records.keys()]).toEqual([second.id]);
  });

  it('is final once nobody can undo it', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { id } = await at.whole();
    await at.runs.delete(id);
    await at.runs.purge();
    expect(at.runs.deleted).toBe(0);
    expect(archive.records.size).toBe(0);
    expect(archive.stored.size).toBe(0);
  });

  it('nothing leaves the last deletion as it is', async () => {
    const at = setUp();
    await at.whole();
    await at.runs.deleteAll();
    await at.runs.deleteAll();
    await at.runs.undoDelete();
    expect(at.numbers()).toEqual([1]);
  });

  it('while it is being stored does not bring it back', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const { summary, run } = await at.start();
    await at.timers.pass(0);
    const open = gate(archive);
    run.note(0, 3);
    await at.timers.pass(50);
    const deleted = at.runs.delete(summary.id);
    void at.runs.purge();
    open();
    await at.timers.pass(1000);
    await deleted;
    expect(archive.records.size).toBe(0);
    expect(archive.stored.size).toBe(0);
  });
});

describe('a file that a panel has opened', () => {
  const trace = (count: number, size = 20): Trace => ({
    header: {
      tool: 'Wireshark',
      kind: 'capture',
      startedAt: 5,
      title: undefined,
      localRole: undefined,
      commandLine: undefined,
    },
    events: [...Array(count).keys()].map((index) => ({
      kind: 'datagram',
      at: index,
      packet: index + 1,
      src: 'a',
      dst: 'b',
      from: undefined,
      bytes: new Uint8Array(size).fill(index),
      length: size,
      contents: undefined,
    })),
  });

  it('is kept like a run, under its name, and outlives the background', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const client = await before.open();
    const opened = trace(2000);
    const summary = await client.keep('field trip.pcapng', opened);
    expect(summary).toMatchObject({
      number: 1,
      file: 'field trip.pcapng',
      request: { target: 'field trip.pcapng', options: {} },
      state: 'ended',
      events: 2000,
      ...verdict,
    });

    const after = setUp(archive);
    const heard = await follow(after, await after.open(), summary.id);
    expect(heard.events).toEqual(opened.events);
    expect(after.runs.list).toMatchObject([{ file: 'field trip.pcapng', number: 1 }]);
  });

  it('is not read again where the panel has read it', async () => {
    const at = setUp();
    const client = await at.open();
    const summary = await client.keep('a.qlog', trace(3), { outcome: 'stalled', verdict: 'Stalled.' });
    expect(summary).toMatchObject({ outcome: 'stalled', verdict: 'Stalled.' });
    expect(at.read).toEqual([]);
  });

  it('without an event is kept too', async () => {
    const at = setUp();
    const summary = await (await at.open()).keep('empty.pcap', trace(0));
    expect(summary).toMatchObject({ events: 0, state: 'ended' });
  });

  it('that is larger than all that is kept is refused, and costs no other run', async () => {
    const at = setUp(new MemoryArchive(), { bytes: 200_000 });
    const client = await at.open();
    await at.whole(100_000);
    await expect(client.keep('huge.pcap', trace(3000, 100))).rejects.toMatchObject({
      failure: { code: 'too-large', message: expect.stringContaining('huge.pcap') },
    });
    expect(at.numbers()).toEqual([1]);
    expect(at.notices).toEqual([]);
    expect(await client.keep('small.pcap', trace(3, 100))).toMatchObject({ number: 2 });
  });

  it('whose transfer breaks off is not kept in part', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive);
    const client = await at.open();
    const kept = client.keep('a.pcap', trace(2000)).catch((error: unknown) => error);
    at.ends[0]?.breakOff();
    expect(await kept).toMatchObject({ failure: { code: 'disconnected' } });
    await at.timers.pass(1000);
    expect(archive.records.size).toBe(0);
    expect(await client.keep('a.pcap', trace(20))).toMatchObject({ events: 20 });
  });

  it('in parts that do not follow each other is refused', async () => {
    const at = setUp();
    await at.open();
    const [near, far] = portPair();
    const heard: unknown[] = [];
    near.onMessage((message) => heard.push(message));
    servePanel(far, {
      runs: at.runs,
      keeping: keepingMuch,
      ...noPages,
      helper: { status: { kind: 'unknown' }, check: async () => ({ kind: 'unknown' }), onStatus: () => () => {} },
      schedule: at.timers.schedule,
      version: '1',
      complain() {},
    });
    near.post({ kind: 'hello', protocol: { major: 1, minor: 1 }, panel: '1' });
    const part = { kind: 'import', transfer: 1, file: 'x', header: { tool: 'x', kind: 'capture' }, last: false };
    near.post({ ...part, id: 1, from: 0, events: [{ kind: 'note', at: 1, text: 'x' }] });
    near.post({ ...part, id: 2, from: 5, events: [], last: true });
    near.post({ ...part, id: 3, from: 0, events: [{ kind: 'note', at: 1 }], last: true });
    await at.timers.pass(0);
    expect(heard.slice(1)).toMatchObject([
      { kind: 'ok', id: 1 },
      { kind: 'error', id: 2, error: { code: 'bad-message' } },
      { kind: 'error', id: 3, error: { code: 'bad-message' } },
    ]);
    expect(at.numbers()).toEqual([]);
  });
});

describe('the size of an event', () => {
  it('follows its bytes and texts', () => {
    const size = (event: TraceEvent): number => sizeOf(event);
    const note = (text: string): TraceEvent => ({ kind: 'note', at: 1, text });
    expect(size(note('x'.repeat(1000))) - size(note(''))).toBe(1000);
    const secret = (length: number): TraceEvent => ({
      kind: 'secret',
      at: 1,
      label: 'x',
      clientRandom: new Uint8Array(length),
      secret: new Uint8Array(48),
    });
    expect(size(secret(1000)) - size(secret(0))).toBe(1000);
  });
});
