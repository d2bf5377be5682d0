/** `dtlscope merge`: the parts of a run put together, as if one process had run it. */
import type { Command as Cli } from 'commander';
import { mergeBlobs, readBlob } from '../../report/suite/blob.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { readInput } from '../files.ts';
import { addSuiteFlags, checkSuiteFlags, type SuiteFlags, showSuite } from '../suite.ts';
import type { Terminal } from '../terminal.ts';

export function addMerge(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  addSuiteFlags(
    program
      .command('merge')
      .summary('put the parts of a run together')
      .description(
        'Puts the blobs of dtlscope run --shard i/n --blob FILE together: summary, JUnit and page are those of the whole.',
      )
      .argument('<blob...>', 'the blobs of all parts'),
  )
    .addHelpText('after', '\nExit code: as that of dtlscope run over all files; 2 also when a part is missing.')
    .action((paths: readonly string[], flags: SuiteFlags) => done(merge(paths, flags, terminal)));
}

/** Reads all parts, prints and writes the results of the whole, and answers the exit code. */
export function merge(paths: readonly string[], flags: SuiteFlags, terminal: Terminal): ExitCode {
  checkSuiteFlags(flags);
  const blobs = paths.map((path) => {
    const blob = readBlob(new TextDecoder().decode(readInput(path, 'the part')));
    if (typeof blob === 'string') throw new Stop(Exit.usage, `${path} ${blob}.`);
    return blob;
  });
  const cases = mergeBlobs(blobs);
  if (typeof cases === 'string') throw new Stop(Exit.usage, `These parts make no whole: ${cases}.`);
  return showSuite(cases, flags, terminal);
}
