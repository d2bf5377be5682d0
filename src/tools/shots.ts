/** `npm run shots`: pictures of every face of the panel, at every width and in both themes, into out/panel/, to be looked at. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** `args` are names of scenes; without any, all are shot. */
export async function shots(args: readonly string[], root: string): Promise<number> {
  // Two folders below the root, as the source is: it finds the panel from there.
  const outfile = join(root, 'dist', 'shots', `shoot-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'test', 'support', 'shoot.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  try {
    const { shoot } = (await import(pathToFileURL(outfile).href)) as {
      shoot: (scenes: readonly string[], print: (line: string) => void) => Promise<boolean>;
    };
    return (await shoot(args, (line) => process.stdout.write(`${line}\n`))) ? 0 : 2;
  } finally {
    await rm(outfile, { force: true });
  }
}
