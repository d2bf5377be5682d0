import { describe, expect, it } from 'vitest';
import type { RunArchive } from '../../background/archive.ts';
import { servePanel } from '../../background/panels.ts';
import { Runs } from '../../background/runs.ts';
import { type BackgroundClient, openBackground, type RunBatch } from '../../src/bridge/client.ts';
import { decodeEvent } from '../../src/bridge/events.ts';
import {
  BridgeError,
  type FromBackground,
  type HelperStatus,
  panelProtocol,
  type RunRequest,
} from '../../src/bridge/panel.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { type FakePort, FakeTimers, portPair, settle } from '../bridge/ports.ts';
import { FakeRun, verdict } from './fakeRun.ts';
import { noPages } from './fakes.ts';
import { keepingMuch, MemoryArchive } from './memoryArchive.ts';

const request: RunRequest = { target: 'sim', options: { mtu: 300 } };
function setUp(archive: RunArchive = new MemoryArchive(), runsToKeep = 100) {
  const keeping = { ...keepingMuch, runs: runsToKeep };
  const timers = new FakeTimers();
  const started: FakeRun[] = [];
  const complaints: unknown[] = [];
  const runs = new Runs({
    start: async (asked) => {
      if (asked.target === 'bad') {
        throw new BridgeError({
          code: 'invalid-request',
          message: 'no',
          problems: [{ option: 'TARGET', message: 'bad' }],
        });
      }
      const run = new FakeRun();
      started.push(run);
      return run;
    },
    wallClock: () => 1_700_000_000_000 + timers.now,
    schedule: timers.schedule,
    read: () => verdict,
    archive,
    keeping,
    complain: (what, error) => complaints.push([what, error]),
  });
  let status: HelperStatus = { kind: 'unknown' };
  const hearers = new Set<(status: HelperStatus) => void>();
  const helper = {
    get status() {
      return status;
    },
    check: async () => {
      helper.set({ kind: 'not-installed', message: 'not found' });
      return status;
    },
    onStatus: (hear: (status: HelperStatus) => void) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    set: (next: HelperStatus) => {
      status = next;
      for (const hear of hearers) hear(next);
    },
  };
  const backgroundEnds: FakePort[] = [];
  const connect = (): FakePort => {
    const [near, far] = portPair();
    backgroundEnds.push(far);
    servePanel(far, {
      runs,
      keeping,
      helper,
      ...noPages,
      schedule: timers.schedule,
      version: '1.0',
      complain: (what, error) => complaints.push([what, error]),
    });
    return near;
  };
  const open = (): BackgroundClient => openBackground({ connect, schedule: timers.schedule, version: '1.0' });
  return { timers, runs, started, complaints, helper, backgroundEnds, connect, open };
}

/** Collects what a follower hears, and checks that there is neither gap nor repeat. */
function collector() {
  const events: TraceEvent[] = [];
  const batches: RunBatch[] = [];
  const unfollowed: string[] = [];
  return {
    events,
    batches,
    unfollowed,
    hear: (batch: RunBatch) => {
      expect(batch.from).toBe(events.length);
      events.push(...batch.events);
      batches.push(batch);
    },
    lost: ({ code }: { readonly code: string }) => unfollowed.push(code),
    get ended() {
      return batches.at(-1)?.ended === true;
    },
  };
}

async function started(at: ReturnType<typeof setUp>, client: BackgroundClient) {
  await at.timers.pass(0);
  const summary = await client.start(request);
  const run = at.started.at(-1);
  if (run === undefined) throw new Error('nothing was started');
  return { summary, run };
}

