/** `dtlscope serve`: a DTLS server for whoever comes, each client a handshake with a report of its own. */
import { type Command as Cli, InvalidArgumentError } from 'commander';
import { nodeProvider } from '../../crypto/node/index.ts';
import type { Outcome } from '../../diagnosis/model.ts';
import { configFor, headerFor, listen, type Run } from '../../run/index.ts';
import { optionTable, parseBind, type Scenario } from '../../scenario/index.ts';
import type { TraceEvent } from '../../trace/model.ts';
import { fingerprintOf, formatFingerprint } from '../../x509/fingerprint.ts';
import { nodeClock } from '../clock.ts';
import { credentialsFor, systemRandom } from '../credentials.ts';
import { Exit, type ExitCode, reason, Stop } from '../exit.ts';
import { addScenarioFlags, scenarioFrom } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkFolders, numbered, type OutputFile, Outputs } from '../outputs.ts';
import { checked } from '../prepared.ts';
import { type Reading, readTrace, tool } from '../reading.ts';
import { addOutputFlags, outputsOf, type ReportFlags, show } from '../show.ts';
import type { Terminal } from '../terminal.ts';
import { openListening } from '../udp.ts';

/** As OpenSSL's s_server. */
const defaultPort = 4433;
const maxClients = 256;

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
    .description('Answers DTLS clients, and says of each handshake how it went. Ctrl+C ends it.')
    .optionsGroup('Server:')
    .option('--port <n>', `UDP port; 0 takes any that is free (default: ${defaultPort})`, whole(0, 65_535))
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
  const { options } = scenario;
  const files = outputsOf(flags);
  const { host, port } = addressOf(options.bind, flags.port);
  const credentials = await credentialsFor(options);
  const config = checked(configFor(options, credentials));
  checkFolders(files);
  const transport = await openListening(host, port);

  return new Promise<ExitCode>((resolve, reject) => {
    const outcomes: Outcome[] = [];
    let number = 0;
    const finish = (code: ExitCode): void => {
      release();
      listener.stop();
      resolve(code);
    };
    const release = onInterrupt(() => finish(Exit.held));
    const over = ({ outcome }: Reading): void => {
      if (flags.count === undefined) return;
      outcomes.push(outcome);
      if (outcomes.length !== flags.count) return;
      finish(outcomes.every((one) => one === options.expect) ? Exit.held : Exit.notHeld);
    };
    const began = (run: Run, client: string): void => {
      number++;
      if (flags.count !== undefined && number > flags.count) run.stop();
      // One client's files must not end the service for the others.
      else follow(run, client, number, files, flags, terminal).then(over, (error) => terminal.say(reason(error)));
    };
    const listener = listen({
      config,
      rules: options.link,
      seed: options.seed,
      transport,
      clock: nodeClock,
      crypto: nodeProvider,
      random: systemRandom,
      lingerMs: options.linger,
      timeoutMs: options.timeout,
      maxClients,
      header: (client) => headerFor(scenario, tool, Date.now(), `client ${client}`),
      began,
      gone: (why) => {
        release();
        reject(new Stop(Exit.infrastructure, `The socket is gone: ${why}.`));
      },
    });
    terminal.print(`Listening on ${transport.local}\n`);
    for (const { chain } of credentials) {
      const [leaf] = chain;
      if (leaf) terminal.print(`Certificate ${formatFingerprint(fingerprintOf(leaf, 'sha256', nodeProvider))}\n`);
    }
  });
}

function addressOf(bind: string | undefined, port: number | undefined): { host: string; port: number } {
  const given = bind === undefined ? undefined : parseBind(bind);
  if (given && given.port !== 0 && port !== undefined && port !== given.port)
    throw new Stop(
      Exit.usage,
      `${optionTable.bind.flag} says port ${given.port}, --port says ${port}: give one of them.`,
    );
  return { host: given?.host ?? '127.0.0.1', port: port ?? (given?.port || defaultPort) };
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
