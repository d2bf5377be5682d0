/**
 * The check of a peer: one at a time, run here so that it goes on when the panel is closed. What it would cost is asked for
 * before anything is sent. A stop ends the trial that goes on, and no further one begins. Trials that results point at are
 * kept while the background lives, so that a click can show them.
 */
import { Hearers } from '../src/base/hearers.ts';
import {
  BridgeError,
  type BridgeFailure,
  type CheckOutcome,
  type CheckPlan,
  type CheckStatus,
  type RunRequest,
  type RunSummary,
} from '../src/bridge/panel.ts';
import type { Schedule } from '../src/bridge/port.ts';
import type { Credential } from '../src/crypto/keys.ts';
import type { CryptoProvider } from '../src/crypto/provider.ts';
import { rowOf } from '../src/report/check/table.ts';
import type { Run } from '../src/run/api.ts';
import {
  type CheckEvent,
  type Checking,
  type CheckResult,
  checkGroups,
  checks,
  costOfAll,
  type Ground,
  simulatedGround,
  startChecking,
  type Table,
  type Trial,
} from '../src/run/check/index.ts';
import { describeProblem, formatTarget, readForm, type Scenario } from '../src/scenario/index.ts';
import type { Trace } from '../src/trace/model.ts';

export interface ChecksOptions {
  /** Starts a run over a network; rejects with a `BridgeError`. */
  readonly start: (trial: Trial) => Promise<Run>;
  readonly credentials: (options: Scenario['options']) => Promise<readonly Credential[]>;
  readonly crypto: CryptoProvider;
  readonly schedule: Schedule;
  /** Monotonic. ms */
  readonly now: () => number;
  /** Keeps a trace as a run. */
  readonly keep: (name: string, trace: Trace) => Promise<RunSummary>;
  /** Called when trials begin to be made; the answer when that is over. */
  readonly busy: () => () => void;
  /** "dtlscope 0.1.0". */
  readonly tool: string;
  readonly complain: (what: string, error: unknown) => void;
  /** All of them, unless a test asks for fewer. */
  readonly table?: Table;
}

/** The check that there is, for whoever shows it. */
export interface KeptCheck {
  readonly status: CheckStatus;
  readonly results: readonly CheckOutcome[];
}

/** What kept trials may take. Bytes of datagrams. */
const keptBytes = 16 * 1024 * 1024;

interface Job {
  status: CheckStatus;
  readonly results: CheckOutcome[];
  readonly trials: Map<number, { readonly what: string; readonly trace: Trace }>;
  bytes: number;
  checking: Checking | undefined;
}

export class Checks {
  readonly #options: ChecksOptions;
  readonly #hearers = new Hearers();
  #job: Job | undefined;
  #lastNumber = 0;

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  get kept(): KeptCheck | undefined {
    return this.#job;
  }

  onChange(hear: () => void): () => void {
    return this.#hearers.add(hear);
  }

  /** Has a check of an earlier process to show. */
  restore({ status, results }: KeptCheck): void {
    this.#lastNumber = Math.max(this.#lastNumber, status.number);
    this.#job = { status, results: [...results], trials: new Map(), bytes: 0, checking: undefined };
    this.#hearers.tell();
  }

  plan(thorough: boolean): CheckPlan {
    const table = this.#table;
    return {
      cost: costOfAll(table, thorough),
      checks: table.map(({ id, group, title, demand, how }) => ({
        ...{ id, title, demand, how },
        section: checkGroups[group],
      })),
    };
  }

  /** Throws a `BridgeError` that names the options which are wrong. */
  start(request: RunRequest, thorough: boolean): void {
    const scenario = this.#scenario(request);
    this.stop();
    const number = ++this.#lastNumber;
    const job: Job = {
      status: {
        ...{ number, thorough, state: 'running', target: scenario.target ? formatTarget(scenario.target) : '' },
        spent: { handshakes: 0, datagrams: 0, bytes: 0, seconds: 0 },
      },
      results: [],
      trials: new Map(),
      bytes: 0,
      checking: undefined,
    };
    this.#job = job;
    void this.#run(job, scenario, thorough);
  }

  stop(): void {
    const job = this.#job;
    if (job?.status.state !== 'running') return;
    job.checking?.stop();
    const { at: _, ...status } = job.status;
    this.#change(job, { ...status, state: 'stopped' });
  }

