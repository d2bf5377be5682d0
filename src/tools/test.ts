/**
 * `npm test`: makes sure the peers are here, checks, builds, runs every test, and closes with one line that counts them.
 * Arguments go to vitest (`npm test -- --project unit test/wire`); then only those tests run, without check.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from './build.ts';
import { check } from './check.ts';
import { ensurePeers } from './peers.ts';
import { localBin, run } from './process.ts';
import { summarise } from './testSummary.ts';

export async function test(args: readonly string[], root: string): Promise<number> {
  if (!(await ensurePeers())) return 3;
  const checked = args.length > 0 ? 0 : await check([], root);
  await build(['--quiet'], root);
  const report = join(root, 'out', 'test-results.json');
  await rm(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const tested = await run(localBin(root, 'vitest'), ['run', ...reporters, ...args], root, {
    ...process.env,
    FORCE_COLOR: process.env['FORCE_COLOR'] ?? (process.stdout.isTTY ? '1' : '0'),
  });
  if (checked !== 0) process.stderr.write('npm run check found problems: see above.\n');
  process.stdout.write(`${await summarise(report)}\n`);
  return checked !== 0 || tested !== 0 ? 1 : 0;
}
