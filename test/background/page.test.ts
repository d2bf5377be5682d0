/** What the background makes of pages: whom it believes, how much it keeps, and what a stand-in may send to. */
import { describe, expect, it } from 'vitest';
import { PageBook } from '../../background/page/book.ts';
import { type PageScript, Sites } from '../../background/page/sites.ts';
import { StandInSession } from '../../background/page/standInSession.ts';
import { type FromPage, type PageConnection, type PageState, pageLimits, type ToPage } from '../../src/bridge/page.ts';
import { BridgeError } from '../../src/bridge/panel.ts';
import type { StandIn } from '../../src/ice/sdp.ts';
import { type FakePort, FakeTimers, portPair } from '../bridge/ports.ts';

const session = '0123456789abcdef'.repeat(2);
const states = { signaling: 'stable', gathering: 'new', ice: 'new', connection: 'new' };
const none = { connections: 0, items: 0 };

function setUp() {
  const timers = new FakeTimers();
  const book = new PageBook({
    now: () => timers.now,
    wallClock: () => 1_700_000_000_000 + timers.now,
    schedule: timers.schedule,
    sites: () => ['https://a.example'],
  });
  const told: { page?: PageState; whole?: PageConnection } = {};
  const look = (connection?: string): (() => void) =>
    book.watch(7, {
      connection,
      page: (page) => {
        told.page = page;
      },
      whole: (whole) => {
        told.whole = whole;
      },
    });
  const frame = (number = 0, origin = 'https://a.example'): { readonly port: FakePort; readonly heard: ToPage[] } => {
    const [near, far] = portPair();
    const heard: ToPage[] = [];
    near.onMessage((message) => heard.push(JSON.parse(message as string)));
    book.serve(far, { tab: 7, frame: number, origin });
    return { port: near, heard };
  };
  const say = (port: FakePort, message: FromPage): void => port.post(JSON.stringify(message));
  const create = (port: FakePort, ...numbers: readonly number[]): void =>
    say(port, { kind: 'items', items: numbers.map((pc) => ({ kind: 'created', pc, servers: [] })), leftOut: none });
  return { timers, book, told, look, frame, say, create };
}

describe('the book of pages', () => {
  it('lists connections by frame, and says that they are gone with it', async () => {
    const { timers, told, look, frame, say, create } = setUp();
    const { port } = frame();
    const inner = frame(3, 'https://b.example');
    create(port, 1);
    create(inner.port, 1);
    say(inner.port, {
      kind: 'items',
      items: [
        { kind: 'states', pc: 1, states: { ...states, ice: 'checking' } },
        { kind: 'dtls-error', pc: 1, detail: 'fingerprint-failure', sentAlert: 42 },
      ],
      leftOut: none,
    });
    await timers.pass(1);
    look('2-1');
    expect(told.page?.connections.map(({ frame: number, origin }) => [number, origin])).toEqual([
      [0, 'https://a.example'],
      [3, 'https://b.example'],
    ]);
    expect(told.whole?.timeline.map(({ text }) => text)).toEqual([
      'created, without ICE servers',
      'ICE: new → checking',
      'DTLS error: fingerprint-failure, alert 42 sent',
    ]);
    inner.port.disconnect();
    await timers.pass(500);
    expect(told.page?.connections.map(({ gone }) => gone)).toEqual([false, true]);
  });

  it('refuses what is not of the protocol, too long, or too much at once, and counts it', async () => {
    const { timers, told, look, frame, create } = setUp();
    const { port } = frame();
    look();
    for (const odd of [{}, 'x', '[]', '{"kind":"items"}', `"${'x'.repeat(pageLimits.message)}"`, null, 7])
      port.post(odd);
    await timers.pass(300);
    expect(told.page?.leftOut.items).toBe(7);
    for (let sent = 0; sent < 10 * pageLimits.burst; sent++) create(port, sent);
    await timers.pass(300);
    expect(told.page?.connections.length).toBeLessThanOrEqual(pageLimits.burst);
    expect(told.page?.leftOut.items).toBeGreaterThan(8 * pageLimits.burst);
  });

  it('keeps few of 10,000 connections, and few characters of what they say', async () => {
    const { timers, told, look, frame, say, create } = setUp();
    const { port } = frame();
    look();
    for (let first = 0; first < 10_000; first += pageLimits.items) {
      create(port, ...Array.from({ length: pageLimits.items }, (_, index) => first + index));
      await timers.pass(1000);
    }
    expect(told.page?.connections).toHaveLength(pageLimits.connections);
    expect(told.page?.leftOut.connections).toBe(10_000 - pageLimits.connections);
    for (let pc = 9_900; pc < 10_000; pc++) {
      const description = { type: 'offer', sdp: 'x'.repeat(pageLimits.sdp) };
      say(port, { kind: 'items', items: [{ kind: 'description', pc, of: 'local', description }], leftOut: none });
      await timers.pass(1000);
    }
    const kept = told.page?.connections.length ?? 0;
    expect(kept * pageLimits.sdp).toBeLessThanOrEqual(pageLimits.tabCharacters);
    expect(kept).toBeGreaterThan(10);
  });

  it('keeps the beginning and the end of a long timeline', async () => {
    const { timers, told, look, frame, say, create } = setUp();
    const { port } = frame();
    create(port, 1);
    for (let part = 0; part < 5; part++) {
      const items = Array.from({ length: 100 }, (_, index) => ({
        ...{ kind: 'note', pc: 1, text: `${part * 100 + index}` },
      })) as FromPage extends infer M ? (M extends { readonly items: infer I } ? I : never) : never;
      say(port, { kind: 'items', items, leftOut: none });
    }
    await timers.pass(1);
    look('1-1');
    const texts = told.whole?.timeline.map(({ text }) => text) ?? [];
    expect(texts).toHaveLength(pageLimits.timeline);
    expect([texts[1], texts.at(-1), told.whole?.skipped]).toEqual(['0', '499', 301]);
  });
});

