/** `dtlscope read`: verdict, findings and ladder of every handshake in a trace or a capture. */
import { type Command as Cli, Option } from 'commander';
import { parseKeyLog, type Secret, secretEvents } from '../../capture/keylog.ts';
import { openFile } from '../../capture/open.ts';
import { outcomes } from '../../diagnosis/model.ts';
import { plain } from '../../report/plain.ts';
import type { Trace } from '../../trace/model.ts';
import type { Problem } from '../../trace/problem.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { readInput } from '../files.ts';
import { Outputs } from '../outputs.ts';
import { type Reading, readTrace, tool } from '../reading.ts';
import { addReportFlags, collect, outputsOf, type ReportFlags, show } from '../show.ts';
import type { Terminal } from '../terminal.ts';

interface ReadFlags extends ReportFlags {
  readonly keys?: readonly string[];
  readonly expect?: string;
}

export function addRead(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const cli = program
    .command('read')
    .summary('explain a capture or a recorded run')
    .description(
      'Reads .sqlog, .qlog, .pcap and .pcapng files (by content, whatever their names) and explains every handshake in them.',
    )
    .argument('<file...>', 'traces and captures; a key log among them counts as --keys')
    .option('--keys <file>', 'a key log (SSLKEYLOGFILE) that opens encrypted records (repeatable)', collect)
    .addOption(
      new Option('--expect <outcome>', 'exit with 1 unless every handshake has this outcome').choices(outcomes),
    );
  addReportFlags(cli)
    .addHelpText(
      'after',
      `
Exit code: 0 when every file was readable, whatever is in it (unless --expect), 1 --expect did not hold, 2 a file could not be read.
-o writes the trace of a single FILE in another format.`,
    )
    .action((files: readonly string[], flags: ReadFlags) => done(read(files, flags, terminal)));
}

/** Reads the files, prints the report, and answers the exit code. */
export function read(paths: readonly string[], flags: ReadFlags, terminal: Terminal): ExitCode {
  const outputFiles = outputsOf(flags);
  const traces: { readonly path: string; readonly trace: Trace }[] = [];
  const keys = (flags.keys ?? []).map((path) => keysFrom(path, terminal));
  const secrets = keys.flatMap((log) => log.secrets);
  let unreadable = keys.some(({ garbage }) => garbage);

  for (const path of paths) {
    const opened = attempt(() => openFile(readInput(path, 'the file'), { tool, title: path }), terminal);
    if (opened === undefined) {
      unreadable = true;
      continue;
    }
    for (const problem of opened.problems) terminal.say(`${path}: ${describe(problem)}`);
    if (opened.kind === 'keylog') secrets.push(...opened.secrets);
    else if (opened.kind === 'unknown' || opened.trace === undefined) unreadable = true;
    // A file that is broken from its first byte has nothing that could be shown.
    else if (opened.trace.events.length === 0 && opened.problems.length > 0) unreadable = true;
    else traces.push({ path, trace: opened.trace });
  }
  if (outputFiles.length > 0 && traces.length !== 1)
    throw new Stop(Exit.usage, `-o writes one trace, and ${traces.length} can be read.`);

  const readings = traces.map(({ path, trace }) => {
    const whole = { header: trace.header, events: [...secretEvents(secrets, 0), ...trace.events] };
    const reading = readTrace(whole, paths.length > 1 ? path : undefined);
    if (reading.handshakes.length === 0) terminal.say(`${path}: there is no DTLS handshake in it.${reading.unrelated}`);
    if (outputFiles.length > 0) {
      const outputs = new Outputs(outputFiles, trace.header, flags);
      for (const event of whole.events) outputs.push(event);
      for (const written of outputs.finish(whole, reading)) terminal.say(`Written: ${written}`);
    }
    return reading;
  });
  if (readings.length > 0 || flags.json) show(readings, flags, terminal);
  if (unreadable) return Exit.usage;
  return flags.expect === undefined || holds(flags.expect, readings, terminal) ? Exit.held : Exit.notHeld;
}

function holds(expected: string, readings: readonly Reading[], terminal: Terminal): boolean {
  const found = readings.flatMap(({ handshakes }) => handshakes.map(({ diagnosis }) => diagnosis.outcome));
  if (found.length > 0 && found.every((outcome) => outcome === expected)) return true;
  terminal.say(`Expected ${expected}, got ${found.length === 0 ? 'no handshake' : [...new Set(found)].join(', ')}.`);
  return false;
}

/** One file that can not be read does not keep the others from being read. */
function attempt<T>(work: () => T, terminal: Terminal): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    terminal.say(error.message);
    return undefined;
  }
}

interface Keys {
  readonly secrets: readonly Secret[];
  /** It is something else than a key log. */
  readonly garbage: boolean;
}

/** The secrets of a key log, and a word about what is wrong with it. */
export function keysFrom(path: string, terminal: Terminal): Keys {
  const { secrets, problems } = parseKeyLog(readInput(path, 'the key log'));
  for (const { line, why } of problems) terminal.say(plain(`${path}: line ${line}: ${why}`));
  const garbage = secrets.length === 0 && problems.length > 0;
  if (garbage)
    terminal.say('A key log has lines such as "CLIENT_RANDOM 64-digits 96-digits", as SSLKEYLOGFILE makes them.');
  // What a handshake leaves that failed before there were keys.
  else if (secrets.length === 0) terminal.say(`${path}: there are no secrets in it.`);
  return { secrets, garbage };
}

/** What is wrong with a file, and where. */
export const describe = ({ offset, why }: Problem): string =>
  plain(offset === undefined ? why : `at byte ${offset}: ${why}`);
