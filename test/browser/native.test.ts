/**
 * The service worker of a real Chromium and the real helper: every state that the helper can be in, a handshake with
 * OpenSSL, and what becomes of runs when pages, helper and worker go away. No panel here, only its end of the protocol.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/bridge/events.ts';
import { chromiumExtensionId, helperName } from '../../src/bridge/identity.ts';
import type { HelperStatus, RunRequest, RunSummary } from '../../src/bridge/panel.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { findChromium } from '../../src/tools/peers.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { buildHelper, littleEndian, pidsWith } from '../helper/process.ts';
import { freeUdpPort, type OpensslServer, startOpenssl } from '../support/opensslServer.ts';
import { buildProbeExtension, probeUrl } from '../support/probeExtension.ts';
import type { Probe } from './probePage.ts';

declare const probe: Probe;

let dir: string;
let extension: string;
let helper: Awaited<ReturnType<typeof buildHelper>>;
let server: OpensslServer;
const contexts: BrowserContext[] = [];
const sockets: Socket[] = [];

const install = (userDataDir: string, file: string = helper.file): void => {
  if (file !== helper.file) cpSync(helper.file, file);
  const { problems } = installHelper({
    places: placesOf({}, dir),
    node: process.execPath,
    helper: file,
    userDataDir,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
};

async function launch(profile: string): Promise<BrowserContext> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      `--load-extension=${extension}`,
      `--disable-extensions-except=${extension}`,
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  contexts.push(context);
  return context;
}

async function openProbe(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(probeUrl);
  await page.evaluate(() => probe.connected());
  return page;
}

const check = (page: Page): Promise<HelperStatus> => page.evaluate(() => probe.client.checkHelper());
const start = (page: Page, request: RunRequest): Promise<RunSummary> =>
  page.evaluate((asked) => probe.client.start(asked), request as { target: string; options: Record<string, never> });
const ended = (page: Page, run: RunSummary): Promise<RunSummary> =>
  page.evaluate((id) => probe.outcome(id), run.id) as Promise<RunSummary>;
async function eventsOf(page: Page, run: RunSummary, least?: number): Promise<TraceEvent[]> {
  const json = await page.evaluate(([id, count]) => probe.events(id, count ?? undefined), [
    run.id,
    least ?? null,
  ] as const);
  return json.map((one) => {
    const event = decodeEvent(one);
    if (event === undefined) throw new Error(`not an event: ${JSON.stringify(one)}`);
    return event;
  });
}

/** A peer that hears everything and says nothing. */
async function silentPeer(): Promise<{ readonly address: string; readonly socket: Socket }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, socket };
}

