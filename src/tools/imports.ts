/**
 * Holds the import table against the code. Every static and dynamic import of every source file is looked at, type
 * imports included: a layer that knows another's types knows the layer.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { importTable, type Place } from './importTable.ts';

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Answers one line of text for each import that the table does not allow; none when all is well. */
export async function checkImports(root: string, table: readonly Place[] = importTable): Promise<string[]> {
  const problems: string[] = [];
  for (const top of ['src', 'background', 'panel']) {
    for (const file of await sourceFiles(join(root, top))) {
      const path = relative(root, file);
      const source = await readFile(file, 'utf8');
      for (const one of importsOf(source)) {
        const problem = judge(path, one, table);
        if (problem) problems.push(`${path}:${one.line}: ${problem}`);
      }
    }
  }
  return problems;
}

async function sourceFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** All imports and re-exports of a source text. Comments are blanked first; the formatter keeps statements regular. */
export function importsOf(source: string): Import[] {
  const text = source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^\s*\/\/.*$/gm, '');
  const out: Import[] = [];
  const patterns: readonly RegExp[] = [
    /^\s*(?:import|export)\s+(type\s+)?(?:[\w*${][^'";]*?\sfrom\s*)['"]([^'"]+)['"]/gm,
    /^\s*import\s+()['"]([^'"]+)['"]/gm,
    /\bimport\s*(\()\s*['"]([^'"]+)['"]/g,
  ];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const statement = match[0];
      const typeOnly = /^\s*(?:import|export)\s+type\s/.test(statement) || onlyTypeNames(statement);
      out.push({ specifier: match[2] ?? '', typeOnly, line: text.slice(0, match.index).split('\n').length });
    }
  }
  return out;
}

/** `import { type A, type B } from …`: every name is a type. */
function onlyTypeNames(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined || !/^\s*(?:import|export)\s*\{/.test(statement)) return false;
  const list = names.split(',').map((name) => name.trim());
  return list.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

export function placeOf(path: string, table: readonly Place[] = importTable): Place | undefined {
  return [...table]
    .sort((a, b) => b.dir.length - a.dir.length)
    .find((place) => path === place.dir || path.startsWith(`${place.dir}/`));
}

function judge(path: string, one: Import, table: readonly Place[]): string | undefined {
  const from = placeOf(path, table);
  if (!from) return 'this folder has no row in src/tools/importTable.ts';
  if (!one.specifier.startsWith('.')) {
    const allowed = (from.packages ?? []).some((pattern) => matches(pattern, one.specifier));
    return allowed ? undefined : `${from.dir} may not use the package ${one.specifier}`;
  }
  const target = join(dirname(path), one.specifier);
  const to = placeOf(target, table);
  if (!to) return `${target} has no row in src/tools/importTable.ts`;
  if (to === from || from.may.includes(to.dir)) return undefined;
  if (from.types?.includes(to.dir)) {
    return one.typeOnly ? undefined : `${from.dir} may import types alone from ${to.dir}`;
  }
  return `${from.dir} may not import ${to.dir}`;
}

const matches = (pattern: string, specifier: string): boolean =>
  pattern.endsWith('*')
    ? specifier.startsWith(pattern.slice(0, -1))
    : specifier === pattern || specifier.startsWith(`${pattern}/`);
