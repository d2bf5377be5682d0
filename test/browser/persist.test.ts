/**
 * What outlives what: the service worker of a real Chromium is stopped, its page reloaded, the helper killed, the browser
 * closed and killed. Spoken to over a raw debugging pipe, since Playwright would keep the worker alive. The panel's end of
 * the protocol is the probe page's client, the same as the panel's.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/bridge/events.ts';
import type { HelperStatus, RunSummary } from '../../src/bridge/panel.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { buildHelper, pidsWith, runs } from '../helper/process.ts';
import { buildProbeExtension, probeUrl } from '../support/probeExtension.ts';
import { RawChromium, type RawPage } from '../support/rawChromium.ts';

/** For a busy machine. */
const patience = { timeout: 20_000 };

let dir: string;
let extension: string;
let built: Awaited<ReturnType<typeof buildHelper>>;
/** The helper of this test's profile, in which a signal throws. */
let helper: string;
let profile: string;
let browser: RawChromium;
let page: RawPage;
let peer: Socket;
let silent: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dtlscope-persist-'));
  extension = join(dir, 'extension');
  built = await buildHelper();
  await buildProbeExtension(extension);
});
afterAll(() => {
  built?.dispose();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(async () => {
  profile = mkdtempSync(join(dir, 'profile-'));
  mkdirSync(join(profile, 'NativeMessagingHosts'));
  helper = join(profile, 'helper.mjs');
  cpSync(built.file, helper);
  appendFileSync(helper, "\nprocess.on('SIGUSR2', () => { throw new Error('something broke'); });\n");
  const { problems } = installHelper({
    places: placesOf({}, dir),
    node: process.execPath,
    helper,
    userDataDir: profile,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  peer = createSocket('udp4');
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  silent = `127.0.0.1:${peer.address().port}`;
  await begin();
});
afterEach(async () => {
  peer.close();
  await browser.close();
});

async function begin(): Promise<void> {
  browser = await RawChromium.start(profile, extension);
  page = await openProbe();
}

async function openProbe(): Promise<RawPage> {
  const opened = await browser.open(probeUrl);
  await loaded(opened);
  return opened;
}

async function loaded(probePage: RawPage): Promise<void> {
  await expect.poll(() => probePage.value('typeof probe'), patience).toBe('object');
  await probePage.value('probe.connected()');
}

const list = async (): Promise<readonly RunSummary[]> =>
  (await page.value('probe.client.state.runs')) as readonly RunSummary[];
const start = async (target: string, options: object = {}): Promise<RunSummary> =>
  (await page.value(`probe.client.start(${JSON.stringify({ target, options })})`)) as RunSummary;
const ended = async ({ id }: RunSummary): Promise<RunSummary> =>
  (await page.value(`probe.outcome('${id}')`)) as RunSummary;
/** All events of an ended run, or the first ones of a run as soon as there are `least`. */
async function eventsOf({ id }: RunSummary, least?: number): Promise<readonly TraceEvent[]> {
  const json = (await page.value(`probe.events('${id}'${least === undefined ? '' : `, ${least}`})`)) as unknown[];
  return json.map((one) => {
    const event = decodeEvent(one);
    if (event === undefined) throw new Error(`not an event: ${JSON.stringify(one)}`);
    return event;
  });
}
const helperPids = (): number[] => pidsWith(helper).filter(runs);

/** Stops the background without attaching to it; the page that is open reaches the next one by itself. */
async function stopWorker(): Promise<void> {
  const before = Number(await page.value('probe.connections()'));
  await page.send('ServiceWorker.enable');
  await page.send('ServiceWorker.stopAllWorkers');
  await expect.poll(() => page.value('probe.connections()'), patience).toBe(before + 1);
}

/** What the check of this file reaches. */
const sayReached = 'DTLS 1.2, with a small hello';
/** The same of the check in the extension's database, which any page of the extension can read. */
const storedReached = (): Promise<unknown> =>
  page.value(`(async () => {
    const of = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await of(indexedDB.open('dtlscope'));
    const stored = await of(database.transaction('jobs').objectStore('jobs').get('check'));
    database.close();
    return stored?.check.reached;
  })()`);

/** A run that goes on: it sends again every 100 ms to somebody who does not answer. */
async function endless(): Promise<{ readonly run: RunSummary; readonly shown: readonly TraceEvent[] }> {
  const run = await start(silent, { rto: 100, rtoGrowth: 1, attempts: 1000 });
  return { run, shown: await eventsOf(run, 12) };
}

/** What was shown of a run is there, in the same order, and then how it ended. */
function expectCut(events: readonly TraceEvent[], shown: readonly TraceEvent[], why: RegExp): void {
  expect(events.slice(0, shown.length)).toEqual(shown);
  expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'interrupted', why: expect.stringMatching(why) });
  expect(events.filter(({ kind }) => kind === 'end')).toHaveLength(1);
}

describe('a stopped worker', () => {
  it('loses nothing: ended runs are as they were, one that went on is interrupted, and a follower sees its end', async () => {
    const done = await start('sim', { linger: 10 });
    const summary = await ended(done);
    expect(summary).toMatchObject({ outcome: 'established' });
    const whole = await eventsOf(done);
    const { run, shown } = await endless();
    await page.value(`probe.follow('${run.id}')`);
    expect(helperPids()).toHaveLength(1);

    await stopWorker();
    await expect.poll(helperPids, patience).toEqual([]);
    expect(await ended(run)).toMatchObject({ state: 'ended', outcome: 'interrupted' });
    expect(await list()).toMatchObject([summary, { id: run.id, number: 2 }]);
    expect(await eventsOf(done)).toEqual(whole);
    const cut = await eventsOf(run);
    expectCut(cut, shown, /^the extension’s background was stopped, not before \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(await page.value('[probe.followed.gaps, probe.followed.ended]')).toEqual([0, true]);
    expect(await page.value('probe.followed.events.length')).toBe(cut.length);

    const next = await start('sim', { linger: 10 });
    expect(await ended(next)).toMatchObject({ number: 3, outcome: 'established' });
  });

  it('loses no deletion and no undo of it', async () => {
    for (let i = 0; i < 3; i++) await ended(await start('sim', { linger: 10, seed: i }));
    const [first] = await list();
    await page.value(`probe.client.delete('${first?.id}')`);
    await page.value('probe.client.deleteAll()');
    await stopWorker();
    expect(await list()).toEqual([]);
    expect(await page.value('probe.client.state.deleted')).toBe(2);
    await page.value('probe.client.undoDelete()');
    await expect.poll(async () => (await list()).map(({ number }) => number), patience).toEqual([2, 3]);
    await stopWorker();
    expect((await list()).map(({ number, outcome }) => [number, outcome])).toEqual([
      [2, 'established'],
      [3, 'established'],
    ]);
  });

  it('loses no file that a panel asked to keep', async () => {
    const done = await start('sim', { linger: 10 });
    await ended(done);
    const events = await eventsOf(done);
    const kept = (await page.value(`(async () => {
      const events = (await probe.events('${done.id}')).map(probe.decodeEvent);
      const header = { tool: 'x', kind: 'capture', startedAt: 5, title: undefined, localRole: undefined, commandLine: undefined };
      return probe.client.keep('from a friend.sqlog', { header, events });
    })()`)) as RunSummary;
    expect(kept).toMatchObject({ file: 'from a friend.sqlog', outcome: 'established', events: events.length });
    await stopWorker();
    expect(await list()).toMatchObject([{ number: 1 }, kept]);
    expect(await eventsOf(kept)).toEqual(events);
  });
});

describe('a stopped worker and a closed browser', () => {
  it('lose no result of a sweep or a check', async () => {
    const text = 'version: 1\ntarget: sim\nversions: ["1.2"]\nsweep: { mtu: [300, 1200] }\n';
    const parsed = parseScenarioText(text);
    if (!parsed.ok) throw new Error(parsed.problems[0]?.what);
    const sweep = { text, root: parsed.root, file: 'two.yaml', secrets: {}, files: {} };
    await page.value(`probe.client.startSweep(${JSON.stringify(sweep)})`);
    const state = (kind: 'sweep' | 'check') => page.value(`probe.client.state.${kind}?.status.state`);
    await expect.poll(() => state('sweep'), patience).toBe('done');
    await page.value(`probe.client.startCheck({ target: 'sim', options: { versions: ['1.2'] } }, false)`);
    const results = (): Promise<unknown> => page.value('probe.client.state.check?.results.length');
    await expect.poll(async () => Number(await results()) >= 3, patience).toBe(true);
    await page.value('probe.client.stopCheck()');
    await expect.poll(() => state('check'), patience).toBe('stopped');
    // The trial that was cut short is counted as it ends, and with it what was reached.
    await expect.poll(() => page.value('probe.client.state.check.status.reached'), patience).toBe(sayReached);
    const told = await page.value('JSON.stringify([probe.client.state.sweep, probe.client.state.check])');
    // It is told and stored at once, but the disk may be slower than the panel.
    await expect.poll(storedReached, patience).toBe(sayReached);
    await stopWorker();
    await page.send('Page.reload');
    await loaded(page);
    await expect
      .poll(() => page.value('JSON.stringify([probe.client.state.sweep, probe.client.state.check])'), patience)
      .toBe(told);
    await browser.close();
    await begin();
    await expect
      .poll(() => page.value('JSON.stringify([probe.client.state.sweep, probe.client.state.check])'), patience)
      .toBe(told);
  });
});

describe('a reloaded page', () => {
  it('finds all runs, and one that goes on goes on', async () => {
    const done = await start('sim', { linger: 10 });
    const summary = await ended(done);
    const whole = await eventsOf(done);
    const { run, shown } = await endless();
    await page.send('Page.reload');
    await expect.poll(() => page.value('typeof probe === "object" && probe.connections()'), patience).toBe(1);
    expect(await list()).toMatchObject([summary, { id: run.id, state: 'running' }]);
    expect(await eventsOf(done)).toEqual(whole);
    const more = await eventsOf(run, shown.length + 10);
    expect(more.slice(0, shown.length)).toEqual(shown);
    await page.value(`probe.client.stop('${run.id}')`);
    expect(await ended(run)).toMatchObject({ outcome: 'cancelled' });
    await page.close();
    page = await openProbe();
    expect((await list()).map(({ outcome }) => outcome)).toEqual(['established', 'cancelled']);
  });
});

describe('a helper that ends in the middle of a run', () => {
  const status = async (): Promise<HelperStatus> => (await page.value('probe.client.state.helper')) as HelperStatus;

  it('by a kill leaves an interrupted run that says so, and the next run starts it again', async () => {
    const { run, shown } = await endless();
    for (const pid of helperPids()) process.kill(pid, 'SIGKILL');
    expect(await ended(run)).toMatchObject({ outcome: 'interrupted', verdict: expect.stringContaining('SIGKILL') });
    expectCut(await eventsOf(run), shown, /^the helper ended: SIGKILL$/);
    expect(await status()).toMatchObject({
      kind: 'exited',
      when: 'work',
      exit: { reason: 'ended', signal: 'SIGKILL' },
    });
    const next = await endless();
    expect(helperPids()).toHaveLength(1);
    expect(await status()).toMatchObject({ kind: 'ready' });
    await stopWorker();
    expectCut(await eventsOf(run), shown, /SIGKILL/);
    expectCut(await eventsOf(next.run), next.shown, /background was stopped/);
  });

  it('by an exception is told with its words', async () => {
    const { run, shown } = await endless();
    for (const pid of helperPids()) process.kill(pid, 'SIGUSR2');
    expect(await ended(run)).toMatchObject({ outcome: 'interrupted' });
    expectCut(await eventsOf(run), shown, /^the helper ended: exit code 1, Error: something broke$/);
    expect(await status()).toMatchObject({
      kind: 'exited',
      when: 'work',
      exit: { code: 1, stderr: expect.stringMatching(/Error: something broke\n\s+at /) },
    });
    expect(helperPids()).toEqual([]);
  });
});

describe('a browser', () => {
  it('that was closed finds all runs again, and counts on', async () => {
    const done = await start('sim', { linger: 10 });
    const summary = await ended(done);
    const whole = await eventsOf(done);
    await browser.close();
    await begin();
    expect(await list()).toEqual([summary]);
    expect(await eventsOf(done)).toEqual(whole);
    expect(await start('sim', { linger: 10 })).toMatchObject({ number: 2 });
  });

  it('that was killed in the middle of a run finds what was shown of it', async () => {
    const { run, shown } = await endless();
    const gone = once(browser.process, 'exit');
    browser.process.kill('SIGKILL');
    await gone;
    await expect.poll(helperPids, patience).toEqual([]);
    await begin();
    expect(await ended(run)).toMatchObject({ outcome: 'interrupted' });
    expectCut(await eventsOf(run), shown, /background was stopped/);
  });
});
