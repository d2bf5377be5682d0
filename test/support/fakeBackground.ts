/**
 * A background without a browser: the panel's client interface over plain data, for tests of the store and for looking at
 * the panel. It does what it is told, at once.
 */
import type {
  BackgroundClient,
  CheckNews,
  ClientState,
  PageNews,
  RunBatch,
  SweepNews,
  Unfollowed,
} from '../../src/bridge/client.ts';
import type { PageConnection, PageState } from '../../src/bridge/page.ts';
import {
  type BackgroundNotice,
  BridgeError,
  type BridgeFailure,
  type CheckPlan,
  type HelperStatus,
  type RunReading,
  type RunRequest,
  type RunSummary,
  type SweepRequest,
} from '../../src/bridge/panel.ts';
import type { Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';

export const readyHelper: HelperStatus = {
  kind: 'ready',
  version: '0.1.0',
  protocol: { major: 1, minor: 0 },
  capabilities: [],
  platform: 'linux',
  limits: {
    datagramBytes: 65_507,
    sockets: 8,
    unansweredDatagrams: 64,
    unansweredBytes: 65_536,
    datagramsPerSecond: 2000,
  },
};

export const headerOf = (title: string): TraceHeader => ({
  tool: 'dtlscope test',
  kind: 'run',
  startedAt: 1_700_000_000_000,
  title,
  localRole: 'client',
  commandLine: undefined,
});

const fakePlan: CheckPlan = {
  cost: { handshakes: 96, datagrams: 2400, seconds: 240 },
  checks: [
    {
      ...{ id: 'retransmits', section: 'Timers and repetition', demand: 'MUST' },
      ...{ title: 'it repeats its flight by itself', how: 'its whole flight is dropped once' },
    },
    {
      ...{ id: 'cookie-asked', section: 'Cookies', demand: 'SHOULD' },
      ...{ title: 'it asks for a cookie', how: 'a ClientHello without one' },
    },
  ],
};

interface FakeRun {
  summary: RunSummary;
  readonly header: TraceHeader;
  readonly events: TraceEvent[];
}

export class FakeBackground implements BackgroundClient {
  #state: ClientState = {
    link: 'connected',
    background: 'test',
    helper: readyHelper,
    runs: [],
    deleted: 0,
    sweep: undefined,
    check: undefined,
  };
  readonly #hearers = new Set<() => void>();
  readonly #noticeHearers = new Set<(notice: BackgroundNotice) => void>();
  readonly #runs = new Map<string, FakeRun>();
  /** What the last deletion took. */
  #deleted: readonly (readonly [string, FakeRun])[] = [];
  readonly #follows = new Map<string, { hear: (batch: RunBatch) => void; unfollowed: Unfollowed }>();
  #watching: { readonly connection: string | undefined; readonly hear: (news: PageNews) => void } | undefined;
  #page: { readonly page: PageState; readonly connections: readonly PageConnection[] } | undefined;
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  readonly requests: RunRequest[] = [];
  /** The next request of any kind fails with this. */
  failNext: BridgeFailure | undefined;

  get state(): ClientState {
    return this.#state;
  }

  onChange(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  onNotice(hear: (notice: BackgroundNotice) => void): () => void {
    this.#noticeHearers.add(hear);
    return () => this.#noticeHearers.delete(hear);
  }

  async checkHelper(): Promise<HelperStatus> {
    this.#ask('check-helper');
    return this.#state.helper;
  }

  async start(request: RunRequest): Promise<RunSummary> {
    this.#ask(`start ${request.target}`);
    this.requests.push(request);
    const number = this.#runs.size + 1;
    return this.addRun(`run-${number}`, request);
  }

  async answer(run: string, sdp: string): Promise<void> {
    this.#ask(`answer ${run} ${sdp.length}`);
    const known = this.#runs.get(run);
    if (known?.summary.ours) known.summary = { ...known.summary, ours: { ...known.summary.ours, waits: false } };
    this.#change({});
  }

  async stop(run: string): Promise<void> {
    this.#ask(`stop ${run}`);
    this.tell(run, [{ kind: 'end', at: 1, how: 'cancelled', why: undefined }], true);
  }

  async delete(run: string): Promise<void> {
    this.#ask(`delete ${run}`);
    this.#delete([run]);
  }

  async deleteAll(): Promise<void> {
    this.#ask('delete-all');
    this.#delete([...this.#runs.keys()]);
  }

  async undoDelete(): Promise<void> {
    this.#ask('undo-delete');
    for (const [id, run] of this.#deleted) this.#runs.set(id, run);
    this.#deleted = [];
    this.#change({});
  }

  async keep(file: string, { header, events }: Trace, reading: RunReading = {}): Promise<RunSummary> {
    this.#ask(`keep ${file}`);
    const id = `file-${this.#runs.size + 1}`;
    const more = { ...reading, file, state: 'ended', events: events.length } as const;
    const summary = this.addRun(id, { target: file, options: {} }, more, header);
    this.#runs.get(id)?.events.push(...events);
    return summary;
  }

  follow(run: string, hear: (batch: RunBatch) => void, unfollowed: Unfollowed = () => {}, from = 0): () => void {
    this.asked.push(`follow ${run} from ${from}`);
    this.#follows.set(run, { hear, unfollowed });
    const known = this.#runs.get(run);
    if (known)
      hear({
        header: known.header,
        from,
        events: known.events.slice(from),
        ended: known.summary.state === 'ended',
      });
    return () => this.#follows.delete(run);
  }

  watchPage(tab: number, connection: string | undefined, hear: (news: PageNews) => void): () => void {
    this.asked.push(`watch ${tab} ${connection ?? 'all'}`);
    this.#watching = { connection, hear };
    this.#tellPage();
    return () => {
      if (this.#watching?.hear === hear) this.#watching = undefined;
    };
  }

  async armSite(origin: string): Promise<void> {
    this.#ask(`arm ${origin}`);
  }

  async disarmSite(origin: string): Promise<void> {
    this.#ask(`disarm ${origin}`);
  }

  async allow(_session: string, destinations: readonly string[]): Promise<void> {
    this.#ask(`allow ${destinations.join(' ')}`);
  }

  async stopStandIn(): Promise<void> {
    this.#ask('stop stand-in');
  }

  async startSweep({ file }: SweepRequest): Promise<void> {
    this.#ask(`start sweep ${file}`);
  }

  async stopSweep(): Promise<void> {
    this.#ask('stop sweep');
    const { sweep } = this.#state;
    if (sweep) this.setSweep({ ...sweep, status: { ...sweep.status, state: 'stopped' } });
  }

  async resumeSweep(): Promise<void> {
    this.#ask('resume sweep');
  }

  async clearSweep(): Promise<void> {
    this.#ask('clear sweep');
    this.setSweep(undefined);
  }

  async openSweepCell(_sweep: number, cell: number): Promise<RunSummary> {
    this.#ask(`open cell ${cell}`);
    return this.addRun(`cell-${cell}`, { target: `cell ${cell}`, options: {} }, { state: 'ended' });
  }

  async planCheck(thorough: boolean): Promise<CheckPlan> {
    this.asked.push(`plan check ${thorough}`);
    return fakePlan;
  }

  async startCheck(request: RunRequest): Promise<void> {
    this.#ask(`start check ${request.target}`);
    this.requests.push(request);
  }

  async stopCheck(): Promise<void> {
    this.#ask('stop check');
    const { check } = this.#state;
    if (check) this.setCheck({ ...check, status: { ...check.status, state: 'stopped' } });
  }

  async clearCheck(): Promise<void> {
    this.#ask('clear check');
    this.setCheck(undefined);
  }

  async openTrial(_check: number, trial: number): Promise<RunSummary> {
    this.#ask(`open trial ${trial}`);
    return this.addRun(`trial-${trial}`, { target: `trial ${trial}`, options: {} }, { state: 'ended' });
  }

  async openAsTab(tab: number, origin: string): Promise<void> {
    this.#ask(`open tab ${tab} ${origin}`);
  }

  close(): void {}

  // What a test does to it.

  addRun(id: string, request: RunRequest, more: Partial<RunSummary> = {}, header = headerOf(id)): RunSummary {
    const number = this.#runs.size + 1;
    const summary: RunSummary = {
      id,
      number,
      startedAt: 1_700_000_000_000 + number * 61_000,
      request,
      state: 'running',
      events: 0,
      ...more,
    };
    this.#runs.set(id, { summary, header, events: [] });
    this.#change({});
    return summary;
  }

  /** Events of a run, sent on to whoever follows it. */
  tell(id: string, events: readonly TraceEvent[], ended = false): void {
    const run = this.#runs.get(id);
    if (!run) throw new Error(`no run ${id}`);
    const from = run.events.length;
    run.events.push(...events);
    run.summary = { ...run.summary, events: run.events.length, state: ended ? 'ended' : run.summary.state };
    this.#follows.get(id)?.hear({ header: run.header, from, events, ended });
    this.#change({});
  }

  /** The background is stopped by the browser, and comes back empty. */
  restart(): void {
    this.#change({ link: 'connecting' });
    this.#runs.clear();
    this.#change({ link: 'connected' });
    const lost: BridgeFailure = { code: 'unknown-run', message: 'There is no such run.' };
    for (const { unfollowed } of [...this.#follows.values()]) unfollowed(lost);
  }

  notice(notice: BackgroundNotice): void {
    for (const hear of [...this.#noticeHearers]) hear(notice);
  }

  /** What the inspected page is now, and its connections in full. */
  setPage(page: PageState, connections: readonly PageConnection[] = []): void {
    this.#page = { page, connections };
    this.#tellPage();
  }

  #tellPage(): void {
    if (!this.#watching || !this.#page) return;
    const { connection, hear } = this.#watching;
    hear({ page: this.#page.page });
    const whole = this.#page.connections.find(({ id }) => id === connection);
    if (whole) hear({ connection: whole });
  }

  setSweep(sweep: SweepNews | undefined): void {
    this.#change({ sweep });
  }

  setCheck(check: CheckNews | undefined): void {
    this.#change({ check });
  }

  setHelper(helper: HelperStatus): void {
    this.#change({ helper });
  }

  #ask(what: string): void {
    this.asked.push(what);
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure) throw new BridgeError(failure);
  }

  #delete(runs: readonly string[]): void {
    this.#deleted = [...this.#runs].filter(([id]) => runs.includes(id));
    for (const id of runs) this.#runs.delete(id);
    this.#change({});
  }

  #change(part: Partial<ClientState>): void {
    const runs = [...this.#runs.values()].map(({ summary }) => summary);
    this.#state = { ...this.#state, ...part, runs, deleted: this.#deleted.length };
    for (const hear of [...this.#hearers]) hear();
  }
}
