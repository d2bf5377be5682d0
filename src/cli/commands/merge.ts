/** `dtlscope merge`: the parts of a run, or of a sweep, put together, as if one process had run it. */
import type { Command as Cli } from 'commander';
import { mergeBlobs, readBlob } from '../../report/suite/blob.ts';
import { isSweepState, mergeSweeps } from '../../report/sweep/state.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { readInput } from '../files.ts';
import { addSuiteFlags, checkSuiteFlags, type SuiteFlags, showSuite, summaryEndings } from '../suite.ts';
import { readPart } from '../sweepFile.ts';
import { showSweep, sweepEndings } from '../sweepReport.ts';
import type { Terminal } from '../terminal.ts';

export function addMerge(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  addSuiteFlags(
    program
      .command('merge')
      .summary('put the parts of a run or a sweep together')
      .description(
        'Puts the blobs of dtlscope run (or sweep) --shard i/n --blob FILE together: summary, JUnit and page are those of the whole.',
      )
      .argument('<blob...>', 'the blobs of all parts; of a sweep its state files will do'),
    'write the summary as one page, .html; of a sweep also .svg, .md and .json (repeatable)',
  )
    .addHelpText(
      'after',
      '\nExit code: as that of dtlscope run over all files, or of the whole sweep; 2 also when a part is missing.',
    )
    .action((paths: readonly string[], flags: SuiteFlags) => done(merge(paths, flags, terminal)));
}

/** Reads all parts, prints and writes the results of the whole, and answers the exit code. */
export function merge(paths: readonly string[], flags: SuiteFlags, terminal: Terminal): ExitCode {
  const texts = paths.map((path) => [path, new TextDecoder().decode(readInput(path, 'the part'))] as const);
  const sweeps = texts.filter(([, text]) => isSweepState(text));
  if (sweeps.length > 0) return mergeParts(texts.length === sweeps.length ? paths : undefined, flags, terminal);
  checkSuiteFlags(flags, summaryEndings);
  const blobs = texts.map(([path, text]) => {
    const blob = readBlob(text);
    if (typeof blob === 'string') throw new Stop(Exit.usage, `${path} ${blob}.`);
    return blob;
  });
  const cases = mergeBlobs(blobs);
  if (typeof cases === 'string') throw new Stop(Exit.usage, `These parts make no whole: ${cases}.`);
  return showSuite(cases, flags, terminal);
}

/** Of a sweep; `paths` are undefined when they are parts of both. */
function mergeParts(paths: readonly string[] | undefined, flags: SuiteFlags, terminal: Terminal): ExitCode {
  if (!paths) throw new Stop(Exit.usage, 'These parts make no whole: some are of a sweep, and some of dtlscope run.');
  checkSuiteFlags(flags, sweepEndings);
  const report = mergeSweeps(paths.map(readPart));
  if (typeof report === 'string') throw new Stop(Exit.usage, `These parts make no whole: ${report}.`);
  return showSweep(report, flags, terminal);
}