const ours: StandIn = {
  ...{ ufrag: 'u', pwd: 'p'.repeat(22), fingerprints: [], setup: 'actpass', preferred: 'active' },
  candidates: ['candidate:1 1 udp 1 192.0.2.1 5 typ host'],
};
const sdp = (...candidates: readonly string[]): string =>
  ['v=0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:0', 'a=setup:active', 'a=fingerprint:sha-256 00']
    .concat(
      candidates.map((place) => `a=candidate:1 1 udp 1 ${place} typ host`),
      '',
    )
    .join('\r\n');

describe('a stand-in', () => {
  const begun = async () => {
    const world = setUp();
    const standing = new StandInSession(session, 7);
    let ends = (): void => {};
    const ended = new Promise<void>((resolve) => {
      ends = resolve;
    });
    world.book.begin(standing);
    const clock: string[] = [];
    const borrowed = standing.borrow(ours, ended, {
      pause: () => clock.push('pause'),
      resume: () => clock.push('resume'),
    });
    world.look();
    const main = world.frame();
    world.say(main.port, { kind: 'here', sites: [] });
    world.create(main.port, 1);
    await world.timers.pass(300);
    return { ...world, ...main, standing, borrowed, clock, ends };
  };
  type World = Awaited<ReturnType<typeof begun>>;
  const claim = { kind: 'claim', session, pc: 1, type: 'offer', ours: 'v=0', servers: [] } as const;

  it('gives each frame what is ours, takes the first claim, and tells the others that it is over', async () => {
    const { heard, port, say, frame, told, timers, create } = await begun();
    expect(heard.at(-1)).toMatchObject({ kind: 'stand-in', session, identity: { ufrag: 'u' } });
    const other = frame(4, 'https://b.example');
    say(other.port, { kind: 'here', sites: [] });
    create(other.port, 1);
    say(port, claim);
    say(other.port, claim);
    await timers.pass(300);
    expect(other.heard.map(({ kind }) => kind)).toEqual(['stand-in', 'watch']);
    expect(told.page).toMatchObject({ standIn: { state: 'claimed', origin: 'https://a.example' } });
    expect(told.page?.connections.map(({ standIn }) => standIn)).toEqual([true, false]);
    const late = frame(5);
    say(late.port, { kind: 'here', sites: [] });
    await timers.pass(1);
    expect(late.heard).toEqual([{ kind: 'watch' }]);
  });

  it('may send to nothing before the click, and after it to what was shown and to nothing else', async () => {
    const { port, say, standing, told, timers, borrowed, clock } = await begun();
    const freed: string[] = [];
    standing.hear(({ address }) => freed.push(address));
    say(port, { ...claim, servers: [{ url: 'stun:stun.example:3478' }, { url: 'turns:no.example' }] });
    say(port, { kind: 'trickled', session, pc: 1, candidate: 'candidate:1 1 udp 1 203.0.113.1 1 typ host' });
    say(port, { kind: 'answer', session, pc: 1, sdp: sdp('203.0.113.2 2', 'host.local 3') });
    await timers.pass(300);
    const shown = told.page?.standIn?.asked ?? [];
    expect(shown).toEqual([
      { address: 'stun.example:3478', what: 'STUN server of the page' },
      { address: '203.0.113.2:2', what: 'candidate, host' },
      { address: 'host.local:3', what: 'candidate, host' },
      { address: '203.0.113.1:1', what: 'candidate, host' },
    ]);
    expect(freed).toEqual([]);
    // One more comes between the picture and the click.
    say(port, { kind: 'trickled', session, pc: 1, candidate: 'candidate:1 1 udp 1 203.0.113.9 9 typ host' });
    await timers.pass(1);
    standing.allow([...shown.slice(1).map(({ address }) => address), '198.51.100.1:1']);
    const result = await borrowed;
    expect(result).toMatchObject({ ok: true, weOffered: true, iceServers: [] });
    const may = (address: string, port_: number): boolean =>
      standing.may({ transport: 'udp', component: 1, address, port: port_ } as Parameters<typeof standing.may>[0]);
    expect([may('203.0.113.2', 2), may('host.local', 3), may('203.0.113.2', 3), may('198.51.100.1', 1)]).toEqual([
      ...[true, true, false, false],
    ]);
    await timers.pass(300);
    expect(told.page?.standIn).toMatchObject({
      state: 'asking',
      asked: [{ address: 'stun.example:3478' }, { address: '203.0.113.9:9' }],
    });
    standing.allow(['203.0.113.9:9']);
    expect(freed).toContain('203.0.113.9');
    expect(clock).toEqual(['pause', 'resume', 'pause', 'resume']);
  });

  it('answers an offer that the page was given, and asks even when no address is named', async () => {
    const { port, say, standing, told, timers, borrowed } = await begun();
    say(port, { ...claim, type: 'answer', offer: sdp() });
    await timers.pass(300);
    expect(told.page?.standIn).toMatchObject({ state: 'asking', asked: [] });
    standing.allow([]);
    expect(await borrowed).toMatchObject({ ok: true, weOffered: false, ours: 'v=0' });
    await timers.pass(300);
    expect(told.page?.standIn?.state).toBe('going');
  });

  it('hears nobody but the connection that has it', async () => {
    const { port, say, standing, told, timers, frame } = await begun();
    say(port, { kind: 'answer', session, pc: 1, sdp: sdp('203.0.113.2 2') });
    say(port, { ...claim, session: 'f'.repeat(32) });
    say(port, claim);
    const other = frame(4);
    say(other.port, { kind: 'answer', session, pc: 1, sdp: sdp('203.0.113.3 3') });
    say(port, { kind: 'answer', session, pc: 2, sdp: sdp('203.0.113.4 4') });
    await timers.pass(300);
    expect(told.page?.standIn).toMatchObject({ state: 'claimed', asked: [] });
    for (let number = 0; number < 500; number++) {
      await timers.pass(100);
      say(port, {
        kind: 'trickled',
        session,
        pc: 1,
        candidate: `candidate:1 1 udp 1 203.0.113.1 ${number + 1} typ host`,
      });
    }
    say(port, { kind: 'answer', session, pc: 1, sdp: sdp('203.0.113.2 2') });
    await timers.pass(300);
    expect(told.page?.standIn?.asked.length).toBe(pageLimits.candidates);
    standing.stop();
  });

  it.each([
    [
      'closes the connection',
      'it closed the connection',
      ({ say, port }: World) =>
        say(port, {
          ...{ kind: 'items', leftOut: none },
          items: [{ kind: 'states', pc: 1, states: { ...states, signaling: 'closed' } }],
        }),
    ],
    ['is left', 'it was closed, or left for another page', ({ port }: World) => port.disconnect()],
  ] as const)('is over before anything is sent when its page %s, which is a hangup', async (_, why, end) => {
    const world = await begun();
    const { port, say, standing, create, timers, borrowed } = world;
    const facts: unknown[] = [];
    standing.onTell((news) => facts.push('fact' in news ? news.fact : news));
    say(port, claim);
    create(port, 2);
    // Another connection of the page's is its own affair.
    say(port, {
      ...{ kind: 'items', leftOut: none },
      items: [{ kind: 'states', pc: 2, states: { ...states, signaling: 'closed' } }],
    });
    await timers.pass(1);
    expect(facts).toEqual([]);
    end(world);
    await timers.pass(1);
    const by = 'the page of https://a.example';
    expect(facts).toEqual([{ kind: 'hangup', by, why }]);
    expect(await borrowed).toEqual({ ok: false, by, why: `it hung up: ${why}` });
    port.disconnect();
    expect(facts).toHaveLength(1);
  });

  it('is over when its run is, and the tab is watched as before', async () => {
    const { heard, standing, told, timers, borrowed, ends } = await begun();
    ends();
    expect(await borrowed).toMatchObject({ ok: false });
    standing.close();
    await timers.pass(300);
    expect(heard.at(-1)).toEqual({ kind: 'watch' });
    expect(told.page?.standIn).toBeUndefined();
  });
});

