/** What commands show of readings: flags for it, text for people, JSON for programs. */
import type { Command as Cli } from 'commander';
import type { OutputFile } from './outputs.ts';
import { addressesHelp, outputHelp, parseOutputs, withKeysHelp } from './outputs.ts';
import { jsonOf, listOf, type Reading, textOf } from './reading.ts';
import type { Terminal } from './terminal.ts';

export interface ReportFlags {
  readonly output?: readonly string[];
  readonly withKeys?: boolean;
  readonly addresses?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly stun?: boolean;
  /** More than `mostDrawn` handshakes are a list. */
  readonly listed?: boolean;
}

/** As many handshakes are drawn one below the other; nobody scrolls through more to find the one that failed. */
export const mostDrawn = 20;
/** Below the list of more. */
const mostInTrouble = 10;

/** Collects the texts of a flag that may stand there several times. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** The flags for files and brevity. */
export const addOutputFlags = (cli: Cli): Cli =>
  cli
    .optionsGroup('Report:')
    .option('-o, --output <file>', outputHelp, collect)
    .option('--with-keys', withKeysHelp)
    .option('--addresses', addressesHelp)
    .option('--quiet', 'print the verdict alone');

/** And the one for programs. */
export const addReportFlags = (cli: Cli): Cli =>
  addOutputFlags(cli)
    .option('--json', 'print the report as JSON on stdout, and nothing else there')
    .option('--stun', 'show every STUN message in the ladder: ICE checks, and what TURN and STUN servers are asked');

export const outputsOf = (flags: ReportFlags): readonly OutputFile[] => parseOutputs(flags.output ?? []);

/** Prints what was asked for. */
export function show(readings: readonly Reading[], flags: ReportFlags, terminal: Terminal): void {
  if (flags.json) {
    terminal.print(jsonOf(readings));
    return;
  }
  for (const [index, reading] of readings.entries()) {
    if (readings.length > 1 && reading.name !== undefined && !flags.quiet)
      terminal.print(`${index === 0 ? '' : '\n'}== ${reading.name}\n\n`);
    const brief = flags.listed && reading.handshakes.length > mostDrawn;
    terminal.print(
      flags.quiet
        ? verdicts(reading)
        : brief
          ? listOf(reading, mostInTrouble, terminal, flags.stun)
          : textOf(reading, terminal, flags.stun),
    );
  }
}

const verdicts = (reading: Reading): string => reading.verdicts.map((verdict) => `${verdict}\n`).join('');