/** Processes of this machine that run this test's own copy of the helper. */
const helperPids = (): number[] => pidsWith(helper.file);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dtlscope-native-'));
  helper = await buildHelper();
  extension = join(dir, 'extension');
  await buildProbeExtension(extension);
  server = await startOpenssl(dir, 2048);
});
afterAll(async () => {
  for (const context of contexts) await context.close();
  for (const socket of sockets) socket.close();
  await server?.stop();
  helper?.dispose();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

describe('the helper, as the browser tells it', () => {
  it('is not installed, forbidden, ended at once, or ready', async () => {
    const profile = join(dir, 'states');
    mkdirSync(profile);
    const context = await launch(profile);
    const page = await openProbe(context);
    expect((await check(page)).kind).toBe('not-installed');

    const manifest = join(profile, 'NativeMessagingHosts', `${helperName}.json`);
    install(profile);
    const good = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, good.replace(chromiumExtensionId, 'a'.repeat(32)));
    expect((await check(page)).kind).toBe('forbidden');

    writeFileSync(manifest, good.replace(/"path": ".*"/, '"path": "/bin/false"'));
    expect(await check(page)).toMatchObject({ kind: 'exited', when: 'start' });

    writeFileSync(manifest, good);
    expect(await check(page)).toMatchObject({ kind: 'ready', version: '9.9.9' });
    expect(helperPids()).toHaveLength(1);
    await context.close();
    await expect.poll(helperPids).toEqual([]);
  });
});

describe('a helper that does not come up', () => {
  let context: BrowserContext;
  let page: Page;
  let file: string;
  let launcher: string;

  beforeAll(async () => {
    const profile = join(dir, 'broken');
    mkdirSync(profile);
    file = join(dir, 'broken-helper.mjs');
    install(profile, file);
    launcher = join(profile, 'NativeMessagingHosts', 'dtlscope-helper');
    context = await launch(profile);
    page = await openProbe(context);
  });
  afterAll(() => context.close());

  /** What Chromium passes on of a helper with this source. */
  const statusOf = (source: string): Promise<HelperStatus> => {
    writeFileSync(file, source);
    return check(page);
  };
  /** A helper that says one thing and waits for its end. */
  const saying = (message: object): string =>
    `const body = Buffer.from(${JSON.stringify(JSON.stringify(message))});
     const head = Buffer.alloc(4);
     new DataView(head.buffer, head.byteOffset).setUint32(0, body.length, ${littleEndian});
     process.stdout.write(Buffer.concat([head, body]));
     process.stdin.resume();`;

  it('says why: a syntax error, an exception, an exit code, a kill', async () => {
    expect(await statusOf('const const;')).toMatchObject({
      kind: 'exited',
      when: 'start',
      exit: { reason: 'ended', code: 1, stderr: expect.stringContaining("SyntaxError: Unexpected token 'const'") },
    });
    expect(await statusOf("throw new Error('Grüße “from” the \\'helper\\'')")).toMatchObject({
      message: "the helper ended: exit code 1, Error: Grüße “from” the 'helper'",
    });
    expect(await statusOf('process.exit(5)')).toMatchObject({ exit: { code: 5, stderr: '' } });
    expect(await statusOf("process.kill(process.pid, 'SIGKILL')")).toMatchObject({ exit: { signal: 'SIGKILL' } });
  });

  it('says that it or Node is gone', async () => {
    rmSync(file);
    expect(await check(page)).toMatchObject({ kind: 'exited', exit: { reason: 'helper-missing' } });
    const text = readFileSync(launcher, 'utf8');
    writeFileSync(launcher, text.replace(process.execPath, '/opt/node-14/bin/node'));
    expect(await check(page)).toMatchObject({
      kind: 'exited',
      exit: { reason: 'node-missing', stderr: expect.stringContaining('/opt/node-14/bin/node') },
    });
    writeFileSync(launcher, text);
  });

  it('says which end is too old', async () => {
    const hello = { kind: 'hello', helper: '7.8.9', protocol: { major: 0, minor: 3 }, now: 0 };
    expect(await statusOf(saying(hello))).toMatchObject({
      kind: 'version-mismatch',
      update: 'helper',
      helper: '7.8.9',
    });
    expect(await statusOf(saying({ ...hello, protocol: { major: 99, minor: 0 } }))).toMatchObject({
      kind: 'version-mismatch',
      update: 'extension',
      theirs: { major: 99, minor: 0 },
    });
  });

  it('is reached as soon as it is mended', async () => {
    cpSync(helper.file, file);
    expect(await check(page)).toMatchObject({ kind: 'ready' });
  });
});

describe('runs in the service worker', () => {
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    const profile = join(dir, 'runs');
    mkdirSync(profile);
    install(profile);
    context = await launch(profile);
    page = await openProbe(context);
  });

  it('need no helper against sim', async () => {
    const run = await start(page, { target: 'sim', options: {} });
    expect(await ended(page, run)).toMatchObject({ outcome: 'established', version: '1.3' });
    expect(helperPids()).toEqual([]);
  });

  it('complete a handshake with OpenSSL over the real helper', async () => {
    const run = await start(page, { target: server.address, options: { linger: 100, mtu: 600 } });
    const events = await eventsOf(page, run);
    expect(events.filter(({ kind }) => kind === 'connected')).toMatchObject([
      { actor: 'client', parameters: { version: '1.2', extendedMasterSecret: true } },
    ]);
    const datagrams = events.filter((event) => event.kind === 'datagram');
    expect(new Set(datagrams.map(({ from }) => from))).toEqual(new Set(['client', 'server']));
    for (const { from, length } of datagrams) if (from === 'client') expect(length).toBeLessThanOrEqual(600);
    for (const { src, from } of datagrams)
      expect(src).toMatch(from === 'server' ? server.address : /^127\.0\.0\.1:\d+$/);
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const summary = await ended(page, run);
    expect(summary).toMatchObject({ outcome: 'established', version: '1.2', retransmissions: 0 });
  });

  it('hear that a port is closed', async () => {
    const run = await start(page, { target: `127.0.0.1:${await freeUdpPort()}`, options: {} });
    expect(await ended(page, run)).toMatchObject({ outcome: 'refused' });
  });

  it('are told what the helper refuses', async () => {
    const message = await page.evaluate(() =>
      probe.client.start({ target: '255.255.255.255:9', options: {} }).then(
        () => 'started',
        (error: Error) => error.message,
      ),
    );
    expect(message).toMatch(/broadcast.*helper error 220/);
  });

  it('go on while no page is open, and are caught up with', async () => {
    const { address } = await silentPeer();
    const run = await start(page, { target: address, options: { rto: 100, rtoGrowth: 1, attempts: 100 } });
    await eventsOf(page, run, 5);
    await page.close();
    page = await openProbe(context);
    const events = await eventsOf(page, run, 20);
    expect(events[0]?.at).toBeLessThan(100);
    expect(
      events
        .filter((event) => event.kind === 'datagram')
        .map(({ packet }) => packet)
        .slice(0, 4),
    ).toEqual([1, 2, 3, 4]);
    await page.evaluate((id) => probe.client.stop(id), run.id);
    expect(await ended(page, run)).toMatchObject({ outcome: 'cancelled' });
  });

  it('are interrupted when the helper ends, and the next one starts it again', async () => {
    const { address, socket } = await silentPeer();
    const heard = once(socket, 'message');
    const run = await start(page, { target: address, options: {} });
    await heard;
    const pids = helperPids();
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(await ended(page, run)).toMatchObject({ outcome: 'interrupted' });
    const next = await start(page, { target: server.address, options: { linger: 50 } });
    expect(await ended(page, next)).toMatchObject({ outcome: 'established' });
  });

  it('that have ended outlive the worker; the helper does not', async () => {
    const before = await page.evaluate(() => probe.client.state.runs.map(({ number, outcome }) => [number, outcome]));
    expect(before.length).toBeGreaterThan(4);
    const session = await context.newCDPSession(page);
    await session.send('ServiceWorker.enable');
    await session.send('ServiceWorker.stopAllWorkers');
    await expect.poll(helperPids).toEqual([]);
    await page.close();
    page = await openProbe(context);
    const after = await page.evaluate(() => probe.client.state.runs.map(({ number, outcome }) => [number, outcome]));
    expect(after).toEqual(before);
    const established = await page.evaluate(() => probe.client.state.runs.find(({ number }) => number === 2));
    if (established === undefined) throw new Error('lost');
    expect((await eventsOf(page, established)).map(({ kind }) => kind)).toContain('connected');
  });

  it('leave no helper when the browser ends', async () => {
    await check(page);
    expect(helperPids()).toHaveLength(1);
    await context.close();
    await expect.poll(helperPids).toEqual([]);
  });
});