  clear(): void {
    this.stop();
    this.#job = undefined;
    this.#hearers.tell();
  }

  /** Puts a trial of the check with this number on the list of runs. Rejects with a `BridgeError` when it was not kept. */
  async open(number: number, trial: number): Promise<RunSummary> {
    const job = this.#job;
    if (job?.status.number !== number) throw failure({ code: 'no-job', message: 'This check is not here any more.' });
    const kept = job.trials.get(trial);
    if (!kept) throw failure({ code: 'no-job', message: 'This trial was not kept.' });
    return this.#options.keep(`${job.status.target}: ${kept.what}`, kept.trace);
  }

  get #table(): Table {
    return this.#options.table ?? checks;
  }

  #scenario(request: RunRequest): Scenario {
    const read = readForm('probe', request.target, request.options);
    const problems = read.ok
      ? whyNot(read.value).map((message) => ({ option: 'TARGET', message }))
      : read.problems.map((problem) => ({ option: problem.where, message: describeProblem(problem) }));
    if (read.ok && problems.length === 0) return read.value;
    const message = problems.map((problem) => problem.message).join('\n');
    throw failure({ code: 'invalid-request', message, problems });
  }

  async #run(job: Job, scenario: Scenario, thorough: boolean): Promise<void> {
    const { busy, complain } = this.#options;
    const over = busy();
    try {
      const checking = startChecking({
        ...{ scenario, thorough, ground: this.#ground(scenario), checks: this.#table },
        hear: (event) => this.#hear(job, event),
      });
      job.checking = checking;
      const { ended, reached, version } = await checking.finished;
      const { at: _, ...status } = job.status;
      const state = ended === 'nobody-there' ? 'nobody' : ended;
      this.#change(job, {
        ...{ ...status, reached, state: status.state === 'running' ? state : status.state },
        ...(version === undefined ? {} : { version }),
      });
    } catch (error) {
      if (!(error instanceof BridgeError)) complain('a check could not go on', error);
      const { at: _, ...status } = job.status;
      const why = error instanceof Error ? error.message : String(error);
      this.#change(job, { ...status, state: 'failed', why });
    } finally {
      over();
    }
  }

  #ground(scenario: Scenario): Ground {
    const { crypto, tool, credentials, schedule, start, now } = this.#options;
    const breathe = (): Promise<void> => new Promise((resolve) => schedule(0, () => resolve()));
    if (scenario.target?.kind === 'sim') return simulatedGround({ scenario, tool, crypto, credentials, breathe });
    return {
      ...{ crypto, now, start },
      end: ({ finished }) => finished,
      pause: (ms) => new Promise((resolve) => schedule(ms, () => resolve())),
    };
  }

  #hear(job: Job, event: CheckEvent): void {
    const { status } = job;
    const running = status.state === 'running';
    switch (event.kind) {
      case 'reaching':
        if (running) this.#change(job, { ...status, at: { title: `reaching it: ${event.what}`, number: 0, of: 0 } });
        return;
      case 'began': {
        const { check, number, of } = event;
        if (running) this.#change(job, { ...status, at: { title: check.title, number, of } });
        return;
      }
      case 'made':
        this.#change(job, { ...status, spent: event.spent });
        return;
      case 'result':
        job.results.push(rowOf(event.result));
        for (const { made } of event.result.shown) keepTrial(job, made);
        this.#hearers.tell();
        return;
    }
  }

  #change(job: Job, status: CheckStatus): void {
    job.status = status;
    if (this.#job === job) this.#hearers.tell();
  }
}

/** Why a target can't be checked here. */
function whyNot({ target, options }: Scenario): string[] {
  if (target?.kind === 'browser' || target?.kind === 'page' || target?.kind === 'sdp')
    return ['A check makes many handshakes, which needs HOST:PORT, whip:, whep: or sim.'];
  return options.role === 'server' ? ['The checks are those of a server: our role has to be client.'] : [];
}

function keepTrial(job: Job, { number, what, trace }: CheckResult['shown'][number]['made']): void {
  if (job.trials.has(number)) return;
  const bytes = trace.events.reduce((sum, event) => sum + (event.kind === 'datagram' ? event.length : 0), 0);
  if (job.bytes + bytes > keptBytes) return;
  job.bytes += bytes;
  job.trials.set(number, { what, trace });
}

const failure = (what: BridgeFailure): BridgeError => new BridgeError(what);
