/** What the npm scripts do. Each command answers with the process's exit code. */
import { bench } from './bench.ts';
import { build, watch } from './build.ts';
import { check, fix } from './check.ts';
import { docs } from './docs.ts';
import { shots } from './shots.ts';
import { start } from './start.ts';
import { test } from './test.ts';

const commands: Readonly<Record<string, (args: readonly string[], root: string) => Promise<number>>> = {
  start,
  test,
  check,
  fix,
  build,
  watch,
  bench,
  shots,
  docs,
};

export async function main(argv: readonly string[], root: string): Promise<number> {
  const [name = '', ...args] = argv;
  const command = commands[name];
  if (!command) {
    process.stderr.write(`no such script: ${name || '(none)'}; there are ${Object.keys(commands).join(', ')}\n`);
    return 2;
  }
  try {
    return await command(args, root);
  } catch (error) {
    // The bundler has printed where and why; a stack of its own says nothing more.
    if (error instanceof Error && 'errors' in error && 'warnings' in error) return 1;
    throw error;
  }
}
