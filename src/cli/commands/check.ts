/** `dtlscope check`: what a peer keeps to, tried out one thing at a time. It says what it will send before it sends. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command as Cli } from 'commander';
import { checkHtml } from '../../report/check/html.ts';
import { checkJson } from '../../report/check/json.ts';
import { checkMarkdown } from '../../report/check/markdown.ts';
import { failed } from '../../report/check/summary.ts';
import { type CheckTable, tableOf } from '../../report/check/table.ts';
import { checkText } from '../../report/check/text.ts';
import {
  type Check,
  type CheckEvent,
  checkGroups,
  checks,
  costOf,
  costOfAll,
  type Made,
  startChecking,
} from '../../run/check/index.ts';
import type { Scenario } from '../../scenario/index.ts';
import { Exit, type ExitCode, Stop, Told } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { addScenarioFlags, scenarioFrom } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { addressesHelp, checkFolders, parseOutputs, withKeysHelp, writeTrace } from '../outputs.ts';
import { defaultWidth, readTrace } from '../reading.ts';
import { collect } from '../show.ts';
import type { Terminal } from '../terminal.ts';
import { groundFor } from '../trialGround.ts';

interface CheckFlags {
  readonly only?: readonly string[];
  readonly thorough?: boolean;
  readonly strict?: boolean;
  readonly dryRun?: boolean;
  readonly traces?: string;
  readonly write?: string;
  readonly output?: readonly string[];
  readonly addresses?: boolean;
  readonly withKeys?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const after = `
Exit code: 0 nothing that the RFCs demand failed, 1 something did, 2 wrong usage, 3 nobody was there, or it was stopped.
The checks are those of a server: we are the client. Nobody but the target gets a datagram of ours.

Examples:
  dtlscope check gateway.example:4433 --dry-run
  dtlscope check gateway.example:4433 --json > checks.json
  dtlscope check whip:https://media.example/whip/stream --token TOKEN -o checks.html
  dtlscope check 192.0.2.7:4433 --only retransmits,last-flight --traces traces
  dtlscope check sim:no-retransmission`;

export function addCheck(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const cli = program
    .command('check')
    .summary('try out what a peer keeps to, and what it can not take')
    .description(
      'Makes many handshakes with a peer, each of which tries one thing, and shows what it keeps to as a table: cookies, repetition, fragments, sizes, what it agrees on, and how it ends.',
    )
    .argument('<target>', 'HOST:PORT, [IPv6]:PORT, whip:URL, whep:URL, sdp:FILE, sim or sim:QUIRK')
    .optionsGroup('Checks:')
    .option('--only <ids>', 'make these checks alone (with commas between; repeatable; list shows them all)', collect)
    .option('--thorough', 'try every datagram of a long flight, not a choice of them')
    .option('--strict', 'exit with 1 also for what the RFCs only recommend')
    .option('--dry-run', 'say what would be sent, and send nothing')
    .option('--traces <folder>', 'write the trace of every handshake there, as .sqlog')
    .option('--write <folder>', 'write a scenario file for each failure that options can show again');
  addScenarioFlags(cli, 'probe')
    .optionsGroup('Report:')
    .option('-o, --output <file>', 'write the result to a file, .html, .md or .json (repeatable)', collect)
    .option('--addresses', addressesHelp)
    .option('--with-keys', withKeysHelp)
    .option('--json', 'print the result as JSON on stdout, and nothing else there')
    .option('--quiet', 'print the summary and what failed')
    .addHelpText('after', after)
    .action(async (target: string, flags: CheckFlags) =>
      done(await check(scenarioFrom(cli, 'probe', target), flags, terminal)),
    );
}

/** Options that trials decide for themselves. */
const meaningless = ['repeat', 'parallel', 'until', 'expect', 'role', 'resume'] as const;

