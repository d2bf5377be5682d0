/**
 * The sweep: one at a time, run here so that it goes on when the panel is closed. Between two handshakes everybody has a
 * turn, so that a stop is heard before the next begins; a handshake over a network is stopped in its middle. Results are kept
 * as lines of a state file, traces of cells while the background lives.
 */
import { Hearers } from '../src/base/hearers.ts';
import {
  BridgeError,
  type BridgeFailure,
  type RunSummary,
  type SweepRequest,
  type SweepStatus,
} from '../src/bridge/panel.ts';
import type { Schedule } from '../src/bridge/port.ts';
import type { Credential } from '../src/crypto/keys.ts';
import type { CryptoProvider } from '../src/crypto/provider.ts';
import { stateHead, stateLine } from '../src/report/sweep/state.ts';
import type { Run } from '../src/run/api.ts';
import { readHandshakes, runSweep, type Shaken, sampleOf, shakeSimulated } from '../src/run/index.ts';
import {
  type CellResult,
  cellCount,
  cellName,
  formatTarget,
  isFileTree,
  readSweepFile,
  type Scenario,
  type SweepPlan,
} from '../src/scenario/index.ts';
import type { Trace, TraceEvent } from '../src/trace/model.ts';

export interface SweepsOptions {
  /** Starts a run that needs more than memory; rejects with a `BridgeError`. */
  readonly start: (scenario: Scenario) => Promise<Run>;
  readonly credentials: (scenario: Scenario) => Promise<readonly Credential[]>;
  readonly crypto: CryptoProvider;
  readonly schedule: Schedule;
  /** Keeps a trace as a run. */
  readonly keep: (name: string, trace: Trace) => Promise<RunSummary>;
  /** Called when handshakes begin to be made; the answer when that is over. */
  readonly busy: () => () => void;
  /** "dtlscope 0.1.0". */
  readonly tool: string;
  readonly complain: (what: string, error: unknown) => void;
}

/** The sweep that there is, for whoever shows it. */
export interface KeptSweep {
  readonly status: SweepStatus;
  readonly text: string;
  readonly head: string;
  readonly lines: readonly string[];
}

/** What traces of cells may take, so that a click can show one. Bytes of datagrams. */
const keptBytes = 16 * 1024 * 1024;

interface Sweep {
  readonly number: number;
  readonly text: string;
  readonly head: string;
  /** Not of one that comes from the store. */
  readonly plan: SweepPlan | undefined;
  readonly lines: string[];
  readonly results: Map<number, CellResult>;
  /** Of handshakes that can't be made again: one of each cell, the first that was not as expected if there is one. */
  readonly traces: Map<number, { readonly trace: Trace; readonly good: boolean; readonly bytes: number }>;
  status: SweepStatus;
  /** What goes on, or went on last: a stop is of this, whatever begins later. */
  turn: Turn;
}

interface Turn {
  stopped: boolean;
  readonly running: Set<Run>;
}

export class Sweeps {
  readonly #options: SweepsOptions;
  readonly #hearers = new Hearers();
  #sweep: Sweep | undefined;
  #lastNumber = 0;

  constructor(options: SweepsOptions) {
    this.#options = options;
  }

  get kept(): KeptSweep | undefined {
    return this.#sweep;
  }

  onChange(hear: () => void): () => void {
    return this.#hearers.add(hear);
  }

