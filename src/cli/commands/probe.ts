/** `dtlscope probe`: one handshake with a peer, or with a simulated one. */
import type { Command as Cli } from 'commander';
import { expecting, type Scenario } from '../../scenario/index.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { handOver } from '../files.ts';
import { addScenarioFlags, scenarioFrom } from '../flags.ts';
import { Running, unmetIn } from '../hunting.ts';
import { Outputs } from '../outputs.ts';
import { prepare } from '../prepare.ts';
import { Progress } from '../progress.ts';
import { type Reading, readTrace } from '../reading.ts';
import { probeRepeatedly } from '../repeating.ts';
import { addReportFlags, outputsOf, type ReportFlags, show } from '../show.ts';
import type { Terminal } from '../terminal.ts';

const after = `
Exit code: 0 the expected outcome, 1 another one, 2 wrong usage or input, 3 no socket or no peer process.

Examples:
  dtlscope probe gateway.example:4433 --cert-gen rsa-4096 --mtu 300
  dtlscope probe 127.0.0.1:4433 --link loss=30% --seed 7 -o run.sqlog -o run.pcapng
  dtlscope probe whip:https://media.example/whip/stream --token TOKEN --mtu 1200
  dtlscope probe sdp:offer.sdp -o answer.sdp --as chromium-156
  dtlscope probe sim --link 'in:drop=certificate#1'
  dtlscope probe 192.0.2.7:4433 --repeat 500 --until stalled -o run.sqlog
  dtlscope probe sim:hello-in-one-piece --as chromium-156`;

export function addProbe(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const cli = program
    .command('probe')
    .summary('run one handshake with a peer')
    .description('Runs one DTLS handshake and says how it went: the verdict first, then flight by flight.')
    .argument(
      '<target>',
      'HOST:PORT, [IPv6]:PORT; whip:URL or whep:URL: a media server; sdp:FILE: whoever wrote that offer (or, when there is no such file, an offer is shown and its answer is waited for there); sim: a peer in memory, 10 ms away (no network; same seed, same bytes), and sim:QUIRK,… a broken one',
    );
  addScenarioFlags(cli, 'probe');
  addReportFlags(cli)
    .addHelpText('after', after)
    .action(async (target: string, flags: ReportFlags) =>
      done(await probe(scenarioFrom(cli, 'probe', target), flags, terminal)),
    );
}

/** Runs the scenario, prints its report, writes its files, and answers the exit code. */
export async function probe(scenario: Scenario, flags: ReportFlags, terminal: Terminal): Promise<ExitCode> {
  const { repeat, parallel } = scenario.options;
  return repeat > 1 || parallel > 1 ? probeRepeatedly(scenario, flags, terminal) : probeOnce(scenario, flags, terminal);
}

async function probeOnce(scenario: Scenario, flags: ReportFlags, terminal: Terminal): Promise<ExitCode> {
  const progress = new Progress(terminal);
  const isDescription = (path: string): boolean => /\.sdp$/i.test(path);
  const descriptions = (flags.output ?? []).filter(isDescription);
  if (descriptions.length > 0 && scenario.target?.kind !== 'sdp')
    throw new Stop(Exit.usage, `-o ${descriptions[0]}: only a probe of sdp:FILE writes a description.`);
  const files = outputsOf({ ...flags, output: (flags.output ?? []).filter((path) => !isDescription(path)) });
  const prepared = await prepare(scenario, ({ type, sdp }) => {
    progress.end();
    for (const path of descriptions) {
      handOver(path, sdp);
      terminal.say(`Our ${type} is in ${path}.`);
    }
    if (descriptions.length > 0) return;
    terminal.say(`Our ${type}:`);
    // With --json nothing but the report goes to stdout.
    if (flags.json) terminal.say(sdp);
    else terminal.print(sdp);
  });
  // Before anything is sent, because a handshake may not be had twice; and after all else that can go wrong, because
  // opening a file empties it.
  let outputs: Outputs;
  try {
    outputs = new Outputs(files, prepared.header, flags);
  } catch (error) {
    prepared.abandon();
    throw error;
  }
  const running = new Running();
  const trace = await running.toEnd(prepared, (event) => {
    outputs.push(event);
    progress.see(event);
  });
  running.release();
  progress.end();
  const reading = readTrace(trace);
  show([reading], flags, terminal);
  for (const path of outputs.finish(trace, reading)) terminal.say(`Written: ${path}`);
  return exitCode(scenario, reading, terminal);
}

function exitCode(scenario: Scenario, reading: Reading, terminal: Terminal): ExitCode {
  const { expect } = scenario.options;
  const { outcome } = reading;
  const unmet = unmetIn(expecting(expect), reading, scenario);
  if (unmet.length === 0) return Exit.held;
  if (outcome === expect) {
    for (const text of unmet) terminal.say(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
    return Exit.notHeld;
  }
  if (expect !== 'established') terminal.say(`Expected ${expect}, got ${outcome}.`);
  // Nobody listens there, or our socket broke: the experiment was not made.
  return outcome === 'refused' || outcome === 'interrupted' ? Exit.infrastructure : Exit.notHeld;
}
