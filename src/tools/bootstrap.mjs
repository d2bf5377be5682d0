// @ts-check
// The one file that must run before anything is installed: checks Node, installs what the lock file says, compiles the
// tools (TypeScript) and hands over to src/tools/main.ts. Every npm script and the `dtlscope` launcher start here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Ends with a message for people; exit code 3 is "infrastructure". @param {string} message @returns {never} */
function giveUp(message) {
  process.stderr.write(`${message}\n`);
  process.exit(3);
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  giveUp(`dtlscope needs Node 20.19 or newer; this is Node ${process.versions.node} (${process.execPath}).`);
}

/**
 * Installs the packages of the lock file unless exactly those are installed already. No package needs a script of its own to
 * be run for that, so none is.
 */
export function ensureInstalled() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.dtlscope-installed');
  const wanted = `${lock} ${process.platform} ${process.arch}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing packages (npm ci)…\n');
  const result = spawnSync(
    'npm',
    ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
  if (result.status !== 0) giveUp('npm ci failed: see above. Is the npm registry reachable?');
  writeFileSync(stamp, wanted);
}

/** Compiles src/tools/main.ts (and what it imports) to one file and imports it. */
async function loadTools() {
  const { build } = await import('esbuild');
  const outfile = join(root, 'dist', 'tools', `main-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'src', 'tools', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}

/** @param {readonly string[]} argv the command and its arguments */
export async function runTool(argv) {
  checkNode();
  ensureInstalled();
  const tools = await loadTools();
  return /** @type {number} */ (await tools.main(argv, root));
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  process.exitCode = await runTool(process.argv.slice(2));
}
