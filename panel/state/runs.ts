/**
 * The runs of the store: those that the background tells of, each followed into the book from its first event; files that
 * were opened here, until the background keeps them; and what was deleted last, so that it can be brought back.
 */
import type { RunReading, RunRequest, RunSummary } from '../../src/bridge/panel.ts';
import { plural } from '../layout/text.ts';
import { joinEnds } from './bothEnds.ts';
import type { Core } from './core.ts';
import { messageOf } from './core.ts';
import type { PanelState } from './model.ts';
import { type GivenFile, type Import, KeyStore, type OpenedFiles, openFiles } from './opening.ts';
import { Publisher } from './publishing.ts';
import type { RunBook } from './runBook.ts';
import * as select from './selection.ts';
import { isPacked, unpacked } from './unpack.ts';

export interface RunsPart {
  /** Selects a run, and follows it from now on. */
  show(run: string): void;
  /** Asks the background for a run, and shows it. Rejects with a `BridgeError`. */
  start(request: RunRequest): Promise<RunSummary>;
  /** Resolves when all of a followed run is here, or no more will come. */
  whole(run: string): Promise<void>;
  /** Captures, traces and key logs. */
  open(files: readonly GivenFile[]): Promise<void>;
  remove(run: string): Promise<void>;
  removeAll(): Promise<void>;
  undoRemove(): Promise<void>;
  dispose(): void;
}

export function runsPart({ client, book, store, update, options }: Core): RunsPart {
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

  /** Entries that two others were put together as. */
  const ofBoth = new Set<string>();
  const keys = new KeyStore();
  /** Joins the keys that wait to a run; the answer is how many were new to it. */
  const joinKeys = (run: string): number => {
    const added = keys.empty ? 0 : book.addSecrets(run, keys.find);
    if (added > 0) publish(run, book.revision(run));
    return added;
  };

  /** Who waits for the end of a run. */
  const waiting = new Map<string, (() => void)[]>();
  const ended = (run: string): void => {
    for (const go of waiting.get(run) ?? []) go();
    waiting.delete(run);
  };

  const follow = (run: string): void => {
    if (followed.has(run)) return;
    const hear = (batch: Parameters<RunBook['append']>[1]): void => {
      const revision = book.append(run, batch);
      if (revision === undefined) return;
      publish(run, revision);
      joinKeys(run);
      if (batch.ended) ended(run);
    };
    const lost = (): void => {
      const revision = book.interrupt(run, 'the background of the extension was stopped, and the run with it');
      followed.delete(run);
      if (revision !== undefined) publish(run, revision);
      ended(run);
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
    if (ofBoth.has(id)) ofBoth.add(kept.id);
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

  return {
    show,
    start: async (request) => {
      const run = await client.start(request);
      removed.delete(run.id);
      show(run.id);
      return run;
    },
    whole: (run) =>
      book.ended(run)
        ? Promise.resolve()
        : new Promise((resolve) => waiting.set(run, [...(waiting.get(run) ?? []), resolve])),
    open: async (files) => {
      // What is not packed is shown without a wait.
      const plain = files.some(isPacked) ? await Promise.all(files.map(unpacked)) : files;
      const opened = openFiles(plain, keys, tool);
      const { imports, keyLogs, troubles, calls } = opened;
      const shown = imports.map((one) => [showImport(one), one] as const);
      const joined = keyLogs.length === 0 ? [] : book.runs.filter((run) => joinKeys(run) > 0);
      const fresh = new Set(shown.map(([id]) => id));
      const both = joinEnds(book, store.getState().runs, fresh, ofBoth, tool);
      const together = both.map((one) => [showImport(one), one] as const);
      const told = [...troubles, ...both.map((one) => one.told), ...calls, ...keyTexts(opened, joined.length)];
      const tone = troubles.length > 0 ? 'bad' : 'quiet';
      update({ notice: told.length === 0 ? undefined : { text: told.join(' '), tone } });
      for (const [id] of together) ofBoth.add(id);
      for (const [id, one] of [...shown, ...together])
        await keep(id, one).catch((error: unknown) => {
          const text = `${one.name} is shown, and goes when the panel is closed: ${messageOf(error)}`;
          update({ notice: { text, tone: 'quiet' } });
        });
    },
    remove: (run) => take([run], () => client.delete(run)),
    removeAll: () =>
      take(
        store.getState().runs.map(({ id }) => id),
        () => client.deleteAll(),
      ),
    undoRemove: bringBack,
    dispose: () => {
      stopListening();
      stopNotices();
      for (const stop of followed.values()) stop();
      followed.clear();
    },
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
  const main = book.read(run)?.main;
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
function keyTexts({ secrets, keyLogs, imports, fitting }: OpenedFiles, joined: number): string[] {
  if (keyLogs.length === 0) return [];
  const what = `${plural(secrets.length, 'secret')} of ${keyLogs.join(', ')}`;
  if (joined > 0) return [`${what}: added to ${plural(joined, 'open run')}, until the panel is closed.`];
  if (fitting || secrets.length === 0) return [];
  if (imports.length > 0)
    return [
      `${what}: of no handshake in ${imports.map(({ name }) => name).join(', ')}. Keys open only their own sessions.`,
    ];
  const wait =
    secrets.length === 1
      ? 'It waits for the capture that it belongs to'
      : 'They wait for the capture that they belong to';
  return [`${what}: of no handshake that is open. ${wait}.`];
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