describe('watched sites', () => {
  const browserWith = (granted: string[]) => {
    let scripts: PageScript[] = [];
    return {
      granted,
      get scripts(): readonly PageScript[] {
        return scripts;
      },
      permitted: async (pattern: string) => granted.includes(pattern),
      allPermitted: async () => granted,
      giveBack: async (pattern: string) => {
        const at = granted.indexOf(pattern);
        if (at >= 0) granted.splice(at, 1);
        return at >= 0;
      },
      register: async (more: PageScript[]) => {
        scripts = [...scripts, ...more];
      },
      unregister: async (ids: string[]) => {
        scripts = scripts.filter(({ id }) => !ids.includes(id));
      },
      registered: async () => scripts,
    };
  };
  const complain = (): void => {};

  it('have two scripts from the first moment of a page, ours before the one in its world', async () => {
    const browser = browserWith([]);
    const sites = new Sites(browser, () => {}, complain);
    await sites.ready;
    browser.granted.push('https://a.example/*');
    await sites.arm('https://a.example:8443');
    expect(sites.list).toEqual(['https://a.example']);
    expect(browser.scripts.map(({ world, matches, runAt }) => [world, matches[0], runAt])).toEqual([
      ['ISOLATED', 'https://a.example/*', 'document_start'],
      ['MAIN', 'https://a.example/*', 'document_start'],
    ]);
    await sites.arm('https://a.example');
    expect(browser.scripts).toHaveLength(2);
    await sites.disarm('https://a.example');
    expect([browser.scripts, browser.granted, sites.list]).toEqual([[], [], []]);
  });

  it('are not watched without the permission, and only pages of the web are', async () => {
    const sites = new Sites(browserWith([]), () => {}, complain);
    await expect(sites.arm('https://a.example')).rejects.toThrow(BridgeError);
    for (const odd of ['file:///x', 'chrome://settings', 'null', '', 'javascript:1'])
      await expect(sites.arm(odd)).rejects.toMatchObject({ failure: { code: 'not-permitted' } });
  });

  it('are known again by a new background, which gives back what nobody watches', async () => {
    const browser = browserWith([]);
    const first = new Sites(browser, () => {}, complain);
    await first.ready;
    browser.granted.push('https://a.example/*', 'https://b.example/*');
    await first.arm('https://a.example');
    const second = new Sites(browser, () => {}, complain);
    await second.ready;
    expect(second.list).toEqual(['https://a.example']);
    expect(browser.granted).toEqual(['https://a.example/*']);
  });
});
