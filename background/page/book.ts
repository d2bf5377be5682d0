/**
 * What watched pages say, by tab and frame, and who is told of it. Nothing of it is believed: it comes through a strict gate,
 * at a bounded rate, into bounded lists. Tab, frame and origin are the browser's word.
 */
import {
  type FromPage,
  type PageConnection,
  type PageState,
  pageLimits,
  siteOf,
  type ToPage,
} from '../../src/bridge/page.ts';
import { parseFromPage } from '../../src/bridge/pageParse.ts';
import type { Port, Schedule } from '../../src/bridge/port.ts';
import { messageGate } from './bucket.ts';
import { Connection } from './connection.ts';
import type { StandInSession } from './standInSession.ts';

/** Where a port comes from, as the browser says. */
export interface FrameName {
  readonly tab: number;
  /** 0 is the page itself. */
  readonly frame: number;
  readonly origin: string;
}

export interface BookOptions {
  /** Monotonic, ms; and wall clock, ms since 1970. */
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  /** Sites that are watched now. */
  readonly sites: () => readonly string[];
}

export interface PageHearer {
  readonly connection: string | undefined;
  readonly page: (page: PageState) => void;
  readonly whole: (connection: PageConnection) => void;
}

interface Frame extends FrameName {
  readonly port: Port;
  /** Numbers all frames that there ever were. */
  readonly serial: number;
  sites: readonly string[];
  leftOut: { connections: number; items: number };
  /** Messages that did not pass the gate. */
  refused: number;
}

interface Tab {
  readonly number: number;
  readonly frames: Set<Frame>;
  readonly connections: Map<string, Connection>;
  readonly hearers: Set<PageHearer>;
  standIn: StandInSession | undefined;
  /** Connections that made room. */
  dropped: number;
  /** Of frames that are gone. */
  leftOut: { connections: number; items: number };
  cancel: (() => void) | undefined;
}

/** Panels are told of a tab at most this often. ms */
const tellMs = 250;

