// @ts-check
// Bundles the shim into dist/bogo/shim.mjs. The runner starts many shims at once: the first of them builds, the others wait.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'dist', 'bogo');
const outfile = join(out, 'shim.mjs');
const lock = join(out, 'lock');
/** A lock that is older was left behind by somebody who was killed, ms. */
const stale = 60_000;
/** The same as in `shim`. */
const sources = [
  'test/bogo',
  ...['base', 'codec', 'wire', 'crypto', 'x509', 'profiles', 'engine'].map((m) => `src/${m}`),
];

/** @param {string} path @returns {number} */
const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const newest = () =>
  Math.max(
    ...sources.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => changedAt(join(root, folder, name))),
    ),
  );

mkdirSync(out, { recursive: true });
for (;;) {
  try {
    mkdirSync(lock);
    break;
  } catch {
    if (changedAt(lock) < Date.now() - stale) rmSync(lock, { recursive: true, force: true });
    await sleep(50);
  }
}
try {
  const wanted = newest();
  if (changedAt(outfile) < wanted) {
    const fresh = join(out, `shim-${process.pid}.mjs`);
    await build({
      entryPoints: [join(root, 'test', 'bogo', 'main.ts')],
      outfile: fresh,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      // A shim starts for every test: less text is read sooner.
      minifySyntax: true,
      minifyWhitespace: true,
      logLevel: 'warning',
    });
    // What was changed while it was being built is newer than the bundle.
    const then = Math.ceil(wanted + 1) / 1000;
    utimesSync(fresh, then, then);
    renameSync(fresh, outfile);
  }
} finally {
  rmSync(lock, { recursive: true, force: true });
}
