/**
 * The panel's end of the panel protocol: requests as promises, runs followed from where the last connection broke off.
 * Chromium may stop and restart the background, and an update replaces it: the client connects again by itself, and what
 * is followed goes on without a gap or a repeat.
 */
import { Hearers } from '../base/hearers.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { batchEnd, decodeEvent, decodeHeader, encodeEvent, encodeHeader } from './events.ts';
import type { PageConnection, PageState } from './page.ts';
import {
  type BackgroundNotice,
  BridgeError,
  type BridgeFailure,
  type CheckOutcome,
  type CheckPlan,
  type CheckStatus,
  type FromBackground,
  type HelperStatus,
  panelPingMs,
  panelProtocol,
  type RunReading,
  type RunRequest,
  type RunSummary,
  type SweepRequest,
  type SweepStatus,
  type ToBackground,
} from './panel.ts';
import { parseFromBackground } from './parse.ts';
import type { Port, Schedule } from './port.ts';

export interface ClientState {
  /** `incompatible`: the background is of another version; reloading the panel mends it. */
  readonly link: 'connecting' | 'connected' | 'incompatible';
  /** The background's version, once it greeted. */
  readonly background: string | undefined;
  readonly helper: HelperStatus;
  readonly runs: readonly RunSummary[];
  /** How many runs `undoDelete` would bring back. */
  readonly deleted: number;
  readonly sweep: SweepNews | undefined;
  readonly check: CheckNews | undefined;
}

/** The background's check: how it is, and its results so far. */
export interface CheckNews {
  readonly status: CheckStatus;
  readonly results: readonly CheckOutcome[];
}

/** The background's sweep: how it is, its file, and its results as lines of a state file. */
export interface SweepNews {
  readonly status: SweepStatus;
  readonly text: string;
  readonly head: string;
  readonly lines: readonly string[];
}

export interface RunBatch {
  readonly header: TraceHeader;
  /** Index of the first event of this batch. */
  readonly from: number;
  readonly events: readonly TraceEvent[];
  readonly ended: boolean;
}

/** How a follow can end early: the run is gone (deleted, or the background that held it was stopped). */
export type Unfollowed = (failure: BridgeFailure) => void;

export interface BackgroundClient {
  readonly state: ClientState;
  /** Calls back at every change of `state`. The answer stops the calls. */
  onChange(hear: () => void): () => void;
  /** Calls back with what the user should know of kept runs. The answer stops the calls. */
  onNotice(hear: (notice: BackgroundNotice) => void): () => void;
  /** Reaches for the helper (again) and resolves with how that went. */
  checkHelper(): Promise<HelperStatus>;
  /** Starts a run; rejects with a `BridgeError` that names the options which are wrong. */
  start(request: RunRequest): Promise<RunSummary>;
  /** Gives a run of `sdp:` the peer's answer to its offer. */
  answer(run: string, sdp: string): Promise<void>;
  stop(run: string): Promise<void>;
  delete(run: string): Promise<void>;
  deleteAll(): Promise<void>;
  /** Brings back what the last deletion took, of this panel or another. */
  undoDelete(): Promise<void>;
  /**
   * Keeps a file that was opened here as the background keeps runs. `reading`: what was read of it already. Rejects with
   * a `BridgeError`: `too-large`, or `disconnected` when the background went away in the middle, which keeps nothing.
   */
  keep(file: string, trace: Trace, reading?: RunReading): Promise<RunSummary>;
  /** All events of a run in batches, without gap or repeat, from index `from` (0: from the start). The answer stops them. */
  follow(run: string, hear: (batch: RunBatch) => void, unfollowed?: Unfollowed, from?: number): () => void;
  /**
   * Calls back with what is known of a tab's page, and of one of its connections, now and whenever it changes; one tab at a
   * time. The answer stops the calls.
   */
  watchPage(tab: number, connection: string | undefined, hear: (news: PageNews) => void): () => void;
  /** Watches a site's pages from their next load on; rejects with `not-permitted` unless the browser was asked before. */
  armSite(origin: string): Promise<void>;
  disarmSite(origin: string): Promise<void>;
  /** The user's word that a stand-in may send to these destinations. */
  allow(session: string, destinations: readonly string[]): Promise<void>;
  /** Ends a stand-in. */
  stopStandIn(session: string): Promise<void>;
  /** Runs a sweep in the background; rejects with a `BridgeError` that has its problems. */
  startSweep(sweep: SweepRequest): Promise<void>;
  stopSweep(): Promise<void>;
  resumeSweep(): Promise<void>;
  clearSweep(): Promise<void>;
  /** Puts a handshake of a cell on the list of runs: one over a network, which can't be made again. */
  openSweepCell(sweep: number, cell: number): Promise<RunSummary>;
  /** What a check would try, and cost at most; nothing is sent. */
  planCheck(thorough: boolean): Promise<CheckPlan>;
  /** Checks a peer; rejects with a `BridgeError` that names the options which are wrong. */
  startCheck(request: RunRequest, thorough: boolean): Promise<void>;
  stopCheck(): Promise<void>;
  clearCheck(): Promise<void>;
  /** Puts a trial on the list of runs. */
  openTrial(check: number, trial: number): Promise<RunSummary>;
  /** Opens the panel as a tab, where every browser lets it ask for permissions. */
  openAsTab(tab: number, origin: string): Promise<void>;
  close(): void;
}

