/**
 * A whole check of a peer: reaching it, then the checks one after another, each within its cost, all within limits, with a
 * stop that is heard at once. One trial at a time and a pause between them: gateways serve others meanwhile.
 */
import { Analysis } from '../../analysis/analysis.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import {
  defaultOptions,
  formatTarget,
  isSignalled,
  type Options,
  type Scenario,
  toScenarioText,
} from '../../scenario/index.ts';
import type { Trace, TraceEvent } from '../../trace/model.ts';
import type { Run } from '../api.ts';
import { farewellNote } from '../driver.ts';
import type { Ground } from './ground.ts';
import {
  type Check,
  type CheckReport,
  type CheckResult,
  type Cost,
  checkGroups,
  type Experiment,
  type Known,
  type Lab,
  type Made,
  type Spent,
  type Status,
  type Verdict,
} from './model.ts';
import { costOf, reachingCost, type Table } from './plan.ts';
import { type Reached, reach, type Way } from './reach.ts';
import { notApplicable, unclear } from './verdicts.ts';

export interface CheckingSpec {
  /** Target and options that all trials share; what trials need themselves goes before them. */
  readonly scenario: Scenario;
  readonly ground: Ground;
  readonly checks: Table;
  readonly thorough: boolean;
  readonly hear?: (event: CheckEvent) => void;
}

export type CheckEvent =
  | { readonly kind: 'reaching'; readonly what: string }
  | { readonly kind: 'began'; readonly check: Check; readonly number: number; readonly of: number }
  /** A trial has ended. */
  | { readonly kind: 'made'; readonly made: Made; readonly spent: Spent }
  | { readonly kind: 'result'; readonly result: CheckResult; readonly number: number; readonly of: number };

export interface Checking {
  /** Ends the trial that goes on, and makes no more. */
  stop(): void;
  readonly finished: Promise<CheckReport>;
}

/** Between two trials. ms */
const pauseMs = 100;
/** A peer that still sits in the trial before is asked again so often, and so long apart: GnuTLS gives up after a minute. */
const pulses = 24;
const pulseMs = 1000;

const haltedBecause = {
  stop: 'stopped',
  cost: 'it would have taken more than it may cost',
  lost: 'after it the peer answers no more',
} as const;

class Halted extends Error {
  readonly by: 'stop' | 'cost' | 'lost';
  constructor(by: Halted['by']) {
    super(by);
    this.by = by;
  }
}

/** Begins at once. */
export function startChecking(spec: CheckingSpec): Checking {
  const session = new Session(spec);
  return { stop: () => session.stop(), finished: session.whole() };
}

class Session {
  readonly #spec: CheckingSpec;
  readonly #running = new Set<Run>();
  readonly #shared = new Map<string, Promise<Made>>();
  readonly #statuses = new Map<string, Status>();
  #stopped = false;
  /** It answered, and has not fallen silent since. */
  #reached = false;
  #number = 0;
  #spent: Spent = { handshakes: 0, datagrams: 0, bytes: 0, seconds: 0 };
  #way: Way = { what: '', set: {} };

  constructor(spec: CheckingSpec) {
    this.#spec = spec;
  }

