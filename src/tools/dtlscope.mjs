#!/usr/bin/env node
// @ts-check
// The `dtlscope` command. In a checkout it builds first when sources are newer than the build; in an installed package
// there is nothing to build.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist', 'cli', 'dtlscope.mjs');

/** The newest modification time below a folder, ms. @param {string} dir @returns {number} */
function newest(dir) {
  let time = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

const isCheckout = existsSync(join(root, 'package-lock.json')) && existsSync(join(root, 'tsconfig.json'));
if (isCheckout && (!existsSync(built) || statSync(built).mtimeMs < newest(join(root, 'src')))) {
  const { runTool } = await import('./bootstrap.mjs');
  const code = await runTool(['build', '--quiet']);
  if (code !== 0) process.exit(3);
}
if (!existsSync(built)) {
  process.stderr.write(
    `dtlscope is not built in ${root}, and cannot be built there: it has no package-lock.json.\nWhat to do: clone its repository and install the clone, as in npm install --global ./dtlscope\n`,
  );
  process.exit(3);
}
await import(pathToFileURL(built).href);
