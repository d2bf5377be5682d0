/** `dtlscope read`: verdict, findings and ladder of every handshake in a trace or a capture. */
import { type Command as Cli, Option } from 'commander';
import { Analysis } from '../../analysis/analysis.ts';
import { joinCalls } from '../../analysis/calls.ts';
import { fromUtf8 } from '../../base/bytes.ts';
import { looksLikeInternals } from '../../capture/internals.ts';
import { parseKeyLog, type Secret, secretEvents } from '../../capture/keylog.ts';
import { type OpenedFile, openFile } from '../../capture/open.ts';
import { type CaptureCounts, CaptureReader, captureHeader, isCapture, recordedAgain } from '../../capture/read.ts';
import { nodeProvider } from '../../crypto/node/index.ts';
import { outcomes } from '../../diagnosis/model.ts';
import { plural } from '../../report/names.ts';
import { plain } from '../../report/plain.ts';
import type { Call } from '../../trace/calls.ts';
import type { Trace } from '../../trace/model.ts';
import type { Problem } from '../../trace/problem.ts';
import { joinEnds } from '../bothEnds.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { inputParts, readInput } from '../files.ts';
import { writeTrace } from '../outputs.ts';
import { type Reading, readingOf, readTrace, tool, withOnly } from '../reading.ts';
import { addReportFlags, collect, mostDrawn, outputsOf, type ReportFlags, show } from '../show.ts';
import type { Terminal } from '../terminal.ts';

interface ReadFlags extends ReportFlags {
  readonly keys?: readonly string[];
  readonly expect?: string;
  readonly handshake?: readonly string[];
  readonly all?: boolean;
  readonly apart?: boolean;
}

export function addRead(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const cli = program
    .command('read')
    .summary('explain a capture or a recorded run')
    .description(
      'Reads .pcap, .pcapng, .sqlog and .qlog files and hex dumps (by content, whatever their names) and explains every handshake in them.',
    )
    .argument(
      '<file...>',
      'traces and captures, - for standard input; captures of both ends of a call are read as one, a key log among them counts as --keys, a dump of chrome://webrtc-internals is joined to its call',
    )
    .option('--keys <file>', 'a key log (SSLKEYLOGFILE) that opens encrypted records (repeatable)', collect)
    .option('--handshake <n,…>', 'tell these alone, by the number behind their h (repeatable)', collect)
    .option('--apart', 'read captures of both ends of a call each for itself')
    .option('--all', `draw every handshake; of more than ${mostDrawn} those in trouble are drawn, and all are listed`)
    .addOption(
      new Option('--expect <outcome>', 'exit with 1 unless every handshake has this outcome').choices(outcomes),
    );
  addReportFlags(cli)
    .addHelpText(
      'after',
      `
Exit code: 0 when every file was readable, whatever is in it (unless --expect), 1 --expect did not hold, 2 a file could not be read.
-o writes the trace of a single FILE, or of both ends of a call, in another format.`,
    )
    .action((files: readonly string[], flags: ReadFlags) => done(read(files, flags, terminal)));
}

