import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conformance } from '../../src/tools/conformance/rows.ts';
import { taggedTests, testsIn, withConformance } from '../../src/tools/conformance.ts';

const root = join(import.meta.dirname, '..', '..');
const rows = conformance.flatMap((theme) => theme.rows);
const tests = await taggedTests(root);
const tested = new Set(tests.flatMap((test) => test.rows));

describe('the page of conformance', () => {
  it('says what the tests are called now: npm run docs writes it', async () => {
    const page = await readFile(join(root, 'docs', 'conformance.md'), 'utf8');
    expect(withConformance(page, tests)).toBe(page);
  });

  it('is refused a document without the place for it, rather than left as it was', () => {
    expect(() => withConformance('# Conformance\n', tests)).toThrow('made from the names of the tests');
  });
});

describe('a row', () => {
  it('has a number of its own, 1 to 89 without a gap', () => {
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 89 }, (_, i) => i + 1));
  });

  it('has a test with its number, or a reason why there is none, and never both', () => {
    for (const { id, why } of rows) expect([id, tested.has(id)]).toEqual([id, why === undefined]);
  });

  it('that says which part of it is not there has tests for the rest', () => {
    for (const { id, but } of rows) if (but !== undefined) expect([id, tested.has(id)]).toEqual([id, true]);
  });

  it('is there for every number in front of a test', () => {
    for (const { file, name, rows: named } of tests)
      for (const id of named) expect(rows.map((row) => row.id).includes(id), `${file}: ${name}`).toBe(true);
  });
});

describe('the names of tests', () => {
  it('are found with what they belong to, in any quotes, also where parts are filled in or stand in a table', () => {
    const source = [
      "describe('an ACK', () => {",
      "  const cases = [['[3] of nothing', 1]];",
      "  it('[1, 2] comes', () => {});",
      "  it.each(cases)('%s', () => {});",
      '  for (const one of all)',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source code with a template in it.
      '    it(`[4] with ${one ? { a: 1 } : `b`} it’s done`, () => {});',
      "  it('without a number', () => {});",
      '});',
      "describe.each(['a', 'b'])('[5] the %s', () => {",
      "  it('x', () => {});",
      '});',
      "it.each([[1]])('[6] alone %j', () => {});",
    ].join('\n');
    expect(testsIn('test/a.test.ts', source).map(({ name, rows: named }) => [name, ...named])).toEqual([
      ['an ACK › of nothing', 3],
      ['an ACK › comes', 1, 2],
      ['an ACK › with … it’s done', 4],
      ['the …', 5],
      ['alone …', 6],
    ]);
  });
});
