/**
 * The panel's reactive state, and everything that changes it: a vanilla store that tests drive without rendering. Traces
 * are not in it (see runBook.ts); it holds a revision number for each run, and views read the book when that changes.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BackgroundClient, ClientState } from '../../src/bridge/client.ts';
import { type PageConnection, type PageState, siteOf, sitePattern } from '../../src/bridge/page.ts';
import { BridgeError, type RunReading, type RunSummary } from '../../src/bridge/panel.ts';
import type { BufferId, PacketRange } from '../../src/trace/buffers.ts';
import type { Problem } from '../../src/trace/problem.ts';
import { plural } from '../layout/text.ts';
import { emptyForm, type FormState, refusedFields, requestOf, setField } from './form.ts';
import { type GivenFile, type Import, KeyStore, openFiles } from './opening.ts';
import { Publisher } from './publishing.ts';
import { mainHandshake, type RunBook } from './runBook.ts';
import * as select from './selection.ts';
import { defaultView, type ViewOptions } from './view.ts';

/** Something the user should know about an action of theirs; stays until dismissed or replaced. */
export interface Notice {
  readonly text: string;
  readonly tone: 'bad' | 'quiet';
  /** It tells of a deletion, and offers to undo it. */
  readonly undo?: true;
}

/** A handshake of a run. */
export interface Baseline {
  readonly run: string;
  readonly handshake: string;
}

export interface PanelState {
  readonly connection: Pick<ClientState, 'link' | 'background'>;
  readonly helper: ClientState['helper'];
  readonly checkingHelper: boolean;
  /** What was said about the helper is put away, until it is in another state. */
  readonly helperHidden: ClientState['helper']['kind'] | undefined;
  readonly form: FormState;
  /** A start was asked for and not answered yet. */
  readonly starting: boolean;
  /** In order of starting, those that the background forgot and the panel still holds included. */
  readonly runs: readonly RunSummary[];
  readonly revisions: Readonly<Record<string, number>>;
  readonly selection: select.Selection;
  readonly view: ViewOptions;
  /** The handshake that others are compared with. */
  readonly baseline: Baseline | undefined;
  readonly notice: Notice | undefined;
  /** How many runs `undoRemove` would bring back. */
  readonly deleted: number;
  /** What was wrong with files that were read in part, by run. */
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
  /** What the side shows; undefined until somebody has chosen. */
  readonly side: SideTab | undefined;
  /** The page that is inspected; undefined where the panel inspects none. */
  readonly inspected: Inspected | undefined;
  readonly page: PageState | undefined;
  /** The connection of the page that is looked at, and all of it once it has come. */
  readonly chosen: string | undefined;
  readonly whole: PageConnection | undefined;
}

export type SideTab = 'options' | 'runs' | 'page';

/** The tab that the panel belongs to. */
export interface Inspected {
  readonly tab: number;
  /** Where it is now; empty while that is not known. */
  readonly origin: string;
  /** Whether the browser lets this very panel ask for permissions. */
  readonly mayAsk: boolean;
}

/** What the browser gives the panel around its page. */
export interface PageAccess {
  readonly inspected: Inspected;
  /** Asks the user for a host, in the turn of their click; resolves with their answer. */
  readonly request: (pattern: string) => Promise<boolean>;
  /** Loads the page again; undefined where the panel can't. */
  readonly reload: (() => void) | undefined;
  /** Calls back when the page goes to another origin. */
  readonly onMove: (hear: (origin: string) => void) => void;
}

