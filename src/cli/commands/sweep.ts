/** `dtlscope sweep`: a matrix of scenarios, its results as heat tables, and thresholds. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command as Cli } from 'commander';
import { type Shard, shardOf } from '../../report/suite/blob.ts';
import type { SweepReport } from '../../report/sweep/model.ts';
import { inOrder, stateText } from '../../report/sweep/state.ts';
import { cellLine, tableLines } from '../../report/sweep/text.ts';
import { runSweep, type Shaken, type SweepProgress, sampleOf } from '../../run/index.ts';
import { type CellResult, cellCount, formatTarget, type Scenario, type SweepPlan } from '../../scenario/index.ts';
import { credentialsOnce } from '../credentials.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { breathe, type Made, makeOne, Running } from '../hunting.ts';
import { parseOutputs, writeTrace } from '../outputs.ts';
import { defaultWidth } from '../reading.ts';
import { loadSweep } from '../scenarioFiles.ts';
import { ClientSessions } from '../sessions.ts';
import { addPartFlags, addSuiteFlags, checkSuiteFlags, jobsFrom, type PartFlags, shardFrom } from '../suite.ts';
import { openState, type StateFile } from '../sweepFile.ts';
import { showSweep, sweepEndings, sweepOutputHelp } from '../sweepReport.ts';
import type { Terminal } from '../terminal.ts';

interface SweepFlags extends PartFlags {
  readonly state?: string;
}

const after = `
Exit code: 0 all cells were run, and what the file expects held in all of them; 1 it did not; 2 the file or the call is wrong;
3 something could not be run, or the sweep was stopped.

Examples:
  dtlscope sweep matrix.yaml -o matrix.html
  dtlscope sweep matrix.yaml --state matrix.state --traces failed
  dtlscope sweep matrix.yaml --shard 2/4 --blob shard-2.json
  dtlscope merge shard-*.json -o matrix.html

The format of the file: docs/sweeps.md of dtlscope.`;

export function addSweep(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  addPartFlags(
    addSuiteFlags(
      program
        .command('sweep')
        .summary('run a matrix of scenarios, or look for a threshold')
        .description(
          'Runs a scenario file with a field "sweep": every combination of the values that it names, or, where it says bisect, the values between which passing turns into failing.',
        )
        .argument('<file>', 'the sweep'),
      sweepOutputHelp,
    ),
    'cells over a network at once (default: 1); simulations are made one after another',
  )
    .option('--state <file>', 'write what is done there, and go on from there: a sweep that was stopped loses one cell')
    .addHelpText('after', after)
    .action(async (file: string, flags: SweepFlags) => done(await sweep(file, flags, terminal)));
}

/** Runs the file's cells, prints and writes the results, and answers the exit code. */
export async function sweep(path: string, flags: SweepFlags, terminal: Terminal): Promise<ExitCode> {
  const shard: Shard = shardFrom(flags.shard);
  const jobs = jobsFrom(flags.jobs);
  const named = [flags.blob, flags.state].filter((file) => file !== undefined);
  checkSuiteFlags(flags, sweepEndings, ...named);
  const plan = loadSweep(path);
  const { shape } = plan;
  const ours = shardOf(
    plan.scenarios.map((_, at) => at + 1),
    shard,
  );
  const state = flags.state === undefined ? undefined : openState(flags.state, { file: path, shape }, shard);
  const before = new Set(state?.done.map(({ cell }) => cell));
  const cells = ours.filter((cell) => !before.has(cell));
  announce(plan, cells, before.size, terminal);
  const running = new Running();
  const results: CellResult[] = [...(state?.done ?? [])];
  const report = (): SweepReport => ({ file: path, shape, results: inOrder(results) });
  const progress = new Progress(report, ours.length, terminal);
  await runSweep<Made>({
    plan,
    cells,
    jobs: plan.scenarios.every(({ target }) => target?.kind === 'sim') ? 1 : jobs,
    shake: shaker(plan, running),
    breathe,
    stopped: () => running.stopped,
    made: (made) => progress.made(made),
    done: (result) => {
      results.push(result);
      state?.append(result);
      progress.done(result);
    },
    keep: keeper(flags, terminal),
  });
  running.release();
  terminal.progress(undefined);
  return finish(report(), ours, { shard, flags, state, terminal });
}

interface Finish {
  readonly shard: Shard;
  readonly flags: SweepFlags;
  readonly state: StateFile | undefined;
  readonly terminal: Terminal;
}