  /** There can be one trial alone. */
  get #single(): boolean {
    return this.#spec.scenario.target?.kind === 'sdp';
  }

  stop(): void {
    this.#stopped = true;
    for (const run of this.#running) run.stop();
  }

  async whole(): Promise<CheckReport> {
    const { scenario, thorough, checks } = this.#spec;
    const results: CheckResult[] = [];
    const report = (ended: CheckReport['ended'], reached: string, known?: Known): CheckReport => ({
      target: scenario.target ? formatTarget(scenario.target) : '',
      ended,
      reached,
      version: known?.version,
      results,
      spent: this.#spent,
      thorough,
    });
    let found: Reached;
    try {
      const bench = new Bench(reachingCost);
      found = await reach(
        scenario.options,
        { signalled: isSignalled(scenario.target), single: this.#single },
        (experiment) => {
          this.#spec.hear?.({ kind: 'reaching', what: experiment.what });
          return this.#make('reach', experiment, bench);
        },
      );
    } catch (error) {
      if (error instanceof Halted) return report('stopped', 'stopped before the peer was reached');
      throw error;
    }
    const { known, way, ways, unfit } = found;
    if (unfit !== undefined) return report('nobody-there', unfit);
    this.#way = way;
    this.#reached = known !== undefined;
    const [first] = ways;
    const silent = ways.every((made) => (made.handshakes[0]?.handshake.traffic.server.datagrams ?? 0) === 0);
    if (!known && silent) return report('nobody-there', first?.handshakes[0]?.diagnosis.verdict ?? 'nobody answered');
    const all = [...checks];
    for (const [index, check] of all.entries()) {
      if (this.#stopped) break;
      const at = { number: index + 1, of: all.length };
      this.#spec.hear?.({ kind: 'began', check, ...at });
      const result = this.#resultOf(check, await this.#judge(check, known, ways));
      if (this.#stopped && result.status === 'unclear') break;
      this.#statuses.set(check.id, result.status);
      results.push(result);
      this.#spec.hear?.({ kind: 'result', result, ...at });
    }
    const reached = known
      ? `DTLS ${known.version}, with ${way.what}`
      : `it answers, and no handshake is to be had: ${first?.handshakes[0]?.diagnosis.verdict ?? ''}`;
    return report(this.#stopped ? 'stopped' : 'done', reached, known);
  }

  async #judge(check: Check, known: Known | undefined, ways: readonly Made[]): Promise<Verdict> {
    if (!('run' in check)) return check.judge(known, ways);
    if (!known) return notApplicable('there is no handshake to try it with');
    if (this.#single) return notApplicable('a description is answered once, and this needs a handshake of its own');
    const why = check.unless?.(known, (id) => this.#statuses.get(id));
    if (why !== undefined) return notApplicable(why);
    if (!this.#reached) return unclear('the peer answers no more');
    const bench = new Bench(costOf(check, this.#spec.thorough));
    const lab: Lab = {
      known,
      thorough: this.#spec.thorough,
      try: (experiment) => this.#make(check.id, experiment, bench),
      beside: (first, second, laterMs) => this.#beside(check.id, first, second, laterMs, bench),
      shared: (name, make) => {
        const made = this.#shared.get(name) ?? make();
        this.#shared.set(name, made);
        return made;
      },
      resultOf: (id) => this.#statuses.get(id),
    };
    try {
      return await check.run(lab);
    } catch (error) {
      if (!(error instanceof Halted)) throw error;
      return unclear(haltedBecause[error.by]);
    }
  }

  async #beside(
    check: string,
    first: Experiment,
    second: Experiment,
    laterMs: number,
    bench: Bench,
  ): Promise<readonly [Made, Made]> {
    const one = await this.#begin(check, first, bench);
    await this.#spec.ground.pause(laterMs);
    const other = await this.#begin(check, second, bench);
    const b = await this.#finish(other, bench);
    const a = await this.#finish(one, bench);
    if (!a.established) await this.#settle();
    return [a, b];
  }

  async #make(check: string, experiment: Experiment, bench: Bench): Promise<Made> {
    const made = await this.#finish(await this.#begin(check, experiment, bench), bench);
    await this.#spec.ground.pause(pauseMs);
    if (!made.established) await this.#settle();
    return made;
  }

  /**
   * Waits until the peer answers as before: one that serves a single client at a time may sit in what a trial left. With
   * signalling every trial has a session of its own, and a peer in memory has as many as there are.
   */
  async #settle(): Promise<void> {
    const { ground, scenario } = this.#spec;
    if (!this.#reached || scenario.target?.kind !== 'udp') return;
    const bench = new Bench({ handshakes: pulses, datagrams: Number.POSITIVE_INFINITY, seconds: 90 });
    for (let tries = 0; tries < pulses; tries++) {
      const pulse = { what: 'an ordinary handshake', set: { timeout: 2 * pulseMs } };
      const made = await this.#finish(await this.#begin('pulse', pulse, bench), bench);
      await ground.pause(made.established ? pauseMs : pulseMs);
      if (made.established) return;
    }
    this.#reached = false;
    throw new Halted('lost');
  }

  async #begin(check: string, experiment: Experiment, bench: Bench): Promise<Begun> {
    if (this.#stopped) throw new Halted('stop');
    if (!bench.mayBegin) throw new Halted('cost');
    bench.handshakes++;
    const { ground } = this.#spec;
    const scenario = this.#scenario(experiment);
    const { adjust: own } = this.#way;
    const { adjust, hand, keep, afterCloseMs } = experiment;
    const number = ++this.#number;
    const startedAt = ground.now();
    const run = await ground.start({
      scenario,
      adjust: (config) => {
        const base = own ? own(config) : config;
        return adjust ? adjust(base) : base;
      },
      drive: { farewell: true, hand, keep, afterCloseMs },
    });
    this.#running.add(run);
    const events: TraceEvent[] = [];
    run.subscribe((event) => events.push(event));
    // Whoever stopped while the run was being prepared.
    if (this.#stopped) run.stop();
    const plain = hand === undefined && adjust === undefined && own === undefined;
    return { number, check, what: experiment.what, scenario, plain, run, events, startedAt };
  }

  async #finish({ run, events, startedAt, ...head }: Begun, bench: Bench): Promise<Made> {
    const { ground, hear } = this.#spec;
    await ground.end(run);
    this.#running.delete(run);
    const trace: Trace = { header: run.header, events };
    const handshakes = this.#read(trace);
    const [first] = handshakes;
    const sent = events.flatMap((event) =>
      event.kind === 'datagram' && event.from === 'client' ? [event.length] : [],
    );
    bench.datagrams += sent.length;
    this.#spent = {
      handshakes: this.#spent.handshakes + 1,
      datagrams: this.#spent.datagrams + sent.length,
      bytes: this.#spent.bytes + sent.reduce((sum, length) => sum + length, 0),
      seconds: this.#spent.seconds + (ground.now() - startedAt) / 1000,
    };
    const made: Made = {
      ...head,
      trace,
      handshakes,
      outcome: first?.diagnosis.outcome ?? 'no-answer',
      established: first?.handshake.establishedAt !== undefined,
    };
    hear?.({ kind: 'made', made, spent: this.#spent });
    if (this.#stopped) throw new Halted('stop');
    return made;
  }

  /** What is to be judged: all but our last words, which only let the peer go. */
  #read({ header, events }: Trace): Made['handshakes'] {
    const analysis = new Analysis({ crypto: this.#spec.ground.crypto, header });
    const farewell = events.findIndex((event) => event.kind === 'note' && event.text === farewellNote);
    for (const [index, event] of events.entries())
      if (farewell < 0 || index < farewell || event.kind === 'end') analysis.push(event);
    return analysis.snapshot().handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
  }

  #scenario({ set }: Experiment): Scenario {
    const { scenario } = this.#spec;
    const { options, target } = scenario;
    const signalled = isSignalled(target);
    const link = [...options.link, ...(set?.link ?? [])];
    const tried: Options = { ...options, ...trialOptions(options, signalled), ...this.#way.set, ...set, link };
    return { ...scenario, options: signalled ? { ...tried, timeout: tried.timeout + signallingMs } : tried };
  }

  #resultOf(check: Check, verdict: Verdict): CheckResult {
    const { id, group, title, demand, see, how, findings } = check;
    const shown = verdict.shown ?? [];
    // A scenario of the target sim meets another peer: one without a chain, that asks for no cookie.
    const offered = verdict.status === 'fail' && this.#spec.scenario.target?.kind !== 'sim';
    const bad = offered ? shown.find(({ made }) => made.plain && !made.established) : undefined;
    return {
      ...{ id, group, title, see, how },
      findings: verdict.findings ?? (verdict.status === 'fail' ? findings : []),
      section: checkGroups[group],
      demand: verdict.demand ?? demand,
      status: verdict.status,
      says: verdict.says,
      numbers: verdict.numbers ?? {},
      shown,
      scenario: bad && toScenarioText(bad.made.scenario),
      cost: costOf(check, this.#spec.thorough),
    };
  }
}

/** Signalling and ICE, before a handshake can begin. ms */
const signallingMs = 8000;

interface Begun {
  readonly number: number;
  readonly check: string;
  readonly what: string;
  readonly scenario: Scenario;
  readonly plain: boolean;
  readonly run: Run;
  readonly events: TraceEvent[];
  readonly startedAt: number;
}

/** What a check has used of what it may cost. */
class Bench {
  readonly #cost: Cost;
  handshakes = 0;
  datagrams = 0;

  constructor(cost: Cost) {
    this.#cost = cost;
  }

  get mayBegin(): boolean {
    return this.handshakes < this.#cost.handshakes && this.datagrams < this.#cost.datagrams;
  }
}

/** What all trials are made with, unless a person or a check says otherwise. */
function trialOptions(options: Options, signalled: boolean): Partial<Options> {
  const own = defaultOptions('probe');
  return {
    role: 'client',
    linger: 20,
    timeout: 4000,
    repeat: 1,
    parallel: 1,
    until: undefined,
    expect: 'established',
    ...(options.rto === undefined && { rto: 500 }),
    // Whoever checks is the client where it may choose.
    ...(signalled && options.setup === own.setup && { setup: 'active' as const }),
  };
}