describe('a panel', () => {
  it('learns of background, helper and runs when it connects', async () => {
    const at = setUp();
    const client = at.open();
    expect(client.state.link).toBe('connecting');
    await at.timers.pass(0);
    expect(client.state).toEqual({
      link: 'connected',
      background: '1.0',
      helper: { kind: 'unknown' },
      runs: [],
      deleted: 0,
    });
  });

  it('asks for the helper and is told, as is every other panel', async () => {
    const at = setUp();
    const one = at.open();
    const two = at.open();
    await at.timers.pass(0);
    expect(await one.checkHelper()).toEqual({ kind: 'not-installed', message: 'not found' });
    await at.timers.pass(0);
    expect(two.state.helper.kind).toBe('not-installed');
  });

  it('is told what is wrong with a request', async () => {
    const at = setUp();
    const client = at.open();
    await at.timers.pass(0);
    const error = await client.start({ target: 'bad', options: {} }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BridgeError);
    expect(error).toMatchObject({
      failure: { code: 'invalid-request', problems: [{ option: 'TARGET', message: 'bad' }] },
    });
    expect(client.state.runs).toEqual([]);
  });

  it('starts a run, follows it live, and gets the verdict at its end', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    expect(summary).toMatchObject({ number: 1, state: 'running', request });
    const seen = collector();
    client.follow(summary.id, seen.hear);
    run.note(0, 3);
    await at.timers.pass(50);
    expect(seen.events).toHaveLength(3);
    run.note(3, 5);
    run.end();
    await at.timers.pass(0);
    expect(seen.events).toHaveLength(6);
    expect(seen.ended).toBe(true);
    expect(seen.batches[0]?.header).toEqual(run.header);
    expect(client.state.runs).toEqual([expect.objectContaining({ state: 'ended', events: 6, ...verdict })]);
  });

  it('gathers what happens within 50 ms into one message', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    const seen = collector();
    client.follow(summary.id, seen.hear);
    await at.timers.pass(0);
    const before = seen.batches.length;
    for (let i = 0; i < 10; i++) {
      run.note(i, i + 1);
      await at.timers.pass(4);
    }
    await at.timers.pass(50);
    expect(seen.events).toHaveLength(10);
    expect(seen.batches.length - before).toBe(1);
  });

  it('that comes late catches up, in messages of bounded size', async () => {
    const at = setUp();
    const { summary, run } = await started(at, at.open());
    run.note(0, 2000);
    const bytes = new Uint8Array(60_000);
    for (let packet = 1; packet <= 100; packet++) {
      run.recorder.push({
        kind: 'datagram',
        at: 1,
        packet,
        src: 'a',
        dst: 'b',
        from: 'client',
        bytes,
        length: bytes.length,
        contents: undefined,
      });
    }
    run.end();
    await at.timers.pass(0);
    const late = at.open();
    await at.timers.pass(0);
    const seen = collector();
    late.follow(summary.id, seen.hear);
    await at.timers.pass(0);
    expect(seen.events).toHaveLength(2101);
    expect(seen.ended).toBe(true);
    for (const message of at.backgroundEnds.at(-1)?.posted ?? []) {
      expect(JSON.stringify(message).length).toBeLessThan(2 * 1024 * 1024);
    }
  });

  it('may ask from an index on', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    run.note(0, 10);
    const batches: RunBatch[] = [];
    await at.timers.pass(50);
    client.follow(summary.id, (batch) => batches.push(batch), undefined, 7);
    await at.timers.pass(0);
    expect(batches.flatMap(({ events }) => events.map((event) => event.at))).toEqual([7, 8, 9]);
    expect(batches[0]?.from).toBe(7);
  });

  it('is one of two followers of the same run who began at different times', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    run.note(0, 5);
    const first = collector();
    client.follow(summary.id, first.hear);
    await at.timers.pass(0);
    run.note(5, 8);
    const second = collector();
    const stop = client.follow(summary.id, second.hear);
    await at.timers.pass(100);
    expect(second.events).toHaveLength(8);
    stop();
    run.note(8, 10);
    run.end();
    await at.timers.pass(100);
    expect(first.events).toHaveLength(11);
    expect(second.events).toHaveLength(8);
  });

  it('that does not follow any more hears nothing', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    const seen = collector();
    const stop = client.follow(summary.id, seen.hear);
    await at.timers.pass(0);
    stop();
    await at.timers.pass(0);
    const posted = at.backgroundEnds[0]?.posted.length ?? 0;
    run.note(0, 10);
    await at.timers.pass(60);
    expect(seen.events).toEqual([]);
    expect(at.backgroundEnds[0]?.posted.slice(posted)).toEqual([]);
  });

  it('stops and deletes runs; a follower of a deleted one is told', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    const seen = collector();
    client.follow(summary.id, seen.hear, seen.lost);
    await at.timers.pass(0);
    await client.stop(summary.id);
    await at.timers.pass(0);
    expect(run.stopped).toBe(true);
    expect(seen.events.at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    await client.delete(summary.id);
    await at.timers.pass(0);
    expect(client.state.runs).toEqual([]);
    const later = collector();
    client.follow(summary.id, later.hear, later.lost);
    await at.timers.pass(0);
    expect(later.unfollowed).toEqual(['unknown-run']);
    await expect(client.stop(summary.id)).rejects.toMatchObject({ failure: { code: 'unknown-run' } });
  });

  it('that deletes a running one stops it', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    await client.delete(summary.id);
    expect(run.stopped).toBe(true);
    expect(at.runs.list).toEqual([]);
  });
});