  /** Has a sweep of an earlier process to show. */
  restore({ status, text, head, lines }: KeptSweep): void {
    this.#lastNumber = Math.max(this.#lastNumber, status.number);
    this.#sweep = {
      ...{ number: status.number, status, text, head, plan: undefined, lines: [...lines] },
      ...{ results: new Map(), traces: new Map(), turn: { stopped: true, running: new Set() } },
    };
    this.#hearers.tell();
  }

  /** Throws a `BridgeError` when the file is not one that can be run. */
  start({ text, root, file, secrets, files }: SweepRequest): void {
    const tree: unknown = root;
    if (!isFileTree(tree)) throw failure({ code: 'bad-message', message: 'This is not the tree of a file.' });
    const read = readSweepFile(tree, {
      env: (name) => (Object.hasOwn(secrets, name) ? secrets[name] : undefined),
      // Options hold PEM texts here, not names of files.
      file: (path) => ({
        path: (Object.hasOwn(files, path) && files[path]) || path,
        found: Object.hasOwn(files, path),
      }),
    });
    if (!read.ok) {
      const problems = read.problems.map(({ at, what }) => ({ option: `${at.line}:${at.column}`, message: what }));
      const message = problems.map((problem) => `${problem.option} ${problem.message}`).join('\n');
      throw failure({ code: 'invalid-request', message, problems });
    }
    this.#end();
    const number = ++this.#lastNumber;
    const { plan } = read;
    this.#sweep = {
      number,
      text,
      head: stateHead({ index: 1, of: 1 }, file, plan.shape),
      plan,
      lines: [],
      results: new Map(),
      traces: new Map(),
      status: { number, state: 'running', handshakes: 0 },
      turn: { stopped: false, running: new Set() },
    };
    void this.#run(this.#sweep, plan);
  }

  stop(): void {
    this.#end();
  }

  /** Throws a `BridgeError` when there is nothing left to do. */
  resume(): void {
    const sweep = this.#sweep;
    if (sweep && !sweep.plan)
      throw failure({
        code: 'no-job',
        message:
          'The browser has ended the background since: run the sweep again, or go on with its state in a terminal.',
      });
    if (!sweep?.plan || sweep.status.state === 'running' || left(sweep, sweep.plan).length === 0)
      throw failure({ code: 'no-job', message: 'There is no sweep that could go on.' });
    void this.#run(sweep, sweep.plan);
  }

  clear(): void {
    this.#end();
    this.#sweep = undefined;
    this.#hearers.tell();
  }

  /** Puts a handshake of a cell of the sweep with this number on the list of runs. Rejects with a `BridgeError` when none was kept. */
  async open(number: number, cell: number): Promise<RunSummary> {
    const sweep = this.#sweep;
    if (sweep?.number !== number) throw failure({ code: 'no-job', message: 'This sweep is not here any more.' });
    const kept = sweep.traces.get(cell);
    const scenario = sweep.plan?.scenarios[cell - 1];
    if (!sweep.plan || !scenario || !kept)
      throw failure({ code: 'no-job', message: 'No handshake of this cell was kept.' });
    const target = scenario.target ? formatTarget(scenario.target) : '';
    return this.#options.keep(`${target}, ${cellName(sweep.plan.shape, cell)}`, kept.trace);
  }

  #end(): void {
    const sweep = this.#sweep;
    if (sweep?.status.state !== 'running') return;
    sweep.turn.stopped = true;
    for (const run of sweep.turn.running) run.stop();
    const { number, handshakes } = sweep.status;
    this.#change(sweep, { number, state: 'stopped', handshakes });
  }

  async #run(sweep: Sweep, plan: SweepPlan): Promise<void> {
    const { schedule, busy, complain } = this.#options;
    const turn: Turn = { stopped: false, running: new Set() };
    sweep.turn = turn;
    const over = busy();
    let handshakes = 0;
    const cells = left(sweep, plan);
    let at = 0;
    this.#change(sweep, { number: sweep.number, state: 'running', handshakes });
    try {
      await runSweep<Trace>({
        plan,
        cells,
        shake: (scenario) => this.#shake(sweep, plan, turn, scenario, cells[at] ?? 0),
        breathe: () => new Promise((resolve) => schedule(0, () => resolve())),
        stopped: () => turn.stopped,
        made: (progress) => {
          handshakes++;
          const { cell, made, of } = progress;
          if (turn.stopped) return;
          this.#change(sweep, { number: sweep.number, state: 'running', handshakes, at: { cell, made, of } });
        },
        done: (result) => {
          at++;
          sweep.results.set(result.cell, result);
          sweep.lines.push(stateLine(result).trimEnd());
          this.#hearers.tell();
        },
      });
      if (!turn.stopped) this.#change(sweep, { number: sweep.number, state: 'done', handshakes });
    } catch (error) {
      complain('a sweep could not go on', error);
      const why = error instanceof Error ? error.message : String(error);
      this.#change(sweep, { number: sweep.number, state: 'failed', handshakes, why });
    } finally {
      over();
    }
  }

  async #shake(
    sweep: Sweep,
    { expectation }: SweepPlan,
    turn: Turn,
    scenario: Scenario,
    cell: number,
  ): Promise<Shaken<Trace>> {
    const { crypto, tool, credentials, start } = this.#options;
    try {
      if (scenario.target?.kind === 'sim')
        return await shakeSimulated({ scenario, expectation, tool, crypto, credentials: () => credentials(scenario) });
      const run = await start(scenario);
      if (turn.stopped) run.stop();
      turn.running.add(run);
      const events: TraceEvent[] = [];
      run.subscribe((event) => events.push(event));
      await run.finished;
      turn.running.delete(run);
      const trace: Trace = { header: run.header, events };
      const sample = sampleOf(trace, readHandshakes(trace, crypto), scenario, expectation);
      keepOne(sweep, cell, trace, sample.unmet.length === 0);
      return { ok: true, sample, kept: trace };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const wrong =
        error instanceof RangeError || (error instanceof BridgeError && error.failure.code === 'invalid-request');
      return { ok: false, error: { kind: wrong ? 'usage' : 'infrastructure', message } };
    }
  }

  #change(sweep: Sweep, status: SweepStatus): void {
    sweep.status = status;
    if (this.#sweep === sweep) this.#hearers.tell();
  }
}

/** Cells that have no result yet; one that could not be run may be tried again. */
function left({ results }: Sweep, plan: SweepPlan): number[] {
  const cells = Array.from({ length: cellCount(plan.shape) }, (_, index) => index + 1);
  return cells.filter((cell) => (results.get(cell)?.error ?? null) !== null || !results.has(cell));
}

/** Keeps a trace of a cell: a bad one rather than a good one, and none when there are too many already. */
function keepOne(sweep: Sweep, cell: number, trace: Trace, good: boolean): void {
  const known = sweep.traces.get(cell);
  if (known && (good || !known.good)) return;
  const bytes = trace.events.reduce((sum, event) => sum + (event.kind === 'datagram' ? event.length : 0), 0);
  const all = [...sweep.traces.values()].reduce((sum, one) => sum + one.bytes, 0) - (known?.bytes ?? 0);
  if (all + bytes <= keptBytes) sweep.traces.set(cell, { trace, good, bytes });
}

const failure = (what: BridgeFailure): BridgeError => new BridgeError(what);
