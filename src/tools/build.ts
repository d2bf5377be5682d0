/**
 * Everything that is built, from one list: the terminal command, the helper, and the extension's folder. A bundle is
 * written only when it compiled, so that a half-built dist/ never passes for a whole one.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, context, build as esbuild } from 'esbuild';
import { findingsPage } from '../report/html/findingsPage.ts';
import { pageStyle } from '../report/html/style.ts';

/** What the bundler puts in place of these names. */
async function definitions(root: string): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { DTLSCOPE_VERSION: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' };
}

const banner =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

const shared: BuildOptions = { bundle: true, format: 'esm', logLevel: 'warning', legalComments: 'linked' };

/** The terminal command and the helper, below `dist`. */
export function terminalBundles(
  root: string,
  dist: string,
  define: Readonly<Record<string, string>>,
): readonly BuildOptions[] {
  const code: BuildOptions = { ...shared, define, sourcemap: true };
  const node: BuildOptions = { ...code, platform: 'node', target: 'node20', banner: { js: banner } };
  return [
    {
      ...node,
      entryPoints: { dtlscope: join(root, 'src', 'cli', 'main.ts') },
      outdir: join(dist, 'cli'),
      outExtension: { '.js': '.mjs' },
      // A part for each command, and small ones: what Node has to read before it starts is a third of reading a short file.
      splitting: true,
      minifyWhitespace: true,
      minifySyntax: true,
    },
    {
      ...node,
      entryPoints: [join(root, 'src', 'helper', 'main.ts')],
      outfile: join(dist, 'helper', 'dtlscope-helper.mjs'),
    },
  ];
}

async function bundles(root: string): Promise<readonly BuildOptions[]> {
  const at = (...parts: readonly string[]): string => join(root, ...parts);
  const define = await definitions(root);
  const target = ['chrome120', 'firefox128'];
  const browser: BuildOptions = { ...shared, define, platform: 'browser', target, minify: true };
  return [
    ...terminalBundles(root, at('dist'), define),
    {
      ...browser,
      entryPoints: {
        background: at('background', 'index.ts'),
        offscreen: at('background', 'offscreen.ts'),
        // Scripts for watched pages: one in the page's own world, one beside it.
        page: at('background', 'page', 'script', 'main.ts'),
        relay: at('background', 'page', 'script', 'relay.ts'),
      },
      outdir: at('dist', 'extension'),
      format: 'iife',
    },
    {
      ...browser,
      entryPoints: { panel: at('panel', 'index.tsx'), devtools: at('panel', 'devtools.ts') },
      outdir: at('dist', 'extension'),
      // What only some need, as the parser of scenario files, is loaded when somebody does.
      splitting: true,
      chunkNames: 'panel-[name]-[hash]',
      jsx: 'automatic',
    },
  ];
}

/** Files of the extension that are copied as they are. */
const copied: readonly (readonly [from: string, to: string])[] = [
  ['manifest.json', 'manifest.json'],
  ['icons', 'icons'],
  ['background/offscreen.html', 'offscreen.html'],
  ['panel/devtools.html', 'devtools.html'],
  ['panel/panel.html', 'panel.html'],
  ['panel/panel.css', 'panel.css'],
  ['panel/reproduce.css', 'reproduce.css'],
];

async function copyStatic(root: string): Promise<void> {
  const out = join(root, 'dist', 'extension');
  await mkdir(out, { recursive: true });
  for (const [from, to] of copied) await cp(join(root, from), join(out, to), { recursive: true });
  await writeFile(join(out, 'findings.html'), findingsPage('findings.css'));
  await writeFile(join(out, 'findings.css'), `${pageStyle}\n`);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const manifest = JSON.parse(await readFile(join(root, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
}

/** Builds all of dist/. `--quiet` says nothing when it went well. */
export async function build(args: readonly string[], root: string): Promise<number> {
  for (const part of ['cli', 'helper', 'extension'])
    await rm(join(root, 'dist', part), { recursive: true, force: true });
  await Promise.all((await bundles(root)).map((options) => esbuild(options)));
  await copyStatic(root);
  if (!args.includes('--quiet')) process.stderr.write('Built dist/cli, dist/helper and dist/extension.\n');
  return 0;
}

/** Builds again at every change, until interrupted. */
export async function watch(_args: readonly string[], root: string): Promise<number> {
  await copyStatic(root);
  const contexts = await Promise.all((await bundles(root)).map((options) => context(options)));
  await Promise.all(contexts.map((one) => one.watch()));
  process.stderr.write('Watching; copied files (HTML, CSS, manifest) are taken at start. Ctrl+C ends.\n');
  await new Promise<void>((resolve) => process.once('SIGINT', resolve));
  await Promise.all(contexts.map((one) => one.dispose()));
  return 0;
}
