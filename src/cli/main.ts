#!/usr/bin/env node
/**
 * The terminal tool. Commands do the work and answer an exit code; here it is set. Users never see a stack: what is their
 * mistake or the machine's comes as a `Stop`, and what is ours says so and where to report it.
 */
import { Command as Cli, CommanderError } from 'commander';
import { version } from '../base/version.ts';
import { commandsFor } from './commands/index.ts';
import { Exit, type ExitCode, reason, Stop, Told } from './exit.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Runs a command line (without node and script) and answers how it ended. */
export async function main(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = Exit.held;
  const program = new Cli('dtlscope')
    .description('Finds out why a DTLS handshake failed in WebRTC, and makes it fail again on purpose.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false });
  const output = {
    writeOut: (text: string) => terminal.print(text),
    writeErr: (text: string) => terminal.say(text.trimEnd()),
  };
  program.exitOverride().configureOutput(output);
  for (const add of await commandsFor(args))
    add(program, terminal, (answer) => {
      code = answer;
    });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.held : Exit.usage;
    if (error instanceof Told) {
      terminal.print(error.message);
      return Exit.held;
    }
    if (error instanceof Stop) {
      terminal.say(error.message);
      return error.exit;
    }
    terminal.say(`Something went wrong inside dtlscope ${version}: ${reason(error)}`);
    terminal.say('This is a mistake of dtlscope, not yours. DTLSCOPE_DEBUG=1 shows where; please report it.');
    if (process.env['DTLSCOPE_DEBUG'] && error instanceof Error) terminal.say(error.stack ?? '');
    return Exit.infrastructure;
  }
}

process.exitCode = await main(process.argv.slice(2), processTerminal());
