/**
 * The inspected page, in the real extension: its connections in every frame; a stand-in between a page and a second one that
 * is its gateway, both ways round; and a page that means harm.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/bridge/events.ts';
import { chromiumExtensionId } from '../../src/bridge/identity.ts';
import { type PageState, pageLimits } from '../../src/bridge/page.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { quietFlags } from '../../src/tools/devtools.ts';
import { findChromium } from '../../src/tools/peers.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { buildHelper } from '../helper/process.ts';
import { type EchoCall, Janus } from '../support/janus.ts';
import { makeNamespace } from '../support/namespace.ts';
import { buildProbeExtension, probeUrl } from '../support/probeExtension.ts';
import { serveTalk, type Talk, type TalkingServer } from '../support/talkingPage.ts';
import type { Probe } from './probePage.ts';

declare const probe: Probe;
declare const talk: Talk;
declare const harm: { readonly seen: readonly string[]; flood(count: number): Promise<void> };

let dir: string;
let helper: Awaited<ReturnType<typeof buildHelper>>;
let server: TalkingServer;
let context: BrowserContext;
/** The panel's client without the panel. */
let bare: Page;
let app: Page;
let tab: number;

const patience = { timeout: 20_000 };

/** Listens in on everything that a page can listen in on, and speaks where it can. */
const hostile = `
  const harm = { seen: [], made: 0 };
  const spy = (of, name) => {
    const own = of[name];
    of[name] = function (...args) { harm.seen.push(name + ' ' + String(args[0]?.type ?? args[0])); return Reflect.apply(own, this, args); };
  };
  spy(EventTarget.prototype, 'dispatchEvent');
  spy(EventTarget.prototype, 'addEventListener');
  window.CustomEvent = new Proxy(CustomEvent, { construct(...args) { harm.seen.push('CustomEvent'); return Reflect.construct(...args); } });
  Object.defineProperty(CustomEvent.prototype, 'detail', { get() { harm.seen.push('detail'); return '{}'; } });
  for (const name of ['bubbles', 'composed']) Object.prototype[name] = true;
  for (const name of ['dtlscope-meeting', 'dtlscope-page', '-out', '-in', '${'0'.repeat(32)}-out']) {
    const place = document.createElement('i');
    place.textContent = '${'0'.repeat(32)}';
    for (const target of [window, document, place]) {
      target.dispatchEvent(new MouseEvent(name, { relatedTarget: place }));
      target.dispatchEvent(new CustomEvent(name, { detail: '{"kind":"items","items":[{"kind":"created","pc":77,"servers":["spoofed"]}],"leftOut":{"connections":0,"items":0}}' }));
    }
  }
  delete Object.prototype.bubbles;
  delete Object.prototype.composed;
  harm.seen = [];
  harm.flood = async (count) => {
    for (; harm.made < count; harm.made++) {
      new RTCPeerConnection({ iceServers: [{ urls: 'stun:203.0.113.9:3478' }] }).close();
      // The browser lets 500 be: those that nobody keeps must be free to go.
      if (harm.made % 200 === 0) { await new Promise((done) => setTimeout(done)); gc(); }
    }
  };
`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dtlscope-page-'));
  const extension = join(dir, 'extension');
  const profile = join(dir, 'profile');
  mkdirSync(profile);
  [helper, server] = await Promise.all([buildHelper(), serveTalk(hostile), buildProbeExtension(extension, true, true)]);
  const { problems } = installHelper({
    places: placesOf({}, dir),
    node: process.execPath,
    helper: helper.file,
    userDataDir: profile,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      ...quietFlags,
      `--load-extension=${extension}`,
      `--disable-extensions-except=${extension}`,
      '--no-sandbox',
      '--js-flags=--expose-gc',
    ],
  });
  bare = await context.newPage();
  await bare.goto(probeUrl);
  await bare.evaluate(() => probe.connected());
  app = await context.newPage();
  await app.goto(server.url('talk'));
  tab = await bare.evaluate((url) => probe.tabOf(url), server.url('talk'));
});
afterAll(async () => {
  await context?.close();
  await server?.stop();
  helper?.dispose();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

const pageNow = (): Promise<PageState | undefined> => bare.evaluate(() => probe.page());

describe('connections of a page', () => {
  it('of a site that nobody watches are left alone', async () => {
    await bare.evaluate((number) => probe.watch(number), tab);
    await app.goto(server.url('pair'));
    expect(await app.evaluate(() => RTCPeerConnection.prototype.createOffer.toString())).toContain('[native code]');
    expect(await pageNow()).toMatchObject({ sites: [], frames: [], connections: [] });
  });

  it('are listed with what getStats says, in the panel, from the next load of a watched site on', async () => {
    const panel = await context.newPage();
    const origin = `http://127.0.0.1:${server.port}`;
    await panel.goto(
      `chrome-extension://${chromiumExtensionId}/panel.html?${new URLSearchParams({ tab: `${tab}`, origin })}`,
    );
    await panel.getByRole('tab', { name: 'Page' }).click();
    await panel.getByRole('button', { name: 'Watch this site' }).click();
    await panel.getByText('Load the page again').waitFor();
    await app.goto(server.url('pair'));
    const rows = panel.getByRole('listbox', { name: 'Connections' }).getByRole('option');
    await expect
      .poll(() => rows.allTextContents(), patience)
      .toEqual([
        expect.stringMatching(/Connection 2 connected.*DTLS 1\.3/),
        expect.stringMatching(/Connection 1 connected.*DTLS 1\.3/),
      ]);
    await rows.first().click();
    const text = async (): Promise<string> => (await panel.getByRole('main').textContent()) ?? '';
    await expect.poll(text, patience).toMatch(/DTLS is established: DTLS 1\.3, TLS_AES_128_GCM_SHA256/);
    expect(await text()).toMatch(/Pair(host|prflx) .*↔ (host|prflx) /);
    expect(await text()).toMatch(/SubjectCN=WebRTC.*ECDSA P-256/);
    expect(await text()).toMatch(/signaling: stable → have-remote-offer/);

    // A background that was stopped knows nothing of what pages told the one before it.
    const session = await context.newCDPSession(app);
    await session.send('ServiceWorker.enable');
    await session.send('ServiceWorker.stopAllWorkers');
    await bare.reload();
    await bare.evaluate(() => probe.connected());
    await bare.evaluate((number) => probe.watch(number), tab);
    await expect
      .poll(async () => (await pageNow())?.connections.map(({ dtls }) => dtls.dtlsState), patience)
      .toEqual(['connected', 'connected']);
    await panel.close();
  });

  it('are found in srcdoc frames, and in frames of another site once that is watched too', async () => {
    await bare.evaluate((number) => probe.watch(number), tab);
    await app.goto(server.url('frames'));
    const connected = async (): Promise<readonly string[]> =>
      ((await pageNow())?.connections ?? [])
        .filter(({ gone, dtls }) => !gone && dtls.dtlsState === 'connected')
        .map(({ frame, origin }) => `${frame === 0 ? 'page' : 'frame'} ${origin}`);
    const here = `frame http://127.0.0.1:${server.port}`;
    await expect.poll(connected, patience).toEqual([here, here]);
    await expect.poll(async () => (await pageNow())?.unwatched, patience).toEqual(['http://other.localhost']);
    await bare.evaluate(() => probe.client.armSite('http://other.localhost:1'));
    await app.goto(server.url('frames'));
    const there = `frame http://other.localhost:${server.port}`;
    await expect.poll(async () => [...(await connected())].sort(), patience).toEqual([here, here, there, there]);
    await bare.evaluate(() => probe.client.disarmSite('http://other.localhost'));
    await expect.poll(async () => (await pageNow())?.sites, patience).toEqual(['http://127.0.0.1']);
  });
});

/** Everything that a run has told until now. */
async function eventsOf(run: RunSummary): Promise<readonly TraceEvent[]> {
  const told = await bare.evaluate(async (id) => {
    probe.follow(id);
    await new Promise((done) => setTimeout(done, 300));
    return probe.followed.events;
  }, run.id);
  return told.flatMap((one) => decodeEvent(one) ?? []);
}
/** What a run has sent: STUN, and datagrams from anywhere but the peer's own addresses, which are received. */
const sentIn = (events: readonly TraceEvent[], peers: readonly string[] = []): readonly TraceEvent[] =>
  events.filter((event) =>
    event.kind === 'datagram'
      ? !peers.includes(event.src)
      : event.kind === 'ice' && event.fact.kind === 'stun' && event.fact.direction === 'sent',
  );
/** "192.0.2.1:5000" of each UDP candidate that a page has. */
const placesOfPage = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    talk.candidates.flatMap((text) => {
      const [, , transport, , address = '', port] = text.split(' ');
      return transport === 'udp' ? [`${address.includes(':') ? `[${address}]` : address}:${port}`] : [];
    }),
  );

const standIn = async (options: Record<string, string>): Promise<RunSummary> => {
  const run = await bare.evaluate(
    ([number, given]) => probe.client.start({ target: 'page', options: given, tab: number }),
    [tab, options] as const,
  );
  await expect.poll(async () => (await pageNow())?.standIn?.state, patience).toBe('waiting');
  await app.goto(server.url('talk'));
  await expect.poll(async () => (await pageNow())?.frames.length, patience).toBe(1);
  return run;
};
const ended = (run: RunSummary): Promise<RunSummary> =>
  bare.evaluate((id) => probe.outcome(id), run.id) as Promise<RunSummary>;

describe('a stand-in', () => {
  let gateway: Page;
  beforeAll(async () => {
    gateway = await context.newPage();
    await gateway.goto(server.url('talk', 'gateway.localhost'));
  });

  const complete = (page: Page) => expect.poll(() => page.evaluate(() => talk.candidates.at(-1)), patience).toBe('');
  const carry = async (from: Page, to: Page): Promise<void> => {
    await complete(from);
    for (const text of await from.evaluate(() => talk.candidates))
      await to.evaluate((one) => talk.candidate(one), text);
  };

  it('offers for the page, is answered, and shakes hands after the click and not before', async () => {
    const run = await standIn({ linger: '100ms', certGen: 'rsa-2048', mtu: '600' });
    const offer = await app.evaluate(() => talk.offer());
    const answer = await gateway.evaluate((sdp) => talk.answer(sdp), offer);
    await app.evaluate((sdp) => talk.take(sdp), answer);
    await carry(app, gateway);
    await carry(gateway, app);
    const asked = async () => (await pageNow())?.standIn;
    const named = await placesOfPage(gateway);
    await expect
      .poll(async () => (await asked())?.asked.map(({ address }) => address).sort(), patience)
      .toEqual([...named].sort());
    expect(await asked()).toMatchObject({ state: 'asking', origin: `http://127.0.0.1:${server.port}` });
    expect(sentIn(await eventsOf(run), await placesOfPage(gateway))).toEqual([]);
    expect(await gateway.evaluate(() => talk.states()[0])).not.toBe('connected');

    const origin = `http://127.0.0.1:${server.port}`;
    const panel = await context.newPage();
    const query = new URLSearchParams({ tab: `${tab}`, origin });
    await panel.goto(`chrome-extension://${chromiumExtensionId}/panel.html?${query}`);
    await panel.getByRole('button', { name: 'Send there' }).click();
    const summary = await ended(run);
    await panel.close();
    expect(summary).toMatchObject({ outcome: 'established', version: '1.3' });
    const events = await eventsOf(run);
    const sizes = events.flatMap((event) =>
      event.kind === 'datagram' && event.from === 'server' ? [event.length] : [],
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(600);
    const connection = (await pageNow())?.connections.find((one) => one.standIn);
    expect(connection).toMatchObject({ dtls: {} });
    // What the page edited in its own description reached the browser, and the gateway.
    expect(offer).toContain('a=max-message-size:100000');
    expect(await app.evaluate(() => talk.pc.localDescription?.sdp)).toContain('a=max-message-size:100000');
  });

  it('answers for the page, with an offer of its peer', async () => {
    const run = await standIn({ linger: '100ms', versions: '1.2', role: 'client' });
    const offer = await gateway.evaluate(() => talk.offer());
    const answer = await app.evaluate((sdp) => talk.answer(sdp), offer);
    expect(answer).toContain('a=setup:active');
    await gateway.evaluate((sdp) => talk.take(sdp), answer);
    await carry(app, gateway);
    await carry(gateway, app);
    await expect.poll(async () => (await pageNow())?.standIn?.state, patience).toBe('asking');
    expect(sentIn(await eventsOf(run), await placesOfPage(gateway))).toEqual([]);
    await bare.evaluate(async () => {
      const standing = probe.page()?.standIn;
      await probe.client.allow(standing?.session ?? '', standing?.asked.map(({ address }) => address) ?? []);
    });
    expect(await ended(run)).toMatchObject({ outcome: 'established', version: '1.2' });
  });

  it('that is refused sends nothing, and the page’s later connections are its own again', async () => {
    const run = await standIn({});
    const offer = await app.evaluate(() => talk.offer());
    const answer = await gateway.evaluate((sdp) => talk.answer(sdp), offer);
    await app.evaluate((sdp) => talk.take(sdp), answer);
    await carry(gateway, app);
    await expect.poll(async () => (await pageNow())?.standIn?.state, patience).toBe('asking');
    await bare.evaluate(() => probe.client.stopStandIn(probe.page()?.standIn?.session ?? ''));
    expect(await ended(run)).toMatchObject({ outcome: 'cancelled' });
    expect(sentIn(await eventsOf(run), await placesOfPage(gateway))).toEqual([]);
    const own = await app.evaluate(() => talk.offer());
    const theirs = await gateway.evaluate((sdp) => talk.answer(sdp), own);
    await app.evaluate((sdp) => talk.take(sdp), theirs);
    await carry(app, gateway);
    await carry(gateway, app);
    await expect.poll(() => app.evaluate(() => talk.states()), patience).toEqual(['connected', 'connected']);
  });

  it('is over when the page closes its connection, and that is told as a hangup', async () => {
    const run = await standIn({});
    await app.evaluate(() => talk.offer());
    await expect.poll(async () => (await pageNow())?.standIn?.state, patience).toBe('claimed');
    await app.evaluate(() => talk.pc.close());
    expect(await ended(run)).toMatchObject({ outcome: 'refused' });
    expect(await eventsOf(run)).toContainEqual(
      expect.objectContaining({
        kind: 'signalling',
        fact: expect.objectContaining({ kind: 'hangup', why: 'it closed the connection' }),
      }),
    );
  });

  it('for a page that calls Janus shakes hands with it, while the page’s own script talks to its server', async () => {
    const namespace = makeNamespace();
    let janus: Janus | undefined;
    let call: EchoCall | undefined;
    try {
      janus = await Janus.start({ namespace, certificate: 'rsa-2048', dtlsMtu: 700 });
      const run = await standIn({ linger: '100ms', bind: namespace.here, certGen: 'rsa-2048,chain=3,size=3700' });
      const offer = await app.evaluate(async () => {
        const pc = new RTCPeerConnection();
        Object.assign(talk, { pc });
        for (const kind of ['audio', 'video']) pc.addTransceiver(kind);
        const complete = new Promise<void>((resolve) => {
          pc.onicecandidate = ({ candidate }) => {
            if (!candidate) resolve();
          };
        });
        await pc.setLocalDescription();
        await complete;
        return pc.localDescription?.sdp ?? '';
      });
      call = await janus.call(offer);
      await app.evaluate((sdp) => talk.take(sdp), call.answer);
      await expect.poll(async () => (await pageNow())?.standIn?.state, patience).toBe('asking');
      const asked = (await pageNow())?.standIn?.asked.map(({ address }) => address) ?? [];
      expect(asked.filter((address) => address.startsWith(`${namespace.there}:`))).toHaveLength(1);
      expect(sentIn(await eventsOf(run), asked)).toEqual([]);
      await bare.evaluate(
        ([addresses]) => probe.client.allow(probe.page()?.standIn?.session ?? '', addresses ?? []),
        [asked],
      );
      expect(await ended(run)).toMatchObject({ outcome: 'established', version: '1.2' });
      const events = await eventsOf(run);
      const theirs = events.flatMap((event) =>
        event.kind === 'datagram' && event.src.startsWith(namespace.there) ? [event.length] : [],
      );
      // Its own dtls_mtu, not ours.
      expect(Math.max(...theirs)).toBeLessThanOrEqual(700);
      expect(Math.max(...theirs)).toBeGreaterThan(600);
    } finally {
      await call?.end().catch(() => {});
      await janus?.stop();
      namespace.remove();
    }
  });
});

describe('a page that means harm', () => {
  it('learns nothing of the channel, and nobody believes what it makes up', async () => {
    await app.goto(server.url('hostile'));
    await expect.poll(async () => (await pageNow())?.frames.length, patience).toBe(1);
    await app.evaluate(async () => {
      const pc = new RTCPeerConnection();
      pc.createDataChannel('x');
      await pc.setLocalDescription();
    });
    await expect
      .poll(async () => (await pageNow())?.connections.at(-1)?.states.signaling, patience)
      .toBe('have-local-offer');
    expect(await app.evaluate(() => harm.seen.filter((what) => !what.startsWith('addEventListener')))).toEqual([]);
    const { connections = [] } = (await pageNow()) ?? {};
    expect(connections.filter(({ gone }) => !gone)).toHaveLength(1);
    expect(JSON.stringify(await pageNow())).not.toContain('spoofed');
  });

  it('makes 1,000 connections, and the list stays short, counts the rest, and answers', async () => {
    await app.evaluate(() => harm.flood(1000));
    await expect.poll(async () => (await pageNow())?.leftOut.items ?? 0, patience).toBeGreaterThan(500);
    const { connections = [] } = (await pageNow()) ?? {};
    expect(connections.length).toBeLessThanOrEqual(pageLimits.connections);
    expect(JSON.stringify(connections).length).toBeLessThan(100_000);
    const panel = await context.newPage();
    const query = new URLSearchParams({ tab: `${tab}`, origin: `http://127.0.0.1:${server.port}` });
    await panel.goto(`chrome-extension://${chromiumExtensionId}/panel.html?${query}`);
    await panel.getByRole('tab', { name: /^Page/ }).click();
    await panel.getByText(/Not shown, as the page made more than is kept/).waitFor();
    await panel.close();
  });

  it('names other hosts in SDP, of 1 MB too, and nothing is sent to any of them', async () => {
    const victim = createSocket('udp4');
    victim.bind(0, '127.0.0.1');
    await once(victim, 'listening');
    const heard: number[] = [];
    victim.on('message', (bytes) => heard.push(bytes.length));
    const { port } = victim.address();
    const run = await standIn({});
    const offer = await app.evaluate(() => talk.offer());
    const gateway = await context.newPage();
    await gateway.goto(server.url('talk', 'gateway.localhost'));
    const answer = await gateway.evaluate((sdp) => talk.answer(sdp), offer);
    await gateway.close();
    const naming = (hosts: number): string => {
      const lines = Array.from(
        { length: hosts },
        (_, index) => `a=candidate:1 1 udp 1 203.0.113.${index % 250} ${1000 + index} typ host\r\n`,
      );
      return `${answer}a=candidate:1 1 udp 2113929471 127.0.0.1 ${port} typ host\r\n${lines.join('')}`;
    };
    const large = naming(20_000);
    expect(large.length).toBeGreaterThan(1_000_000);
    await app.evaluate(
      async ([one, other]) => {
        // The browser may refuse either; what counts is what the extension makes of them.
        await talk.take(one).catch(() => {});
        await talk.take(other).catch(() => {});
        await talk.candidate('candidate:1 1 udp 1 198.51.100.1 9 typ host').catch(() => {});
      },
      [large, naming(2000)] as const,
    );
    await bare.evaluate((number) => probe.watch(number, probe.page()?.connections.at(-1)?.id), tab);
    const timeline = async () =>
      (await bare.evaluate(() => probe.connection()?.timeline))?.map(({ text }) => text) ?? [];
    await expect.poll(timeline, patience).toContain('stand-in: this description is too long to be passed on');
    const events = await eventsOf(run);
    expect(sentIn(events)).toEqual([]);
    const standing = (await pageNow())?.standIn;
    expect(standing?.asked.length ?? 0).toBeLessThanOrEqual(pageLimits.candidates);
    await bare.evaluate(() => probe.client.stopStandIn(probe.page()?.standIn?.session ?? ''));
    expect(await ended(run)).toMatchObject({ outcome: 'cancelled' });
    expect(heard).toEqual([]);
    victim.close();
  });
});
