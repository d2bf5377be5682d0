/** `npm run check`: types, lint and format, and the import table. `npm run fix` mends what a machine can. */
import { checkImports } from './imports.ts';
import { localBin, run } from './process.ts';

export async function check(_args: readonly string[], root: string): Promise<number> {
  const types = await run(localBin(root, 'tsc'), ['-p', '.'], root);
  const lint = await run(localBin(root, 'biome'), ['check', '--error-on-warnings', '.'], root);
  const problems = await checkImports(root);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return types === 0 && lint === 0 && problems.length === 0 ? 0 : 1;
}

export const fix = (_args: readonly string[], root: string): Promise<number> =>
  run(localBin(root, 'biome'), ['check', '--write', '.'], root);
