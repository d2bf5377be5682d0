/** All commands, in the order of help. A command adds itself to the program and answers an exit code when it is done. */
import type { Command as Cli } from 'commander';
import type { ExitCode } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import { addCert } from './cert.ts';
import { addDemo } from './demo.ts';
import { addDiff } from './diff.ts';
import { addHelper } from './helper.ts';
import { addProbe } from './probe.ts';
import { addRead } from './read.ts';
import { addServe } from './serve.ts';

export type AddCommand = (program: Cli, terminal: Terminal, done: (code: ExitCode) => void) => void;

export const commands: readonly AddCommand[] = [addProbe, addServe, addRead, addDiff, addCert, addHelper, addDemo];