describe('a run', () => {
  it('survives the panel: another one finds it and all its events', async () => {
    const at = setUp();
    const first = at.open();
    const { summary, run } = await started(at, first);
    run.note(0, 5);
    first.close();
    await at.timers.pass(1000);
    run.note(5, 10);
    const second = at.open();
    await at.timers.pass(300);
    expect(second.state.runs).toEqual([expect.objectContaining({ id: summary.id, state: 'running', events: 10 })]);
    const seen = collector();
    second.follow(summary.id, seen.hear);
    await at.timers.pass(0);
    run.end();
    await at.timers.pass(0);
    expect(seen.events).toHaveLength(11);
    expect(run.stopped).toBe(false);
  });

  it('is followed across a broken connection without gap or repeat', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    const seen = collector();
    client.follow(summary.id, seen.hear);
    for (let round = 0; round < 4; round++) {
      run.note(seen.events.length, seen.events.length + 3);
      await at.timers.pass(50);
      at.backgroundEnds.at(-1)?.breakOff();
      await at.timers.pass(0);
      expect(client.state.link).toBe('connecting');
      run.note((round + 1) * 5 - 2, (round + 1) * 5);
      await at.timers.pass(5000);
      expect(client.state.link).toBe('connected');
      expect(seen.events).toHaveLength((round + 1) * 5);
    }
    run.end();
    await at.timers.pass(0);
    expect(seen.events.map(({ at: time }) => time)).toEqual([...Array(20).keys(), 1000]);
    expect(at.backgroundEnds).toHaveLength(5);
  });

  it('that has ended outlives a restart of the background, with number and verdict', async () => {
    const archive = new MemoryArchive();
    const before = setUp(archive);
    const { summary, run } = await started(before, before.open());
    run.recorder.push({
      kind: 'secret',
      at: 1,
      label: 'CLIENT_RANDOM',
      clientRandom: Uint8Array.of(1),
      secret: Uint8Array.of(2),
    });
    run.end();
    await before.timers.pass(0);

    const after = setUp(archive);
    const client = after.open();
    await after.timers.pass(0);
    expect(client.state.runs).toEqual([expect.objectContaining({ id: summary.id, ...verdict })]);
    const seen = collector();
    client.follow(summary.id, seen.hear);
    await after.timers.pass(0);
    expect(seen.events).toEqual(run.recorder.events);
    expect((await started(after, client)).summary.number).toBe(2);
    await client.delete(summary.id);
    await settle();
    expect(archive.records.get(summary.id)?.deletedAt).toBeDefined();
  });

  it('makes room when there are too many, the oldest ended one first, a running one never', async () => {
    const archive = new MemoryArchive();
    const at = setUp(archive, 2);
    const client = at.open();
    const one = await started(at, client);
    const two = await started(at, client);
    two.run.end();
    await at.timers.pass(0);
    await started(at, client);
    expect(at.runs.list.map(({ number }) => number)).toEqual([1, 3]);
    await started(at, client);
    expect(at.runs.list.map(({ number }) => number)).toEqual([1, 3, 4]);
    expect(one.run.stopped).toBe(false);
    expect([...archive.records.keys()]).not.toContain(two.summary.id);
  });
});

