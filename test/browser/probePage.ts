/** The script of a bare extension page: the panel's client, and a way to collect a run's events as JSON, for tests. */
import browser from 'webextension-polyfill';
import { openBackground } from '../../src/bridge/client.ts';
import { decodeEvent, encodeEvent } from '../../src/bridge/events.ts';
import type { PageConnection, PageState } from '../../src/bridge/page.ts';
import { panelPortName } from '../../src/bridge/panel.ts';
import { adaptPort } from '../../src/bridge/port.ts';

const client = openBackground({
  connect: () => adaptPort(browser.runtime.connect({ name: panelPortName }), () => browser.runtime.lastError?.message),
  schedule: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
  version: 'test',
});

/** How often the background was reached. */
let reached = 0;
let link: string = client.state.link;
client.onChange(() => {
  if (client.state.link !== link && client.state.link === 'connected') reached += 1;
  link = client.state.link;
});
const connections = (): number => reached;

/** All that a follower hears of a run, across however many backgrounds. */
const followed: { events: unknown[]; ended: boolean; gaps: number } = { events: [], ended: false, gaps: 0 };
const follow = (run: string): void => {
  Object.assign(followed, { events: [], ended: false, gaps: 0 });
  client.follow(run, (batch) => {
    if (batch.from !== followed.events.length) followed.gaps += 1;
    followed.events.push(...batch.events.map(encodeEvent));
    followed.ended = batch.ended;
  });
};

const connected = (): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (client.state.link === 'connected') resolve();
    };
    client.onChange(look);
    look();
  });

/** Resolves with all events when the run has ended, or as soon as there are `least`. */
const events = (run: string, least = Number.POSITIVE_INFINITY): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const all: unknown[] = [];
    const stop = client.follow(
      run,
      (batch) => {
        all.push(...batch.events.map(encodeEvent));
        if (!batch.ended && all.length < least) return;
        stop();
        resolve(all);
      },
      (failure) => reject(new Error(failure.code)),
    );
  });

/** Resolves when a run's summary has the outcome. */
const outcome = (run: string): Promise<unknown> =>
  new Promise((resolve) => {
    const look = (): void => {
      const found = client.state.runs.find(({ id, state }) => id === run && state === 'ended');
      if (found !== undefined) resolve(found);
    };
    client.onChange(look);
    look();
  });

/** What was told last of the tab that is watched, and of the connection that was chosen. */
let told: PageState | undefined;
let whole: PageConnection | undefined;
const watch = (tab: number, connection?: string): void => {
  told = undefined;
  whole = undefined;
  client.watchPage(tab, connection, (news) => {
    if ('page' in news) told = news.page;
    else whole = news.connection;
  });
};
const page = (): PageState | undefined => told;
const connection = (): PageConnection | undefined => whole;
const tabOf = async (url: string): Promise<number> => (await browser.tabs.query({ url })).at(-1)?.id ?? -1;

Object.assign(globalThis, {
  probe: {
    client,
    connected,
    connections,
    events,
    outcome,
    follow,
    followed,
    decodeEvent,
    watch,
    page,
    connection,
    tabOf,
  },
});
export type Probe = {
  client: typeof client;
  connected: typeof connected;
  connections: typeof connections;
  events: typeof events;
  outcome: typeof outcome;
  follow: typeof follow;
  followed: typeof followed;
  decodeEvent: typeof decodeEvent;
  watch: typeof watch;
  page: typeof page;
  connection: typeof connection;
  tabOf: typeof tabOf;
};