/** Makes the checks, prints and writes what came of them, and answers the exit code. */
export async function check(scenario: Scenario, flags: CheckFlags, terminal: Terminal): Promise<ExitCode> {
  const chosen = chosenChecks((flags.only ?? []).flatMap((ids) => ids.split(',')).map((id) => id.trim()));
  refuseMeaningless(scenario);
  const outputs = outputsOf(flags.output ?? []);
  const thorough = flags.thorough ?? false;
  const most = costOfAll(chosen, thorough);
  terminal.say(
    `${chosen.length} ${chosen.length === 1 ? 'check' : 'checks'} of ${targetText(scenario)}: at most ${most.handshakes} handshakes, ${most.datagrams} datagrams of ours, ${minutes(most.seconds)}; usually a third of that.`,
  );
  if (flags.dryRun) {
    terminal.print(planText(chosen, thorough));
    return Exit.held;
  }
  for (const folder of [flags.traces, flags.write]) if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const ground = groundFor(scenario, ({ type, sdp }) => {
    terminal.say(`Our ${type}:`);
    terminal.say(sdp);
  });
  const hear = (event: CheckEvent): void => {
    if (event.kind === 'reaching') terminal.progress(`reaching it: ${event.what}`);
    if (event.kind === 'began') terminal.progress(`${event.number} of ${event.of}: ${event.check.title}`);
    if (event.kind === 'made' && flags.traces !== undefined)
      keep(flags.traces, event.made, { withKeys: flags.withKeys ?? false });
  };
  const started = startChecking({ scenario, ground, checks: chosen, thorough, hear });
  const release = onInterrupt(() => started.stop());
  let report: CheckTable;
  try {
    report = tableOf(await started.finished);
  } finally {
    release();
    terminal.progress(undefined);
  }
  show(report, flags, terminal);
  const addresses = flags.addresses ? 'shown' : 'masked';
  for (const { path, ending } of outputs) {
    const text =
      ending === '.html'
        ? checkHtml(report, addresses)
        : ending === '.md'
          ? checkMarkdown(report, addresses)
          : `${JSON.stringify(checkJson(report), null, 2)}\n`;
    writeOutput(path, text, false);
    terminal.say(`Written: ${path}`);
  }
  if (flags.write !== undefined)
    for (const path of writeScenarios(flags.write, report)) terminal.say(`Written: ${path}`);
  if (report.ended !== 'done') return Exit.infrastructure;
  return failed(report, flags.strict ?? false) ? Exit.notHeld : Exit.held;
}

function chosenChecks(only: readonly string[]): readonly Check[] {
  if (only.includes('list')) throw new Told(planText(checks, false));
  const unknown = only.filter((id) => !checks.some((one) => one.id === id));
  if (unknown.length > 0)
    throw new Stop(
      Exit.usage,
      `--only: ${unknown.map((id) => `"${id}"`).join(', ')} is no check.`,
      'dtlscope check sim --only list shows them all.',
    );
  return only.length === 0 ? checks : checks.filter(({ id }) => only.includes(id));
}

function refuseMeaningless({ options, target }: Scenario): void {
  const given = meaningless.filter((name) => {
    const value = options[name];
    return name === 'role'
      ? value !== 'client'
      : name === 'expect'
        ? value !== 'established'
        : value !== undefined && value !== 1 && value !== false;
  });
  if (given.length > 0)
    throw new Stop(
      Exit.usage,
      `--${given[0]} means nothing for a check: it makes handshakes of its own, as the client.`,
    );
  if (target?.kind === 'browser' || target?.kind === 'page')
    throw new Stop(Exit.usage, `${target.kind} can not be checked: it is a client, or begins by itself.`);
}

function outputsOf(paths: readonly string[]): readonly { readonly path: string; readonly ending: string }[] {
  const files = parseOutputs(paths);
  const other = files.find(({ ending }) => !['.html', '.md', '.json'].includes(ending));
  if (other)
    throw new Stop(Exit.usage, `-o ${other.path}: a check is written as .html, .md or .json; traces go to --traces.`);
  checkFolders(files);
  return files;
}

const targetText = ({ target }: Scenario): string =>
  target?.kind === 'sim'
    ? 'a simulated peer'
    : target?.kind === 'udp'
      ? `${target.host} port ${target.port}`
      : 'the peer behind the signalling';

const minutes = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`);

/** Every check with what it sends at most. */
function planText(chosen: readonly Check[], thorough: boolean): string {
  const lines: string[] = [];
  for (const [group, title] of Object.entries(checkGroups)) {
    const inGroup = chosen.filter((one) => one.group === group);
    if (inGroup.length === 0) continue;
    lines.push(title);
    for (const one of inGroup) {
      const { handshakes, datagrams, seconds } = costOf(one, thorough);
      const count = handshakes === 1 ? 'one handshake' : `${handshakes} handshakes`;
      const cost = handshakes === 0 ? 'sends nothing more' : `at most ${count}, ${datagrams} datagrams, ${seconds} s`;
      lines.push(`  ${one.id.padEnd(30)}${one.title} (${cost})`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function show(report: CheckTable, flags: CheckFlags, terminal: Terminal): void {
  if (flags.json) {
    terminal.print(`${JSON.stringify(checkJson(report), null, 2)}\n`);
    return;
  }
  const { columns, color, ascii } = terminal;
  const options = { width: columns ?? defaultWidth, colour: color, ascii };
  terminal.print(checkText(report, { ...options, failedOnly: flags.quiet ?? false }));
}

function keep(folder: string, { number, check: id, trace }: Made, choice: { readonly withKeys: boolean }): void {
  const name = `${String(number).padStart(3, '0')}-${id}.sqlog`;
  writeTrace(parseOutputs([join(folder, name)]), trace, readTrace(trace), choice);
}

function writeScenarios(folder: string, report: CheckTable): readonly string[] {
  return report.results.flatMap(({ id, scenario, title }) => {
    if (scenario === undefined) return [];
    const path = join(folder, `${id}.yaml`);
    writeOutput(path, `# It should be so: ${title}.\n${scenario}`, false);
    return [path];
  });
}
