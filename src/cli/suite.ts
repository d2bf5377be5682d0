/** What `run` and `merge` make of results: summary, JSON, JUnit, one page, and the exit code. */
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command as Cli } from 'commander';
import { version } from '../base/version.ts';
import { suiteHtml } from '../report/suite/html.ts';
import { junit } from '../report/suite/junit.ts';
import { type CaseReport, tally } from '../report/suite/model.ts';
import { suiteText } from '../report/suite/text.ts';
import { Exit, type ExitCode, Stop } from './exit.ts';
import { writeOutput } from './files.ts';
import { addressesHelp } from './outputs.ts';
import { defaultWidth } from './reading.ts';
import { collect } from './show.ts';
import type { Terminal } from './terminal.ts';

export interface SuiteFlags {
  readonly junit?: string;
  readonly output?: readonly string[];
  readonly addresses?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const addSuiteFlags = (cli: Cli): Cli =>
  cli
    .optionsGroup('Report:')
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('-o, --output <file>', 'write the summary as one page, .html (repeatable)', collect)
    .option('--addresses', addressesHelp)
    .option('--json', 'print all handshakes and results as JSON on stdout, and nothing else there')
    .option('--quiet', 'print only what was not as expected, and the count');

/** Throws a `Stop` for files that can not be written: before anything runs, not after. */
export function checkSuiteFlags({ junit: xml, output = [] }: SuiteFlags, ...more: readonly string[]): void {
  for (const path of output)
    if (!/\.html$/i.test(path)) throw new Stop(Exit.usage, `-o ${path}: a summary is written as .html.`);
  for (const path of [...(xml === undefined ? [] : [xml]), ...output, ...more]) {
    try {
      accessSync(dirname(resolve(path)), constants.W_OK);
    } catch {
      throw new Stop(Exit.infrastructure, `Can not write ${path}: its folder is not there, or you are not allowed to.`);
    }
  }
}

/** Prints and writes the results, and answers how it all ended. */
export function showSuite(cases: readonly CaseReport[], flags: SuiteFlags, terminal: Terminal): ExitCode {
  const { columns, color, ascii } = terminal;
  if (flags.json) terminal.print(suiteJson(cases));
  else {
    const options = { width: columns ?? defaultWidth, colour: color, ascii };
    terminal.print(suiteText(cases, { ...options, failedOnly: flags.quiet ?? false }));
  }
  const written: string[] = [];
  const write = (path: string, text: string): void => {
    writeOutput(path, text, false);
    written.push(path);
  };
  if (flags.junit !== undefined) write(flags.junit, junit(cases));
  for (const path of flags.output ?? []) write(path, suiteHtml(cases, flags.addresses ? 'shown' : 'masked'));
  for (const path of written) terminal.say(`Written: ${path}`);
  return suiteExit(cases);
}

function suiteExit(cases: readonly CaseReport[]): ExitCode {
  if (cases.some(({ error }) => error?.kind === 'usage')) return Exit.usage;
  const { unmet, errors } = tally(cases);
  return errors > 0 ? Exit.infrastructure : unmet > 0 ? Exit.notHeld : Exit.held;
}

/** As for one handshake, with the results beside them. */
function suiteJson(cases: readonly CaseReport[]): string {
  const handshakes = cases.flatMap(({ file, handshakes }) =>
    handshakes.map((one) => ({ ...one, id: `${file}#${one.id}` })),
  );
  const results = cases.map(({ handshakes, ladder: _, ...rest }) => ({
    ...rest,
    handshakes: handshakes.map(({ id }) => `${rest.file}#${id}`),
  }));
  return `${JSON.stringify({ dtlscope: version, handshakes, cases: results }, null, 2)}\n`;
}
