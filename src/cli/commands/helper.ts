/** `dtlscope helper`: registers the browser's UDP helper, takes it away, and says why a browser does not reach it. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command as Cli, InvalidArgumentError } from 'commander';
import {
  type BrowserName,
  browserNames,
  doctor,
  installHelper,
  placesOf,
  uninstallHelper,
} from '../../helper/index.ts';
import { Exit, type ExitCode } from '../exit.ts';
import { collect } from '../show.ts';
import type { Terminal } from '../terminal.ts';

interface HelperFlags {
  readonly browser?: readonly BrowserName[];
  readonly userDataDir?: string;
  readonly extensionId?: readonly string[];
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const browserName = (text: string, before: readonly BrowserName[] = []): readonly BrowserName[] => {
  const found = browserNames.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`Allowed: ${browserNames.join(', ')}.`);
  return [...before, found];
};

/** Beside this bundle in dist/. */
const helperFile = (): string => fileURLToPath(new URL('../helper/dtlscope-helper.mjs', import.meta.url));
const places = () => placesOf(process.env, homedir());
const dirFlag = ['--user-data-dir <dir>', 'only for the Chromium that is started with this folder'] as const;
const withDir = ({ userDataDir }: HelperFlags) =>
  userDataDir === undefined ? {} : { userDataDir: resolve(userDataDir) };

export function addHelper(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  const helper = program
    .command('helper')
    .summary('install, remove or check the UDP helper for browsers')
    .description('The extension reaches the network through a small program of its own, which the browser must know.');
  helper
    .command('install')
    .description('Registers the helper with every browser that is found on this account.')
    .option('--browser <name>', `only with this browser (repeatable): ${browserNames.join(', ')}`, browserName)
    .option(...dirFlag)
    .option('--extension-id <id>', 'allow this extension too: a private build (repeatable)', collect)
    .option('--dry-run', 'say what would be written, and write nothing')
    .option('--quiet', 'say nothing when it went well')
    .action((flags: HelperFlags) => done(install(flags, terminal)));
  helper
    .command('uninstall')
    .description('Removes everything that install has written.')
    .option(...dirFlag)
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .option('--quiet', 'say nothing when it went well')
    .action((flags: HelperFlags) => done(uninstall(flags, terminal)));
  helper
    .command('doctor')
    .description('Goes the browser’s own way to the helper, and says for everything that is wrong what mends it.')
    .option(...dirFlag)
    .option('--extension-id <id>', 'the extension’s id, if it is a private build', collect)
    .option('--json', 'print the checks as JSON')
    .action(async (flags: HelperFlags) => done(await check(flags, terminal)));
}

function install(flags: HelperFlags, terminal: Terminal): ExitCode {
  const result = installHelper({
    places: places(),
    node: process.execPath,
    helper: helperFile(),
    ...(flags.browser !== undefined && { browsers: flags.browser }),
    ...withDir(flags),
    ...(flags.extensionId !== undefined && { extensionIds: flags.extensionId }),
    dryRun: flags.dryRun ?? false,
  });
  for (const { message } of result.problems) terminal.say(message);
  if (result.problems.length > 0) {
    terminal.say('Nothing was installed.');
    return result.problems.some(({ code }) => code === 'bad-id' || code === 'bad-path')
      ? Exit.usage
      : Exit.infrastructure;
  }
  if (flags.quiet) return Exit.held;
  for (const { path, action } of result.files)
    terminal.print(`${flags.dryRun ? `would ${action}` : done[action]} ${path}\n`);
  const names = result.browsers.map(({ title }) => title).join(', ');
  terminal.print(
    flags.dryRun ? `For ${names}. Nothing was written.\n` : `Installed for ${names}. Reload the extension there.\n`,
  );
  return Exit.held;
}
const done = { create: 'created', replace: 'replaced', unchanged: 'unchanged' } as const;

function uninstall(flags: HelperFlags, terminal: Terminal): ExitCode {
  const { removed, problems } = uninstallHelper({ places: places(), ...withDir(flags), dryRun: flags.dryRun ?? false });
  for (const { path, message } of problems) terminal.say(`${path}: ${message}`);
  if (!flags.quiet) {
    for (const path of removed) terminal.print(`${flags.dryRun ? 'would remove' : 'removed'} ${path}\n`);
    if (removed.length === 0) terminal.print('Nothing was installed.\n');
  }
  return problems.length > 0 ? Exit.infrastructure : Exit.held;
}

async function check(flags: HelperFlags, terminal: Terminal): Promise<ExitCode> {
  const [extensionId] = flags.extensionId ?? [];
  const report = await doctor({
    places: places(),
    ...withDir(flags),
    ...(extensionId !== undefined && { extensionId }),
  });
  if (flags.json) terminal.print(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;
    for (const { browser, status, message, mend } of report.checks) {
      terminal.print(`${marks[status]}  ${browser === undefined ? '' : `${browser}: `}${message}\n`);
      if (mend !== undefined) terminal.print(`         do: ${mend}\n`);
    }
    terminal.print(report.healthy ? 'The helper can be reached.\n' : 'The helper can not be reached.\n');
  }
  return report.healthy ? Exit.held : Exit.infrastructure;
}
