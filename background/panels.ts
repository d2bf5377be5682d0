/**
 * Serves panels: answers their requests, tells them of the helper and of runs, and streams the events of runs that they
 * subscribed to, from the index that they ask for. A panel that does not speak our protocol gets an answer that says so.
 */
import { batchEnd, encodeEvent, encodeHeader } from '../src/bridge/events.ts';
import {
  BridgeError,
  type BridgeFailure,
  type FromBackground,
  panelProtocol,
  type ToBackground,
} from '../src/bridge/panel.ts';
import { parseToBackground } from '../src/bridge/parse.ts';
import type { Port, Schedule } from '../src/bridge/port.ts';
import type { Checks, KeptCheck } from './checks.ts';
import type { HelperLink } from './helperLink.ts';
import { Imports } from './imports.ts';
import type { Keeping } from './keeping.ts';
import type { PageBook } from './page/book.ts';
import type { Sites } from './page/sites.ts';
import type { KeptRun, Runs } from './runs.ts';
import type { KeptSweep, Sweeps } from './sweeps.ts';
import { Telling } from './telling.ts';

export interface PanelsOptions {
  readonly runs: Runs;
  readonly keeping: Pick<Keeping, 'bytes'>;
  readonly helper: Pick<HelperLink, 'status' | 'check' | 'onStatus'>;
  readonly pages: Pick<PageBook, 'watch' | 'session' | 'rest'>;
  readonly sweeps: Pick<Sweeps, 'kept' | 'onChange' | 'start' | 'stop' | 'resume' | 'clear' | 'open'>;
  readonly checks: Pick<Checks, 'kept' | 'onChange' | 'plan' | 'start' | 'stop' | 'clear' | 'open'>;
  /** Sweep and check of an earlier process are there. */
  readonly ready: Promise<void>;
  readonly sites: Pick<Sites, 'arm' | 'disarm' | 'ready'>;
  /** Opens the panel as a tab that looks at another. */
  readonly openTab: (tab: number, origin: string) => Promise<void>;
  readonly schedule: Schedule;
  readonly version: string;
  readonly complain: (what: string, error: unknown) => void;
}

/** A growing run changes the list's counts at most this often. ms */
const listMs = 250;

/** Serves one panel until its port ends. The answer says whether it still does. */
export function servePanel(port: Port, options: PanelsOptions): { readonly open: () => boolean } {
  const panel = new Panel(port, options);
  return { open: () => panel.open };
}

/** A run that the panel follows, and the index of the next event to send. */
interface Following {
  readonly kept: KeptRun;
  cursor: number;
  /** The next message is due in the next turn. */
  busy: boolean;
}

class Panel {
  readonly #port: Port;
  readonly #options: PanelsOptions;
  readonly #imports: Imports;
  /** By run; undefined while its events are read. */
  readonly #following = new Map<string, Following | undefined>();
  #greeted = false;
  #greeting: Promise<void> = Promise.resolve();
  #cancelList: (() => void) | undefined;
  readonly #stop: (() => void)[] = [];
  #unwatch: () => void = () => {};
  readonly #sweep: Telling<KeptSweep>;
  readonly #check: Telling<KeptCheck>;
  open = true;

