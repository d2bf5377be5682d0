/** The page of conformance: each row of what the RFCs ask for, with the tests that have its number in front of their names. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type ConformanceRow, conformance } from './conformance/rows.ts';
import { partMark, withPart } from './generatedPart.ts';

/** A test, or a group of tests, that names rows. */
export interface TaggedTest {
  /** From the top of the tree, with slashes. */
  readonly file: string;
  /** As it is read: what it belongs to and its own name, without the tag, with … for what is filled in. */
  readonly name: string;
  readonly rows: readonly number[];
}

const mark = partMark('the names of the tests');
/** A title, or an entry of a table of titles, that begins with a tag; titles of this page's own tests are none. */
const tagged = /[([]\s*(['"`])\[(\d+(?:, ?\d+)*)\] /g;
const grouped = /^( *)describe\b(?:(?!^ *(?:it|test|describe)\b)[\s\S])*?\(\s*(['"`])/gm;

/** All tests under test/ that name rows, in the order of files and of places in them. */
export async function taggedTests(root: string): Promise<TaggedTest[]> {
  const files = (await readdir(join(root, 'test'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('test/meta/'))
    .sort();
  const found = await Promise.all(files.map(async (file) => testsIn(file, await readFile(join(root, file), 'utf8'))));
  return found.flat();
}

/** The tests of one file that name rows. */
export function testsIn(file: string, source: string): TaggedTest[] {
  const groups = [...source.matchAll(grouped)].map((match) => {
    const [all, indent = '', quote = ''] = match;
    const rest = source.slice(match.index);
    // Formatted code: the group ends with the first brace that stands where it began.
    const end = rest.search(new RegExp(`\\n${indent}\\}`));
    return {
      from: match.index,
      to: end < 0 ? source.length : match.index + end,
      title: titleAt(source, match.index + all.length, quote),
    };
  });
  return [...source.matchAll(tagged)].map((match) => {
    const [all, quote = '', numbers = ''] = match;
    const at = match.index + all.length;
    const own = titleAt(source, at, quote);
    // A group that names rows itself is not inside of itself.
    const around = groups.filter(({ from, to, title }) => from < at && at < to && !title.endsWith(`] ${own}`));
    const name = [...around.map(({ title }) => title), own].map((title) => title.replace(/^\[[\d, ]+\] /, ''));
    return { file, name: name.join(' › '), rows: numbers.split(',').map(Number) };
  });
}

/** The text of a literal whose opening quote stands before `at`, with … for what is filled in. */
function titleAt(source: string, at: number, quote: string): string {
  let title = '';
  for (let i = at; i < source.length && source[i] !== quote; i++) {
    if (quote === '`' && source.startsWith('${', i)) {
      i = endOfFilling(source, i + 2);
      title += '…';
    } else if (source[i] === '\\') title += source[++i] ?? '';
    else title += source[i];
  }
  return title.replace(/%[sdifjo#]|\$[a-z]\w*/g, '…');
}

/** Where the brace is that closes a `${`. */
function endOfFilling(source: string, at: number): number {
  let depth = 1;
  for (let i = at; i < source.length; i++) {
    if (source[i] === '{') depth++;
    if (source[i] === '}' && --depth === 0) return i;
  }
  return source.length;
}

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withConformance = (document: string, tests: readonly TaggedTest[]): string =>
  withPart(document, mark, tables(tests));

function tables(tests: readonly TaggedTest[]): string {
  const rows = conformance.flatMap((theme) => theme.rows);
  const proved = rows.filter(({ id }) => tests.some((test) => test.rows.includes(id)));
  return [
    `${rows.length} rows: ${proved.length} with tests, ${proved.filter(({ but }) => but).length} of which lack a part, ` +
      `and ${rows.filter(({ why }) => why).length} with a reason why there is none.`,
    '',
    ...conformance.flatMap((theme) => [
      `### ${theme.title}`,
      '',
      '| row | level | what is asked for | where | tests, or why there is none |',
      '|---|---|---|---|---|',
      ...theme.rows.map((row) => line(row, tests)),
      '',
    ]),
  ].join('\n');
}

function line({ id, level, demand, source, why, but }: ConformanceRow, tests: readonly TaggedTest[]): string {
  const own = tests
    .filter(({ rows }) => rows.includes(id))
    .map(({ file, name }) => `[${file.replace(/^test\/|\.test\.ts$/g, '')}](../${file}): ${cell(name)}`);
  const last = [...own, ...(why ? [`*None:* ${cell(why)}`] : []), ...(but ? [`*But:* ${cell(but)}`] : [])];
  return `| ${id} | ${level} | ${cell(demand)} | ${cell(source)} | ${last.join('<br>')} |`;
}

/** Text that ends no cell and opens no markup. */
const cell = (text: string): string => text.replace(/[\\|<>*_`[\]]/g, (character) => `\\${character}`);
