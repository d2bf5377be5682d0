import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importTable } from '../../src/tools/importTable.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** First cells of the Markdown table under a heading, code marks removed. */
function firstCells(markdown: string, heading: string): string[] {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return section
    .split('\n')
    .filter((line) => /^\| `/.test(line))
    .map((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? '');
}

describe('the documents', () => {
  it('list the folders that are on the disk, no more and no fewer', async () => {
    const listed = firstCells(await read('docs/architecture.md'), 'Layout');
    const modules = (await readdir(join(root, 'src'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => `src/${entry.name}`);
    const filled = [];
    for (const dir of [...modules, 'background', 'panel', 'test', 'icons', 'docs'])
      if ((await readdir(join(root, dir))).length > 0) filled.push(dir);
    expect([...listed].sort()).toEqual(filled.sort());
  });

  it('say of every folder what the import table says it may import', async () => {
    const text = await read('docs/architecture.md');
    for (const dir of firstCells(text, 'Layout')) {
      const place = importTable.find((one) => one.dir === dir);
      const row = text.split('\n').find((line) => line.startsWith(`| \`${dir}\` |`)) ?? '';
      const cell = row.split('|')[3]?.trim() ?? '';
      if (!place) {
        expect(cell).toBe(dir === 'test' ? 'anything' : 'nothing');
        continue;
      }
      const short = (name: string): string => name.replace(/^src\//, '');
      const words = [...place.may.map(short), ...(place.types ?? []).map((name) => `${short(name)} (types)`)];
      expect(cell, dir).toBe(words.length === 0 ? 'nothing' : words.join(', '));
    }
  });

  it('explain every dependency, and none that is gone', async () => {
    const manifest = JSON.parse(await read('package.json')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const named = [...(await read('docs/dependencies.md')).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
    const wanted = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(named.sort()).toEqual(wanted.sort());
  });

  it('link only to files that exist', async () => {
    const files = [
      'README.md',
      'CHANGELOG.md',
      ...(await readdir(join(root, 'docs'))).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`),
    ];
    const broken: string[] = [];
    for (const file of files) {
      for (const match of (await read(file)).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
        const target = join(root, file, '..', match[1] ?? '');
        if (!existsSync(target)) broken.push(`${file}: ${match[1]}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('keep the top level to the folders that belong there', async () => {
    const entries = (await readdir(root, { withFileTypes: true })).filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
    );
    const built = new Set(['node_modules', 'dist', 'out']);
    expect(
      entries
        .map((entry) => entry.name)
        .filter((name) => !built.has(name))
        .sort(),
    ).toEqual(['background', 'docs', 'icons', 'panel', 'src', 'test']);
  });
});