function finish(report: SweepReport, ours: readonly number[], { shard, flags, state, terminal }: Finish): ExitCode {
  state?.close();
  if (flags.blob !== undefined) {
    writeOutput(flags.blob, stateText({ ...shard, ...report }), false);
    terminal.say(`Written: ${flags.blob}`);
  }
  const code = showSweep(report, flags, terminal);
  if (report.results.length === ours.length) return code;
  terminal.say(`Stopped: ${report.results.length} of ${ours.length} cells are done.`);
  if (flags.state !== undefined)
    terminal.say(`The same command goes on with the rest: ${flags.state} has what is done.`);
  return Exit.infrastructure;
}

/** What is sent over a network is said before it is sent. */
function announce({ shape, scenarios }: SweepPlan, cells: readonly number[], before: number, terminal: Terminal): void {
  if (before > 0) terminal.say(`${before} cells were done before; ${cells.length} are left.`);
  const targets = new Map<string, number>();
  for (const cell of cells) {
    const { target, options } = scenarios[cell - 1] ?? {};
    if (!target || target.kind === 'sim') continue;
    const name = formatTarget(target);
    targets.set(name, (targets.get(name) ?? 0) + shape.rounds * (options?.parallel ?? 1));
  }
  for (const [name, handshakes] of targets)
    terminal.say(
      shape.bisect
        ? `This makes ${handshakes} handshakes with ${name} for each value that is tried; of those about 20 are.`
        : `This makes ${handshakes} handshakes with ${name}.`,
    );
}

/** Makes one handshake of a cell; what keeps it from being made is an answer. */
function shaker({ expectation }: SweepPlan, running: Running): (scenario: Scenario) => Promise<Shaken<Made>> {
  const ours = credentialsOnce();
  return async (scenario) => {
    try {
      const made = await makeOne(scenario, running, () => {}, ours, new ClientSessions());
      return { ok: true, sample: sampleOf(made.trace, made.reading.handshakes, scenario, expectation), kept: made };
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      const kind = error.exit === Exit.usage ? 'usage' : 'infrastructure';
      return { ok: false, error: { kind, message: error.message } };
    }
  };
}

/** Traces of a sweep that are kept; one of each cell. A matrix that fails all over should not fill a disk. */
const mostTraces = 200;

function keeper({ traces, withKeys }: SweepFlags, terminal: Terminal): (cell: number, made: Made) => readonly string[] {
  let kept = 0;
  return (cell, { trace, reading }) => {
    if (traces === undefined || kept > mostTraces) return [];
    if (kept++ === mostTraces) {
      terminal.say(`${mostTraces} traces are in ${traces}; no more are kept.`);
      return [];
    }
    mkdirSync(traces, { recursive: true });
    const files = parseOutputs([join(traces, `cell-${String(cell).padStart(4, '0')}.sqlog`)]);
    return writeTrace(files, trace, reading, { withKeys });
  };
}

/** The heat table as it fills, where a terminal can show it; elsewhere a line for each cell. */
class Progress {
  readonly #report: () => SweepReport;
  readonly #cells: number;
  readonly #terminal: Terminal;
  #drawnAt = 0;
  #done = 0;

  constructor(report: () => SweepReport, cells: number, terminal: Terminal) {
    this.#report = report;
    this.#cells = cells;
    this.#terminal = terminal;
  }

  made({ cell, made, of, asExpected, value }: SweepProgress): void {
    // Often enough to be alive, and seldom enough to cost nothing.
    const now = performance.now();
    if (!this.#terminal.lively || now - this.#drawnAt < 150) return;
    this.#drawnAt = now;
    const { shape } = this.#report();
    const at = value === undefined ? '' : `, ${shape.bisect?.name} ${value}`;
    const line = `${this.#done} of ${this.#cells} cells done; cell ${cell}${at}: ${asExpected}/${made} of ${of}`;
    const { columns = defaultWidth, rows = 0, ascii } = this.#terminal;
    // A line for each row of cells at least: what is too long is not even made.
    const least = cellCount(shape) / Math.max(1, shape.axes.at(-1)?.values.length ?? 1);
    const table = least < rows ? tableLines(this.#report(), { width: columns - 1, colour: false, ascii }) : undefined;
    this.#terminal.progress(table && table.length + 2 <= rows ? [...table, line].join('\n') : line);
  }

  done(result: CellResult): void {
    this.#done = this.#report().results.length;
    if (!this.#terminal.lively)
      this.#terminal.say(`[${this.#done}/${this.#cells}] ${cellLine(result, this.#report().shape)}`);
  }
}