export class PageBook {
  readonly #options: BookOptions;
  readonly #tabs = new Map<number, Tab>();
  #serial = 0;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Takes what the script in a frame says until its port ends. */
  serve(port: Port, name: FrameName): void {
    const tab = this.#tab(name.tab);
    if (tab.frames.size >= pageLimits.frames) {
      port.disconnect();
      return;
    }
    const frame: Frame = {
      ...name,
      ...{ port, serial: ++this.#serial, sites: [], refused: 0 },
      leftOut: { connections: 0, items: 0 },
    };
    tab.frames.add(frame);
    const may = messageGate(this.#options.now);
    port.onMessage((message) => {
      const passes = typeof message === 'string' && may(message.length);
      const parsed = passes ? parseFromPage(message) : undefined;
      if (parsed === undefined) frame.refused++;
      else this.#hear(tab, frame, parsed);
      this.#changed(tab);
    });
    port.onDisconnect(() => {
      tab.frames.delete(frame);
      tab.leftOut.connections += frame.leftOut.connections;
      tab.leftOut.items += frame.leftOut.items + frame.refused;
      for (const one of tab.connections.values()) if (one.id.startsWith(`${frame.serial}-`)) one.gone = true;
      if (tab.standIn?.claimedBy === frame.serial) tab.standIn.left('it was closed, or left for another page');
      this.#changed(tab);
      this.#forget(tab);
    });
    this.#changed(tab);
  }

  /** Tells of a tab now and at every change. The answer ends that. */
  watch(number: number, hearer: PageHearer): () => void {
    const tab = this.#tab(number);
    tab.hearers.add(hearer);
    this.#tell(tab, [hearer]);
    return () => {
      tab.hearers.delete(hearer);
      this.#forget(tab);
    };
  }

  /** Sites are watched that were not, or no more. */
  sitesChanged(): void {
    for (const tab of this.#tabs.values()) this.#changed(tab);
  }

  /** The scripts of a site are to be quiet until their pages are loaded again. */
  rest(origin: string): void {
    for (const tab of this.#tabs.values())
      for (const frame of tab.frames) if (siteOf(frame.origin) === siteOf(origin)) post(frame, { kind: 'rest' });
  }

  /** A tab's next connection is a session's. */
  begin(session: StandInSession): void {
    const tab = this.#tab(session.tab);
    tab.standIn?.stop();
    tab.standIn = session;
    session.onChange(() => this.#changed(tab));
    session.attach({
      offer: (identity) => {
        for (const frame of tab.frames) post(frame, { kind: 'stand-in', session: session.id, identity });
      },
      candidates: (serial, candidates) => {
        for (const frame of tab.frames)
          if (frame.serial === serial) post(frame, { kind: 'candidates', session: session.id, candidates });
      },
      over: () => {
        if (tab.standIn !== session) return;
        tab.standIn = undefined;
        for (const frame of tab.frames) post(frame, { kind: 'watch' });
        this.#changed(tab);
        this.#forget(tab);
      },
    });
    this.#changed(tab);
  }

  /** The session of that name, in whichever tab. */
  session(id: string): StandInSession | undefined {
    for (const { standIn } of this.#tabs.values()) if (standIn?.id === id) return standIn;
    return undefined;
  }

  #hear(tab: Tab, frame: Frame, message: FromPage): void {
    switch (message.kind) {
      case 'here': {
        frame.sites = message.sites;
        const { standIn } = tab;
        const identity = standIn?.identity;
        if (standIn && identity && standIn.claimedBy === undefined)
          post(frame, { kind: 'stand-in', session: standIn.id, identity });
        else post(frame, { kind: 'watch' });
        return;
      }
      case 'items':
        frame.leftOut = message.leftOut;
        for (const item of message.items) {
          const connection = this.#connection(tab, frame, item.pc, item.kind === 'created');
          connection?.take(item, this.#options.wallClock());
          if (item.kind === 'states' && connection?.ended && this.#has(tab, frame, item.pc))
            tab.standIn?.left('it closed the connection');
        }
        this.#makeRoom(tab);
        return;
      case 'claim':
      case 'answer':
      case 'trickled': {
        const session = tab.standIn;
        if (session?.id !== message.session) return;
        const taken = session.take(message, frame.serial, frame.origin);
        const connection = this.#connection(tab, frame, message.pc, false);
        if (!taken || message.kind !== 'claim') return;
        if (connection) connection.standIn = true;
        connection?.say('stands in: its peer will speak to dtlscope', this.#options.wallClock());
        for (const other of tab.frames) if (other !== frame) post(other, { kind: 'watch' });
        return;
      }
    }
  }

  /** Whether a connection is the one that stands in. */
  #has({ standIn }: Tab, { serial }: Frame, pc: number): boolean {
    return standIn?.claimedBy === serial && standIn.connection === pc;
  }

  /** A page that makes up a number which it never created gets no entry. */
  #connection(tab: Tab, frame: Frame, pc: number, make: boolean): Connection | undefined {
    const id = `${frame.serial}-${pc}`;
    const known = tab.connections.get(id);
    if (known || !make) return known;
    const made = new Connection(id, frame.frame, frame.origin, this.#options.wallClock());
    tab.connections.set(id, made);
    return made;
  }

  /** Ended ones go first, then the oldest. */
  #makeRoom(tab: Tab): void {
    let size = 0;
    for (const one of tab.connections.values()) size += one.size;
    while (tab.connections.size > pageLimits.connections || size > pageLimits.tabCharacters) {
      const all = [...tab.connections.values()];
      const victim = all.find((one) => one.ended && !one.standIn) ?? all[0];
      if (!victim) return;
      size -= victim.size;
      tab.connections.delete(victim.id);
      tab.dropped++;
    }
  }

  #tab(number: number): Tab {
    const known = this.#tabs.get(number);
    if (known) return known;
    const tab: Tab = {
      ...{ number, standIn: undefined, dropped: 0, cancel: undefined },
      leftOut: { connections: 0, items: 0 },
      frames: new Set(),
      connections: new Map(),
      hearers: new Set(),
    };
    this.#tabs.set(number, tab);
    return tab;
  }

  /** A tab that has no frame, and that nobody looks at. */
  #forget(tab: Tab): void {
    if (tab.frames.size > 0 || tab.hearers.size > 0 || tab.standIn) return;
    tab.cancel?.();
    this.#tabs.delete(tab.number);
  }

  #changed(tab: Tab): void {
    if (tab.hearers.size === 0) return;
    tab.cancel ??= this.#options.schedule(tellMs, () => {
      tab.cancel = undefined;
      this.#tell(tab, [...tab.hearers]);
    });
  }

  #tell(tab: Tab, hearers: readonly PageHearer[]): void {
    const page = this.#state(tab);
    for (const { connection, page: hear, whole } of hearers) {
      hear(page);
      const chosen = connection === undefined ? undefined : tab.connections.get(connection);
      if (chosen) whole(chosen.whole);
    }
  }

  #state(tab: Tab): PageState {
    const frames = [...tab.frames];
    const watched = new Set(this.#options.sites());
    const unwatched = new Set(
      frames
        .flatMap(({ sites }) => sites.flatMap((origin) => siteOf(origin) ?? []))
        .filter((site) => !watched.has(site)),
    );
    const sum = (of: 'connections' | 'items'): number =>
      frames.reduce((all, frame) => all + frame.leftOut[of], tab.leftOut[of]);
    return {
      tab: tab.number,
      sites: [...watched],
      frames: frames.map(({ frame, origin }) => ({ frame, origin, top: frame === 0 })),
      unwatched: [...unwatched].slice(0, pageLimits.sites),
      connections: [...tab.connections.values()].map(({ row }) => row),
      leftOut: {
        connections: sum('connections') + tab.dropped,
        items: sum('items') + frames.reduce((all, { refused }) => all + refused, 0),
      },
      ...(tab.standIn && { standIn: tab.standIn.shown }),
    };
  }
}

function post(frame: Frame, message: ToPage): void {
  try {
    frame.port.post(JSON.stringify(message));
  } catch {
    // Its page was left this very moment.
  }
}