/** One of both. */
export type PageNews = { readonly page: PageState } | { readonly connection: PageConnection };

export interface ClientOptions {
  /** Opens a port named `panelPortName`; throws when the extension was removed or updated under the panel. */
  readonly connect: () => Port;
  readonly schedule: Schedule;
  readonly version: string;
}

/** A request without the id that the client gives it. */
type Request = ToBackground extends infer M ? (M extends { readonly id: number } ? Omit<M, 'id'> : never) : never;
type Reply = Extract<FromBackground, { kind: 'ok' }>;
interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: BridgeError) => void;
}
interface Following {
  readonly run: string;
  readonly hear: (batch: RunBatch) => void;
  readonly unfollowed: Unfollowed;
  next: number;
}

const reconnectMs = [100, 300, 1000, 3000] as const;
const lostConnection: BridgeFailure = {
  code: 'disconnected',
  message: 'The connection to the extension’s background broke; try again.',
};

/** Connects a panel to the background and keeps it connected. */
export function openBackground(options: ClientOptions): BackgroundClient {
  return new Client(options);
}

class Client implements BackgroundClient {
  readonly #options: ClientOptions;
  #state: ClientState = {
    link: 'connecting',
    background: undefined,
    helper: { kind: 'unknown' },
    runs: [],
    deleted: 0,
    sweep: undefined,
    check: undefined,
  };
  readonly #hearers = new Hearers();
  readonly #noticeHearers = new Hearers<[BackgroundNotice]>();
  readonly #pending = new Map<number, Pending>();
  readonly #following = new Map<string, Set<Following>>();
  #watching: { tab: number; connection: string | undefined; hear: (news: PageNews) => void } | undefined;
  #port: Port | undefined;
  #nextId = 1;
  #nextTransfer = 1;
  #tries = 0;
  #closed = false;
  #cancelTimer: () => void = () => {};

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connect();
  }

  get state(): ClientState {
    return this.#state;
  }

  onChange(hear: () => void): () => void {
    return this.#hearers.add(hear);
  }

  onNotice(hear: (notice: BackgroundNotice) => void): () => void {
    return this.#noticeHearers.add(hear);
  }

  async checkHelper(): Promise<HelperStatus> {
    const { helper } = await this.#request({ kind: 'check-helper' });
    return helper ?? this.#state.helper;
  }

  async start(request: RunRequest): Promise<RunSummary> {
    return named(await this.#request({ kind: 'start', request }));
  }

  async answer(run: string, sdp: string): Promise<void> {
    await this.#request({ kind: 'answer', run, sdp });
  }

  async stop(run: string): Promise<void> {
    await this.#request({ kind: 'stop', run });
  }

  async delete(run: string): Promise<void> {
    await this.#request({ kind: 'delete', run });
  }

  async deleteAll(): Promise<void> {
    await this.#request({ kind: 'delete-all' });
  }

  async undoDelete(): Promise<void> {
    await this.#request({ kind: 'undo-delete' });
  }

  async keep(file: string, { header, events }: Trace, reading?: RunReading): Promise<RunSummary> {
    const part = { kind: 'import', transfer: this.#nextTransfer++, file, header: encodeHeader(header) } as const;
    for (let from = 0; ; ) {
      const end = batchEnd(events, from);
      const last = end === events.length;
      const reply = await this.#request({
        ...part,
        from,
        events: events.slice(from, end).map(encodeEvent),
        last,
        ...(last && reading !== undefined ? { reading } : {}),
      });
      if (last) return named(reply);
      from = end;
    }
  }

  follow(run: string, hear: (batch: RunBatch) => void, unfollowed: Unfollowed = () => {}, from = 0): () => void {
    const following: Following = { run, hear, unfollowed, next: from };
    const all = this.#following.get(run) ?? new Set();
    this.#following.set(run, all.add(following));
    this.#subscribe(run);
    return () => {
      if (!all.delete(following) || all.size > 0 || this.#following.get(run) !== all) return;
      this.#following.delete(run);
      if (this.#connected) this.#request({ kind: 'unsubscribe', run }).catch(() => {});
    };
  }

  watchPage(tab: number, connection: string | undefined, hear: (news: PageNews) => void): () => void {
    const watching = { tab, connection, hear };
    this.#watching = watching;
    this.#watch();
    return () => {
      if (this.#watching !== watching) return;
      this.#watching = undefined;
      if (this.#connected) this.#request({ kind: 'page-unwatch' }).catch(() => {});
    };
  }

  async armSite(origin: string): Promise<void> {
    await this.#request({ kind: 'page-arm', origin });
  }

  async disarmSite(origin: string): Promise<void> {
    await this.#request({ kind: 'page-disarm', origin });
  }

  async allow(session: string, destinations: readonly string[]): Promise<void> {
    await this.#request({ kind: 'page-allow', session, destinations });
  }

  async stopStandIn(session: string): Promise<void> {
    await this.#request({ kind: 'page-stop', session });
  }

  async startSweep(sweep: SweepRequest): Promise<void> {
    await this.#request({ kind: 'sweep-start', sweep });
  }

  async stopSweep(): Promise<void> {
    await this.#request({ kind: 'sweep-stop' });
  }

  async resumeSweep(): Promise<void> {
    await this.#request({ kind: 'sweep-resume' });
  }

  async clearSweep(): Promise<void> {
    await this.#request({ kind: 'sweep-clear' });
  }

  async openSweepCell(sweep: number, cell: number): Promise<RunSummary> {
    return named(await this.#request({ kind: 'sweep-open', sweep, cell }));
  }

  async planCheck(thorough: boolean): Promise<CheckPlan> {
    const { plan } = await this.#request({ kind: 'check-plan', thorough });
    if (plan === undefined) throw new BridgeError({ code: 'bad-message', message: 'The background has no plan.' });
    return plan;
  }

  async startCheck(request: RunRequest, thorough: boolean): Promise<void> {
    await this.#request({ kind: 'check-start', request, thorough });
  }

  async stopCheck(): Promise<void> {
    await this.#request({ kind: 'check-stop' });
  }

  async clearCheck(): Promise<void> {
    await this.#request({ kind: 'check-clear' });
  }

  async openTrial(check: number, trial: number): Promise<RunSummary> {
    return named(await this.#request({ kind: 'check-open', check, trial }));
  }

  async openAsTab(tab: number, origin: string): Promise<void> {
    await this.#request({ kind: 'page-tab', tab, origin });
  }

  /** Again after each new connection. */
  #watch(): void {
    if (!this.#connected || this.#watching === undefined) return;
    const { tab, connection } = this.#watching;
    this.#request({ kind: 'page-watch', tab, ...(connection === undefined ? {} : { connection }) }).catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#port?.disconnect();
    this.#port = undefined;
    this.#rejectAll();
  }

  get #connected(): boolean {
    return this.#state.link === 'connected';
  }

  #connect(): void {
    if (this.#closed) return;
    let port: Port;
    try {
      port = this.#options.connect();
    } catch {
      this.#retryLater();
      return;
    }
    this.#port = port;
    port.onMessage((message) => this.#port === port && this.#hear(message));
    port.onDisconnect(() => this.#port === port && this.#lost());
    this.#post({ kind: 'hello', protocol: panelProtocol, panel: this.#options.version });
    this.#pingLater();
  }

  #lost(): void {
    this.#port = undefined;
    this.#cancelTimer();
    this.#rejectAll();
    if (this.#state.link === 'incompatible') return;
    this.#change({ link: 'connecting' });
    this.#retryLater();
  }

  #retryLater(): void {
    const ms = reconnectMs[Math.min(this.#tries, reconnectMs.length - 1)] ?? 3000;
    this.#tries += 1;
    this.#cancelTimer = this.#options.schedule(ms, () => this.#connect());
  }

  /** A message every 20 s keeps Chromium's worker alive, and finds out about a port that died silently. */
  #pingLater(): void {
    this.#cancelTimer = this.#options.schedule(panelPingMs, () => {
      if (this.#port === undefined) return;
      this.#post({ kind: 'ping' });
      if (this.#port !== undefined) this.#pingLater();
    });
  }

  #post(message: ToBackground): void {
    try {
      this.#port?.post(message);
    } catch {
      this.#lost();
    }
  }

  #request(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (!this.#connected) {
        reject(new BridgeError(lostConnection));
        return;
      }
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#post({ ...request, id } as ToBackground);
    });
  }

  #rejectAll(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new BridgeError(lostConnection));
  }

  /** Asks for a run's events from the first one that one of its followers lacks. */
  #subscribe(run: string): void {
    const all = this.#following.get(run);
    if (!this.#connected || all === undefined) return;
    const from = Math.min(...[...all].map(({ next }) => next));
    this.#request({ kind: 'subscribe', run, from }).catch((error: unknown) => {
      // Disconnected: the next connection subscribes again.
      if (!(error instanceof BridgeError) || error.failure.code === 'disconnected') return;
      if (this.#following.get(run) === all) this.#following.delete(run);
      for (const { unfollowed } of all) unfollowed(error.failure);
    });
  }

  #hear(value: unknown): void {
    const parsed = parseFromBackground(value);
    // A message that is not of the protocol: only another version sends one, and `hello` has settled that.
    if (!parsed.ok) return;
    const message = parsed.message;
    switch (message.kind) {
      case 'hello': {
        const compatible = message.protocol.major === panelProtocol.major;
        this.#tries = 0;
        this.#change({
          link: compatible ? 'connected' : 'incompatible',
          background: message.background,
          helper: message.helper,
          runs: message.runs,
          deleted: message.deleted,
          // Told behind the greeting, if there is one.
          sweep: undefined,
          check: undefined,
        });
        for (const run of this.#following.keys()) this.#subscribe(run);
        this.#watch();
        return;
      }
      case 'ok':
        if (message.helper !== undefined) this.#change({ helper: message.helper });
        this.#settle(message.id)?.resolve(message);
        return;
      case 'error':
        if (message.error.code === 'protocol-mismatch') this.#change({ link: 'incompatible' });
        if (message.id !== undefined) this.#settle(message.id)?.reject(new BridgeError(message.error));
        return;
      case 'helper':
        this.#change({ helper: message.helper });
        return;
      case 'runs':
        this.#change({ runs: message.runs, deleted: message.deleted });
        return;
      case 'notice':
        this.#noticeHearers.tell(message.notice);
        return;
      case 'events':
        this.#deliver(message);
        return;
      case 'sweep':
        this.#sweep(message);
        return;
      case 'check':
        this.#check(message);
        return;
      case 'page':
        if (message.page.tab === this.#watching?.tab) this.#watching.hear({ page: message.page });
        return;
      case 'page-connection':
        if (message.tab === this.#watching?.tab) this.#watching.hear({ connection: message.connection });
        return;
    }
  }

  #sweep({ sweep: status, plan, from, lines }: Extract<FromBackground, { kind: 'sweep' }>): void {
    const { sweep: known } = this.#state;
    if (status === null) this.#change({ sweep: undefined });
    else if (plan) this.#change({ sweep: { status, ...plan, lines } });
    // What would leave a hole is of a connection that is over; the next one begins anew.
    else if (known?.status.number === status.number && known.lines.length === from)
      this.#change({
        sweep: { ...known, status, lines: lines.length === 0 ? known.lines : [...known.lines, ...lines] },
      });
  }

  #check({ check: status, from, results }: Extract<FromBackground, { kind: 'check' }>): void {
    const { check: known } = this.#state;
    if (status === null) this.#change({ check: undefined });
    else if (from === 0) this.#change({ check: { status, results } });
    else if (known?.status.number === status.number && known.results.length === from)
      this.#change({ check: { status, results: [...known.results, ...results] } });
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #deliver(message: Extract<FromBackground, { kind: 'events' }>): void {
    const header = decodeHeader(message.header);
    if (header === undefined) return;
    const events: TraceEvent[] = [];
    for (const json of message.events) {
      const event = decodeEvent(json);
      // Skipping one would shift all indexes after it; what was heard so far stays.
      if (event === undefined) return;
      events.push(event);
    }
    const end = message.from + events.length;
    for (const following of [...(this.#following.get(message.run) ?? [])]) {
      // A repeat for this follower (another one asked from further back), or a gap that a subscription will fill.
      if (message.from > following.next || (end <= following.next && !message.ended)) continue;
      const fresh = events.slice(following.next - message.from);
      const from = following.next;
      following.next = Math.max(end, from);
      following.hear({ header, from, events: fresh, ended: message.ended });
    }
  }

  #change(part: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...part };
    this.#hearers.tell();
  }
}

function named({ run }: Reply): RunSummary {
  if (run === undefined) throw new BridgeError({ code: 'bad-message', message: 'The background named no run.' });
  return run;
}