describe('a connection', () => {
  it('that says ping every 20 s keeps the worker awake', async () => {
    const at = setUp();
    const [near, far] = portPair();
    openBackground({ connect: () => near, schedule: at.timers.schedule, version: '1' });
    far.onMessage(() => {});
    await at.timers.pass(61_000);
    expect(near.posted.filter((message) => (message as { kind: string }).kind === 'ping')).toHaveLength(3);
  });

  it('fails what was asked when it breaks', async () => {
    const at = setUp();
    const [near, far] = portPair();
    const client = openBackground({ connect: () => near, schedule: at.timers.schedule, version: '1' });
    const hello: FromBackground = {
      kind: 'hello',
      protocol: panelProtocol,
      background: '1',
      helper: { kind: 'unknown' },
      runs: [],
      deleted: 0,
    };
    far.post(hello);
    await settle();
    const asked = client.start(request);
    far.breakOff();
    await expect(asked).rejects.toMatchObject({ failure: { code: 'disconnected' } });
    await expect(client.stop('x')).rejects.toMatchObject({ failure: { code: 'disconnected' } });
  });

  it('to a background of another major version says so and stays quiet', async () => {
    const at = setUp();
    const [near, far] = portPair();
    const client = openBackground({ connect: () => near, schedule: at.timers.schedule, version: '1' });
    far.post({
      kind: 'hello',
      protocol: { major: 99, minor: 0 },
      background: '9',
      helper: { kind: 'unknown' },
      runs: [],
      deleted: 0,
    });
    await settle();
    expect(client.state).toMatchObject({ link: 'incompatible', background: '9' });
    await expect(client.start(request)).rejects.toMatchObject({ failure: { code: 'disconnected' } });
  });

  it('from a panel of another major version is answered with what to do', async () => {
    const at = setUp();
    const port = at.connect();
    const heard: FromBackground[] = [];
    port.onMessage((message) => heard.push(message as FromBackground));
    port.post({ kind: 'hello', protocol: { major: 99, minor: 0 }, panel: '9' });
    await settle();
    port.post({ kind: 'start', id: 1, request });
    await settle();
    expect(heard.map((message) => (message.kind === 'error' ? message.error.code : message.kind))).toEqual([
      'hello',
      'protocol-mismatch',
      'bad-message',
    ]);
    expect(at.started).toEqual([]);
  });

  it('that says what is not a message is answered and goes on', async () => {
    const at = setUp();
    const port = at.connect();
    const heard: FromBackground[] = [];
    port.onMessage((message) => heard.push(message as FromBackground));
    port.post({ kind: 'hello', protocol: panelProtocol, panel: '1' });
    port.post({ kind: 'start', id: 4, request: 'x' });
    port.post(null);
    port.post({ kind: 'subscribe', id: 5, run: 'nobody', from: 0 });
    await settle();
    expect(heard.slice(1)).toMatchObject([
      { kind: 'error', id: 4, error: { code: 'bad-message' } },
      { kind: 'error', error: { code: 'bad-message' } },
      { kind: 'error', id: 5, error: { code: 'unknown-run' } },
    ]);
  });

  it('that cannot be opened is tried again, ever later', async () => {
    const timers = new FakeTimers();
    const at: number[] = [];
    const client = openBackground({
      connect: () => {
        at.push(timers.now);
        throw new Error('Extension context invalidated.');
      },
      schedule: timers.schedule,
      version: '1',
    });
    await timers.pass(10_500);
    expect(at).toEqual([0, 100, 400, 1400, 4400, 7400, 10_400]);
    client.close();
    await timers.pass(10_000);
    expect(at).toHaveLength(7);
  });
});

describe('what crosses to a panel', () => {
  it('is the trace’s events, byte for byte', async () => {
    const at = setUp();
    const client = at.open();
    const { summary, run } = await started(at, client);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    run.recorder.push({
      kind: 'datagram',
      at: 0.125,
      packet: 1,
      src: 'a',
      dst: 'b',
      from: 'server',
      bytes,
      length: 256,
      contents: undefined,
    });
    const seen = collector();
    client.follow(summary.id, seen.hear);
    await at.timers.pass(50);
    expect(seen.events).toEqual(run.recorder.events);
    const posted = at.backgroundEnds[0]?.posted.flatMap((message) =>
      (message as FromBackground).kind === 'events' ? (message as { events: readonly unknown[] }).events : [],
    );
    expect(decodeEvent(posted?.[0])).toEqual(run.recorder.events[0]);
  });
});