  constructor(port: Port, options: PanelsOptions) {
    this.#port = port;
    this.#options = options;
    this.#imports = new Imports(options.keeping.bytes);
    const { schedule, sweeps, checks } = options;
    const common = { schedule, may: () => this.#greeted };
    this.#sweep = new Telling<KeptSweep>({
      ...common,
      kept: () => sweeps.kept,
      results: ({ lines }) => lines.length,
      tell: (kept, from, known) =>
        this.#post({
          ...{ kind: 'sweep', sweep: kept?.status ?? null, from, lines: kept?.lines.slice(from) ?? [] },
          ...(!kept || known ? {} : { plan: { text: kept.text, head: kept.head } }),
        }),
    });
    this.#check = new Telling<KeptCheck>({
      ...common,
      kept: () => checks.kept,
      results: ({ results }) => results.length,
      tell: (kept, from) =>
        this.#post({ kind: 'check', check: kept?.status ?? null, from, results: kept?.results.slice(from) ?? [] }),
    });
    port.onMessage((message) => this.#hear(message));
    port.onDisconnect(() => this.#close());
    this.#stop.push(
      options.helper.onStatus((helper) => this.#greeted && this.#post({ kind: 'helper', helper })),
      options.runs.onChange((run, what) => {
        if (what === 'grown') this.#listLater();
        else this.#list();
        // Growth is gathered where it is stored.
        if (what !== 'list') this.#flush(run);
      }),
      sweeps.onChange(() => this.#sweep.changed()),
      checks.onChange(() => this.#check.changed()),
    );
  }

  #close(): void {
    this.open = false;
    this.#cancelList?.();
    this.#sweep.close();
    this.#check.close();
    this.#unwatch();
    for (const stop of this.#stop) stop();
    this.#following.clear();
  }

  #post(message: FromBackground): void {
    if (!this.open) return;
    try {
      this.#port.post(message);
    } catch (error) {
      this.#options.complain('a panel is gone', error);
      this.#close();
    }
  }

  #hear(value: unknown): void {
    const parsed = parseToBackground(value);
    if (parsed.ok && parsed.message.kind === 'ping') return;
    if (parsed.ok && parsed.message.kind === 'hello') {
      this.#greeting = this.#hello(parsed.message);
      return;
    }
    // A panel need not wait for our greeting, which waits for the archive.
    void this.#greeting.then(() => {
      if (!parsed.ok) this.#fail(parsed.id, { code: 'bad-message', message: parsed.why });
      else if (parsed.message.kind === 'ping' || parsed.message.kind === 'hello') return;
      else if (this.#greeted) void this.#answer(parsed.message);
      else this.#fail(parsed.message.id, { code: 'bad-message', message: `${parsed.message.kind} before hello` });
    });
  }

  async #hello({ protocol }: Extract<ToBackground, { kind: 'hello' }>): Promise<void> {
    const { runs, helper, version, ready } = this.#options;
    await Promise.all([runs.ready, ready]);
    this.#greeted = protocol.major === panelProtocol.major;
    this.#post({
      kind: 'hello',
      protocol: panelProtocol,
      background: version,
      helper: helper.status,
      runs: runs.list,
      deleted: runs.deleted,
    });
    if (this.#greeted && this.open) {
      this.#stop.push(runs.onNotice((notice) => this.#post({ kind: 'notice', notice })));
      if (this.#options.sweeps.kept) this.#sweep.now();
      if (this.#options.checks.kept) this.#check.now();
      return;
    }
    const message = 'The extension was updated. Close DevTools and open it again.';
    this.#fail(undefined, { code: 'protocol-mismatch', message });
  }

  async #answer(message: Extract<ToBackground, { readonly id: number }>): Promise<void> {
    const { runs, helper, pages, sites, sweeps, checks } = this.#options;
    const { id } = message;
    try {
      switch (message.kind) {
        case 'check-helper':
          this.#post({ kind: 'ok', id, helper: await helper.check() });
          return;
        case 'start':
          this.#post({ kind: 'ok', id, run: await runs.start(message.request) });
          return;
        case 'stop':
          runs.stop(message.run);
          break;
        case 'answer':
          runs.answer(message.run, message.sdp);
          break;
        case 'delete':
          await runs.delete(message.run);
          break;
        case 'delete-all':
          await runs.deleteAll();
          break;
        case 'undo-delete':
          await runs.undoDelete();
          break;
        case 'import': {
          const trace = this.#imports.take(message);
          if (trace === undefined) break;
          this.#post({ kind: 'ok', id, run: await runs.keep(message.file, trace, message.reading) });
          return;
        }
        case 'subscribe':
          await this.#subscribe(message);
          return;
        case 'unsubscribe':
          this.#following.delete(message.run);
          break;
        case 'page-watch':
          await this.#watch(message);
          break;
        case 'page-unwatch':
          this.#unwatch();
          break;
        case 'page-arm':
          await sites.arm(message.origin);
          break;
        case 'page-disarm':
          await sites.disarm(message.origin);
          pages.rest(message.origin);
          break;
        case 'page-allow':
          pages.session(message.session)?.allow(message.destinations);
          break;
        case 'page-stop':
          pages.session(message.session)?.stop();
          break;
        case 'sweep-start':
          sweeps.start(message.sweep);
          break;
        case 'sweep-stop':
          sweeps.stop();
          break;
        case 'sweep-resume':
          sweeps.resume();
          break;
        case 'sweep-clear':
          sweeps.clear();
          break;
        case 'sweep-open':
          this.#post({ kind: 'ok', id, run: await sweeps.open(message.sweep, message.cell) });
          return;
        case 'check-plan':
          this.#post({ kind: 'ok', id, plan: checks.plan(message.thorough) });
          return;
        case 'check-start':
          checks.start(message.request, message.thorough);
          break;
        case 'check-stop':
          checks.stop();
          break;
        case 'check-clear':
          checks.clear();
          break;
        case 'check-open':
          this.#post({ kind: 'ok', id, run: await checks.open(message.check, message.trial) });
          return;
        case 'page-tab':
          await this.#options.openTab(message.tab, message.origin);
          break;
      }
      this.#post({ kind: 'ok', id });
    } catch (error) {
      if (error instanceof BridgeError) this.#fail(id, error.failure);
      else {
        this.#options.complain(message.kind, error);
        this.#fail(id, { code: 'start-failed', message: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  async #subscribe({ id, run, from }: Extract<ToBackground, { kind: 'subscribe' }>): Promise<void> {
    this.#following.set(run, undefined);
    let kept: KeptRun;
    try {
      kept = await this.#options.runs.open(run);
    } catch (error) {
      this.#following.delete(run);
      throw error;
    }
    this.#post({ kind: 'ok', id });
    // The panel may have lost interest meanwhile.
    if (!this.#following.has(run)) return;
    this.#following.set(run, { kept, cursor: Math.min(from, kept.count), busy: false });
    this.#flush(run, true);
  }

  async #watch({ tab, connection }: Extract<ToBackground, { kind: 'page-watch' }>): Promise<void> {
    await this.#options.sites.ready;
    this.#unwatch();
    this.#unwatch = this.#options.pages.watch(tab, {
      connection,
      page: (page) => this.#post({ kind: 'page', page }),
      whole: (whole) => this.#post({ kind: 'page-connection', tab, connection: whole }),
    });
  }

  #fail(id: number | undefined, error: BridgeFailure): void {
    this.#post({ kind: 'error', error, ...(id === undefined ? {} : { id }) });
  }

  #list(): void {
    this.#cancelList?.();
    this.#cancelList = undefined;
    const { runs } = this.#options;
    for (const run of [...this.#following.keys()]) if (!runs.has(run)) this.#following.delete(run);
    if (this.#greeted) this.#post({ kind: 'runs', runs: runs.list, deleted: runs.deleted });
  }

  #listLater(): void {
    this.#cancelList ??= this.#options.schedule(listMs, () => this.#list());
  }

  /**
   * Sends what the subscriber of a run lacks, a message in each turn of the event loop: a long run is no reason to let
   * the timers of another one wait. `always`: even if that is nothing, so that he gets a header.
   */
  #flush(run: string, always = false): void {
    const following = this.#following.get(run);
    if (following === undefined || following.busy) return;
    const { header, events, count, ended } = following.kept;
    const { cursor: from } = following;
    const end = Math.min(batchEnd(events, from), count);
    const last = ended && end === count;
    if (end > from || last || always) {
      this.#post({
        kind: 'events',
        run,
        header: encodeHeader(header),
        from,
        events: events.slice(from, end).map(encodeEvent),
        ended: last,
      });
    }
    following.cursor = end;
    // Nothing more will come; a repeated subscription sends again.
    if (last) this.#following.delete(run);
    if (end === count) return;
    following.busy = true;
    this.#options.schedule(0, () => {
      following.busy = false;
      if (this.#following.get(run) === following) this.#flush(run);
    });
  }
}
