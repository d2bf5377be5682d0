/**
 * All commands, in the order of help. A command adds itself to the program and answers an exit code when it is done. Each is
 * loaded when it is asked for: reading a capture needs no engine, and what is not loaded costs no start.
 */
import type { Command as Cli } from 'commander';
import type { ExitCode } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

export type AddCommand = (program: Cli, terminal: Terminal, done: (code: ExitCode) => void) => void;

const commands = new Map<string, () => Promise<AddCommand>>([
  ['probe', async () => (await import('./probe.ts')).addProbe],
  ['check', async () => (await import('./check.ts')).addCheck],
  ['run', async () => (await import('./run.ts')).addRun],
  ['presets', async () => (await import('./presets.ts')).addPresets],
  ['sweep', async () => (await import('./sweep.ts')).addSweep],
  ['merge', async () => (await import('./merge.ts')).addMerge],
  ['serve', async () => (await import('./serve.ts')).addServe],
  ['read', async () => (await import('./read.ts')).addRead],
  ['diff', async () => (await import('./diff.ts')).addDiff],
  ['cert', async () => (await import('./cert.ts')).addCert],
  ['helper', async () => (await import('./helper.ts')).addHelper],
  ['demo', async () => (await import('./demo.ts')).addDemo],
]);

/** What a command line needs: the command that it begins with, or all of them, for help and for what is none. */
export function commandsFor([name = '']: readonly string[]): Promise<readonly AddCommand[]> {
  const one = commands.get(name);
  return Promise.all((one ? [one] : [...commands.values()]).map((load) => load()));
}
