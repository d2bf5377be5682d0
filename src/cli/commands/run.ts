/** `dtlscope run`: scenario files, in one process or in a shard of many, and one result of them all. */
import type { Command as Cli } from 'commander';
import { blobText, type Shard, shardOf } from '../../report/suite/blob.ts';
import type { CaseReport } from '../../report/suite/model.ts';
import { caseLine } from '../../report/suite/text.ts';
import { type Case, type CaseWorld, runCase } from '../cases.ts';
import type { ExitCode } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { Running } from '../hunting.ts';
import { loadScenarios } from '../scenarioFiles.ts';
import {
  addPartFlags,
  addSuiteFlags,
  checkSuiteFlags,
  jobsFrom,
  type PartFlags,
  shardFrom,
  showSuite,
  summaryEndings,
  summaryHelp,
} from '../suite.ts';
import type { Terminal } from '../terminal.ts';

const after = `
Exit code: 0 everything was as expected, 1 something was not, 2 a file or the call is wrong, 3 a run could not be made.

Examples:
  dtlscope run scenarios/*.yaml --junit results.xml --traces failed -o summary.html
  dtlscope run scenarios/*.yaml --shard 2/4 --blob shard-2.json
  dtlscope merge shard-*.json --junit results.xml

The format of the files: docs/scenarios.md of dtlscope.`;

export function addRun(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  addPartFlags(
    addSuiteFlags(
      program
        .command('run')
        .summary('run scenario files, and say whether all came as expected')
        .description(
          'Runs scenario files (YAML or JSON): each says what to do and what to expect. The results are one summary, in the order of the files’ names.',
        )
        .argument('<file...>', 'scenario files'),
      summaryHelp,
    ),
    'runs over a network at once (default: 1); simulations never wait for them',
  )
    .addHelpText('after', after)
    .action(async (files: readonly string[], flags: PartFlags) => done(await run(files, flags, terminal)));
}

/** Runs the files, prints and writes the results, and answers the exit code. */
export async function run(files: readonly string[], flags: PartFlags, terminal: Terminal): Promise<ExitCode> {
  const shard: Shard = shardFrom(flags.shard);
  const jobs = jobsFrom(flags.jobs);
  checkSuiteFlags(flags, summaryEndings, ...(flags.blob === undefined ? [] : [flags.blob]));
  // By code units: a shell sorts by its locale, and machines would not agree which part is whose.
  const paths = [...new Set(files)].sort((a, b) => (a < b ? -1 : 1));
  // All of them in every part: a bad file is no less bad for being another shard's, but only ours are run.
  const all = loadScenarios(paths).map((loaded, index): Case => ({ number: index + 1, loaded }));
  const ours = shardOf(all, shard);
  const running = new Running();
  const world: CaseWorld = {
    running,
    terminal,
    traces: flags.traces,
    withKeys: flags.withKeys ?? false,
  };
  const cases = await runAll(ours, jobs, world);
  running.release();
  if (flags.blob !== undefined) {
    writeOutput(flags.blob, blobText({ ...shard, total: all.length, cases }), false);
    terminal.say(`Written: ${flags.blob}`);
  }
  return showSuite(cases, flags, terminal);
}

/**
 * Simulations one after another, since each is nothing but arithmetic; beside them so many runs over a network, which are
 * mostly waiting. Two of those at once may disturb each other at the peer, so that is for the user to allow.
 */
async function runAll(cases: readonly Case[], jobs: number, world: CaseWorld): Promise<readonly CaseReport[]> {
  const { terminal } = world;
  const reports: CaseReport[] = [];
  const active = new Set<string>();
  const draw = (): void => {
    if (active.size > 0) terminal.progress(`${reports.length} of ${cases.length} done; ${[...active].join(', ')}`);
  };
  const work = async (queue: Case[]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      active.add(next.loaded.path);
      draw();
      const report = await runCase(next, world);
      active.delete(next.loaded.path);
      reports.push(report);
      if (!terminal.lively) terminal.say(`[${reports.length}/${cases.length}] ${caseLine(report)}`);
      draw();
    }
  };
  const isSimulated = ({ loaded }: Case): boolean => loaded.scenario.target?.kind === 'sim';
  const simulated = cases.filter(isSimulated);
  const networked = cases.filter((one) => !isSimulated(one));
  await Promise.all([work(simulated), ...Array.from({ length: jobs }, () => work(networked))]);
  terminal.progress(undefined);
  return reports.sort((a, b) => a.number - b.number);
}
