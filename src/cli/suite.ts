/** What `run`, `sweep` and `merge` have in common: their flags, and what is made of results: summary, JSON, JUnit, pages, exit code. */
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command as Cli } from 'commander';
import { version } from '../base/version.ts';
import { parseShard, type Shard } from '../report/suite/blob.ts';
import { suiteHtml } from '../report/suite/html.ts';
import { junit } from '../report/suite/junit.ts';
import { type CaseReport, tally } from '../report/suite/model.ts';
import { suiteText } from '../report/suite/text.ts';
import { Exit, type ExitCode, Stop } from './exit.ts';
import { writeOutput } from './files.ts';
import { addressesHelp, withKeysHelp } from './outputs.ts';
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

export interface PartFlags extends SuiteFlags {
  readonly shard?: string;
  readonly blob?: string;
  readonly traces?: string;
  readonly jobs?: string;
  readonly withKeys?: boolean;
}

/** Endings of the files that `-o` writes of many scenarios. */
export const summaryEndings = ['.html'] as const;
export const summaryHelp = 'write the summary as one page, .html (repeatable)';

export const addSuiteFlags = (cli: Cli, outputHelp: string): Cli =>
  cli
    .optionsGroup('Report:')
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('-o, --output <file>', outputHelp, collect)
    .option('--addresses', addressesHelp)
    .option('--json', 'print all handshakes and results as JSON on stdout, and nothing else there')
    .option('--quiet', 'print only what was not as expected, and the count');

export const addPartFlags = (cli: Cli, jobsHelp: string): Cli =>
  cli
    .option('--traces <folder>', 'keep the traces of what was not as expected there, as .sqlog')
    .option('--with-keys', withKeysHelp)
    .optionsGroup('Parts:')
    .option('--shard <i/n>', 'run only the ith of n parts: the same files give the same parts everywhere')
    .option('--blob <file>', 'write the results for dtlscope merge, which puts parts together')
    .option('--jobs <n>', jobsHelp);

export function shardFrom(text: string | undefined): Shard {
  const shard = text === undefined ? { index: 1, of: 1 } : parseShard(text);
  if (!shard) throw new Stop(Exit.usage, `--shard: "${text}" is no part, such as 2/4: the second of four.`);
  return shard;
}

export function jobsFrom(text: string | undefined): number {
  if (text !== undefined && !/^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-6])$/.test(text))
    throw new Stop(Exit.usage, `--jobs: "${text}" is not a whole number; allowed: 1 to 256`);
  return Number(text ?? 1);
}

/** Throws a `Stop` for files that can not be written: before anything runs, not after. */
export function checkSuiteFlags(
  { junit: xml, output = [] }: SuiteFlags,
  endings: readonly string[],
  ...more: readonly string[]
): void {
  for (const path of output)
    if (!endings.some((ending) => path.toLowerCase().endsWith(ending)))
      throw new Stop(Exit.usage, `-o ${path}: a summary is written as ${endings.join(', ')}.`);
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
  writeSummaries(cases, flags, terminal, () => suiteHtml(cases, flags.addresses ? 'shown' : 'masked'));
  return suiteExit(cases);
}

/** Writes JUnit and the files of `-o`, of which `page` makes the text. */
export function writeSummaries(
  cases: readonly CaseReport[],
  { junit: xml, output = [] }: SuiteFlags,
  terminal: Terminal,
  page: (path: string) => string,
): void {
  const texts = [
    ...(xml === undefined ? [] : [[xml, junit(cases)] as const]),
    ...output.map((path) => [path, page(path)] as const),
  ];
  for (const [path, text] of texts) writeOutput(path, text, false);
  for (const [path] of texts) terminal.say(`Written: ${path}`);
}

export function suiteExit(cases: readonly CaseReport[]): ExitCode {
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
