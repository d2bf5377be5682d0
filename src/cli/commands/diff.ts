/** `dtlscope diff`: what differs first between two runs or captures, what else does, and what is the same. */
import type { Command as Cli } from 'commander';
import { placesOf } from '../../analysis/recordings.ts';
import { version } from '../../base/version.ts';
import { type Secret, secretEvents } from '../../capture/keylog.ts';
import { openFile } from '../../capture/open.ts';
import { chooseHandshakes } from '../../compare/choose.ts';
import { compareHandshakes } from '../../compare/compare.ts';
import type { Compared } from '../../compare/model.ts';
import { comparisonJson, comparisonText } from '../../report/comparison.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { readInput } from '../files.ts';
import { defaultWidth, readTrace, tool } from '../reading.ts';
import { collect } from '../show.ts';
import type { Terminal } from '../terminal.ts';
import { describe, keysFrom } from './read.ts';

interface DiffFlags {
  readonly keys?: readonly string[];
  readonly handshake?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addDiff(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('diff')
    .summary('compare two runs or captures: a good one and a bad one')
    .description(
      'Compares two handshakes by side, flight, message and field. The first difference leads; what the good one has too is not the reason.',
    )
    .argument('<a>', 'the run or capture that is known: .sqlog .qlog .pcap .pcapng')
    .argument('<b>', 'the one in question')
    .option('--handshake <n[,m]>', 'which handshake of A (and of B) to compare; otherwise those that are most alike')
    .option('--keys <file>', 'a key log (SSLKEYLOGFILE) that opens encrypted records of either (repeatable)', collect)
    .option('--json', 'print the comparison as JSON on stdout, and nothing else there')
    .option('--quiet', 'print the first sentence alone')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing differs but what is fresh in every handshake, 1 something does, 2 a file could not be read.',
    )
    .action((a: string, b: string, flags: DiffFlags) => done(diff(a, b, flags, terminal)));
}

/** Reads both, prints the comparison, and answers the exit code. */
export function diff(pathA: string, pathB: string, flags: DiffFlags, terminal: Terminal): ExitCode {
  const secrets = (flags.keys ?? []).flatMap((path) => keysFrom(path, terminal).secrets);
  const [as, bs] = [sidesOf(pathA, secrets, terminal), sidesOf(pathB, secrets, terminal)];
  const pair = flags.handshake === undefined ? chooseHandshakes(as, bs) : named(flags.handshake, as, bs);
  if (!pair) throw new Stop(Exit.usage, `There is no DTLS handshake in ${as.length === 0 ? pathA : pathB}.`);
  if (pair.chosen)
    terminal.say(
      `Compared: ${pair.a.handshake.id} of ${as.length} in ${pathA} with ${pair.b.handshake.id} of ${bs.length} in ${pathB}, the two that are most alike and end otherwise if any do; --handshake chooses others.`,
    );
  if (placesOf(pair.a, pair.b))
    terminal.say(
      `Both are recordings of one handshake: dtlscope read ${pathA} ${pathB} tells what was lost between them.`,
    );
  const found = compareHandshakes(pair.a, pair.b);
  const [a, b] = [
    { ...pair.a, name: pathA },
    { ...pair.b, name: pathB },
  ];
  const { columns, color, ascii } = terminal;
  if (flags.json) terminal.print(`${JSON.stringify({ dtlscope: version, ...comparisonJson(a, b, found) }, null, 2)}\n`);
  else if (flags.quiet) terminal.print(`${found.verdict}\n`);
  else terminal.print(comparisonText(a, b, found, { width: columns ?? defaultWidth, colour: color, ascii }));
  return found.same ? Exit.held : Exit.notHeld;
}

function sidesOf(path: string, secrets: readonly Secret[], terminal: Terminal): readonly Compared[] {
  const opened = openFile(readInput(path, 'the file'), { tool, title: path });
  for (const problem of opened.problems) terminal.say(`${path}: ${describe(problem)}`);
  if (opened.kind === 'keylog' || opened.kind === 'unknown' || opened.kind === 'internals' || !opened.trace)
    throw new Stop(Exit.usage, `${path} is neither a capture nor a trace that can be read.`);
  const { header, events } = opened.trace;
  const { handshakes } = readTrace({ header, events: [...secretEvents(secrets, 0), ...events] });
  return handshakes.map((one) => ({ ...one, startedAt: header.startedAt }));
}

/** "2" is the second of both, "1,3" the first of A and the third of B. */
function named(text: string, as: readonly Compared[], bs: readonly Compared[]) {
  const [, n, m = n] = /^(\d{1,6})(?:,(\d{1,6}))?$/.exec(text) ?? [];
  if (n === undefined) throw new Stop(Exit.usage, `--handshake ${text}: a number, or two with a comma between.`);
  const [a, b] = [as[Number(n) - 1], bs[Number(m) - 1]];
  if (!a || !b)
    throw new Stop(
      Exit.usage,
      `--handshake ${text}: A has ${as.length} handshakes, B has ${bs.length}; they count from 1.`,
    );
  return { a, b, chosen: false };
}