/** Reads the files, prints the report, and answers the exit code. */
export function read(paths: readonly string[], flags: ReadFlags, terminal: Terminal): ExitCode {
  const outputFiles = outputsOf(flags);
  const chosen = chosenHandshakes(flags.handshake ?? []);
  const keys = (flags.keys ?? []).map((path) => keysFrom(path, terminal));
  const secrets = keys.flatMap((log) => log.secrets);
  let unreadable = keys.some(({ garbage }) => garbage);

  const calls: Call[] = [];
  let keyLogs = false;
  // Facts of calls are joined to whole traces.
  const whole = outputFiles.length > 0 || paths.some((path) => isInternals(path));
  // Key logs among the files open the captures that stand before them too.
  const inputs = paths.flatMap((path): Input[] => {
    const input = attempt(() => inputOf(path, whole), terminal);
    if (input === undefined) unreadable = true;
    if (input?.kind !== 'file') return input ? [input] : [];
    const { opened } = input;
    for (const problem of opened.problems) terminal.say(`${path}: ${describe(problem)}`);
    if ('counts' in opened) tellCopies(path, opened.counts, terminal);
    if (opened.kind === 'keylog') {
      secrets.push(...opened.secrets);
      keyLogs = true;
      if (opened.secrets.length === 0) terminal.say(`${path}: there are no secrets in it.`);
    } else if (opened.kind === 'internals') {
      calls.push(...opened.calls);
      if (opened.calls.length === 0) unreadable = true;
    } else if (opened.kind === 'unknown' || opened.trace === undefined) unreadable = true;
    // A file that is broken from its first byte has nothing that could be shown.
    else if (opened.trace.events.length === 0 && opened.problems.length > 0) unreadable = true;
    else return [{ kind: 'trace', path, trace: opened.trace }];
    return [];
  });
  if (inputs.length === 0 && calls.length > 0)
    terminal.say(
      `A browser's dump of ${calls.length === 1 ? 'a call' : `${calls.length} calls`} holds no datagrams: name the capture of the call beside it.`,
    );
  else if (inputs.length === 0 && keyLogs && !unreadable)
    throw new Stop(Exit.usage, 'A key log holds no datagrams: name the capture that it belongs to beside it.');

  const traces = new Map<Reading, Trace>();
  const each = inputs.flatMap((input): Reading[] => {
    const { path } = input;
    const name = paths.length > 1 ? path : undefined;
    let reading: Reading | undefined;
    if (input.kind === 'trace') {
      const { trace, found } = joinCalls(input.trace, calls);
      for (const { call, by } of found) terminal.say(plain(`${path}: joined to the call ${callName(call)}, by ${by}.`));
      if (calls.length > found.length)
        terminal.say(`${path}: ${calls.length - found.length} of ${calls.length} calls of the browser are not in it.`);
      const { header, events } = trace;
      const whole = { header, events: [...secretEvents(secrets, 0), ...events] };
      reading = readTrace(whole, name, path);
      traces.set(reading, whole);
    } else if (input.kind === 'capture') reading = attempt(() => streamed(path, name, secrets, terminal), terminal);
    if (!reading) {
      unreadable = true;
      return [];
    }
    if (reading.handshakes.length === 0) terminal.say(`${path}: there is no DTLS handshake in it.${reading.unrelated}`);
    if (reading.strangeKeys !== undefined) terminal.say(`${path}: ${reading.strangeKeys}`);
    return [reading];
  });
  // -o of one file is for all that is in it.
  const apart = flags.apart || (outputFiles.length > 0 && inputs.length === 1);
  const all = apart ? each : joinEnds(each, traces, terminal);
  const readings = only(chosen, all);
  if (outputFiles.length > 0) {
    const [reading, ...others] = readings;
    const trace = all[0] && traces.get(all[0]);
    if (!reading || !trace || others.length > 0 || all.length > 1)
      throw new Stop(Exit.usage, `-o writes one trace, and ${all.length} can be read.`);
    for (const written of writeTrace(outputFiles, trace, reading, flags)) terminal.say(`Written: ${written}`);
  }
  if (readings.length > 0 || flags.json) show(readings, { ...flags, listed: !flags.all }, terminal);
  if (unreadable) return Exit.usage;
  return flags.expect === undefined || holds(flags.expect, readings, terminal) ? Exit.held : Exit.notHeld;
}

/** Numbers of handshakes; empty for all. Throws a `Stop` for what is none. */
function chosenHandshakes(texts: readonly string[]): ReadonlySet<string> {
  const names = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const wrong = names.find((name) => !/^h?[1-9]\d*$/.test(name));
  if (wrong !== undefined)
    throw new Stop(Exit.usage, `--handshake ${wrong}: a number, as in h12; several with commas.`);
  return new Set(names.map((name) => `h${name.replace('h', '')}`));
}