export interface Actions {
  /** Replaces the form by what a pure function of form.ts makes of it. */
  editForm(edit: (form: FormState) => FormState): void;
  start(): Promise<void>;
  /** Gives a run the peer's answer to its offer. */
  answer(run: string, sdp: string): Promise<void>;
  /** Stops the selected run, or the newest that runs. */
  stop(): Promise<void>;
  /** Takes a run off the list; until the next deletion it can be brought back. */
  remove(run: string): Promise<void>;
  removeAll(): Promise<void>;
  /** Brings back what the last deletion took, of this panel or, when it made none, of another. */
  undoRemove(): Promise<void>;
  checkHelper(): Promise<void>;
  hideHelper(hidden: boolean): void;
  /** Shows captures and traces as runs, and joins key logs to what they belong to, open already or opened later. */
  openFiles(files: readonly GivenFile[]): Promise<void>;
  selectRun(run: string): void;
  selectHandshake(handshake: string): void;
  selectTarget(target: select.Target, details?: boolean, field?: select.SelectedField): void;
  selectField(field: select.SelectedField | undefined): void;
  showTab(buffer: BufferId): void;
  selectEvidence(
    finding: number,
    evidence: readonly PacketRange[],
    target: select.Target,
    field: select.SelectedField | undefined,
  ): void;
  openDetails(open: boolean): void;
  /** Esc: the details first, then what is selected. */
  letGo(): void;
  setView(view: Partial<ViewOptions>): void;
  /** Chooses the handshake that others are compared with; `undefined` lets it go. */
  pin(baseline: Baseline | undefined): void;
  showSide(tab: SideTab): void;
  /** Looks at a connection of the page, or at none. */
  selectConnection(connection: string | undefined): void;
  /** Asks for the permission, and has a site watched from the next load of its pages on. Call it in the turn of the click. */
  armSite(origin: string): Promise<void>;
  disarmSite(origin: string): Promise<void>;
  reloadPage(): void;
  /** Starts a run that waits for the page's next connection. */
  standIn(): Promise<void>;
  /** Says that a stand-in may send to these destinations. */
  allow(session: string, destinations: readonly string[]): Promise<void>;
  stopStandIn(session: string): Promise<void>;
  openAsTab(): Promise<void>;
  notify(notice: Notice | undefined): void;
  dispose(): void;
}

export interface Panel {
  readonly store: StoreApi<PanelState>;
  readonly book: RunBook;
  readonly actions: Actions;
  /** What the browser calls the extension; a private build has an id that the helper's installer must be told. */
  readonly extensionId: string | undefined;
  readonly canReload: boolean;
}

export interface PanelOptions {
  readonly access?: PageAccess | undefined;
  readonly client: BackgroundClient;
  readonly book: RunBook;
  readonly form?: FormState;
  readonly view?: Partial<ViewOptions>;
  readonly extensionId?: string;
  /** What reads files, for their headers: "dtlscope 0.1.0". */
  readonly tool?: string;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Puts off publishing revisions (an animation frame in the panel), so that a burst of events draws once. */
  readonly later?: (work: () => void) => void;
}

