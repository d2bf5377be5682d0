/**
 * `dtlscope serve`: a DTLS server for whoever comes, or with `--whip` a WebRTC gateway; each client is a handshake with a
 * report of its own.
 */
import { type Command as Cli, InvalidArgumentError } from 'commander';
import { nodeProvider } from '../../crypto/node/index.ts';
import type { Outcome } from '../../diagnosis/model.ts';
import { announcedFor, type Run } from '../../run/index.ts';
import type { Scenario } from '../../scenario/index.ts';
import type { TraceEvent } from '../../trace/model.ts';
import { formatFingerprint } from '../../x509/fingerprint.ts';
import { credentialsFor } from '../credentials.ts';
import { Exit, type ExitCode, reason, Stop } from '../exit.ts';
import { addScenarioFlags, scenarioFrom } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkFolders, numbered, type OutputFile, Outputs } from '../outputs.ts';
import { type Reading, readTrace } from '../reading.ts';
import { defaultHttpPort, defaultPort, openGateway, openListener } from '../serving.ts';
import { addOutputFlags, outputsOf, type ReportFlags, show } from '../show.ts';
import type { Terminal } from '../terminal.ts';

interface ServeFlags extends ReportFlags {
  readonly port?: number;
  readonly count?: number;
}

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Allowed: ${least} to ${most}.`);
    return value;
  };

export function addServe(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const cli = program
    .command('serve')
    .summary('be a DTLS server')
    .description(
      'Answers DTLS clients, and says of each handshake how it went. With --whip it is a WebRTC gateway, with a page to try it. Ctrl+C ends it.',
    )
    .optionsGroup('Server:')
    .option(
      '--port <n>',
      `UDP port, with --whip HTTP port; 0 takes any that is free (default: ${defaultPort}, with --whip ${defaultHttpPort})`,
      whole(0, 65_535),
    )
    .option(
      '--count <n>',
      'end after so many handshakes, with exit code 1 if one had another outcome than --expect',
      whole(1, 1_000_000),
    );
  addScenarioFlags(cli, 'serve');
  addOutputFlags(cli)
    .addHelpText('after', '\nWith several handshakes, -o run.sqlog writes run.sqlog, run-2.sqlog, run-3.sqlog…')
    .action(async (flags: ServeFlags) => done(await serve(scenarioFrom(cli, 'serve', undefined), flags, terminal)));
}

/** Serves until it is interrupted, or until `--count` handshakes are over. */
export async function serve(scenario: Scenario, flags: ServeFlags, terminal: Terminal): Promise<ExitCode> {
  const files = outputsOf(flags);
  const credentials = await credentialsFor(scenario.options);
  checkFolders(files);
  const outcomes: Outcome[] = [];
  let resolve: (code: ExitCode) => void = () => {};
  let reject: (why: Stop) => void = () => {};
  const done = new Promise<ExitCode>((...settle) => {
    [resolve, reject] = settle;
  });
  let number = 0;
  const over = ({ outcome }: Reading): void => {
    if (flags.count === undefined) return;
    outcomes.push(outcome);
    if (outcomes.length !== flags.count) return;
    resolve(outcomes.every((one) => one === scenario.options.expect) ? Exit.held : Exit.notHeld);
  };
  const began = (run: Run, client: string): void => {
    number++;
    if (flags.count !== undefined && number > flags.count) run.stop();
    // One client's files must not end the service for the others.
    else follow(run, client, number, files, flags, terminal).then(over, (error) => terminal.say(reason(error)));
  };
  const gone = (why: string): void => reject(new Stop(Exit.infrastructure, `The socket is gone: ${why}.`));
  const open = scenario.options.whip ? openGateway : openListener;
  const service = await open(scenario, credentials, flags.port, { began, gone });
  for (const line of service.says) terminal.print(`${line}\n`);
  for (const { chain } of credentials) {
    const [leaf] = chain;
    if (leaf)
      terminal.print(`Certificate ${formatFingerprint(announcedFor(leaf, scenario.options.quirk, nodeProvider))}\n`);
  }
  const release = onInterrupt(() => resolve(Exit.held));
  try {
    return await done;
  } finally {
    release();
    service.stop();
  }
}

/** Reports a client as soon as its handshake is decided, and writes its files when its run is over. */
async function follow(
  run: Run,
  client: string,
  number: number,
  files: readonly OutputFile[],
  flags: ServeFlags,
  terminal: Terminal,
): Promise<Reading> {
  const events: TraceEvent[] = [];
  const trace = { header: run.header, events };
  const outputs = new Outputs(numbered(files, number), run.header, flags);
  const name = `#${number} ${client}`;
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    const { verdicts, durationMs } = readTrace(trace, name);
    const time = durationMs === undefined ? '' : ` (${durationMs.toFixed(1)} ms)`;
    terminal.print(`${name}: ${verdicts[0] ?? 'no handshake'}${time}\n`);
  };
  run.subscribe((event) => {
    events.push(event);
    outputs.push(event);
    // After what came with it in the same datagram.
    if (event.kind === 'connected' || event.kind === 'failed') setImmediate(tell);
  });
  await run.finished;
  tell();
  const reading = readTrace(trace, name);
  for (const path of outputs.finish(trace, reading)) terminal.say(`Written: ${path}`);
  if (!flags.quiet) show([reading], flags, terminal);
  return reading;
}
