/** `npm run bench`: runs every test/bench/*.bench.ts in turn and prints what it measured. Nothing here passes or fails. */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export async function bench(args: readonly string[], root: string): Promise<number> {
  const dir = join(root, 'test', 'bench');
  const files = (await readdir(dir)).filter((name) => name.endsWith('.bench.ts')).sort();
  const wanted = args.length === 0 ? files : files.filter((file) => args.includes(basename(file, '.bench.ts')));
  if (wanted.length === 0) {
    process.stderr.write(
      `no such benchmark; there are ${files.map((file) => basename(file, '.bench.ts')).join(', ')}\n`,
    );
    return 2;
  }
  for (const file of wanted) {
    const outfile = join(root, 'dist', 'bench', `${basename(file, '.ts')}.mjs`);
    await build({
      entryPoints: [join(dir, file)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      logLevel: 'warning',
      define: { DTLSCOPE_VERSION: '"bench"' },
    });
    process.stdout.write(`\n${basename(file, '.bench.ts')}\n`);
    const { run } = (await import(pathToFileURL(outfile).href)) as {
      run: (print: (line: string) => void) => Promise<void>;
    };
    await run((line) => process.stdout.write(`  ${line}\n`));
    await rm(outfile, { force: true });
  }
  return 0;
}