/** The handshakes that were asked for. Throws a `Stop` when one of them is in none of the readings. */
function only(chosen: ReadonlySet<string>, readings: readonly Reading[]): readonly Reading[] {
  if (chosen.size === 0) return readings;
  const ids = readings.flatMap(({ handshakes }) => handshakes.map(({ handshake }) => handshake.id));
  const missing = [...chosen].find((id) => !ids.includes(id));
  if (missing === undefined)
    return readings.map((reading) => withOnly(reading, chosen)).filter(({ handshakes }) => handshakes.length > 0);
  const there =
    ids.length === 0 ? 'there is none' : ids.length === 1 ? 'h1 is the only one' : `there are ${ids.length} handshakes`;
  throw new Stop(Exit.usage, `--handshake ${missing.slice(1)}: ${there}.`);
}

type Input =
  /** Read part by part, when it is its turn. */
  | { readonly kind: 'capture'; readonly path: string }
  | { readonly kind: 'trace'; readonly path: string; readonly trace: Trace }
  | { readonly kind: 'file'; readonly path: string; readonly opened: OpenedFile };

/** Whether a file begins like a dump of webrtc-internals; what can not be read is told later. */
function isInternals(path: string): boolean {
  try {
    const [head] = inputParts(path, 'the file');
    return head !== undefined && looksLikeInternals(fromUtf8(head.subarray(0, 4096)).trimStart());
  } catch {
    return false;
  }
}

const callName = ({ id, url }: Call): string => (url === undefined ? id : `${id} of ${url.replace(/[?#].*/, '')}`);

/** What a file is. A capture is not read yet, unless the whole of it is wanted for other files. */
function inputOf(path: string, whole: boolean): Input {
  if (!whole) {
    const [head] = inputParts(path, 'the file');
    if (head && isCapture(head)) return { kind: 'capture', path };
  }
  return { kind: 'file', path, opened: openFile(readInput(path, 'the file'), { tool, title: path }) };
}

/** A capture of any size: only what the handshakes are made of stays in memory. */
function streamed(
  path: string,
  name: string | undefined,
  secrets: readonly Secret[],
  terminal: Terminal,
): Reading | undefined {
  const header = captureHeader({ tool, title: path });
  const analysis = new Analysis({ crypto: nodeProvider, header, detach: true });
  const reader = new CaptureReader({ tool, title: path, sink: analysis });
  for (const event of secretEvents(secrets, 0)) analysis.push(event);
  for (const part of inputParts(path, 'the file')) reader.push(part);
  reader.end();
  analysis.header = reader.header;
  for (const problem of reader.problems) terminal.say(`${path}: ${describe(problem)}`);
  tellCopies(path, reader.counts, terminal);
  const { frames, datagrams, other } = reader.counts;
  if (datagrams === 0 && frames === 0 && reader.problems.length > 0) return undefined;
  const reading = readingOf(analysis, name, path);
  if (datagrams > 0 || frames === 0) return reading;
  const kinds = Object.entries(other).map(([kind, count]) => `${count} ${kind}`);
  return { ...reading, unrelated: ` None of its ${plural(frames, 'frame')} holds UDP: ${kinds.join(', ')}.` };
}

/** Frames that are missing in the ladder, because what they hold is in it already. */
function tellCopies(path: string, { frames, other }: CaptureCounts, terminal: Terminal): void {
  const copies = other[recordedAgain] ?? 0;
  if (copies === 0) return;
  const are = copies === 1 ? 'is a copy of another' : 'are copies of others';
  terminal.say(
    `${path}: ${copies} of its ${frames} frames ${are}, as of a capture on several interfaces, and left out.`,
  );
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
  const garbage = secrets.length === 0 && problems.length > 0;
  // Of what is something else, one line says it.
  for (const { line, why } of garbage ? problems.slice(0, 1) : problems)
    terminal.say(plain(`${path}: line ${line}: ${why}`));
  if (garbage)
    terminal.say('A key log has lines such as "CLIENT_RANDOM 64-digits 96-digits", as SSLKEYLOGFILE makes them.');
  // What a handshake leaves that failed before there were keys.
  else if (secrets.length === 0) terminal.say(`${path}: there are no secrets in it.`);
  return { secrets, garbage };
}

/** What is wrong with a file, and where. */
export const describe = ({ offset, why }: Problem): string =>
  plain(offset === undefined ? why : `at byte ${offset}: ${why}`);