export function createPanel(options: PanelOptions): Panel {
  const { client, book } = options;
  const store = createStore<PanelState>(() => ({
    connection: client.state,
    helper: client.state.helper,
    checkingHelper: false,
    helperHidden: undefined,
    form: options.form ?? emptyForm(),
    starting: false,
    runs: client.state.runs,
    revisions: {},
    selection: select.nothing,
    view: { ...defaultView, ...options.view },
    baseline: undefined,
    notice: undefined,
    deleted: client.state.deleted,
    problems: {},
    side: undefined,
    inspected: options.access?.inspected,
    page: undefined,
    chosen: undefined,
    whole: undefined,
  }));
  const update = (part: Partial<PanelState>): void => store.setState(part);
  const followed = new Map<string, () => void>();
  const removed = new Set<string>();
  /** What the last deletion took, and whether the background has a part in it. Its events stay in the book. */
  let bin: Bin = emptyBin;
  const tool = options.tool ?? 'dtlscope';
  const now = options.now ?? Date.now;
  let opened = 0;
  const publisher = new Publisher({
    later: options.later,
    now,
    // Views show the selected run; that of another is made when somebody asks.
    prepare: (revisions) => {
      const { run } = store.getState().selection;
      if (run !== undefined && revisions[run] !== undefined) book.read(run);
    },
    tell: (revisions) => update({ revisions: { ...store.getState().revisions, ...revisions } }),
  });
  const publish = (run: string, revision: number): void => publisher.publish(run, revision);

  const keys = new KeyStore();
  /** Joins the keys that wait to a run; the answer is how many were new to it. */
  const joinKeys = (run: string): number => {
    const added = keys.empty ? 0 : book.addSecrets(run, keys.find);
    if (added > 0) publish(run, book.revision(run));
    return added;
  };

  const follow = (run: string): void => {
    if (followed.has(run)) return;
    const hear = (batch: Parameters<RunBook['append']>[1]): void => {
      const revision = book.append(run, batch);
      if (revision === undefined) return;
      publish(run, revision);
      joinKeys(run);
    };
    const lost = (): void => {
      const revision = book.interrupt(run, 'the background of the extension was stopped, and the run with it');
      followed.delete(run);
      if (revision !== undefined) publish(run, revision);
    };
    // Set before the call: a client may deliver at once.
    followed.set(run, () => {});
    followed.set(run, client.follow(run, hear, lost, book.count(run)));
  };

  const show = (run: string): void => {
    update({ selection: select.selectRun(store.getState().selection, run) });
    follow(run);
  };

  const sync = (): void => {
    const { link, background, helper, runs, deleted } = client.state;
    const before = store.getState();
    // Undone by another panel: it is here again.
    for (const { id } of runs) removed.delete(id);
    if (bin.runs.some(({ id }) => !removed.has(id)))
      bin = { ...bin, runs: bin.runs.filter(({ id }) => removed.has(id)) };
    const kept = link === 'connected' ? mergeRuns(before.runs, runs, book, removed) : before.runs;
    update({ connection: { link, background }, helper, runs: kept, deleted: bin.runs.length || deleted });
    const newest = kept.at(-1);
    if (before.selection.run === undefined && newest) show(newest.id);
  };
  const stopListening = client.onChange(sync);
  // What became of kept runs without anybody asking: dropped, not stored, not readable.
  const stopNotices = client.onNotice(({ message }) => update({ notice: { text: message, tone: 'quiet' } }));
  sync();

  /** A file as a run of this panel, until the background keeps it. */
  const showImport = ({ name, trace, problems }: Import): string => {
    const { runs } = store.getState();
    const id = `opened-${++opened}`;
    book.append(id, { header: trace.header, from: 0, events: trace.events, ended: true });
    const summary: RunSummary = {
      id,
      number: Math.max(0, ...runs.map((run) => run.number)) + 1,
      startedAt: now(),
      request: { target: name, options: {} },
      file: name,
      state: 'ended',
      events: trace.events.length,
      ...readingOf(book, id),
    };
    // There is nothing to follow: all of it is here.
    followed.set(id, () => {});
    update({ runs: [...runs, summary], problems: { ...store.getState().problems, [id]: problems } });
    publish(id, book.revision(id));
    show(id);
    return id;
  };

  /** The background keeps the file under an id of its own; whatever is selected in it stays so. */
  const keep = async (id: string, { name, trace, problems: found }: Import): Promise<void> => {
    const kept = await client.keep(name, trace, readingOf(book, id));
    if (removed.has(id)) {
      // Deleted while it was on its way there.
      await client.delete(kept.id);
      removed.add(kept.id);
      book.rename(id, kept.id);
      bin = { runs: bin.runs.map((run) => (run.id === id ? kept : run)), held: true };
      update({ problems: { ...store.getState().problems, [kept.id]: found } });
      return;
    }
    followed.get(kept.id)?.();
    followed.set(kept.id, () => {});
    book.rename(id, kept.id);
    const { runs, selection, problems, revisions, baseline } = store.getState();
    update({
      runs: [...runs.filter((run) => run.id !== id && run.id !== kept.id), kept],
      baseline: baseline?.run === id ? { ...baseline, run: kept.id } : baseline,
      selection: selection.run === id ? { ...selection, run: kept.id } : selection,
      problems: { ...problems, [kept.id]: problems[id] ?? [] },
      revisions: { ...revisions, [kept.id]: book.revision(kept.id) },
    });
  };

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      update({ notice: { text: messageOf(error), tone: 'bad' } });
    }
  };

  /** Deletes here what `ask` deletes in the background, which is not asked for what it does not hold. */
  const take = async (ids: readonly string[], ask: () => Promise<void>): Promise<void> => {
    const gone = store.getState().runs.filter(({ id }) => ids.includes(id));
    const held = client.state.runs.some(({ id }) => ids.includes(id));
    const [one] = gone;
    if (!one) return;
    if (held) await ask();
    const { runs, selection } = store.getState();
    // The deletion before this one is final now, as it is in the background.
    for (const { id } of bin.runs) book.forget(id);
    bin = { runs: gone, held };
    for (const { id } of gone) {
      followed.get(id)?.();
      followed.delete(id);
      removed.add(id);
    }
    const what = gone.length === 1 ? nameOf(one) : plural(gone.length, 'run');
    const text = `${what} ${gone.length === 1 ? 'was' : 'were'} deleted.`;
    const left = runs.filter(({ id }) => !ids.includes(id));
    update({ runs: left, deleted: gone.length, notice: { text, tone: 'quiet', undo: true } });
    if (!gone.some(({ id }) => id === selection.run)) return;
    const next = left.at(-1);
    if (next) show(next.id);
    else update({ selection: select.nothing });
  };

  const bringBack = async (): Promise<void> => {
    const { runs: binned, held } = bin;
    const known = new Set(store.getState().runs.map(({ id }) => id));
    let failure: unknown;
    if (held || binned.length === 0)
      await client.undoDelete().catch((error: unknown) => {
        failure = error;
      });
    bin = emptyBin;
    for (const { id } of binned) removed.delete(id);
    // What only this panel held, and what the background no longer has, comes back from here.
    const runs = mergeRuns(
      [...store.getState().runs.filter(({ id }) => known.has(id)), ...binned],
      client.state.runs,
      book,
      removed,
    );
    const back = runs.filter(({ id }) => !known.has(id));
    update({ runs, deleted: client.state.deleted });
    for (const { id } of back) if (!client.state.runs.some((one) => one.id === id)) followed.set(id, () => {});
    const lost = binned.filter(({ id }) => !runs.some((one) => one.id === id));
    const [one] = back;
    const told = [
      ...(one ? [back.length === 1 ? `${nameOf(one)} is back.` : `${plural(back.length, 'run')} are back.`] : []),
      ...(lost.length > 0
        ? [`${lost.map(nameOf).join(', ')} can’t be brought back: another panel deleted something since.`]
        : []),
    ];
    if (told.length === 0 && failure !== undefined) throw failure;
    update({ notice: { text: told.join(' '), tone: lost.length > 0 ? 'bad' : 'quiet' } });
    const newest = back.at(-1);
    if (newest) show(newest.id);
  };

  let unwatch = (): void => {};
  const watch = (connection: string | undefined): void => {
    const { inspected } = store.getState();
    unwatch();
    if (!inspected) return;
    unwatch = client.watchPage(inspected.tab, connection, (news) => {
      if ('page' in news) update({ page: news.page });
      else if (news.connection.id === store.getState().chosen) update({ whole: news.connection });
    });
  };
  watch(undefined);
  options.access?.onMove((origin) => {
    const { inspected } = store.getState();
    if (inspected) update({ inspected: { ...inspected, origin } });
  });

  const actions: Actions = {
    editForm: (edit) => update({ form: edit(store.getState().form) }),
    start: async () => {
      const { form, starting } = store.getState();
      if (starting) return;
      update({ form: { ...form, submitted: true, refused: {} }, notice: undefined });
      const asked = requestOf(form);
      if (!asked) return;
      const tab = store.getState().inspected?.tab;
      const request = asked.target === 'page' && tab !== undefined ? { ...asked, tab } : asked;
      update({ starting: true });
      try {
        const run = await client.start(request);
        removed.delete(run.id);
        show(run.id);
      } catch (error) {
        const problems = error instanceof BridgeError ? (error.failure.problems ?? []) : [];
        if (problems.length === 0) update({ notice: { text: messageOf(error), tone: 'bad' } });
        else update({ form: { ...store.getState().form, refused: refusedFields(problems) } });
      } finally {
        update({ starting: false });
      }
    },
    answer: (run, sdp) => attempt(() => client.answer(run, sdp)),
    stop: () =>
      attempt(async () => {
        const run = stoppable(store.getState());
        if (run) await client.stop(run.id);
      }),
    remove: (run) => attempt(() => take([run], () => client.delete(run))),
    removeAll: () =>
      attempt(() =>
        take(
          store.getState().runs.map(({ id }) => id),
          () => client.deleteAll(),
        ),
      ),
    undoRemove: () => attempt(bringBack),
    checkHelper: async () => {
      update({ checkingHelper: true });
      await attempt(async () => {
        await client.checkHelper();
      });
      update({ checkingHelper: false });
    },
    hideHelper: (hidden) => update({ helperHidden: hidden ? store.getState().helper.kind : undefined }),
    openFiles: async (files) => {
      const { imports, secrets, keyLogs, troubles } = openFiles(files, keys, tool);
      const shown = imports.map((one) => [showImport(one), one] as const);
      const joined = keyLogs.length === 0 ? [] : book.runs.filter((run) => joinKeys(run) > 0);
      const told = [...troubles, ...keyTexts(secrets.length, keyLogs, joined.length, imports.length)];
      const tone = troubles.length > 0 ? 'bad' : 'quiet';
      update({ notice: told.length === 0 ? undefined : { text: told.join(' '), tone } });
      for (const [id, one] of shown)
        await keep(id, one).catch((error: unknown) => {
          const text = `${one.name} is shown, and goes when the panel is closed: ${messageOf(error)}`;
          update({ notice: { text, tone: 'quiet' } });
        });
    },
    selectRun: show,
    selectHandshake: (handshake) =>
      update({ selection: select.selectHandshake(store.getState().selection, handshake) }),
    selectTarget: (target, details, field) =>
      update({ selection: select.selectTarget(store.getState().selection, target, details, field) }),
    selectField: (field) => update({ selection: select.selectField(store.getState().selection, field) }),
    showTab: (buffer) => update({ selection: select.showTab(store.getState().selection, buffer) }),
    selectEvidence: (finding, evidence, target, field) =>
      update({ selection: select.selectEvidence(store.getState().selection, finding, evidence, target, field) }),
    openDetails: (open) => update({ selection: { ...store.getState().selection, details: open } }),
    letGo: () => update({ selection: select.letGo(store.getState().selection) }),
    setView: (view) => update({ view: { ...store.getState().view, ...view } }),
    pin: (baseline) => update({ baseline }),
    showSide: (side) => update({ side }),
    selectConnection: (connection) => {
      update({ chosen: connection, whole: undefined });
      watch(connection);
    },
    armSite: (origin) => {
      const site = siteOf(origin);
      const { access } = options;
      // Before anything is waited for: only in the turn of a click may the browser be asked.
      const given = site === undefined || !access ? Promise.resolve(true) : access.request(sitePattern(site));
      return attempt(async () => {
        if (!(await given)) throw new Error(`Without your permission for ${site} its pages are not watched.`);
        await client.armSite(origin);
      });
    },
    disarmSite: (origin) => attempt(() => client.disarmSite(origin)),
    reloadPage: () => options.access?.reload?.(),
    standIn: async () => {
      const { form } = store.getState();
      update({ form: setField(form, 'target', 'page') });
      await actions.start();
    },
    allow: (session, destinations) => attempt(() => client.allow(session, destinations)),
    stopStandIn: (session) => attempt(() => client.stopStandIn(session)),
    openAsTab: () =>
      attempt(async () => {
        const { inspected } = store.getState();
        if (inspected) await client.openAsTab(inspected.tab, inspected.origin);
      }),
    notify: (notice) => update({ notice }),
    dispose: () => {
      unwatch();
      stopListening();
      stopNotices();
      for (const stop of followed.values()) stop();
      followed.clear();
    },
  };
  return {
    ...{ store, book, actions, extensionId: options.extensionId },
    canReload: options.access?.reload !== undefined,
  };
}

