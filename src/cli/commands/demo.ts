/**
 * `dtlscope demo`: a first handshake over real UDP on loopback, between this process as client and a server of ours, whose
 * RSA-4096 certificate takes many datagrams at a small MTU. In a checkout, `npm start` shows the same in DevTools when
 * there is a display.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command as Cli } from 'commander';
import { nodeProvider } from '../../crypto/node/index.ts';
import { configFor, headerFor, listen } from '../../run/index.ts';
import { type Command, describeProblem, type GivenOptions, readScenario, type Scenario } from '../../scenario/index.ts';
import { nodeClock } from '../clock.ts';
import { credentialsFor, systemRandom } from '../credentials.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { tool } from '../reading.ts';
import type { Terminal } from '../terminal.ts';
import { openListening } from '../udp.ts';
import { probe } from './probe.ts';

const mtu = ['300'];

export function addDemo(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('demo')
    .summary('run a first handshake against a server of our own')
    .description(
      'Starts a DTLS server on loopback, shakes hands with it, and shows what happened. In a checkout, npm start shows the same in DevTools.',
    )
    .action(async () => done(await demo(terminal)));
}

async function demo(terminal: Terminal): Promise<ExitCode> {
  const { options, ...serving } = scenario('serve', undefined, { certGen: ['rsa-4096'], mtu });
  const transport = await openListening('127.0.0.1', 0);
  const server = listen({
    config: configFor(options, await credentialsFor(options)),
    rules: options.link,
    seed: options.seed,
    transport,
    clock: nodeClock,
    crypto: nodeProvider,
    random: systemRandom,
    lingerMs: options.linger,
    timeoutMs: options.timeout,
    maxClients: 1,
    header: (client) => headerFor({ ...serving, options }, tool, Date.now(), `client ${client}`),
    began: () => {},
    gone: (why) => terminal.say(`The demo server’s socket is gone: ${why}.`),
  });
  try {
    const folder = await mkdtemp(join(tmpdir(), 'dtlscope-demo-'));
    const output = ['sqlog', 'pcapng'].map((ending) => join(folder, `handshake.${ending}`));
    terminal.say(`The same by hand: dtlscope serve --cert-gen rsa-4096 --mtu 300, then dtlscope probe 127.0.0.1:4433`);
    return await probe(scenario('probe', transport.local, { mtu }), { output }, terminal);
  } finally {
    server.stop();
  }
}

/** A scenario of texts that are known to be right; what is wrong with them is a mistake of ours. */
function scenario(command: Command, target: string | undefined, given: GivenOptions): Scenario {
  const read = readScenario(command, target, given);
  if (read.ok) return read.value;
  throw new Stop(Exit.infrastructure, ...read.problems.map(describeProblem));
}
