import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkImports, importsOf, placeOf } from '../../src/tools/imports.ts';
import { importTable } from '../../src/tools/importTable.ts';

const root = join(import.meta.dirname, '..', '..');

async function problemsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'dtlscope-imports-'));
  try {
    for (const top of ['src', 'background', 'panel']) await mkdir(join(dir, top), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(dir, path, '..'), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    return await checkImports(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('the import table', () => {
  it('holds for every source file', async () => {
    expect(await checkImports(root)).toEqual([]);
  });

  it('has a row for every module folder, and no row for a folder that is gone', async () => {
    const entries = await readdir(join(root, 'src'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `src/${entry.name}`);
    const files = await Promise.all(
      folders.map(async (folder) => ({ folder, files: await readdir(join(root, folder), { recursive: true }) })),
    );
    const used = files.filter((one) => one.files.length > 0).map((one) => one.folder);
    expect(used.filter((folder) => placeOf(folder)?.dir !== folder)).toEqual([]);
    const planned = new Set(['src/profiles', 'src/ice']); // rows that wait for their first file
    const rows = importTable.map((place) => place.dir).filter((dir) => /^src\/[^/]+$/.test(dir));
    expect(rows.filter((dir) => !used.includes(dir) && !planned.has(dir))).toEqual([]);
  });

  it('refuses a lower layer that imports a higher one', async () => {
    const problems = await problemsOf({
      'src/base/a.ts': "import { run } from '../run/run.ts';\n",
      'src/run/run.ts': 'export const run = 1;\n',
    });
    expect(problems).toEqual(['src/base/a.ts:1: src/base may not import src/run']);
  });

  it('refuses a value where only types may be imported, and lets the type through', async () => {
    const files = { 'src/engine/e.ts': 'export const x = 1;\nexport type T = number;\n' };
    expect(await problemsOf({ ...files, 'src/scenario/s.ts': "import { x } from '../engine/e.ts';\n" })).toEqual([
      'src/scenario/s.ts:1: src/scenario may import types alone from src/engine',
    ]);
    expect(await problemsOf({ ...files, 'src/scenario/s.ts': "import type { T } from '../engine/e.ts';\n" })).toEqual(
      [],
    );
    expect(await problemsOf({ ...files, 'src/scenario/s.ts': "import { type T } from '../engine/e.ts';\n" })).toEqual(
      [],
    );
  });

  it('refuses Node modules and packages that a layer was not given', async () => {
    const problems = await problemsOf({
      'src/wire/w.ts': "import { readFile } from 'node:fs/promises';\nimport 'react';\n",
    });
    expect(problems).toHaveLength(2);
  });

  it('sees dynamic imports and re-exports, and is not fooled by comments', () => {
    const found = importsOf(`
      // import { a } from './comment.ts';
      /* import { b } from './block.ts'; */
      export { c } from './again.ts';
      const d = await import('./later.ts');
      import {
        e,
        type F,
      } from './many.ts';
    `);
    expect(found.map((one) => [one.specifier, one.typeOnly])).toEqual([
      ['./again.ts', false],
      ['./many.ts', false],
      ['./later.ts', false],
    ]);
  });
});