interface Bin {
  readonly runs: readonly RunSummary[];
  readonly held: boolean;
}
const emptyBin: Bin = { runs: [], held: false };

/** "Run 3 (127.0.0.1:4433)", "File 4 (loss.pcapng)". */
const nameOf = ({ number, request, file }: RunSummary): string =>
  `${file === undefined ? 'Run' : 'File'} ${number} (${request.target})`;

/** What the run list shows of a file, from its reading here. */
function readingOf(book: RunBook, run: string): RunReading {
  const main = mainHandshake(book.read(run));
  if (!main) return {};
  const { handshake, diagnosis } = main;
  const { retransmissions, parameters, startedAt, establishedAt, endedAt } = handshake;
  return {
    outcome: diagnosis.outcome,
    verdict: diagnosis.verdict,
    durationMs: (establishedAt ?? endedAt) - startedAt,
    retransmissions: retransmissions.client + retransmissions.server,
    ...(parameters.version === undefined ? {} : { version: parameters.version }),
  };
}

/** What became of key logs: nobody should have to guess whether they were the right ones. */
function keyTexts(secrets: number, keyLogs: readonly string[], joined: number, imports: number): string[] {
  if (keyLogs.length === 0) return [];
  const what = `${plural(secrets, 'secret')} of ${keyLogs.join(', ')}`;
  if (joined > 0) return [`${what}: added to ${plural(joined, 'open run')}, until the panel is closed.`];
  if (imports > 0) return [];
  return [`${what}: of no handshake that is open. They wait for the capture that they belong to.`];
}

/** The run that Stop means: the selected one if it runs, else the newest that does. */
export function stoppable(state: Pick<PanelState, 'runs' | 'selection'>): RunSummary | undefined {
  const running = state.runs.filter((run) => run.state === 'running');
  return running.find((run) => run.id === state.selection.run) ?? running.at(-1);
}

/**
 * What the background lists, and those of before that it no longer knows although nobody removed them: a restarted
 * background starts with an empty list, and what the panel holds of a run is not lost with it.
 */
function mergeRuns(
  before: readonly RunSummary[],
  now: readonly RunSummary[],
  book: RunBook,
  removed: ReadonlySet<string>,
): readonly RunSummary[] {
  const known = new Set(now.map((run) => run.id));
  const orphans = before.filter((run) => !known.has(run.id) && !removed.has(run.id) && book.count(run.id) > 0);
  const ended = orphans.map((run) => (run.state === 'ended' ? run : { ...run, state: 'ended' as const }));
  const listed = now.filter((run) => !removed.has(run.id));
  return [...ended, ...listed].sort((a, b) => a.startedAt - b.startedAt);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
